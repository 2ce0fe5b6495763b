"""Roles and users that leave superset/access.yml: ours go, and what somebody else's work rests on stays."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bootstrap.assets import Published, Site, publish
from bootstrap.assets.client import Client
from bootstrap.assets.identity import identity
from bootstrap.assets.live import Live
from bootstrap.errors import CheckFailed, UsageError
from bootstrap.project import current
from bootstrap.semantic.spec import Layer
from tests.assets.conftest import silent
from tests.assets.people import Person
from tests.conftest import Shop

pytestmark = pytest.mark.stack
ROLES, USERS = "/api/v1/security/roles/", "/api/v1/security/users/"
ROLE = "\nroles:\n  French team:\n    description: Sees dashboards.\n    permissions: [can_read on Dashboard]\n"
USER = "\nusers:\n  anna: {roles: [French team], first_name: Anna, last_name: B, email: anna@londongiftshop.example}\n"
PASSWORD = "a password of their own"
ANNA = {"username": "anna", "first_name": "Anna", "last_name": "C", "email": "anna@x.example", "active": True}
RULES = "/api/v1/rowlevelsecurity/"
RULE = """
row_rules:
  Own country: {description: France alone., datasets: [sales_month], roles: [French team], clause: country = 'France'}
"""
Run = Callable[..., Published]


def named(admin: Client, path: str, key: str, name: str) -> dict[str, Any] | None:
    return next((row for row in admin.list(path) if row[key] == name), None)


def pruned(published: Published) -> list[str]:
    return [step.label for step in published.steps if step.verb == "prune"]


@pytest.fixture
def with_anna(site: Site, layer: Layer, specs: Path, admin: Client) -> Iterator[Run]:
    """Publishes the specs with a role and a user more; afterwards nothing of them is left."""
    access = specs / "access.yml"
    text = access.read_text().replace("\nroles:\n", ROLE).replace("\nusers:\n", USER)
    access.write_text(text)
    yield lambda **options: publish(site, layer, specs=specs, progress=silent(), **options)
    publish(site, layer, specs=current().superset, progress=silent())
    if anna := named(admin, USERS, "username", "anna"):
        admin.delete(f"{USERS}{anna['id']}")


@pytest.fixture
def without_anna(site: Site, layer: Layer) -> Run:
    return lambda: publish(site, layer, specs=current().superset, progress=silent())


def test_a_role_that_left_is_deleted_and_its_user_deactivated(
    shop: Shop, site: Site, admin: Client, with_anna: Run, without_anna: Run
) -> None:
    with_anna()
    assert not with_anna().changed
    Person.sign_in(site.url, "anna", shop.stack.credentials.users["anna"])
    own_role = admin.post(ROLES, {"name": "Own role"})["id"]
    roles = len(admin.list(ROLES))
    assert pruned(without_anna()) == ["user anna", "role French team"]
    assert not without_anna().changed
    assert len(admin.list(ROLES)) == roles - 1
    anna = named(admin, USERS, "username", "anna")
    assert anna
    assert (anna["active"], anna["roles"], anna["groups"]) == (False, [], [])
    admin.delete(f"{ROLES}{own_role}")


def test_a_user_that_comes_back_is_let_in_again(
    shop: Shop, site: Site, admin: Client, with_anna: Run, without_anna: Run
) -> None:
    with_anna()
    without_anna()
    with_anna()
    anna = named(admin, USERS, "username", "anna")
    assert anna
    assert (anna["active"], [role["name"] for role in anna["roles"]]) == (True, ["French team"])
    Person.sign_in(site.url, "anna", shop.stack.credentials.users["anna"])


def test_a_role_that_somebody_elses_work_rests_on_is_kept_and_named(
    admin: Client, with_anna: Run, without_anna: Run
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


def test_what_somebody_else_made_is_not_taken_over_unless_asked(
    admin: Client, specs: Path, with_anna: Run, without_anna: Run
) -> None:
    role = admin.post(ROLES, {"name": "French team"})["id"]
    admin.post(USERS, ANNA | {"password": PASSWORD, "roles": [role]})
    tables = [Live.read(admin).ids["datasets"][str(identity("datasets", "sales_month"))]]
    theirs = {"name": "Own country", "filter_type": "Regular", "tables": tables, "roles": [role], "clause": "false"}
    admin.post(RULES, theirs)
    for path, addition in (("access.yml", RULE), ("charts/monthly_sales.yml", "limit: 99\n")):
        with (specs / path).open("a") as file:
            file.write(addition)

    names = ("role 'French team'", "user 'anna'", "row rule 'Own country'")
    with pytest.raises(UsageError, match=rf"{', '.join(names)}.*lgs publish --adopt"):
        with_anna()
    assert not without_anna().changed
    assert with_anna(adopt=True).adopted == names
    assert not with_anna().changed
    assert pruned(without_anna()) == ["row rule Own country", "user anna", "role French team"]


def test_a_site_that_was_published_before_there_were_groups_stays_ours(admin: Client, without_anna: Run) -> None:
    groups = [row["id"] for row in admin.list("/api/v1/security/groups/") if "superset/access.yml" in row["name"]]
    assert len(groups) == 2
    for number in groups:
        admin.delete(f"/api/v1/security/groups/{number}")
    published = without_anna()
    assert [step.label for step in published.steps if step.verb == "create"] == [
        "group Roles of superset/access.yml",
        "group Users of superset/access.yml",
    ]
    assert published.adopted == ()


def test_what_was_made_is_known_as_ours_when_the_rest_fails(admin: Client, specs: Path, with_anna: Run) -> None:
    text = (specs / "access.yml").read_text()
    (specs / "access.yml").write_text(text + RULE.replace("Own country", "Own country" * 30))
    with pytest.raises(CheckFailed, match="rowlevelsecurity"):
        with_anna()
    assert named(admin, USERS, "username", "anna")
    (specs / "access.yml").write_text(text + RULE)
    assert with_anna().adopted == ()
