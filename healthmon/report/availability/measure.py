"""Measures one target after the other: by its meter where that suffices, else by its timeline. Pure over its course.

A meter's readings make a year as quick as a day. What they cannot tell (what lay within working hours, an outage that
was on at an edge of the window) is worked out from all changes of that target.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from msgspec import Struct, field
from msgspec.structs import replace

from healthmon.core.grouping.sites import Sites
from healthmon.history.availability import Segment, clipped, figures, watched_spans, watched_within, within
from healthmon.history.day_values import seconds_between, seconds_of
from healthmon.history.figures import Figures
from healthmon.history.measurements import NOTHING_MEASURED, Measured, added_up
from healthmon.model import NO_NAMES, Check, DisplayNames, Health, Kind, Place, Target
from healthmon.report.availability.account import GroupFigures, Strip, TargetFigures, Unseen, period_group
from healthmon.report.availability.course import Course, MeterDifference
from healthmon.report.availability.day_cells import Cells
from healthmon.report.availability.planned_times import PlannedTimes
from healthmon.report.formatting import full_name
from healthmon.store.read.meters import Meters, Watched
from healthmon.times.periods import Period
from healthmon.times.spans import Span, gaps

#: Says at which site a device was last seen; "": at none that is known.
SiteOf = Callable[[Target, Kind], str]

#: What was counted in seconds and what adds up to a whole differ by less than this.
_EXACT_S = 1e-6


def sites_of(sites: Sites, places: Mapping[Target, tuple[Place, ...]]) -> SiteOf:
    """Say at which site each device was last seen."""

    def site_of(target: Target, kind: Kind) -> str:
        address = ""
        if target in places:
            address = places[target][-1].address
        group = sites.group_of(target, kind, address)
        if group is not None and group.kind is Kind.SITE:
            return group.name
        return ""

    return site_of


class Measures(Struct, frozen=True):
    """What is to be measured, and what is known besides the history."""

    window: Span
    unseen: Unseen
    planned: PlannedTimes
    site_of: SiteOf = lambda _target, _kind: ""
    #: When each target began to flap, in which check, and how often.
    flaps: Mapping[Target, Sequence[tuple[float, str, int]]] = field(default_factory=dict)
    #: Whether each check has a line: else what happens to any check of a PBX is said of the PBX.
    are_checks_apart: bool = False
    #: When the Asterisk of each PBX was restarted.
    restarts: Mapping[Target, Sequence[float]] = field(default_factory=dict)
    excludes_maintenance: bool = False
    #: The periods that there is a line for.
    periods: Sequence[Period] = ()
    #: What a picture has a cell for; whether those are days.
    cells: Sequence[Period] = ()
    has_daily_cells: bool = False
    #: What people call endpoints.
    names: DisplayNames = NO_NAMES


class _Plan(NamedTuple):
    """Which parts of the window are special for one target. All spans are disjoint and sorted."""

    maintenance: Sequence[Span]
    silences: Sequence[Span]
    #: None: it has no working hours.
    hours: Sequence[Span] | None
    #: What counts; None: everything does.
    counted: Sequence[Span] | None

    @property
    def needs_timeline(self) -> bool:
        """Whether the figures depend on more than the whole window."""
        return self.hours is not None or self.counted is not None

    def part_of(self, told: Iterable[Segment]) -> Iterable[Segment]:
        """Keep what counts of a timeline."""
        if self.counted is None:
            return told
        return within(told, self.counted)


class Measuring:
    """Measures targets, and adds up what each period of the calendar amounts to."""

    def __init__(self, meters: Meters, measures: Measures) -> None:
        self._meters = meters
        self._measures = measures
        #: Whether figures are told of changes, and so of incidents, that are not kept any more.
        self.tells_of_gone = False
        self._periods = [_PeriodSum(period) for period in measures.periods]
        self._cells = Cells(measures.cells)
        self._edges = [*(cell.since for cell in measures.cells), measures.window[1]]

    @property
    def measures(self) -> Measures:
        """What is measured, and what is known besides the history."""
        return self._measures

    def line(self, watched: Watched) -> TargetFigures:
        """Work out one target's figures."""
        measures = self._measures
        site = measures.site_of(watched.target, watched.kind)
        plan = self._plan(watched, site)
        course = Course(self._meters, watched, measures.unseen, measures.window)
        by_meter = self._by_meter(course, plan, watched)
        is_gone = by_meter is not None and not by_meter.is_kept
        has_cells = is_gone or self._add_cells_by_meter(course, plan)
        if by_meter is not None and (is_gone or not (plan.needs_timeline or self._periods or not has_cells)):
            # Of changes that are gone nobody can say how much of them lay within working hours.
            whole, in_hours, is_unused = by_meter.figures, None, watched.kind.is_device and by_meter.end.is_unused
        else:
            told = course.timeline()
            whole, in_hours, is_unused = _whole(told, plan), _in_hours(told, plan), course.is_unused()
            self._add_periods(told, plan, watched)
            if not has_cells:
                for number, seconds in enumerate(seconds_between(self._edges, plan.part_of(told))):
                    self._cells.add(number, seconds)
        if is_gone:
            self.tells_of_gone = True
            self._add_gone_periods(watched)
        whole = self._with_numbers(whole, watched, measures.window)
        return TargetFigures(
            watched.target,
            watched.kind,
            watched.watch,
            whole,
            in_hours,
            site,
            was_used=not is_unused,
            check=watched.check,
        )

    def groups(self) -> tuple[GroupFigures, ...]:
        """Say what each period amounts to, over all targets measured so far."""
        return tuple(period.group() for period in self._periods)

    def cells(self) -> tuple[GroupFigures, ...]:
        """Say how long everything was what in each cell of a picture, over all targets measured so far."""
        return self._cells.groups()

    def _with_numbers(self, amount: Figures, watched: Watched, window: Span) -> Figures:
        """Add what is counted besides the time."""
        since, until = window
        flaps = sum(
            count
            for at, check, count in self._measures.flaps.get(watched.target, ())
            if since <= at < until and self._tells_of(watched, check)
        )
        restarts = 0
        # Once for a PBX, not for each of its checks.
        if watched.check == Check.CONNECTION:
            restarts = sum(since <= at < until for at in self._measures.restarts.get(watched.target, ()))
        measured = self.measured(watched, window)
        if not (flaps or restarts or measured):
            return amount
        return replace(amount, flaps=flaps, restarts=restarts, measured=measured)

    def _tells_of(self, watched: Watched, check: str) -> bool:
        """Whether what happened to a check of a target is counted here."""
        if self._measures.are_checks_apart:
            return check == watched.check
        return watched.is_about(check)

    def measured(self, watched: Watched, window: Span) -> Measured:
        """Say what was measured of a target, by metric."""
        if watched.checks:
            return added_up(self.measured(check, window) for check in watched.checks)
        if watched.last_measured is not None and self._meters.has_measured(watched.id, *window):
            return self._meters.measured(watched.id, *window)
        return NOTHING_MEASURED

    def shown(self, watched: Watched, line: TargetFigures) -> Strip:
        """Say how a target's course looks: with the same parts left out as of its figures."""
        course = Course(self._meters, watched, self._measures.unseen, self._measures.window)
        plan, told, difference = self._plan(watched, line.site), course.timeline(), course.difference()
        # Nothing was left out of changes that are gone.
        is_cut = plan.counted is not None and (difference is None or difference.is_kept)
        segments = tuple(told)
        if is_cut:
            segments = tuple(plan.part_of(told))
        return Strip(
            line.kind,
            full_name(line.target, self._measures.names),
            segments,
            line.figures,
            maintenance=watched_spans(told, plan.maintenance),
            is_cut=is_cut,
        )

    def _plan(self, watched: Watched, site: str) -> _Plan:
        measures = self._measures
        named = (watched.target, watched.kind, watched.watch, site)
        maintenance = measures.planned.maintenance(*named)
        counted = None
        if measures.excludes_maintenance and maintenance:
            counted = gaps(maintenance, measures.window)
        return _Plan(
            maintenance,
            measures.planned.silences(*named),
            measures.planned.working_hours(watched.watch),
            counted,
        )

    def _by_meter(self, course: Course, plan: _Plan, watched: Watched) -> MeterDifference | None:
        """Read the meter, unless special times fall into a window of which a part was not watched."""
        found = course.difference()
        if found is None or not (plan.maintenance or plan.silences):
            return found
        since, until = max(self._measures.window[0], watched.watched_from[0]), self._measures.window[1]
        if found.is_kept and abs(found.figures.watched_s - (until - since)) > _EXACT_S:
            return None
        always = [Segment(since, until, Health.UNKNOWN)]
        return found._replace(figures=_with_special_times(found.figures, always, plan))

    def _add_cells_by_meter(self, course: Course, plan: _Plan) -> bool:
        """Add up what the meter showed at the end of each day; False: it does not tell."""
        if not self._cells.periods:
            return True
        if not self._measures.has_daily_cells or plan.counted is not None:
            return False
        values = course.values_at(self._edges)
        if values is None:
            return False
        self._cells.add_values(values)
        return True

    def _add_gone_periods(self, watched: Watched) -> None:
        """Add what the meter says of each period up: the changes are gone."""
        for period in self._periods:
            window = (period.period.since, period.period.until)
            amount = self._gone(watched, window)
            if amount.watched_s:
                period.add(self._with_numbers(amount, watched, window), None)
        for number, cell in enumerate(self._cells.periods):
            self._cells.add(number, seconds_of(self._gone(watched, (cell.since, cell.until))))

    def _gone(self, watched: Watched, window: Span) -> Figures:
        """Ask the meter what a part of the window amounts to."""
        course = Course(self._meters, watched, self._measures.unseen, window)
        found = course.difference()
        if found is None:
            return figures(course.timeline())
        return found.figures

    def _add_periods(self, told: Sequence[Segment], plan: _Plan, watched: Watched) -> None:
        for period in self._periods:
            since, until = period.period.since, period.period.until
            part = list(clipped(told, (since, until)))
            if any(stretch.health is not None for stretch in part):
                amount = self._with_numbers(_whole(part, plan), watched, (since, until))
                period.add(amount, _in_hours(part, plan))


class _PeriodSum:
    """What the targets so far amount to in one period."""

    def __init__(self, period: Period) -> None:
        self.period = period
        self._figures = Figures()
        self._in_hours: Figures | None = None
        self._targets = 0

    def add(self, figures: Figures, in_hours: Figures | None) -> None:
        """Count one target more."""
        self._figures += figures
        self._targets += 1
        if in_hours is not None:
            self._in_hours = (self._in_hours or Figures()) + in_hours

    def group(self) -> GroupFigures:
        """Return their sum, as a line of the report."""
        return period_group(self.period, self._figures, self._in_hours, self._targets)


def _whole(told: Sequence[Segment], plan: _Plan) -> Figures:
    """Say what a timeline amounts to, as far as it counts."""
    return _with_special_times(figures(plan.part_of(told)), told, plan)


def _with_special_times(known: Figures, told: Sequence[Segment], plan: _Plan) -> Figures:
    if not (plan.maintenance or plan.silences):
        return known
    return replace(
        known,
        maintenance_s=watched_within(told, plan.maintenance),
        silenced_s=watched_within(told, plan.silences),
    )


def _in_hours(told: Sequence[Segment], plan: _Plan) -> Figures | None:
    """Say what a timeline amounts to within the working hours; None: there are none."""
    if plan.hours is None:
        return None
    return figures(within(plan.part_of(told), plan.hours))
