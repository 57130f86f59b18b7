"""Who belongs to a group, and how each stands: it works, has fallen, is about to return, or was never in use."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Sequence
from enum import Enum
from functools import cached_property
from heapq import nsmallest
from operator import itemgetter
from typing import Any, TypeVar

from msgspec import Struct, field

from healthmon.core.belief.endpoint_facts import EndpointFacts
from healthmon.core.belief.reachability import Reachability
from healthmon.core.grouping.sites import Group
from healthmon.model import Health, Target

#: Times were added and subtracted; what is so close is the same (seconds).
SAME_TIME = 0.001

#: So many answers are kept of a group of which nothing changes while lines to the world come and go.
MOST_KNOWN = 16

#: Fewer providers, or public sites, than this do not tell that the PBX's line is cut.
AT_LEAST_TWO = 2

Answer = TypeVar("Answer")


class Stance(Enum):
    """How an endpoint stands in its group."""

    #: It works, as far as is known.
    STANDING = "standing"
    #: It is down, or about to be believed down.
    FALLEN = "fallen"
    #: It is believed down, was seen better since, and is about to be believed so.
    RECOVERING = "recovering"
    #: It is a phone that logged out, or is about to be believed so: it did not go down with the others.
    LOGGED_OUT = "logged out"
    #: It was never up, so it cannot have gone down with the others.
    UNUSED = "unused"


class Members(Struct):
    """The endpoints of one group by their stance. Owned by the engine thread."""

    #: How many there are, also those that were never up.
    size: int = 0
    up: dict[Target, Reachability] = field(default_factory=dict)
    fallen: dict[Target, Reachability] = field(default_factory=dict)
    recovering: dict[Target, Reachability] = field(default_factory=dict)
    logged_out: dict[Target, Reachability] = field(default_factory=dict)
    #: When one of them was last seen to come back; 0.0: never yet.
    returned_at: float = 0.0
    #: What was worked out of them since something about one of them changed: of thousands it takes a while.
    known: dict[object, Any] = field(default_factory=dict)

    @property
    def standing(self) -> int:
        """How many work, as far as is known."""
        return len(self.up)

    @property
    def of(self) -> int:
        """How many were ever up, and have not logged out."""
        return len(self.up) + len(self.fallen) + len(self.recovering)

    def once(self, key: Hashable, work_out: Callable[[], Answer]) -> Answer:
        """Work out something of them, unless it is known and nothing about any of them has changed since."""
        if key not in self.known:
            if len(self.known) >= MOST_KNOWN:
                self.known.clear()
            self.known[key] = work_out()
        answer: Answer = self.known[key]
        return answer

    def add(self, endpoint: Reachability, stance: Stance) -> None:
        """Count one in."""
        self.known.clear()
        self.size += 1
        if stance is Stance.STANDING:
            self.up[endpoint.target] = endpoint
        elif stance is Stance.FALLEN:
            self.fallen[endpoint.target] = endpoint
        elif stance is Stance.RECOVERING:
            self.recovering[endpoint.target] = endpoint
            self.returned_at = max(self.returned_at, endpoint.pending_since)
        elif stance is Stance.LOGGED_OUT:
            self.logged_out[endpoint.target] = endpoint

    @property
    def believed(self) -> int:
        """How many have fallen and are believed down."""
        return self.once("believed", lambda: sum(member.belief is Health.DOWN for member in self.fallen.values()))

    @property
    def soonest(self) -> list[tuple[float, Reachability]]:
        """The two that may be believed down first, and when; fewer, where no more are pending."""
        down = (pending for pending in self.deadlines if pending[1].pending is Health.DOWN)
        return self.once("soonest", lambda: nsmallest(AT_LEAST_TWO, down, key=itemgetter(0)))

    @property
    def deadlines(self) -> Sequence[tuple[float, Reachability]]:
        """When those that have fallen and of which something is pending may be believed."""
        return self.once("deadlines", lambda: tuple(self._deadlines()))

    def _deadlines(self) -> Iterator[tuple[float, Reachability]]:
        for endpoint in self.fallen.values():
            if (at := endpoint.deadline()) is not None:
                yield at, endpoint

    def deadlines_since(self, since: float) -> Iterator[float]:
        """When those may be believed of which something is pending and that went down at a time or later."""
        return (at for at, endpoint in self.deadlines if fell_at(endpoint) >= since - SAME_TIME)

    @property
    def up_after(self) -> float:
        """After how long all that are about to be believed up are (seconds); 0.0: none is."""
        holds = (member.endpoint.policy.hold for member in self.recovering.values())
        return self.once("up after", lambda: max((hold.up_after for hold in holds), default=0.0))

    @property
    def returns_within(self) -> float:
        """How long it takes those that are about to be believed up, a cycle of checks included (seconds)."""
        every = self.recovering.values()
        return self.once(
            "returns",
            lambda: max((member.endpoint.policy.hold.up_after + cycle_of(member) for member in every), default=0),
        )

    def left(self, since: float) -> Fall:
        """Those that went down at a time or later, and are, among all that were up until then or are about to be."""
        return self.once(("left", since), lambda: self._left(since))

    def _left(self, since: float) -> Fall:
        down = tuple(member for member in self.fallen.values() if fell_at(member) >= since - SAME_TIME)
        return Fall(since, down, self.standing + len(self.recovering) + len(down))

    def believed_down_since(self, since: float) -> Sequence[Reachability]:
        """Those that went down at a time or later, and are believed to be; some may be about to return."""
        return self.once(("believed", since), lambda: tuple(self._believed_down_since(since - SAME_TIME)))

    def _believed_down_since(self, since: float) -> Iterator[Reachability]:
        for endpoint in (*self.fallen.values(), *self.recovering.values()):
            if endpoint.belief is Health.DOWN and endpoint.since >= since:
                yield endpoint

    def remove(self, endpoint: Reachability) -> None:
        """Count one out."""
        self.known.clear()
        self.size -= 1
        self.up.pop(endpoint.target, None)
        self.fallen.pop(endpoint.target, None)
        self.recovering.pop(endpoint.target, None)
        self.logged_out.pop(endpoint.target, None)


class Fall(Struct, frozen=True, dict=True):
    """Members of a group that went down within one window."""

    since: float
    members: tuple[Reachability, ...]
    #: How many were up when the window began, they included.
    of: int

    @cached_property
    def believed(self) -> int:
        """How many are believed down. As it was first asked for."""
        return sum(member.belief is Health.DOWN for member in self.members)

    @cached_property
    def settled_at(self) -> float:
        """When the last of them that is pending may be believed down; 0.0: all are. As it was first asked for."""
        return max((at for member in self.members if (at := member.deadline()) is not None), default=0.0)

    @cached_property
    def hosts(self) -> Collection[str]:
        """The hosts of providers, or the proxies that they go through. As it was first asked for."""
        return {host_of(member.endpoint) for member in self.members}

    @cached_property
    def lasts(self) -> float:
        """How long the slowest of them may take to be believed back (seconds). As it was first asked for."""
        return max(
            (max(member.endpoint.policy.hold.up_after, cycle_of(member)) for member in self.members), default=0.0
        )

    @cached_property
    def cycle(self) -> float:
        """The longest cycle of Asterisk's checks among them (seconds). As it was first asked for."""
        return max(map(cycle_of, self.members), default=0.0)


class Extent(Struct, frozen=True):
    """How many are believed down, to which groups they belong, and of which watch sections they are."""

    size: int
    groups: frozenset[Group | None]
    watches: frozenset[str]


def host_of(endpoint: EndpointFacts) -> str:
    """Where a provider is reached: its proxy, or its contact's host; where neither is known, by its own name."""
    return endpoint.proxy or endpoint.address or endpoint.target.resource


def extent_of(down: Sequence[Reachability], groups: Iterable[Group | None]) -> Extent:
    """How many these are, to which groups they belong, and of which watch sections they are."""
    return Extent(len(down), frozenset(groups), frozenset(endpoint.watch for endpoint in down))


def stance_of(endpoint: Reachability) -> Stance:
    """How an endpoint stands. One that flaps is not taken for recovering each time that it is up for a moment."""
    if not endpoint.ever_up or endpoint.belief is None:
        return Stance.UNUSED
    fallen = Stance.FALLEN
    if endpoint.is_logged_out:
        fallen = Stance.LOGGED_OUT
    if endpoint.belief is Health.DOWN:
        is_recovering = endpoint.pending is not None and not endpoint.is_flapping
        if is_recovering:
            return Stance.RECOVERING
        return fallen
    if endpoint.pending is Health.DOWN and not endpoint.unknown_because:
        return fallen
    return Stance.STANDING


def fell_at(endpoint: Reachability) -> float:
    """When an endpoint that has fallen was first seen down: the time that its incident begins with, now or later."""
    if endpoint.belief is Health.DOWN:
        return endpoint.since
    return max(endpoint.pending_since, endpoint.since)


def cycle_of(member: Reachability) -> float:
    """How long it takes Asterisk at most to notice that this endpoint has gone, or is back (seconds)."""
    settings = member.endpoint.settings
    if settings is not None:
        return settings.qualify_frequency + settings.qualify_timeout
    return 0.0
