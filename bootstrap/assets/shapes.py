"""What each kind of chart is made of: a spec that Superset would draw empty or wrong is refused with its line."""

from dataclasses import dataclass

from bootstrap.assets.spec import Chart
from bootstrap.semantic.document import Document

_ANY = 99


@dataclass(frozen=True)
class Shape:
    """How many entries a field of a chart may have: the least and the most."""

    metrics: tuple[int, int] = (1, 1)
    more_metrics: tuple[int, int] = (0, 0)
    x: tuple[int, int] = (0, 0)
    by: tuple[int, int] = (0, _ANY)
    columns: tuple[int, int] = (0, 0)
    template: tuple[int, int] = (0, 0)


_LINES = Shape(metrics=(1, _ANY), x=(1, 1))
_ROWS = Shape(metrics=(0, 0), by=(0, 0), columns=(1, _ANY))
SHAPES = {
    "area": _LINES,
    "bar": _LINES,
    "bubble": Shape(metrics=(3, 3), by=(1, 2)),
    "cards": Shape(metrics=(0, 0), by=(0, 0), columns=(1, _ANY), template=(1, _ANY)),
    "heatmap": Shape(x=(1, 1), by=(1, 1)),
    "kpi": Shape(by=(0, 0)),
    "line": _LINES,
    "mixed": Shape(metrics=(1, _ANY), more_metrics=(1, _ANY), x=(1, 1)),
    "pie": Shape(by=(1, _ANY)),
    "pivot": Shape(metrics=(1, _ANY), x=(0, 1)),
    "scores": Shape(metrics=(1, _ANY), by=(1, _ANY)),
    "table": Shape(metrics=(1, _ANY)),
    "treemap": Shape(by=(1, _ANY)),
    "trend": Shape(x=(1, 1), by=(0, 0)),
    "world_map": Shape(more_metrics=(1, 1), by=(1, 1)),
}


def check_shape(chart: Chart, document: Document) -> None:
    """Raise ``SpecError`` for the first field that the kind of chart lacks, or does not have."""
    shape = _ROWS if chart.viz == "table" and chart.columns else SHAPES[chart.viz]
    for field, (least, most) in vars(shape).items():
        given = getattr(chart, field)
        count = len(given) if isinstance(given, tuple) else int(bool(given))
        if count < least:
            wanted = "one" if least == 1 else f"{least} of them"
            raise document.error(f'A chart of the kind {chart.viz} needs "{field}": give {wanted}.', [field])
        if count > most:
            rest = f"takes at most {most} under" if most else "takes no"
            raise document.error(f'A chart of the kind {chart.viz} {rest} "{field}". Remove what is too much.', [field])
