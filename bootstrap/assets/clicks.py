"""What a click on a chart sends to the other charts of its dashboard, and which of them it makes sense for.

Superset 6.1: a table sends the cell that was clicked; a pie, a treemap and a pivot send their groups. A list of rows
would send one of any column: it is kept from filtering others. A chart with an axis sends its series without the place
on the axis, or, without series, the value on an axis of words; never a date. A heat map, cards and big numbers send
nothing. A dimension made on the spot (a ``Slice``) would filter by words that are no column.
"""

from bootstrap.assets import charts
from bootstrap.assets.spec import Chart, Dashboard, Specs

_MUTE = {"bubble", "cards", "heatmap", "kpi", "scores", "trend"}


def sent(specs: Specs, chart: Chart) -> frozenset[str]:
    """The columns that a click on the chart filters by; empty when it filters nothing."""
    if chart.viz in _MUTE:
        return frozenset()
    if chart.viz in charts.AXIS:
        items = chart.by or ((chart.x,) if chart.x and _sends_axis(specs, chart) else ())
    else:
        items = (*chart.by, *((chart.x,) if chart.x else ()))
    names = frozenset(item for item in items if isinstance(item, str))
    return names if len(names) == len(items) else frozenset()


def _sends_axis(specs: Specs, chart: Chart) -> bool:
    """Upright bars and lines over words; lying ones would send the number, those coloured by the axis nothing."""
    lies = chart.params.get("orientation") == "horizontal"
    return (
        chart.x != specs.layer.twin(chart.dataset).time and not lies and not chart.params.get("color_by_primary_axis")
    )


def listeners(specs: Specs, dashboard: Dashboard, chart: Chart) -> frozenset[str]:
    """The names of the other charts on the dashboard that a click on the chart filters."""
    what = sent(specs, chart)
    return frozenset(name for name in dashboard.charts if name != chart.name and _hears(specs, dashboard, name, what))


def _hears(specs: Specs, dashboard: Dashboard, name: str, what: frozenset[str]) -> bool:
    """Whether a click that filters by these columns makes sense for a chart; what it ignores in the bar does not."""
    twin = specs.layer.twin(specs.charts[name].dataset)
    ignored = {
        twin.time if spec.kind == "time" else spec.column
        for spec in dashboard.filters
        if spec.name in specs.charts[name].ignores
    }
    if specs.charts[name].period:
        ignored.add(twin.time)
    return bool(what) and what <= twin.filterable and not what & ignored
