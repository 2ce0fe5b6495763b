"""Judges how dates and numbers are written, from all values of a column: never line by line."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace

from psycopg2.extensions import cursor as Cursor

from bootstrap.errors import SourceError
from bootstrap.project import current
from warehouse.maps import Map
from warehouse.queries import query
from warehouse.rules import texts
from warehouse.sources import Source

_TIME = "([ T][0-9]{1,2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,9})?)?( ?[AaPp][Mm])?)?"
_YEAR_FIRST = f"[0-9]{{4}}[-/.][0-9]{{1,2}}[-/.][0-9]{{1,2}}{_TIME}"
_NUMERIC = f"[0-9]{{1,2}}[/.-][0-9]{{1,2}}[/.-]([0-9]{{4}}|[0-9]{{2}}){_TIME}"
_DATES = {
    "year-first": f"^{_YEAR_FIRST}$",
    "with an offset from UTC": f"^{_YEAR_FIRST} ?(Z|[+-][0-9]{{2}}(:?[0-9]{{2}})?)$",
    "day-first": f"^{_NUMERIC}$",
    "month-first": f"^{_NUMERIC}$",
    "with the month's name": f"^[0-9]{{1,2}}[ -][[:alpha:]]{{3,9}}[ -][0-9]{{4}}{_TIME}$",
}
_ANY_DATE = "|".join(dict.fromkeys(_DATES.values()))
_SPACES = " \u00a0\u202f"
_CODES = (0x85, 0xA0, 0x1680, *range(0x2000, 0x200C), 0x2028, 0x2029, 0x202F, 0x205F, 0x3000, 0xFEFF)
_BLANKS = r"E' \t\n\r\v\f" + "".join(f"\\u{code:04x}" for code in _CODES) + "'"
_NO_CUSTOMER = ("", "null", r"\n", "n/a", "#n/a", "nan", "none", "nil", "-")
# A real prints six digits as they were, so the detour is for longer texts.
_PRICES = {
    None: "trim_scale({number}::numeric)",
    "real": "trim_scale(case when octet_length(unit_price) <= 6 then {number} else {number}::real::text end::numeric)",
    "double precision": "trim_scale({number}::double precision::text::numeric)",
}


@dataclass(frozen=True)
class Reading:
    """How a file's text becomes values.

    ``dates`` is a key of the ways to write them; ``decimal`` is the sign of prices. ``is_plain``: values are as
    PostgreSQL itself prints them, so that a cast is all they need. ``has_odd_blanks``: others than U+0020 may be around
    them. ``nothing`` are the words that the file has for missing values, such as NULL; ``no_customer`` is what else
    means no customer. ``taken_back`` are the statuses of lines that take something back. ``dates_why`` and
    ``decimal_why`` say how these are known.
    """

    dates: str = "year-first"
    decimal: str = "."
    is_plain: bool = False
    has_odd_blanks: bool = False
    time_zone: str = field(default_factory=lambda: current().time_zone)
    no_customer: tuple[str, ...] = ()
    nothing: tuple[str, ...] = ()
    price_type: str | None = None
    taken_back: tuple[str, ...] = ()
    dates_why: str = ""
    decimal_why: str = ""

    def clean(self, kept: str = "true") -> str:
        """The SELECT of landing's lines without what makes no difference; ``kept`` is a condition on ``line``."""
        if not self.is_plain:
            return f"select * from landing.clean as line where {kept}"
        return self._clean(kept)

    def store(self, cursor: Cursor, kept: str = "true") -> None:
        """Keep the clean lines in ``landing.clean`` for as long as they are read: several statements need them."""
        cursor.execute(f"create unlogged table landing.clean as {self._clean(kept)}")
        cursor.execute("analyze landing.clean")

    def set_order(self, cursor: Cursor) -> None:
        """Have PostgreSQL read dates with day or month first, until the transaction ends."""
        cursor.execute(f"set local datestyle = 'ISO, {'DMY' if self.dates == 'day-first' else 'MDY'}'")

    def _clean(self, kept: str) -> str:
        blanks = f", {_BLANKS}" if self.has_odd_blanks or not self.is_plain else ""
        numbers = {
            column: f"line.{column}" if self.is_plain and not blanks else f"btrim(line.{column}{blanks})"
            for column in ("quantity", "invoice_date", "unit_price", "customer_id")
        }
        description = f"btrim(line.description{blanks})"
        if self.nothing:
            description = f"case when lower({description}) <> all({_array(self.nothing)}) then {description} end"
        return query(
            "clean",
            blanks=blanks,
            description=f"nullif({description}, '')",
            no_customer=_array((*_NO_CUSTOMER, *self.no_customer)),
            kept=kept,
            **numbers,
        )

    def typed(self, kept: str = "true") -> str:
        """The SELECT of the same lines with numbers and times."""
        return query(
            "typed",
            clean=self.clean(kept),
            moment=self._moment,
            signed_quantity=self._signed(self._quantity),
            price=self._price,
            is_judged="false" if self.is_plain else "true",
        )

    def reject(self) -> str:
        """The statement that fills ``landing.reject``."""
        other = "." if self.decimal == "," else ","
        sign, grouped = f"[{self.decimal}]", f"[0-9]{{1,3}}([{other}{_SPACES}][0-9]{{3}})+"
        return query(
            "reject",
            clean=self.clean(),
            moment=self._moment,
            quantity=self._quantity,
            quantity_text=f"split_part({self._number('quantity')}, '.', 1)",
            price=self._price,
            dates=_DATES[self.dates],
            any_dates=_ANY_DATE,
            whole=f"^[+-]?([0-9]+|{grouped})({sign}0*)?$",
            number=f"^[+-]?(?={sign}?[0-9])([0-9]+|{grouped})?({sign}[0-9]*)?([eE][+-]?[0-9]{{1,2}})?$",
            shortened="^[0-9]+([.,][0-9]+)?E[+][0-9]+$|^[0-9]+[.,][0-9]+E[0-9]+$",
        )

    def decisions(self) -> list[str]:
        """The same for people."""
        zone = f", read in the time of {self.time_zone}" if self.dates == "with an offset from UTC" else ""
        nothing = [f"{' and '.join(self.nothing)} for what is missing"] if self.nothing else []
        return [f"dates {self.dates}{zone}{self.dates_why}", f"decimal sign {self.decimal}{self.decimal_why}", *nothing]

    def facts(self) -> dict[str, object]:
        """What ``Reading(**facts)`` takes to be made again."""
        return asdict(self)

    @property
    def _moment(self) -> str:
        if self.dates == "with an offset from UTC":
            zone = self.time_zone.replace("'", "''")
            return f"(invoice_date::timestamptz at time zone '{zone}')"
        return "invoice_date::timestamp"

    @property
    def _quantity(self) -> str:
        return "quantity::integer" if self.is_plain else f"{self._number('quantity')}::numeric::integer"

    def _signed(self, quantity: str) -> str:
        """What is taken back counts as negative, however the file writes it."""
        if not self.taken_back:
            return quantity
        return f"case when status = any({texts(self.taken_back)}) then -abs({quantity}) else {quantity} end"

    @property
    def _price(self) -> str:
        return _PRICES[self.price_type].replace("{number}", self._number("unit_price"))

    def _number(self, column: str) -> str:
        if self.is_plain:
            return column
        if self.decimal == ",":
            return f"replace(translate({column}, '.{_SPACES}', ''), ',', '.')"
        return f"translate({column}, ',{_SPACES}', '')"


def words_for_nothing(cursor: Cursor) -> tuple[str, ...]:
    """The words that stand in landing for a missing customer, and so for whatever else is missing.

    An export either leaves missing values empty or writes such a word, in all columns alike.
    """
    cursor.execute(
        "select distinct lower(btrim(customer_id)) from landing.line "
        "where ascii(customer_id) not between 49 and 57 and lower(btrim(customer_id)) = any(%s)",
        [[word for word in _NO_CUSTOMER if len(word) > 1]],
    )
    return tuple(sorted(word for (word,) in cursor.fetchall()))


def _array(words: Sequence[str]) -> str:
    return "array[" + ", ".join("'" + word.lower().replace("'", "''") + "'" for word in words) + "]"


def judge(cursor: Cursor, source: Source, tried: Reading) -> Reading:
    """How the lines in landing are written, as the file's map says or as all their values together tell.

    ``tried`` is the reading of plain lines that some of them do not fit.

    Raises ``SourceError`` where nothing tells, with the ways to say it.
    """
    how, reading = source.how, replace(tried, is_plain=False)
    reading.store(cursor)
    cursor.execute(query("judge", clean=reading.clean(), time=_TIME))
    names = [column.name for column in cursor.description or ()]
    found = dict(zip(names, cursor.fetchone() or (), strict=True))
    dates, decimal = _dates(found, how, source), _decimal(found, how, source)
    reading = replace(
        reading,
        dates=dates,
        decimal=decimal,
        dates_why=_why(how.dates == dates, found.get(f"{dates.replace('-', '_')}_date")),
        decimal_why=_why(how.decimal == decimal, found["comma_number" if decimal == "," else "point_number"]),
    )
    reading.set_order(cursor)
    return reading


def _why(is_said: bool, example: object) -> str:
    """How it is known: somebody said so, or a value shows it."""
    return ", as said" if is_said else f", as {example} shows" if example else ""


def _dates(found: dict[str, int], how: Map, source: Source) -> str:
    counts = {
        "year-first": found["dates_year_first"],
        "with an offset from UTC": found["dates_offset"],
        "numeric": found["dates_numeric"],
        "with the month's name": found["dates_named"],
    }
    form = max(counts, key=counts.__getitem__)
    others = sum(counts.values()) - counts[form]
    if source.is_typed and others and counts["numeric"]:
        raise SourceError(
            f"of the dates {counts['year-first']:,} are date cells and {counts['numeric']:,} are text such as "
            f"{found['numeric_date']}: day and month of the cells may be exchanged. Load the file that the sheet was "
            "made from, or turn all of them into dates in the right order.",
            path=source.path,
        )
    if form != "numeric":
        return form
    if how.dates:
        return how.dates
    if found["dates_short"] == counts["numeric"]:
        raise SourceError(
            f"dates like {found['numeric_date']} have years of two digits, which say neither year nor order for "
            "certain. Export them with four, or say --dates day-first or --dates month-first.",
            path=source.path,
        )
    if found["day_first"] == found["month_first"]:
        raise SourceError(
            f"dates like {found['numeric_date']} can be day/month or month/day, and "
            + ("no date in the file tells which. " if not found["day_first"] else "as many tell the one as the other. ")
            + "Say --dates day-first or --dates month-first, or write them as 2010-12-31.",
            path=source.path,
        )
    return "day-first" if found["day_first"] > found["month_first"] else "month-first"


def _decimal(found: dict[str, int], how: Map, source: Source) -> str:
    if how.decimal or source.is_typed or not source.form.startswith("CSV"):
        return how.decimal or "."
    points, commas = found["points"], found["commas"]
    decimal, mark = (",", "comma") if commas > points else (".", "point")
    # Three digits after the point of every price are decimals of a fixed number; of some prices they may be thousands.
    are_mixed = found["may_be_points"] and found["unfixed_prices"]
    is_decided = points != commas or not any((points, are_mixed, found["may_be_commas"], found["quantity_points"]))
    # A quantity of 1.000 among others without a point is a thousand, whatever the sign of prices.
    if is_decided and not (found[f"quantity_{mark}s"] and found[f"unfixed_{mark}_quantities"]):
        return decimal
    number = found["number"] or f"{found['point_number']} and {found['comma_number']}"
    raise SourceError(
        f"in numbers like {number} the sign may part thousands or be the decimal one, and nothing in the file "
        "tells which. Say so in a map: decimal: '.' or decimal: ','.",
        path=source.path,
    )
