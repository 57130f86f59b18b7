"""The meter of what is watched: its readings, and what happened since one of them.

Most targets have one check, and its meter. Where a target has several there is one more, over all that count. Until the
second check began the target was what its first check was, and so its readings are those of the first until then.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

from healthmon.history.all_checks import history_of_all
from healthmon.history.availability import WORKS, History
from healthmon.history.day_values import DayReading
from healthmon.model import Length, Reading
from healthmon.report.availability.account import Unseen
from healthmon.store.read.meters import Around, Meters, Watched
from healthmon.times.spans import Span


class Meter:
    """The meter of one check. It asks the database for what is needed, and for no more."""

    def __init__(self, meters: Meters, watched: Watched, unseen: Unseen) -> None:
        self._meters = meters
        self._watched = watched
        self._unseen = unseen

    def last(self) -> Reading | None:
        """Return the newest reading, or None: there is none."""
        return self._meters.last_reading(self._watched.id)

    def until(self, at: float) -> Reading | None:
        """Return the last reading up to a time, or None: there is none."""
        return self._meters.reading_until(self._watched.id, at)

    def after(self, at: float) -> Reading | None:
        """Return the first reading after a time, or None: there is none."""
        return self._meters.reading_after(self._watched.id, at)

    def around(self, window: Span) -> Around:
        """Return the readings at the edges of a window, and the longest outage of those within."""
        return self._meters.readings_around(self._watched.id, *window)

    def longest(self, since: float, until: float) -> Length:
        """Return the longest outage of the readings after a time, each counted from its own beginning."""
        return self._meters.longest(self._watched.id, since, until)

    def days(self, window: Span) -> list[DayReading]:
        """Return what it showed at the end of each day within a window on which something happened, in order."""
        return self._meters.day_readings(self._watched.id, *window)

    def history(self, reading: Reading | None, until: float) -> History:
        """Collect what happened from a reading on, or from the beginning, up to a time."""
        since = -inf
        if reading is not None:
            since = reading.at
        watched = self._watched
        changes = self._meters.changes(watched.id, since, until)
        own: Sequence[Span] = ()
        if watched.unknown_until is not None and watched.unknown_until > since:
            own = self._meters.unknown_periods(watched.id, since, until)
        was_used = False
        if reading is None and changes and changes[0][1] not in WORKS:
            # What came before the first change that is kept is not known any more; it was in use, then.
            was_used = watched.first_change is not None and watched.first_change[1] is not None
        if reading is not None and self._worked_since(reading):
            reading = reading._replace(was_used=True)
        return History(
            kind=watched.kind,
            changes=changes,
            unknown_spans=self._unseen.spans(watched.target, own, (since, until), watched.check),
            watched_from=watched.watched_from,
            forgotten_at=watched.forgotten_at,
            reading=reading,
            was_used=was_used,
            left_out=self._unseen.left_out,
        )

    def _worked_since(self, reading: Reading) -> bool:
        """Whether it is known to have worked after a reading, though the change to that is gone."""
        first = self._watched.first_change
        return first is not None and first[1] in WORKS and first[0] > reading.at

    def known_at(self, at: float) -> Reading | None:
        """Return a reading from which on the history tells how it was at a time; None: it does from its beginning."""
        before, first_change = self.until(at), self._watched.first_change
        is_cut = first_change is not None and first_change[1] is not None
        if before is not None or not is_cut or self._watched.watched_from[0] >= at:
            return before
        # It is the first one that is kept, and nothing changed before: on that day the meter over all was read, too.
        after = self.after(at)
        if after is None:
            return None
        return after._replace(at=at)


class MeterOverAll(Meter):
    """The meter over all checks of a target that count."""

    def __init__(self, meters: Meters, watched: Watched, unseen: Unseen) -> None:
        super().__init__(meters, watched, unseen)
        self._checks = [Meter(meters, check, unseen) for check in watched.checks]
        self._first = self._checks[0]
        self._several_since = watched.several_since

    def last(self) -> Reading | None:
        """Return the newest reading, or None: there is none."""
        return self.until(inf)

    def until(self, at: float) -> Reading | None:
        """Return the last reading up to a time, or None: there is none."""
        reading = super().until(at)
        if reading is not None and reading.at > self._several_since:
            return reading
        return self._first.until(min(at, self._several_since))

    def after(self, at: float) -> Reading | None:
        """Return the first reading after a time, or None: there is none."""
        if at < self._several_since:
            reading = self._first.after(at)
            if reading is not None and reading.at <= self._several_since:
                return reading
        return super().after(max(at, self._several_since))

    def around(self, window: Span) -> Around:
        """Return the readings at the edges of a window, and the longest outage of those within."""
        since, until = window
        after, longest = self.after(since), Length()
        if after is not None:
            longest = self.longest(after.at, until)
        return Around(self.until(since), after, self.until(until), longest)

    def longest(self, since: float, until: float) -> Length:
        """Return the longest outage of the readings after a time, each counted from its own beginning."""
        of_first = self._first.longest(since, min(until, self._several_since))
        return max(of_first, super().longest(max(since, self._several_since), until))

    def days(self, window: Span) -> list[DayReading]:
        """Return what it showed at the end of each day within a window on which something happened, in order."""
        since, until = window
        of_first = [reading for reading in self._first.days(window) if reading[0] <= self._several_since]
        return [*of_first, *super().days((max(since, self._several_since), until))]

    def history(self, reading: Reading | None, until: float) -> History:
        """Collect what happened from a reading on, or from the beginning, up to a time."""
        bases: list[Reading | None] = [None] * len(self._checks)
        if reading is not None:
            bases = [meter.known_at(reading.at) for meter in self._checks]
        histories = [meter.history(base, until) for meter, base in zip(self._checks, bases, strict=True)]
        if reading is not None and any(history.reading and history.reading.was_used for history in histories):
            reading = reading._replace(was_used=True)
        return history_of_all(histories, reading)


def meter_of(meters: Meters, watched: Watched, unseen: Unseen) -> Meter:
    """Take the meter of a check, or that over all checks of a target."""
    if watched.checks:
        return MeterOverAll(meters, watched, unseen)
    return Meter(meters, watched, unseen)
