"""Writes the words of the layer into the database: a comment on every relation and column, and the metric catalogue."""

from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256

from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor
from psycopg2.extras import execute_values

from bootstrap.semantic.spec import Column, Layer, Metric, Twin

UsedIn = Mapping[str, Sequence[str]]
_SCHEMAS = {
    "mart": "The semantic layer: documented relations and certified metrics. What BI users read.",
    "rollup": "Private sums by month that the relations of mart stand on.",
}

_INSERT_COLUMNS = """
    insert into rollup.mart_column
    select
        said.relation, said.column_name, made.attnum, said.label, said.description, said.role,
        format_type(made.atttypid, made.atttypmod), said.format, said.currency, said.is_additive, said.refers_to
    from (values %s)
        as said (relation, column_name, label, description, role, format, currency, is_additive, refers_to)
    inner join pg_attribute as made on made.attrelid = said.relation::regclass and made.attname = said.column_name
"""


def documentation(layer: Layer, used_in: UsedIn) -> dict[str, str]:
    """A digest, by relation, of all that is said about it; a change of words alone rebuilds nothing."""
    catalogue = repr([_catalogue_row(layer, metric, used_in) for metric in layer.metrics.values()])
    return {twin.relation: sha256((_said(twin) + catalogue).encode()).hexdigest() for twin in layer.twins}


def write_comments(cursor: Cursor, twins: Iterable[Twin]) -> None:
    """Comment on each relation and column of ``twins``, in one round trip: readers may be waiting."""
    comments = [sql.SQL(f"comment on schema {name} is {{}}").format(sql.Literal(it)) for name, it in _SCHEMAS.items()]
    for twin in twins:
        relation = sql.Identifier(twin.schema_name, twin.name)
        kind = sql.SQL(twin.object)
        comments.append(sql.SQL("comment on {} {} is {}").format(kind, relation, sql.Literal(twin.description)))
        for column in twin.columns:
            name = sql.Identifier(twin.schema_name, twin.name, column.name)
            comments.append(sql.SQL("comment on column {} is {}").format(name, sql.Literal(column_comment(column))))
    cursor.execute(sql.SQL("; ").join(comments))


def write_catalogues(cursor: Cursor, layer: Layer, used_in: UsedIn) -> None:
    """Fill the tables of ``mart.metric_catalogue`` and ``mart.column_catalogue``."""
    cursor.execute("delete from rollup.metric")
    rows = [_catalogue_row(layer, metric, used_in) for metric in layer.metrics.values()]
    execute_values(cursor, "insert into rollup.metric values %s", rows, page_size=10_000)
    _write_columns(cursor, layer)


def column_comment(column: Column) -> str:
    """Label, then description, as a reader of ``\\d+`` sees it."""
    return f"{column.label}. {column.description}"


def listed_on(layer: Layer, metric: str) -> list[Twin]:
    """The relations that carry ``metric``."""
    return [twin for twin in layer.twins if metric in twin.metrics]


def _catalogue_row(layer: Layer, metric: Metric, used_in: UsedIn) -> list[object]:
    relations = [twin.relation for twin in listed_on(layer, metric.name)]
    return [
        metric.name,
        metric.label,
        metric.expression,
        metric.unit,
        metric.description,
        metric.owner,
        metric.certified,
        metric.additive,
        ", ".join([*relations, *used_in.get(metric.name, ())]),
        metric.caution,
    ]


def _said(twin: Twin) -> str:
    return twin.description + repr(twin.columns) + repr(twin.references)


def _write_columns(cursor: Cursor, layer: Layer) -> None:
    """Fill the table of ``mart.column_catalogue``: what the twins of mart say, with the types that the server knows."""
    rows = [_column_row(twin, column) for twin in layer.twins if twin.schema_name == "mart" for column in twin.columns]
    cursor.execute("delete from rollup.mart_column")
    execute_values(cursor, _INSERT_COLUMNS, rows, page_size=10_000)


def _column_row(twin: Twin, column: Column) -> tuple[object, ...]:
    return (
        twin.relation,
        column.name,
        column.label,
        column.description,
        column.role,
        column.format,
        column.currency,
        column.additive and not column.within if column.role == "measure" else None,
        twin.references.get(column.name),
    )
