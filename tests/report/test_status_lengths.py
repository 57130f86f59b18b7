"""How long something has lasted, in the lines of ``healthmon status``."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from healthmon.model import ClockJump, Health, Kind, Target
from healthmon.report.status.query import read_status
from healthmon.report.status.text import StatusLayout, status_text
from healthmon.report.tables import Screen
from tests.store.conftest import folder, store
from tests.store.scene import START, Store, by_key, incident, state

__all__ = ["folder", "store"]

SITE = Target("office", "site", "203.0.113.7")
NIGHT = 8 * 3600.0


def test_a_clock_that_was_set_forward_is_no_part_of_how_long_anything_has_lasted(store: Store) -> None:
    store.book(
        states=by_key(state(pending=Health.DOWN, pending_since=START + 100)),
        incidents={1: incident(1, SITE, kind=Kind.SITE, watch="", down=2, of=3)},
    )
    store.book(clock_jumps=[ClockJump(START + 150, NIGHT)])

    with store.reading() as reader:
        status = read_status(reader, START + 220 + NIGHT)
    text = status_text(status, StatusLayout(), ZoneInfo("UTC"), Screen(200))

    assert "seems down for 2 min" in text
    assert "since 12:01:40, 2 min; incident 1" in text
