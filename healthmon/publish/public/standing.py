"""How what a page for everybody lists stands: a value that holds nothing but what everybody may know. Pure.

There are the names that were chosen, states and times in it, and no others: what is made of it, a page or JSON, can
tell nobody an address, a cause, or the name of an endpoint.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from msgspec import Struct

from healthmon.config.sections.public import PublicConfig
from healthmon.history.availability import Segment, figures
from healthmon.model import Health, Target
from healthmon.publish.present import Present
from healthmon.publish.public.courses import OUT, LineOutage, PublicDay, health_of
from healthmon.publish.public.members import BehindLine
from healthmon.report.status.rows import TargetStatus
from healthmon.times.spans import Span

#: So many outages that are over are told of, the newest.
MOST_PAST = 20
#: What is told first.
_WORST_FIRST = (Health.DOWN, Health.DEGRADED, Health.UNKNOWN)


class PublicPast(Struct, frozen=True):
    """What stands behind the lines of a page, and how each went through the days: found out once in a while."""

    at: float
    window: Span
    members: Sequence[BehindLine]
    #: Of each line; None: too much stands behind it to say.
    courses: Sequence[Sequence[Segment] | None]
    days: Sequence[Sequence[PublicDay]]
    outages: Sequence[Sequence[LineOutage]]
    #: The names of those of which an outage lasted then.
    out_of_order: frozenset[str] = frozenset()

    @property
    def targets(self) -> frozenset[Target]:
        """Everything of which something is shown."""
        return frozenset(target for members in self.members for target in members.all)


class PublicThing(Struct, frozen=True):
    """One line of the page."""

    name: str
    state: Health
    #: None: that is not known.
    since: float | None
    #: Of the days that are shown, 0..1; None: that is not known.
    availability: float | None
    days: Sequence[PublicDay] = ()


class PublicOutage(Struct, frozen=True):
    """An outage of one line. ``since`` None: before the days that are shown; ``until`` None: it lasts."""

    name: str
    state: Health
    since: float | None
    until: float | None


class PublicStanding(Struct, frozen=True):
    """All that a page for everybody tells."""

    title: str
    about: str
    #: Of everything together.
    state: Health
    now: float
    #: Nobody keeps it up to date: then nothing is up.
    is_stale: bool
    #: Until when it was kept up to date, where it is not.
    as_of: float | None
    window: Span
    things: tuple[PublicThing, ...]
    #: What lasts, and what is over, the newest first.
    open: tuple[PublicOutage, ...]
    past: tuple[PublicOutage, ...]
    more_past: int = 0


def standing_of(page: PublicConfig, present: Present, lines: PublicPast) -> PublicStanding:
    """Say how everything that is listed stands. ``present``: what is seen of the targets of the lines."""
    status = present.status
    beliefs = _Beliefs(present)
    things, lasting, over = [], [], []
    for line, members, course, days, outages in zip(
        page.show, lines.members, lines.courses, lines.days, lines.outages, strict=True
    ):
        state = beliefs.state(members)
        since = beliefs.since(members, state, course, lines.window)
        availability = None
        if course is not None:
            availability = figures(course).availability
        things.append(PublicThing(line.name, state, since, availability, days))
        last = None
        for outage in outages:
            if outage.until is None:
                last = outage
            else:
                over.append(PublicOutage(line.name, outage.state, outage.since, outage.until))
        if last is None:
            if state in OUT:
                # It has begun since the course was read.
                lasting.append(PublicOutage(line.name, state, since, None))
        elif state is Health.UP:
            # It has ended since.
            over.append(PublicOutage(line.name, last.state, last.since, since or status.now))
        elif state in OUT:
            lasting.append(PublicOutage(line.name, state, last.since, None))
        else:
            # What cannot be seen has not been seen to end.
            lasting.append(PublicOutage(line.name, last.state, last.since, None))
    over.sort(key=lambda outage: outage.until or 0.0, reverse=True)
    state, as_of = overall([thing.state for thing in things]), None
    if status.is_stale:
        state, as_of = Health.UNKNOWN, status.alive_at
    return PublicStanding(
        page.title,
        page.about,
        state,
        status.now,
        status.is_stale,
        as_of,
        lines.window,
        tuple(things),
        tuple(lasting),
        tuple(over[:MOST_PAST]),
        max(len(over) - MOST_PAST, 0),
    )


def overall(states: Sequence[Health]) -> Health:
    """Say how everything together is: as the worst of it."""
    return next((health for health in _WORST_FIRST if health in states), Health.UP)


class _Beliefs:
    """How the targets of a page are at one moment; nothing is up of which nobody can be sure."""

    def __init__(self, present: Present) -> None:
        status = present.status
        self._is_stale = status.is_stale
        self._old = {pbx.name for pbx in status.pbxs if pbx.old}
        self._rows = {row.target: row for row in (*status.targets, *(pbx.row for pbx in status.pbxs))}
        self._sites_down = {cause.target for cause in status.causes}

    def state(self, members: BehindLine) -> Health:
        """Say how a line is."""
        if not self._sites_down.isdisjoint(members.sites):
            return Health.DOWN
        counts = Counter(self._state(row) for row in self._counted(members))
        return health_of(counts, are_devices=members.are_devices)

    def since(self, members: BehindLine, state: Health, course: Sequence[Segment] | None, window: Span) -> float | None:
        """Say since when a line is so; None: that is not known, or it is longer than the days that are shown."""
        if len(members.targets) == 1:
            for row in self._counted(members):
                if row.state is state:
                    return row.since
        if course and course[-1].health is state and course[-1].since > window[0]:
            return course[-1].since
        return None

    def _counted(self, members: BehindLine) -> Iterator[TargetStatus]:
        """Those that count: no phones that were never up, nor what is switched off as people like."""
        for target in members.targets:
            row = self._rows.get(target)
            if row is None or row.is_unused:
                continue
            if row.is_logged_out and not row.is_alarm:
                continue
            yield row

    def _state(self, row: TargetStatus) -> Health:
        if row.state is Health.UP and (self._is_stale or row.target.pbx in self._old):
            return Health.UNKNOWN
        return row.state
