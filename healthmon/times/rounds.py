"""Whether this process stood still: it was stopped, or its machine was frozen."""

from __future__ import annotations

from threading import Lock

#: The engine and the main thread go round at least twice a second. No round of either for so long is a standstill
#: (seconds).
STANDSTILL = 10.0


class Rounds:
    """Notices that no thread went round for long. Any thread may note its rounds.

    One that is at work for long, or waits for a disk, is no standstill while another goes round: what is seen
    meanwhile waits. Times are those of a clock that nobody can set.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._last: float | None = None
        self._stood_still_since: float | None = None

    def note(self, steady: float) -> None:
        """A thread goes round."""
        with self._lock:
            if self._last is None:
                self._last = steady
            if steady - self._last > STANDSTILL and self._stood_still_since is None:
                self._stood_still_since = self._last
            # Who was stopped between looking at the clock and coming here is late.
            self._last = max(self._last, steady)

    def take_standstill(self) -> float | None:
        """Return, once, when the last round before a standstill was; None: there was none."""
        with self._lock:
            since, self._stood_still_since = self._stood_still_since, None
        return since
