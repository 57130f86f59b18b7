"""The database's own time, which does not jump when somebody sets the wall clock.

Every time in the database stands on one timeline that runs on evenly; whoever reads for people is shown the time of the
wall clock: ``shown = stored + shift``. A wall clock that is set changes nothing that is booked, but the shift from then
on. What was booked before then goes on to read as it did; only where that would lie behind what is booked now (the
clock was set back) it moves with the clock. So the order by time stays the order of booking, whatever is done.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from msgspec import Struct

from healthmon.times.clock import on_grain
from healthmon.times.spans import Span, covered_s


class EarlierShift(NamedTuple):
    """A part of the timeline in which the wall clock was not set, as it is shown."""

    #: The last moment of it (stored).
    until: float
    shift: float


class Timeline(Struct, frozen=True):
    """Translates between the clock on the wall and the database. 0.0 and None mean "no time" and stay what they are."""

    #: How far the wall clock is ahead now.
    shift: float = 0.0
    #: What was booked before now, and is shown by another shift, in order; the shifts grow.
    earlier: tuple[EarlierShift, ...] = ()

    @classmethod
    def of_jumps(cls, shift: float, jumps: Iterable[tuple[float, float]]) -> Timeline:
        """Make it of the present shift, and of each setting of the clock: when (stored), and by how much.

        A time is shown by the highest shift that there was until then, or by the present one if that is lower. A clock
        that was wrong for a while, and is right again, leaves everything else where it was.
        """
        steps = list(jumps)
        if not steps:
            return cls(shift)
        at_first = shift - sum(on_grain(by) for _, by in steps)
        earlier: list[EarlierShift] = []
        reached = highest = at_first
        for at, by in steps:
            if highest >= shift:
                break
            before = highest
            reached += on_grain(by)
            highest = max(highest, reached)
            if highest > before:
                earlier.append(EarlierShift(at, before))
        return cls(shift, tuple(earlier))

    def stored(self, time: float) -> float:
        """Return the number that the database holds for a time. A time that the clock left out is when it was set."""
        if not time:
            return time
        if not self.earlier:
            return time - self.shift
        for place, stretch in enumerate(self.earlier):
            if time <= stretch.until + self._shift_after(place):
                return min(time - stretch.shift, stretch.until)
        return time - self.shift

    def shown(self, stored: float) -> float:
        """Return what the clock on the wall showed at a time of the database."""
        if not stored:
            return stored
        for until, shift in self.earlier:
            if stored <= until:
                return stored + shift
        return stored + self.shift

    def stored_ago(self, now: float, seconds: float) -> float:
        """Return what the database holds for the time so many seconds ago; what the clock left out does not count."""
        return self.stored(now) - seconds

    def stored_or_none(self, time: float | None) -> float | None:
        """Like ``stored``, for a time that may be missing."""
        return None if time is None else self.stored(time)

    def shown_or_none(self, stored: float | None) -> float | None:
        """Like ``shown``, for a time that may be missing."""
        return None if stored is None else self.shown(stored)

    @property
    def moved_back_s(self) -> float:
        """How much earlier the oldest time is shown than the clock on the wall showed it then (seconds)."""
        first = self.shift
        if self.earlier:
            first = self.earlier[0].shift
        return max(-first, 0.0)

    def left_out(self) -> list[Span]:
        """Return what the clock left out when it was set forward, as shown: nothing was there."""
        return [
            (stretch.until + stretch.shift, stretch.until + self._shift_after(place))
            for place, stretch in enumerate(self.earlier)
        ]

    def left_out_s(self, since: float, until: float) -> float:
        """Return how much the clock left out between two times, as shown (seconds)."""
        return covered_s(self.left_out(), since, until)

    def _shift_after(self, place: int) -> float:
        if place + 1 < len(self.earlier):
            return self.earlier[place + 1].shift
        return self.shift


#: Of a clock that was never set, and of the engine, which counts in the database's own time.
IDENTICAL = Timeline()
