"""The disk is full or read-only for a while: nothing is half booked, and nothing is lost."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from healthmon.errors import DatabaseUnwritable
from healthmon.model import Changes, ClockJump, Health
from healthmon.store.read.queries import open_reader
from healthmon.store.write.writer import open_writer
from tests.store.scene import BOSS, PHONE, START, Store, by_key, incident, notification, state, transition
from tests.tmpfs import mounted_tmpfs


def big_changes(number: int) -> Changes:
    """Half a megabyte of everything, in one batch."""
    targets = [PHONE._replace(resource=f"{number}-{each}") for each in range(1000)]
    return Changes(
        states=by_key(*(state(each, reason="x" * 200) for each in targets)),
        transitions=[transition(START + number, Health.UP, target=each) for each in targets],
        incidents={number * 1000 + each: incident(number * 1000 + each) for each in range(1, 101)},
        notifications=[notification(number=number * 1000 + each) for each in range(1, 101)],
    )


def counts(store: Store) -> tuple[int, int, int, int]:
    """What is booked: states, transitions, incidents, rows that wait."""
    with store.reading() as reader:
        histories = list(reader.history(START - 1, START + 10**6))
        waiting = len(store.writer.told())
        return (
            len(reader.states()),
            sum(len(each.transitions) for each in histories),
            len(reader.open_incidents()),
            waiting,
        )


def is_whole(found: tuple[int, int, int, int], batches: int) -> bool:
    return found == (1000 * batches, 1000 * batches, 100 * batches, 100 * batches)


def test_bookkeeping_08_what_does_not_fit_is_not_half_booked_and_can_be_tried_again(store: Store) -> None:
    store.writer.commit(big_changes(1))
    # As many pages as there are now: the database may not grow.
    connection = store.writer._session.connection
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count = {pages}")
    changes = big_changes(2)

    for _ in range(3):
        with pytest.raises(DatabaseUnwritable, match="the disk is full"):
            store.writer.commit(changes)
        assert is_whole(counts(store), 1)

    connection.execute("PRAGMA max_page_count = 1000000")
    store.writer.commit(changes)
    assert is_whole(counts(store), 2)


def test_bookkeeping_08_a_failed_clock_jump_does_not_move_the_clock(store: Store) -> None:
    store.book(states=by_key(state()))
    connection = store.writer._session.connection
    connection.execute("PRAGMA query_only = 1")

    with pytest.raises(DatabaseUnwritable):
        store.book(states=by_key(state()), clock_jumps=[ClockJump(START, 3600.0)])
    connection.execute("PRAGMA query_only = 0")

    assert store.writer.load().states == (state(),)


def test_bookkeeping_08_a_read_only_database_is_said_to_be_so_and_works_again_later(store: Store) -> None:
    store.book(incidents={1: incident()}, notifications=[notification()])
    for connection in (store.writer._session.connection, store.outbox._session.connection):
        connection.execute("PRAGMA query_only = 1")

    with pytest.raises(DatabaseUnwritable, match="read-only"):
        store.book(states=by_key(state()))
    with pytest.raises(DatabaseUnwritable, match="read-only"):
        store.outbox.claim(BOSS, START + 200)
    for connection in (store.writer._session.connection, store.outbox._session.connection):
        connection.execute("PRAGMA query_only = 0")

    store.book(states=by_key(state()))
    assert store.outbox.claim(BOSS, START + 200)


def test_another_process_that_writes_for_too_long_is_named(store: Store) -> None:
    store.writer._session.connection.execute("PRAGMA busy_timeout = 1")
    store.outbox._session.connection.execute("BEGIN IMMEDIATE")

    with pytest.raises(DatabaseUnwritable, match="another process has kept it locked"):
        store.book(states=by_key(state()))
    store.outbox._session.connection.execute("ROLLBACK")

    store.book(states=by_key(state()))
    assert len(store.writer.load().states) == 1


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 3 MB."""
    with mounted_tmpfs(tmp_path, "3m"):
        yield tmp_path


def fill_up(disk: Path) -> Path:
    """Leave no free byte."""
    filler = disk / "filler"
    file = os.open(filler, os.O_WRONLY | os.O_CREAT)
    with suppress(OSError):
        while True:
            os.write(file, b"x" * 4096)
    os.close(file)
    return filler


def test_bookkeeping_08_on_a_disk_that_is_really_full_batches_are_whole_or_absent(small_disk: Path) -> None:
    store = Store(small_disk / "healthmon.db")
    store.writer.commit(big_changes(1))
    filler = fill_up(small_disk)
    changes, failures = big_changes(2), 0
    for _ in range(5):
        try:
            store.writer.commit(changes)
        except DatabaseUnwritable:
            failures += 1
            assert is_whole(counts(store), 1)
    assert failures == 5

    filler.unlink()
    store.writer.commit(changes)
    assert is_whole(counts(store), 2)
    store.restart(START + 10)
    assert is_whole(counts(store), 2)
    store.stop()


def test_bookkeeping_08_a_full_disk_at_the_start_is_one_sentence(small_disk: Path) -> None:
    fill_up(small_disk)

    with pytest.raises(DatabaseUnwritable, match=r"disk is full|No space left"):
        open_writer(small_disk / "healthmon.db", now=START)


def test_a_full_disk_at_the_next_start_is_said_to_be_full(small_disk: Path) -> None:
    # There is no room for the index of the log; SQLite says no more than "disk I/O error".
    Store(small_disk / "healthmon.db").stop()
    fill_up(small_disk)

    with pytest.raises(DatabaseUnwritable, match="the disk is full"):
        open_writer(small_disk / "healthmon.db", now=START)


def test_bookkeeping_08_a_file_system_that_turns_read_only_is_survived(small_disk: Path) -> None:
    store = Store(small_disk / "healthmon.db")
    store.book(states=by_key(state()))
    store.stop()
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)

    with pytest.raises(DatabaseUnwritable):
        open_writer(store.path, now=START)
    with closing(open_reader(store.path)) as reader:
        assert reader.states() == [state()]
    subprocess.run(["mount", "-o", "remount,rw", str(small_disk)], check=True)

    store.start()
    store.stop()
