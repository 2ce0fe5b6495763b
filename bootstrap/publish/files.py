"""Reads ``superset/`` into typed specs, and names file, line, field and the nearest valid name when one is wrong."""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import ValidationError

from bootstrap.errors import SpecError
from bootstrap.layer.spec import Layer, Spec, Twin
from bootstrap.publish.spec import Access, Brand, Chart, Dashboard, Specs

Model = TypeVar("Model", bound=Spec)
Where = tuple[str | int, ...]


@dataclass(frozen=True)
class Parsed:
    """One YAML file with the line of each of its fields."""

    path: Path
    node: yaml.Node | None
    data: Any

    def line(self, where: Where) -> int | None:
        """The 1-based line of the deepest node on the way to ``where``."""
        node, line = self.node, self.node.start_mark.line + 1 if self.node else None
        for step in where:
            child = _child(node, step)
            if child is None:
                break
            node, line = child
        return line

    def error(self, message: str, where: Where) -> SpecError:
        return SpecError(message, path=self.path, line=self.line(where), field=".".join(map(str, where)))

    def resolve(self, name: str, known: Iterable[str], *, what: str, where: Where) -> str:
        """Return the name, or raise with the nearest of those that exist."""
        known = list(known)
        if name in known:
            return name
        close = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"there are: {', '.join(sorted(known)) or 'none'}."
        raise self.error(f"there is no {what} {name!r}; {hint}", where)


def _child(node: yaml.Node | None, step: str | int) -> tuple[yaml.Node, int] | None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == str(step):
                return value, key.start_mark.line + 1
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step], node.value[step].start_mark.line + 1
    return None


def parse(path: Path) -> Parsed:
    """Read one YAML file. Raises ``SpecError`` when it is missing, not UTF-8 or not YAML."""
    try:
        text = path.read_text(encoding="utf-8")
        return Parsed(path, yaml.compose(text, Loader=yaml.SafeLoader), yaml.safe_load(text))
    except FileNotFoundError:
        raise SpecError("this file is missing. Put it back from the repository.", path=path) from None
    except UnicodeDecodeError as error:
        raise SpecError(f"not UTF-8 text ({error.reason}). Save it as UTF-8.", path=path) from None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        raise SpecError(f"not valid YAML: {error.problem}.", path=path, line=line) from None


def model(parsed: Parsed, kind: type[Model], **extra: Any) -> Model:
    """Validate one file as ``kind``; ``extra`` are fields that the file's place gives."""
    if not isinstance(parsed.data, Mapping):
        raise parsed.error("a mapping of fields is expected here.", ())
    try:
        return kind(**parsed.data, **extra)
    except ValidationError as error:
        first = error.errors()[0]
        where = tuple(first["loc"])
        if first["type"] == "extra_forbidden":
            parsed.resolve(str(where[-1]), kind.model_fields, what="field", where=where)
        raise parsed.error(f"{first['msg']}.", where) from None


def _datasets(layer: Layer) -> dict[str, Twin]:
    return {twin.name: twin for twin in layer.twins if twin.dataset}


def _check_chart(chart: Chart, parsed: Parsed, layer: Layer) -> None:
    datasets = _datasets(layer)
    twin = datasets[parsed.resolve(chart.dataset, datasets, what="dataset", where=("dataset",))]
    columns = [column.name for column in twin.columns]
    for field in ("metrics", "more_metrics"):
        for index, name in enumerate(getattr(chart, field)):
            parsed.resolve(name, twin.metrics, what=f"metric on {twin.name}", where=(field, index))
    for field in ("by", "columns"):
        for index, name in enumerate(getattr(chart, field)):
            parsed.resolve(name, columns, what=f"column in {twin.name}", where=(field, index))
    if chart.x:
        parsed.resolve(chart.x, columns, what=f"column in {twin.name}", where=("x",))
    for index, condition in enumerate(chart.where):
        if condition.column:
            parsed.resolve(condition.column, columns, what=f"column in {twin.name}", where=("where", index, "column"))
    if chart.sort:
        known = (*twin.metrics, *columns)
        parsed.resolve(chart.sort.by, known, what=f"metric or column in {twin.name}", where=("sort", "by"))


def _check_dashboard(dashboard: Dashboard, parsed: Parsed, charts: Iterable[str], access: Access, layer: Layer) -> None:
    seen: set[str] = set()
    for tab_at, tab in enumerate(dashboard.tabs):
        for row_at, row in enumerate(tab.rows):
            for name in row.charts:
                where = ("tabs", tab_at, "rows", row_at, "charts", name)
                if parsed.resolve(name, charts, what="chart", where=where) in seen:
                    raise parsed.error(f"the chart {name!r} stands twice on this dashboard.", where)
                seen.add(name)
    for index, role in enumerate(dashboard.access):
        parsed.resolve(role, access.roles, what="role", where=("access", index))
    datasets = _datasets(layer)
    for index, spec in enumerate(dashboard.filters):
        if spec.dataset and spec.column:
            name = parsed.resolve(spec.dataset, datasets, what="dataset", where=("filters", index, "dataset"))
            known = [column.name for column in datasets[name].columns]
            parsed.resolve(spec.column, known, what=f"column in {name}", where=("filters", index, "column"))


def _check_access(access: Access, parsed: Parsed, layer: Layer) -> None:
    for name, role in access.roles.items():
        for index, included in enumerate(role.includes):
            parsed.resolve(included, access.roles, what="role", where=("roles", name, "includes", index))
        for connection in role.schemas:
            parsed.resolve(connection, access.connections, what="connection", where=("roles", name, "schemas"))
    for name, user in access.users.items():
        for index, role_name in enumerate(user.roles):
            parsed.resolve(role_name, access.roles, what="role", where=("users", name, "roles", index))
    for name, rule in access.row_rules.items():
        for index, dataset in enumerate(rule.datasets):
            where: Where = ("row_rules", name, "datasets", index)
            parsed.resolve(dataset, _datasets(layer), what="dataset", where=where)
        for index, role_name in enumerate(rule.roles):
            parsed.resolve(role_name, access.roles, what="role", where=("row_rules", name, "roles", index))


def load_specs(folder: Path, layer: Layer) -> Specs:
    """Read and check all specs in ``folder`` against the layer. Raises ``SpecError`` at the first that is wrong."""
    access_file = parse(folder / "access.yml")
    access = model(access_file, Access)
    _check_access(access, access_file, layer)
    charts: dict[str, Chart] = {}
    for path in sorted((folder / "charts").glob("*.yml")):
        parsed = parse(path)
        charts[path.stem] = model(parsed, Chart, name=path.stem)
        _check_chart(charts[path.stem], parsed, layer)
    dashboards: dict[str, Dashboard] = {}
    for path in sorted((folder / "dashboards").glob("*.yml")):
        parsed = parse(path)
        dashboards[path.stem] = model(parsed, Dashboard, name=path.stem)
        _check_dashboard(dashboards[path.stem], parsed, charts, access, layer)
    brand = model(parse(folder / "brand.yml"), Brand)
    return Specs(layer=layer, charts=charts, dashboards=dashboards, access=access, brand=brand)
