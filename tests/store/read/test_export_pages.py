"""The history row by row, in pages that hold no moment."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from itertools import chain
from typing import Any

import pytest

from healthmon.model import Check, ClockJump, Health, Reason, Target
from healthmon.store.read.export_pages import EXPORTS, pages
from healthmon.store.session import Session
from healthmon.store.sqlite.connect import open_connection
from tests.store.scene import (
    BOSS,
    OFFICE,
    PHONE,
    START,
    Store,
    by_key,
    closed,
    incident,
    notification,
    state,
    transition,
    unknown,
    unknown_by_key,
)

NOBODY_KNOWS = Target("office", "site", "203.0.113.7")


def rows(store: Store, what: str = "transitions", since: float = 0.0, until: float = 9e9, limit: int = 2) -> list[Any]:
    """All rows as dictionaries."""
    names = [column.name for column in EXPORTS[what].columns]
    found = chain.from_iterable(pages(store.path, what, since, until, limit=limit))
    return [dict(zip(names, row, strict=True)) for row in found]


@pytest.fixture
def filled(store: Store) -> Store:
    """Seven transitions, a minute from each other."""
    states = state(), state(OFFICE, check=Check.CONNECTION, watch="")
    store.book(states=by_key(*states))
    store.book(transitions=[transition(START + 60 * number, Health.UP, cause=f"no. {number}") for number in range(7)])
    return store


def test_a_transition_is_one_row_with_its_target(filled: Store) -> None:
    assert rows(filled)[0] == {
        "rev": 1,
        "pbx": "office",
        "technology": "PJSIP",
        "resource": "101",
        "kind": "phone",
        "watch": "phones",
        "check": "reachability",
        "before": None,
        "after": "up",
        "at": START,
        "believed_at": START + 30,
        "cause": "no. 0",
    }


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 8, 1000])
def test_pages_of_any_size_hold_every_row_once_and_in_order(filled: Store, limit: int) -> None:
    assert [row["rev"] for row in rows(filled, limit=limit)] == [1, 2, 3, 4, 5, 6, 7]
    assert max(len(page) for page in pages(filled.path, "transitions", 0.0, 9e9, limit=limit)) <= limit


def test_the_file_is_looked_through_once_and_not_for_each_page(filled: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    filled.stop()
    opened: list[str] = []
    connect = sqlite3.connect

    def counted(name: str, **facts: Any) -> Any:
        opened.append(name)
        return connect(name, **facts)

    monkeypatch.setattr(sqlite3, "connect", counted)

    assert len(rows(filled, limit=1)) == 7

    assert len(opened) == 1 + 7


def test_a_window_holds_what_was_first_seen_in_it(filled: Store) -> None:
    assert [row["cause"] for row in rows(filled, since=START + 60, until=START + 240)] == ["no. 1", "no. 2", "no. 3"]
    assert rows(filled, since=START + 1000) == []


def test_what_is_booked_while_it_is_read_is_left_for_the_next_time(filled: Store) -> None:
    found = pages(filled.path, "transitions", 0.0, 9e9, limit=3)
    first = next(found)

    filled.book(transitions=[transition(START + 600, Health.DOWN, Health.UP)])
    filled.restart(START + 700)

    assert [row[0] for row in chain(first, *found)] == [1, 2, 3, 4, 5, 6, 7]


def test_all_times_are_on_one_clock_also_if_somebody_sets_it_meanwhile(filled: Store) -> None:
    found = pages(filled.path, "transitions", 0.0, 9e9, limit=4)
    first = next(found)

    filled.book(clock_jumps=[ClockJump(START + 900, by=-3600.0)])

    assert [row[-3] - START for row in chain(first, *found)] == [0, 60, 120, 180, 240, 300, 360]


def test_no_page_is_held_open_while_its_reader_waits(filled: Store) -> None:
    found = pages(filled.path, "transitions", 0.0, 9e9, limit=2)
    next(found)

    # Were the first page's moment still open, the log could not be cut.
    filled.book(transitions=[transition(START + 600, Health.DOWN, Health.UP)])
    with closing(open_connection(filled.path, "mode=rw")) as connection:
        blocked, *_ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()

    assert blocked == 0


def test_incidents_veils_and_notifications(store: Store) -> None:
    over = closed(1, START + 300, acked_at=START + 200, acked_by="anna")
    site = incident(2, NOBODY_KNOWS, opened_at=START + 500, muted_by="silence 12", site="203.0.113.7")
    store.book(
        states=by_key(state()),
        incidents={1: over, 2: site},
        unknown_periods=unknown_by_key(
            unknown(START + 10, START + 20), unknown(START + 30), unknown(START + 40, None, OFFICE, "blind")
        ),
        notifications=[notification(), notification(Reason.OPENED, 2, booked_at=START + 510)],
    )
    claim = store.outbox.claim(BOSS, START + 140)
    assert claim is not None
    store.outbox.delivered(claim, START + 141, "WAS DOWN phone 101")

    first, second = rows(store, "incidents")
    assert (first["state"], first["acknowledged_by"], first["muted_by"]) == ("down", "anna", None)
    assert (second["technology"], second["resource"], second["closed_at"]) == ("site", "203.0.113.7", None)
    assert (second["site"], second["muted_by"]) == ("203.0.113.7", "silence 12")
    assert [row["id"] for row in rows(store, "incidents", since=START + 301)] == [2]
    assert [row["id"] for row in rows(store, "incidents", until=START + 500)] == [1]

    seen = [(row["technology"], row["since"] - START, row["until"], row["why"]) for row in rows(store, "veils")]
    assert seen == [("PJSIP", 10, START + 20, "not listed"), ("PJSIP", 30, None, "not listed"), ("", 40, None, "blind")]
    assert [row["id"] for row in rows(store, "veils", since=START + 21)] == [2, 3]

    told, waits = rows(store, "notifications")
    assert (told["incident"], told["receiver"], told["state"], told["attempts"]) == (1, BOSS, "delivered", 1)
    assert (told["finished_at"], told["subject"], told["why"]) == (START + 141, "WAS DOWN phone 101", None)
    assert (waits["state"], waits["finished_at"], waits["subject"]) == ("waiting", None, None)
    assert [row["id"] for row in rows(store, "notifications", since=START + 500)] == [2]


@pytest.mark.parametrize("what", EXPORTS)
def test_a_database_in_which_nothing_happened_has_no_rows(store: Store, what: str) -> None:
    assert rows(store, what) == []


def test_a_window_at_the_end_of_years_is_found_without_reading_the_years(store: Store) -> None:
    store.book(states=by_key(state()))
    times = [START + 7200 * number for number in range(3000)]
    store.book(transitions=[transition(at, Health.UP) for at in times])

    with closing(open_connection(store.path, "mode=ro")) as connection:
        skipped = EXPORTS["transitions"].skip(Session(store.path, connection), times[2000])

    assert 1990 < skipped <= 2000
    assert [row["at"] for row in rows(store, since=times[2000], limit=999)] == times[2000:]


@pytest.mark.parametrize("what", EXPORTS)
def test_a_page_is_found_by_its_key_and_needs_no_sorting(store: Store, what: str) -> None:
    wanted = {"after": 0, "last": 9, "since": 0.0, "until": 1.0, "limit": 2}
    with closing(open_connection(store.path, "mode=ro")) as connection:
        plan = [row["detail"] for row in connection.execute(f"EXPLAIN QUERY PLAN {EXPORTS[what].sql}", wanted)]

    assert all(line.startswith("SEARCH") for line in plan), plan
    assert "USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)" in plan[0]


def test_a_target_that_is_gone_keeps_its_rows(store: Store) -> None:
    store.book(states=by_key(state()), transitions=[transition(START, Health.UP)])
    store.book(forgotten=[PHONE], transitions=[transition(START + 60, None, Health.UP)])

    assert [(row["resource"], row["before"], row["after"]) for row in rows(store)] == [
        ("101", None, "up"),
        ("101", "up", None),
    ]
