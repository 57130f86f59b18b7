"""The database's own time, which does not jump when somebody sets the wall clock.

Every time in the database stands on one timeline that runs on evenly; whoever reads for people is shown the time of the
wall clock: ``shown = stored + shift``. A wall clock that is set changes nothing that is booked, but the shift from then
on. What was booked before then goes on to read as it did; only where that would lie behind what is booked now (the
clock was set back) it moves with the clock. So the order by time stays the order of booking, whatever is done.

At a start nobody can tell a pause from a clock that was set forward meanwhile, so the timeline goes on by either. A
clock that is set back later by as much tells that it was no pause: that part of the timeline never was.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from msgspec import Struct

from healthmon.times.clock import on_grain
from healthmon.times.spans import Span, covered_s

#: A clock that is set back takes at least this part of what it is set by from one pause, or nothing from any.
FROM_A_PAUSE = 0.9


class EarlierShift(NamedTuple):
    """A part of the timeline in which the wall clock was not set, as it is shown."""

    #: The last moment of it (stored).
    until: float
    shift: float
    #: So much of the timeline right after it never was (seconds): a pause that turned out to be a setting of the clock.
    never_was: float = 0.0


class _Step(Struct):
    """A pause at a start, or a setting of the wall clock."""

    at: float
    by: float
    #: How much of a pause is left, and how much of it never was.
    pause: float = 0.0
    never_was: float = 0.0


def pause_as_jumps(at: float, lasted: float) -> tuple[tuple[float, float], tuple[float, float]]:
    """Say a pause at a start as two jumps: it may be that the clock was set, but the timeline went on by as much."""
    lasted = on_grain(lasted)
    return (at, lasted), (at + lasted, -lasted)


def _steps_of(jumps: Iterable[tuple[float, float]]) -> list[_Step]:
    """Tell pauses from settings of the clock; what one was set back by comes from a pause first, where it can."""
    steps: list[_Step] = []
    pauses: list[_Step] = []
    for at, seconds in jumps:
        step, last = _Step(at, on_grain(seconds)), steps[-1:]
        if last and pause_as_jumps(last[0].at, last[0].by)[1] == (at, seconds):
            last[0].pause, last[0].by = last[0].by, 0.0
            pauses += last
            continue
        steps.append(step)
        if step.by < 0:
            _take_from_pause(step, pauses)
    return steps


def _take_from_pause(step: _Step, pauses: Sequence[_Step]) -> None:
    for pause in reversed(pauses):
        if pause.pause >= -step.by * FROM_A_PAUSE:
            taken = min(pause.pause, -step.by)
            pause.pause -= taken
            pause.never_was += taken
            step.by += taken
            return


class Timeline(Struct, frozen=True):
    """Translates between the clock on the wall and the database. 0.0 and None mean "no time" and stay what they are."""

    #: How far the wall clock is ahead now.
    shift: float = 0.0
    #: What was booked before now, and is shown by another shift, in order; the shifts grow.
    earlier: tuple[EarlierShift, ...] = ()
    #: When nothing ran (stored), for all that is known: the clock may have been set meanwhile.
    pauses: tuple[Span, ...] = ()

    @classmethod
    def of_jumps(cls, shift: float, jumps: Iterable[tuple[float, float]]) -> Timeline:
        """Make it of the present shift, and of each setting of the clock: when (stored), and by how much.

        A time is shown by the highest shift that there was until then, or by the present one if that is lower. A clock
        that was wrong for a while, and is right again, leaves everything else where it was.
        """
        steps = _steps_of(jumps)
        #: What the clock would be ahead now, had the timeline not gone on by what never was.
        highest_of_all = shift + sum(step.never_was for step in steps)
        reached = highest = highest_of_all - sum(step.by for step in steps)
        never_was = 0.0
        earlier: list[EarlierShift] = []
        for step in steps:
            before = min(highest, highest_of_all) - never_was
            reached += step.by
            highest = max(highest, reached)
            never_was += step.never_was
            is_shown_otherwise = min(highest, highest_of_all) - never_was != before
            was_just_set = bool(earlier) and earlier[-1].until == step.at and not earlier[-1].never_was
            # Of a clock that was set twice at one moment only the first time left anything behind it.
            if is_shown_otherwise and (step.never_was or not was_just_set):
                earlier.append(EarlierShift(step.at, before, step.never_was))
        pauses = ((step.at, step.at + step.pause) for step in steps if step.pause)
        return cls(shift, tuple(earlier), tuple(pauses))

    def stored(self, time: float) -> float:
        """Return the number that the database holds for a time. A time that the clock left out is when it was set."""
        if not time:
            return time
        if not self.earlier:
            return time - self.shift
        for place, stretch in enumerate(self.earlier):
            if time <= stretch.until + max(stretch.shift, self._shift_after(place)):
                return min(time - stretch.shift, stretch.until)
        return time - self.shift

    def shown(self, stored: float) -> float:
        """Return what the clock on the wall showed at a time of the database."""
        if not stored:
            return stored
        for until, shift, never_was in self.earlier:
            if stored <= until or stored < until + never_was:
                return min(stored, until) + shift
        return stored + self.shift

    def stored_ago(self, now: float, seconds: float) -> float:
        """Return what the database holds for the time so many seconds ago; what the clock left out does not count."""
        stored = self.stored(now) - seconds
        for until, _, never_was in reversed(self.earlier):
            if stored < until + never_was:
                stored -= never_was
        return stored

    def not_run_off_s(self, now: float) -> float:
        """Return how much of its pauses the timeline has not gone on for since (seconds).

        A pause is made up for once healthmon has run for as long as it lasted. Until then it may be a clock that is
        ahead, and what got old by it alone is not old.
        """
        stored = self.stored(now)
        return sum(max(end - since - max(stored - end, 0.0), 0.0) for since, end in self.pauses)

    def lasted_s(self, since: float, until: float) -> float:
        """Return how long it was between two times of the database, without what never was (seconds)."""
        return until - since - covered_s(self.never_were(), since, until)

    def never_were(self) -> list[Span]:
        """Return the parts of the database's time that never were: pauses that turned out to be none."""
        return [(end, end + never_was) for end, _, never_was in self.earlier if never_was]

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
            if not stretch.never_was
        ]

    def never_were_since(self, before: Timeline) -> list[float]:
        """Return where parts begin that never were (stored), and of which an earlier timeline did not know that."""
        known = before.never_were()
        return [span[0] for span in self.never_were() if span not in known]

    def leapt_unlike(self, after: Timeline) -> list[float]:
        """Return where it leaves something out (stored) that a later timeline does not."""
        goes_on = {stretch.until for stretch in after.earlier}
        return [stretch.until for stretch in self.earlier if not stretch.never_was and stretch.until not in goes_on]

    def left_out_s(self, since: float, until: float) -> float:
        """Return how much the clock left out between two times, as shown (seconds)."""
        return covered_s(self.left_out(), since, until)

    def _shift_after(self, place: int) -> float:
        if place + 1 < len(self.earlier):
            return self.earlier[place + 1].shift
        return self.shift


#: Of a clock that was never set, and of the engine, which counts in the database's own time.
IDENTICAL = Timeline()
