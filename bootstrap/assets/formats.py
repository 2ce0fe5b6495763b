"""How numbers read: d3 formats, and the currency that Superset puts beside them.

Superset draws a currency apart from the number and before its sign: "€ -6.10". The project's own one is the ``$`` of
d3 instead, which ``D3_FORMAT`` in superset_config.py sets to its sign: "-€6.10", and "€5.3k" for ``$.2~s``.
"""

from bootstrap.assets.native import Native
from bootstrap.project import current
from bootstrap.semantic.spec import Column, Metric

_SHORT = 20


def number(item: Metric | Column) -> str | None:
    """The d3 format; for a sum in the project's own currency with its sign."""
    return item.format and _money(item.format, item.currency)


def axis(metric: Metric) -> str:
    """The d3 format on an axis, where cents are noise."""
    return _money(",.0f", metric.currency) if metric.currency else metric.format


def currency(item: Metric | Column) -> Native:
    """The sign that Superset puts beside a number: that of any currency but the project's own."""
    is_plain = item.currency in (None, current().currency)
    return {} if is_plain else {"symbol": item.currency, "symbolPosition": "prefix"}


def title(metric: Metric, *, alone: bool) -> str:
    """Of the axis of its values, in few words, as Superset centres them above the axis."""
    return metric.label if alone and len(metric.label) < _SHORT else _unit(metric)


def _unit(metric: Metric) -> str:
    if "%" in metric.format:
        return "Percent"
    return current().words["Money"] if metric.currency == current().currency else metric.unit.capitalize()


def _money(spec: str, code: str | None) -> str:
    """d3 wants the sign of a currency behind that of the number, before width and digits."""
    sign = spec[:1] if spec[:1] in ("+", "-", "(", " ") else ""
    return f"{sign}${spec.removeprefix(sign)}" if code == current().currency else spec
