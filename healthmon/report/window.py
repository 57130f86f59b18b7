"""From when to when a report looks: ``--since``, ``--from`` and ``--to`` become seconds. Pure."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from healthmon.config.values import seconds
from healthmon.errors import ExitCode, HealthmonError
from healthmon.times.periods import Calendar, first_day, midnight
from healthmon.times.spans import Span

#: What is looked at without any arguments.
DEFAULT_SINCE = "7d"

#: What begins so is a date or a time, and no duration.
_DATE = re.compile(r"[0-9]{4}-")


class Last(StrEnum):
    """A whole period of the calendar, the one before the present."""

    WEEK = "week"
    MONTH = "month"


class BadWindow(HealthmonError):
    """The arguments name no time to report about."""

    exit_code = ExitCode.USAGE


def last_period(last: Last, zone: ZoneInfo, now: float) -> Span:
    """Say from when to when the last whole week (from Monday) or month was, by the clock of a zone."""
    calendar = Calendar(last.value)
    present = first_day(calendar, datetime.fromtimestamp(now, zone).date())
    return midnight(first_day(calendar, present - timedelta(days=1)), zone), midnight(present, zone)


def window(*, since: str | None, from_: str | None, to: str | None, zone: ZoneInfo, now: float) -> Span:
    """Say from when to when. ``to`` defaults to now and is never later; ``since`` counts back from it, or is a date.

    Raises BadWindow.
    """
    if since is not None and from_ is not None:
        raise BadWindow("--since and --from both say where the report begins; give one of them")
    if since is not None and _DATE.match(since):
        try:
            return window(since=None, from_=since, to=to, zone=zone, now=now)
        except BadWindow as error:
            raise BadWindow(str(error).replace("--from", "--since")) from None
    end = now
    if to is not None:
        end = min(moment_of("--to", to, zone, is_end=True), now)
    if from_ is None:
        return end - _length(since or DEFAULT_SINCE), end
    start = moment_of("--from", from_, zone)
    if start >= now:
        raise BadWindow(f"--from {from_}: nothing has happened yet that could be reported")
    if start >= end:
        raise BadWindow(f"--from {from_} is not before --to {to}")
    return start, end


def span(*, since: str | None, until: str | None, zone: ZoneInfo, now: float) -> Span:
    """Say from when to when; ``since`` is a duration that counts back from the end, or a date or time.

    Raises BadWindow.
    """
    try:
        return window(since=since, from_=None, to=until, zone=zone, now=now)
    except BadWindow as error:
        raise BadWindow(str(error).replace("--to", "--until")) from None


def _length(since: str) -> float:
    """Read ``7d``, ``24h``, ``30m``."""
    try:
        length = seconds(since)
    except ValueError as error:
        raise BadWindow(f"--since {error}") from None
    if not 0 < length <= 100 * 365 * 86400:
        raise BadWindow(f"--since {since}: must be more than nothing, and at most 36500d")
    return length


def moment_of(option: str, text: str, zone: ZoneInfo, *, is_end: bool = False) -> float:
    """Read a date or a date-time of the zone. A date is its first moment, or as an end the next day's first one."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return _date_time(option, text, zone, is_end=is_end)
    if not 1970 <= day.year < 9999:
        raise BadWindow(f"{option} {text}: there was no healthmon then")
    return midnight(day + timedelta(days=is_end), zone)


def _date_time(option: str, text: str, zone: ZoneInfo, *, is_end: bool) -> float:
    """Read a date-time; one with an offset of its own (``Z``, ``+02:00``) is taken by that."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise BadWindow(f"{option} {text}: write a date like 2026-05-01, or a time like '2026-05-01 14:00'") from None
    if not 1970 <= moment.year < 9999:
        raise BadWindow(f"{option} {text}: there was no healthmon then")
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone)
        # In the hour that comes twice in autumn a report begins with the first one and ends with the second.
        repeated = moment.replace(fold=1)
        if is_end and repeated.timestamp() > moment.timestamp():
            moment = repeated
    return moment.timestamp()
