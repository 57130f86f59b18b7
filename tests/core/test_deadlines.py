"""Deadlines: what falls due when, and what falls due until a time."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from healthmon.core.deadlines import Deadlines


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 50) | st.none())), st.integers(-1, 60))
def test_what_falls_due_until_a_time_is_found_also_after_deadlines_were_moved_and_cleared(
    moves: list[tuple[int, int | None]], until: int
) -> None:
    deadlines, truth = Deadlines[int](), dict[int, int]()
    for key, when in moves:
        if when is None:
            deadlines.clear(key)
            truth.pop(key, None)
        else:
            deadlines.set(key, when)
            truth[key] = when

    found = list(deadlines.within(until))

    assert sorted(set(found)) == sorted(key for key, when in truth.items() if when <= until)
