"""Whoever reads sees what was true at one moment, never half of what was booked together."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from threading import Event, Thread

from healthmon.model import Health
from healthmon.store.read.queries import Reader, open_reader
from healthmon.store.sqlite.connect import connect
from healthmon.store.write.pruning import Cuts
from healthmon.store.write.writer import open_writer
from tests.store.scene import OTHER_PHONE, PHONE, START, Store, by_key, closed, incident, state, transition

END = START + 100_000


def book_outage(store: Store, number: int) -> None:
    """Book all that belongs to one moment: two phones go down, with an incident each."""
    at = START + number
    phones = (PHONE, OTHER_PHONE)
    store.book(
        states=by_key(*(state(phone, Health.DOWN, since=at) for phone in phones)),
        transitions=[transition(at, Health.DOWN, target=phone) for phone in phones],
        incidents={2 * number + place: incident(2 * number + place, phone) for place, phone in enumerate(phones)},
    )


def seen(reader: Reader) -> list[int]:
    """How many outages each question finds."""
    found = [len(reader.incidents(START, END)) // 2]
    found += [len(history.transitions) for history in reader.history(START, END)]
    found += [len(reader.open_incidents()) // 2]
    return found


def test_a_report_does_not_see_what_was_booked_after_it_began(store: Store) -> None:
    book_outage(store, 1)

    with store.reading() as reader:
        before = reader.states(), seen(reader)
        book_outage(store, 2)
        assert (reader.states(), seen(reader)) == before

    with store.reading() as reader:
        assert seen(reader) == [2, 2, 2, 2]


def test_a_history_that_is_being_streamed_stays_that_of_one_moment(store: Store) -> None:
    book_outage(store, 1)

    with store.reading() as reader:
        histories = reader.history(START, END)
        first = next(histories)
        book_outage(store, 2)
        second = next(histories)

    assert len(first.transitions) == len(second.transitions) == 1


def test_what_is_not_committed_is_seen_by_nobody(store: Store) -> None:
    book_outage(store, 1)

    with closing(connect(store.path)) as half:
        half.execute("BEGIN IMMEDIATE")
        half.execute("DELETE FROM transitions")
        half.execute("UPDATE incidents SET closed_at = opened_at")
        with store.reading() as reader:
            assert seen(reader) == [1, 1, 1, 1]
        half.rollback()


def test_pruning_beside_a_report_changes_nothing_in_it(store: Store) -> None:
    for number in range(1, 20):
        book_outage(store, number)
    store.book(incidents={number: closed(number, at=START + 50) for number in range(2, 40)})

    with store.reading() as reader:
        before = seen(reader)
        while store.writer.prune(Cuts.at(END)):
            assert seen(reader) == before


def test_readers_beside_a_busy_daemon_always_see_whole_bookings(folder: Path) -> None:
    path, was_read, done = folder / "healthmon.db", Event(), Event()
    store = Store(path)
    book_outage(store, 1)

    def work() -> None:
        try:
            for number in range(2, 300):
                # Let somebody read before it is all over.
                assert number < 150 or was_read.wait(10)
                book_outage(store, number)
        finally:
            done.set()

    daemon = Thread(target=work)
    daemon.start()
    while not done.is_set():
        with open_reader(path) as reader:
            found = seen(reader)
        assert len(set(found)) == 1, "all four questions find the same number of outages"
        was_read.set()
    daemon.join()

    store.stop()
    open_writer(path, now=END).close()
    with open_reader(path) as reader:
        assert seen(reader) == [299] * 4
