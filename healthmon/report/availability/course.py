"""The course of one target through a window: by the readings of its meter, or by all that changed."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from math import nextafter
from typing import NamedTuple

from healthmon.history.availability import History, Segment, figures, is_unused, read_meter, timeline
from healthmon.history.day_values import Seconds, values_at
from healthmon.history.figures import Figures
from healthmon.model import Health, Length, Reading
from healthmon.report.availability.account import Unseen
from healthmon.report.availability.meter import meter_of
from healthmon.store.read.meters import Around, Meters, Watched
from healthmon.times.spans import Span

_DAY = 86400.0

#: What a meter shows in seconds; two readings that say the same differ by less.
_SECONDS, _EXACT_S = ("up_s", "degraded_s", "down_s", "unknown_s"), 1e-3


class MeterDifference(NamedTuple):
    """What lies between two readings, and how it stood at the second one."""

    figures: Figures
    end: Reading
    #: Whether the changes at the beginning are still there; if not, the edges are those of the nearest day.
    is_kept: bool = True


class Course:
    """One target in a window. It asks the database for what is needed, and for no more."""

    def __init__(self, meters: Meters, watched: Watched, unseen: Unseen, window: Span) -> None:
        self._meter = meter_of(meters, watched, unseen)
        self._watched = watched
        self._window = window

    def difference(self) -> MeterDifference | None:
        """Work the figures out from the meter alone; None: it does not tell, the timeline does."""
        since = self._window[0]
        _, after, last, longest = self._around
        if after is None or last is None or last.at < after.at:
            return None
        before = self._before
        if self._is_cut and not self._are_changes_kept_from(since):
            return self._by_days(self._nearest(since, before, after), after, last)
        start = self._start
        if start.is_out and (not start.out_s or (after.is_out and after.outages == start.outages)):
            # The readings count this outage from its beginning, which is not in the window.
            return None
        end = self._read(last, self._window[1])
        outages = end.outages - start.outages
        if not (outages or start.out_s):
            # As with most phones most of the time: there was none, so there is no longest one.
            return MeterDifference(_between(start, end, 0, Length(), 0.0), end)
        longest = max(longest, _since_reading(last, end))
        unseen_s = end.outages_unseen_s - start.outages_unseen_s
        if start.out_s or after.longest > longest:
            # A part of the first day lies before the window, perhaps with the longest one; or one was on.
            head = figures(timeline(self._meter.history(before, after.at), (start.at, after.at)))
            longest = max(longest, head.longest)
            outages = head.outages + end.outages - after.outages
            unseen_s = head.outages_unseen_s + end.outages_unseen_s - after.outages_unseen_s
        return MeterDifference(_between(start, end, outages, longest, unseen_s), end)

    def values_at(self, days: Sequence[float]) -> list[Seconds] | None:
        """Say what the meter showed at these edges of days, the first and the last of them those of the window.

        None: the daemon's days are others. Ask this only where the changes at the edges are kept.
        """
        last, until = self._around.last, self._window[1]
        if last is not None and last.at >= until:
            # One at the window's end itself may be that of another clock's day.
            last = self._meter.until(nextafter(until, 0.0))
        history = self._meter.history(last or self._before, until)
        return values_at(days, self._start, self._meter.days(self._window), history)

    @cached_property
    def _around(self) -> Around:
        return self._meter.around(self._window)

    @property
    def _before(self) -> Reading:
        """The last reading up to the window's beginning, or when the watch began."""
        # What the meter showed when the target was taken under watch.
        return self._around.before or Reading(at=self._watched.watched_from[0])

    @cached_property
    def _start(self) -> Reading:
        """What the meter showed when the window began; a watch that began later shows nothing then."""
        since, after = self._window[0], self._around.after
        if after is not None and self._is_cut and since > self._day_began(self._before, after):
            return self._read_back(after, since)
        return self._read(self._before, since)

    @cached_property
    def _is_cut(self) -> bool:
        """Whether something is gone of the day on which the window begins."""
        _, after, last, _ = self._around
        if after is None or last is None or last.at < after.at:
            return False
        return self._is_gone(self._before, after)

    def _by_days(self, start: Reading, after: Reading, last: Reading) -> MeterDifference:
        """Say what lies between the readings that are nearest to the edges: the changes themselves are gone."""
        until = self._window[1]
        following = self._meter.after(until)
        if following is not None and self._is_gone(last, following):
            end = self._nearest(until, last, following)
        else:
            end = self._read(last, until)
        longest = max(self._meter.longest(start.at, last.at), _since_reading(last, end))
        # An outage that was on at the beginning is one of the window's, and only with its part within.
        down_s = end.down_s - start.down_s
        outages = end.outages - start.outages + (start.out_s > 0 and down_s > 0)
        unseen_s = end.outages_unseen_s - start.outages_unseen_s
        within = Length(min(longest.lasted_s, down_s + unseen_s), min(longest.unseen_s, unseen_s))
        return MeterDifference(_between(start, end, outages, within, unseen_s), end, is_kept=False)

    def _nearest(self, at: float, before: Reading, after: Reading) -> Reading:
        """Read the meter at the nearest edge of a day. All that is gone happened on the day of the later reading."""
        day_began = self._day_began(before, after)
        if at - day_began > after.at - at:
            return after
        return self._read(before, min(at, day_began))

    def _day_began(self, before: Reading, after: Reading) -> float:
        """Say when the day began that ended with a reading; before, back to the reading before, nothing happened."""
        return max(before.at, after.at - _DAY)

    def _read_back(self, after: Reading, at: float) -> Reading:
        """Read the meter at a time on a day of which the beginning is gone: from the day's end back."""
        history = self._meter.history(self._before, after.at)
        told, then = timeline(history, (at, after.at)), read_meter(history, at)
        rest = figures(told)
        # One that is on is not new afterwards.
        goes_on = then.out_s > 0 and any(part.outage == told[0].outage and part.health is Health.DOWN for part in told)
        return then._replace(
            up_s=after.up_s - rest.up_s,
            degraded_s=after.degraded_s - rest.degraded_s,
            down_s=after.down_s - rest.down_s,
            unknown_s=after.unknown_s - rest.unknown_s,
            outages=after.outages - rest.outages + goes_on,
            outages_unseen_s=after.outages_unseen_s - rest.outages_unseen_s,
        )

    def _is_gone(self, before: Reading, after: Reading) -> bool:
        """Whether changes or unknown periods between two readings were removed since, because of their age."""
        if self._are_changes_kept_from(before.at) and after.unknown_s - before.unknown_s <= _EXACT_S:
            # As with most: to read the meter once more takes its time.
            return False
        found = read_meter(self._meter.history(before, after.at), after.at)
        return any(abs(getattr(found, name) - getattr(after, name)) > _EXACT_S for name in _SECONDS)

    def _are_changes_kept_from(self, at: float) -> bool:
        """Whether all changes from then on are kept; of those before the last one is, for it says how things stood."""
        first = self._watched.first_change
        return first is None or first[1] is None or at >= first[0]

    def timeline(self) -> list[Segment]:
        """Cut the window into stretches of one health each."""
        return timeline(self._whole, self._window)

    def is_unused(self) -> bool:
        """Whether this is a phone that has not been up since it is watched."""
        return self._watched.kind.is_device and is_unused(self._whole, self._window[1])

    @cached_property
    def _whole(self) -> History:
        """Collect what happened up to the window's end, from the last reading before the window on."""
        since, until = self._window
        return self._meter.history(self._meter.until(since), until)

    def _read(self, before: Reading, at: float) -> Reading:
        """Carry a reading on to a later time."""
        if before.at < at:
            return read_meter(self._meter.history(before, at), at)
        return before


def _since_reading(last: Reading, end: Reading) -> Length:
    """Say how long the longest outage is that the last reading of a window does not tell of."""
    if end.at > last.at:
        return end.longest
    return Length()


def _between(start: Reading, end: Reading, outages: int, longest: Length, unseen_s: float) -> Figures:
    down_s = 0.0
    if outages:
        # Without one a difference is what floats lose on the way.
        down_s = end.down_s - start.down_s
    return Figures(
        up_s=end.up_s - start.up_s,
        degraded_s=end.degraded_s - start.degraded_s,
        down_s=down_s,
        unknown_s=end.unknown_s - start.unknown_s,
        outages=outages,
        longest_s=longest.lasted_s,
        longest_unseen_s=longest.unseen_s,
        outages_unseen_s=unseen_s,
    )
