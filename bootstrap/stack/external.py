"""A Superset that exists already, named by LGS_SUPERSET_URL."""

from urllib.parse import urlsplit

import requests

from bootstrap.errors import Unreachable, UsageError

SETTING = "LGS_SUPERSET_URL"
_TIMEOUT = (10, 60)


def endpoint(url: str) -> tuple[str, int]:
    """Host and port. Raises ``UsageError`` when the URL is none."""
    try:
        parts = urlsplit(url)
        if parts.scheme in ("http", "https") and parts.hostname:
            return parts.hostname, parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        pass
    raise UsageError(f"{SETTING} is not a web address: {url}. Write it as http://HOST:PORT or https://HOST.")


def answers(url: str) -> bool:
    """Whether its health page does."""
    endpoint(url)
    try:
        return requests.get(f"{url.rstrip('/')}/health", timeout=_TIMEOUT).ok
    except requests.RequestException:
        return False


def require_superset(url: str, username: str, password: str, *, setting: str) -> None:
    """Raise ``Unreachable`` when no Superset answers there, ``UsageError`` when it does not let the user in.

    ``setting`` is what to correct then.
    """
    host, port = endpoint(url)
    body = {"username": username, "password": password, "provider": "db", "refresh": False}
    try:
        response = requests.post(f"{url.rstrip('/')}/api/v1/security/login", json=body, timeout=_TIMEOUT)
    except requests.RequestException as error:
        raise Unreachable("Superset", host=host, port=port, setting=SETTING, why=type(error).__name__) from error
    if response.status_code == requests.codes.unauthorized:
        raise UsageError(f"The Superset at {url} does not let {username} in. Correct {setting}.")
    if not response.ok or "access_token" not in response.text:
        why = f"status {response.status_code}, which is not how Superset answers a login"
        raise Unreachable("Superset", host=host, port=port, setting=SETTING, why=why)
