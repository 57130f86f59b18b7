"""How available a target was: its history becomes a timeline, and the timeline becomes figures. Pure.

* Time in which nobody saw it is unknown: neither good nor bad. It does not end an outage: that lasts from
  first seen until seen back, and how much of it nobody saw is counted beside it.
* Time before a target was watched, and after it was forgotten, does not count at all; nor does the time in which a
  phone has never been up yet.
* ``degraded`` counts as available: calls get through.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from math import inf
from typing import NamedTuple

from healthmon.history.figures import Figures
from healthmon.model import Health, Kind, Length, Reading
from healthmon.times.spans import Span, merged, overlapping

# Asking the enum takes eight times as long as a name, and this is done for each target.
_UP, _DEGRADED, _DOWN, _UNKNOWN = Health.UP, Health.DEGRADED, Health.DOWN, Health.UNKNOWN
#: What counts as available.
WORKS = (_UP, _DEGRADED)

#: From then on this was believed; None: no longer watched.
Change = tuple[float, Health | None]


class History(NamedTuple):
    """All that is booked about one check of one target since a reading of its meter, or since its beginning.

    ``changes`` are in the order of booking. ``unknown_spans`` are its own and those of its PBX, disjoint and sorted.
    """

    kind: Kind
    changes: Sequence[Change]
    unknown_spans: Sequence[Span]
    #: When it was taken under watch: the first time and, if it was forgotten in between, the last time.
    watched_from: Sequence[float]
    forgotten_at: float | None = None
    #: How everything stood before ``changes``; None: they are from the beginning on.
    reading: Reading | None = None
    #: Whether it was up before the first of ``changes``, where there is no reading that says so.
    was_used: bool = False
    #: What the clock left out when it was set forward: unknown time, and no part of how long an outage lasted.
    left_out: Sequence[Span] = ()


class Segment(NamedTuple):
    """A stretch of a timeline. ``health is None``: not watched then, or a phone that is not in use yet."""

    since: float
    until: float
    health: Health | None
    #: Which outage it belongs to, also for a stretch of one that nobody saw; 0: the one that was on at the reading.
    outage: int | None = None

    @property
    def length(self) -> float:
        """How long it lasts, seconds."""
        return self.until - self.since


# ---------------------------------------------------------------- from a history to a timeline


#: From then on this was believed. Never known is ``unknown``; None: not watched.
_Mark = tuple[float, Health | None]


def timeline(history: History, window: Span) -> list[Segment]:
    """Cut the window into stretches of one health each, unknown where nobody saw it; empty for an empty window.

    The window does not begin before the history's reading.
    """
    marks = marks_of(history)
    is_out = history.reading is not None and history.reading.is_out
    counted = marks
    if history.kind.is_device:
        counted = _counted(marks, history)
    stretches = _clipped(_numbered(counted, history.kind, window[1], is_out=is_out), window)
    if history.unknown_spans:
        stretches = _with_unknown(stretches, history.unknown_spans)
    if history.left_out:
        stretches = _without_left_out(stretches, history.left_out)
    return list(stretches)


def marks_of(history: History) -> list[_Mark]:
    """Say from when on what was believed, regardless of what nobody saw."""
    reading = history.reading
    marks: list[_Mark] = []
    if reading is not None:
        marks = [(reading.at, reading.belief)]
    for at, health in history.changes:
        if not marks or marks[-1][1] is None:
            _watch(marks, history.watched_from, at)
        # Booked times may run backwards where somebody set the clock back; a timeline's may not.
        last = marks[-1][0] if marks else at
        marks.append((max(at, last), health))
    if not marks or marks[-1][1] is None:
        _watch(marks, history.watched_from, inf)
    if history.forgotten_at is not None and marks and marks[-1][1] is not None:
        marks.append((max(history.forgotten_at, marks[-1][0]), None))
    return marks


def _watch(marks: list[_Mark], watched_from: Sequence[float], before: float) -> None:
    """Begin to watch what is not watched, if that began before this time."""
    last = marks[-1][0] if marks else -inf
    begins = [at for at in watched_from if last <= at < before]
    if begins:
        marks.append((min(begins), _UNKNOWN))


def _counted(marks: Iterable[_Mark], history: History) -> list[_Mark]:
    """Leave out the time in which a phone is not in use: down does not count before it is up for the first time."""
    was_used = _was_used_before(history)
    counted: list[_Mark] = []
    for at, health in marks:
        was_used = _is_used(health, was_used=was_used)
        if health is _DOWN and not was_used:
            counted.append((at, None))
        else:
            counted.append((at, health))
    return counted


def _was_used_before(history: History) -> bool:
    """Whether it had been up before the first of the changes."""
    if history.reading is None:
        return history.was_used
    return history.reading.was_used


def _is_used(health: Health | None, *, was_used: bool) -> bool:
    """Whether it has been up since it is watched."""
    return health in WORKS or (was_used and health is not None)


def is_unused(history: History, at: float) -> bool:
    """Whether this is a phone that has not been up since it is watched, and is down for this reason alone."""
    belief, was_used = None, _was_used_before(history)
    for when, health in marks_of(history):
        if when < at:
            belief, was_used = health, _is_used(health, was_used=was_used)
    return history.kind.is_device and belief is _DOWN and not was_used


def _goes_on(kind: Kind, health: Health | None, *, is_out: bool) -> bool:
    """Whether an outage is on. Not to know how a PBX is neither begins nor ends one.

    Of an endpoint it means that Asterisk does not check it any more: that ends its incident, and its outage.
    """
    return health is _DOWN or (is_out and health is _UNKNOWN and kind is Kind.PBX)


def _numbered(marks: Sequence[_Mark], kind: Kind, until: float, *, is_out: bool) -> Iterator[Segment]:
    """Say marks as stretches and number the outages: down after up, degraded or not watched is a new one."""
    outage = 0
    for number, (since, health) in enumerate(marks, start=1):
        end = max(until, since)
        if number < len(marks):
            end = marks[number][0]
        if end <= since:
            continue
        if health is _DOWN and not is_out:
            outage += 1
        is_out = _goes_on(kind, health, is_out=is_out)
        if is_out:
            yield Segment(since, end, health, outage)
        else:
            yield Segment(since, end, health)


def _clipped(stretches: Iterable[Segment], window: Span) -> Iterator[Segment]:
    """Keep what lies within the window."""
    first, last = window
    for stretch in stretches:
        since, until, health, outage = stretch
        if first <= since and until <= last:
            yield stretch
        elif max(since, first) < min(until, last):
            yield Segment(max(since, first), min(until, last), health, outage)


def _with_unknown(stretches: Iterable[Segment], unknown_spans: Sequence[Span]) -> Iterator[Segment]:
    """Make unknown what nobody saw, except where nothing was watched. ``unknown_spans`` are disjoint and sorted."""
    for stretch in stretches:
        if stretch.health is None:
            yield stretch
            continue
        seen_from = stretch.since
        for since, until in overlapping(unknown_spans, stretch.since, stretch.until):
            if seen_from < since:
                yield Segment(seen_from, since, stretch.health, stretch.outage)
            yield Segment(since, until, _UNKNOWN, stretch.outage)
            seen_from = until
        if seen_from < stretch.until:
            yield Segment(seen_from, stretch.until, stretch.health, stretch.outage)


def _without_left_out(stretches: Iterable[Segment], left_out: Sequence[Span]) -> Iterator[Segment]:
    """Make what the clock left out no part of an outage. ``left_out`` is disjoint and sorted."""
    for stretch in stretches:
        if stretch.health is not _UNKNOWN or stretch.outage is None:
            yield stretch
            continue
        was_from = stretch.since
        for since, until in overlapping(left_out, stretch.since, stretch.until):
            if was_from < since:
                yield Segment(was_from, since, _UNKNOWN, stretch.outage)
            yield Segment(since, until, _UNKNOWN)
            was_from = until
        if was_from < stretch.until:
            yield Segment(was_from, stretch.until, _UNKNOWN, stretch.outage)


# ---------------------------------------------------------------- from a timeline to figures


def figures(segments: Iterable[Segment]) -> Figures:
    """Add a timeline up."""
    seconds: dict[Health | None, float] = dict.fromkeys((_UP, _DEGRADED, _DOWN, _UNKNOWN, None), 0.0)
    #: How long each outage was seen to be down, and how long it could not be seen.
    seen: dict[int, float] = {}
    unseen: dict[int, float] = {}
    for since, until, health, outage in segments:
        seconds[health] += until - since
        if outage is not None:
            lengths = unseen
            if health is _DOWN:
                lengths = seen
            lengths[outage] = lengths.get(outage, 0.0) + (until - since)
    # What nobody saw at all is no outage.
    lasted = [Length(length + unseen.get(outage, 0.0), unseen.get(outage, 0.0)) for outage, length in seen.items()]
    longest = max(lasted, default=Length())
    return Figures(
        up_s=seconds[_UP],
        degraded_s=seconds[_DEGRADED],
        down_s=seconds[_DOWN],
        unknown_s=seconds[_UNKNOWN],
        outages=len(lasted),
        longest_s=longest.lasted_s,
        longest_unseen_s=longest.unseen_s,
        outages_unseen_s=sum(length.unseen_s for length in lasted),
    )


def read_meter(history: History, at: float) -> Reading:
    """Carry the history's reading on to a later time."""
    before = history.reading
    assert before is not None, "a meter is read on from a reading"  # noqa: S101  (a slip of the caller)
    if not history.changes and history.forgotten_at is None and before.belief in WORKS:
        return _run_on(before, history.unknown_spans, at)
    # What its timeline and their figures would say, in one go: this is asked twice of each target.
    up_s, degraded_s, down_s, unknown_s = before.up_s, before.degraded_s, before.down_s, before.unknown_s
    outages, longest, is_out = before.outages, Length(), before.is_out
    out_s, out_unseen_s, outages_unseen_s = before.out_s, before.out_unseen_s, before.outages_unseen_s
    belief, was_used = None, before.was_used
    marks = marks_of(history)
    for number, (since, believed) in enumerate(marks, start=1):
        if since >= at:
            break
        belief, was_used = believed, _is_used(believed, was_used=was_used)
        until = at if number == len(marks) else min(marks[number][0], at)
        if until <= since:
            continue
        is_down = believed is _DOWN
        is_going_on = is_out and _goes_on(history.kind, believed, is_out=is_out)
        is_out = is_going_on or (is_down and (was_used or not history.kind.is_device))
        if not is_going_on:
            out_s = out_unseen_s = 0.0
        if believed is None or (is_down and not is_out):
            continue
        hidden = _hidden_s(history.unknown_spans, since, until)
        seen = until - since - hidden
        unknown_s += hidden
        if believed is _UP:
            up_s += seen
        elif believed is _DEGRADED:
            degraded_s += seen
        elif believed is _UNKNOWN:
            unknown_s += seen
        else:
            down_s += seen
        if is_out:
            was_counted, unseen = out_s > 0, hidden if is_down else until - since
            unseen -= min(_hidden_s(history.left_out, since, until), unseen)
            out_s += seen if is_down else 0.0
            out_unseen_s += unseen
            if out_s:
                outages += not was_counted
                outages_unseen_s += unseen if was_counted else out_unseen_s
                longest = max(longest, Length(out_s + out_unseen_s, out_unseen_s))
    return Reading(
        at,
        up_s,
        degraded_s,
        down_s,
        unknown_s,
        outages,
        longest.lasted_s,
        belief,
        was_used,
        is_out,
        out_s,
        outages_unseen_s,
        longest.unseen_s,
        out_unseen_s,
    )


def _hidden_s(unknown_spans: Sequence[Span], since: float, until: float) -> float:
    """Say how much of a stretch nobody saw, seconds."""
    if unknown_spans:
        return sum(end - start for start, end in overlapping(unknown_spans, since, until))
    return 0.0


def _run_on(before: Reading, unknown_spans: Sequence[Span], at: float) -> Reading:
    """Carry a reading on over a time in which what worked did not change: that of most targets, at most times."""
    hidden = _hidden_s(unknown_spans, before.at, at)
    up_s, degraded_s = before.up_s, before.degraded_s
    if before.belief is _UP:
        up_s += at - before.at - hidden
    else:
        degraded_s += at - before.at - hidden
    return Reading(
        at,
        up_s,
        degraded_s,
        before.down_s,
        before.unknown_s + hidden,
        before.outages,
        belief=before.belief,
        was_used=True,
        outages_unseen_s=before.outages_unseen_s,
    )


# ---------------------------------------------------------------- parts of a timeline


def within(segments: Iterable[Segment], spans: Sequence[Span]) -> Iterator[Segment]:
    """Keep the parts of a timeline that lie within spans, which are disjoint and sorted."""
    for stretch in segments:
        for since, until in overlapping(spans, stretch.since, stretch.until):
            yield Segment(since, until, stretch.health, stretch.outage)


def watched_within(segments: Iterable[Segment], spans: Sequence[Span]) -> float:
    """Say how much of a timeline counts and lies within spans, seconds."""
    if spans:
        return sum(part.length for part in within(segments, spans) if part.health is not None)
    return 0.0


def watched_spans(segments: Iterable[Segment], spans: Sequence[Span]) -> tuple[Span, ...]:
    """Say which parts of spans were watched."""
    return tuple(merged((part.since, part.until) for part in within(segments, spans) if part.health is not None))


def clipped(segments: Sequence[Segment], window: Span) -> Iterator[Segment]:
    """Keep the part of a timeline that lies within a window, without a look at the rest."""
    first = bisect_right(segments, window[0], key=lambda stretch: stretch.until)
    last = bisect_left(segments, window[1], key=lambda stretch: stretch.since)
    return _clipped(islice(segments, first, last), window)
