"""Conditions of a question, as parsed SQL: comparisons of dimensions with values, and nothing else."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from bootstrap.errors import UsageError

_MONTH = re.compile(r"\d{4}-\d{2}")
_ALLOWED = (
    exp.Column, exp.Identifier, exp.Literal, exp.Boolean, exp.Null, exp.Neg, exp.Paren, exp.Tuple, exp.And, exp.Or,
    exp.Not, exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.In, exp.Between, exp.Is, exp.Like, exp.ILike,
)  # fmt: skip


@dataclass(frozen=True)
class Condition:
    """One that all others hold beside. ``names`` are its dimensions, ``fixed`` those that it leaves one value."""

    tree: exp.Expression
    names: frozenset[str]
    fixed: frozenset[str]

    def sql(self, named: Mapping[str, str]) -> str:
        """The condition with each dimension as ``named`` says it."""

        def put(node: exp.Expression) -> exp.Expression:
            return sqlglot.parse_one(named[_name(node)], read="postgres") if isinstance(node, exp.Column) else node

        text: str = self.tree.copy().transform(put).sql(dialect="postgres")
        return text


def conditions(text: str) -> list[Condition]:
    """The parts of a condition that all hold. Raises ``UsageError`` for what is no comparison with values."""
    try:
        tree = sqlglot.parse_one(text, read="postgres")
    except SqlglotError as error:
        raise UsageError(f"--where {text!r} is not SQL. Write a condition, such as \"country = 'France'\".") from error
    for node in tree.walk():
        if not isinstance(node, _ALLOWED):
            raise UsageError(f"--where {text!r} has {node.sql()}. Compare dimensions with values, and nothing else.")
    if not isinstance(tree, exp.Predicate | exp.Connector | exp.Not | exp.Paren | exp.Column):
        raise UsageError(f"--where {text!r} compares nothing. Write a condition, such as \"country = 'France'\".")
    for literal in tree.find_all(exp.Literal):
        if literal.is_string and _MONTH.fullmatch(literal.this):
            literal.set("this", f"{literal.this}-01")
    return [_condition(part) for part in (tree.flatten() if isinstance(tree, exp.And) else [tree])]


def _condition(part: exp.Expression) -> Condition:
    names = frozenset(map(_name, part.find_all(exp.Column)))
    is_one = isinstance(part.unnest(), exp.EQ)
    return Condition(part, names, names if is_one and len(names) == 1 else frozenset())


def _name(column: exp.Expression) -> str:
    assert isinstance(column, exp.Column)
    return f"{column.table}.{column.name}" if column.table else str(column.name)
