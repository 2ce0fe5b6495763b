"""Judges the expression of a metric by its tree: whether it is an aggregate, of columns that are there, and means what
its spec says.

What only the server knows, such as whether it has a function, ``totals`` finds out before a refresh commits.
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import pairwise

import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError, SqlglotError

from bootstrap.semantic.document import nearest
from bootstrap.semantic.spec import Column, Metric

_AGGREGATES = frozenset(
    {"any_value", "avg", "count", "max", "median", "min", "mode", "percentile_cont", "stddev", "string_agg", "sum"}
)
"""Those that a misspelt one is compared with."""

_FURTHER_AGGREGATES = frozenset(
    {"every", "json_agg_strict", "json_object_agg_strict", "json_object_agg_unique", "json_object_agg_unique_strict",
     "jsonb_agg", "jsonb_agg_strict", "jsonb_object_agg_strict", "jsonb_object_agg_unique",
     "jsonb_object_agg_unique_strict", "range_agg", "range_intersect_agg", "xmlagg"}
)  # fmt: skip
"""Aggregates of PostgreSQL that the parser does not know as such. A test compares them with the server's."""


def problem(metric: Metric, columns: Mapping[str, Column]) -> str:
    """The first thing wrong with the expression over ``columns``, in a sentence or two; empty when all is right."""
    try:
        tree = _parsed(metric.expression)
    except SqlglotError as error:
        return f'the metric "{metric.name}" is not SQL: {_explained(error)}. Fix the expression.'
    return next(_problems(tree, metric, columns), "")


def missing(metric: Metric, columns: Mapping[str, Column]) -> str:
    """The first column of the expression that ``columns`` does not have; empty when all are there."""
    names = map(_name, _parsed(metric.expression).find_all(exp.Column))
    return next((name for name in names if name not in columns), "")


def guards(expression: str) -> list[str]:
    """The columns of which it needs one value only: those of "when min(column) = max(column) then"."""
    conditions = [part for branch in _parsed(expression).find_all(exp.If) for part in _all_of(branch.this)]
    names = {_name(column) for part in conditions for column in part.find_all(exp.Column)}
    return sorted(name for name in names if any(_compares_ends(part, name) for part in conditions))


@lru_cache(maxsize=1024)
def _parsed(expression: str) -> exp.Expression:
    """The tree of the one expression. Raises ``SqlglotError`` for anything else."""
    statements = sqlglot.parse(f"select {expression}", read="postgres")
    query = statements[0]
    if len(statements) != 1 or not isinstance(query, exp.Select) or len(query.expressions) != 1:
        raise ParseError("one expression is needed, and nothing beside it")
    parts = [part for part, value in query.args.items() if value and part != "expressions"]
    if parts or isinstance(query.expressions[0], exp.Alias):
        raise ParseError("an expression alone is needed, without a name, from or where")
    tree: exp.Expression = query.expressions[0]
    return tree.copy()


def _explained(error: SqlglotError) -> str:
    found = getattr(error, "errors", None)
    return f"{found[0]['description']} near {found[0]['highlight']!r}" if found else str(error).splitlines()[0]


def _problems(tree: exp.Expression, metric: Metric, columns: Mapping[str, Column]) -> Iterator[str]:
    named = f'the metric "{metric.name}"'
    yield from (f"{named} holds {what}. An aggregate of columns is needed." for what in _foreign(tree))
    for column in tree.find_all(exp.Column):
        if column.table:
            yield f'{named} names "{column.sql()}". Name the column alone: "{_name(column)}".'
        if not any(_is_aggregate(above) for above in _above(column)):
            yield f'{named} has "{_name(column)}" outside of an aggregate{_misspelt(column)}.'
    if not any(_is_aggregate(node) for node in tree.walk()):
        yield f"{named} is not an aggregate. Write one, such as sum(...) or count(*)."
    for total in tree.find_all(exp.Sum):
        for column in _summed(total.this):
            yield from _wrong_sum(named, total, columns.get(_name(column)))
    if metric.additive and not _is_total(tree):
        yield f"{named} is not a sum or a count of rows, so its values cannot be added up. Say additive: false."


def _foreign(tree: exp.Expression) -> Iterator[str]:
    if tree.find(exp.Query):
        yield "a subquery"
    if tree.find(exp.Window):
        yield "a window function"
    if any(node.comments for node in tree.walk()):
        yield "a comment"


def _name(column: exp.Column) -> str:
    """As the server reads it: without quotes in lower case."""
    name: str = column.name
    return name if column.this.args.get("quoted") else name.lower()


def _above(node: exp.Expression) -> Iterator[exp.Expression]:
    while node.parent:
        node = node.parent
        yield node


def _is_aggregate(node: exp.Expression) -> bool:
    """Also for what wraps one: a filter, whose condition is of rows too, and an order within a group."""
    if isinstance(node, exp.Anonymous):
        return node.name.lower() in _FURTHER_AGGREGATES
    kinds = (exp.AggFunc, exp.JSONArrayAgg, exp.JSONObjectAgg, exp.WithinGroup)
    return isinstance(node, kinds) or (isinstance(node, exp.Filter) and _is_aggregate(node.this))


def _misspelt(column: exp.Column) -> str:
    """What an unknown function around the column was perhaps meant to be."""
    for above in _above(column):
        if isinstance(above, exp.Anonymous):
            return f': "{above.name}" is not an aggregate. {nearest(above.name, _AGGREGATES).rstrip(".")}'
    return ""


def _summed(node: exp.Expression) -> Iterator[exp.Column]:
    """The columns whose values are added up, not those that only decide which are."""
    if isinstance(node, exp.Column):
        yield node
    elif isinstance(node, exp.Case):
        for branch in [*[case.args["true"] for case in node.args["ifs"]], node.args.get("default")]:
            yield from _summed(branch) if branch else ()
    elif not isinstance(node, exp.Predicate | exp.Connector | exp.Not):
        for part in node.iter_expressions():
            yield from _summed(part)


def _wrong_sum(named: str, total: exp.Sum, column: Column | None) -> Iterator[str]:
    if column is None:
        return
    if not column.additive:
        yield f'{named} sums "{column.name}", whose sum over rows means nothing. List a metric that counts afresh.'
    for guard in column.within:
        if not _is_within_one(total, guard):
            yield (
                f'{named} sums "{column.name}", which means something only within one "{guard}". '
                f"Write case when min({guard}) = max({guard}) then sum({column.name}) end."
            )


def _is_within_one(total: exp.Expression, guard: str) -> bool:
    """Whether the sum is what follows on "when min(guard) = max(guard) then"."""
    return any(
        isinstance(branch, exp.If)
        and node.arg_key == "true"
        and isinstance(branch.parent, exp.Case)
        and not branch.parent.this
        and any(_compares_ends(condition, guard) for condition in _all_of(branch.this))
        for node, branch in pairwise([total, *_above(total)])
    )


def _all_of(condition: exp.Expression) -> list[exp.Expression]:
    """The parts that all hold when the condition does."""
    bare = condition.unnest()
    return [*_all_of(bare.this), *_all_of(bare.expression)] if isinstance(bare, exp.And) else [bare]


def _compares_ends(condition: exp.Expression, guard: str) -> bool:
    if not isinstance(condition, exp.EQ):
        return False
    sides = [condition.this.unnest(), condition.expression.unnest()]
    ends = {type(side) for side in sides}
    return ends == {exp.Min, exp.Max} and all(
        isinstance(side.this, exp.Column) and _name(side.this) == guard for side in sides
    )


def _is_total(node: exp.Expression) -> bool:
    """Whether it is a sum or count over rows, or made of such in a way that keeps adding up."""
    match node:
        case exp.Sum() | exp.Count():
            return not isinstance(node.this, exp.Distinct)
        case exp.CountIf():
            return True
        case exp.Paren() | exp.Cast() | exp.Neg() | exp.Filter():
            return _is_total(node.this)
        case exp.Add() | exp.Sub():
            return _is_total(node.this) and _is_total(node.expression)
        case exp.Mul():
            return any(_is_total(one) and _is_constant(other) for one, other in _both_ways(node))
        case exp.Div():
            return _is_total(node.this) and _is_constant(node.expression)
        case exp.Coalesce():
            return _is_total(node.this) and [other.sql() for other in node.expressions] == ["0"]
    return False


def _both_ways(node: exp.Binary) -> list[tuple[exp.Expression, exp.Expression]]:
    return [(node.this, node.expression), (node.expression, node.this)]


def _is_constant(node: exp.Expression) -> bool:
    return not any(isinstance(part, exp.Column | exp.Star) or _is_aggregate(part) for part in node.walk())
