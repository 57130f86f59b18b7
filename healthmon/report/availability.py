"""How available a target was: its history becomes a timeline, and the timeline becomes figures. Pure.

* Veiled time is unknown: neither good nor bad. It hides what is believed, and does not end an outage.
* Time before a target was watched, and after it was forgotten, does not count at all.
* ``degraded`` counts as available: calls get through.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from healthmon.model import Health, Transition

#: From here until there, seconds since the epoch; the end does not belong to it.
Span = tuple[float, float]


@dataclass(frozen=True, slots=True)
class History:
    """All that is booked about one check of one target that bears on a window.

    ``transitions`` are in the order of booking: all from the window's start on, also those after its end (the
    ``before`` of the first one tells what was believed until then). ``veils`` are its own and those of its PBX, in
    any order, perhaps overlapping.
    """

    transitions: Sequence[Transition]
    veils: Sequence[Span]
    #: Since when its present state is kept; None: it is no longer watched.
    watched_since: float | None
    #: What is believed now; tells where there are no transitions.
    belief: Health | None = None
    #: Downtime counts from here on (a phone: since it was first seen up); None: not at all.
    in_use_since: float | None = float("-inf")


@dataclass(frozen=True, slots=True)
class Segment:
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
    stretches = _numbered(_marks(history), window[1])
    return list(_veiled(_clipped(_in_use(stretches, history.in_use_since), window), merged(history.veils)))


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


def _marks(history: History) -> list[tuple[float, Health | None]]:
    """Say from when on what was believed, regardless of veils. Never known is ``unknown``, None is not watched."""
    marks: list[tuple[float, Health | None]] = []

    def mark(at: float, health: Health | None) -> None:
        # Booked times may run backwards where somebody set the clock back; a timeline's may not.
        marks.append((max(at, marks[-1][0]) if marks else at, health))

    for transition in history.transitions:
        if not marks and transition.before is not None:
            mark(float("-inf"), transition.before)
        elif _began_watching(marks, history.watched_since, transition.at):
            mark(history.watched_since or 0.0, Health.UNKNOWN)
        mark(transition.at, transition.after)
    if _began_watching(marks, history.watched_since, float("inf")):
        mark(history.watched_since or 0.0, history.belief or Health.UNKNOWN)
    return marks


def _began_watching(marks: Sequence[tuple[float, Health | None]], watched_since: float | None, before: float) -> bool:
    """Whether its present state begins between the last mark, where it was not watched, and ``before``."""
    is_watched, last = (marks[-1][1] is not None, marks[-1][0]) if marks else (False, float("-inf"))
    return not is_watched and watched_since is not None and last <= watched_since < before


def _numbered(marks: Sequence[tuple[float, Health | None]], until: float) -> Iterator[Segment]:
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


def _in_use(stretches: Iterable[Segment], since: float | None) -> Iterator[Segment]:
    """Turn downtime of what was never up until ``since`` into time that does not count."""
    first = float("inf") if since is None else since
    for stretch in stretches:
        is_unused = stretch.health is Health.DOWN and stretch.until <= first
        yield replace(stretch, health=None, outage=None) if is_unused else stretch


def _clipped(stretches: Iterable[Segment], window: Span) -> Iterator[Segment]:
    """Keep what lies within the window."""
    for stretch in stretches:
        since, until = max(stretch.since, window[0]), min(stretch.until, window[1])
        if since < until:
            yield replace(stretch, since=since, until=until)


def _veiled(stretches: Iterable[Segment], veils: Sequence[Span]) -> Iterator[Segment]:
    """Make veiled parts unknown, except where nothing was watched. ``veils`` are disjoint and sorted."""
    for stretch in stretches:
        if stretch.health is None:
            yield stretch
            continue
        seen_from = stretch.since
        for since, until in _overlapping(veils, stretch):
            if seen_from < since:
                yield replace(stretch, since=seen_from, until=since)
            yield replace(stretch, since=since, until=until, health=Health.UNKNOWN)
            seen_from = until
        if seen_from < stretch.until:
            yield replace(stretch, since=seen_from)


def _overlapping(veils: Sequence[Span], stretch: Segment) -> Iterator[Span]:
    """Say which parts of a stretch are veiled."""
    first = bisect_right(veils, stretch.since, key=lambda veil: veil[1])
    for since, until in islice(veils, first, None):
        if since >= stretch.until:
            return
        yield max(since, stretch.since), min(until, stretch.until)
