"""When a report is due: by the clock on the wall, also on days of 23 and 25 hours and in months without that day. Pure.

An occasion is named by its day: there is one a day at most, and its name stays the same when somebody sets the clock
or the time zone. A time that the clock jumps over in spring has come when it jumps; one that comes twice in autumn has
come the first time. A month without that day has its last day instead.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from msgspec import Struct

from healthmon.times.weekly import first_moment

#: Each of these times comes at least once within so many days.
_DAYS = 33


class CalendarTime(Struct, frozen=True):
    """A time that comes back on certain weekdays, or on one day of each month, by the clock on the wall."""

    #: Monday is 0; empty: ``day`` counts.
    weekdays: frozenset[int]
    #: Of the month; 0 is the last one, and so is a day that a month does not have.
    day: int | None
    #: Since midnight.
    minute: int
    zone: ZoneInfo


class Occasion(NamedTuple):
    """One time at which a report is due."""

    day: date
    #: Seconds UTC.
    at: float


def latest(time: CalendarTime, now: float) -> Occasion:
    """The newest occasion that has come."""
    return next(occasion for occasion in _from(time, now, -1) if occasion.at <= now)


def following(time: CalendarTime, now: float) -> Occasion:
    """The next occasion."""
    return next(occasion for occasion in _from(time, now, 1) if occasion.at > now)


def on(time: CalendarTime, day: date) -> Occasion:
    """The occasion of a day."""
    return Occasion(day, first_moment(day, time.minute, time.zone))


def _from(time: CalendarTime, now: float, step: int) -> Iterator[Occasion]:
    """Occasions around a moment, away from it: forwards from yesterday, or backwards from tomorrow."""
    today = datetime.fromtimestamp(now, time.zone).date()
    for distance in range(-1, _DAYS):
        day = today + timedelta(days=distance * step)
        has_time = day.weekday() in time.weekdays
        if time.day is not None:
            last = monthrange(day.year, day.month)[1]
            has_time = day.day == (min(time.day, last) or last)
        if has_time:
            yield on(time, day)
