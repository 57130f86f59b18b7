"""When each of many targets did something, kept in order: to count those within a span needs no look at each."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections import Counter
from collections.abc import Iterator, Sequence
from operator import itemgetter

from healthmon.model import Target

#: A time, and whose it is.
TimedTarget = tuple[float, Target]

_WHEN = itemgetter(0)

#: What all have in which nothing was put yet: of 20,000 phones at addresses of their own there are 180,000. Nothing is
#: ever put in here.
_NO_VALUES: dict[Target, float] = {}
_NO_TIMES: list[TimedTarget] = []
_NO_COUNTS: Counter[float] = Counter()


class SortedTimes:
    """One time for each target, the earliest first (seconds UTC). Owned by the engine thread."""

    __slots__ = ("_at", "_ordered")

    def __init__(self) -> None:
        self._at = _NO_VALUES
        self._ordered = _NO_TIMES

    def __len__(self) -> int:
        """How many targets have a time."""
        return len(self._ordered)

    def __contains__(self, target: Target) -> bool:
        """Whether a target has a time."""
        return target in self._at

    def get(self, target: Target) -> float | None:
        """Return the time of a target, or None."""
        return self._at.get(target)

    def put(self, target: Target, at: float) -> None:
        """Give a target a time, or another one."""
        before = self._at.get(target)
        if before == at:
            return
        if before is not None:
            self.drop(target)
        if self._at is _NO_VALUES:
            self._at, self._ordered = {}, []
        self._at[target] = at
        timed = (at, target)
        # Time goes on: mostly it is the latest.
        if self._ordered and timed < self._ordered[-1]:
            insort(self._ordered, timed)
        else:
            self._ordered.append(timed)

    def drop(self, target: Target) -> None:
        """Forget the time of a target, if it has one."""
        at = self._at.pop(target, None)
        if at is not None:
            del self._ordered[bisect_left(self._ordered, (at, target))]

    def nth(self, number: int) -> float | None:
        """Return the time of the n-th, counted from 1; None: they are fewer."""
        return self._ordered[number - 1][0] if number <= len(self._ordered) else None

    @property
    def newest(self) -> float:
        """The latest of all times; 0.0: there is none."""
        return self._ordered[-1][0] if self._ordered else 0.0

    def count(self, since: float, until: float) -> int:
        """How many have a time within a span, both ends included."""
        if not self._ordered:
            return 0
        return bisect_right(self._ordered, until, key=_WHEN) - bisect_left(self._ordered, since, key=_WHEN)

    def within(self, since: float, until: float) -> Sequence[TimedTarget]:
        """Those that have a time within a span, both ends included."""
        first = bisect_left(self._ordered, since, key=_WHEN)
        return self._ordered[first : bisect_right(self._ordered, until, key=_WHEN)]

    def first(self, number: int, until: float) -> Sequence[TimedTarget]:
        """So many of the first that have a time until then."""
        return self._ordered[: min(number, bisect_right(self._ordered, until, key=_WHEN))]

    def last(self, until: float) -> Iterator[TimedTarget]:
        """Those that have a time until then, the latest first; nothing must be put or dropped meanwhile."""
        for place in range(bisect_right(self._ordered, until, key=_WHEN) - 1, -1, -1):
            yield self._ordered[place]


class Fullest(SortedTimes):
    """Times, and within which window most of them are. Owned by the engine thread.

    What comes last is put at the end, so that mostly one window more is to be looked at; what leaves the fullest window
    has all looked at anew.
    """

    __slots__ = ("_count", "_is_known", "_since", "_window")

    def __init__(self) -> None:
        super().__init__()
        self._is_known = False
        self._window = self._since = 0.0
        self._count = 0

    def put(self, target: Target, at: float) -> None:
        """Give a target a time, or another one."""
        if self._at.get(target) == at:
            return
        super().put(target, at)
        if self._ordered[-1] == (at, target):
            self._look_at_end()
        else:
            self._is_known = False

    def drop(self, target: Target) -> None:
        """Forget the time of a target, if it has one."""
        at = self._at.get(target)
        if at is not None and self._since <= at <= self._since + self._window:
            self._is_known = False
        super().drop(target)

    def fullest(self, window: float) -> tuple[float, int]:
        """When the window begins within which most are, and how many these are; of several windows, the latest."""
        if not self._is_known or window != self._window:
            self._look_at_all(window)
        return self._since, self._count

    def _look_at_end(self) -> None:
        """Of all windows only those have become fuller that end with the last time."""
        last = self._ordered[-1][0]
        first = bisect_left(self._ordered, last - self._window, key=_WHEN)
        # A time with the window added may be rounded otherwise than with the window taken away.
        while first and self._ordered[first - 1][0] + self._window >= last:
            first -= 1
        while self._ordered[first][0] + self._window < last:
            first += 1
        count = len(self._ordered) - first
        if count >= self._count:
            self._since, self._count = self._ordered[first][0], count

    def _look_at_all(self, window: float) -> None:
        # One window has at least as many as are left where most were; where fewer come after a time, no look is needed.
        most = max(1, self.count(self._since, self._since + window))
        self._is_known, self._window = True, window
        self._since, self._count = 0.0, 0
        first = 0
        while first + most <= len(self._ordered):
            since = self._ordered[first][0]
            if self._ordered[first + most - 1][0] <= since + window:
                most = bisect_right(self._ordered, since + window, lo=first + most - 1, key=_WHEN) - first
                self._since, self._count = since, most
            first += 1


class Greatest:
    """The greatest of many values, of which few differ (seconds). Owned by the engine thread."""

    __slots__ = ("_how_many", "_of")

    def __init__(self) -> None:
        self._of = _NO_VALUES
        self._how_many = _NO_COUNTS

    def put(self, target: Target, value: float) -> None:
        """Give a target a value, or another one."""
        if self._of.get(target) == value:
            return
        self.drop(target)
        if self._of is _NO_VALUES:
            self._of, self._how_many = {}, Counter()
        self._of[target] = value
        self._how_many[value] += 1

    def drop(self, target: Target) -> None:
        """Forget the value of a target, if it has one."""
        value = self._of.pop(target, None)
        if value is None:
            return
        self._how_many[value] -= 1
        if not self._how_many[value]:
            del self._how_many[value]

    @property
    def greatest(self) -> float:
        """The greatest of all; 0.0: there is none."""
        return max(self._how_many, default=0.0)
