"""Tables of ``healthmon status`` in a terminal that is too narrow: columns give way before a name is broken. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from healthmon.report.formatting import after
from healthmon.report.tables import LONGEST_DRAWN, Cell, Column, Screen, Sort, cut_cell, line, table, width_of

#: Asterisk's own names end there; a name is broken over several lines, so that no letter of it is lost.
_LONGEST_NAME = 255
#: A narrower terminal tells names and checks before the reason.
_WIDE = 110
#: WHY has so many columns before the kinds give way to it; and before all else but endpoints and their states does.
LEAST_WHY, GOOD_WHY = 20, 40

#: What gives way in a terminal that is too narrow, so that endpoints' names stay whole: in this order.
_GIVE_WAY = ("EVENT", "SNAPSHOT", "RTT 50 %, 95 %", "NAME", "CHECKS", "KIND", "SINCE")


class TablePart(NamedTuple):
    """One column of a table, with a cell for each row."""

    column: Column
    cells: list[Cell]
    #: It gives way where WHY would have fewer columns; 0: it stays.
    why_needs: int = 0
    #: Whether it is told before the reason when it has given way; else it is left out.
    is_told: bool = False


def fitted(parts: list[TablePart], screen: Screen) -> str:
    """Draw a table; where the terminal is too narrow, other columns give way before a name is broken."""
    left_out = []
    if screen.width is not None:
        # A longer one would fill the whole terminal: who thinks of names may not mean well.
        for number, part in enumerate(parts):
            if part.column.sort is Sort.NAME:
                parts[number] = part._replace(cells=[cut_cell(cell, _LONGEST_NAME) for cell in part.cells])
    for part in sorted((part for part in parts if part.why_needs), key=lambda part: _GIVE_WAY.index(part.column.title)):
        if _has_room(parts, part, screen):
            continue
        parts.remove(part)
        if part.is_told:
            _tell_in_front(parts[-1].cells, part)
        else:
            left_out.append(part.column.title)
    rows = [list(row) for row in zip(*(part.cells for part in parts), strict=True)]
    text = table([part.column for part in parts], rows, screen)
    if left_out:
        text += line(f"No room for {', '.join(left_out)}; a wider terminal shows more.", screen, "dim")
    return text


def _has_room(parts: Sequence[TablePart], part: TablePart, screen: Screen) -> bool:
    """Whether a column can stay, with enough room for the reasons behind it."""
    if screen.width is None:
        return True
    if part.column.title in ("NAME", "CHECKS") and screen.width < _WIDE:
        return False
    if len(part.cells) > LONGEST_DRAWN:
        return True
    widths = [width_of([other.column], [[cell] for cell in other.cells]) for other in parts]
    widths[-1] = min(widths[-1], part.why_needs)
    return sum(widths) + 2 * (len(widths) - 1) <= screen.width


def _tell_in_front(reasons: list[Cell], part: TablePart) -> None:
    """Say before the reasons what has no column in a narrow terminal."""
    since = ""
    if part.column.title == "SINCE":
        since = "since "
    for row, told in enumerate(part.cells):
        words = after(since, told.text)
        reasons[row] = Cell("; ".join(filter(None, (words, reasons[row].text))))
