"""What was measured, and how it is shown: a figure, its aim, and what a bare program takes for the same work."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from msgspec import Struct

HEADINGS = ("figure", "measured", "aim", "verdict", "bare", "ratio")


class Figure(Struct, frozen=True):
    """One row of the table. ``bare`` is the same work done by next to nothing, measured in the same run."""

    name: str
    value: float
    unit: str
    at_most: float | None = None
    bare: float | None = None
    #: These aims speak of the ratio to ``bare`` instead of the value.
    ratio_at_least: float | None = None
    ratio_at_most: float | None = None

    @property
    def ratio(self) -> float | None:
        """The value by the bare one."""
        return self.value / self.bare if self.bare else None

    @property
    def is_met(self) -> bool | None:
        """Whether it is as good as it should be; None: nothing was aimed at."""
        if self.at_most is not None:
            return self.value <= self.at_most
        if self.ratio_at_least is not None:
            return (self.ratio or 0.0) >= self.ratio_at_least
        if self.ratio_at_most is not None and self.ratio is not None:
            return self.ratio <= self.ratio_at_most
        return None

    @property
    def cells(self) -> tuple[str, ...]:
        """The row as text, in the order of HEADINGS."""
        aim = ""
        if self.at_most is not None:
            aim = f"<= {_text(self.at_most, self.unit)}"
        elif self.ratio_at_least is not None:
            aim = f"ratio >= {self.ratio_at_least:g}"
        elif self.ratio_at_most is not None:
            aim = f"ratio <= {self.ratio_at_most:g}"
        verdict = {True: "met", False: "missed", None: ""}[self.is_met]
        bare = "" if self.bare is None else _text(self.bare, self.unit)
        ratio = "" if self.ratio is None else f"{self.ratio:.2f}"
        return self.name, _text(self.value, self.unit), aim, verdict, bare, ratio


def table(figures: Sequence[Figure]) -> str:
    """All rows as a table that is readable in a terminal and in Markdown alike."""
    rows = [HEADINGS, *(figure.cells for figure in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    lines = [_line(row, widths) for row in rows]
    return "\n".join([lines[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *lines[1:]])


def percentile(values: Sequence[float], part: float) -> float:
    """The value below which this part (0..1) of all lies; of measured ones, never between two of them."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))]


def median(values: Sequence[float]) -> float:
    """The middle one: a noisy neighbour spoils one run, not the figure."""
    return statistics.median(values)


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    name, *others = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
    return "| " + " | ".join([name, *others]) + " |"


def _text(value: float, unit: str) -> str:
    digits = 0 if value >= 1000 else 1 if value >= 10 else 2
    return f"{value:,.{digits}f} {unit}".rstrip()
