"""The two times of healthmon: one that runs on evenly, and one that people set."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from healthmon.times.clock import Clock, running

HOUR = 3600.0


class Machine:
    """A machine whose clock somebody sets, and that sleeps."""

    def __init__(self) -> None:
        self.wall, self.running = 1_778_760_000.0, 100.0
        self.clock = Clock(lambda: self.wall, lambda: self.running)

    def passes(self, seconds: float) -> None:
        """Let time pass: awake or asleep, that is the same to a clock that counts since the machine was started."""
        self.wall += seconds
        self.running += seconds

    def follows(self) -> float:
        """What the engine does in each of its rounds."""
        by = self.clock.was_set_by()
        self.clock.follow(by)
        return by


def test_a_night_in_which_the_machine_slept_is_no_step() -> None:
    machine = Machine()
    evening = machine.clock.now()
    machine.passes(8 * HOUR)

    assert machine.follows() == 0.0
    assert machine.clock.now() - evening == 8 * HOUR


@pytest.mark.skipif(not hasattr(time, "CLOCK_BOOTTIME"), reason="this system has no such clock")
def test_the_time_in_which_the_machine_slept_is_counted() -> None:
    before = time.clock_gettime(time.CLOCK_BOOTTIME)

    assert before <= running() <= time.clock_gettime(time.CLOCK_BOOTTIME)


@pytest.mark.parametrize("by", [HOUR, -HOUR, 2.5])
def test_a_clock_that_is_set_moves_the_wall_and_not_the_timeline(by: float) -> None:
    machine = Machine()
    before = machine.clock.now()
    machine.wall += by

    assert machine.clock.wall() == before, "it is not booked yet"
    assert machine.follows() == by
    assert (machine.clock.now(), machine.clock.wall()) == (before, before + by)


def test_drift_is_left_alone() -> None:
    machine = Machine()
    machine.wall += 1.9

    assert machine.follows() == 0.0


@given(st.lists(st.tuples(st.floats(0, 1e6), st.floats(-1e8, 1e8))))
def test_whatever_is_done_to_the_wall_clock_the_timeline_never_jumps_and_the_wall_is_shown(
    moves: list[tuple[float, float]],
) -> None:
    machine = Machine()
    begun, passed = machine.clock.now(), 0.0
    for seconds, by in moves:
        before = machine.clock.now()
        machine.passes(seconds)
        machine.wall += by
        machine.follows()
        passed += seconds
        assert machine.clock.now() >= before
        assert abs(machine.clock.wall() - machine.wall) < 2.001
    assert machine.clock.now() - begun == pytest.approx(passed, abs=1e-3)
