"""The access matrix of docs/access.md, tried line by line: each role does each thing over the API, or is refused."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any
from uuid import uuid4
from zipfile import ZipFile

import pytest

from bootstrap.assets import Site
from bootstrap.assets.client import Client
from bootstrap.assets.identity import identity
from bootstrap.assets.live import Live
from tests.assets.people import Person
from tests.conftest import REPOSITORY

pytestmark = pytest.mark.stack
_ROW = re.compile(r"^\| (?!action|-)(.+?) \| (yes|no) \| (yes|no) \| (yes|no) \| (yes|no) \|$", re.M)
MATRIX = {row[0]: row[1:] for row in _ROW.findall((REPOSITORY / "docs" / "access.md").read_text())}
MADE = ("chart", "dashboard", "dataset", "database", "rowlevelsecurity", "theme", "css_template")
PEOPLE = ("marketing", "analyst", "admin", None)


@dataclass
class Office:
    """The people, signed in, and the ids of what they work on."""

    people: dict[str | None, Person]
    admin: Client
    reader_url: str
    passwords: Mapping[str, str]
    ids: dict[str, dict[str, int]]

    def id(self, kind: str, name: str) -> int:
        return self.ids[kind][str(identity(kind, name))]


@pytest.fixture(scope="module")
def office(site: Site, admin: Client) -> Iterator[Office]:
    people = {name: Person.sign_in(site.url, name, site.users.get(name or "", "")) for name in PEOPLE}
    office = Office(people, admin, site.connections["reader"], site.users, Live.read(admin).ids)
    before = {path: everything(admin, path) for path in MADE}
    yield office
    for path in MADE:
        for number in everything(admin, path) - before[path]:
            admin.delete(f"/api/v1/{path}/{number}")


def everything(admin: Client, path: str) -> set[int]:
    return {row["id"] for row in admin.get(f"/api/v1/{path}/?q=(page_size:100)")["result"]}


def chart_body(office: Office) -> dict[str, Any]:
    params = {"viz_type": "table", "metrics": ["sales"], "groupby": ["month"]}
    dataset = office.id("datasets", "sales_month")
    return {
        "slice_name": f"Mine {uuid4()}",
        "viz_type": "table",
        "datasource_id": dataset,
        "datasource_type": "table",
        "params": json.dumps(params),
    }


def query(office: Office, dataset: str, **more: Any) -> dict[str, Any]:
    source = {"id": office.id("datasets", dataset), "type": "table"}
    queries = [{"columns": [], "metrics": ["sales"], "filters": [], "row_limit": 10}]
    return {"datasource": source, "queries": queries, "result_format": "json", "result_type": "full", **more}


def add_chart(office: Office, person: Person) -> int | None:
    answer = person.send("POST", "/api/v1/chart/", json=chart_body(office))
    return int(answer.json()["id"]) if answer.ok else None


def on_own_chart(method: str) -> Callable[[Office, Person], bool]:
    def attempt(office: Office, person: Person) -> bool:
        number = add_chart(office, person)
        body = {"json": {"slice_name": "Mine, renamed"}} if method == "PUT" else {}
        return number is not None and person.may(method, f"/api/v1/chart/{number}", **body)

    return attempt


def on_others_chart(method: str) -> Callable[[Office, Person], bool]:
    """Marketing tries the analyst's chart, everybody else that of marketing."""

    def attempt(office: Office, person: Person) -> bool:
        owner = office.people["analyst" if person is office.people["marketing"] else "marketing"]
        body = {"json": {"slice_name": "Taken"}} if method == "PUT" else {}
        return person.may(method, f"/api/v1/chart/{add_chart(office, owner)}", **body)

    return attempt


def on(path: str, kind: str, name: str, method: str, body: dict[str, Any] | None = None) -> Callable[..., bool]:
    """Change a managed asset to what it is already, or delete a stand-in by a request that a guard refuses first."""

    def attempt(office: Office, person: Person) -> bool:
        options = {} if body is None else {"json": body}
        return person.may(method, f"/api/v1/{path}/{office.id(kind, name)}", **options)

    return attempt


def sql(text: str, connection: str) -> Callable[[Office, Person], bool]:
    def attempt(office: Office, person: Person) -> bool:
        body = {"database_id": office.id("databases", connection), "sql": text, "schema": "mart", "runAsync": False}
        answer = person.send("POST", "/api/v1/sqllab/execute/", json=body)
        return answer.ok and answer.json().get("status") == "success"

    return attempt


def post(path: str, body: Callable[[Office], dict[str, Any]]) -> Callable[[Office, Person], bool]:
    return lambda office, person: person.may("POST", path, json=body(office))


def upload(path: str, field: str) -> Callable[[Office, Person], bool]:
    """Whether somebody comes past the guard: the file is not a bundle, which only those who may import are told."""

    def attempt(office: Office, person: Person) -> bool:
        answer = person.send("POST", path, files={field: ("no.zip", b"no bundle", "application/zip")})
        return answer.status_code not in {302, 401, 403, 404}

    return attempt


def sees_dashboard(office: Office, person: Person) -> bool:
    return person.may("GET", "/api/v1/dashboard/sales-customers")


def reads_chart(office: Office, person: Person) -> bool:
    number, dashboard = office.id("charts", "monthly_sales"), office.id("dashboards", "sales_customers")
    form = {"slice_id": number, "dashboardId": dashboard}
    return person.may("POST", "/api/v1/chart/data", json=query(office, "sales_month", form_data=form))


def downloads(office: Office, person: Person) -> bool:
    body = query(office, "sales_month", form_data={}) | {"result_format": "csv"}
    answer = person.send("POST", "/api/v1/chart/data", json=body)
    return answer.ok and answer.text.lstrip("\ufeff").startswith("Sales")


def explores(office: Office, person: Person) -> bool:
    datasets = ("sales_month", "customer_month", "product_month", "monthly_metrics", "sales_line")
    return all(person.may("POST", "/api/v1/chart/data", json=query(office, name)) for name in datasets)


def deletes(kind: str, path: str, name: str) -> Callable[[Office, Person], bool]:
    """An administrator's right is known from Superset's role; everybody else really tries."""

    def attempt(office: Office, person: Person) -> bool:
        if person is office.people["admin"]:
            return "can_write on " + path.title() in admin_permissions(office)
        return person.may("DELETE", f"/api/v1/{path}/{office.id(kind, name)}")

    return attempt


def admin_permissions(office: Office) -> set[str]:
    role = next(row["id"] for row in office.admin.list("/api/v1/security/roles/") if row["name"] == "Admin")
    rows = office.admin.get(f"/api/v1/security/roles/{role}/permissions/")["result"]
    return {f"{row['permission_name']} on {row['view_menu_name']}" for row in rows}


def changes_theme(office: Office, person: Person) -> bool:
    theme = next(theme for theme in office.admin.get("/api/v1/theme/")["result"] if theme["is_system"])
    body = {"theme_name": theme["theme_name"], "json_data": "{}"}
    return person.may("PUT", f"/api/v1/theme/{theme['id']}", json=body)


def changes_password(office: Office, person: Person) -> bool:
    """To what it is already."""
    name = next(name for name in PEOPLE if office.people[name] is person)
    return person.may("PUT", "/api/v1/me/", json={"password": office.passwords.get(name or "", "unknown")})


def changes_role(office: Office, person: Person) -> bool:
    role = next(row["id"] for row in office.admin.list("/api/v1/security/roles/") if row["name"] == "Marketing")
    return person.may("PUT", f"/api/v1/security/roles/{role}", json={"name": "Marketing"})


def some_name(key: str, **more: Any) -> Callable[[Office], dict[str, Any]]:
    return lambda office: {key: f"Mine {uuid4()}", **more}


def saved_query(office: Office) -> dict[str, Any]:
    return {"label": "Mine", "db_id": office.id("databases", "analyst"), "schema": "mart", "sql": "select 1"}


def dataset(office: Office) -> dict[str, Any]:
    number = office.id("databases", "reader")
    return {"database": number, "schema": "mart", "table_name": f"mine_{uuid4().hex}", "sql": "select 1 as one"}


def connection(office: Office) -> dict[str, Any]:
    return {"database_name": f"Mine {uuid4()}", "sqlalchemy_uri": office.reader_url}


def row_rule(office: Office) -> dict[str, Any]:
    tables = [office.id("datasets", "sales_month")]
    return {"name": f"Mine {uuid4()}", "filter_type": "Base", "tables": tables, "roles": [], "clause": "true"}


def add_dashboard(office: Office, person: Person) -> int | None:
    answer = person.send("POST", "/api/v1/dashboard/", json={"dashboard_title": f"Mine {uuid4()}", "published": True})
    return int(answer.json()["id"]) if answer.ok else None


def changes_own_dashboard(office: Office, person: Person) -> bool:
    number = add_dashboard(office, person)
    return number is not None and person.may("PUT", f"/api/v1/dashboard/{number}", json={"css": "p {}"})


def charts_into_own_dashboard(office: Office, person: Person) -> bool:
    number = add_dashboard(office, person)
    return number is not None and charts_into(number, office, person)


def charts_into(dashboard: int, office: Office, person: Person) -> bool:
    return person.may("POST", "/api/v1/chart/", json=chart_body(office) | {"dashboards": [dashboard]})


def charts_into_managed_dashboard(office: Office, person: Person) -> bool:
    """An administrator is not tried: it would change what other tests read."""
    if person is office.people["admin"]:
        return "can_write on Dashboard" in admin_permissions(office)
    return charts_into(office.id("dashboards", "sales_customers"), office, person)


def keeps_filters(office: Office, person: Person) -> bool:
    """Marketing, or else an analyst, opens the link and finds the filters."""
    mask = {"NATIVE_FILTER-segment": {"filterState": {"value": ["At Risk"]}}}
    path = f"/api/v1/dashboard/{office.id('dashboards', 'sales_customers')}/permalink"
    answer = person.send("POST", path, json={"dataMask": mask})
    if not answer.ok:
        return False
    other = office.people["analyst" if person is office.people["marketing"] else "marketing"]
    found = other.json(f"/api/v1/dashboard/permalink/{answer.json()['key']}")
    return bool(found["state"]["dataMask"] == mask)


def refreshes_dataset(office: Office, person: Person) -> bool:
    if person is office.people["admin"]:
        return "can_write on Dataset" in admin_permissions(office)
    return person.may("PUT", f"/api/v1/dataset/{office.id('datasets', 'sales_month')}/refresh")


def changes_own_dataset(office: Office, person: Person) -> bool:
    answer = person.send("POST", "/api/v1/dataset/", json=dataset(office))
    body = {"json": {"description": "Mine"}}
    return answer.ok and person.may("PUT", f"/api/v1/dataset/{answer.json()['id']}", **body)


def dataset_of_another_schema(office: Office) -> dict[str, Any]:
    return dataset(office) | {"sql": "select rolname from pg_catalog.pg_roles"}


def connection_path(office: Office, more: str = "") -> str:
    return f"/api/v1/database/{office.id('databases', 'reader')}{more}"


def exported(office: Office, person: Person) -> str:
    """Where the connections lead, by the bundles of a dashboard and of a chart; empty if they are refused."""
    found = ""
    for kind, name in {"dashboard": "sales_customers", "chart": "monthly_sales"}.items():
        answer = person.send("GET", f"/api/v1/{kind}/export/?q=!({office.id(f'{kind}s', name)})")
        if answer.ok:
            with ZipFile(BytesIO(answer.content)) as bundle:
                files = [bundle.read(file).decode() for file in bundle.namelist() if "/databases/" in file]
            found += "".join(re.findall("(?m)^sqlalchemy_uri: .*$", "".join(files)))
    return found


def reads_other_schema(office: Office, person: Person) -> bool:
    """By a dataset that is the table itself, which Superset checks less than one of SQL."""
    body = {"database": office.id("databases", "analyst"), "schema": "pg_catalog", "table_name": "pg_roles"}
    answer = person.send("POST", "/api/v1/dataset/", json=body)
    if not answer.ok:
        return False
    number = answer.json()["id"]
    queries = [{"columns": ["rolname"], "metrics": [], "filters": [], "row_limit": 10}]
    asked = {"datasource": {"id": number, "type": "table"}, "queries": queries, "result_type": "full"}
    may = person.may("POST", "/api/v1/chart/data", json=asked)
    office.admin.delete(f"/api/v1/dataset/{number}")
    return may


ACTIONS: dict[str, Callable[[Office, Person], bool]] = {
    "open the dashboard": sees_dashboard,
    "read the data of a dashboard's chart": reads_chart,
    "download a chart's data as CSV": downloads,
    "explore any dataset of the semantic layer": explores,
    "save an own chart": lambda office, person: add_chart(office, person) is not None,
    "change an own chart": on_own_chart("PUT"),
    "delete an own chart": on_own_chart("DELETE"),
    "change somebody else's chart": on_others_chart("PUT"),
    "delete somebody else's chart": on_others_chart("DELETE"),
    "save an own dashboard": post("/api/v1/dashboard/", some_name("dashboard_title")),
    "change an own dashboard": changes_own_dashboard,
    "save an own chart into an own dashboard": charts_into_own_dashboard,
    "save an own chart into the managed dashboard": charts_into_managed_dashboard,
    "keep filters in a permalink": keeps_filters,
    "change a managed chart": on("chart", "charts", "monthly_sales", "PUT", {"cache_timeout": None}),
    "delete a managed chart": deletes("charts", "chart", "monthly_sales"),
    "change the managed dashboard": on("dashboard", "dashboards", "sales_customers", "PUT", {"published": True}),
    "delete the managed dashboard": deletes("dashboards", "dashboard", "sales_customers"),
    "change a managed dataset": on("dataset", "datasets", "sales_month", "PUT", {"cache_timeout": None}),
    "delete a managed dataset": deletes("datasets", "dataset", "sales_month"),
    "add a dataset": post("/api/v1/dataset/", dataset),
    "change an own dataset": changes_own_dataset,
    "add a dataset that reads another schema by SQL": post("/api/v1/dataset/", dataset_of_another_schema),
    "read a table of another schema through an own dataset": reads_other_schema,
    "refresh the columns of a managed dataset": refreshes_dataset,
    "query the semantic layer in SQL Lab": sql("select sum(sales) from mart.sales_month", "analyst"),
    "query the warehouse in SQL Lab": sql("select count(*) from warehouse.line", "analyst"),
    "write through SQL Lab": sql("select 1 as one into mart.mine", "analyst"),
    "query with the dashboards' connection in SQL Lab": sql("select sum(sales) from mart.sales_month", "reader"),
    "change the own password": changes_password,
    "save an own query": post("/api/v1/saved_query/", saved_query),
    "add a theme": post("/api/v1/theme/", some_name("theme_name", json_data='{"token": {}}')),
    "change the shop's theme": changes_theme,
    "add a style sheet": post("/api/v1/css_template/", some_name("template_name", css="p {}")),
    "see the address of a connection": lambda office, person: person.may("GET", connection_path(office, "/connection")),
    "export definitions as YAML": lambda office, person: bool(exported(office, person)),
    "find the address of a connection in an export": lambda office, person: "@" in exported(office, person),
    "change a connection": lambda office, person: person.may(
        "PUT", connection_path(office), json={"cache_timeout": None}
    ),
    "add a connection": post("/api/v1/database/", connection),
    "import assets": upload("/api/v1/assets/import/", "bundle"),
    "import a dashboard": upload("/api/v1/dashboard/import/", "formData"),
    "add a row rule": post("/api/v1/rowlevelsecurity/", row_rule),
    "list users": lambda office, person: person.may("GET", "/api/v1/security/users/"),
    "change a role": changes_role,
}


def test_each_line_of_the_table_is_tried() -> None:
    assert set(MATRIX) == set(ACTIONS)


@pytest.mark.parametrize("name", PEOPLE)
@pytest.mark.parametrize("action", ACTIONS)
def test_a_role_does_what_the_table_says(office: Office, action: str, name: str | None) -> None:
    allowed = MATRIX[action][PEOPLE.index(name)] == "yes"
    assert ACTIONS[action](office, office.people[name]) == allowed
