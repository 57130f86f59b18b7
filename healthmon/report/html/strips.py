"""Strips: the course of a provider or a site through the window, as stretches that are wide enough to be seen. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from healthmon.model import Health
from healthmon.report.accounts import Strip
from healthmon.report.availability import Segment
from healthmon.report.spans import Span

#: So many columns a strip has, and so many at least an outage is wide, however short it was.
COLUMNS, LEAST_DOWN = 1000, 4

#: What is shown where several happened within one column: the worst; not watched only where nothing was.
_RANK = {None: 0, Health.UP: 1, Health.UNKNOWN: 2, Health.DEGRADED: 3, Health.DOWN: 4}


class Stretch(NamedTuple):
    """Columns of one health; None: not watched."""

    first: int
    columns: int
    health: Health | None


def stretches(segments: Iterable[Segment], window: Span) -> list[Stretch]:
    """Say a timeline in columns of the window."""
    columns: list[Health | None] = [None] * COLUMNS
    for segment in segments:
        for column in _columns(segment, window):
            if _RANK[segment.health] > _RANK[columns[column]]:
                columns[column] = segment.health
    found, first = [], 0
    for health, run in groupby(columns):
        length = len(list(run))
        found.append(Stretch(first, length, health))
        first += length
    return found


def _columns(segment: Segment, window: Span) -> range:
    """The columns that a segment touches; an outage at least a few."""
    scale = COLUMNS / (window[1] - window[0])
    first = min(int((segment.since - window[0]) * scale), COLUMNS - 1)
    last = min(int((segment.until - window[0]) * scale - 1e-9), COLUMNS - 1)
    if segment.health is Health.DOWN and last - first + 1 < LEAST_DOWN:
        first = max(0, min(first, COLUMNS - LEAST_DOWN))
        last = first + LEAST_DOWN - 1
    return range(first, last + 1)


class Outage(NamedTuple):
    """One outage of a strip: from when it was first seen down until it was last seen so, and for how long in all."""

    since: float
    until: float
    seen_s: float
    is_open: bool


def outages_of(strip: Strip) -> list[Outage]:
    """Find the outages of a strip, in order."""
    return list(_outages(strip.segments))


def _outages(segments: Sequence[Segment]) -> Iterator[Outage]:
    down = [segment for segment in segments if segment.health is Health.DOWN]
    for _, group in groupby(down, key=lambda segment: segment.outage):
        its = list(group)
        is_open = bool(segments) and segments[-1].outage is not None and segments[-1].outage == its[-1].outage
        yield Outage(its[0].since, its[-1].until, sum(segment.length for segment in its), is_open)
