"""How available a target was: its history becomes a timeline, and the timeline becomes figures. Pure.

* Veiled time is unknown: neither good nor bad. It hides what is believed, and does not end an outage.
* Time before a target was watched, and after it was forgotten, does not count at all; nor does the time in which a
  phone has never been up yet.
* ``degraded`` counts as available: calls get through.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

from healthmon.model import Health, Kind, Transition

#: From here until there, seconds since the epoch; the end does not belong to it.
Span = tuple[float, float]


@dataclass(frozen=True, slots=True)
class History:
    """All that is booked about one check of one target that bears on a window.

    ``transitions`` are in the order of booking and begin with the last one before the window, if there is one.
    ``veils`` are its own and those of its PBX, in any order, perhaps overlapping.
    """

    kind: Kind
    transitions: Sequence[Transition]
    veils: Sequence[Span]
    #: When it was taken under watch: the first time and, if it was forgotten in between, the last time.
    watched_from: Sequence[float]
    forgotten_at: float | None = None


class Segment(NamedTuple):
    """A stretch of a timeline. ``health is None``: not watched then."""

    since: float
    until: float
    health: Health | None
    #: Which outage it belongs to, counted from the start of the timeline; also for a veiled stretch of one.
    outage: int | None = None

    @property
    def length(self) -> float:
        """How long it lasts, seconds."""
        return self.until - self.since


@dataclass(frozen=True, slots=True)
class Figures:
    """What a timeline amounts to, in seconds."""

    up_s: float = 0.0
    degraded_s: float = 0.0
    down_s: float = 0.0
    unknown_s: float = 0.0
    outages: int = 0
    #: The longest outage: the time that it was seen to be down, within the window.
    longest_s: float = 0.0

    @property
    def availability(self) -> float | None:
        """The share of the known time in which it was up or degraded, 0..1; None: nothing is known."""
        known = self.up_s + self.degraded_s + self.down_s
        return (self.up_s + self.degraded_s) / known if known > 0 else None

    def __add__(self, other: Figures) -> Figures:
        """Add two targets' times up; the longest outage stays one target's."""
        return Figures(
            up_s=self.up_s + other.up_s,
            degraded_s=self.degraded_s + other.degraded_s,
            down_s=self.down_s + other.down_s,
            unknown_s=self.unknown_s + other.unknown_s,
            outages=self.outages + other.outages,
            longest_s=max(self.longest_s, other.longest_s),
        )


def timeline(history: History, window: Span) -> list[Segment]:
    """Cut the window into stretches of one health each, veils taken into account; empty for an empty window."""
    marks = _marks(history)
    if history.kind.is_device:
        marks = list(_in_use(marks, was_used=bool(history.transitions) and history.transitions[0].before is not None))
    return list(_veiled(_clipped(_numbered(marks, window[1]), window), merged(history.veils)))


def figures(segments: Iterable[Segment]) -> Figures:
    """Add a timeline up."""
    seconds = dict.fromkeys(Health, 0.0)
    outages: dict[int, float] = {}
    for segment in segments:
        if segment.health is not None:
            seconds[segment.health] += segment.length
        if segment.health is Health.DOWN and segment.outage is not None:
            outages[segment.outage] = outages.get(segment.outage, 0.0) + segment.length
    return Figures(
        up_s=seconds[Health.UP],
        degraded_s=seconds[Health.DEGRADED],
        down_s=seconds[Health.DOWN],
        unknown_s=seconds[Health.UNKNOWN],
        outages=len(outages),
        longest_s=max(outages.values(), default=0.0),
    )


def overall(each: Iterable[Figures]) -> Figures:
    """Add all targets up: each second of each target weighs the same."""
    return sum(each, Figures())


def merged(spans: Iterable[Span]) -> list[Span]:
    """Sort spans and join those that touch, so that they are disjoint. Empty and backward ones go."""
    joined: list[Span] = []
    for since, until in sorted(span for span in spans if span[1] > span[0]):
        if joined and since <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], until))
        else:
            joined.append((since, until))
    return joined


#: From then on this was believed. Never known is ``unknown``; None: not watched.
_Mark = tuple[float, Health | None]


def _marks(history: History) -> list[_Mark]:
    """Say from when on what was believed, regardless of veils."""
    marks: list[_Mark] = []

    def mark(at: float, health: Health | None) -> None:
        # Booked times may run backwards where somebody set the clock back; a timeline's may not.
        marks.append((max(at, marks[-1][0]) if marks else at, health))

    def watch(before: float) -> None:
        """Begin to watch, if it was not watched and that began before this time."""
        last, health = marks[-1] if marks else (float("-inf"), None)
        begins = [at for at in history.watched_from if last <= at < before]
        if health is None and begins:
            mark(min(begins), Health.UNKNOWN)

    for transition in history.transitions:
        watch(transition.at)
        mark(transition.at, transition.after)
    watch(float("inf"))
    if history.forgotten_at is not None and marks and marks[-1][1] is not None:
        mark(history.forgotten_at, None)
    return marks


def _in_use(marks: Iterable[_Mark], *, was_used: bool) -> Iterator[_Mark]:
    """Do not count a phone as down until it is up for the first time: before, it is not in use, and no alarm."""
    for at, health in marks:
        if health in (Health.UP, Health.DEGRADED):
            was_used = True
        elif health is None:
            was_used = False
        yield at, None if health is Health.DOWN and not was_used else health


def _numbered(marks: Sequence[_Mark], until: float) -> Iterator[Segment]:
    """Say marks as stretches and number the outages: down after up, degraded or not watched is a new one."""
    ends = [*(at for at, _ in marks[1:]), max([until, *(at for at, _ in marks[-1:])])]
    outage, is_out = 0, False
    for (since, health), end in zip(marks, ends, strict=bool(marks)):
        if end <= since:
            continue
        if health is Health.DOWN and not is_out:
            outage += 1
        # Not knowing neither begins nor ends an outage.
        is_out = health is Health.DOWN or (is_out and health is Health.UNKNOWN)
        yield Segment(since, end, health, outage if is_out else None)


def _clipped(stretches: Iterable[Segment], window: Span) -> Iterator[Segment]:
    """Keep what lies within the window."""
    for stretch in stretches:
        since, until = max(stretch.since, window[0]), min(stretch.until, window[1])
        if since < until:
            yield Segment(since, until, stretch.health, stretch.outage)


def _veiled(stretches: Iterable[Segment], veils: Sequence[Span]) -> Iterator[Segment]:
    """Make veiled parts unknown, except where nothing was watched. ``veils`` are disjoint and sorted."""
    for stretch in stretches:
        if stretch.health is None:
            yield stretch
            continue
        seen_from = stretch.since
        for since, until in _overlapping(veils, stretch):
            if seen_from < since:
                yield Segment(seen_from, since, stretch.health, stretch.outage)
            yield Segment(since, until, Health.UNKNOWN, stretch.outage)
            seen_from = until
        if seen_from < stretch.until:
            yield Segment(seen_from, stretch.until, stretch.health, stretch.outage)


def _overlapping(veils: Sequence[Span], stretch: Segment) -> Iterator[Span]:
    """Say which parts of a stretch are veiled."""
    first = bisect_right(veils, stretch.since, key=lambda veil: veil[1])
    for since, until in islice(veils, first, None):
        if since >= stretch.until:
            return
        yield max(since, stretch.since), min(until, stretch.until)
