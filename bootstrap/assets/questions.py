"""The question index: which chart answers which question, with its metrics, its SQL and the tests that hold it."""

from pathlib import Path

from bootstrap.assets.spec import Chart, Question, Slice, Specs, Where

_HEAD = """# Questions

What the shop asks, and where the answer stands. Written by `lgs docs` from `superset/`.
"""
_HAND_COUNTED = "tests/semantic/test_shop.py::test_a_relation_holds_what_was_counted_on_paper"
_CHART_TEST = "tests/semantic/test_questions.py::test_a_chart_answers_from_the_database"


def write_questions(specs: Specs, path: Path) -> None:
    """Write the index of the questions."""
    path.write_text(question_index(specs), encoding="utf-8")


def question_index(specs: Specs) -> str:
    """The index, as Markdown: the questions with their charts, then the SQL of each chart."""
    questions = specs.questions.values()
    charts = {chart.name: chart for question in questions for chart, _ in specs.answers(question.key)}
    sections = [_section(question, specs) for question in questions]
    queries = [f"### {chart.title}\n\n```sql\n{chart_sql(chart, specs)}\n```\n" for chart in charts.values()]
    return "\n".join([_HEAD, *sections, "## The SQL of each chart\n", *queries])


def _section(question: Question, specs: Specs) -> str:
    found = list(specs.answers(question.key))
    rows = [f"| {chart.title} | {place} | {_figures(chart)} | `mart.{chart.dataset}` |" for chart, place in found]
    tests = [*question.tests, *[f"{_HAND_COUNTED}[{name}]" for name in sorted({chart.dataset for chart, _ in found})]]
    tests += [f"{_CHART_TEST}[{name}]" for name in sorted({chart.name for chart, _ in found})]
    head = "| chart | where | figures | relation |\n|---|---|---|---|"
    listed = "\n".join(f"- `{test}`" for test in tests)
    return f"## {question.key}\n\n{question.question}\n\n{head}\n" + "\n".join(rows) + f"\n\nTests:\n\n{listed}\n"


def _figures(chart: Chart) -> str:
    return ", ".join(f"`{name}`" for name in (*chart.metrics, *chart.more_metrics, *chart.columns))


def chart_sql(chart: Chart, specs: Specs) -> str:
    """What the chart asks of the database before any filter is set, as an analyst would write it."""
    metrics = [specs.layer.metrics[name] for name in (*chart.metrics, *chart.more_metrics)]
    dimensions = [*([chart.x] if chart.x else []), *chart.by]
    targets = [*chart.columns, *map(_dimension, dimensions)]
    targets += [f"{metric.expression} as {metric.name}" for metric in metrics]
    lines = ["select", ",\n".join(f"    {target}" for target in targets), f"from mart.{chart.dataset}"]
    lines += ["where " + " and ".join(map(_condition, chart.where))] if chart.where else []
    if dimensions and not chart.columns:
        lines.append("group by " + ", ".join(str(number + 1) for number in range(len(dimensions))))
    lines += [f"order by {_order(chart)}"] if _order(chart) else []
    return "\n".join(lines)


def _dimension(item: str | Slice) -> str:
    return item if isinstance(item, str) else f'{item.sql.strip()} as "{item.label}"'


def _order(chart: Chart) -> str:
    if chart.sort:
        return f"{chart.sort.by}{' desc' if chart.sort.descending else ''}"
    return "1" if chart.x else ""


def _condition(where: Where) -> str:
    if where.sql:
        return f"({where.sql.strip()})"
    if where.op.endswith("NULL"):
        return f"{where.column} {where.op.lower()}"
    operator = {"==": "=", "!=": "<>"}.get(where.op, where.op.lower())
    return f"{where.column} {operator} {_literal(where.value)}"


def _literal(value: object) -> str:
    if isinstance(value, tuple):
        return f"({', '.join(map(_literal, value))})"
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else "'" + str(value).replace("'", "''") + "'"
