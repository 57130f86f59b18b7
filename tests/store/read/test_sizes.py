"""How large the database is and how it grows: by table, and without reading all of a table for that."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from healthmon.errors import StoreError
from healthmon.model import Health, Reading
from healthmon.store.read.sizes import DAY, GROWING, GROWING_BY_CHECK, Sizes, TableSize, read_sizes
from tests.store.scene import START, Store, by_key, closed, incident, round_trip, state, transition


def sizes(store: Store, day: float) -> Sizes:
    return read_sizes(store.path, START + day * DAY, lambda name: None)


def of(name: str, found: Sizes) -> TableSize:
    return next(table for table in found.tables if table.name == name)


def book(store: Store, days: int, *, a_day: int) -> None:
    """Let so many days pass, with so many changes and one incident on each."""
    store.book(states=by_key(state()))
    for day in range(days):
        at = START + day * DAY
        store.book(
            transitions=[transition(at + number, Health.UP) for number in range(a_day)],
            incidents={day + 1: closed(day + 1, at=at + 500, opened_at=at + 1)},
        )


def test_each_table_is_measured_with_its_indexes(store: Store) -> None:
    book(store, 20, a_day=500)

    found = sizes(store, 20)

    changes = of("transitions", found)
    assert changes.rows == 10_000
    assert 30 < changes.size_bytes / changes.rows < 120
    assert found.tables[0] == changes, "the largest comes first"
    assert sum(table.size_bytes for table in found.tables) <= found.size_bytes
    assert found.can_shrink and found.free_bytes == 0 < found.log_bytes and found.disk_free_bytes > 0


def test_growth_is_that_of_the_last_thirty_days(store: Store) -> None:
    book(store, 40, a_day=10)
    store.book(transitions=[transition(START + 39.5 * DAY + number, Health.UP) for number in range(600)])

    found = sizes(store, 40)

    changes = of("transitions", found)
    assert changes.rows_per_day == pytest.approx((30 * 10 + 600) / 30)
    assert changes.oldest_at == START
    assert changes.bytes_per_day == pytest.approx(changes.size_bytes / changes.rows * 30)
    assert of("incidents", found).rows_per_day == pytest.approx(1.0)


def test_of_a_younger_history_it_is_that_of_its_days_and_of_less_than_one_nothing_is_said(store: Store) -> None:
    book(store, 2, a_day=100)

    assert of("transitions", sizes(store, 2)).rows_per_day == pytest.approx(100)
    young = of("transitions", sizes(store, 0.9))
    assert (young.rows_per_day, young.bytes_per_day) == (None, 0.0)


def test_what_does_not_grow_with_time_has_no_growth(store: Store) -> None:
    book(store, 2, a_day=1)

    found = sizes(store, 2)

    assert of("states", found).rows == 1
    assert of("states", found).rows_per_day is None
    assert {table.name for table in found.tables} > {*GROWING, *GROWING_BY_CHECK}


def test_what_is_kept_by_check_grows_too(store: Store) -> None:
    book(store, 10, a_day=1)
    for day in range(10):
        store.book(measurements=[round_trip(day * DAY + number * 60, 10.0) for number in range(5)])
    while store.writer.fold_measurements():
        pass
    store.writer.begin_readings(START + 10 * DAY)
    store.writer.book_readings({1: [Reading(START + day * DAY, belief=Health.UP) for day in range(10)]})

    found = sizes(store, 10)

    assert of("measured_minutes", found).rows_per_day == pytest.approx(5)
    assert of("measured_hours", found).rows_per_day == pytest.approx(1)
    assert of("daily", found).rows_per_day == pytest.approx(1)
    assert of("daily", found).oldest_at == START


class WithoutDbstat(sqlite3.Connection):
    """A SQLite that was built without it."""

    def execute(self, sql: str, parameters: object = (), /) -> sqlite3.Cursor:
        if "dbstat" in sql:
            raise sqlite3.OperationalError("no such table: dbstat")
        return super().execute(sql, parameters)  # type: ignore[arg-type]


@pytest.fixture
def no_dbstat(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    plain = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *a, **named: plain(*a, **named, factory=WithoutDbstat))
    yield


@pytest.mark.usefixtures("no_dbstat")
def test_without_dbstat_sizes_are_estimated_from_the_rows(store: Store) -> None:
    book(store, 20, a_day=500)

    found = sizes(store, 20)

    changes = of("transitions", found)
    assert 40 < changes.size_bytes / changes.rows < 120


def test_where_there_is_no_database_a_sentence_says_so(folder: Path) -> None:
    with pytest.raises(StoreError, match="there is no database here yet"):
        read_sizes(folder / "healthmon.db", START, lambda name: None)


def test_the_numbers_of_an_open_incident_count_too(store: Store) -> None:
    store.book(incidents={1: incident(opened_at=START)})

    assert of("incidents", sizes(store, 2)).rows_per_day == pytest.approx(0.5)
