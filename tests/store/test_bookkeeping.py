"""The rules of bookkeeping in docs/rules.md, each where it is not shown better by a test of its own file."""

from __future__ import annotations

import ast
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from healthmon import store as package
from healthmon.model import Changes, Health, Notification, Reason, Remembered, Said, UrlState
from healthmon.store import schema
from healthmon.store.outbox.outbox import Claim
from healthmon.store.sqlite.connect import open_connection
from tests.store.scene import (
    BOSS,
    DESK,
    OTHER_PHONE,
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

DUE = START + 200


def claimed(store: Store, at: float = DUE, url_id: str = BOSS) -> Claim:
    claim = store.outbox.claim(url_id, at)
    assert claim is not None
    return claim


def test_bookkeeping_01_a_batch_with_a_mistake_in_its_last_part_is_not_booked_at_all(store: Store) -> None:
    broken = Notification(1, BOSS, Reason.OPENED, 0, booked_at=START, due_at=None)  # type: ignore[arg-type]
    changes = Changes(
        states=by_key(state()),
        transitions=[transition(START + 1, Health.UP)],
        unknown_periods=unknown_by_key(unknown(START + 5)),
        incidents={1: incident()},
        notifications=[notification(), broken],
    )

    with pytest.raises(sqlite3.IntegrityError):
        store.writer.commit(changes)
    assert store.writer.load() == Remembered()

    changes.notifications.remove(broken)
    store.writer.commit(changes)
    assert len(store.writer.load().states) == 1
    with store.reading() as reader:
        (history,) = reader.history(START, START + 10)
    assert (len(history.transitions), len(history.unknown_periods)) == (1, 1)


def test_bookkeeping_01_what_was_committed_survives_a_power_cut(store: Store) -> None:
    for connection in (store.writer._session.connection, store.outbox._session.connection):
        assert connection.execute("PRAGMA synchronous").fetchone()[0] == 2, "FULL"
        assert connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal"


def test_bookkeeping_02_writers_wait_for_each_other_and_nobody_holds_a_transaction(store: Store) -> None:
    store.book(incidents={1: incident()}, notifications=[notification()])
    claim = claimed(store)

    # The message is under way; the engine books as if nothing were.
    store.book(incidents={1: closed()}, notifications=[notification(Reason.RESOLVED)])

    store.outbox.delivered(claim, DUE + 100)
    for connection in (store.writer._session.connection, store.outbox._session.connection):
        assert connection.execute("PRAGMA busy_timeout").fetchone()[0] == 5000
        assert not connection.in_transaction


def test_bookkeeping_02_the_last_sign_of_life_is_there_at_the_next_start(store: Store) -> None:
    store.writer.alive(START + 10, [])
    store.writer.alive(START + 20, [])

    store.restart(START + 500)

    assert store.writer.load().alive_at == START + 20, "until the gap is booked"
    store.writer.alive(START + 501, [])
    assert store.writer.load().alive_at == START + 501


def test_bookkeeping_02_what_was_booked_after_the_last_sign_of_life_was_seen_by_somebody(store: Store) -> None:
    store.writer.alive(START + 10, [])
    store.book(states=by_key(state()), transitions=[transition(START + 12, Health.DOWN)])

    # A power cut, before the next sign of life. It was believed 30 s after it was seen.
    store.restart(START + 500)

    assert store.writer.load().alive_at == START + 42


def test_bookkeeping_03_rows_belong_to_the_identity_of_a_url_and_the_database_knows_nothing_else(store: Store) -> None:
    store.book(incidents={1: incident()}, notifications=[notification()])
    store.outbox.failed(claimed(store), DUE, "password refused")

    # Somebody puts a new password into the configuration: the url_id is the same.
    store.restart(START + 300)
    store.outbox.recover([BOSS, DESK], START + 300)
    store.outbox.retire_others([BOSS, DESK], START + 300)

    assert [row.reason for row in claimed(store, START + 301).rows] == [Reason.OPENED]
    columns = re.findall(r"\burl\w*", " ".join(schema.MIGRATIONS[0]))
    assert set(columns) == {"url_id", "urls"}


def test_bookkeeping_04_a_second_booking_is_impossible(store: Store) -> None:
    store.book(incidents={1: incident()}, notifications=[notification()])
    store.outbox.delivered(claimed(store), DUE, "DOWN phone 101")

    store.book(notifications=[notification(booked_at=START + 500), notification(booked_at=START + 501)])

    assert store.outbox.claim(BOSS, START + 1000) is None
    with store.reading() as reader:
        (telling,) = reader.tellings(1)
    assert (telling.state, telling.booked_at) == ("delivered", START + 130)


def test_bookkeeping_04_another_serial_reason_or_url_is_another_booking(store: Store) -> None:
    bookings = [
        notification(),
        notification(serial=840),
        notification(Reason.REMINDER, serial=1),
        notification(url_id=DESK),
    ]

    store.book(incidents={1: incident()}, notifications=bookings)

    told = store.writer.told()
    assert told[1, BOSS].waiting == {(Reason.OPENED, 0), (Reason.OPENED, 840), (Reason.REMINDER, 1)}
    assert told[1, DESK].waiting == {(Reason.OPENED, 0)}


def test_bookkeeping_05_what_is_being_sent_counts_as_told(store: Store) -> None:
    store.book(incidents={1: incident()}, notifications=[notification()])

    claimed(store)

    told = store.writer.told()[1, BOSS]
    assert (told.said, told.said_at, told.waiting) == (Said.DOWN, DUE, frozenset())


def test_bookkeeping_05_what_failed_was_not_said_and_is_due_again(store: Store) -> None:
    store.book(incidents={1: incident()}, notifications=[notification()])

    store.outbox.failed(claimed(store), DUE + 5, "connection refused")

    told = store.writer.told()[1, BOSS]
    assert told.said is None
    assert told.waiting == {(Reason.OPENED, 0)}
    assert not claimed(store, DUE + 60).rows[0].possibly_repeated


@pytest.mark.parametrize("died", [True, False], ids=["found at start", "timed out"])
def test_bookkeeping_05_what_is_in_doubt_counts_as_told_and_is_sent_again_marked(store: Store, died: bool) -> None:
    store.book(incidents={1: incident()}, notifications=[notification()])
    claim = claimed(store)

    if died:
        assert store.outbox.recover([DESK], DUE + 5) == 0
        assert store.outbox.recover([BOSS], DUE + 5) == 1
    else:
        store.outbox.in_doubt(claim, DUE + 5, "timed out after 25 s")

    told = store.writer.told()[1, BOSS]
    assert (told.said, told.said_at) == (Said.DOWN, DUE)
    assert told.waiting == {(Reason.OPENED, 0)}
    (row,) = claimed(store, DUE + 60).rows
    assert row.possibly_repeated


def test_bookkeeping_05_doubt_remains_when_the_next_attempt_fails(store: Store) -> None:
    store.book(incidents={1: incident()}, notifications=[notification()])
    store.outbox.in_doubt(claimed(store), DUE, "timed out")

    store.outbox.failed(claimed(store, DUE + 60), DUE + 61, "refused")

    assert store.writer.told()[1, BOSS].said is Said.DOWN
    assert claimed(store, DUE + 120).rows[0].possibly_repeated


def test_bookkeeping_05_resolved_is_due_if_and_only_if_down_was_said_or_is_in_doubt(store: Store) -> None:
    store.book(
        incidents={1: incident(1), 2: incident(2, OTHER_PHONE)},
        notifications=[notification(number=1), notification(number=2, wait=10_000)],
    )
    store.outbox.delivered(claimed(store), DUE + 1)

    # Booked too early for 2: its first message has not been sent.
    store.book(
        incidents={1: closed(1), 2: closed(2, target=OTHER_PHONE)},
        notifications=[notification(Reason.RESOLVED, 1), notification(Reason.RESOLVED, 2)],
    )

    assert [(row.incident.id, row.says) for row in claimed(store, START + 400).rows] == [(1, Said.UP)]
    assert [(row.incident.id, row.says) for row in claimed(store, START + 11_000).rows] == [(2, Said.WAS_DOWN)]


def test_the_end_of_what_a_group_explains_is_owed_as_long_as_the_group_lasts(store: Store) -> None:
    two_days = 2 * 86400.0
    site = incident(2, OTHER_PHONE)
    store.book(incidents={1: incident()}, notifications=[notification()])
    store.outbox.delivered(claimed(store), DUE + 1)
    store.book(incidents={1: closed(explained_by=2), 2: site})

    store.writer.alive(DUE + two_days, [])
    assert [one.id for one in store.writer.load().incidents] == [1, 2]

    store.book(incidents={2: closed(2, DUE + two_days, target=OTHER_PHONE)})
    store.writer.alive(DUE + two_days + 10, [])
    assert store.writer.load().incidents == (), "nobody has come for it in a day"


def test_bookkeeping_06_two_hours_without_internet_make_one_message_with_the_whole_of_it(store: Store) -> None:
    store.book(incidents={1: incident()}, notifications=[notification()])
    store.outbox.failed(claimed(store), DUE, "no route to host")
    recovered = closed(closed_words="registered from 10.0.0.7:5060")
    store.book(incidents={1: recovered}, notifications=[notification(Reason.RESOLVED)])

    claim = claimed(store, DUE + 7200)
    (row,) = claim.rows

    assert (row.reason, row.says, row.incident) == (Reason.OPENED, Said.WAS_DOWN, recovered)
    store.outbox.delivered(claim, DUE + 7201)
    assert store.outbox.claim(BOSS, DUE + 8000) is None, "never a lone up"


def test_bookkeeping_06_the_facts_are_those_of_the_claim(store: Store) -> None:
    store.book(incidents={1: incident()}, notifications=[notification()])
    store.outbox.failed(claimed(store), DUE, "refused")
    worse = incident(health=Health.DOWN, cause="device state UNAVAILABLE", flapping=1, flap_episodes=1)

    store.book(incidents={1: worse})

    assert claimed(store, DUE + 60).rows[0].incident == worse


def test_bookkeeping_07_failures_are_counted_at_the_url_until_one_message_is_accepted(store: Store) -> None:
    store.book(
        incidents={1: incident(1), 2: incident(2)},
        notifications=[notification(number=1), notification(number=2, url_id=DESK)],
    )
    for minute in range(3):
        store.outbox.failed(claimed(store, DUE + minute * 60), DUE + minute * 60 + 1, f"refused, {minute}")
    store.outbox.delivered(claimed(store, DUE, DESK), DUE + 2)

    with store.reading() as reader:
        works, failing = reader.urls()
    assert (works.url_id, works.failing_since) == (DESK, None)
    assert (failing.url_id, failing.failing_since, failing.attempts, failing.last_error, failing.waiting) == (
        BOSS,
        DUE + 1,
        3,
        "refused, 2",
        1,
    )

    store.outbox.delivered(claimed(store, DUE + 300), DUE + 301)
    with store.reading() as reader:
        works_again = reader.urls()[1]
    assert (works_again.failing_since, works_again.last_delivered_at) == (None, DUE + 301)


def test_the_engine_reads_how_delivery_stands_and_since_when_a_message_is_being_sent(store: Store) -> None:
    store.book(
        incidents={1: incident(1), 2: incident(2)},
        notifications=[notification(number=1), notification(number=2, url_id=DESK)],
    )
    store.outbox.failed(claimed(store), DUE + 1, "refused")
    assert claimed(store, DUE + 60).rows
    store.outbox.delivered(claimed(store, DUE, DESK), DUE + 2)

    assert store.writer.urls() == [
        UrlState(DESK, last_delivered_at=DUE + 2),
        UrlState(BOSS, DUE + 1, "refused", DUE + 1, sending_since=DUE + 60),
    ]


def test_bookkeeping_07_what_is_still_down_is_never_given_up_and_what_is_over_is(store: Store) -> None:
    store.book(
        incidents={1: incident(1), 2: closed(2, START + 300), 3: closed(3, START + 9000)},
        notifications=[notification(number=number) for number in (1, 2, 3)],
    )

    assert store.outbox.give_up(BOSS, before=START + 5000, now=START + 10_000) == 1

    assert [row.incident.id for row in claimed(store, START + 10_001).rows] == [1, 3]
    with store.reading() as reader:
        assert [each.state for each in reader.tellings(2)] == ["given up"]


def test_bookkeeping_07_only_the_poisonous_row_ends_as_undeliverable(store: Store) -> None:
    store.book(
        incidents={1: incident(1), 2: incident(2)}, notifications=[notification(number=1), notification(number=2)]
    )
    claim = claimed(store)

    store.outbox.undeliverable(claim, claim.rows[:1], DUE + 1, "the text was refused three times")
    store.outbox.delivered(claim, DUE + 2, rows=claim.rows[1:])

    told = store.writer.told()
    assert (told[1, BOSS].said, told[2, BOSS].said) == (None, Said.DOWN)
    assert told[1, BOSS].waiting == frozenset()
    with store.reading() as reader:
        assert [(each.state, each.why) for each in reader.tellings(1)] == [
            ("undeliverable", "the text was refused three times")
        ]


def test_bookkeeping_09_looking_without_a_change_adds_no_row(store: Store) -> None:
    store.book(states=by_key(state()), transitions=[transition(START + 1, Health.UP)])

    for second in range(100):
        store.book(states=by_key(state(remark=f"round trip {second} ms")))
        store.writer.alive(START + second, [])

    with closing(open_connection(store.path, "mode=ro")) as connection:
        tables = [row["name"] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        rows = {each: connection.execute(f"SELECT COUNT(*) FROM {each}").fetchone()[0] for each in tables}
    assert max(rows.values()) == 1


def test_bookkeeping_09_a_transition_takes_less_than_120_bytes(store: Store) -> None:
    phones = [OTHER_PHONE._replace(resource=str(number)) for number in range(300)]
    store.book(states=by_key(*(state(each) for each in phones)))
    before = _size(store)
    for number in range(100):
        # Two thirds of the causes name an address, as causes do.
        causes = ["peer status Unreachable", f"from 10.0.{number}.1", f"from 10.0.{number}.2"]
        store.book(
            transitions=[
                transition(START + number * 60 + index / 7, Health.UP, target=each, cause=causes[index % 3])
                for index, each in enumerate(phones)
            ]
        )

    assert (_size(store) - before) / 30_000 < 120


def test_bookkeeping_10_parameters_have_names_and_nothing_is_sqlites_own() -> None:
    statements = list(_statements())
    assert len(statements) > 40

    for statement in statements:
        assert "?" not in statement
        assert not re.search(r"INSERT OR|REPLACE INTO|AUTOINCREMENT|ROWID|GLOB|STRICT|BLOB|\bREAL\b|IFNULL", statement)


def _statements() -> list[str]:
    """Every SQL text in the store, but for the housekeeping of the file itself."""
    (folder,) = package.__path__
    texts = []
    for file in sorted(Path(folder).rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                texts.append(node.value)
    return [text for text in texts if re.match(r"\s*(SELECT|INSERT|UPDATE|DELETE|CREATE|WITH)\s", text)]


def _size(store: Store) -> int:
    connection = store.writer._session.connection
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return store.path.stat().st_size
