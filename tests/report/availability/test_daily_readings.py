"""The readings of the meters: when they are taken, and what becomes of them when something is booked late."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from healthmon.model import Changes, CheckState, Health, Reading, Target, Transition, UnknownPeriod
from healthmon.report.availability.daily_readings import READINGS_AT_ONCE, Roller
from healthmon.store.write.writer import Writer, open_writer
from tests.report.builder import DAY, HOUR, MINUTE, phone, provider, steps, unknown

BERLIN, KOLKATA = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Kolkata")
UP, DOWN = Health.UP, Health.DOWN

#: The first moment of a Tuesday.
MIDNIGHT = datetime(2026, 4, 28, tzinfo=BERLIN).timestamp()
TRUNK = replace(provider("trunk"), watched_since=MIDNIGHT - 2 * HOUR)


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[Writer]:
    """A database that watches a trunk since ten in the evening; it was up at once."""
    with closing(open_writer(tmp_path / "healthmon.db", now=MIDNIGHT - 3 * HOUR)) as writer:
        writer.commit(states(TRUNK, transitions=steps(TRUNK, (MIDNIGHT - 2 * HOUR, UP))))
        yield writer


def states(
    *each: CheckState, transitions: Iterable[Transition] = (), unknown_periods: Iterable[UnknownPeriod] = ()
) -> Changes:
    """Changes with these in them."""
    return Changes(
        states={(one.target, one.check): one for one in each},
        transitions=list(transitions),
        unknown_periods={(one.target, one.check, one.since): one for one in unknown_periods},
    )


def roll(writer: Writer, now: float, zone: ZoneInfo = BERLIN) -> None:
    """Take all readings that are due."""
    roller = Roller(writer)
    while roller.step(now, zone):
        pass


def readings(writer: Writer, name: str = "trunk") -> list[Reading]:
    """All readings of one endpoint."""
    meters = writer.meters()
    number = next(one.id for one in meters.checks_after(0, 10_000) if one.target.resource == name)
    found, at = [], 0.0
    while (reading := meters.reading_after(number, at)) is not None:
        found.append(reading)
        at = reading.at
    return found


def test_a_meter_is_read_an_hour_after_midnight_and_says_what_the_day_amounted_to(writer: Writer) -> None:
    roll(writer, MIDNIGHT + HOUR - 1)
    assert readings(writer) == []

    roll(writer, MIDNIGHT + HOUR)
    assert readings(writer) == [Reading(MIDNIGHT, up_s=2 * HOUR, belief=UP, was_used=True)]


def test_a_day_on_which_nothing_happened_has_no_reading(writer: Writer) -> None:
    down = [(MIDNIGHT + 3 * DAY + HOUR, DOWN), (MIDNIGHT + 3 * DAY + 2 * HOUR, UP)]
    writer.commit(states(transitions=steps(TRUNK, (0, UP), *down)[1:]))

    roll(writer, MIDNIGHT + 6 * DAY)

    first, second = readings(writer)
    assert (first.at, second.at) == (MIDNIGHT, MIDNIGHT + 4 * DAY)
    assert second == Reading(
        MIDNIGHT + 4 * DAY,
        up_s=4 * DAY + HOUR,
        down_s=HOUR,
        outages=1,
        longest_s=HOUR,
        belief=UP,
        was_used=True,
    )


def test_the_readings_around_a_window_are_one_question(writer: Writer) -> None:
    down = [(MIDNIGHT + 3 * DAY + HOUR, DOWN), (MIDNIGHT + 3 * DAY + 2 * HOUR, UP)]
    writer.commit(states(transitions=steps(TRUNK, (0, UP), *down)[1:]))
    roll(writer, MIDNIGHT + 6 * DAY)
    meters = writer.meters()
    (trunk,) = meters.checks_after(0, 10)

    edges = [MIDNIGHT + days * DAY for days in (-1, 0, 1, 4, 5)]
    for since, until in ((since, until) for since in edges for until in edges):
        before, after, last, longest = meters.readings_around(trunk.id, since, until)

        assert before == meters.reading_until(trunk.id, since)
        assert after == meters.reading_after(trunk.id, since)
        assert last == meters.reading_until(trunk.id, until)
        assert longest == (meters.longest(trunk.id, after.at, until) if after is not None else (0, 0))


def test_an_outage_over_midnight_is_one_and_is_carried_on(writer: Writer) -> None:
    writer.commit(
        states(transitions=steps(TRUNK, (0, UP), (MIDNIGHT + 23 * HOUR, DOWN), (MIDNIGHT + 25 * HOUR, UP))[1:])
    )

    roll(writer, MIDNIGHT + 3 * DAY)

    _, during, after = readings(writer)
    assert (during.outages, during.is_out, during.out_s, during.longest_s) == (1, True, HOUR, HOUR)
    assert (after.outages, after.is_out, after.out_s, after.longest_s) == (1, False, 0, 2 * HOUR)


def test_what_is_booked_late_removes_the_readings_after_it_and_they_are_taken_anew(writer: Writer) -> None:
    roll(writer, MIDNIGHT + 2 * HOUR)
    assert readings(writer)[0].up_s == 2 * HOUR

    # It was pending over midnight.
    writer.commit(states(transitions=steps(TRUNK, (0, UP), (MIDNIGHT - MINUTE, DOWN))[1:]))

    assert readings(writer) == []
    roll(writer, MIDNIGHT + 3 * HOUR)
    assert (readings(writer)[0].up_s, readings(writer)[0].down_s) == (2 * HOUR - MINUTE, MINUTE)


def test_a_late_veil_of_a_pbx_removes_the_readings_of_all_behind_it(writer: Writer) -> None:
    other = replace(phone("201", pbx="branch"), watched_since=MIDNIGHT - HOUR)
    writer.commit(states(other, transitions=steps(other, (MIDNIGHT - HOUR, UP))))
    roll(writer, MIDNIGHT + 2 * HOUR)

    writer.commit(states(unknown_periods=[unknown(Target("office"), MIDNIGHT - HOUR, MIDNIGHT + HOUR)]))

    assert (len(readings(writer)), len(readings(writer, "201"))) == (0, 1)
    roll(writer, MIDNIGHT + 2 * HOUR)
    assert readings(writer)[0].unknown_s == HOUR


def test_a_veil_that_is_lifted_after_the_reading_leaves_it(writer: Writer) -> None:
    writer.commit(states(unknown_periods=[unknown(Target("office"), MIDNIGHT - HOUR, None)]))
    roll(writer, MIDNIGHT + 2 * HOUR)

    writer.commit(states(unknown_periods=[unknown(Target("office"), MIDNIGHT - HOUR, MIDNIGHT + 2 * HOUR)]))

    assert [reading.unknown_s for reading in readings(writer)] == [HOUR]
    assert writer.late_bookings == 0


def test_another_zone_goes_on_from_the_readings_of_the_first(writer: Writer) -> None:
    noon = MIDNIGHT + 36 * HOUR
    writer.commit(states(transitions=steps(TRUNK, (0, UP), (noon, DOWN), (noon + HOUR, UP))[1:]))
    roll(writer, MIDNIGHT + 2 * HOUR)

    roll(writer, MIDNIGHT + 3 * DAY, KOLKATA)

    first, second = readings(writer)
    assert first.at == MIDNIGHT
    assert second.at == datetime(2026, 4, 30, tzinfo=KOLKATA).timestamp()
    assert (second.down_s, second.up_s) == (HOUR, second.at - MIDNIGHT + 2 * HOUR - HOUR)


def test_years_of_history_are_read_in_small_steps(writer: Writer) -> None:
    days = [(MIDNIGHT + day * DAY + part, health) for day in range(400) for part, health in ((1, DOWN), (2, UP))]
    writer.commit(states(transitions=steps(TRUNK, (0, UP), *days)[1:]))
    roller, counts = Roller(writer), [0]

    while roller.step(MIDNIGHT + 401 * DAY, BERLIN):
        counts.append(len(readings(writer)))

    assert max(later - earlier for earlier, later in pairwise(counts)) <= READINGS_AT_ONCE
    assert readings(writer)[-1].outages == 400
    # The first evening, and each day but one: the day of 25 hours holds the outage of the next one, too.
    assert len(readings(writer)) == 1 + 399


def test_a_round_that_a_stop_interrupts_is_finished_by_the_next_daemon(tmp_path: Path) -> None:
    trunks = [replace(provider(f"trunk{number}"), watched_since=MIDNIGHT - HOUR) for number in range(80)]
    path = tmp_path / "healthmon.db"
    with closing(open_writer(path, now=MIDNIGHT - HOUR)) as first:
        first.commit(
            states(*trunks, transitions=[one for each in trunks for one in steps(each, (MIDNIGHT - HOUR, UP))])
        )
        Roller(first).step(MIDNIGHT + HOUR, BERLIN)

    with closing(open_writer(path, now=MIDNIGHT + 2 * HOUR)) as second:
        roll(second, MIDNIGHT + 2 * HOUR)

        assert all(len(readings(second, one.target.resource)) == 1 for one in trunks)
