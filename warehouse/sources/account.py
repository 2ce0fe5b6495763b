"""What became of everything in a source file: the account that its reader keeps, and its receipt shows."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Account:
    """``Source.blocks`` fills it.

    ``counted``: the lines (rows, records) in the parts that are read, counted by other means than those that read them.
    ``set_back``: records that were taken back after they were read.
    ``passed_over``: lines among those that are no records, by kind, such as blank lines.
    ``parts``: records read, by table, sheet or file. ``left_out``: what is not read, and why, such as other tables.
    ``decisions``: how the file is written, and how that was decided. ``warnings``: what deserves a look.
    """

    counted: int = 0
    set_back: int = 0
    passed_over: Counter[str] = field(default_factory=Counter)
    parts: Counter[str] = field(default_factory=Counter)
    left_out: dict[str, str] = field(default_factory=dict)
    decisions: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    @property
    def lines_read(self) -> int:
        """The records, rejected ones included."""
        return self.parts.total() - self.set_back

    def pass_over(self, what: str, lines: int) -> None:
        """Take lines that were read back: they are no transactions."""
        self.passed_over[what] += lines
        self.set_back += lines

    def leave_out_columns(self, names: list[str], part: str) -> None:
        """Name the columns that mean nothing here. A status may be what tells void lines from real ones."""
        for name in names:
            self.left_out[f"column {name} of {part}"] = "no column of transactions"
            if "status" in name.lower():
                self.warnings.append(
                    f"column {name} of {part} is not read: check that all of its lines are real sales."
                )

    def facts(self) -> dict[str, Any]:
        """The same for JSON."""
        return {
            "parts": dict(self.parts),
            "passed_over": {what: lines for what, lines in self.passed_over.items() if lines},
            "left_out": self.left_out,
            "decisions": self.decisions,
            "warnings": self.warnings,
        }
