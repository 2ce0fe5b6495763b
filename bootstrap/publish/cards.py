"""Key figures as cards: the newest complete month against the month before and the same month last year.

The chart's rows are the months 0, 1 and 12 months ago, so that a slice without sales in one of them never compares the
wrong months. Handlebars with Superset's helpers draws them; classes are styled by the dashboard.
"""

from bootstrap.layer.spec import Metric

_SYMBOLS = {"GBP": "£", "EUR": "€", "USD": "$"}
_AGES = {1: "on month before", 12: "on last year"}


def _value(metric: Metric) -> str:
    if metric.currency:
        return f'{_SYMBOLS[metric.currency]}{{{{formatNumber (floor (sum {metric.name} 0.5)) "en-GB"}}}}'
    if "%" in metric.format:
        return f'{{{{sprintf "%.1f%%" (multiplication {metric.name} 100)}}}}'
    return f'{{{{formatNumber {metric.name} "en-GB"}}}}'


def _change(metric: Metric, age: int) -> str:
    name = metric.name
    percent = f"(multiplication (division (difference ../{name} {name}) {name}) 100)"
    arrow = f"{{{{#if (gt ../{name} {name})}}}}▲{{{{else}}}}▼{{{{/if}}}}"
    text = f'{arrow} {{{{sprintf "%+.1f%%" {percent}}}}} {_AGES[age]}'
    inner = f"{{{{#if (eq months_ago {age})}}}}{{{{#if {name}}}}}{text}{{{{/if}}}}{{{{/if}}}}"
    return f'<div class="lgs-change">{{{{#each ../data}}}}{inner}{{{{/each}}}}</div>'


def _card(metric: Metric) -> str:
    changes = "".join(_change(metric, age) for age in _AGES)
    value = f'<div class="lgs-value">{_value(metric)}</div>'
    return f'<div class="lgs-card"><div class="lgs-label">{metric.label}</div>{value}{changes}</div>'


def scores(metrics: list[Metric]) -> str:
    """The Handlebars text over rows with ``month``, ``months_ago`` and the metrics."""
    cards = "".join(_card(metric) for metric in metrics)
    month = '<div class="lgs-month">{{dateFormat month format="MMMM YYYY"}}, the newest complete month</div>'
    shown = f'{{{{#if (eq months_ago 0)}}}}{month}<div class="lgs-cards">{cards}</div>{{{{/if}}}}'
    return f"{{{{#each data}}}}{shown}{{{{else}}}}Nothing in these months.{{{{/each}}}}"
