"""What is noted of a member step by step is what one would note who sees it for the first time."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from healthmon.core.belief.endpoint import Endpoint
from healthmon.core.belief.reachability import Reachability
from healthmon.core.grouping.holds import Rules
from healthmon.core.grouping.members import Members, stance_of
from healthmon.model import EndpointSettings, Health, Loss
from tests.core.scene import PHONES, phone

RULES = Rules(share=0.3, window=10.0, down_after=20.0)
HEALTHS = st.sampled_from([None, *Health])


class Seen(NamedTuple):
    """How a phone is seen at a moment."""

    belief: Health | None
    pending: Health | None
    at: int
    is_unknown: bool
    loss: Loss
    is_muted: bool


SEEN = st.builds(Seen, HEALTHS, HEALTHS, st.integers(100, 110), st.booleans(), st.sampled_from(Loss), st.booleans())


def in_use(number: int) -> Reachability:
    target = phone(number)
    settings = EndpointSettings(target, 0.0, known=True, qualify_frequency=5.0 * number, max_contacts=1)
    endpoint = Endpoint(target, PHONES, settings, 0.0).reachability
    endpoint.ever_up = True
    return endpoint


def note(members: Members, endpoint: Reachability, seen: Seen) -> None:
    members.note(endpoint, stance_of(endpoint), RULES, is_muted=seen.is_muted)


def show(endpoint: Reachability, seen: Seen) -> None:
    endpoint.belief, endpoint.pending, endpoint.loss = seen.belief, seen.pending, seen.loss
    endpoint.since = endpoint.pending_since = float(seen.at)
    endpoint.unknown_because = "blind" if seen.is_unknown else ""


def kept_of(members: Members, times: Iterable[float]) -> object:
    fall = members.fall(RULES)
    falls = [(left.down, left.of, left.cycle) for left in map(members.left, times)]
    sure = [members.sure_since(100.0, is_muted=is_muted) for is_muted in (False, True)]
    told = members.up_after, members.returns_within, members.known_by(0.0), members.soonest(1e9)
    return (fall.since, fall.down, fall.of, fall.believed, fall.sure, fall.cycle), falls, sure, told


@given(st.lists(st.tuples(st.integers(1, 4), SEEN), max_size=30))
def test_what_was_noted_before_does_not_matter(steps: list[tuple[int, Seen]]) -> None:
    phones = {number: in_use(number) for number in range(1, 5)}
    members, last = Members(), dict[int, Seen]()
    for number, seen in steps:
        endpoint, before = phones[number], stance_of(phones[number])
        show(endpoint, seen)
        if number in last:
            members.move(endpoint, before, stance_of(endpoint))
        else:
            members.add(endpoint, stance_of(endpoint))
        note(members, endpoint, seen)
        last[number] = seen

    anew = Members()
    for number, seen in last.items():
        anew.add(phones[number], stance_of(phones[number]))
        note(anew, phones[number], seen)
    times = range(100, 111)
    assert kept_of(members, times) == kept_of(anew, times)
