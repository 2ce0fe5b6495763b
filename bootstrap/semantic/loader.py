"""Reads ``views/``: every twin (a ``.sql`` and a ``.yml`` of the same name), the metrics and the shared columns."""

import re
from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

from bootstrap.errors import SpecError
from bootstrap.lists import with_relations
from bootstrap.project import filled
from bootstrap.semantic.document import Document, Place, nearest
from bootstrap.semantic.expression import missing, problem
from bootstrap.semantic.spec import SCHEMAS, Column, Layer, Metric, Twin
from bootstrap.semantic.statement import NotSql, named

GENERATED = frozenset({"rollup.metric", "rollup.mart_column"})
"""Relations that SQL may read although no twin defines them: the build writes them from the specs."""

_READABLE = ("warehouse", *SCHEMAS)
"""The schemas whose relations a twin may read."""


def load_layer(folder: Path) -> Layer:
    """The layer that ``folder`` (``views/``) describes, twins ordered so that each follows those it reads.

    Raises ``SpecError`` that names file, line, field and, for a wrong name, the nearest valid one.
    """
    columns = _columns(folder / "columns.yml")
    metrics = _metrics(folder / "metrics.yml")
    twins = [_twin(path, columns, metrics) for schema in SCHEMAS for path in sorted((folder / schema).glob("*.yml"))]
    _refuse_lonely_sql(folder)
    _refuse_copies(twins)
    _check_references(twins)
    _refuse_unused(folder / "columns.yml", columns, {column.name for twin in twins for column in twin.columns})
    _refuse_unused(folder / "metrics.yml", metrics, {name for twin in twins for name in twin.metrics})
    _refuse_unknown_filters(twins)
    return Layer(twins=_in_order(twins), metrics=metrics)


def _columns(path: Path) -> dict[str, Column]:
    document = Document.read(path)
    return {name: document.model(Column, {"name": name, **document.mapping(name)}, [name]) for name in document.data}


def _metrics(path: Path) -> dict[str, Metric]:
    document = Document.read(path)
    return {name: _metric(document, name) for name in document.data}


def _metric(document: Document, name: str) -> Metric:
    place = {"name": name, "path": document.path, "line": document.line([name, "expression"])}
    return document.model(Metric, {**document.mapping(name), **place}, [name])


def _twin(path: Path, shared: Mapping[str, Column], metrics: Mapping[str, Metric]) -> Twin:
    sql_path = path.with_suffix(".sql")
    if not sql_path.is_file():
        raise SpecError(f"its twin {sql_path.name} is missing. Write it beside this file.", path=path)
    document = Document.read(path)
    sql = _sql(sql_path)
    columns = document.data.get("columns")
    values = {
        **document.data,
        "columns": _own_columns(document, columns, shared) if isinstance(columns, list) else columns,
        "schema_name": path.parent.name,
        "name": path.stem,
        "sql": sql,
        "reads": _reads(sql, sql_path),
        "path": path,
    }
    twin = document.model(Twin, values)
    _check_names(document, twin, metrics)
    return twin


def _sql(path: Path) -> str:
    try:
        return with_relations(filled(path.read_text(encoding="utf-8")).strip(), path)
    except UnicodeDecodeError as error:
        raise SpecError("the file is not UTF-8 text. Save it as such.", path=path) from error


def _reads(sql: str, path: Path) -> tuple[str, ...]:
    """The relations that ``sql`` names, each once. Raises ``SpecError`` when it is not one select."""
    try:
        relations = [place.relation for place in named(sql)]
    except NotSql as error:
        raise SpecError(f"{error}. Fix the SQL.", path=path, line=error.line) from error
    return tuple(dict.fromkeys(name for name in relations if name.partition(".")[0] in _READABLE))


def _own_columns(document: Document, items: list[Any], shared: Mapping[str, Column]) -> list[Column]:
    """Each item is the name of a shared column, or a mapping that describes a column of this relation alone."""
    columns = []
    for position, item in enumerate(items):
        place: Place = ["columns", position]
        if isinstance(item, dict):
            column = document.model(Column, item, place)
        elif isinstance(item, str) and item in shared:
            column = shared[item]
        else:
            raise document.error(f'"{item}" is not a shared column. {nearest(str(item), shared)}', place)
        columns.append(column)
    return columns


def _check_names(document: Document, twin: Twin, metrics: Mapping[str, Metric]) -> None:
    columns = {column.name: column for column in twin.columns}
    named = [*[("key", name) for name in twin.key], *[("indexes", name) for index in twin.indexes for name in index]]
    kept = [("adds_up", twin.adds_up)] if twin.adds_up else [("kept_by", name) for name in twin.kept_by]
    for field, name in [*named, *kept, *([("time", twin.time)] if twin.time else [])]:
        if name not in columns:
            raise document.error(f'"{name}" is not a column of {twin.relation}. {nearest(name, columns)}', [field])
    _check_filters(document, twin, columns)
    if not re.search(r"One row per [^.]+\.$|One row\.$", twin.description):
        raise document.error('the description must end in the grain: "One row per ...."', ["description"])
    if twin.kind == "stored" and not twin.key:
        raise document.error("a stored relation needs a key.", ["key"])
    _check_keeping(document, twin)
    for position, name in enumerate(twin.metrics):
        if name not in metrics:
            raise document.error(f'"{name}" is not a metric. {nearest(name, metrics)}', ["metrics", position])
        _check_expression(document, ["metrics", position], metrics[name], columns)


def _check_keeping(document: Document, twin: Twin) -> None:
    if twin.kept_by and twin.kind != "stored":
        raise document.error("only a stored relation is kept.", ["kept_by"])
    if twin.looks_back and len(twin.kept_by) != 1:
        raise document.error("only what is kept by one column can look back.", ["looks_back"])
    if twin.adds_up and not twin.kept_by:
        raise document.error("say by kept_by over what its measures are sums.", ["adds_up"])
    for relation in twin.joins:
        if relation not in twin.reads:
            raise document.error(
                f'"{relation}" is not a relation that the SQL reads. {nearest(relation, twin.reads)}', ["joins"]
            )
    for relation, way in twin.through.items():
        if relation not in twin.reads or way not in twin.reads:
            raise document.error("both have to be relations that the SQL reads.", ["through", relation])


def _check_filters(document: Document, twin: Twin, columns: Mapping[str, Column]) -> None:
    for alias, name in twin.filters.items():
        if alias in columns:
            raise document.error(f'"{alias}" is a column here already: a filter acts on it.', ["filters", alias])
        if name not in columns:
            raise document.error(
                f'"{name}" is not a column of {twin.relation}. {nearest(name, columns)}', ["filters", alias]
            )


def _check_expression(document: Document, place: Place, metric: Metric, columns: Mapping[str, Column]) -> None:
    """Both places are named: the expression, and the list that has it."""
    wrong = problem(metric, columns)
    if wrong:
        listed = f"{document.path}:{document.line(place)} lists it."
        raise SpecError(f"{wrong} {listed}", path=metric.path, line=metric.line, field=f"{metric.name}.expression")
    name = missing(metric, columns)
    if name:
        raise document.error(
            f'the metric "{metric.name}" needs a column "{name}", which is not here. {nearest(name, columns)} '
            f"Its expression is at {metric.path}:{metric.line}.",
            place,
        )


def _refuse_lonely_sql(folder: Path) -> None:
    for schema in SCHEMAS:
        for path in sorted((folder / schema).glob("*.sql")):
            if not path.with_suffix(".yml").is_file():
                raise SpecError(f"its twin {path.stem}.yml is missing. Write it beside this file.", path=path)


def _refuse_copies(twins: list[Twin]) -> None:
    """What is said twice belongs in columns.yml; what means something else needs its own words."""
    said: dict[str, Column] = {}
    for twin in twins:
        for position, column in enumerate(twin.columns):
            if said.setdefault(column.description, column) != column:
                document = Document.read(twin.path)
                raise document.error(
                    f'"{column.name}" has the words of another column, "{said[column.description].name}". '
                    "Say what is different, or share one in columns.yml.",
                    ["columns", position],
                )


def _check_references(twins: list[Twin]) -> None:
    by_name = {twin.relation: twin for twin in twins}
    for twin in twins:
        for column, target in twin.references.items():
            wrong = _wrong_reference(twin, column, target, by_name)
            if wrong:
                raise Document.read(twin.path).error(wrong, ["references", column])


def _wrong_reference(twin: Twin, column: str, target: str, by_name: Mapping[str, Twin]) -> str:
    columns = [column.name for column in twin.columns]
    relation, _, key = target.rpartition(".")
    readable = [name for name, other in by_name.items() if other.schema_name == twin.schema_name]
    if column not in columns:
        return f'"{column}" is not a column of {twin.relation}. {nearest(column, columns)}'
    if relation not in readable:
        return f'"{relation}" is not a relation of {twin.schema_name}. {nearest(relation, readable)}'
    if by_name[relation].key != (key,):
        return f'"{key}" is not the key of {relation}, which is {", ".join(by_name[relation].key) or "none"}.'
    return ""


def _refuse_unknown_filters(twins: list[Twin]) -> None:
    known = {column.name for twin in twins for column in twin.columns}
    for twin in twins:
        for alias in sorted(twin.filters.keys() - known):
            message = f'no relation has a column "{alias}". {nearest(alias, known)}'
            raise Document.read(twin.path).error(message, ["filters", alias])


def _refuse_unused(path: Path, defined: Mapping[str, Any], used: set[str]) -> None:
    for name in defined:
        if name not in used:
            document = Document.read(path)
            raise document.error("no relation lists it. List it in a twin, or take it out.", [name])


def _in_order(twins: list[Twin]) -> tuple[Twin, ...]:
    by_name = {twin.relation: twin for twin in twins}
    for twin in twins:
        for name in twin.reads:
            if not name.startswith("warehouse.") and name not in by_name and name not in GENERATED:
                raise _sql_error(twin, name, f'"{name}" is not a relation. {nearest(name, by_name)}')
            if twin.schema_name == "rollup" and name.startswith("mart."):
                raise _sql_error(twin, name, f'a rollup cannot stand on "{name}": mart is built after it.')
    graph = {twin.relation: [name for name in twin.reads if name in by_name] for twin in twins}
    try:
        return tuple(by_name[name] for name in TopologicalSorter(graph).static_order())
    except CycleError as error:
        circle = error.args[1]
        raise _sql_error(by_name[circle[0]], circle[-2], f"it reads itself: {' <- '.join(circle)}.") from error


def _sql_error(twin: Twin, name: str, message: str) -> SpecError:
    """The error at the first place of the twin's SQL that names the relation ``name``."""
    line = next((place.line for place in named(twin.sql) if place.relation == name), None)
    return SpecError(message, path=twin.path.with_suffix(".sql"), line=line)
