"""When a time of the week has come: by the clock on the wall, also on the days of 23 and 25 hours. Pure.

Such a time reaches from the first moment at which the clock shows its start (or has jumped past it) to the last
moment at which the clock shows its end. So the hour that comes twice in autumn makes it longer and never splits it, and
an hour that does not exist in spring is not made up.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from msgspec import Struct

DAY_MINUTES = 24 * 60

#: It lasts at most a day and comes back after a week at most: these days around now tell all.
_DAYS_BACK, _DAYS_AHEAD = 2, 8


class Weekly(Struct, frozen=True):
    """A time that comes back every week, by the clock on the wall."""

    #: The weekdays on which it begins, Monday is 0.
    days: frozenset[int]
    #: In minutes since midnight. ``end <= start``: it ends on the next day.
    start: int
    end: int
    zone: ZoneInfo


def is_within(times: Iterable[Weekly], now: float) -> bool:
    """Whether a moment (seconds UTC) lies within any of these times."""
    return any(start <= now < end for start, end in _periods(times, now))


def next_change(times: Iterable[Weekly], now: float) -> float | None:
    """When any of these times begins or ends next after a moment (seconds UTC); None: there are none."""
    return min((edge for period in _periods(times, now) for edge in period if edge > now), default=None)


def end_of(times: Sequence[Weekly], now: float) -> float | None:
    """When that one of these times ends in which a moment lies, and those that follow without a pause; None: in none.

    They may not fill the week.
    """
    end = None
    while is_within(times, now if end is None else end):
        end = next_change(times, now if end is None else end)
    return end


def time_of_today(minutes: int, zone: ZoneInfo, now: float) -> tuple[int, float]:
    """The number of today, and when the clock shows so many minutes since its midnight (seconds UTC)."""
    today = datetime.fromtimestamp(now, zone).date()
    return today.toordinal(), _moment(today, minutes, zone)


def next_daily(minutes: int, zone: ZoneInfo, after: float) -> float:
    """When the clock shows so many minutes since midnight, at a moment (seconds UTC) or next after it."""
    moments = (_moment(day, minutes, zone) for day in _days_around(zone, after))
    return min(moment for moment in moments if moment >= after)


def _days_around(zone: ZoneInfo, now: float) -> Iterator[date]:
    today = datetime.fromtimestamp(now, zone).date()
    return (today + timedelta(days=offset) for offset in range(-_DAYS_BACK, _DAYS_AHEAD + 1))


def _periods(times: Iterable[Weekly], now: float) -> Iterator[tuple[float, float]]:
    for weekly in times:
        for day in _days_around(weekly.zone, now):
            if day.weekday() in weekly.days:
                yield _period(weekly, day)


def periods_within(times: Iterable[Weekly], since: float, until: float) -> Iterator[tuple[float, float]]:
    """Say when these times have come between two moments (seconds UTC): each whole, also beyond the two."""
    for weekly in times:
        day = datetime.fromtimestamp(since, weekly.zone).date() - timedelta(days=_DAYS_BACK)
        last = datetime.fromtimestamp(until, weekly.zone).date()
        while day <= last:
            if day.weekday() in weekly.days:
                start, end = _period(weekly, day)
                if start < end and end > since and start < until:
                    yield start, end
            day += timedelta(days=1)


def _period(weekly: Weekly, day: date) -> tuple[float, float]:
    """From when to when it is that begins on this day."""
    end = weekly.end if weekly.end > weekly.start else weekly.end + DAY_MINUTES
    return _moment(day, weekly.start, weekly.zone), _moment(day, end, weekly.zone, is_end=True)


def first_moment(day: date, minutes: int, zone: ZoneInfo) -> float:
    """When the clock on the wall first shows so many minutes since a day's midnight, or jumps past it (seconds UTC)."""
    return _moment(day, minutes, zone)


def _moment(day: date, minutes: int, zone: ZoneInfo, *, is_end: bool = False) -> float:
    """When the clock on the wall shows so many minutes since a day's midnight."""
    days, rest = divmod(minutes, DAY_MINUTES)
    naive = datetime.combine(day + timedelta(days=days), time(rest // 60, rest % 60))
    first, second = (naive.replace(tzinfo=zone, fold=fold).timestamp() for fold in (0, 1))
    if first <= second:
        if is_end:
            return second
        return first
    # In a gap fold 1 lies before the jump and fold 0 after it.
    return _jump(second, first, zone)


def _jump(before: float, after: float, zone: ZoneInfo) -> float:
    """The second at which the offset of a zone changes between two moments."""
    low, high = int(before), int(after)
    offset = datetime.fromtimestamp(low, zone).utcoffset()
    while high - low > 1:
        middle = (low + high) // 2
        if datetime.fromtimestamp(middle, zone).utcoffset() == offset:
            low = middle
        else:
            high = middle
    return float(high)
