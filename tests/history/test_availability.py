"""How a history becomes figures, also against a slow model that looks at each second by itself."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from healthmon.history.availability import History, figures, read_meter, timeline
from healthmon.history.figures import Figures, overall
from healthmon.model import Health, Kind, Reading
from healthmon.times.spans import merged

UP, DEGRADED, DOWN, UNKNOWN = Health.UP, Health.DEGRADED, Health.DOWN, Health.UNKNOWN


def history_of(
    *steps: tuple[float, Health | None], unknown_periods: Sequence[tuple[float, float]] = (), kind: Kind = Kind.PROVIDER
) -> History:
    """The history of a provider that is watched since second 0."""
    return History(kind, steps, merged(unknown_periods), watched_from=[0])


def measured(history: History, window: tuple[float, float] = (0, 100)) -> Figures:
    """The figures of a history."""
    return figures(timeline(history, window))


def test_a_phone_that_was_down_for_ten_of_a_hundred_seconds_is_90_percent_available() -> None:
    history = history_of((0, UP), (40, DOWN), (50, UP))

    result = measured(history)

    assert result.availability == pytest.approx(0.9)
    assert (result.down_s, result.outages, result.longest_s, result.unknown_s) == (10, 1, 10, 0)


def test_degraded_counts_as_available() -> None:
    history = history_of((0, UP), (40, DEGRADED))

    result = measured(history)

    assert result.availability == 1
    assert result.degraded_s == 60


def test_what_was_never_known_has_no_availability() -> None:
    history = history_of()

    result = measured(history)

    assert result.availability is None
    assert result.unknown_s == 100


def test_what_the_clock_left_out_is_unknown_and_no_part_of_an_outage() -> None:
    history = history_of((0, UP), (10, DOWN), (80, UP), unknown_periods=[(20, 62)])._replace(left_out=[(21, 61)])

    result = measured(history)

    assert (result.down_s, result.unknown_s, result.outages) == (28, 42, 1)
    assert (result.longest_s, result.longest_unseen_s, result.mean_repair_s) == (30, 2, 30)


def test_the_meter_says_the_same_of_what_the_clock_left_out() -> None:
    history = history_of((10, DOWN), (80, UP), unknown_periods=[(20, 62)])
    history = history._replace(left_out=[(21, 61)], reading=Reading(at=0, belief=UP, was_used=True))

    result = read_meter(history, 100)

    assert (result.down_s, result.unknown_s, result.outages) == (28, 42, 1)
    assert (result.longest_s, result.longest_unseen_s, result.outages_unseen_s) == (30, 2, 2)


def test_time_before_the_first_watching_and_after_the_forgetting_does_not_count() -> None:
    history = History(Kind.PROVIDER, [(20, UP), (30, None)], [], watched_from=[15])

    result = measured(history)

    assert result == Figures(unknown_s=5, up_s=10)


def test_a_target_that_is_watched_again_counts_from_then_on() -> None:
    history = History(Kind.PROVIDER, [(10, UP), (20, None), (90, DOWN)], [], watched_from=[10, 80])

    result = measured(history)

    assert result == Figures(up_s=10, unknown_s=10, down_s=10, outages=1, longest_s=10)


def test_an_outage_lasts_from_first_seen_to_seen_back_and_what_nobody_saw_of_it_is_left_out_of_availability() -> None:
    history = history_of((0, UP), (10, DOWN), (90, UP), unknown_periods=[(30, 50), (40, 60)])

    result = measured(history)

    assert (result.outages, result.down_s, result.unknown_s) == (1, 50, 30)
    assert (result.longest_s, result.longest_unseen_s, result.outages_unseen_s) == (80, 30, 30)
    assert (result.mean_repair_s, result.mean_between_s) == (80, 20)
    assert result.availability == 20 / 70


def test_two_outages_are_two_although_a_veil_hid_the_recovery_between_them() -> None:
    history = history_of((0, UP), (10, DOWN), (40, UP), (50, DOWN), (90, UP), unknown_periods=[(30, 60)])

    result = measured(history)

    assert (result.outages, result.down_s, result.longest_s, result.longest_unseen_s) == (2, 50, 40, 10)
    assert result.outages_unseen_s == 20


def test_not_to_know_how_a_pbx_is_does_not_end_its_outage_and_ends_that_of_an_endpoint_like_its_incident() -> None:
    changes = ((0, UP), (10, DOWN), (20, UNKNOWN), (60, DOWN), (70, UP))

    of_pbx = measured(history_of(*changes, kind=Kind.PBX))
    of_trunk = measured(history_of(*changes, kind=Kind.PROVIDER))

    assert (of_pbx.outages, of_pbx.longest_s, of_pbx.longest_unseen_s) == (1, 60, 40)
    assert (of_trunk.outages, of_trunk.longest_s, of_trunk.longest_unseen_s) == (2, 10, 0)


def test_an_outage_that_nobody_saw_is_none() -> None:
    history = history_of((0, UP), (10, DOWN), (40, UP), unknown_periods=[(5, 60)])

    result = measured(history)

    assert (result.outages, result.down_s, result.unknown_s) == (0, 0, 55)


def test_an_outage_across_both_edges_counts_its_part_within() -> None:
    history = History(Kind.PROVIDER, [(-100, DOWN), (200, UP)], [], watched_from=[-500])

    result = measured(history)

    assert result == Figures(down_s=100, outages=1, longest_s=100)


def test_what_was_forgotten_without_ever_being_known_counts_until_then() -> None:
    history = History(Kind.PHONE, [], [], watched_from=[10], forgotten_at=30)

    result = measured(history)

    assert result == Figures(unknown_s=20)


def test_a_phone_is_not_down_before_it_was_first_seen_up() -> None:
    seen_later = history_of((0, DOWN), (40, UP), (60, DOWN), (70, UP), kind=Kind.PHONE)
    never_seen = history_of((0, DOWN), unknown_periods=[(50, 60)], kind=Kind.PHONE)

    assert measured(seen_later) == Figures(up_s=50, down_s=10, outages=1, longest_s=10)
    assert measured(never_seen) == Figures()


def test_a_phone_that_was_up_long_before_the_window_is_down() -> None:
    history = History(Kind.PHONE, [(-50, DOWN)], [], watched_from=[-500], was_used=True)

    result = measured(history)

    assert result == Figures(down_s=100, outages=1, longest_s=100)


def test_a_clock_that_was_set_back_makes_no_negative_times() -> None:
    history = history_of((0, UP), (80, DOWN), (20, UP), unknown_periods=[(70, 10)])

    result = measured(history)

    assert result == Figures(up_s=100)


def test_an_empty_window_has_no_figures() -> None:
    history = history_of((0, UP))

    assert measured(history, (50, 50)) == Figures()
    assert measured(history, (60, 50)) == Figures()


def test_the_overall_figure_weighs_each_second_of_each_target_alike() -> None:
    busy = Figures(up_s=90, down_s=10, outages=1, longest_s=10)
    young = Figures(up_s=10, unknown_s=5, outages=0)

    total = overall([busy, young])

    assert total.availability == pytest.approx(100 / 110)
    assert (total.outages, total.longest_s, total.unknown_s) == (1, 10, 5)


# ---------------------------------------------------------------- against a model that is slow and plainly right

END = 40
SECOND = st.integers(0, END)
SPAN = st.tuples(SECOND, SECOND)
STEPS = st.lists(st.tuples(SECOND, st.sampled_from([UP, DEGRADED, DOWN, UNKNOWN, None])), max_size=8)


def believed_at(second: int, history: History) -> Health | None:
    """What was believed in this second: that of the newest transition until then, unless it is watched anew."""
    belief, at = None, -1.0
    for changed_at, after in history.changes:
        if changed_at <= second:
            belief, at = after, changed_at
    if belief is None and any(at <= begin <= second for begin in history.watched_from):
        belief, at = UNKNOWN, max(begin for begin in history.watched_from if begin <= second)
    if history.forgotten_at is not None and at <= history.forgotten_at <= second:
        return None
    return belief


def second_by_second(history: History, window: tuple[int, int]) -> Figures:
    """Look at each second of all time, and count those within the window."""
    count = {UP: 0, DEGRADED: 0, DOWN: 0, UNKNOWN: 0}
    # Of each outage, how long it was seen, and not seen.
    outages: list[list[int]] = []
    is_out = False
    for second in range(END + 1):
        belief = believed_at(second, history)
        if belief is DOWN and not is_out:
            is_out = True
            outages.append([0, 0])
        elif belief in (UP, DEGRADED, None) or (belief is UNKNOWN and history.kind is not Kind.PBX):
            is_out = False
        if belief is None or not window[0] <= second < window[1]:
            continue
        is_unknown = any(since <= second < until for since, until in history.unknown_spans)
        count[UNKNOWN if is_unknown else belief] += 1
        if is_out:
            outages[-1][is_unknown or belief is UNKNOWN] += 1
    lasted = [(seen + unseen, unseen) for seen, unseen in outages if seen]
    longest_s, longest_unseen_s = max(lasted, default=(0, 0))
    return Figures(
        count[UP],
        count[DEGRADED],
        count[DOWN],
        count[UNKNOWN],
        len(lasted),
        longest_s,
        longest_unseen_s=longest_unseen_s,
        outages_unseen_s=sum(unseen for _, unseen in lasted),
    )


@st.composite
def histories(draw: st.DrawFn) -> History:
    """Any history: watched from some time on, perhaps forgotten and watched again, any belief, veils at any time."""
    steps = sorted(draw(STEPS), key=lambda step: step[0])
    watched_from = [draw(st.integers(0, steps[0][0] if steps else END))]
    if steps and steps[-1][1] is None and draw(st.booleans()):
        watched_from.append(draw(st.integers(steps[-1][0], END)))
    is_forgotten = draw(st.booleans()) and not (steps and steps[-1][1] is None)
    forgotten_at = draw(st.integers(max([*watched_from, *(at for at, _ in steps)]), END)) if is_forgotten else None
    unknown_periods = merged(draw(st.lists(SPAN, max_size=6)))
    kind = draw(st.sampled_from([Kind.PROVIDER, Kind.PBX]))
    return History(kind, steps, unknown_periods, watched_from, forgotten_at)


@settings(deadline=None)
@given(histories(), SPAN)
def test_any_history_amounts_to_what_a_look_at_each_second_says(history: History, window: tuple[int, int]) -> None:
    result = measured(history, window)

    assert result == second_by_second(history, window)


@settings(deadline=None)
@given(histories(), SPAN)
def test_a_timeline_has_no_gaps_within_the_window_once_it_has_begun_and_never_overlaps(
    history: History, window: tuple[int, int]
) -> None:
    segments = timeline(history, window)

    for earlier, later in pairwise(segments):
        assert earlier.until == later.since
    assert all(window[0] <= segment.since < segment.until <= window[1] for segment in segments)


@settings(deadline=None)
@given(st.lists(SPAN))
def test_merged_spans_are_disjoint_and_cover_the_same_seconds(spans: list[tuple[int, int]]) -> None:
    result = merged(spans)

    covered = {second for since, until in spans for second in range(since, until)}
    assert {second for since, until in result for second in range(math.floor(since), math.ceil(until))} == covered
    assert all(earlier[1] < later[0] for earlier, later in pairwise(result))
