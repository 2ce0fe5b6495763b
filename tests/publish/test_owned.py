"""Roles and users that leave superset/access.yml: ours go, and what somebody else's work rests on stays."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bootstrap.layer.spec import Layer
from bootstrap.publish import Published, Site, publish
from bootstrap.publish.client import Client
from bootstrap.settings import data_folder
from tests.publish.conftest import silent
from tests.publish.people import Person

pytestmark = pytest.mark.stack
ROLES, USERS = "/api/v1/security/roles/", "/api/v1/security/users/"
ROLE = "\nroles:\n  French team:\n    description: Sees dashboards.\n    permissions: [can_read on Dashboard]\n"
USER = "\nusers:\n  anna: {roles: [French team], first_name: Anna, last_name: B, email: anna@londongiftshop.example}\n"
PASSWORD = "a password of anna"
Remove = Callable[[], Published]


def named(admin: Client, path: str, key: str, name: str) -> dict[str, Any] | None:
    return next((row for row in admin.list(path) if row[key] == name), None)


def pruned(published: Published) -> list[str]:
    return [step.label for step in published.steps if step.verb == "prune"]


@pytest.fixture
def with_anna(site: Site, layer: Layer, specs: Path, admin: Client) -> Iterator[Callable[[], Published]]:
    """Publishes the specs with a role and a user more; afterwards nothing of them is left."""
    access = specs / "access.yml"
    text = access.read_text().replace("\nroles:\n", ROLE).replace("\nusers:\n", USER)
    access.write_text(text)
    people = {**site.users, "anna": PASSWORD}
    yield lambda: publish(replace(site, users=people), layer, specs=specs, progress=silent())
    publish(site, layer, specs=data_folder("superset"), progress=silent())
    if anna := named(admin, USERS, "username", "anna"):
        admin.delete(f"{USERS}{anna['id']}")


@pytest.fixture
def without_anna(site: Site, layer: Layer) -> Remove:
    return lambda: publish(site, layer, specs=data_folder("superset"), progress=silent())


def test_a_role_that_left_is_deleted_and_its_user_deactivated(
    site: Site, admin: Client, with_anna: Remove, without_anna: Remove
) -> None:
    with_anna()
    assert not with_anna().changed
    Person.sign_in(site.url, "anna", PASSWORD)
    by_hand = admin.post(ROLES, {"name": "By hand"})["id"]
    roles = len(admin.list(ROLES))
    assert pruned(without_anna()) == ["user anna", "role French team"]
    assert not without_anna().changed
    assert len(admin.list(ROLES)) == roles - 1
    anna = named(admin, USERS, "username", "anna")
    assert anna
    assert (anna["active"], anna["roles"], anna["groups"]) == (False, [], [])
    admin.delete(f"{ROLES}{by_hand}")


def test_a_user_that_comes_back_is_let_in_again(
    site: Site, admin: Client, with_anna: Remove, without_anna: Remove
) -> None:
    with_anna()
    without_anna()
    with_anna()
    anna = named(admin, USERS, "username", "anna")
    assert anna
    assert (anna["active"], [role["name"] for role in anna["roles"]]) == (True, ["French team"])
    Person.sign_in(site.url, "anna", PASSWORD)


def test_a_role_that_somebody_elses_work_rests_on_is_kept_and_named(
    admin: Client, with_anna: Remove, without_anna: Remove
) -> None:
    with_anna()
    role = named(admin, ROLES, "name", "French team")
    assert role
    ben = {"username": "ben", "first_name": "Ben", "last_name": "C", "email": "ben@x.example", "active": True}
    user = admin.post(USERS, ben | {"password": PASSWORD, "roles": [role["id"]]})["id"]
    board = admin.post("/api/v1/dashboard/", {"dashboard_title": "Bon", "roles": [role["id"]], "published": True})["id"]

    published = without_anna()
    assert pruned(published) == ["user anna"]
    (said,) = published.kept
    assert said == "role French team: it left superset/access.yml, but user ben, dashboard 'Bon' has it"
    assert said in without_anna().lines()[-1]

    admin.delete(f"{USERS}{user}")
    assert pruned(without_anna()) == []
    admin.delete(f"/api/v1/dashboard/{board}")
    assert pruned(without_anna()) == ["role French team"]
