"""What has time: old history goes, but only when the time is known to be right."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from healthmon.config.sections.history import HistoryConfig
from healthmon.housekeeping import CLOCKS_AGREE, PRUNE_EVERY, Housekeeping, agrees
from healthmon.model import Changes, ClockJump, Health
from healthmon.store.write.orders import open_commander
from healthmon.store.write.writer import Writer, open_writer
from tests.store.scene import START, Store, by_key, state, transition
from tests.store.write.test_pruning import count

DAY = 86400.0
KEEP = HistoryConfig(transitions=400 * DAY, daily=4000 * DAY)
#: The history begins 500 days ago, and ends now; and a clock that is four years ahead.
TODAY = START + 500 * DAY
AHEAD = 4 * 365 * DAY


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A database of a change each 50 days."""
    store = Store(tmp_path / "healthmon.db")
    healths = (Health.DOWN, Health.UP)
    changes = [transition(START + n * 50 * DAY, healths[n % 2], healths[1 - n % 2]) for n in range(11)]
    store.book(states=by_key(state()), transitions=changes)
    store.writer.alive(TODAY, [])
    store.stop()
    return store.path


class House:
    """Housekeeping of a daemon that is started at some time."""

    def __init__(self, path: Path, now: float) -> None:
        self.path = path
        self.writer: Writer = open_writer(path, now=now)
        #: On the timeline.
        self.now = now - self.writer.ahead
        self.writer.load()
        #: By how much the system's synchronised clock is ahead of ours; None: it is not synchronised.
        self.system_ahead: float | None = None
        self.keeping = Housekeeping(self.writer, self._system_time)

    def _system_time(self) -> float | None:
        if self.system_ahead is None:
            return None
        return self.now + self.writer.ahead + self.system_ahead

    def works(self, hours: int = 2) -> int:
        """Do a piece of what is due each hour, from now on; return how many changes are left."""
        for _ in range(hours):
            self.now += PRUNE_EVERY
            while self.keeping.due <= self.now:
                wall = self.now + self.writer.ahead
                self.keeping.do_a_piece(KEEP, ZoneInfo("UTC"), self.now, wall, is_busy=False)
        return count(self.path, "transitions")


@pytest.fixture
def houses(path: Path) -> Iterator[list[House]]:
    """To be closed in the end."""
    houses: list[House] = []
    yield houses
    for house in houses:
        house.writer.close()


def start(houses: list[House], path: Path, now: float) -> House:
    houses.append(House(path, now))
    return houses[-1]


def test_an_ordinary_start_removes_what_is_too_old_when_a_pbx_has_the_same_time(
    houses: list[House], path: Path
) -> None:
    house = start(houses, path, TODAY)
    house.keeping.hear_time(TODAY + 2, TODAY)

    # Of three before the cut the newest tells what held then.
    assert house.works() == 9


def test_a_start_with_a_clock_that_is_years_ahead_removes_nothing_and_says_so_once(
    houses: list[House], path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    house = start(houses, path, TODAY + AHEAD)
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            house.keeping.hear_time(TODAY, house.now + house.writer.ahead)
            assert house.works() == 11

    assert caplog.text.count("old history stays until the time is confirmed") == 1


def test_a_clock_that_was_years_ahead_and_is_set_right_removes_no_more_than_if_it_had_been_right(
    houses: list[House], path: Path
) -> None:
    house = start(houses, path, TODAY + AHEAD)
    house.writer.alive(house.now, [])
    house.works()
    house.writer.commit(Changes(clock_jumps=[ClockJump(house.now, -AHEAD)]))
    house.keeping.clock_was_set()
    house.keeping.hear_time(TODAY, TODAY)

    assert house.works() == 9


def test_so_it_is_when_it_was_set_right_while_healthmon_did_not_run(houses: list[House], path: Path) -> None:
    house = start(houses, path, TODAY + AHEAD)
    house.writer.alive(house.now, [])
    house.writer.close()
    houses.clear()

    house = start(houses, path, TODAY)
    house.keeping.hear_time(TODAY, TODAY)

    assert house.writer.set_by == pytest.approx(-AHEAD)
    assert house.works() == 9


def test_a_person_confirms_the_time_until_the_next_start_or_until_the_clock_is_set(
    houses: list[House], path: Path
) -> None:
    with open_commander(path) as commander:
        commander.clock_is_right(TODAY - 1)
    house = start(houses, path, TODAY)
    assert house.works() == 11

    with open_commander(path) as commander:
        commander.clock_is_right(house.now)
    house.writer.commit(Changes(clock_jumps=[ClockJump(house.now, 5.0)]))
    assert house.works() == 11

    with open_commander(path) as commander:
        commander.clock_is_right(house.now)
    assert house.works() == 9


def test_a_confirmation_holds_no_longer_when_the_clock_is_set(houses: list[House], path: Path) -> None:
    house = start(houses, path, TODAY)
    house.keeping.hear_time(TODAY, TODAY)
    house.keeping.clock_was_set()

    assert house.works() == 11


def test_the_systems_synchronised_clock_confirms_the_time(houses: list[House], path: Path) -> None:
    house = start(houses, path, TODAY)
    house.system_ahead = 2 * CLOCKS_AGREE
    assert house.works() == 11

    house.system_ahead = 1.0
    assert house.works() == 9


def test_a_wrong_time_that_is_confirmed_all_the_same_makes_nothing_old_at_once(houses: list[House], path: Path) -> None:
    # A PBX in a container shares our clock, and nobody can see that.
    house = start(houses, path, TODAY + AHEAD)
    house.keeping.hear_time(TODAY + AHEAD, TODAY + AHEAD)

    # As if the clock had been right.
    assert house.works(100) == 9
    house.now += 50 * DAY
    assert house.works(100) == 8


def test_nor_does_a_clock_that_is_ahead_by_what_may_be_a_pause(houses: list[House], path: Path) -> None:
    house = start(houses, path, TODAY + 30 * DAY)
    house.keeping.hear_time(TODAY + 30 * DAY, TODAY + 30 * DAY)

    left = []
    for _ in range(3):
        left.append(house.works(100))
        house.now += 13 * DAY
    # A change is old on the tenth day, had the clock been right on the fortieth.
    assert left == [9, 9, 8]


@pytest.mark.parametrize(
    ("pbx_time", "is_ours"), [(None, False), (TODAY - CLOCKS_AGREE, True), (TODAY + CLOCKS_AGREE + 1, False)]
)
def test_clocks_agree_within_five_minutes(pbx_time: float | None, is_ours: bool) -> None:
    assert agrees(pbx_time, TODAY) is is_ours
