"""How names, times and durations are written in a message. Pure."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

MINUTE, HOUR, DAY = 60, 3600, 86400

#: What a text that was cut ends with.
CUT = "…"


def visible(text: str) -> str:
    """Make what is no plain letter visible: names come from strangers, and could turn or break a message.

    That covers line breaks, control characters, and those that change the direction of writing.
    """
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else _escaped(letter) for letter in text)


def _escaped(letter: str) -> str:
    return " " if letter == "\N{NO-BREAK SPACE}" else letter.encode("unicode_escape").decode()


def cut(text: str, length: int) -> str:
    """Shorten a text to at most so many characters; what was cut ends with "…"."""
    return text if len(text) <= length else text[: max(length - 1, 0)].rstrip() + CUT


def duration(seconds: float) -> str:
    """Write a duration in words, in at most two units: ``41 s``, ``12 min``, ``2 h 5 min``, ``3 days``."""
    whole = max(round(seconds), 0)
    if whole < MINUTE:
        return f"{whole} s"
    if whole < 10 * MINUTE:
        return _two(whole, MINUTE, "min", 1, "s")
    if whole < HOUR:
        return f"{whole // MINUTE} min"
    if whole < DAY:
        return _two(whole, HOUR, "h", MINUTE, "min")
    return _two(whole, DAY, "day" if whole < 2 * DAY else "days", HOUR, "h")


def _two(whole: int, size: int, name: str, small_size: int, small_name: str) -> str:
    small = whole % size // small_size
    return f"{whole // size} {name}" + (f" {small} {small_name}" if small else "")


def clock(at: float, zone: ZoneInfo, now: float) -> str:
    """Write a time for a subject: ``14:02``, ``Thu 14:02``, ``30 Apr 14:02``; the day is named when it is not today."""
    moment, today = _local(at, zone), _local(now, zone)
    return _with_day(moment, today, f"{moment:%H:%M}")


def span(start: float, end: float, zone: ZoneInfo, now: float) -> str:
    """Write a time with its end for a subject: ``14:02–14:05``, ``Thu 23:50–Fri 00:10``."""
    first, last, today = _local(start, zone), _local(end, zone), _local(now, zone)
    ends = f"{last:%H:%M}"
    if first.date() != last.date():
        ends = f"{last:%a} {ends}" if abs(today.date() - last.date()) < timedelta(days=7) else f"{_date(last)} {ends}"
    return f"{clock(start, zone, now)}–{ends}"


def full_time(at: float, zone: ZoneInfo, now: float) -> str:
    """Write a time for a body, with its zone: ``14:02:11 CEST (UTC+2)``, ``Thu 30 Apr 14:02:11 CEST (UTC+2)``."""
    moment, today = _local(at, zone), _local(now, zone)
    day = "" if moment.date() == today.date() else f"{moment:%a} {_date(moment)} "
    if moment.year != today.year:
        day = f"{moment:%a} {_date(moment)} {moment.year} "
    return f"{day}{moment:%H:%M:%S} {_zone(moment)}"


def dated_time(at: float, zone: ZoneInfo) -> str:
    """Write a time with everything: ``Fri 1 May 2026 14:02:11 CEST (UTC+2)``."""
    moment = _local(at, zone)
    return f"{moment:%a} {_date(moment)} {moment.year} {moment:%H:%M:%S} {_zone(moment)}"


def _local(at: float, zone: ZoneInfo) -> datetime:
    return datetime.fromtimestamp(at, zone)


def _date(moment: datetime) -> str:
    return f"{moment.day} {moment:%b}"


def _with_day(moment: datetime, today: datetime, text: str) -> str:
    if moment.date() == today.date():
        return text
    if timedelta(0) < today.date() - moment.date() < timedelta(days=7):
        return f"{moment:%a} {text}"
    return f"{_date(moment)} {text}"


def _zone(moment: datetime) -> str:
    """Name the zone and its difference to UTC, or only the difference where the zone has no name."""
    seconds = int((moment.utcoffset() or timedelta(0)).total_seconds())
    sign = "-" if seconds < 0 else "+"
    hours, minutes = divmod(abs(seconds) // MINUTE, 60)
    offset = f"UTC{sign}{hours}" + (f":{minutes:02}" if minutes else "")
    name = moment.tzname() or ""
    if name == "UTC":
        return name
    return f"{name} ({offset})" if name[:1].isalpha() else offset


def natural(name: str) -> tuple[tuple[int, str], ...]:
    """Make a sort key by which 9 comes before 101."""
    return tuple((int(part[:18]) if part.isdecimal() else -1, part) for part in re.split(r"(\d+)", name))
