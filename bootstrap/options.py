"""Options that several commands have, and those of ``lgs query``."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

SourceOption = Annotated[
    str | None,
    typer.Option("--source", help="The file or database to load (LGS_SOURCE).", metavar="PATH|URL", show_default=False),
]
SourcesOption = Annotated[
    list[str] | None,
    typer.Option(
        "--source",
        help="The file or database to load; with --append several, or a folder (LGS_SOURCE).",
        metavar="PATH|URL",
    ),
]
TableOption = Annotated[str | None, typer.Option(help="The table of the database, or schema.table (LGS_TABLE).")]
AppendOption = Annotated[
    bool, typer.Option("--append", help="Add it to what is loaded, and replace only what it holds.")
]
MaxRejectsOption = Annotated[
    float | None, typer.Option(help="Share of lines that may be rejected (LGS_MAX_REJECTS).", show_default="0.001")
]
MapOption = Annotated[
    str | None, typer.Option("--map", help="How to read it: a YAML file, or shopify, woocommerce (LGS_MAP).")
]
DatesOption = Annotated[str | None, typer.Option(help="day-first or month-first: what 01/12/2010 means (LGS_DATES).")]
OnlyOption = Annotated[list[str] | None, typer.Option(help="A table or sheet to read, and no other (LGS_ONLY).")]
SkipOption = Annotated[list[str] | None, typer.Option(help="A table or sheet to leave out (LGS_SKIP).")]
LossOption = Annotated[bool, typer.Option("--allow-loss", help="Load a file even if it removes months or many lines.")]
QuarantineOption = Annotated[
    bool, typer.Option("--quarantine", help="Set days aside that break a contract, load the rest (LGS_QUARANTINE).")
]
AdoptOption = Annotated[bool, typer.Option("--adopt", help="Take over objects that lgs did not create.")]
OrphanOption = Annotated[bool, typer.Option("--orphan", help="Keep as retired what left the specs but is still used.")]
VerboseOption = Annotated[bool, typer.Option("--verbose", help="List every change in Superset.")]
CascadeOption = Annotated[
    bool, typer.Option("--cascade", help="Drop what others built on a relation that has to be replaced.")
]
PlanOption = Annotated[
    bool, typer.Option("--plan", help="Show what would change, and change nothing; the exit code is 4 if it would.")
]


ProjectOption = Annotated[
    Path | None, typer.Option("--project", help="The folder of the project (LGS_PROJECT).", show_default=False)
]
ByOption = Annotated[
    list[str] | None,
    typer.Option("--by", metavar="DIMENSION", help="A column to slice by, such as month; several, or with commas."),
]
WhereOption = Annotated[
    list[str] | None,
    typer.Option("--where", metavar="CONDITION", help="What to look at, in SQL; of several, all hold."),
]
WithOption = Annotated[
    list[str] | None,
    typer.Option(
        "--with", metavar="SPAN", help="Beside each month: month_before, year_before, year_to_date, trailing_12_months."
    ),
]


class Form(StrEnum):
    """How ``lgs query`` prints."""

    table = "table"
    csv = "csv"
    json = "json"


class Address(StrEnum):
    """What ``lgs url`` can name."""

    superset = "superset"
    warehouse = "warehouse"
    reader = "reader"
    analyst = "analyst"
