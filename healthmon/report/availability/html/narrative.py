"""What a report says in words: "Provider Telekom was reachable 99.94 % of November 2026; two outages, …". Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from healthmon.history.figures import UnknownAs
from healthmon.model import Kind
from healthmon.report.availability.account import SHORTEST_UNWATCHED, Account, Strip
from healthmon.report.availability.columns import available
from healthmon.report.availability.html.strips import StripOutage, longest_of
from healthmon.report.formatting import counted, duration, lasted, not_seen
from healthmon.times.lengths import DAY, HOUR, MINUTE
from healthmon.times.periods import Calendar, first_day, midnight, next_first_day
from healthmon.times.spans import Span

#: The time of not seeing is named in a sentence from this part of the whole on.
_WORTH_A_WORD = 0.01

_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")


def period_in_words(window: Span, zone: ZoneInfo) -> str:
    """Say what time a window is: ``November 2026``, ``the week from 16 November 2026``, ``1 May 2026``, or how long."""
    first = datetime.fromtimestamp(window[0], zone).date()
    for calendar, words in (
        (Calendar.MONTH, f"{first:%B %Y}"),
        (Calendar.WEEK, f"the week from {first.day} {first:%B %Y}"),
        (Calendar.DAY, f"{first.day} {first:%B %Y}"),
    ):
        begins = first_day(calendar, first)
        if window == (midnight(begins, zone), midnight(next_first_day(calendar, begins), zone)):
            return words
    days = (window[1] - window[0]) / DAY
    # A day of 23 or 25 hours among them does not matter.
    length = counted(round(days), "day") if abs(days - round(days)) < 0.05 and days >= 1 else duration(days * DAY)
    last = datetime.fromtimestamp(window[1], zone)
    if last.time().isoformat() == "00:00:00":
        last -= timedelta(days=1)
    return f"the {length} until {last.day} {last:%B %Y}"


def _watched_in_words(strip: Strip, account: Account, zone: ZoneInfo) -> str:
    """Say how much time a share is of: the period, or the part of it in which somebody watched."""
    figures = strip.figures
    watched_s = figures.watched_s + sum(until - since for since, until in strip.left_out)
    is_whole = account.window[1] - account.window[0] - watched_s < SHORTEST_UNWATCHED
    said = period_in_words(account.window, zone) if is_whole else f"the {in_full(watched_s)} that it was watched"
    is_counted = account.counting.unknown_as is not UnknownAs.EXCLUDE
    if is_counted or figures.unknown_s < figures.watched_s * _WORTH_A_WORD:
        return said
    return said + not_seen(figures.unknown_s)


def in_full(seconds: float) -> str:
    """Write a time in one unit, in words: ``8 minutes``, ``3 hours``, ``27 days``."""
    for unit, name in ((DAY, "day"), (HOUR, "hour"), (MINUTE, "minute")):
        if seconds >= 2 * unit:
            return counted(int(seconds // unit), name)
    return counted(int(seconds), "second")


def story(strip: Strip, account: Account, zone: ZoneInfo) -> str:
    """Say in a sentence how a provider or site was."""
    share = available(strip.figures, account.counting)
    what = f"{'Provider' if strip.kind is Kind.PROVIDER else 'Site'} {strip.name}"
    if account.counting.share(strip.figures) is None:
        return f"Nothing is known of {what[0].lower()}{what[1:]} in {period_in_words(account.window, zone)}."
    verb = "was there"
    if strip.kind is Kind.PROVIDER:
        verb = "was reachable"
    said = f"{what} {verb} {share} of {_watched_in_words(strip, account, zone)}"
    figures = strip.figures
    if not figures.outages:
        return f"{said}, without an outage."
    length, longest = lasted(figures.longest), longest_of(strip)
    when = ""
    if longest is not None:
        when = f" {_when(longest, account.window, zone)}"
    if figures.outages == 1:
        lasts = ""
        if longest and longest.is_open:
            lasts = ", which lasts"
        return f"{said}; one outage of {length}{when}{lasts}."
    return f"{said}; {in_words(figures.outages)} outages, the longest {length}{when}."


def _when(outage: StripOutage, window: Span, zone: ZoneInfo) -> str:
    """Say when an outage was, as exactly as the length of the window calls for."""
    since = datetime.fromtimestamp(outage.since, zone)
    if window[1] - window[0] <= 26 * HOUR:
        return f"at {since:%H:%M}"
    first, last = (datetime.fromtimestamp(at, zone) for at in (window[0], window[1] - 1))
    if (first.year, first.month) == (last.year, last.month):
        # A day of the month alone says which day it is.
        return f"on the {ordinal(since.day)}"
    return f"on {since.day} {since:%B}"


def in_words(number: int) -> str:
    """Write a small number as a word."""
    if number < len(_NUMBERS):
        return _NUMBERS[number]
    return f"{number:,}"


def ordinal(number: int) -> str:
    """Write ``1st``, ``2nd``, ``12th``."""
    if 10 < number % 100 < 20:
        return f"{number}th"
    return f"{number}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th') }"


def headline(account: Account, zone: ZoneInfo) -> str:
    """Say in a sentence how everything was."""
    figures = account.overall
    period = period_in_words(account.window, zone)
    if account.counting.share(figures) is None:
        return f"Nothing is known of {period}."
    what = counted(len(account.lines), "target")
    outages = "no"
    if account.outages:
        outages = in_words(account.outages)
    if not account.is_watched_throughout:
        they = "they were"
        if len(account.lines) == 1:
            they = "it was"
        period = f"the {in_full(account.watched[1] - account.watched[0])} that {they} watched"
    said = f"{what} together: available {available(figures, account.counting)} of {period}, {outages} "
    said += "outage" if account.outages == 1 else "outages"
    if figures.outages and not account.counts_causes:
        said += " of single targets"
    if not figures.outages:
        return f"{said}."
    return f"{said}, the longest {lasted(figures.longest)}."
