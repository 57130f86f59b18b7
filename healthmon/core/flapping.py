"""Changing too often to be told each time (design rule 12)."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from healthmon.config.types import WatchConfig
from healthmon.model import Health

#: A health that lasted less than this does not count: a phone that registers anew looks lost for a moment.
LASTED = 2.0


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


class Flapping:
    """Counts the raw changes of one check that lasted. Owned by the engine thread.

    Raw changes, not believed ones: 170 s down, 10 s up, for an hour, with a hold of 180 s, has none of the latter.
    """

    __slots__ = ("_candidate", "_candidate_at", "_lasting", "changes")

    def __init__(self, health: Health) -> None:
        #: When each change that lasted began. A list: most are empty, and a deque would take ten times its memory.
        self.changes: list[float] = []
        self._lasting = health
        self._candidate: Health | None = None
        self._candidate_at = 0.0

    def see(self, health: Health, at: float) -> None:
        """Take a raw health."""
        self.settle(at)
        if health is self._lasting:
            self._candidate = None
        elif health is not self._candidate:
            self._candidate, self._candidate_at = health, at

    def resume(self, health: Health) -> None:
        """The first health after nobody could see: what changed meanwhile does not count."""
        self._lasting, self._candidate = health, None

    def settle(self, now: float) -> None:
        """Count the newest change if it has lasted long enough by now."""
        if self._candidate is not None and now - self._candidate_at >= LASTED:
            self.changes.append(self._candidate_at)
            self._lasting, self._candidate = self._candidate, None

    def is_flapping(self, was_flapping: bool, rule: FlapRule, now: float) -> bool:
        """Whether it flaps now; between the two numbers it stays as it was."""
        self.settle(now)
        while self.changes and self.changes[0] <= now - rule.window:
            self.changes.pop(0)
        return len(self.changes) > rule.stop if was_flapping else len(self.changes) >= rule.start

    def next_look(self, is_flapping: bool, rule: FlapRule) -> float | None:
        """When that could change without a new observation, or None: not at all."""
        settles_at = None if self._candidate is None else self._candidate_at + LASTED
        if not is_flapping:
            return settles_at if len(self.changes) + 1 >= rule.start else None
        calm_at = self.changes[-1 - rule.stop] + rule.window
        return calm_at if settles_at is None else min(calm_at, settles_at)

    def booked(self) -> tuple[float, ...]:
        """When each change began that counts, or may count once it has lasted: what is worth booking."""
        return tuple(self.changes) if self._candidate is None else (*self.changes, self._candidate_at)

    def remember(self, changes: Iterable[float]) -> None:
        """Healthmon was restarted: go on from what was booked. The newest one counts, however long it lasted."""
        self.changes = list(changes)

    def presume(self, rule: FlapRule, at: float) -> None:
        """Healthmon was restarted while it flapped: presume that it did so just now."""
        self.changes = [at] * rule.start

    def shift(self, by: float) -> None:
        """Move all times by so many seconds: somebody set the clock."""
        self.changes = [change + by for change in self.changes]
        self._candidate_at += by
