"""How many single checks may be asked for on demand: none where much falls at once, and few in a second."""

from __future__ import annotations

from collections import deque

#: Where more than so many fall within so many seconds, that is no fault of single things.
MOST_FALLS, FALLS_WITHIN = 20, 10.0
#: So many checks a second are asked for at most.
MOST_A_SECOND = 10


class Storms:
    """What fell lately on one PBX, and what was asked for. Owned by the engine thread."""

    def __init__(self) -> None:
        self._falls: deque[float] = deque()
        self._asked: deque[float] = deque()

    def note_fall(self, at: float) -> None:
        """Something was lost that is to be checked at once."""
        self._falls.append(at)

    def is_on(self, now: float, due: int) -> bool:
        """Whether so much falls at once that no single check is asked for; so many are due to be asked for now."""
        _forget_until(now - FALLS_WITHIN, self._falls)
        return max(due, len(self._falls)) > MOST_FALLS

    def next_check(self, now: float) -> float:
        """When the next check may be asked for; if that is now, it is counted."""
        _forget_until(now - 1.0, self._asked)
        if len(self._asked) >= MOST_A_SECOND:
            return self._asked[0] + 1.0
        self._asked.append(now)
        return now


def _forget_until(at: float, times: deque[float]) -> None:
    while times and times[0] <= at:
        times.popleft()
