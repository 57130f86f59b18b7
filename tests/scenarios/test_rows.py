"""Every row of the table, undisturbed and with the daemon killed at a hundred points of it."""

from __future__ import annotations

import pytest

from tests.scenarios.kills import Kills
from tests.scenarios.playing import check, kills_of, played, verdicts
from tests.scenarios.rows import PACKET_LOSS, ROWS, Row

#: So many kills for each row, each in a run of its own; in so many parts, for several cores.
KILLS, PARTS = 100, 4


every_row = pytest.mark.parametrize("row", [pytest.param(row, id=row.what) for row in ROWS])


@every_row
def test_a_row(row: Row) -> None:
    with played(row) as world:
        check(row, world)


@pytest.mark.parametrize("part", range(PARTS))
@every_row
def test_a_row_with_kills(row: Row, part: int) -> None:
    told = verdicts(row, kills_of(row, KILLS)[part::PARTS])

    assert told == [""] * (KILLS // PARTS)


def test_a_month_of_lost_packets_alarms_nobody_also_with_a_hundred_kills_in_it() -> None:
    with played(PACKET_LOSS) as world:
        assert world.pbx.missed > 50
        check(PACKET_LOSS, world)

    kills = Kills(kills_of(PACKET_LOSS, KILLS))
    with played(PACKET_LOSS, kills=kills) as world:
        assert len(kills.struck) == KILLS
        check(PACKET_LOSS, world)
