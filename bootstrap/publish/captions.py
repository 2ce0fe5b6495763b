"""What stands below a chart on a dashboard: how to read it, and which filters of the bar it does not follow."""

from math import ceil

from bootstrap.publish import charts, clicks
from bootstrap.publish.spec import Chart, Dashboard, Specs

_CHARACTERS = 13  # that a twelfth of a dashboard 1024 pixels wide holds in one line
_LINE = 2  # units of 8 pixels


def caption(specs: Specs, dashboard: Dashboard, chart: Chart) -> str:
    """Markdown; empty for a chart without a reading that follows every filter."""
    scope = _scope(specs, dashboard, chart)
    return " ".join(
        part for part in (chart.reading, _click(specs, dashboard, chart), f"**{scope}**" if scope else "") if part
    )


def height(text: str, *, width: int) -> int:
    """Of the text below a chart so many twelfths wide, in units of 8 pixels."""
    return max(6, 1 + _LINE * ceil(len(text) / (_CHARACTERS * width)))


def _scope(specs: Specs, dashboard: Dashboard, chart: Chart) -> str:
    """A sentence on the filters that the chart does not follow; empty when it follows all."""
    always = f"Always {chart.period}." if chart.period else ""
    missed = [spec for spec in dashboard.filters if not specs.acts_on(spec, chart.name)]
    months, values = ([spec.name for spec in missed if spec.is_of_months is kind] for kind in (True, False))
    all_months, all_values = (
        [spec for spec in dashboard.filters if spec.is_of_months is kind] for kind in (True, False)
    )
    if values and len(values) == len(all_values):
        follows = "the months alone" if len(months) < len(all_months) else "no filter"
        return f"Whole shop: follows {follows}. {always}".strip()
    if len(months) == len(all_months):
        months = months[:1]  # one name for all that choose months
    names = [*([] if chart.period else months), *values]
    return f"Does not follow the filter{'s' * (len(names) > 1)} {_listed(names)}. {always}".strip() if names else always


def _click(specs: Specs, dashboard: Dashboard, chart: Chart) -> str:
    """What a click sends where that is less than what was clicked: a colour without its place on the axis."""
    if chart.viz not in charts.AXIS or not chart.by or not clicks.listeners(specs, dashboard, chart):
        return ""
    labels = {column.name: column.label for column in specs.layer.twin(chart.dataset).columns}
    names = [labels[name] for name in sorted(clicks.sent(specs, chart))]
    return f"A click on a colour filters by {_listed(names).lower()} alone."


def _listed(names: list[str]) -> str:
    return " and ".join(part for part in (", ".join(names[:-1]), names[-1]) if part)
