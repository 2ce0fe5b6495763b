"""What must hold before anybody sees what a refresh built, and doing it again without the days that break it."""

from collections.abc import Callable, Mapping
from datetime import date
from functools import partial

from psycopg2.extensions import cursor as Cursor

from bootstrap.contracts import Contract, ContractBroken, Rule, run_contracts
from bootstrap.lines import Loaded, lines
from bootstrap.progress import Progress
from bootstrap.semantic.build import Build
from bootstrap.semantic.keys import reference_checks
from bootstrap.semantic.spec import Layer
from bootstrap.semantic.statement import renamed
from bootstrap.semantic.totals import check_metrics


def check(cursor: Cursor, layer: Layer, progress: Progress, loaded: Loaded, built: Build) -> None:
    """All that must hold before anybody sees what was built: where the lines that changed are known, of these."""
    narrow = {contract.name: contract.sql for contract in lines().contracts(narrow=True)} if loaded.changes else {}
    with progress.step("Contracts") as step:
        contracts = [*lines().contracts(), *_twin_contracts(layer)]
        try:
            step.note = f"{run_contracts(cursor, contracts, partial(_as_run, narrow, built))} hold"
        except ContractBroken as error:
            if error.days and error.days.issubset(loaded.days_changed):
                raise DayBroken(str(error), error.contract, error.days) from error
            raise
    if built.changed:
        with progress.step("Metrics") as step:
            step.note = f"{check_metrics(cursor, layer, built.names)} computed, relations agree"


def _as_run(looked_at: Mapping[str, str], built: Build, rule: Rule) -> str:
    """The SQL of a contract on what there is before relations take their places."""
    return renamed(looked_at.get(rule.name, rule.sql), built.names)


def _twin_contracts(layer: Layer) -> list[Contract]:
    return [
        Contract(name=f"{twin.relation}: {check.name}", description=check.description, sql=check.sql)
        for twin in layer.twins
        for check in (*twin.checks, *reference_checks(layer, twin))
    ]


class DayBroken(ContractBroken):
    """One that only days of the file broke, so that these can be set aside."""


def without_broken_days(
    cursor: Cursor, bring_up: Callable[[Mapping[date, str]], tuple[str, Loaded, Build]]
) -> tuple[str, Loaded, Build]:
    """Do it once more without the days that broke a contract, until all hold or what is left cannot be set aside."""
    aside: dict[date, str] = {}
    while True:
        cursor.execute("savepoint before_it")
        try:
            return bring_up(aside)
        except DayBroken as error:
            cursor.execute("rollback to savepoint before_it")
            aside |= dict.fromkeys(sorted(error.days), error.contract)
