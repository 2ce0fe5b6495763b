"""The question index: which chart answers which question, with its metrics, its SQL and the tests that hold it."""

from pathlib import Path

from bootstrap.assets.spec import Chart, Question, Slice, Specs, Where
from bootstrap.templates import render

_HAND_COUNTED = "tests/semantic/test_shop.py::test_a_relation_holds_what_was_counted_on_paper"
_CHART_TEST = "tests/semantic/test_questions.py::test_a_chart_answers_from_the_database"


def write_questions(specs: Specs, path: Path) -> None:
    """Write the index of the questions."""
    path.write_text(question_index(specs), encoding="utf-8")


def question_index(specs: Specs) -> str:
    """The index, as Markdown: the questions with their charts, then the SQL of each chart."""
    found = [(question, list(specs.answers(question.key))) for question in specs.questions.values()]
    questions = [(question, answers, _tests(question, [chart for chart, _ in answers])) for question, answers in found]
    queries = {chart.name: (chart, chart_sql(chart, specs)) for _, answers in found for chart, _ in answers}
    return render("questions.md", questions=questions, queries=queries.values())


def _tests(question: Question, charts: list[Chart]) -> list[str]:
    """Those that hold what the charts say."""
    counted = [f"{_HAND_COUNTED}[{name}]" for name in sorted({chart.dataset for chart in charts})]
    return [*question.tests, *counted, *(f"{_CHART_TEST}[{name}]" for name in sorted({chart.name for chart in charts}))]


def chart_sql(chart: Chart, specs: Specs) -> str:
    """What the chart asks of the database before any filter is set, as an analyst would write it."""
    metrics = [specs.layer.metrics[name] for name in (*chart.metrics, *chart.more_metrics)]
    dimensions = [*([chart.x] if chart.x else []), *chart.by]
    targets = [*chart.columns, *map(_dimension, dimensions)]
    targets += [f"{metric.expression} as {metric.name}" for metric in metrics]
    order = f"{chart.sort.by}{' desc' if chart.sort.descending else ''}" if chart.sort else "1" if chart.x else ""
    lines = [
        "select",
        ",\n".join(f"    {target}" for target in targets),
        f"from mart.{chart.dataset}",
        chart.where and "where " + " and ".join(map(_condition, chart.where)),
        dimensions and not chart.columns and f"group by {', '.join(str(n) for n, _ in enumerate(dimensions, 1))}",
        order and f"order by {order}",
    ]
    return "\n".join(line for line in lines if line)


def _dimension(item: str | Slice) -> str:
    return item if isinstance(item, str) else f'{item.sql.strip()} as "{item.label}"'


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
