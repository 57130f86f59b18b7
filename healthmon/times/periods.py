"""Days, weeks and months by the clock of a zone: a day may have 23 or 25 hours. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import NamedTuple
from zoneinfo import ZoneInfo

from healthmon.times.spans import Span


class Calendar(StrEnum):
    """How long a period is."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


#: Seconds.
QUARTER = 900.0


class Period(NamedTuple):
    """An hour, a day, a week (from Monday) or a month; the first and the last one are cut by the window."""

    name: str
    since: float
    until: float


def periods_of(calendar: Calendar, window: Span, zone: ZoneInfo) -> list[Period]:
    """Cut a window into periods, in order, without gaps."""
    if calendar is Calendar.HOUR:
        return [Period(*hour) for hour in _hours(window, zone)]
    periods = []
    day = first_day(calendar, datetime.fromtimestamp(window[0], zone).date())
    while (since := midnight(day, zone)) < window[1]:
        following = next_first_day(calendar, day)
        start, end = max(since, window[0]), min(midnight(following, zone), window[1])
        # A zone that crosses the date line has left out a whole day.
        if start < end:
            periods.append(Period(_name(calendar, day), start, end))
        day = following
    return periods


def _hours(window: Span, zone: ZoneInfo) -> Iterator[tuple[str, float, float]]:
    """Cut a window at each full hour of the clock; the hour that comes twice in autumn is one of two hours."""
    since, until = window
    while since < until:
        name = f"{datetime.fromtimestamp(since, zone):%Y-%m-%d %H}"
        end = since
        while end < until and f"{datetime.fromtimestamp(end, zone):%Y-%m-%d %H}" == name:
            moment = datetime.fromtimestamp(end, zone)
            # Offsets change at full quarters of an hour.
            end += QUARTER - (moment.minute * 60 + moment.second + moment.microsecond / 1e6) % QUARTER
        yield name, since, min(end, until)
        since = end


def midnight(day: date, zone: ZoneInfo) -> float:
    """The first moment of a day."""
    return datetime.combine(day, time(), zone).timestamp()


def first_day(calendar: Calendar, day: date) -> date:
    """The first day of the period that a day belongs to."""
    if calendar is Calendar.MONTH:
        return day.replace(day=1)
    if calendar is Calendar.WEEK:
        return day - timedelta(days=day.weekday())
    return day


def next_first_day(calendar: Calendar, first: date) -> date:
    """The first day of the following period."""
    if calendar is Calendar.MONTH:
        return (first + timedelta(days=32)).replace(day=1)
    return first + timedelta(days=7 if calendar is Calendar.WEEK else 1)


def _name(calendar: Calendar, first: date) -> str:
    """Write ``2026-05-01``, ``2026-W18`` (ISO 8601) or ``2026-05``."""
    if calendar is Calendar.MONTH:
        return f"{first:%Y-%m}"
    if calendar is Calendar.WEEK:
        year, week, _ = first.isocalendar()
        return f"{year}-W{week:02}"
    return first.isoformat()
