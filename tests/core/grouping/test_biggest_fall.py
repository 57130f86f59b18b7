"""The most that fell within one window, found quickly and found by trying every window."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from healthmon.core.belief.endpoint_facts import EndpointFacts
from healthmon.core.belief.reachability import Reachability
from healthmon.core.grouping.rules import Rules, biggest_fall
from tests.core.scene import DOWN, PHONES, phone

RULES = Rules(window=30.0)


def fallen_at(number: int, at: float) -> Reachability:
    endpoint = Reachability(EndpointFacts(phone(number), PHONES, None), 0.0)
    endpoint.belief, endpoint.since = DOWN, at
    return endpoint


@given(st.lists(st.integers(1, 120), max_size=12))
def test_the_biggest_fall_is_that_of_the_latest_of_the_fullest_windows(times: list[int]) -> None:
    fallen = [fallen_at(number, float(at)) for number, at in enumerate(times, 100)]

    fall = biggest_fall(fallen, 5, RULES)

    windows = [(sum(begin <= at <= begin + RULES.window for at in times), begin) for begin in times]
    count, begin = max(windows, default=(0, 0))
    assert (len(fall.members), fall.since, fall.of) == (count, begin, 5 + count)
    within = {endpoint.target for endpoint in fallen if begin <= endpoint.since <= begin + RULES.window}
    assert {member.target for member in fall.members} == within
