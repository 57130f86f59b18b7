"""Every row of the table, undisturbed and with the daemon killed at a hundred points of it."""

from __future__ import annotations

import pytest
from _pytest.mark.structures import ParameterSet

from tests.scenarios.playing import boundaries, check, played
from tests.scenarios.rows import ROWS, Row

#: So many kills for each row, each in a run of its own; in so many parts, for several cores.
KILLS, PARTS = 100, 4


def _rows(*, killed: bool) -> list[ParameterSet]:
    return [pytest.param(row, id=row.what, marks=_marks(row, killed=killed)) for row in ROWS]


def _marks(row: Row, *, killed: bool) -> list[pytest.MarkDecorator]:
    missing = row.missing or (row.missing_if_killed if killed else "")
    # A part of the kills may hit where nothing goes wrong.
    return [pytest.mark.xfail(strict=not killed, reason=missing)] if missing else []


@pytest.mark.parametrize("row", _rows(killed=False))
def test_a_row(row: Row) -> None:
    with played(row) as world:
        check(row, world)


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("row", _rows(killed=True))
def test_a_row_with_kills(row: Row, part: int) -> None:
    for boundary in boundaries(row, KILLS)[part::PARTS]:
        with played(row, kill_at=[boundary]) as world:
            assert len(world.kills.struck) == 1
            check(row, world)
