"""What a twin, a metric and a column say, as typed models. ``loader`` reads them from ``views/``."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

SCHEMAS = ("rollup", "mart")
"""Those of the layer, in the order in which they are built."""


NOT_ADDITIVE = (
    "Not additive: do not total it over rows; totals of pivot tables are wrong. "
    "Ask for it without grouping, or use a table chart with its summary."
)
"""The warning of each metric that is not additive and says nothing else."""


class Spec(BaseModel):
    """Frozen, and refusing keys it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Column(Spec):
    """One column. What several relations share stands once in ``columns.yml``; a twin may override nothing of it."""

    name: str
    label: str = Field(description="how people read it, never the raw name")
    description: str = Field(description="meaning, unit, caveats")
    format: str | None = Field(None, description="d3 number or time format")
    currency: str | None = Field(None, description="ISO code, such as EUR")
    role: Literal["dimension", "time", "measure", "key"] = "dimension"
    additive: bool = Field(True, description="false for a measure whose sum over rows means nothing: no metric sums it")
    within: tuple[str, ...] = Field((), description="a sum means something only within one value of these columns")


class Metric(Spec):
    """One metric: defined once, here and nowhere else."""

    name: str
    label: str
    expression: str = Field(description="the SQL aggregate")
    format: str
    currency: str | None = None
    unit: str = Field(description="what one of it is, such as EUR or people")
    description: str = Field(min_length=1, description="unit, caveats and synonyms in the text")
    owner: str = Field(min_length=1)
    certified: bool = Field(False, description="earned by a figure counted on paper: a test asks for it")
    additive: bool = Field(True, description="its values may be summed over rows of any grain it is listed on")
    history: int = Field(0, description="months of data that a month needs before it for the metric to have a value")
    comparable: bool = Field(True, description="false where months are not measured alike, so none is compared")
    better: Literal["up", "down"] = Field("up", description="the direction of a change that is good news")
    warning: str | None = Field(None, description="shown where the metric is chosen")
    path: Path = Field(exclude=True, description="the file that defines it, for error messages")
    line: int = Field(exclude=True, description="the line of its expression there")

    @property
    def caution(self) -> str | None:
        """What to be warned of before using it, if anything."""
        return self.warning or (None if self.additive else NOT_ADDITIVE)


class Check(Spec):
    """A contract: a select that must return no rows."""

    name: str
    description: str
    sql: str


class Twin(Spec):
    """One relation: the YAML beside the SQL of the same name."""

    schema_name: str
    name: str
    description: str = Field(description="ends in the grain: One row per ...")
    kind: Literal["view", "stored"]
    kept_by: tuple[str, ...] = Field(
        (), description="rows of one value of these columns follow from the inputs' rows with that value alone"
    )
    looks_back: bool = Field(False, description="kept by one column, and rows follow from lesser values of it too")
    adds_up: str | None = Field(
        None,
        description="kept by columns that it need not have: its measures are sums over them, numeric ones by "
        "trim_scale, and a row goes when this one, which counts, is 0",
    )
    joins: tuple[str, ...] = Field((), description="inputs that only add columns to the rows that other inputs make")
    through: dict[str, str] = Field(
        {}, description="an input without these columns to one that has them and the input's key: {mart.a: mart.b}"
    )
    key: tuple[str, ...] = Field(description="the columns that tell rows apart; empty for a view where none do")
    references: dict[str, str] = Field({}, description="columns that are the key of another relation: mart.kpi.month")
    covers: str | None = Field(None, description="the part of the lines it holds, where it holds a part of them")
    indexes: tuple[tuple[str, ...], ...] = Field((), description="further indexes of a stored relation")
    owner: str
    time: str | None = Field(None, description="the column that time filters act on")
    dataset: bool = Field(True, description="whether Superset gets it as a dataset")
    columns: tuple[Column, ...] = Field(min_length=1)
    metrics: tuple[str, ...] = ()
    filters: dict[str, str] = Field(
        default_factory=dict,
        description="the column of other relations to the one here that its filter acts on: {country: home_country}",
    )
    checks: tuple[Check, ...] = ()
    sql: str
    reads: tuple[str, ...] = Field((), description="the relations that the SQL names, warehouse tables included")
    path: Path = Field(exclude=True, description="the YAML file, for error messages")

    @property
    def object(self) -> Literal["view", "table"]:
        """What it is in PostgreSQL."""
        return "view" if self.kind == "view" else "table"

    @property
    def relation(self) -> str:
        """The qualified name, such as ``mart.month``."""
        return f"{self.schema_name}.{self.name}"

    @property
    def grain(self) -> str:
        """The last sentence of the description, such as "One row per month."."""
        return self.description.rpartition("One row")[1] + self.description.rpartition("One row")[2]

    @property
    def labels(self) -> dict[str, str]:
        """Column name to what people read."""
        return {column.name: column.label for column in self.columns}

    @property
    def filterable(self) -> frozenset[str]:
        """The names of columns that a filter of a dashboard can act on: its own, and those of ``filters``."""
        return frozenset({*self.filters, *(column.name for column in self.columns)})


class Layer(Spec):
    """All twins, in an order in which each stands after those that it reads, and all metrics by name."""

    twins: tuple[Twin, ...]
    metrics: dict[str, Metric]

    def twin(self, relation: str) -> Twin:
        """The twin of ``mart.month``, or of ``month`` (in mart)."""
        name = relation if "." in relation else f"mart.{relation}"
        return next(twin for twin in self.twins if twin.relation == name)
