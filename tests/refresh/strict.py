"""The lines of the shop, with one more contract: the one in ``checks`` beside this file."""

from pathlib import Path

from bootstrap.contracts import Contract
from bootstrap.lines import Lines
from warehouse.lines import ShopLines, load_contracts


class StrictLines(ShopLines):
    def contracts(self, *, narrow: bool = False) -> list[Contract]:
        more = load_contracts(Path(__file__).parent / "checks", narrow=narrow)
        return [*super().contracts(narrow=narrow), *more]


LINES: Lines = StrictLines()
