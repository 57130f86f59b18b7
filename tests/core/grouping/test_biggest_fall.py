"""The most that fell within one window, found quickly and found by trying every window; while they come and go."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from healthmon.core.belief.endpoint_facts import EndpointFacts
from healthmon.core.belief.reachability import Reachability
from healthmon.core.grouping.holds import Rules
from healthmon.core.grouping.members import Members, Stance
from tests.core.scene import DOWN, PHONES, UP, phone

RULES = Rules(window=30.0)
STANDING = 5


def fallen_at(number: int, at: float) -> Reachability:
    endpoint = Reachability(EndpointFacts(phone(number), PHONES, None), 0.0)
    endpoint.belief, endpoint.since, endpoint.ever_up = DOWN, at, True
    return endpoint


def group_of_five() -> Members:
    members = Members()
    for number in range(STANDING):
        standing = fallen_at(number, 0.0)
        standing.belief = UP
        members.add(standing, Stance.STANDING)
    return members


def check(members: Members, fallen: dict[int, Reachability]) -> None:
    fall = members.fall(RULES)
    times = [endpoint.since for endpoint in fallen.values()]
    windows = [(sum(begin <= at <= begin + RULES.window for at in times), begin) for begin in times]
    count, begin = max(windows, default=(0, 0.0))
    assert (fall.down, fall.since, fall.of) == (count, begin, STANDING + count)
    within = {endpoint.target for endpoint in fallen.values() if begin <= endpoint.since <= begin + RULES.window}
    assert {member.target for member in fall.members} == within
    assert fall.believed == len(within)


@given(st.lists(st.tuples(st.integers(100, 111), st.integers(1, 120), st.booleans()), max_size=40))
def test_the_biggest_fall_is_that_of_the_latest_of_the_fullest_windows(steps: list[tuple[int, int, bool]]) -> None:
    members, fallen = group_of_five(), dict[int, Reachability]()
    for number, at, is_asked in steps:
        if number in fallen:
            members.remove(fallen.pop(number).target, Stance.FALLEN)
        else:
            fallen[number] = fallen_at(number, float(at))
            members.add(fallen[number], Stance.FALLEN)
            members.note(fallen[number], Stance.FALLEN, RULES, is_muted=False)
        if is_asked:
            check(members, fallen)
    check(members, fallen)
