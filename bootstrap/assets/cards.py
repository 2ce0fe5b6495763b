"""Key figures as cards: the newest complete month against the month before and the same month last year.

The chart's rows are the months 0, 1 and 12 months ago, so that a slice without sales in one of them never compares the
wrong months. Handlebars with Superset's helpers draws them; classes are styled by the dashboard.
"""

from bootstrap.project import current
from bootstrap.semantic.spec import Metric

_AGES = (1, 12)
_NONE = "–"
_NOTHING = "Nothing of this choice was bought in the newest complete month."


def _is_rate(metric: Metric) -> bool:
    return "%" in metric.format


def _if(condition: str, then: str, otherwise: str = "") -> str:
    return f"{{{{#if {condition}}}}}{then}{{{{else}}}}{otherwise}{{{{/if}}}}"


def _known(name: str) -> str:
    """True for any number, 0 too; false for what is missing."""
    return f"(or (eq {name} 0) {name})"


def _locale() -> str:
    """As browsers write it."""
    return current().locale.replace("_", "-")


def _value(metric: Metric) -> str:
    name = metric.name
    if _is_rate(metric):
        shown = f'{{{{sprintf "%.1f%%" (multiplication {name} 100)}}}}'
    elif metric.currency:
        before, behind = current().affixes(metric.currency)
        rounded = f'{before}{{{{formatNumber (floor (sum (abs {name}) 0.5)) "{_locale()}"}}}}{behind}'
        shown = _if(f"(lt {name} 0)", "-") + rounded
    else:
        shown = f'{{{{formatNumber {name} "{_locale()}"}}}}'
    return _if(_known(name), shown, _NONE)


def _difference(metric: Metric) -> str:
    """In percent of the month before; in points for a rate, of which a percentage would be one of percents."""
    now, before = f"../{metric.name}", metric.name
    if _is_rate(metric):
        return f"(multiplication (difference {now} {before}) 100)"
    return f"(multiplication (division (difference {now} {before}) (abs {before})) 100)"


def _verdict(metric: Metric) -> str:
    """The arrow, its class and its word: a rise is good news or bad, as the metric says."""
    rise, fall = ("good", "bad") if metric.better == "up" else ("bad", "good")
    words = {"good": "better", "bad": "worse"}
    sides = [f'<span class="lgs-{side}" title="{words[side]}">{arrow} ' for side, arrow in ((rise, "▲"), (fall, "▼"))]
    return _if(f"(gt ../{metric.name} {metric.name})", *sides)


def _compared(metric: Metric) -> str:
    """The change against the row at hand, whose month it names; a dash where there is none to tell."""
    now, before, change = f"../{metric.name}", metric.name, _difference(metric)
    digits = f'{{{{sprintf "%+.1f" {change}}}}}{" points" if _is_rate(metric) else "%"}'
    month = '{{dateFormat month format="MMMM YYYY"}}'
    moved = f"{_verdict(metric)}{digits}</span> on {month}"
    told = _if(f'(eq (sprintf "%.1f" (abs {change})) "0.0")', f"{_NONE} no change on {month}", moved)
    untold = f"{_NONE} no comparison with {month}"
    fraction = told if _is_rate(metric) else _if(f"(eq {before} 0)", untold, told)
    return _if(f"(and {_known(before)} {_known(now)})", fraction, untold)


def _change(metric: Metric, age: int) -> str:
    """Empty, which the dashboard's style fills with a dash, where the chart has no row of that month."""
    inner = _if(f"(eq months_ago {age})", _compared(metric))
    return f'<div class="lgs-change">{{{{#each ../data}}}}{inner}{{{{/each}}}}</div>'


def _card(metric: Metric) -> str:
    changes = "".join(_change(metric, age) for age in _AGES)
    value = f'<div class="lgs-value">{_value(metric)}</div>'
    return f'<div class="lgs-card"><div class="lgs-label">{metric.label}</div>{value}{changes}</div>'


def scores(metrics: list[Metric]) -> str:
    """The Handlebars text over rows with ``month``, ``months_ago`` and the metrics, the newest month first."""
    cards = "".join(_card(metric) for metric in metrics)
    month = '<div class="lgs-month">{{dateFormat month format="MMMM YYYY"}}, the newest complete month</div>'
    shown = _if("@first", _if("(eq months_ago 0)", f'{month}<div class="lgs-cards">{cards}</div>', _NOTHING))
    return f"{{{{#each data}}}}{shown}{{{{else}}}}{_NOTHING}{{{{/each}}}}"
