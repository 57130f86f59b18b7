"""How the database's own time is shown, whatever people do to the clock on the wall."""

from __future__ import annotations

from itertools import accumulate, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from healthmon.store.timeline import IDENTICAL, Timeline, pause_as_jumps
from healthmon.times.clock import on_grain

START = 1_778_760_000.0
HOUR, DAY = 3600.0, 86400.0
YEAR = 365 * 86400.0

#: After so many seconds somebody sets the clock by so many.
SETTINGS = st.lists(
    st.tuples(
        st.floats(0, 1e6),
        st.one_of(st.sampled_from([HOUR, -HOUR, 8 * HOUR, 4 * YEAR, -4 * YEAR]), st.floats(-1e8, 1e8)),
    ),
    max_size=8,
)
#: Times of the timeline, in seconds after the beginning.
MOMENTS = st.lists(st.floats(0, 1e7), min_size=2, max_size=20)


def made_of(settings: list[tuple[float, float]]) -> Timeline:
    """The timeline of a clock that was set so."""
    times = accumulate((seconds for seconds, _ in settings), initial=START)
    next(times)
    jumps = [(at, by) for at, (_, by) in zip(times, settings, strict=True)]
    return Timeline.of_jumps(sum(on_grain(by) for _, by in jumps), jumps)


@given(SETTINGS, MOMENTS)
def test_what_is_shown_is_never_in_another_order(settings: list[tuple[float, float]], moments: list[float]) -> None:
    line = made_of(settings)
    shown = [line.shown(START + moment) for moment in sorted(moments)]

    assert shown == sorted(shown)


@given(SETTINGS, MOMENTS)
def test_a_length_is_what_is_shown_without_what_the_clock_left_out(
    settings: list[tuple[float, float]], moments: list[float]
) -> None:
    line = made_of(settings)
    for since, until in pairwise(sorted(moments)):
        start, end = line.shown(START + since), line.shown(START + until)
        assert end - start - line.left_out_s(start, end) == pytest.approx(until - since, abs=1e-4)


@given(SETTINGS, MOMENTS)
def test_what_is_shown_is_found_again(settings: list[tuple[float, float]], moments: list[float]) -> None:
    line = made_of(settings)
    for moment in moments:
        assert line.stored(line.shown(START + moment)) == pytest.approx(START + moment, abs=1e-6)


@given(SETTINGS, st.floats(-1e9, 1e9))
def test_a_time_that_was_left_out_is_when_the_clock_was_set(settings: list[tuple[float, float]], moment: float) -> None:
    line = made_of(settings)
    asked = START + moment
    at = line.shown(line.stored(asked))
    left_out = [start for start, end in line.left_out() if start < asked <= end]

    assert at == pytest.approx(left_out[0] if left_out else asked, abs=1e-4)


@given(SETTINGS)
def test_the_present_is_shown_as_the_wall_clock_shows_it(settings: list[tuple[float, float]]) -> None:
    line = made_of(settings)
    now = START + sum(seconds for seconds, _ in settings) + 1

    assert line.shown(now) == pytest.approx(now + line.shift, abs=1e-4)


def test_a_clock_that_is_set_forward_twice_at_one_moment_leaves_out_one_time() -> None:
    line = Timeline.of_jumps(2 * HOUR, [(START, HOUR), (START, HOUR)])

    assert line.left_out() == [(START, START + 2 * HOUR)]
    assert line.shown(line.stored(START + HOUR + 1)) == START


def test_a_clock_that_is_set_forward_leaves_what_is_booked() -> None:
    line = Timeline.of_jumps(8 * HOUR, [(START + 100, 8 * HOUR)])

    assert (line.shown(START + 100), line.shown(START + 101)) == (START + 100, START + 101 + 8 * HOUR)
    assert line.left_out() == [(START + 100, START + 100 + 8 * HOUR)]


def test_a_clock_that_is_set_back_moves_what_is_booked_before_what_comes() -> None:
    line = Timeline.of_jumps(-HOUR, [(START + 100, -HOUR)])

    assert line.shown(START + 50) == START + 50 - HOUR
    assert line.left_out() == []


@pytest.mark.parametrize("wrong_by", [4 * YEAR, -4 * YEAR])
def test_a_clock_that_was_wrong_for_a_minute_and_is_right_again_leaves_everything_where_it_was(wrong_by: float) -> None:
    line = Timeline.of_jumps(0.0, [(START + 100, wrong_by), (START + 160, -wrong_by)])

    assert line == IDENTICAL


def test_a_machine_that_starts_each_morning_with_the_time_of_the_evening_keeps_its_days() -> None:
    evenings = [START + night * 16 * HOUR for night in (1, 2, 3)]
    line = Timeline.of_jumps(3 * 8 * HOUR, [(at, 8 * HOUR) for at in evenings])

    assert [line.shown(at) - START for at in evenings] == [16 * HOUR, 40 * HOUR, 64 * HOUR]


def test_no_time_is_no_time() -> None:
    line = Timeline.of_jumps(HOUR, [(START, HOUR)])

    assert (line.stored(0.0), line.shown(0.0), line.stored_or_none(None), line.shown_or_none(None)) == (
        0,
        0,
        None,
        None,
    )


#: A start eight hours after what was booked last: a pause, or a clock that is so much ahead.
STARTED_LATE = pause_as_jumps(START, 8 * HOUR + 20)


def test_a_pause_at_a_start_is_time_like_any_other() -> None:
    line = Timeline.of_jumps(0.0, STARTED_LATE)

    assert [line.shown(START - 1), line.shown(START + 1e6)] == [START - 1, START + 1e6]
    assert line.left_out() == line.never_were() == []


def test_a_clock_that_was_ahead_at_a_start_and_is_set_right_later_moves_only_what_was_booked_meanwhile() -> None:
    line = Timeline.of_jumps(-8 * HOUR, [*STARTED_LATE, (START + 9 * HOUR, -8 * HOUR)])

    assert line.shown(START - 60) == START - 60
    assert line.shown(START) == START
    assert line.shown(START + 8 * HOUR + 20) == START + 20
    assert line.shown(START + 9 * HOUR + 1) == START + HOUR + 1
    assert line.stored(START + 20) == START + 8 * HOUR + 20
    assert line.left_out() == []
    assert line.lasted_s(START - 60, START + 8 * HOUR + 20) == 80
    assert line.stored_ago(START + 20, 50) == START - 30


def test_a_clock_that_is_ahead_at_each_start_and_set_right_each_time_moves_nothing_for_good() -> None:
    jumps: list[tuple[float, float]] = []
    at = START
    for _ in range(3):
        jumps += [*pause_as_jumps(at, 8 * HOUR + 20), (at + 8 * HOUR + 60, -8 * HOUR)]
        at += 8 * HOUR + 120
    line = Timeline.of_jumps(-24 * HOUR, jumps)

    assert [line.shown(START - ago) for ago in (DAY, 60, 0)] == [START - DAY, START - 60, START]
    assert line.shown(at) == START + 3 * 120


def test_what_is_set_back_by_more_than_any_pause_moves_all() -> None:
    line = Timeline.of_jumps(-HOUR, [*pause_as_jumps(START, 600), (START + 900, -HOUR)])

    assert line.shown(START - 60) == START - 60 - HOUR


def test_a_step_forward_after_a_pause_that_was_none_does_not_move_what_is_booked() -> None:
    back, forward = (START + 9 * HOUR, -8 * HOUR), (START + 10 * HOUR, 5.0)
    line = Timeline.of_jumps(-8 * HOUR + 5, [*STARTED_LATE, back, forward])

    assert line.shown(START) == START
    assert line.shown(START + 10 * HOUR) == START + 2 * HOUR
    assert line.shown(START + 11 * HOUR) == START + 3 * HOUR + 5


@given(SETTINGS, st.lists(st.floats(30, 30 * DAY), max_size=8), MOMENTS)
def test_what_is_shown_is_in_order_also_where_a_pause_was_none(
    settings: list[tuple[float, float]], pauses: list[float], moments: list[float]
) -> None:
    jumps: list[tuple[float, float]] = []
    booked: list[float] = []
    at, shift = START, 0.0
    for (seconds, by), pause in zip(settings, pauses, strict=False):
        jumps += pause_as_jumps(at, pause)
        at += on_grain(pause)
        booked.append(at)
        at += seconds
        jumps.append((at, by))
        shift += on_grain(by)
        booked.append(at)
    line = Timeline.of_jumps(shift, jumps)
    times = sorted([*booked, *(START + moment for moment in moments)])
    shown = [line.shown(time) for time in times]

    assert shown == sorted(shown)
    for since, until in pairwise(times):
        lasted = line.shown(until) - line.shown(since) - line.left_out_s(line.shown(since), line.shown(until))
        assert lasted == pytest.approx(line.lasted_s(since, until), abs=1e-4)


def test_a_pause_is_run_off_when_as_much_time_has_passed_since() -> None:
    line = Timeline.of_jumps(0.0, [*pause_as_jumps(START, 8 * HOUR), *pause_as_jumps(START + DAY, HOUR)])

    since = [START + hours * HOUR for hours in (8, 10, 25, 25.5, 30)]
    assert [line.not_run_off_s(at) / HOUR for at in since] == [9.0, 7.0, 1.0, 0.5, 0.0]


def test_a_pause_that_was_none_needs_not_be_run_off() -> None:
    line = Timeline.of_jumps(-8 * HOUR, [*pause_as_jumps(START, 8 * HOUR), (START + 9 * HOUR, -8 * HOUR)])

    assert line.not_run_off_s(START + HOUR) == 0.0
