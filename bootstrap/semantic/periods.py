"""Periods of a question: coarser ones than a relation has, whether one is whole, and spans beside a month."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bootstrap.errors import UsageError
from bootstrap.semantic.spec import Layer, Twin

GRAINS: dict[str, int] = {"day": 0, "week": 0, "month": 1, "quarter": 3, "year": 12}
"""The months of each period, from the finest; weeks are of no month."""

SHIFTED = {"month_before": "1 month", "year_before": "1 year"}
"""Another month beside each, by how far it lies back."""

SUMMED = {
    "year_to_date": "date_trunc('year', months.month)",
    "trailing_12_months": "months.month - interval '11 months'",
}
"""Months up to each, by the first of them. All is counted afresh over them, so that nobody counts twice."""

_WHOLE = "is_complete_month"


def of(name: str, time: str) -> str:
    """SQL for the period around ``time``, a column of a relation; empty where its times are too coarse for it."""
    if name not in GRAINS or (time in GRAINS and (time == "week" or GRAINS[name] <= GRAINS[time])):
        return ""
    return f"extract(year from own.{time})::integer" if name == "year" else f"date_trunc('{name}', own.{time})::date"


def wholes(layer: Layer, twin: Twin, by: Sequence[str]) -> str:
    """SQL that tells of the finest period of ``by`` whether it is complete; empty where nothing says so."""
    period = next((name for name in GRAINS if name in by and GRAINS[name]), "")
    months = calendar(layer, twin)
    if not period or not months:
        return ""
    value = "extract(year from month)::integer" if period == "year" else f"date_trunc('{period}', month)::date"
    inner = f"select count(*) = {GRAINS[period]} from {months} where {_WHOLE} and {value} = asked.{period}"
    return f"({inner})"


def calendar(layer: Layer, twin: Twin) -> str:
    """The relation of months that tells which are complete."""
    referenced = twin.references.get("month", "").rpartition(".")[0]
    candidates = [twin.relation if twin.key == ("month",) else "", referenced]
    found = [layer.twin(name) for name in candidates if name]
    return next((one.relation for one in found if _WHOLE in one.labels), "")


@dataclass(frozen=True)
class Spans:
    """Spans to set beside each month of ``twin``, sliced ``by``. ``wholes`` tells of a month whether it is complete,
    as the relation ``calendar`` knows.

    Raises ``UsageError`` for a span that is not known, and where there is no month to set it beside.
    """

    twin: Twin
    by: Sequence[str]
    spans: Sequence[str]
    wholes: str
    calendar: str

    def __post_init__(self) -> None:
        known = [*SHIFTED, *SUMMED]
        for span in self.spans:
            if span not in known:
                raise UsageError(f'There is no span "{span}". Known are: {", ".join(known)}.')
        if "month" not in self.by or "month" not in self.twin.labels or not self.wholes:
            raise UsageError(
                f"{', '.join(self.spans)} stand beside a month. Add --by month, and slice by months alone."
            )
        if {"quarter", "year", "week", "day"} & {*self.by}:
            raise UsageError(f"{', '.join(self.spans)} stand beside a month. Slice by months alone.")

    def source(self, span: str) -> str:
        """The rows of the relation once for each month whose span they are in; their month is that month."""
        columns = ", ".join("months.month" if name == "month" else f"rows.{name}" for name in self.twin.labels)
        until = "rows.month <= months.month"
        return (
            f"(select {columns} from (select distinct month from {self.twin.relation}) as months\n"
            f"inner join {self.twin.relation} as rows on rows.month >= {SUMMED[span]} and {until}) as own"
        )

    def joined(self, asked: str, spans: Mapping[str, str], metrics: Sequence[str], held: str) -> str:
        """The months that ``held`` keeps, each with every slice that any month has, and the values of each span."""
        slices = [name.replace(".", "_") for name in self.by if name != "month"]
        parts = [f"slice as (\n{asked}\n)", f"asked as (\n{self._every_slice(slices, metrics)}\n)"]
        values, joins = [f"asked.{name}" for name in [*self._names, *metrics, "is_complete"]], ""
        for span, select in spans.items():
            parts.append(f"{span} as (\n{'select * from asked' if span in SHIFTED else select}\n)")
            joins += f"left join {span} on {self._on(span, slices)}\n"
            values += [f"case when {self._is_whole(span)} then {span}.{name} end as {name}_{span}" for name in metrics]
        select = f"select {', '.join(values)}\nfrom asked\n{joins}"
        where = f"where {held}\n" if held else ""
        return f"with {', '.join(parts)}\n{select}{where}order by {', '.join(f'asked.{name}' for name in self._names)}"

    @property
    def _names(self) -> list[str]:
        return [name.replace(".", "_") for name in self.by]

    def _every_slice(self, slices: Sequence[str], metrics: Sequence[str]) -> str:
        keys = "(select distinct month from slice) as asked"
        keys += f" cross join (select distinct {', '.join(slices)} from slice) as other" if slices else ""
        names = ", ".join(
            ["asked.month", *(f"other.{name}" for name in slices), *(f"slice.{name}" for name in metrics)]
        )
        same = " and ".join(
            ["slice.month = asked.month", *(f"slice.{one} is not distinct from other.{one}" for one in slices)]
        )
        return f"select {names}, {self.wholes} as is_complete from {keys} left join slice on {same}"

    def _on(self, span: str, slices: Sequence[str]) -> str:
        month = f"asked.month - interval '{SHIFTED[span]}'" if span in SHIFTED else "asked.month"
        same = [f"asked.{name} is not distinct from {span}.{name}" for name in slices]
        return " and ".join([f"{span}.month = {month}", *same])

    def _is_whole(self, span: str) -> str:
        """A complete month is compared with one; months are added up where each is held, and all but the last whole."""
        if span in SHIFTED:
            return f"asked.is_complete and {span}.is_complete"
        first = SUMMED[span].replace("months.", "asked.")
        if span == "year_to_date":
            until, months = "held.month < asked.month", "extract(month from asked.month) - 1"
        else:
            until, months = "held.month <= asked.month", "12"
        held = f"from {self.calendar} as held where held.{_WHOLE} and held.month >= {first} and {until}"
        return f"(select count(*) {held}) = {months}"
