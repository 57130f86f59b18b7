"""How long something has lasted over a time that a clock left out: in ``healthmon status``, and in a report."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from healthmon.model import ClockJump, Health, Kind, Target
from healthmon.report.availability.query import ReportRequest, account_of
from healthmon.report.status.data import status_data
from healthmon.report.status.layout import StatusLayout
from healthmon.report.status.query import read_status
from healthmon.report.status.text import status_text
from healthmon.report.tables import Screen
from tests.store.conftest import folder, store
from tests.store.scene import OFFICE, START, Store, by_key, incident, state, transition, unknown, unknown_by_key

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
    text = status_text(status_data(status), StatusLayout(), ZoneInfo("UTC"), Screen(200))

    assert "seems down for 2 min" in text
    assert "since 12:01:40, 2 min; incident 1" in text


def test_a_clock_that_was_set_forward_is_no_part_of_an_outage_in_a_report(store: Store) -> None:
    store.book(
        states=by_key(state()),
        transitions=[transition(START, Health.UP), transition(START + 100, Health.DOWN, Health.UP)],
    )
    store.book(clock_jumps=[ClockJump(START + 150, NIGHT)])
    store.book(
        transitions=[transition(START + 200, Health.UP, Health.DOWN)],
        unknown_periods=unknown_by_key(unknown(START + 140, START + 160, OFFICE, "the clock was set")),
    )

    end = START + 220 + NIGHT
    with store.reading() as reader:
        (line,) = account_of(reader, ReportRequest((START, end)), end).lines

    assert (line.figures.down_s, line.figures.unknown_s) == (80, 20 + NIGHT)
    assert (line.figures.longest_s, line.figures.mean_repair_s) == (100, 100)
