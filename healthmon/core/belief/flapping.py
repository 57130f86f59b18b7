"""Changing too often to be told each time (rule 12)."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from math import inf
from typing import NamedTuple

from msgspec.structs import replace

from healthmon.config.sections.shared import Hold
from healthmon.config.sections.watch import WatchConfig
from healthmon.model import Health

#: A health that lasted less than this does not count: a phone that registers anew looks lost for a moment.
LASTED = 2.0

#: An outage and its end are believed as ever; what changes a third time in the window must last three times as long,
#: then four times, … (the next outage only of a phone, and no longer than what is a lasting outage)
FIRST_TO_GROW = 3

#: What is down for so many holds, and for at least so long, is no flapping any more (seconds).
LASTING_HOLDS = 3.0
LASTING_AT_LEAST = 60.0

#: What has flapped for long must be calm for long: for this part of the time that it flapped, and for at most so many
#: windows.
CALM_PART = 0.5
MOST_WINDOWS = 6.0


class FlapRule(NamedTuple):
    """Flapping begins at ``start`` changes within ``window`` seconds, and ends at ``stop``."""

    window: float = 600.0
    start: int = 6
    stop: int = 2

    @classmethod
    @lru_cache(maxsize=64)
    def of(cls, watch: WatchConfig) -> FlapRule:
        """The rule of a watch section; all its endpoints share one."""
        return cls(watch.flap_window, watch.flap_start, watch.flap_stop)

    @property
    def most(self) -> int:
        """So many changes are worth remembering."""
        return max(self.start, self.stop + 1)


class Flapping:
    """Counts the raw changes of one check that lasted. Owned by the engine thread.

    Raw changes, not believed ones: 170 s down, 10 s up, for an hour, with a hold of 180 s, has none of the latter.
    """

    __slots__ = ("_candidate", "_candidate_at", "_lasting", "changes", "edits", "since")

    def __init__(self, health: Health, changes: Iterable[float] = (), since: float = 0.0) -> None:
        #: When each change that lasted began. A list: most are empty, and a deque would take ten times its memory.
        self.changes: list[float] = list(changes)
        #: When the first of those changes was that made it flap. While it does not flap: when the outage began that
        #: ended the last episode, which what changed until then does not begin anew; 0.0: none did.
        self.since = since
        #: How often that which is worth booking was changed.
        self.edits = 0
        self._lasting = health
        self._candidate: Health | None = None
        self._candidate_at = 0.0

    def see(self, health: Health, at: float) -> None:
        """Take a raw health."""
        self.settle(at)
        if health is self._lasting:
            self._drop_candidate()
        elif health is not self._candidate:
            self._candidate, self._candidate_at = health, at
            self.edits += 1

    def resume(self, health: Health) -> None:
        """The first health after nobody could see: what changed meanwhile does not count."""
        self._drop_candidate()
        self._lasting = health

    def _drop_candidate(self) -> None:
        if self._candidate is not None:
            self._candidate = None
            self.edits += 1

    def settle(self, now: float) -> None:
        """Count the newest change if it has lasted long enough by now."""
        # Compared as next_look() says it, or rounding makes us look again and again.
        if self._candidate is not None and now >= self._candidate_at + LASTED:
            self.changes.append(self._candidate_at)
            self._lasting, self._candidate = self._candidate, None

    def booked(self, rule: FlapRule) -> tuple[float, ...]:
        """When each change began that counts, or may count once it has lasted: what is worth booking."""
        changes = self.changes
        if self._candidate is not None:
            changes = [*changes, self._candidate_at]
        if not changes:
            # Nearly always.
            return ()
        return tuple(changes[-rule.most :])

    @property
    def may_grow(self) -> bool:
        """Whether so much has changed that a hold may be longer for it; of nearly all not."""
        return len(self.changes) + 1 >= FIRST_TO_GROW

    def times(self, rule: FlapRule, at: float) -> int:
        """How often it changed within the window that ends at a time."""
        return sum(at - rule.window < change <= at for change in self.booked(rule))

    def is_far_from(self, rule: FlapRule) -> bool:
        """Whether it takes more than one change more until it may flap; so it is with nearly all."""
        return len(self.changes) + 2 < rule.start

    def is_flapping(self, was_flapping: bool, rule: FlapRule, now: float) -> bool:
        """Whether it flaps now; between the two numbers it stays as it was."""
        self.settle(now)
        del self.changes[: -rule.most]
        if was_flapping:
            is_calm = len(self.changes) <= rule.stop or now >= self.calm_at(rule)
            if is_calm:
                self.since = 0.0
            return not is_calm
        counted_from = max(now - rule.window, self.since)
        begins = len(self.changes) >= rule.start and self.changes[-rule.start] > counted_from
        if begins:
            self.since = self.changes[-rule.start]
        return begins

    @property
    def down_since(self) -> float | None:
        """When it last went down, as far as that has lasted; None: it is up, or perhaps about to be."""
        if self._lasting is Health.DOWN and self._candidate is None and self.changes:
            return self.changes[-1]
        return None

    def end_with_outage(self) -> None:
        """What flapped stays down: its changes so far do not make it flap any more, but still make holds grow."""
        self.since = self.changes[-1]

    def is_nearly(self, rule: FlapRule, now: float) -> bool:
        """Whether what does not flap would after one more change."""
        counted_from = max(now - rule.window, self.since)
        return sum(at > counted_from for at in self.booked(rule)) >= rule.start - 1

    def calm_at(self, rule: FlapRule) -> float:
        """When what flaps is calm, if it does not change again (seconds UTC).

        The longer it has flapped, the longer that takes, within bounds.
        """
        flapped_for = self.changes[-1] - self.since
        calm_for = min(max(rule.window, CALM_PART * flapped_for), MOST_WINDOWS * rule.window)
        return self.changes[-1 - rule.stop] + calm_for

    def next_look(self, is_flapping: bool, rule: FlapRule, now: float, lasting: float = inf) -> float | None:
        """When that could change without a new observation, or None: not at all.

        ``lasting``: how long it must be down to be no flapping any more (seconds).
        """
        if not is_flapping:
            if self._candidate is None or len(self.changes) + 1 < rule.start:
                return None
            return self._candidate_at + LASTED
        looks = [self.calm_at(rule)]
        if self._candidate is not None:
            looks.append(self._candidate_at + LASTED)
        if self.down_since is not None and self.down_since + lasting > now:
            looks.append(self.down_since + lasting)
        return min(looks)

    def presume(self, rule: FlapRule, at: float) -> None:
        """Healthmon was restarted while it flapped, and did not note when it changed: presume that it was just now."""
        self.changes, self.since = [at] * rule.most, at


def lasting_after(hold: Hold) -> float:
    """How long something that flaps must be down to be a lasting outage (seconds)."""
    return max(LASTING_HOLDS * hold.down_after, LASTING_AT_LEAST)


@lru_cache(maxsize=1024)
def grown(hold: Hold, times: int, rule: FlapRule, *, is_device: bool) -> Hold:
    """The hold that is in force for what has changed so often within the window; never longer than half of that.

    That of an outage grows for devices alone: a PBX or a provider that is down is always told after its own hold.
    """
    if times < FIRST_TO_GROW:
        return hold

    def longer(seconds: float) -> float:
        return min(seconds * times, max(seconds, rule.window / 2))

    if not is_device:
        return replace(hold, up_after=longer(hold.up_after))
    most = lasting_after(hold)
    down, degraded = (max(seconds, min(longer(seconds), most)) for seconds in (hold.down_after, hold.degraded_after))
    return replace(hold, down_after=down, up_after=longer(hold.up_after), degraded_after=degraded)
