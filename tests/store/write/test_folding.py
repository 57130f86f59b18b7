"""What is measured is booked one by one, and folded into minutes, hours and days: never twice, and none is lost."""

from __future__ import annotations

import math
import random
import sqlite3
from contextlib import closing

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from healthmon.config.sections.history import HistoryConfig
from healthmon.errors import DatabaseUnwritable
from healthmon.history.measurements import Measured, Summary
from healthmon.history.metrics import METRICS, ROUND_TRIP, WIDER, Metric
from healthmon.model import Check, ClockJump, Measurement
from healthmon.store.read.buckets import BUCKETS, pieces, summary_of
from healthmon.store.sqlite.connect import connect
from healthmon.store.write.pruning import Cuts
from tests.store.scene import OTHER_PHONE, PHONE, START, Store, by_key, round_trip, state

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
#: The scenes begin at noon UTC.


def book(store: Store, *trips: tuple[float, float]) -> None:
    """Book round trips of the phone: seconds after the start, and milliseconds."""
    store.book(
        states=by_key(state(), state(OTHER_PHONE)),
        measurements=[round_trip(at, ms) for at, ms in trips],
    )


def fold(store: Store, limit: int = 25) -> list[int]:
    steps = []
    while done := store.writer.fold_measurements(limit):
        steps.append(done)
    return steps


def measured(store: Store, since: float, until: float, check: int = 1) -> Measured:
    with store.reading() as reader:
        return reader.meters().measured(check, since, until)


def seen(store: Store, since: float, until: float) -> Summary:
    return measured(store, since, until).get(ROUND_TRIP.key, Summary())


def rows(store: Store) -> dict[str, list[tuple[float, int]]]:
    """When each bucket begins, in seconds after the start, and how many it holds."""
    with closing(sqlite3.connect(store.path)) as connection:
        found = {table: connection.execute(f"SELECT at, count FROM {table} ORDER BY at") for table in BUCKETS}
        return {table: [(at - START, count) for at, count in its_rows] for table, its_rows in found.items()}


def test_each_is_in_the_bucket_of_its_minute_its_hour_and_its_day(store: Store) -> None:
    book(store, (5, 10.0), (59, 20.0), (60, 30.0), (HOUR + 1, 40.0), (DAY / 2, 50.0))

    assert fold(store) == [5]

    assert rows(store) == {
        "measured_minutes": [(0, 2), (60, 1), (HOUR, 1), (DAY / 2, 1)],
        "measured_hours": [(0, 3), (HOUR, 1), (DAY / 2, 1)],
        "measured_days": [(-DAY / 2, 4), (DAY / 2, 1)],
    }


def test_what_a_window_amounts_to_is_that_of_its_minutes_whatever_is_read_for_it(store: Store) -> None:
    chance = random.Random(5)
    all_of_them = [(chance.random() * 5 * DAY, chance.uniform(1, 300)) for _ in range(400)]
    book(store, *all_of_them)
    fold(store)

    for _ in range(200):
        since, until = sorted(round(chance.random() * 5 * 1440) * MINUTE for _ in range(2))
        wanted = sum((ROUND_TRIP.summary(ms) for at, ms in all_of_them if since <= at < until), Summary())
        found = seen(store, START + since, START + until)
        assert (found.count, found.histogram) == (wanted.count, wanted.histogram)
        assert found.sum == pytest.approx(wanted.sum)
        assert (found.min, found.max) == (wanted.min, wanted.max)
    assert measured(store, START, START + 5 * DAY, check=2) == {}


def test_folding_goes_in_small_steps_and_goes_on_after_a_restart(store: Store) -> None:
    book(store, *((number, 10.0) for number in range(60)))

    assert store.writer.fold_measurements(25) == 25
    store.restart(START + 100)
    assert fold(store, 25) == [25, 10]

    assert seen(store, START, START + DAY).count == 60


def test_a_step_that_fails_loses_none_and_counts_none_twice(store: Store) -> None:
    book(store, *((number, 10.0) for number in range(30)))
    with closing(connect(store.path)) as connection:
        connection.execute(
            """CREATE TRIGGER fails BEFORE DELETE ON measurements WHEN OLD.id = 20
            BEGIN SELECT RAISE(FAIL, 'as if the disk were full'); END"""
        )

    with pytest.raises(sqlite3.IntegrityError):
        fold(store, 25)
    assert rows(store) == {"measured_minutes": [], "measured_hours": [], "measured_days": []}

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
            store.writer.fold_measurements()
        other.rollback()

    assert fold(store) == [1]


def test_what_comes_late_joins_its_bucket(store: Store) -> None:
    book(store, (DAY, 10.0))
    fold(store)
    book(store, (5, 30.0), (DAY + 1, 20.0))
    fold(store)

    assert rows(store)["measured_minutes"] == [(0, 1), (DAY, 2)]
    late = seen(store, START + DAY, START + DAY + MINUTE)
    assert (late.min, late.max, late.count) == (10.0, 20.0, 2)


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
    assert {table: len(found) for table, found in left.items()} == {
        "measured_minutes": 7,
        "measured_hours": 30,
        "measured_days": 99,
    }
    assert seen(store, START, now).count == 99


def test_after_a_clock_jump_buckets_begin_at_full_minutes_of_the_new_clock(store: Store) -> None:
    book(store, (5, 10.0))
    fold(store)
    store.book(clock_jumps=[ClockJump(START + 10, 97.5)], measurements=[round_trip(92.5, 20.0)])
    fold(store)

    with store.reading() as reader:
        meters = reader.meters()
        assert meters.measured(1, START, START + 60)["rtt_ms"].count == 1, "what was booked at 5 s stays there"
        assert meters.measured(1, START + 180, START + 240)["rtt_ms"].count == 1
        assert meters.measured(1, START, START + DAY / 2)["rtt_ms"].count == 2


LOSS = Metric("loss_percent", "%", "LOSS", "Lost packets", "answer", may_be_zero=True)


def loss(after: float, percent: float) -> Measurement:
    return Measurement(PHONE, Check.REACHABILITY, LOSS.key, percent, START + after)


def test_metrics_of_one_check_do_not_mix(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(METRICS, LOSS.key, LOSS)
    book(store, (5, 10.0), (6, 20.0))
    store.book(measurements=[loss(5, 0.0), loss(7, 50.0), loss(70, 0.0)])

    fold(store)

    assert measured(store, START, START + MINUTE) == {
        "rtt_ms": ROUND_TRIP.summary(10.0) + ROUND_TRIP.summary(20.0),
        "loss_percent": LOSS.summary(0.0) + LOSS.summary(50.0),
    }
    assert measured(store, START, START + DAY / 2)["loss_percent"].count == 3
    while store.writer.prune(Cuts.at(START + 2 * DAY), limit=1):
        pass
    assert measured(store, START, START + DAY / 2) == {}


def test_what_only_a_newer_healthmon_could_measure_is_left_out(store: Store) -> None:
    book(store, (5, 10.0))
    store.book(measurements=[loss(5, 50.0)])

    assert fold(store) == [2]

    assert measured(store, START, START + MINUTE) == {"rtt_ms": ROUND_TRIP.summary(10.0)}


TRIPS = st.lists(st.tuples(st.floats(0, 3 * DAY), st.floats(0.001, 60_000)), min_size=1, max_size=40)


@given(TRIPS, st.integers(1, 50), st.sampled_from([0.05, 0.5, 0.95, 1.0]))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_sum_of_all_buckets_of_a_size_is_that_of_the_parts(
    tmp_path_factory: pytest.TempPathFactory, trips: list[tuple[float, float]], limit: int, part: float
) -> None:
    store = Store(tmp_path_factory.mktemp("folded") / "healthmon.db")
    book(store, *trips)
    fold(store, limit)
    values = [ms for _, ms in trips]

    with closing(sqlite3.connect(store.path)) as connection:
        connection.row_factory = sqlite3.Row
        for table in BUCKETS:
            whole = sum((summary_of(row) for row in connection.execute(f"SELECT * FROM {table}")), Summary())
            assert (whole.count, whole.min, whole.max) == (len(values), min(values), max(values))
            assert whole.sum == pytest.approx(sum(values))
            exact = sorted(values)[math.ceil(part * len(values)) - 1]
            found = ROUND_TRIP.percentile(whole, part)
            assert found is not None and exact / WIDER <= found <= exact * WIDER
    store.stop()


@pytest.mark.parametrize(
    ("since", "until", "cut"),
    [
        (0, 0, []),
        (10, 50, []),
        (60, 180, [("measured_minutes", 60, 180)]),
        (59, 3600, [("measured_minutes", 60, 3600)]),
        (0, 7200, [("measured_hours", 0, 7200)]),
        (
            3540,
            7260,
            [("measured_minutes", 3540, 3600), ("measured_hours", 3600, 7200), ("measured_minutes", 7200, 7260)],
        ),
        (0, DAY * 3, [("measured_days", 0, DAY * 3)]),
        (
            DAY - 3660,
            2 * DAY + 60,
            [
                ("measured_minutes", DAY - 3660, DAY - 3600),
                ("measured_hours", DAY - 3600, DAY),
                ("measured_days", DAY, 2 * DAY),
                ("measured_minutes", 2 * DAY, 2 * DAY + 60),
            ],
        ),
    ],
)
def test_a_window_is_cut_into_the_largest_buckets(
    since: float, until: float, cut: list[tuple[str, float, float]]
) -> None:
    assert pieces(since, until) == cut
