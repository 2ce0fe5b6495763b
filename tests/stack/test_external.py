"""Servers that exist already: they are used, checked, and told apart from ours; what is wrong is said at once."""

import threading
from collections.abc import Iterator
from contextlib import closing
from http.server import HTTPServer, SimpleHTTPRequestHandler
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from bootstrap import stack as stacks
from bootstrap.credentials import ensure_credentials
from bootstrap.errors import Unreachable, UsageError
from bootstrap.settings import Settings
from bootstrap.stack import Stack
from bootstrap.stack.address import replaced
from bootstrap.stack.postgres import EmbeddedPostgres
from tests.conftest import free_port
from tests.stack.places import open_folder, quiet, settings_for


@pytest.fixture(scope="module")
def server() -> Iterator[EmbeddedPostgres]:
    """Stands for somebody's PostgreSQL."""
    with open_folder() as folder:
        server = EmbeddedPostgres(folder / "postgres", free_port(), "their secret")
        server.start()
        yield server
        server.remove()


@pytest.fixture
def shop_url(server: EmbeddedPostgres) -> Iterator[str]:
    """An empty database of that server."""
    execute(server.url(), "create database shop")
    yield server.url("shop")
    execute(server.url(), "drop database shop with (force)", "drop database if exists superset with (force)")


def execute(url: str, *statements: str) -> Any:
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        for statement in statements:
            cursor.execute(statement)
        return cursor.fetchone() if cursor.description else None


def external(home: Path, url: str, **more: object) -> Settings:
    return settings_for(home, warehouse_url=url, **more)


def stack_on(home: Path, url: str) -> Stack:
    home.mkdir(exist_ok=True)
    return Stack(external(home, url), ensure_credentials(home))


def test_a_named_warehouse_gets_the_roles_and_nothing_is_started(
    home: Path, shop_url: str, server: EmbeddedPostgres, stack: Stack
) -> None:
    superset = {"superset_url": stack.superset_url, "superset_password": stack.superset_password}
    settings = external(home, f"{shop_url}?application_name=lgs", **superset)
    named = stacks.start(settings, progress=quiet())
    for name, role in {"warehouse": "lgs_owner", "reader": "lgs_reader", "analyst": "lgs_analyst"}.items():
        assert execute(named.url(name), "select current_user::text, current_database()::text") == (role, "shop")
        assert "application_name=lgs" in named.url(name)
    assert not (home / "postgres").exists()
    assert not (home / "superset").exists()
    assert [service.where for service in stacks.status(settings).services] == ["external", "external"]
    assert stacks.status(settings).healthy
    assert stacks.stop(settings) == []
    assert server.running()


def test_metadata_lies_beside_a_warehouse_that_lets_us_make_a_database(home: Path, shop_url: str) -> None:
    stack = stack_on(home, shop_url)
    stack.metadata.ensure()
    stack.metadata.ensure()
    assert execute(stack.url("metadata"), "select current_user::text, current_database()::text") == (
        "lgs_superset",
        "superset",
    )
    assert stack.metadata.admin_url == shop_url


def test_metadata_that_lost_its_mark_is_marked_and_closed_to_others_again(home: Path, shop_url: str) -> None:
    stack = stack_on(home, shop_url)
    stack.metadata.ensure()
    execute(shop_url, "comment on database superset is null", "grant connect on database superset to public")
    stack.metadata.ensure()
    marked = "select shobj_description(oid, 'pg_database'), has_database_privilege('public', oid, 'connect')"
    assert execute(shop_url, f"{marked} from pg_database where datname = 'superset'") == (stack.metadata.mark, False)


def test_an_administrator_who_is_no_superuser_suffices(home: Path, shop_url: str, server: EmbeddedPostgres) -> None:
    execute(server.url(), "create role keeper login createdb createrole password 'keeper'")
    execute(server.url(), "drop role if exists lgs_superset")
    stack = stack_on(home, replaced(shop_url, username="keeper", password="keeper"))
    stack.metadata.ensure()
    assert execute(stack.url("metadata"), "select current_user::text") == ("lgs_superset",)
    execute(server.url(), "drop database superset", "drop owned by keeper cascade", "drop role lgs_superset, keeper")


def test_metadata_stays_embedded_where_it_was_before_a_warehouse_was_named(home: Path, shop_url: str) -> None:
    stack = stack_on(home, shop_url)
    (home / "postgres").mkdir()
    assert stack.metadata.admin_url == stack.postgres.url()


def test_metadata_goes_to_an_embedded_server_when_the_named_one_allows_no_database(
    home: Path, shop_url: str, server: EmbeddedPostgres
) -> None:
    execute(server.url(), "create role guest login password 'guest'")
    stack = stack_on(home, replaced(shop_url, username="guest", password="guest"))
    assert stack.metadata.admin_url == stack.postgres.url()
    execute(server.url(), "drop role guest")


def test_a_database_superset_of_somebody_else_is_left_alone(home: Path, shop_url: str) -> None:
    execute(shop_url, "create database superset")
    stack = stack_on(home, shop_url)
    assert stack.metadata.admin_url == stack.postgres.url()
    assert execute(shop_url, "select pg_get_userbyid(datdba)::text from pg_database where datname = 'superset'") == (
        "postgres",
    )


def test_metadata_of_another_stack_on_the_same_server_is_left_alone(home: Path, shop_url: str) -> None:
    first, second = stack_on(home, shop_url), stack_on(home.with_name("second"), shop_url)
    first.metadata.ensure()
    assert second.metadata.admin_url == second.postgres.url()
    with pytest.raises(UsageError, match="not made with the present SUPERSET_SECRET_KEY"):
        second._metadata_on(shop_url).ensure()
    assert execute(first.url("metadata"), "select 1") == (1,)


def test_a_warehouse_that_is_down_is_named_with_the_setting_to_change(home: Path) -> None:
    port = free_port()
    with pytest.raises(Unreachable, match=rf"127.0.0.1:{port} .*LGS_WAREHOUSE_URL") as caught:
        stacks.start(external(home, f"postgresql://u:p@127.0.0.1:{port}/shop"), progress=quiet())
    assert (caught.value.exit_code, caught.value.port) == (3, port)
    with pytest.raises(Unreachable, match=rf"127.0.0.1:{port} .*lgs up.*LGS_WAREHOUSE_URL"):
        stack_on(home, f"postgresql://u:p@127.0.0.1:{port}/shop").url("metadata")
    assert not stacks.status(external(home, f"postgresql://u:p@127.0.0.1:{port}/shop")).warehouse_answers


def test_a_host_that_does_not_exist_is_named(home: Path) -> None:
    with pytest.raises(Unreachable, match=r"no-such-host\.invalid:5432"):
        stacks.start(external(home, "postgres://u:p@no-such-host.invalid/shop"), progress=quiet())


@pytest.mark.parametrize(
    ("user", "database", "said"),
    [
        ("postgres:wrong", "shop", "password authentication failed"),
        ("postgres:their%20secret", "none", "does not exist"),
    ],
)
def test_a_warehouse_that_refuses_is_quoted(
    home: Path, server: EmbeddedPostgres, shop_url: str, user: str, database: str, said: str
) -> None:
    url = f"postgresql://{user}@127.0.0.1:{server.port}/{database}"
    with pytest.raises(UsageError, match=rf"{said}.*Correct its user, password or database") as caught:
        stacks.start(external(home, url), progress=quiet())
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("url", ["mysql://u:p@h/d", "h:5432/d", "postgresql://u:p@h:5432", "postgresql://u:p@h:port/d"])
def test_an_address_that_is_none_is_refused_with_the_form_to_use(home: Path, url: str) -> None:
    with pytest.raises(UsageError, match=r"LGS_WAREHOUSE_URL.*postgresql://USER:PASSWORD@HOST:PORT/DATABASE"):
        stacks.start(external(home, url), progress=quiet())


def test_a_superset_that_is_down_is_named_with_the_setting_to_change(stack: Stack, home: Path) -> None:
    port = free_port()
    with pytest.raises(Unreachable, match=rf"127.0.0.1:{port} .*LGS_SUPERSET_URL") as caught:
        stacks.ready(_with_superset(stack, home, f"http://127.0.0.1:{port}"), progress=quiet())
    assert caught.value.exit_code == 3


def test_a_superset_that_does_not_let_us_in_is_named_with_the_settings_to_change(stack: Stack, home: Path) -> None:
    named = _with_superset(stack, home, stack.superset_url, superset_password="guess")
    with pytest.raises(UsageError, match=r"does not let admin in.*LGS_SUPERSET_USERNAME and LGS_SUPERSET_PASSWORD"):
        stacks.ready(named, progress=quiet())


def test_a_web_server_that_is_no_superset_is_told(stack: Stack, home: Path) -> None:
    with HTTPServer(("127.0.0.1", 0), SimpleHTTPRequestHandler) as other:
        threading.Thread(target=other.serve_forever, daemon=True).start()
        named = _with_superset(stack, home, f"http://127.0.0.1:{other.server_port}")
        with pytest.raises(Unreachable, match="not how Superset answers"):
            stacks.ready(named, progress=quiet())
        other.shutdown()


def test_a_web_address_that_is_none_is_refused(stack: Stack, home: Path) -> None:
    with pytest.raises(UsageError, match=r"LGS_SUPERSET_URL.*http://HOST:PORT"):
        stacks.ready(_with_superset(stack, home, "localhost:8088"), progress=quiet())


def _with_superset(stack: Stack, home: Path, url: str, **more: object) -> Stack:
    return Stack(settings_for(home, superset_url=url, **more), stack.credentials)
