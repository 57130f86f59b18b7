"""A loop that goes round all the time notices that it stood still."""

from __future__ import annotations

from healthmon.times.rounds import STANDSTILL, Rounds


def test_a_gap_between_two_rounds_is_found_once_and_the_first_of_several_counts() -> None:
    rounds = Rounds()
    for steady in (100.0, 100.0 + STANDSTILL):
        rounds.note(steady)
    assert rounds.take_standstill() is None

    for steady in (130.0, 131.0, 150.0):
        rounds.note(steady)

    assert rounds.take_standstill() == 110.0
    assert rounds.take_standstill() is None


def test_a_thread_that_was_stopped_after_it_looked_at_the_clock_makes_no_second_standstill() -> None:
    rounds = Rounds()
    for steady in (100.0, 130.0, 101.0, 131.0):
        rounds.note(steady)

    assert rounds.take_standstill() == 100.0
    rounds.note(132.0)
    assert rounds.take_standstill() is None
