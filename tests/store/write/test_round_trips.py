"""Round trips are booked one by one, and folded into minutes, hours and days: never twice, and none is lost."""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing

import pytest

from healthmon.config.sections.history import HistoryConfig
from healthmon.errors import DatabaseUnwritable
from healthmon.history.round_trips import RoundTrips, added_up
from healthmon.model import ClockJump, RoundTrip
from healthmon.store.read.buckets import BUCKETS, pieces
from healthmon.store.sqlite.connect import connect
from healthmon.store.write.pruning import Cuts
from tests.store.scene import OTHER_PHONE, PHONE, START, Store, by_key, state

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
#: The scenes begin at noon UTC.


def book(store: Store, *round_trips: tuple[float, float]) -> None:
    """Book round trips of the phone: seconds after the start, and milliseconds."""
    store.book(
        states=by_key(state(), state(OTHER_PHONE)),
        round_trips=[RoundTrip(PHONE, START + at, ms) for at, ms in round_trips],
    )


def fold(store: Store, limit: int = 25) -> list[int]:
    steps = []
    while done := store.writer.fold_round_trips(limit):
        steps.append(done)
    return steps


def seen(store: Store, since: float, until: float, check: int = 1) -> RoundTrips:
    with store.reading() as reader:
        return reader.meters().round_trips(check, since, until)


def rows(store: Store) -> dict[str, list[tuple[float, int]]]:
    """When each bucket begins, in seconds after the start, and how many it holds."""
    with closing(sqlite3.connect(store.path)) as connection:
        found = {table: connection.execute(f"SELECT at, count FROM {table} ORDER BY at") for table in BUCKETS}
        return {table: [(at - START, count) for at, count in its_rows] for table, its_rows in found.items()}


def test_each_is_in_the_bucket_of_its_minute_its_hour_and_its_day(store: Store) -> None:
    book(store, (5, 10.0), (59, 20.0), (60, 30.0), (HOUR + 1, 40.0), (DAY / 2, 50.0))

    assert fold(store) == [5]

    assert rows(store) == {
        "rtt_minutes": [(0, 2), (60, 1), (HOUR, 1), (DAY / 2, 1)],
        "rtt_hours": [(0, 3), (HOUR, 1), (DAY / 2, 1)],
        "rtt_days": [(-DAY / 2, 4), (DAY / 2, 1)],
    }


def test_what_a_window_amounts_to_is_that_of_its_minutes_whatever_is_read_for_it(store: Store) -> None:
    chance = random.Random(5)
    all_of_them = [(chance.random() * 5 * DAY, chance.uniform(1, 300)) for _ in range(400)]
    book(store, *all_of_them)
    fold(store)

    for _ in range(200):
        since, until = sorted(round(chance.random() * 5 * 1440) * MINUTE for _ in range(2))
        wanted = added_up(RoundTrips.of(ms) for at, ms in all_of_them if since <= at < until)
        found = seen(store, START + since, START + until)
        assert (found.count, found.histogram) == (wanted.count, wanted.histogram)
        assert found.sum_ms == pytest.approx(wanted.sum_ms)
        assert (found.min_ms, found.max_ms) == (wanted.min_ms, wanted.max_ms)
    assert seen(store, START, START + 5 * DAY, check=2) == RoundTrips()


def test_folding_goes_in_small_steps_and_goes_on_after_a_restart(store: Store) -> None:
    book(store, *((number, 10.0) for number in range(60)))

    assert store.writer.fold_round_trips(25) == 25
    store.restart(START + 100)
    assert fold(store, 25) == [25, 10]

    assert seen(store, START, START + DAY).count == 60


def test_a_step_that_fails_loses_none_and_counts_none_twice(store: Store) -> None:
    book(store, *((number, 10.0) for number in range(30)))
    with closing(connect(store.path)) as connection:
        connection.execute(
            """CREATE TRIGGER fails BEFORE DELETE ON round_trips WHEN OLD.id = 20
            BEGIN SELECT RAISE(FAIL, 'as if the disk were full'); END"""
        )

    with pytest.raises(sqlite3.IntegrityError):
        fold(store, 25)
    assert rows(store) == {"rtt_minutes": [], "rtt_hours": [], "rtt_days": []}

    with closing(connect(store.path)) as connection:
        connection.execute("DROP TRIGGER fails")
    fold(store, 25)
    assert seen(store, START, START + DAY).count == 30


def test_while_the_database_is_locked_they_wait(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    book(store, (1, 10.0))
    store.writer._session.connection.execute("PRAGMA busy_timeout = 10")

    with closing(connect(store.path)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(DatabaseUnwritable):
            store.writer.fold_round_trips()
        other.rollback()

    assert fold(store) == [1]


def test_what_comes_late_joins_its_bucket(store: Store) -> None:
    book(store, (DAY, 10.0))
    fold(store)
    book(store, (5, 30.0), (DAY + 1, 20.0))
    fold(store)

    assert rows(store)["rtt_minutes"] == [(0, 1), (DAY, 2)]
    late = seen(store, START + DAY, START + DAY + MINUTE)
    assert (late.min_ms, late.max_ms, late.count) == (10.0, 20.0, 2)


def test_with_nothing_to_fold_nothing_is_written(store: Store) -> None:
    book(store, (1, 10.0))
    fold(store)
    store.writer.outside_changes()
    with closing(connect(store.path)) as other:
        version = other.execute("PRAGMA data_version").fetchone()
        fold(store)
        assert other.execute("PRAGMA data_version").fetchone() == version


def test_buckets_are_kept_as_long_as_is_configured(store: Store) -> None:
    book(store, *((day * DAY, 10.0) for day in range(200)))
    fold(store)
    now = START + 200 * DAY
    keep = HistoryConfig(daily=100 * DAY, rtt_minutes=7 * DAY, rtt_hours=30 * DAY)

    while store.writer.prune(Cuts.of(keep, now), limit=7):
        pass

    left = rows(store)
    assert {table: len(found) for table, found in left.items()} == {"rtt_minutes": 7, "rtt_hours": 30, "rtt_days": 99}
    assert seen(store, START, now).count == 99


def test_after_a_clock_jump_buckets_begin_at_full_minutes_of_the_new_clock(store: Store) -> None:
    book(store, (5, 10.0))
    fold(store)
    store.book(clock_jumps=[ClockJump(START + 107.5, 97.5)], round_trips=[RoundTrip(PHONE, START + 190, 20.0)])
    fold(store)

    with store.reading() as reader:
        meters = reader.meters()
        assert meters.round_trips(1, START + 60, START + 120).count == 1, "booked at 5 s, which reads 102.5 s now"
        assert meters.round_trips(1, START + 180, START + 240).count == 1
        assert meters.round_trips(1, START, START + DAY / 2).count == 2


@pytest.mark.parametrize(
    ("since", "until", "cut"),
    [
        (0, 0, []),
        (10, 50, []),
        (60, 180, [("rtt_minutes", 60, 180)]),
        (59, 3600, [("rtt_minutes", 60, 3600)]),
        (0, 7200, [("rtt_hours", 0, 7200)]),
        (3540, 7260, [("rtt_minutes", 3540, 3600), ("rtt_hours", 3600, 7200), ("rtt_minutes", 7200, 7260)]),
        (0, DAY * 3, [("rtt_days", 0, DAY * 3)]),
        (
            DAY - 3660,
            2 * DAY + 60,
            [
                ("rtt_minutes", DAY - 3660, DAY - 3600),
                ("rtt_hours", DAY - 3600, DAY),
                ("rtt_days", DAY, 2 * DAY),
                ("rtt_minutes", 2 * DAY, 2 * DAY + 60),
            ],
        ),
    ],
)
def test_a_window_is_cut_into_the_largest_buckets(
    since: float, until: float, cut: list[tuple[str, float, float]]
) -> None:
    assert pieces(since, until) == cut
