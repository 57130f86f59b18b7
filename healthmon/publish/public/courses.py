"""How a line of a page for everybody went through the last days: the courses of all behind it become one. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from msgspec import Struct

from healthmon.history.availability import Segment, clipped
from healthmon.model import Health
from healthmon.times.periods import Calendar, midnight, periods_of
from healthmon.times.spans import Span

#: Of devices of users this part may be away, and the whole is well all the same.
FEW_MISSING = 0.1
#: Stands among the healths of a line for an outage of its whole site.
SITE_IS_DOWN = "site"

#: What is told as an outage.
OUT = (Health.DOWN, Health.DEGRADED)


def health_of(counts: Mapping[Health, int], *, are_devices: bool) -> Health:
    """Say how a line is, from how many of what stands behind it are how. Nothing at all: that is not known."""
    every = sum(counts.values())
    down, unknown = counts.get(Health.DOWN, 0), counts.get(Health.UNKNOWN, 0)
    if unknown == every:
        return Health.UNKNOWN
    if down == every:
        return Health.DOWN
    allowed = 0.0
    if are_devices:
        allowed = FEW_MISSING * every
    if down + counts.get(Health.DEGRADED, 0) > allowed:
        return Health.DEGRADED
    if unknown > allowed:
        return Health.UNKNOWN
    return Health.UP


class LineOutage(NamedTuple):
    """A time in which a line was out of order, or limited."""

    state: Health
    #: None: before the days that are looked at.
    since: float | None
    #: None: it lasts.
    until: float | None


class PublicDay(Struct, frozen=True):
    """How one day was: so many seconds of each; what is missing was not watched."""

    since: float
    seconds: Mapping[Health, float]

    @property
    def worst(self) -> Health | None:
        """How the day looks; of what could not be seen only where nothing else is known. None: not watched."""
        worst_first = (Health.DOWN, Health.DEGRADED, Health.UP, Health.UNKNOWN)
        return next((health for health in worst_first if self.seconds.get(health)), None)


def window_of(days: int, now: float, zone: ZoneInfo) -> Span:
    """The last days, today included, by the clock of a zone."""
    first = datetime.fromtimestamp(now, zone).date() - timedelta(days=days - 1)
    return midnight(first, zone), now


def joined(courses: Iterable[Sequence[Segment]], site_down: Iterable[Span], *, are_devices: bool) -> list[Segment]:
    """Make one course of those of all that stands behind a line.

    ``site_down``: when its site was down as a whole; then it is, however many of its devices still answered.
    """
    changes: list[tuple[float, str, int]] = []
    for course in courses:
        for segment in course:
            if segment.health is not None:
                changes += [(segment.since, segment.health, 1), (segment.until, segment.health, -1)]
    for since, until in site_down:
        changes += [(since, SITE_IS_DOWN, 1), (until, SITE_IS_DOWN, -1)]
    changes.sort(key=lambda change: change[0])
    counts: Counter[str] = Counter()
    told: list[Segment] = []
    for number, (at, what, difference) in enumerate(changes):
        counts[what] += difference
        until = at
        if number + 1 < len(changes):
            until = changes[number + 1][0]
        if until <= at:
            continue
        health = None
        if counts[SITE_IS_DOWN]:
            health = Health.DOWN
        elif any(counts[each] for each in Health):
            health = health_of({each: counts[each] for each in Health}, are_devices=are_devices)
        if told and told[-1].health is health and told[-1].until == at:
            told[-1] = told[-1]._replace(until=until)
        else:
            told.append(Segment(at, until, health))
    return told


def outages_of(course: Sequence[Segment], window: Span) -> list[LineOutage]:
    """Find when it was out of order or limited, in order. What nobody saw does not end an outage."""
    found: list[LineOutage] = []
    current: LineOutage | None = None
    for segment in course:
        if segment.health in OUT:
            assert segment.health is not None  # noqa: S101  (it is one of two)
            if current is None:
                since = None
                if segment.since > window[0]:
                    since = segment.since
                current = LineOutage(segment.health, since, None)
            elif segment.health is Health.DOWN:
                current = current._replace(state=Health.DOWN)
        elif current is not None and segment.health is not Health.UNKNOWN:
            found.append(current._replace(until=segment.since))
            current = None
    if current is not None:
        found.append(current)
    return found


def days_of(course: Sequence[Segment], window: Span, zone: ZoneInfo) -> list[PublicDay]:
    """Say how each day of the window was."""
    days = []
    for period in periods_of(Calendar.DAY, window, zone):
        seconds: dict[Health, float] = {}
        for segment in clipped(course, (period.since, period.until)):
            if segment.health is not None:
                seconds[segment.health] = seconds.get(segment.health, 0.0) + segment.length
        days.append(PublicDay(period.since, seconds))
    return days
