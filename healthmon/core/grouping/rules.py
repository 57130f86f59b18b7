"""When many endpoints go down at once, for one cause: a site, the providers of one host, a PBX's line. Pure.

Decides by what each endpoint's machine believes, or is about to believe; ``memberships.py`` keeps the groups, and
``falls.py`` those that have fallen.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Sequence
from enum import Enum
from functools import cached_property
from heapq import nsmallest
from math import ceil
from operator import itemgetter
from typing import Any, TypeVar

from msgspec import Struct, field

from healthmon.core.belief.endpoint import Endpoint
from healthmon.core.belief.inventory import FEW
from healthmon.core.grouping.sites import Group
from healthmon.model import Health, Kind, Target

#: Times were added and subtracted; what is so close is the same (seconds).
SAME_TIME = 0.001

#: So many answers are kept of a group of which nothing changes while lines to the world come and go.
MOST_KNOWN = 16

Answer = TypeVar("Answer")

#: Fewer providers, or public sites, than this do not tell that the PBX's line is cut.
AT_LEAST_TWO = 2


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


class Rules(Struct, frozen=True):
    """What the configuration says about sites."""

    #: This part of a site's phones must be down.
    share: float = 0.3
    #: They must have gone down within so many seconds, or within Asterisk's longest cycle of checks among them.
    window: float = 30.0


class Members(Struct):
    """The endpoints of one group by their stance. Owned by the engine thread."""

    #: How many there are, also those that were never up.
    size: int = 0
    up: dict[Target, Endpoint] = field(default_factory=dict)
    fallen: dict[Target, Endpoint] = field(default_factory=dict)
    recovering: dict[Target, Endpoint] = field(default_factory=dict)
    logged_out: dict[Target, Endpoint] = field(default_factory=dict)
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

    def add(self, endpoint: Endpoint, stance: Stance) -> None:
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
    def soonest(self) -> list[tuple[float, Endpoint]]:
        """The two that may be believed down first, and when; fewer, where no more are pending."""
        down = (pending for pending in self.deadlines if pending[1].pending is Health.DOWN)
        return self.once("soonest", lambda: nsmallest(AT_LEAST_TWO, down, key=itemgetter(0)))

    @property
    def deadlines(self) -> Sequence[tuple[float, Endpoint]]:
        """When those that have fallen and of which something is pending may be believed."""
        return self.once("deadlines", lambda: tuple(self._deadlines()))

    def _deadlines(self) -> Iterator[tuple[float, Endpoint]]:
        for endpoint in self.fallen.values():
            if (at := endpoint.deadline()) is not None:
                yield at, endpoint

    def deadlines_since(self, since: float) -> Iterator[float]:
        """When those may be believed of which something is pending and that went down at a time or later."""
        return (at for at, endpoint in self.deadlines if fell_at(endpoint) >= since - SAME_TIME)

    @property
    def up_after(self) -> float:
        """After how long all that are about to be believed up are (seconds); 0.0: none is."""
        holds = (member.policy.hold for member in self.recovering.values())
        return self.once("up after", lambda: max((hold.up_after for hold in holds), default=0.0))

    @property
    def returns_within(self) -> float:
        """How long it takes those that are about to be believed up, a cycle of checks included (seconds)."""
        every = self.recovering.values()
        return self.once(
            "returns", lambda: max((member.policy.hold.up_after + cycle_of(member) for member in every), default=0)
        )

    def left(self, since: float) -> Fall:
        """Those that went down at a time or later, and are, among all that were up until then or are about to be."""
        return self.once(("left", since), lambda: self._left(since))

    def _left(self, since: float) -> Fall:
        down = tuple(member for member in self.fallen.values() if fell_at(member) >= since - SAME_TIME)
        return Fall(since, down, self.standing + len(self.recovering) + len(down))

    def believed_down_since(self, since: float) -> Sequence[Endpoint]:
        """Those that went down at a time or later, and are believed to be; some may be about to return."""
        return self.once(("believed", since), lambda: tuple(self._believed_down_since(since - SAME_TIME)))

    def _believed_down_since(self, since: float) -> Iterator[Endpoint]:
        for endpoint in (*self.fallen.values(), *self.recovering.values()):
            if endpoint.belief is Health.DOWN and endpoint.since >= since:
                yield endpoint

    def remove(self, endpoint: Endpoint) -> None:
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
    members: tuple[Endpoint, ...]
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
        return {member.proxy or member.address or member.target.resource for member in self.members}

    @cached_property
    def lasts(self) -> float:
        """How long the slowest of them may take to be believed back (seconds). As it was first asked for."""
        return max((max(member.policy.hold.up_after, cycle_of(member)) for member in self.members), default=0.0)

    @cached_property
    def cycle(self) -> float:
        """The longest cycle of Asterisk's checks among them (seconds). As it was first asked for."""
        return max(map(cycle_of, self.members), default=0.0)


class Extent(Struct, frozen=True):
    """How many are believed down, to which groups they belong, and of which watch sections they are."""

    size: int
    groups: frozenset[Group | None]
    watches: frozenset[str]


def extent_of(down: Sequence[Endpoint], groups: Iterable[Group | None]) -> Extent:
    """How many these are, to which groups they belong, and of which watch sections they are."""
    return Extent(len(down), frozenset(groups), frozenset(endpoint.watch for endpoint in down))


def stance_of(endpoint: Endpoint) -> Stance:
    """How an endpoint stands. One that flaps is not taken for recovering each time that it is up for a moment."""
    if not endpoint.ever_up or endpoint.belief is None:
        return Stance.UNUSED
    fallen = Stance.LOGGED_OUT if endpoint.is_logged_out else Stance.FALLEN
    if endpoint.belief is Health.DOWN:
        is_recovering = endpoint.pending is not None and not endpoint.is_flapping
        return Stance.RECOVERING if is_recovering else fallen
    return fallen if endpoint.pending is Health.DOWN and not endpoint.unknown_because else Stance.STANDING


def fell_at(endpoint: Endpoint) -> float:
    """When an endpoint that has fallen was first seen down: the time that its incident begins with, now or later."""
    return endpoint.since if endpoint.belief is Health.DOWN else max(endpoint.pending_since, endpoint.since)


def cycle_of(endpoint: Endpoint) -> float:
    """How long it takes Asterisk at most to notice that this endpoint has gone, or is back (seconds)."""
    settings = endpoint.settings
    return settings.qualify_frequency + settings.qualify_timeout if settings is not None else 0.0


def window_of(endpoints: Iterable[Endpoint], rules: Rules) -> float:
    """Within how many seconds the loss of all of these is one cause: as long as Asterisk needs to notice it."""
    return max(rules.window, max(map(cycle_of, endpoints), default=0.0))


def biggest_fall(fallen: Collection[Endpoint], standing: int, rules: Rules) -> Fall:
    """The most members that fell within one window; of several, the latest."""
    if not fallen:
        return Fall(0.0, (), standing)
    times, window = [fell_at(member) for member in fallen], window_of(fallen, rules)
    begin = min(times)
    if max(times) <= begin + window:
        # So it mostly is, and it is asked at each step of a storm: to sort thousands takes a while.
        return Fall(begin, tuple(fallen), standing + len(fallen))
    ordered = sorted(fallen, key=lambda member: (fell_at(member), member.target))
    times.sort()
    ends = [bisect_right(times, start + window) for start in times]
    first = max(range(len(times)), key=lambda start: (ends[start] - start, start))
    together = tuple(ordered[first : ends[first]])
    return Fall(times[first], together, standing + len(together))


def could_be_enough(group: Group, members: Members, rules: Rules) -> bool:
    """Whether those that are down would be a fall of the whole group, had they all gone down within one window.

    Known at once, while to find the biggest fall among thousands takes a while.
    """
    down, of = len(members.fallen), members.standing + len(members.fallen)
    return _is_so_many_enough(group, down, of, rules)


def is_enough(group: Group, fall: Fall, rules: Rules) -> bool:
    """Whether a fall is that of the whole group, and not of single members."""
    return _is_so_many_enough(group, len(fall.members), fall.of, rules)


def _is_so_many_enough(group: Group, down: int, of: int, rules: Rules) -> bool:
    if group.kind is Kind.PROVIDERS:
        return down == of and of >= AT_LEAST_TWO
    return down >= max(FEW, ceil(rules.share * of))


def is_still_enough(group: Group, down: int, of: int, rules: Rules) -> bool:
    """Whether so many that are left down, of so many, are still the outage of the whole group."""
    if group.kind is Kind.PROVIDERS:
        return 0 < of <= down
    return down >= FEW and down >= rules.share / 2 * of


def is_line_cut(providers: Fall, sites: Iterable[Fall], rules: Rules, *, is_contradicted: bool) -> bool:
    """Whether a PBX's line to the world is down: all its providers, or half of its public sites and a provider.

    All within one window. ``is_contradicted``: a public site speaks against it, which counts unless half of them fell.
    Providers of one and the same host, or behind one proxy, tell of that host only.
    """
    is_all = len(providers.members) == providers.of and len(providers.hosts) >= AT_LEAST_TWO
    if is_all and not is_contradicted:
        return True
    every = [site for site in sites if site.of]
    window = max(rules.window, *(fall.cycle for fall in (providers, *every)))
    down = sum(_is_share_enough(site, rules) and abs(site.since - providers.since) <= window for site in every)
    return bool(providers.members) and down >= AT_LEAST_TWO and 2 * down >= len(every)


def _is_share_enough(site: Fall, rules: Rules) -> bool:
    """Whether so much of a site fell that it fell with others; of a site with one phone that is this phone."""
    return len(site.members) >= max(1, ceil(rules.share * site.of))


def could_be_most(sites: Iterable[Members]) -> bool:
    """Whether so many sites have fallen in part that they may be most of all, and enough is believed.

    Known at once, while to work out how each of them fell takes a while.
    """
    fallen = standing = believed = 0
    for site in sites:
        fallen += bool(site.fallen)
        standing += bool(site.up)
        believed += site.believed
    return believed >= FEW and fallen >= AT_LEAST_TWO and 2 * fallen > standing


def fallen_together(sites: Iterable[Fall], rules: Rules) -> Sequence[Fall]:
    """The sites that fell within one window, if that are most of all: one cause, also where no provider is known.

    Empty: they are not most, or so few phones that each may have a reason of its own.
    """
    every = [site for site in sites if site.of]
    fallen = sorted((site for site in every if _is_share_enough(site, rules)), key=lambda site: site.since)
    window = max(rules.window, max((site.cycle for site in fallen), default=0.0))
    ends = [bisect_right(fallen, site.since + window, key=lambda other: other.since) for site in fallen]
    first = max(range(len(fallen)), key=lambda start: (ends[start] - start, start), default=0)
    together = fallen[first : ends[first]] if fallen else []
    is_most = len(together) >= AT_LEAST_TWO and 2 * len(together) > len(every)
    return together if is_most and sum(site.believed for site in together) >= FEW else []


def are_many_left(sites: Iterable[Fall], of: int, rules: Rules) -> bool:
    """Whether so many of the sites that went down at once are left down that it is still their common outage."""
    left = sum(len(site.members) >= max(1, ceil(rules.share / 2 * site.of)) for site in sites)
    return left >= AT_LEAST_TWO and 4 * left >= of


def speaks_against(site: Members, since: float, now: float, rules: Rules) -> bool:
    """Whether a public site stands although a fall began one full cycle of its checks ago: the line is not cut."""
    at = testifies_at(site, since)
    return at is not None and now >= at and site.once(("stands", since), lambda: _stands(site, since, rules))


def _stands(site: Members, since: float, rules: Rules) -> bool:
    standing = _standing_since(site, since)
    earliest = since - window_of(standing, rules)
    fallen = sum(fell_at(phone) >= earliest for phone in site.fallen.values())
    return fallen < max(1, ceil(rules.share * (len(standing) + fallen)))


def testifies_at(site: Members, since: float) -> float | None:
    """When those of a site that are up have surely been checked since a fall began; None: Asterisk checks none."""
    cycle = site.once(("cycle", since), lambda: max(map(cycle_of, _standing_since(site, since)), default=None))
    return None if cycle is None else since + cycle


def _standing_since(site: Members, since: float) -> list[Endpoint]:
    """Those that were believed up before, are, and that Asterisk checks."""
    return [phone for phone in site.up.values() if phone.since < since and is_checked(phone)]


def is_checked(endpoint: Endpoint) -> bool:
    """Whether Asterisk would notice that none of its contacts answers."""
    settings = endpoint.settings
    if endpoint.unknown_because or settings is None or not settings.known:
        return False
    return settings.is_qualified and not settings.has_unqualified_registered_contact
