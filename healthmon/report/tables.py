"""Tables for a terminal and for a pipe. rich is imported when the first table is drawn, and not before."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from io import StringIO
from typing import TYPE_CHECKING, Literal, NamedTuple

from msgspec import Struct

from healthmon.model import Health
from healthmon.report.formatting import NOTHING_KNOWN, visible

if TYPE_CHECKING:
    from rich.console import Console

#: rich needs half a millisecond for a row; a longer table is written plainly, and the terminal breaks its lines.
LONGEST_DRAWN = 1_000

#: A column of words can be as narrow as this before the names beside it are broken.
NARROW_PROSE = 14

#: How each health looks.
STYLES = {Health.UP: "green", Health.DEGRADED: "yellow", Health.DOWN: "bold red", Health.UNKNOWN: "magenta"}


class Screen(Struct, frozen=True):
    """Where text goes. ``width is None``: a pipe or a file."""

    width: int | None
    has_colour: bool = False


class Sort(Enum):
    """What a column holds, and so how it is fitted into a terminal that is too narrow."""

    #: Stays whole.
    SHORT = "short"
    #: Stays whole, at the right.
    NUMBER = "number"
    #: Stays whole while there is room, else is broken anywhere.
    NAME = "name"
    #: Goes on over as many lines as it takes.
    PROSE = "prose"


class Column(NamedTuple):
    """One column."""

    title: str
    sort: Sort = Sort.SHORT
    #: At least so wide.
    least: int = 0


class Cell(NamedTuple):
    """One cell; control characters in its text are made visible."""

    text: str
    style: str = ""


def state_cell(state: Health, words: str = "") -> Cell:
    """A health in its colour."""
    return Cell(words or str(state), STYLES[state])


def table(columns: Sequence[Column], rows: Sequence[Sequence[Cell]], screen: Screen, *, has_header: bool = True) -> str:
    """Draw a table, without lines around it. What the texts hold is shown as it is, ``[red]`` too."""
    if screen.width is None or len(rows) > LONGEST_DRAWN:
        return _plain(columns, rows, has_header=has_header)
    return _drawn(columns, rows, screen, has_header=has_header)


def _plain(columns: Sequence[Column], rows: Sequence[Sequence[Cell]], *, has_header: bool) -> str:
    """Write a line for each row and break none of them, so that grep and cut see whole lines."""
    widths = _widths(columns, rows)
    lines = []
    header = []
    if has_header:
        header = [[column.title for column in columns]]
    for row in [*header, *([visible(cell.text) for cell in row] for row in rows)]:
        cells = []
        for text, width, column in zip(row, widths, columns, strict=True):
            filling = " " * (width - _columns_of(text))
            if column.sort is Sort.NUMBER:
                cells.append(filling + text)
            else:
                cells.append(text + filling)
        lines.append("  ".join(cells).rstrip() + "\n")
    return "".join(lines)


def _widths(columns: Sequence[Column], rows: Sequence[Sequence[Cell]]) -> list[int]:
    """Say how wide each column is if nothing is broken."""
    texts = [[column.title for column in columns], *([visible(cell.text) for cell in row] for row in rows)]
    widths = [max(map(_columns_of, column)) for column in zip(*texts, strict=True)]
    return [max(width, column.least) for width, column in zip(widths, columns, strict=True)]


def _columns_of(text: str) -> int:
    """Say how many columns of the terminal a visible text takes: some letters take two, and some none."""
    if text.isascii() or text == NOTHING_KNOWN:
        return len(text)
    from rich.cells import cell_len  # noqa: PLC0415  (most names are ASCII)

    return cell_len(text)


def _drawn(columns: Sequence[Column], rows: Sequence[Sequence[Cell]], screen: Screen, *, has_header: bool) -> str:
    """Have rich draw a table that fits the terminal."""
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    whole = {Sort.SHORT, Sort.NUMBER}
    if _has_room_for_names(columns, rows, screen):
        whole.add(Sort.NAME)
    drawn = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold", show_header=has_header)
    for column in columns:
        justify: Literal["left", "right"] = "left"
        if column.sort is Sort.NUMBER:
            justify = "right"
        drawn.add_column(
            column.title, justify=justify, overflow="fold", no_wrap=column.sort in whole, min_width=column.least or None
        )
    for row in rows:
        drawn.add_row(*(Text(visible(cell.text), cell.style) for cell in row))
    console = _console(screen)
    console.print(drawn, crop=False)
    return _tidy(console)


def width_of(columns: Sequence[Column], rows: Sequence[Sequence[Cell]]) -> int:
    """Say how wide a table is if nothing in it is broken."""
    return sum(_widths(columns, rows)) + 2 * (len(columns) - 1)


def _has_room_for_names(columns: Sequence[Column], rows: Sequence[Sequence[Cell]], screen: Screen) -> bool:
    """Whether all names can stay whole, with the prose in narrow columns beside them."""
    widths = _widths(columns, rows)
    for number, column in enumerate(columns):
        if column.sort is Sort.PROSE:
            widths[number] = min(widths[number], NARROW_PROSE)
    return sum(widths) + 2 * (len(columns) - 1) <= (screen.width or 0)


def on_one_line(columns: Sequence[Column], rows: Sequence[Sequence[Cell]], screen: Screen) -> list[list[Cell]]:
    """Cut names and prose so that each row takes one line of the terminal; what was cut ends with "…"."""
    if screen.width is None or not rows:
        return [list(row) for row in rows]
    widths = _widths(columns, rows)
    names = [at for at, column in enumerate(columns) if column.sort is Sort.NAME]
    prose = [at for at, column in enumerate(columns) if column.sort is Sort.PROSE]
    long = [*names, *prose]
    room = screen.width - 2 * (len(columns) - 1) - sum(width for at, width in enumerate(widths) if at not in long)
    for number in long:
        # Names come before words, but for the little without which words say nothing.
        kept = sum(min(widths[at], NARROW_PROSE) for at in prose if at > number)
        widths[number] = max(min(widths[number], room - kept), 1)
        room -= widths[number]
    return [
        [cut_cell(cell, widths[number]) if number in long else cell for number, cell in enumerate(row)] for row in rows
    ]


def cut_cell(cell: Cell, width: int) -> Cell:
    """Cut a text to so many columns of the terminal; what was cut ends with "…"."""
    if len(cell.text) <= width and cell.text.isascii() and cell.text.isprintable():
        # Nearly always.
        return cell
    from rich.cells import cell_len, set_cell_size  # noqa: PLC0415

    text = visible(cell.text)
    if cell_len(text) <= width:
        return cell
    return Cell(f"{set_cell_size(text, width - 1).rstrip()}…", cell.style)


def cut_name(text: str, width: int) -> str:
    """Cut a visible name to so many columns of the terminal, in its middle: its end tells it from its neighbours."""
    from rich.cells import cell_len, set_cell_size  # noqa: PLC0415

    if cell_len(text) <= width:
        return text
    end = text
    while cell_len(end) > (width - 1) // 2:
        end = end[1:]
    return f"{set_cell_size(text, width - 1 - cell_len(end))}…{end}"


def line(text: str, screen: Screen, style: str = "") -> str:
    """Write one line (or paragraph) of text, wrapped to the terminal."""
    if screen.width is None:
        return f"{visible(text)}\n"
    from rich.text import Text  # noqa: PLC0415

    console = _console(screen)
    console.print(Text(visible(text), style), crop=False)
    return _tidy(console)


def _console(screen: Screen) -> Console:
    """A console that writes to memory."""
    from rich.console import Console  # noqa: PLC0415

    return Console(
        file=StringIO(),
        width=screen.width,
        force_terminal=screen.has_colour,
        color_system="standard" if screen.has_colour else None,
        markup=False,
        emoji=False,
        highlight=False,
    )


def _tidy(console: Console) -> str:
    """Take what was written, without the spaces that fill each line up."""
    file = console.file
    assert isinstance(file, StringIO)  # noqa: S101  (made above)
    return "".join(f"{written.rstrip()}\n" for written in file.getvalue().splitlines())
