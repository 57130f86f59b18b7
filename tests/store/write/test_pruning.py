"""Old history goes, in small batches; what is needed to read the rest stays."""

from __future__ import annotations

from contextlib import closing, nullcontext
from pathlib import Path

import pytest

from healthmon.config.sections.history import HistoryConfig
from healthmon.errors import DatabaseUnwritable
from healthmon.model import ClockJump, Ending, Health, Reading, Reason
from healthmon.store.sqlite.connect import connect, open_connection
from healthmon.store.write.booking import DAY
from healthmon.store.write.pruning import WORDS_KEPT_LONGER, Cuts
from tests.store.scene import (
    BOSS,
    OFFICE,
    OTHER_PHONE,
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

CUT = START + 10_000


def prune(store: Store, before: float = CUT, limit: int = 500) -> int:
    """Prune until there is no more; return how many rows of history are gone."""
    size = _size(store.path)
    for _ in range(1000):
        if not store.writer.prune(Cuts.at(before), limit):
            return size - _size(store.path)
    raise AssertionError("it never ends")


def _size(path: Path) -> int:
    return sum(count(path, table) for table in ("transitions", "veils", "incidents"))


def count(path: Path, table: str) -> int:
    with closing(open_connection(path, "mode=ro")) as connection:
        found: int = connection.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0]
        return found


def test_the_last_transition_before_the_cut_stays_for_each_check(store: Store) -> None:
    old = [transition(START + at, Health.UP) for at in (1, 2, 3)]
    others = [transition(START + 4, Health.DOWN, target=OTHER_PHONE)]
    new = [transition(CUT + 5, Health.DOWN, Health.UP)]
    store.book(states=by_key(state(), state(OTHER_PHONE)), transitions=[*old, *others, *new])

    assert prune(store) == 2

    with store.reading() as reader:
        first, second = reader.history(CUT, CUT + 100)
    assert first.transitions == (old[-1], *new)
    assert second.transitions == tuple(others)


def test_pruning_changes_nothing_that_a_window_after_the_cut_shows(store: Store) -> None:
    for number in range(300):
        at = START + number * 100
        store.book(
            states=by_key(state()),
            transitions=[transition(at, Health.UP if number % 2 else Health.DOWN, cause=f"cause {number % 7}")],
            unknown_periods=unknown_by_key(unknown(at + 10, at + 50), unknown(at + 20, at + 60, OFFICE)),
        )

    def seen() -> tuple[object, ...]:
        with store.reading() as reader:
            return list(reader.history(CUT, CUT * 2)), reader.unknown_of_pbxs(CUT, CUT * 2)

    before = seen()
    assert prune(store, limit=50) == 99 + 100 + 100
    assert seen() == before


def test_bookkeeping_09_no_batch_looks_at_more_than_it_was_asked_to(store: Store) -> None:
    store.book(states=by_key(state()), transitions=[transition(START + at, Health.UP) for at in range(101)])

    seen = [store.writer.prune(Cuts.at(CUT), limit=30) for _ in range(6)]

    assert seen == [30, 30, 30, 11, 1, 0], "the transitions, and at last the check itself"
    assert count(store.path, "transitions") == 1


def test_a_round_that_finds_nothing_writes_nothing(store: Store) -> None:
    up = transition(START + 1, Health.UP)
    store.book(states=by_key(state()), transitions=[up], unknown_periods=unknown_by_key(unknown(START)))
    store.outbox.next_due(BOSS)
    prune(store)
    version = store.outbox._session.connection.execute("PRAGMA data_version").fetchone()[0]

    prune(store)

    assert store.outbox._session.connection.execute("PRAGMA data_version").fetchone()[0] == version


def test_many_rows_that_stay_do_not_hide_those_behind_them(store: Store) -> None:
    phones = [OTHER_PHONE._replace(resource=str(number)) for number in range(100)]
    store.book(states=by_key(*(state(each) for each in phones)))
    store.book(transitions=[transition(START, Health.UP, target=each) for each in phones])
    store.book(transitions=[transition(START + at, Health.UP, target=PHONE) for at in (1, 2)])

    assert prune(store, limit=10) == 1


def test_a_veil_that_reaches_over_the_cut_stays(store: Store) -> None:
    kept = [unknown(START + 10, CUT + 1), unknown(START + 20)]
    store.book(states=by_key(state()), unknown_periods=unknown_by_key(unknown(START + 1, START + 5), *kept))

    assert prune(store) == 1

    with store.reading() as reader:
        (history,) = reader.history(CUT, CUT + 100)
    assert history.unknown_periods == tuple(kept)


def test_incidents_go_when_they_are_over_and_told(store: Store) -> None:
    store.book(
        incidents={1: closed(1), 2: incident(2), 3: closed(3, CUT + 5), 4: closed(4)},
        notifications=[notification(number=4)],
    )
    store.writer.alive(START + 1000, [])

    assert prune(store) == 1

    with store.reading() as reader:
        assert {each.id for each in reader.incidents(START, CUT * 2)} == {2, 3, 4}


def test_with_an_incident_go_its_notifications(store: Store) -> None:
    store.book(incidents={1: incident()}, notifications=[notification()])
    claim = store.outbox.claim(BOSS, START + 200)
    assert claim
    store.outbox.delivered(claim, START + 201)
    store.book(incidents={1: closed(ending=Ending.RECOVERED)}, notifications=[notification(Reason.RESOLVED)])
    claim = store.outbox.claim(BOSS, START + 400)
    assert claim
    store.outbox.delivered(claim, START + 401)
    store.writer.alive(START + 1000, [])

    prune(store)

    assert count(store.path, "incidents") == count(store.path, "notifications") == 0


def test_a_target_that_was_forgotten_before_the_cut_leaves_nothing(store: Store) -> None:
    store.book(
        states=by_key(state(), state(OTHER_PHONE)),
        transitions=[transition(START + 1, Health.UP)],
        unknown_periods=unknown_by_key(unknown(START + 5, START + 6)),
    )
    store.book(forgotten=[PHONE], transitions=[transition(START + 50, None, Health.UP)])

    prune(store)

    assert count(store.path, "transitions") == count(store.path, "veils") == 0
    assert count(store.path, "checks") == 1


def test_words_that_nothing_uses_any_more_go_later_and_those_in_use_stay(store: Store) -> None:
    store.book(states=by_key(state()))
    for number in range(50):
        store.book(transitions=[transition(START + number, Health.UP, cause=f"registered from 10.0.0.{number}")])
    store.book(unknown_periods=unknown_by_key(unknown(START + 60, why="not listed")))
    much_later = START + 2 * WORDS_KEPT_LONGER

    prune(store, much_later)

    assert count(store.path, "words") == 2
    with store.reading() as reader:
        (history,) = reader.history(much_later, much_later + 1)
    assert [each.cause for each in history.transitions] == ["registered from 10.0.0.49"]
    assert [each.why for each in history.unknown_periods] == ["not listed"]
    # The writer remembers no key of a word that is gone.
    store.book(transitions=[transition(much_later, Health.DOWN, cause="registered from 10.0.0.7")])
    with store.reading() as reader:
        (history,) = reader.history(much_later, much_later + 1)
    assert history.transitions[-1].cause == "registered from 10.0.0.7"


def test_a_second_round_finds_what_has_become_old_meanwhile(store: Store) -> None:
    store.book(states=by_key(state()), transitions=[transition(START + at, Health.UP) for at in (1, 20_000, 30_000)])
    assert prune(store) == 0

    assert prune(store, START + 30_001) == 2


def readings(store: Store, *days: float, check: int = 1) -> None:
    """Book readings of a check at the ends of days after the start."""
    until = [START + day * DAY for day in days]
    store.writer.begin_readings(max(until))
    store.writer.book_readings({check: [Reading(at=at, up_s=at - START, belief=Health.UP) for at in until]})


def kept(store: Store, check: int = 1) -> list[float]:
    """The days after the start of which a check has a reading."""
    with store.reading() as reader:
        meters, found, at = reader.meters(), list[float](), 0.0
        while (one := meters.reading_after(check, at)) is not None:
            found.append((one.at - START) / DAY)
            at = one.at
    return found


def test_of_the_readings_before_their_cut_the_last_one_stays_for_each_check(store: Store) -> None:
    store.book(states=by_key(state(), state(OTHER_PHONE)), transitions=[transition(START + 1, Health.UP)])
    readings(store, 1, 2, 3, 4, 5)
    readings(store, 1, check=2)

    while store.writer.prune(Cuts.at(START)._replace(daily=START + 3.5 * DAY), limit=2):
        pass

    assert kept(store) == [3, 4, 5]
    assert kept(store, check=2) == [1]
    assert count(store.path, "transitions") == 1


def test_what_each_day_amounted_to_outlives_the_changes(store: Store) -> None:
    store.book(states=by_key(state()), transitions=[transition(START + at, Health.UP) for at in (1, 2, 3)])
    readings(store, 1, 2)

    while store.writer.prune(Cuts.at(START)._replace(transitions=START + 3 * DAY)):
        pass

    assert kept(store) == [1, 2]
    assert count(store.path, "transitions") == 1


def test_a_target_that_was_forgotten_stays_known_as_long_as_there_is_a_reading_of_it(store: Store) -> None:
    store.book(states=by_key(state()), transitions=[transition(START + 1, Health.UP)])
    store.book(forgotten=[PHONE], transitions=[transition(START + 50, None, Health.UP)])
    readings(store, 1)

    while store.writer.prune(Cuts.at(START)._replace(transitions=START + 9 * DAY)):
        pass
    assert (count(store.path, "transitions"), count(store.path, "daily"), count(store.path, "checks")) == (0, 1, 1)

    while store.writer.prune(Cuts.at(START + 9 * DAY)):
        pass
    assert (count(store.path, "daily"), count(store.path, "checks")) == (0, 0)


def test_cuts_follow_what_is_configured_and_the_clock_of_the_database(store: Store) -> None:
    store.book(states=by_key(state()), transitions=[transition(START + at, Health.UP) for at in (1, 2, 3)])
    store.book(clock_jumps=[ClockJump(START + 0.5, 9 * DAY)])
    keep = HistoryConfig(transitions=DAY, daily=2 * DAY, rtt_minutes=3 * DAY, rtt_hours=4 * DAY)

    assert [START - cut for cut in Cuts.of(keep, START)] == [DAY, 2 * DAY, 3 * DAY, 4 * DAY]
    while store.writer.prune(Cuts.of(keep, START + 10 * DAY)):
        pass
    assert count(store.path, "transitions") == 3, "they are of nine days later now"
    while store.writer.prune(Cuts.of(keep, START + 10 * DAY + 10)):
        pass
    assert count(store.path, "transitions") == 1


@pytest.mark.parametrize("fails", [False, True])
def test_after_pruning_a_commit_is_on_the_disk_again_when_it_returns(store: Store, fails: bool) -> None:
    store.book(states=by_key(state()), transitions=[transition(START + at, Health.UP) for at in (1, 2)])

    with closing(connect(store.path)) as other:
        store.writer._session.connection.execute("PRAGMA busy_timeout = 10")
        other.execute("BEGIN IMMEDIATE" if fails else "BEGIN")
        with pytest.raises(DatabaseUnwritable) if fails else nullcontext():
            store.writer.prune(Cuts.at(CUT))
        other.rollback()

    full = 2
    assert store.writer._session.connection.execute("PRAGMA synchronous").fetchone()[0] == full
    assert count(store.path, "transitions") == (2 if fails else 1)


def test_the_number_of_an_incident_never_comes_again_also_when_all_are_gone(store: Store) -> None:
    store.book(incidents={7: closed(7)})
    store.writer.alive(START + 10 * DAY, [])
    while store.writer.prune(Cuts.at(START + 20 * DAY)):
        pass
    with store.reading() as reader:
        assert reader.incident(7) is None

    store.restart(START + 30 * DAY)

    numbers = store.writer.load().incident_numbers
    assert (next(numbers), next(numbers)) == (8, 9)
