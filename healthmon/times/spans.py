"""Spans of time: joined, cut, and looked up. Pure."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from math import inf

#: From here until there, seconds since the epoch; the end does not belong to it.
Span = tuple[float, float]


def merged(spans: Iterable[Span]) -> list[Span]:
    """Sort spans and join those that touch, so that they are disjoint. Empty and backward ones go."""
    joined: list[Span] = []
    for since, until in sorted(span for span in spans if span[1] > span[0]):
        if joined and since <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], until))
        else:
            joined.append((since, until))
    return joined


def gaps(spans: Iterable[Span], window: Span) -> list[Span]:
    """Say which parts of a window no span covers. ``spans`` are disjoint and sorted."""
    free, since = [], window[0]
    for start, end in spans:
        if since < min(start, window[1]):
            free.append((since, min(start, window[1])))
        since = max(since, end)
    if since < window[1]:
        return [*free, (since, window[1])]
    return free


def part_of(spans: Sequence[Span], since: float, until: float) -> Sequence[Span]:
    """Pick the spans that reach into a time. ``spans`` are disjoint and sorted."""
    # Both ends are found without a function for each comparison: this is asked some times of each target.
    first = bisect_right(spans, (since, inf))
    if first and spans[first - 1][1] > since:
        first -= 1
    return spans[first : bisect_left(spans, (until, -inf))]


def covered_s(spans: Sequence[Span], since: float, until: float) -> float:
    """Say how much of a stretch spans cover (seconds)."""
    return sum(end - start for start, end in overlapping(spans, since, until))


def overlapping(spans: Sequence[Span], since: float, until: float) -> list[Span]:
    """Say which parts of a stretch spans cover."""
    return [(max(start, since), min(end, until)) for start, end in part_of(spans, since, until)]
