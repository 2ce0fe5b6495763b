"""Superset's cache in Redis, for the server edition: when Redis is away the site is slower, not down."""

import logging
from collections.abc import Callable
from functools import wraps
from typing import Any

from flask_caching.backends.rediscache import RedisCache
from redis.exceptions import RedisError

logger = logging.getLogger("lgs")


def _forgiving(method: Callable[..., Any], instead: Callable[..., Any]) -> Callable[..., Any]:
    """The method; while Redis does not answer, what an empty cache that keeps nothing would say."""

    @wraps(method)
    def call(self: "ForgivingRedisCache", *args: Any, **kwargs: Any) -> Any:
        try:
            return method(self, *args, **kwargs)
        except RedisError as error:
            logger.warning("the cache does not answer (%s): %s", method.__name__, error)
            return instead(*args)

    return call


class ForgivingRedisCache(RedisCache):
    """What Superset asks a cache for, without the errors of a lost connection where it can do without."""

    get = _forgiving(RedisCache.get, lambda *_: None)
    get_many = _forgiving(RedisCache.get_many, lambda *keys: [None] * len(keys))
    has = _forgiving(RedisCache.has, lambda *_: False)
    set = _forgiving(RedisCache.set, lambda *_: False)
    set_many = _forgiving(RedisCache.set_many, lambda *_: [])
    add = _forgiving(RedisCache.add, lambda *_: False)
    delete = _forgiving(RedisCache.delete, lambda *_: False)
    unlink = _forgiving(RedisCache.unlink, lambda *_: 0)

    def delete_many(self, *keys: str) -> list[str]:
        """Delete what is there of these keys; afterwards none is.

        Raises ``RedisError``, alone of all: once an invalidation seems to succeed, Superset forgets the keys, and then
        nothing could drop the old answers.
        """
        RedisCache.unlink(self, *keys)  # type: ignore[no-untyped-call]
        return [*keys]
