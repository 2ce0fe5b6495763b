"""What stands below a chart on a dashboard: how to read it, and which filters of the bar it does not follow."""

from math import ceil

from bootstrap.assets import charts, clicks
from bootstrap.assets.spec import Chart, Dashboard, Specs

_CHARACTERS = 13  # that a twelfth of a dashboard 1024 pixels wide holds in one line
_LINE = 2  # units of 8 pixels


def caption(specs: Specs, dashboard: Dashboard, chart: Chart) -> str:
    """Markdown; empty for a chart without a reading that follows every filter."""
    always = f"Always {chart.period}." if chart.period else ""
    scope = " ".join(filter(None, (_missed(specs, dashboard, chart), always)))
    return " ".join(filter(None, (chart.reading, _click(specs, dashboard, chart), f"**{scope}**" if scope else "")))


def height(text: str, *, width: int) -> int:
    """Of the text below a chart so many twelfths wide, in units of 8 pixels."""
    return max(6, 1 + _LINE * ceil(len(text) / (_CHARACTERS * width)))


def _missed(specs: Specs, dashboard: Dashboard, chart: Chart) -> str:
    """On the filters that the chart does not follow, its own months aside; empty when it follows all."""
    months = [spec for spec in dashboard.filters if spec.is_of_months]
    values = [spec for spec in dashboard.filters if not spec.is_of_months]
    deaf_months, deaf = (
        [spec.name for spec in kind if not specs.acts_on(spec, chart.name)] for kind in (months, values)
    )
    follows_months = len(deaf_months) < len(months)
    if deaf and len(deaf) == len(values):
        return f"Whole shop: follows {'the months alone' if follows_months else 'no filter'}."
    if chart.period:
        deaf_months = []
    names = [*(deaf_months if follows_months else deaf_months[:1]), *deaf]
    return f"Does not follow the filter{'s' * (len(names) > 1)} {_listed(names)}." if names else ""


def _click(specs: Specs, dashboard: Dashboard, chart: Chart) -> str:
    """What a click sends where that is less than what was clicked: a colour without its place on the axis."""
    if chart.viz not in charts.AXIS or not chart.by or not clicks.listeners(specs, dashboard, chart):
        return ""
    labels = specs.layer.twin(chart.dataset).labels
    names = [labels[name] for name in sorted(clicks.sent(specs, chart))]
    return f"A click on a colour filters by {_listed(names).lower()} alone."


def _listed(names: list[str]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
