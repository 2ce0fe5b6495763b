"""What stands below a chart on a dashboard: how to read it, and which filters of the bar it does not follow."""

from math import ceil

from bootstrap.publish.spec import Chart, Dashboard, Specs

_CHARACTERS = 13  # that a twelfth of a dashboard 1024 pixels wide holds in one line
_LINE = 2  # units of 8 pixels


def caption(specs: Specs, dashboard: Dashboard, chart: Chart) -> str:
    """Markdown; empty for a chart without a reading that follows every filter."""
    scope = _scope(specs, dashboard, chart)
    return " ".join(part for part in (chart.reading, f"**{scope}**" if scope else "") if part)


def height(text: str, *, width: int) -> int:
    """Of the text below a chart so many twelfths wide, in units of 8 pixels."""
    return max(6, 1 + _LINE * ceil(len(text) / (_CHARACTERS * width)))


def _scope(specs: Specs, dashboard: Dashboard, chart: Chart) -> str:
    """A sentence on the filters that the chart does not follow; empty when it follows all."""
    deaf = [spec for spec in dashboard.filters if not specs.acts_on(spec, chart.name)]
    values = [spec.name for spec in dashboard.filters if not spec.is_of_months]
    missed = [spec.name for spec in deaf if not spec.is_of_months or not chart.period]
    always = f"Always {chart.period}." if chart.period else ""
    if not missed:
        return always
    if values and set(values) <= set(missed):
        follows_months = any(spec.is_of_months and spec not in deaf for spec in dashboard.filters)
        return f"Whole shop: follows {'the months alone' if follows_months else 'no filter'}. {always}".strip()
    return f"Does not follow the filter{'s' * (len(missed) > 1)} {_listed(missed)}. {always}".strip()


def _listed(names: list[str]) -> str:
    return " and ".join(part for part in (", ".join(names[:-1]), names[-1]) if part)
