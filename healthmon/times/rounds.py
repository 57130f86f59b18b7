"""Whether a loop that goes round all the time stood still: its process was stopped, or its machine was frozen."""

from __future__ import annotations

#: The engine goes round at least twice a second; so long without a round is a standstill (seconds).
STANDSTILL = 10.0


class Rounds:
    """Notices that no round came for long. Times are those of a clock that nobody can set. Owned by one thread."""

    def __init__(self) -> None:
        self._last: float | None = None
        self._stood_still_since: float | None = None

    def note(self, steady: float) -> None:
        """The loop goes round."""
        if self._last is not None and steady - self._last > STANDSTILL and self._stood_still_since is None:
            self._stood_still_since = self._last
        self._last = steady

    def take_standstill(self) -> float | None:
        """Return, once, when the last round before a standstill was; None: there was none."""
        since, self._stood_still_since = self._stood_still_since, None
        return since
