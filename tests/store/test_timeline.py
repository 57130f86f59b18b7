"""How the database's own time is shown, whatever people do to the clock on the wall."""

from __future__ import annotations

from itertools import accumulate, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from healthmon.store.timeline import IDENTICAL, Timeline
from healthmon.times.clock import on_grain

START = 1_778_760_000.0
HOUR = 3600.0
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
