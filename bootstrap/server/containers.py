"""What the containers of the server edition run: ``python -m bootstrap.server.containers PART``.

=============  ==================================================================================================
databases      refuses weak secrets, and makes Superset's metadata database with the rights of LGS_WAREHOUSE_URL's user
web            becomes gunicorn, which never sees those rights
job COMMAND    becomes that command, under the secrets of ``.env`` and generated ones for what ``.env`` does not name
=============  ==================================================================================================

Worker and beat are plain Celery.
"""

import os
import re
import sys
from collections.abc import Sequence
from typing import Annotated, TypeVar

from pydantic import AfterValidator, Field, SecretStr, ValidationError
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, SettingsConfigDict

from bootstrap.credentials import ensure_credentials, write_credentials
from bootstrap.errors import LgsError, UsageError
from bootstrap.settings import load_settings
from bootstrap.stack import address
from bootstrap.stack.metadata import Metadata
from bootstrap.stack.site import Launch
from bootstrap.stack.stack import WAREHOUSE_SETTING

Model = TypeVar("Model", bound=BaseSettings)


def _plain(secret: SecretStr) -> SecretStr:
    """Refuse what would end an address early."""
    if re.fullmatch(r"[A-Za-z0-9_-]*", secret.get_secret_value()):
        return secret
    raise PydanticCustomError("alphabet", "it may hold only letters, digits, - and _, since it travels in addresses")


InAddress = Annotated[SecretStr, Field(min_length=12), AfterValidator(_plain)]


class ServerSecrets(BaseSettings):
    """The secrets of ``.env``. Each is somebody's only lock, so a short one is refused."""

    model_config = SettingsConfigDict(env_prefix="LGS_", frozen=True)

    secret_key: SecretStr = Field(min_length=32)
    admin_password: SecretStr = Field(min_length=12)
    metadata_password: InAddress
    postgres_password: InAddress
    redis_password: InAddress


class Site(BaseSettings):
    """What the web container is told."""

    model_config = SettingsConfigDict(env_prefix="LGS_", frozen=True)

    metadata_url: SecretStr
    secret_key: SecretStr
    admin_password: SecretStr
    superset_port: int = 8088
    superset_workers: int = Field(2, ge=1)


def main(arguments: Sequence[str]) -> None:
    """Run the one part that is named; an expected error becomes one message and its exit code."""
    try:
        match arguments:
            case ["databases"]:
                make_databases()
            case ["web"]:
                become_web()
            case ["job", *command] if command:
                become_job(command)
            case _:
                raise UsageError("Name one part of the server edition: databases, web, or job with its command.")
    except LgsError as error:
        print(f"Error: {error}", file=sys.stderr)
        raise SystemExit(error.exit_code) from None


def make_databases() -> None:
    """Make Superset's metadata database and its role where they are missing."""
    given = _read(ServerSecrets)
    url = load_settings().warehouse_url
    if url is None:
        raise UsageError(f"{WAREHOUSE_SETTING} is not set. Start it with docker compose, which sets it.")
    admin_url = address.parse(url.get_secret_value(), setting=WAREHOUSE_SETTING)
    address.require_open(admin_url, setting=WAREHOUSE_SETTING)
    Metadata(
        admin_url,
        given.metadata_password.get_secret_value(),
        given.secret_key.get_secret_value(),
        key_setting="LGS_SECRET_KEY in .env",
    ).ensure()
    print("✓ Superset's metadata database is there")


def become_web() -> None:
    """Turn into gunicorn, which brings the metadata up to date and then serves Superset."""
    site = _read(Site)
    launch = Launch(
        metadata_url=site.metadata_url.get_secret_value(),
        secret_key=site.secret_key.get_secret_value(),
        admin_password=site.admin_password.get_secret_value(),
    )
    os.environ["LGS_METADATA_STAMP"] = launch.stamp
    options = ["--config", "python:bootstrap.server.gunicorn_conf", "--bind", f"0.0.0.0:{site.superset_port}"]
    command = [*options, "--workers", str(site.superset_workers), "bootstrap.server.web:create_app()"]
    os.execv(sys.executable, [sys.executable, "-m", "gunicorn", *command])


def become_job(command: Sequence[str]) -> None:
    """Turn into the command, once the stack's passwords are those of ``.env``."""
    given, home = _read(ServerSecrets), load_settings().state
    kept = ensure_credentials(home)
    told = {
        "superset_admin": given.admin_password,
        "superset_secret_key": given.secret_key,
        "lgs_superset": given.metadata_password,
        "postgres": given.postgres_password,
    }
    if (wanted := kept.model_copy(update=told)) != kept:
        write_credentials(wanted)
    os.execvp(command[0], list(command))


def _read(model: type[Model]) -> Model:
    try:
        return model()
    except ValidationError as error:
        names = [f"LGS_{str(item['loc'][0]).upper()} ({item['msg']})" for item in error.errors()]
        raise UsageError(f"The secrets in .env will not do: {', '.join(names)}. See .env.example.") from None


if __name__ == "__main__":
    main(sys.argv[1:])
