"""Strips: the course of a provider or a site through the window, as stretches that are wide enough to be seen. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from typing import Final, Literal, NamedTuple

from healthmon.history.availability import Segment
from healthmon.model import Health, Length
from healthmon.report.availability.account import Strip
from healthmon.times.spans import Span

#: So many columns a strip has, and so many at least an outage is wide, however short it was.
COLUMNS, LEAST_DOWN = 1000, 4

MAINTENANCE: Final = "maintenance"

#: What a column shows; None: not watched.
Shown = Health | Literal["maintenance"] | None

#: What is shown where several happened within one column: the worst; not watched only where nothing was.
_RANK: dict[Shown, int] = {
    None: 0,
    Health.UP: 1,
    MAINTENANCE: 2,
    Health.UNKNOWN: 3,
    Health.DEGRADED: 4,
    Health.DOWN: 5,
}


class StripPart(NamedTuple):
    """Columns that show the same."""

    first: int
    columns: int
    shows: Shown


def stretches(segments: Iterable[Segment], window: Span, left_out: Iterable[Span] = ()) -> list[StripPart]:
    """Say a timeline in columns of the window; ``left_out`` is the maintenance that was cut out of it."""
    columns: list[Shown] = [None] * COLUMNS
    for segment in segments:
        _show(columns, _columns(segment, window), segment.health)
    for span in left_out:
        _show(columns, _columns_of_plan(span, window), MAINTENANCE)
    parts, first = [], 0
    for shown, run in groupby(columns):
        length = len(list(run))
        parts.append(StripPart(first, length, shown))
        first += length
    return parts


def lane(maintenance: Iterable[Span], window: Span) -> list[StripPart]:
    """Say in columns when there was maintenance."""
    return [run for run in stretches((), window, maintenance) if run.shows is not None]


def _show(columns: list[Shown], touched: range, shown: Shown) -> None:
    for column in touched:
        if _RANK[shown] > _RANK[columns[column]]:
            columns[column] = shown


def _columns_of_plan(span: Span, window: Span) -> range:
    """The columns that a time of maintenance fills, one at least: an hour of each night shall not look like half."""
    scale = COLUMNS / (window[1] - window[0])
    first = min(round((span[0] - window[0]) * scale), COLUMNS - 1)
    return range(first, max(first + 1, round((span[1] - window[0]) * scale)))


def _columns(segment: Segment, window: Span) -> range:
    """The columns that a segment touches; an outage at least a few."""
    scale = COLUMNS / (window[1] - window[0])
    first = min(int((segment.since - window[0]) * scale), COLUMNS - 1)
    last = min(int((segment.until - window[0]) * scale - 1e-9), COLUMNS - 1)
    if segment.health is Health.DOWN and last - first + 1 < LEAST_DOWN:
        first = max(0, min(first, COLUMNS - LEAST_DOWN))
        last = first + LEAST_DOWN - 1
    return range(first, last + 1)


class StripOutage(NamedTuple):
    """One outage of a strip: when it was first seen down, and how long it lasted in all."""

    since: float
    length: Length
    is_open: bool


def outages_of(strip: Strip) -> list[StripOutage]:
    """Find the outages of a strip, in order."""
    outages = []
    for number, group in groupby(strip.segments, key=lambda segment: segment.outage):
        its = list(group)
        seen_s = sum(segment.length for segment in its if segment.health is Health.DOWN)
        if number is not None and seen_s:
            lasted_s = sum(segment.length for segment in its)
            is_open = strip.segments[-1].outage == number
            outages.append(StripOutage(its[0].since, Length(lasted_s, lasted_s - seen_s), is_open))
    return outages


def longest_of(strip: Strip) -> StripOutage | None:
    """Find the longest outage of a strip; None: its changes are gone, only the figures know of it."""
    longest = max(outages_of(strip), key=lambda outage: outage.length, default=None)
    is_that = longest is not None and abs(longest.length.lasted_s - strip.figures.longest_s) < 1
    if is_that:
        return longest
    return None
