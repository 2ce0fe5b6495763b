"""Judges SQL that a person wrote: Superset runs only what reads, one statement after another.

The judge is a parser, so that no comment, string or quoting hides a statement. What it does not know is refused.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import groupby
from typing import ClassVar

import sqlglot
from sqlglot import exp
from sqlglot.dialects.postgres import Postgres
from sqlglot.errors import SqlglotError
from sqlglot.tokens import TokenType

_READS = (exp.Query, exp.Values)
_CHANGES = (exp.DML, exp.DDL, exp.Command, exp.Copy, exp.Set, exp.TruncateTable)
_SHOW = re.compile(r'show\s+[\w."\s]+', re.I)
_EXPLAIN = re.compile(r"explain\b\s*(?:\([^()]*\)|(?:(?:analyze|analyse|verbose)\b\s*)+)?", re.I)
_FIRST_WORD = re.compile(r"(?:\s|--[^\n]*(?:\n|$)|/\*.*?\*/)*([a-z]+)", re.I | re.S)
_READING_WORDS = frozenset({"EXPLAIN", "SELECT", "SHOW", "VALUES", "WITH"})
_UNICODE_NAME = re.compile(r'u&"', re.I)  # the parser takes it for an operator and a name

_HARMLESS = frozenset(
    {"pg_column_size", "pg_get_constraintdef", "pg_get_expr", "pg_get_indexdef", "pg_get_viewdef", "pg_input_is_valid",
     "pg_relation_size", "pg_size_bytes", "pg_size_pretty", "pg_table_size", "pg_total_relation_size", "pg_typeof"}
)  # fmt: skip
_REFUSED = re.compile(
    r"pg_.*|lo_.*|dblink.*|set_config|current_setting|setval|nextval|currval|lastval|txid_current"
    r"|(database|schema|table|query|cursor)_to_xml.*|ts_stat|ts_rewrite|inet_(client|server)_(addr|port)"
    r"|current_(database|schema|schemas|user|role|catalog)|session_user|version|current_version"
)
"""Functions that act on the server, run SQL from a string, or tell of the server and its users."""


class _Words(Postgres.Tokenizer):
    """Reads on inside of SHOW and EXPLAIN, which the parser takes as plain text up to the next semicolon."""

    COMMANDS: ClassVar[set[TokenType]] = set()  # type: ignore[misc]  # declared as one of instances there


@lru_cache(maxsize=512)
def refusal(sql: str) -> str:
    """Why the SQL may not run: what is wrong and what to do, in a sentence or two. Empty when it only reads."""
    if _UNICODE_NAME.search(sql):
        return 'Names written as U&"..." are not allowed. Write the name itself.'
    try:
        return next((problem for statement in _split(sql) for problem in _judged(statement)), "")
    except (SqlglotError, RecursionError) as error:
        return _unreadable(sql, error)


def _split(sql: str) -> Iterator[str]:
    """Each statement without the semicolon behind it."""
    groups = groupby(_Words(dialect="postgres").tokenize(sql), lambda token: token.token_type == TokenType.SEMICOLON)
    for _, group in (item for item in groups if not item[0]):
        tokens = list(group)
        yield sql[tokens[0].start : tokens[-1].end + 1]


def _judged(statement: str) -> Iterator[str]:
    if _SHOW.fullmatch(statement):
        return
    if explain := _EXPLAIN.match(statement):
        yield refusal(statement[explain.end() :])
        return
    for tree in sqlglot.parse(statement, read="postgres"):
        if tree is not None:
            yield from _problems(tree, statement)


def _unreadable(sql: str, error: Exception) -> str:
    word = _word(sql)
    if word and word not in _READING_WORDS:
        return _not_allowed(word)
    found = getattr(error, "errors", None)
    near = f" near {found[0]['highlight']!r}" if found and found[0].get("highlight") else ""
    return f"The query cannot be parsed{near}. Check its syntax."


def _not_allowed(word: str) -> str:
    return f"{word} is not allowed: queries may only read. Write a SELECT instead."


def _problems(tree: exp.Expression, statement: str) -> Iterator[str]:
    if isinstance(tree, _READS):
        yield from _inside(tree)
    else:
        yield _not_allowed(tree.key.upper() if isinstance(tree, exp.DML) else _word(statement))


def _inside(tree: exp.Expression) -> Iterator[str]:
    for node in tree.walk():
        if isinstance(node, _CHANGES):
            yield _not_allowed(node.key.upper())
        elif isinstance(node, exp.Into):
            yield "SELECT ... INTO is not allowed: queries may only read. Leave INTO out."
        elif isinstance(node, exp.Lock):
            yield "SELECT ... FOR UPDATE or FOR SHARE is not allowed: it locks rows. Leave it out."
        elif isinstance(node, exp.Func) and (name := _refused(node)):
            yield f"The function {name} is not allowed: queries may only read the shop's data. Leave it out."


def _refused(node: exp.Func) -> str:
    """The function's name if it is refused, else an empty text."""
    names = [node.name] if isinstance(node, exp.Anonymous) else node.sql_names()
    lower = [name.lower() for name in names]
    return next((name for name in lower if _REFUSED.fullmatch(name) and name not in _HARMLESS), "")


def _word(statement: str) -> str:
    """The first word of a statement, in capitals."""
    found = _FIRST_WORD.match(statement)
    return found[1].upper() if found else ""
