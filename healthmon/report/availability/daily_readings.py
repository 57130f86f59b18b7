"""Takes the readings of all meters at the end of each day, in small steps between the engine's other work."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from healthmon.history.availability import History, read_meter
from healthmon.model import Reading
from healthmon.report.availability.account import Unseen
from healthmon.report.availability.meter import meter_of
from healthmon.store.read.meters import Meters, Watched
from healthmon.store.write.writer import Writer
from healthmon.times.periods import midnight
from healthmon.times.spans import part_of

#: A day is read so long after its end: most of what is pending over midnight is decided by then (seconds).
SETTLED_AFTER = 3600.0

#: A step ends after so many checks, or so many readings; so many days of a check are looked at together.
CHECKS_AT_ONCE, READINGS_AT_ONCE, DAYS_AT_ONCE = 25, 50, 50


class Roller:
    """Reads the meters of all checks up to the last midnight that is settled. Owned by the engine thread."""

    def __init__(self, writer: Writer, readings_at_once: int = READINGS_AT_ONCE) -> None:
        self._writer = writer
        self._readings_at_once = readings_at_once
        #: The round that goes on: up to when, and the check that was last done; the newest one that is finished.
        self._until = self._finished = 0.0
        self._done = 0
        #: What hides things behind PBXs, as it was when so many bookings had come late.
        self._unseen = Unseen({})
        self._late_bookings = -1

    def step(self, now: float, zone: ZoneInfo) -> bool:
        """Read some meters; return whether there is more to do. Raises DatabaseUnwritable; then try again later."""
        until = self._writer.meters().there_is(last_midnight(now - SETTLED_AFTER, zone))
        if until != self._until:
            # First of all: what is booked from now on for an earlier time counts as late.
            self._writer.begin_readings(until)
            self._until, self._done, self._late_bookings = until, 0, -1
        if self._until == self._finished:
            return False
        meters = self._writer.meters()
        checks = meters.checks_after(self._done, CHECKS_AT_ONCE)
        self._read(meters, checks, zone)
        if not checks:
            self._finished = self._until
        return bool(checks)

    def _read(self, meters: Meters, checks: Sequence[Watched], zone: ZoneInfo) -> None:
        if self._late_bookings != self._writer.late_bookings:
            self._late_bookings = self._writer.late_bookings
            # What hides things behind PBXs is another after something was booked late.
            self._unseen = Unseen(meters.unknown_behind_pbxs(self._until), left_out=meters.left_out())
        readings: dict[int, list[Reading]] = {}
        done, left = self._done, self._readings_at_once
        for watched in checks:
            its_readings = list(islice(_readings(meters, watched, self._unseen, self._until, zone), left))
            readings[watched.id] = its_readings
            left -= len(its_readings)
            if not left:
                break
            done = watched.id
        # Their meters over all checks have higher numbers, and come later in this round.
        several = [watched for watched in checks if watched.makes_several]
        if several or left < self._readings_at_once:
            self._writer.book_readings(readings, several)
        self._done = done


def _readings(meters: Meters, watched: Watched, unseen: Unseen, until: float, zone: ZoneInfo) -> Iterator[Reading]:
    """Read the meter of one check at the end of each day on which something happened, from its last reading on."""
    meter = meter_of(meters, watched, unseen)
    reading = meter.last() or Reading(at=watched.watched_from[0])
    if reading.at >= until:
        return
    midnights = _there_are(meters, _midnights(reading.at, until, zone))
    day_began = reading.at
    while days := list(islice(midnights, DAYS_AT_ONCE)):
        for taken in _readings_of(meter.history(reading, days[-1]), day_began, days):
            reading = taken
            if taken.at > watched.several_since:
                yield taken
        day_began = days[-1]


def _readings_of(history: History, day_began: float, midnights: Sequence[float]) -> Iterator[Reading]:
    """Go through the days after a history's reading. One on which the meter simply ran on has no reading."""
    reading = history.reading
    assert reading is not None  # noqa: S101  (the caller gives it)
    times = [at for at, _ in history.changes]
    first = bisect_left(times, day_began)
    for at in midnights:
        last = bisect_left(times, at, first)
        if last > first or _is_special(history, day_began, at):
            reading = read_meter(
                history._replace(
                    reading=reading,
                    changes=history.changes[first:last],
                    unknown_spans=part_of(history.unknown_spans, reading.at, at),
                ),
                at,
            )
            yield reading
        day_began, first = at, last


def _is_special(history: History, since: float, until: float) -> bool:
    """Whether the target could not be seen in a time, or the watch over it began or ended."""
    return (
        bool(part_of(history.unknown_spans, since, until))
        or any(since <= at < until for at in history.watched_from)
        or (history.forgotten_at is not None and since <= history.forgotten_at < until)
    )


def last_midnight(now: float, zone: ZoneInfo) -> float:
    """When the present day began."""
    return midnight(datetime.fromtimestamp(now, zone).date(), zone)


def _there_are(meters: Meters, midnights: Iterator[float]) -> Iterator[float]:
    """Have days end when the clock was set, where it left their end out."""
    last = 0.0
    for day_end in midnights:
        at = meters.there_is(day_end)
        if at > last:
            yield at
        last = at


def _midnights(after: float, until: float, zone: ZoneInfo) -> Iterator[float]:
    """Say when each day ended, in order; the last one ends at ``until``."""
    day, last = datetime.fromtimestamp(after, zone).date() + timedelta(days=1), after
    while (at := midnight(day, zone)) < until:
        # A day that a zone has left out begins and ends at once.
        if at > last:
            yield at
        day, last = day + timedelta(days=1), at
    yield until
