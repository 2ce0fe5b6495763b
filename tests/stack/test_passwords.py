"""A restore leaves people the passwords that they chose, and gives the others those of the receiving side."""

from werkzeug.security import check_password_hash, generate_password_hash

from bootstrap.stack.passwords import chosen, settle
from tests.conftest import Database, execute
from tests.warehouse.shop import ask

MADE = {
    "admin": "made for admin",
    "marketing": "made for marketing",
    "analyst": "made for analyst",
    "new": "made for new",
}


def fill(database: Database, passwords: dict[str, str]) -> None:
    execute(database.admin_url, "create table ab_user (username text, password text)")
    for name, word in passwords.items():
        execute(database.admin_url, f"insert into ab_user values ('{name}', '{generate_password_hash(word)}')")


def test_who_chose_a_password_is_told_by_its_hash(empty_database: Database) -> None:
    url = empty_database.admin_url
    assert chosen(url, MADE) == {}
    fill(empty_database, {**MADE, "analyst": "my own", "anna": "whatever"})
    assert sorted(chosen(url, MADE)) == ["analyst", "anna"]


def test_each_gets_the_password_that_they_know(empty_database: Database) -> None:
    url = empty_database.admin_url
    before = {"admin": "of then", "marketing": "chosen then", "analyst": "of then", "new": "of then", "anna": "of then"}
    fill(empty_database, before)
    here = {name: generate_password_hash(f"chosen here by {name}") for name in ("admin", "analyst", "anna")}
    settle(url, MADE, here=here, there=frozenset({"marketing", "analyst", "admin"}))
    wanted = {
        "admin": "made for admin",
        "marketing": "chosen then",
        "analyst": "chosen here by analyst",
        "anna": "chosen here by anna",
        "new": "made for new",
    }
    found = dict(ask(empty_database, "select username, password from ab_user", role="admin"))
    assert {name: check_password_hash(found[name], word) for name, word in wanted.items()} == dict.fromkeys(
        wanted, True
    )
