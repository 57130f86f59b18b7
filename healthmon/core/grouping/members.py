"""Who belongs to a group, and how each stands: it works, has fallen, is about to return, or was never in use."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from functools import cached_property
from math import inf
from typing import Any, TypeVar

from msgspec import Struct
from msgspec.structs import astuple

from healthmon.core.belief.endpoint_facts import EndpointFacts
from healthmon.core.belief.reachability import Reachability
from healthmon.core.grouping.holds import Rules, known_at
from healthmon.core.grouping.times import Fullest, Greatest, SortedTimes
from healthmon.model import Health, Target, Word

#: Times were added and subtracted; what is so close is the same (seconds).
SAME_TIME = 0.001

#: So many answers are kept of a group of which nothing changes while lines to the world come and go.
MOST_KNOWN = 16

#: Fewer providers, or public sites, than this do not tell that the PBX's line is cut.
AT_LEAST_TWO = 2

#: A span in which nothing is.
NEVER = (0.0, 0.0)

Answer = TypeVar("Answer")


class Stance(Word):
    """How an endpoint stands in its group."""

    #: It works, as far as is known.
    STANDING = "standing"
    #: It is down, or about to be believed down.
    FALLEN = "fallen"
    #: It was about to be believed down, and cannot be seen at present.
    HIDDEN = "hidden"
    #: It is believed down, was seen better since, and is about to be believed so.
    RECOVERING = "recovering"
    #: It is a phone that logged out, or is about to be believed so: it did not go down with the others.
    LOGGED_OUT = "logged out"
    #: It was never up, so it cannot have gone down with the others.
    UNUSED = "unused"


#: What is down, or about to be believed so, by whether it logged out: as it is seen, and under a veil.
_FALLEN = {False: Stance.FALLEN, True: Stance.LOGGED_OUT}
_HIDDEN = {False: Stance.HIDDEN, True: Stance.STANDING}

#: Of these it is kept when they went down.
_WENT_DOWN = frozenset({Stance.FALLEN, Stance.HIDDEN, Stance.RECOVERING})

#: What is so has not come back: whoever leaves a group like this does not end its outage.
NOT_BACK = _WENT_DOWN | {Stance.LOGGED_OUT}


class Audience(Struct, frozen=True, gc=False):
    """Who hears of a member: those of its watch section; nobody at present, where somebody asked for that."""

    watch: str
    is_muted: bool


class Noted(Struct, frozen=True, gc=False):
    """What is kept of a member that is not up: when it went down, by what it counts as; and how long something takes.

    None: it does not count as that.
    """

    down: float | None = None
    hidden: float | None = None
    audible: float | None = None
    believed: float | None = None
    confirmed: float | None = None
    pending: float | None = None
    cycle: float | None = None
    up_after: float | None = None
    returns_within: float | None = None


NOTHING_NOTED = Noted()


class Members:
    """The endpoints of one group by their stance. Owned by the engine thread.

    Each step of the engine asks how many have fallen, and when. To look at thousands each time takes a while, so the
    times are kept in order.
    """

    def __init__(self) -> None:
        self._all: dict[Target, Reachability] = {}
        #: Those that work, and those that have fallen.
        self.up: dict[Target, Reachability] = {}
        self.fallen: dict[Target, Reachability] = {}
        self._recovering: dict[Target, Reachability] = {}
        self._by_stance: dict[Stance, dict[Target, Reachability]] = {
            Stance.STANDING: self.up,
            Stance.FALLEN: self.fallen,
            Stance.HIDDEN: {},
            Stance.RECOVERING: self._recovering,
            Stance.LOGGED_OUT: {},
            Stance.UNUSED: {},
        }
        #: When one of them was last seen to come back; 0.0: never yet.
        self.returned_at = 0.0
        #: By then those are surely back that were seen up before they were believed down; 0.0: none was.
        self.back_at = 0.0
        #: When those went down that have fallen or are hidden; that are hidden; that have fallen and are not muted.
        self.down = SortedTimes()
        self._hidden = SortedTimes()
        self.audible = Fullest()
        #: Of the last: those that are believed down, and those that a snapshot confirmed for the hold of their site.
        self.believed = SortedTimes()
        self.confirmed = SortedTimes()
        #: When it is known of those that are pending, and were not confirmed, whether they are down.
        self.pending = SortedTimes()
        self._is_confirmed: set[Target] = set()
        #: When those went down that are believed down, or confirmed, by who hears of them; some may be about to return.
        self._sure: dict[Audience, SortedTimes] = {}
        self._audience: dict[Target, Audience] = {}
        #: Asterisk's cycles of checks among those that have fallen and are not muted (seconds).
        self._cycles = Greatest()
        #: How long those take that are about to be believed up, without and with a cycle of checks (seconds).
        self._up_after = Greatest()
        self._returns_within = Greatest()
        #: Where each field of what is noted of a member is kept in order, and what is noted.
        self._kept: tuple[SortedTimes | Greatest, ...] = (
            self.down,
            self._hidden,
            self.audible,
            self.believed,
            self.confirmed,
            self.pending,
            self._cycles,
            self._up_after,
            self._returns_within,
        )
        self._noted: dict[Target, Noted] = {}
        #: What was worked out of them since something about one of them changed.
        self.known: dict[object, Any] = {}

    # ------------------------------------------------------------ who there is

    @property
    def size(self) -> int:
        """How many there are, also those that were never up."""
        return len(self._all)

    @property
    def standing(self) -> int:
        """How many work, as far as is known."""
        return len(self.up) + len(self._hidden)

    @property
    def of(self) -> int:
        """How many were ever up, and have not logged out."""
        return self.standing + len(self.fallen) + len(self._recovering)

    @property
    def not_up(self) -> Iterable[Target]:
        """All that have fallen, are hidden, about to return, or logged out."""
        return [target for stance in NOT_BACK for target in self._by_stance[stance]]

    def get(self, target: Target) -> Reachability:
        """Return one of them."""
        return self._all[target]

    def once(self, key: Hashable, work_out: Callable[[], Answer]) -> Answer:
        """Work out something of them, unless it is known and nothing about any of them has changed since."""
        if key not in self.known:
            if len(self.known) >= MOST_KNOWN:
                self.known.clear()
            self.known[key] = work_out()
        answer: Answer = self.known[key]
        return answer

    # ------------------------------------------------------------ coming and going

    def add(self, endpoint: Reachability, stance: Stance) -> None:
        """Count one in."""
        self._all[endpoint.target] = endpoint
        self._by_stance[stance][endpoint.target] = endpoint
        if stance is Stance.RECOVERING:
            self.returned_at = max(self.returned_at, endpoint.pending_since)

    def move(self, endpoint: Reachability, before: Stance, after: Stance) -> None:
        """Count one that stands otherwise than before."""
        if after is Stance.RECOVERING:
            self.returned_at = max(self.returned_at, endpoint.pending_since)
        elif after is Stance.STANDING and before in (Stance.FALLEN, Stance.HIDDEN):
            # It was seen down and works, and was not about to be believed so.
            if endpoint.since > (self.down.get(endpoint.target) or 0.0):
                # It flaps, or was not believed down.
                self.returned_at = max(self.returned_at, endpoint.since)
            else:
                self.returned_at = max(self.returned_at, endpoint.endpoint.last_at)
                # It must stay so for as long as if it had been believed down.
                self.back_at = max(self.back_at, endpoint.endpoint.last_at + endpoint.hold_in_force().up_after)
        del self._by_stance[before][endpoint.target]
        self._by_stance[after][endpoint.target] = endpoint

    def remove(self, target: Target, stance: Stance) -> None:
        """Count one out."""
        del self._all[target]
        del self._by_stance[stance][target]
        self._forget(target)

    def note(self, endpoint: Reachability, stance: Stance, rules: Rules, *, is_muted: bool) -> None:
        """Take note of how one is that is counted as this."""
        self.known.clear()
        target = endpoint.target
        if stance not in _WENT_DOWN:
            # Nearly always there is nothing to forget.
            if target in self._noted:
                self._forget(target)
            return
        is_believed = endpoint.belief is Health.DOWN
        if is_believed:
            self._is_confirmed.discard(target)
        if is_believed or target in self._is_confirmed:
            self._count_as_sure(target, Audience(endpoint.watch, is_muted), fell_at(endpoint))
        else:
            self._count_as_unsure(target)
        before = self._noted.get(target, NOTHING_NOTED)
        after = self._noted_of(endpoint, stance, rules, is_muted=is_muted)
        if after != before:
            self._noted[target] = after
            self._keep(target, before, after)

    def _noted_of(self, endpoint: Reachability, stance: Stance, rules: Rules, *, is_muted: bool) -> Noted:
        if stance is Stance.RECOVERING:
            up_after = endpoint.endpoint.policy.hold.up_after
            return Noted(up_after=up_after, returns_within=up_after + cycle_of(endpoint))
        fell = fell_at(endpoint)
        if stance is Stance.HIDDEN:
            return Noted(down=fell, hidden=fell)
        believed = confirmed = pending = None
        if endpoint.belief is Health.DOWN:
            believed = fell
        if endpoint.target in self._is_confirmed:
            confirmed = fell
        else:
            pending = known_at(endpoint, rules)
        if is_muted:
            return Noted(down=fell, pending=pending)
        return Noted(fell, None, fell, believed, confirmed, pending, cycle_of(endpoint))

    def _keep(self, target: Target, before: Noted, after: Noted) -> None:
        """Keep what is noted of one now instead of what was; mostly nearly all of it is the same."""
        for kept, was, value in zip(self._kept, astuple(before), astuple(after), strict=True):
            if value == was:
                continue
            if value is None:
                kept.drop(target)
            else:
                kept.put(target, value)

    def _count_as_sure(self, target: Target, audience: Audience, fell: float) -> None:
        before = self._audience.get(target, audience)
        if before != audience:
            self._sure[before].drop(target)
        self._audience[target] = audience
        self._sure.setdefault(audience, SortedTimes()).put(target, fell)

    def _count_as_unsure(self, target: Target) -> None:
        audience = self._audience.pop(target, None)
        if audience is not None:
            self._sure[audience].drop(target)

    def _forget(self, target: Target) -> None:
        """What was noted of one that was counted as down is no longer so."""
        self._is_confirmed.discard(target)
        self._keep(target, self._noted.pop(target, NOTHING_NOTED), NOTHING_NOTED)
        self._count_as_unsure(target)

    def confirm(self, target: Target) -> None:
        """A snapshot shows that one is down that has been so for the hold of its site; note it anew."""
        self._is_confirmed.add(target)

    # ------------------------------------------------------------ how they fell

    def fall(self, rules: Rules, unseen: tuple[float, float] = NEVER) -> Fall:
        """The most of them that fell within one window, those aside of whom nobody is told; of several, the latest.

        ``unseen``: when nothing of them could be seen the last time (seconds UTC).
        """
        window = max(rules.window, self._cycles.greatest)
        begin, end = unseen
        newest = self.audible.newest
        if begin < newest and newest - window <= end:
            # All notice one cause so much later, as nobody looked meanwhile.
            window += min(end - begin, window)
        since, down = self.audible.fullest(window)
        until = since + window
        return Fall(
            since=since,
            down=down,
            of=self.standing + down,
            cycle=self._cycles.greatest,
            find=lambda: self._found(self.audible, since, until),
            count_sure=lambda: (self.believed.count(since, until), self.confirmed.count(since, until)),
        )

    def left(self, since: float) -> Fall:
        """Those that went down at a time or later, and are, among all that were up until then or are about to be."""
        return self.once(("left", since), lambda: self._left(since, since - SAME_TIME))

    def _left(self, since: float, begin: float) -> Fall:
        down = self.down.count(begin, inf)
        up = self.standing - self._hidden.count(begin, inf) + len(self._recovering)
        return Fall(
            since=since,
            down=down,
            of=up + down,
            cycle=self._cycles.greatest,
            find=lambda: self._found(self.down, begin, inf),
        )

    def fallen_since(self, since: float) -> int:
        """How many have fallen at a time or later, those that are hidden aside."""
        return self.down.count(since, inf) - self._hidden.count(since, inf)

    def _found(self, times: SortedTimes, since: float, until: float) -> tuple[Reachability, ...]:
        return tuple(self._all[target] for _, target in times.within(since, until))

    @property
    def up_after(self) -> float:
        """After how long all that are about to be believed up are (seconds); 0.0: none is."""
        return self._up_after.greatest

    @property
    def returns_within(self) -> float:
        """How long it takes those that are about to be believed up, a cycle of checks included (seconds)."""
        return self._returns_within.greatest

    def known_by(self, since: float, latest: float = inf) -> float:
        """When it is known of those that went down at a time or later whether they are down; 0.0: it is.

        ``latest``: those that need longer than that are not waited for (seconds UTC).
        """
        known = (at for at, target in self.pending.last(latest) if fell_at(self._all[target]) >= since - SAME_TIME)
        return next(known, 0.0)

    def soonest(self, until: float) -> Sequence[Reachability]:
        """The two of which it is known first whether they are down, if that is before a time; or fewer."""
        return [self._all[target] for _, target in self.pending.first(AT_LEAST_TWO, until)]

    def sure_since(self, since: float, *, is_muted: bool) -> Mapping[str, int]:
        """How many of each watch section are surely down that went down at a time or later."""
        return self.once(("sure", since, is_muted), lambda: self._sure_since(since - SAME_TIME, is_muted=is_muted))

    def _sure_since(self, begin: float, *, is_muted: bool) -> Mapping[str, int]:
        sure = [(audience, times) for audience, times in self._sure.items() if audience.is_muted is is_muted]
        counts = {audience.watch: times.count(begin, inf) for audience, times in sure}
        return {watch: count for watch, count in counts.items() if count}

    def surely_down(self, since: float, *, is_muted: bool) -> Sequence[Reachability]:
        """Those that are surely down, and went down at a time or later."""
        sure = [times for audience, times in self._sure.items() if audience.is_muted is is_muted]
        return [endpoint for times in sure for endpoint in self._found(times, since - SAME_TIME, inf)]


class Fall(Struct, frozen=True, dict=True):
    """Members of a group that went down within one window, or since a time."""

    since: float
    #: So many went down, of so many that were up when it began, they included.
    down: int
    of: int
    #: The longest cycle of Asterisk's checks among those that have fallen (seconds).
    cycle: float
    #: Who they are: of thousands it is mostly asked only how many.
    find: Callable[[], tuple[Reachability, ...]]
    #: How many of them are believed down; how many more a snapshot confirmed for the hold of their site.
    count_sure: Callable[[], tuple[int, int]] = lambda: (0, 0)

    @cached_property
    def members(self) -> tuple[Reachability, ...]:
        """Those that went down. As it was first asked for."""
        return self.find()

    @cached_property
    def believed(self) -> int:
        """How many of them are believed down. As it was first asked for."""
        return self.count_sure()[0]

    @cached_property
    def sure(self) -> int:
        """How many are surely down: believed, or confirmed. As it was first asked for."""
        return sum(self.count_sure())

    @property
    def hosts(self) -> Collection[str]:
        """The hosts of providers, or the proxies that they go through."""
        return {host_of(member.endpoint) for member in self.members}

    @property
    def lasts(self) -> float:
        """How long the slowest of them may take to be believed back (seconds)."""
        return max(
            (max(member.endpoint.policy.hold.up_after, cycle_of(member)) for member in self.members), default=0.0
        )


def host_of(endpoint: EndpointFacts) -> str:
    """Where a provider is reached: its proxy, or its contact's host; where neither is known, by its own name."""
    return endpoint.proxy or endpoint.address or endpoint.target.resource


def stance_of(endpoint: Reachability) -> Stance:
    """How an endpoint stands. One that flaps is not taken for recovering each time that it is up for a moment."""
    if not endpoint.ever_up or endpoint.belief is None:
        return Stance.UNUSED
    if endpoint.belief is Health.DOWN:
        if endpoint.pending is not None and not endpoint.is_flapping:
            return Stance.RECOVERING
    elif endpoint.pending is not Health.DOWN:
        return Stance.STANDING
    elif endpoint.unknown_because:
        return _HIDDEN[endpoint.is_logged_out]
    return _FALLEN[endpoint.is_logged_out]


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
