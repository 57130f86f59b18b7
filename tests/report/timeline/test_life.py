"""What is new in a target's life, look by look."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from healthmon.model import ClockJump, Health, Kind
from healthmon.report.timeline.life import LOOK_BACK, NewEvents
from healthmon.store.read.known_targets import KnownTarget
from tests.store.conftest import folder, store
from tests.store.scene import (
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

__all__ = ["folder", "store"]

DAY = 86400.0


class Follower:
    """Somebody who follows a phone."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.news = NewEvents(KnownTarget(PHONE, Kind.PHONE))

    def looks(self, now: float) -> list[str]:
        with self.store.reading() as reader:
            return [event.words for event in self.news.take(reader, now)]


@pytest.fixture
def follower(store: Store) -> Iterator[Follower]:
    """One that has looked once."""
    store.book(states=by_key(state()), transitions=[transition(START, Health.UP)])
    follower = Follower(store)
    assert follower.looks(START + 10) == [], "what was there at the first look is not new"
    yield follower


def test_each_event_is_new_once(store: Store, follower: Follower) -> None:
    store.book(transitions=[transition(START + 60, Health.DOWN, Health.UP, cause="gone")])

    assert follower.looks(START + 90) == ["down after 1 min up: gone; believed 30 s later"]
    assert follower.looks(START + 91) == []


def test_what_becomes_of_a_message_is_new_each_time(store: Store, follower: Follower) -> None:
    store.book(incidents={1: incident(1)}, notifications=[notification()])
    assert follower.looks(START + 140) == ["begins", "to be told to oncall/boss (opened), waiting"]

    claim = store.outbox.claim("oncall/boss", START + 141)
    assert claim is not None
    store.outbox.delivered(claim, START + 142, "DOWN phone 101")
    store.book(incidents={1: closed(1, START + 300)})

    assert follower.looks(START + 301) == [
        "told oncall/boss (opened): DOWN phone 101",
        "is over after 3 min 20 s: recovered",
    ]


@pytest.mark.parametrize("by", [3600.0, -3600.0, 2.123456789])
def test_a_clock_that_is_set_makes_nothing_new(store: Store, follower: Follower, by: float) -> None:
    back = transition(START + 60, Health.DOWN, Health.UP)
    store.book(transitions=[back], unknown_periods=unknown_by_key(unknown(START + 70, START + 80)))
    follower.looks(START + 90)

    store.book(clock_jumps=[ClockJump(START + 100, by)])

    assert follower.looks(START + 100 + by) == []


def test_nothing_is_new_again_while_what_was_before_it_falls_out_of_sight(store: Store, follower: Follower) -> None:
    store.book(
        transitions=[transition(START + 60, Health.DOWN, Health.UP), transition(START + DAY, Health.UP, Health.DOWN)],
        unknown_periods=unknown_by_key(
            unknown(START + 70, START + 80, why="a"), unknown(START + 80, START + 1.5 * DAY, why="b")
        ),
    )
    assert len(follower.looks(START + 1.6 * DAY)) == 5

    for hours in range(0, 100, 1):
        assert follower.looks(START + 1.6 * DAY + hours * 3600) == []


def test_what_began_long_ago_and_ends_now_is_new(store: Store, follower: Follower) -> None:
    store.book(incidents={1: incident(1)})
    follower.looks(START + 200)
    later = START + 5 * LOOK_BACK
    assert follower.looks(later) == []

    store.book(incidents={1: closed(1, later + 5)})

    assert follower.looks(later + 6) == ["is over after 9 days 23 h: recovered"]
