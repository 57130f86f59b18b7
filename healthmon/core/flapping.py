"""Changing too often to be told each time (design rule 12)."""

from __future__ import annotations

from collections import deque

from healthmon.model import Health

#: A health that lasted less than this does not count: a phone that registers anew looks lost for a moment.
LASTED = 2.0


class Flapping:
    """Counts the raw changes of one check that lasted. Owned by the engine thread.

    Raw changes, not believed ones: 170 s down, 10 s up, for an hour, with a hold of 180 s, has none of the latter.
    """

    __slots__ = ("_candidate", "_candidate_at", "_lasting", "changes")

    def __init__(self, health: Health) -> None:
        #: When each change that lasted began.
        self.changes: deque[float] = deque()
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

    def count(self, now: float, window: float) -> int:
        """How many changes there were in the window that ends now."""
        self.settle(now)
        while self.changes and self.changes[0] <= now - window:
            self.changes.popleft()
        return len(self.changes)

    def settles_at(self) -> float | None:
        """When the newest change will have lasted, or None: it has."""
        return None if self._candidate is None else self._candidate_at + LASTED

    def calm_at(self, window: float, stop: int) -> float:
        """When only ``stop`` changes will be left in the window, if no more come."""
        surplus = len(self.changes) - stop
        return self.changes[surplus - 1] + window if surplus > 0 else 0.0

    def presume(self, start: int, at: float) -> None:
        """Healthmon was restarted while it flapped: presume that it did so just now."""
        self.changes = deque([at] * start)

    def shift(self, by: float) -> None:
        """Move all times by so many seconds: somebody set the clock."""
        self.changes = deque(change + by for change in self.changes)
        self._candidate_at += by
