"""Asks the database what happened in a window of time. Everything after the questions is pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar
from zoneinfo import ZoneInfo

from msgspec import Struct, field
from msgspec.structs import replace

from healthmon.config.plans import Plans
from healthmon.core.grouping.sites import Sites
from healthmon.model import Check, Incident, Target
from healthmon.report.availability.account import (
    Account,
    By,
    Counting,
    Listing,
    Pictures,
    TargetFigures,
    grouped,
    is_told_of,
    worst_first,
)
from healthmon.report.availability.lately import unseen_of
from healthmon.report.availability.measure import Measures, Measuring, sites_of
from healthmon.report.availability.planned_times import PlannedTimes
from healthmon.report.availability.selection import Selection
from healthmon.store.read.meters import Meters, Watched
from healthmon.store.read.queries import Reader, Wanted
from healthmon.times.periods import Calendar, Period, periods_of
from healthmon.times.spans import Span

Item = TypeVar("Item")


class Progress:
    """Is told what is being done, and how far that is. This one tells nobody."""

    def stage(self, words: str) -> None:
        """Say what is done from now on."""

    def each(self, words: str, items: Sequence[Item]) -> Iterable[Item]:
        """Say what is done with each of these, while they are gone through."""
        return items


NO_PROGRESS = Progress()

NO_PLANS = Plans()

#: What is done after the incidents were found, without and with pictures.
_LAST_STAGE = {False: "Adding up", True: "Preparing the pictures"}

#: In a longer window a picture has a cell for each day instead of each hour (seconds).
HOURLY_UP_TO = 15 * 86400.0


class ReportRequest(Struct, frozen=True):
    """What a report is to say."""

    window: Span
    selection: Selection = field(default_factory=Selection)
    by: By = By.TARGET
    counting: Counting = field(default_factory=Counting)
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    #: None: no incidents.
    listing: Listing | None = field(default_factory=Listing)
    with_pictures: bool = False
    #: Each check of a target apart, where it has several.
    with_checks: bool = False


def account_of(
    reader: Reader,
    asked: ReportRequest,
    now: float,
    *,
    plans: Plans = NO_PLANS,
    progress: Progress = NO_PROGRESS,
) -> Account:
    """Say how available everything was."""
    meters = reader.meters()
    chosen = [watched for watched in meters.watched(*asked.window) if is_told_of(watched, asked.selection)]
    measuring = Measuring(meters, _measures(reader, meters, asked, now, plans))
    lines = worst_first(
        [measuring.line(watched) for watched in progress.each("Looking at each target", chosen)], asked.counting
    )
    progress.stage("Looking for incidents")
    incidents, more = _incidents(reader, asked, now)
    progress.stage(_LAST_STAGE[asked.with_pictures])
    counted, apart = lines, []
    if asked.with_checks or asked.by is By.CHECK:
        apart = _checks_apart(meters, measuring.measures, asked, chosen)
    if asked.by is By.CHECK:
        counted = (*(line for line in lines if line.check != Check.ALL and not line.target.is_pbx), *apart)
    if asked.with_checks:
        lines = _with_checks(lines, apart)
    pictures, causes, alone, groups = None, 0, 0, grouped(counted, asked.by, asked.counting)
    if asked.by.calendar is not None:
        groups = measuring.groups()
    if not measuring.tells_of_gone:
        causes = reader.count_causes(_wanted(asked, now))
        alone = reader.count_groups_alone(_wanted(asked, now), without_maintenance=asked.counting.excludes_maintenance)
    if asked.with_pictures:
        pictures = _pictures(reader, measuring, chosen, lines, asked, now=now)
    return Account(
        window=asked.window,
        lines=lines,
        incidents=incidents,
        more_incidents=more,
        by=asked.by,
        groups=groups,
        counting=asked.counting,
        hosts=_hosts(reader, lines, plans),
        names=measuring.measures.names,
        causes=causes,
        groups_alone=alone,
        watched_since=min((watched.watched_from[0] for watched in chosen), default=asked.window[1]),
        pictures=pictures,
    )


def _checks_apart(
    meters: Meters, measures: Measures, asked: ReportRequest, chosen: Iterable[Watched]
) -> list[TargetFigures]:
    """Measure the checks that have no line of their own in other reports, and the connection of each PBX.

    The pictures do not show them. The line of a PBX tells of what happens to any of its checks.
    """
    measuring = Measuring(meters, replace(measures, cells=(), periods=(), are_checks_apart=True))
    others = [watched for watched in meters.watched_beside(*asked.window) if is_told_of(watched, asked.selection)]
    firsts = [watched.checks[0] for watched in chosen if watched.checks]
    firsts += [watched for watched in chosen if watched.target.is_pbx]
    return [replace(measuring.line(watched), is_apart=True) for watched in (*firsts, *others)]


def _with_checks(lines: Iterable[TargetFigures], apart: Iterable[TargetFigures]) -> tuple[TargetFigures, ...]:
    """Give each endpoint that has several checks the lines of all of them; a PBX is its connection."""
    checks: dict[Target, list[TargetFigures]] = {}
    for check in apart:
        if check.target.is_endpoint:
            checks.setdefault(check.target, []).append(check)
    with_checks = []
    for line in lines:
        its_checks = checks.get(line.target, [])
        if its_checks and line.check != Check.ALL:
            # Of its checks only the first counts: the line is its own.
            its_checks = [replace(line, is_apart=True), *its_checks]
        with_checks.append(replace(line, checks=tuple(its_checks)))
    return tuple(with_checks)


def _hosts(reader: Reader, lines: Sequence[TargetFigures], plans: Plans) -> dict[Target, str]:
    """Say where the PBXs and the providers are."""
    places = reader.last_places()
    hosts = {line.target: places[line.target][-1].address for line in lines if line.target in places}
    return hosts | {Target(name): host for name, host in plans.hosts.items()}


def _incidents(reader: Reader, asked: ReportRequest, now: float) -> tuple[Iterable[Incident], int]:
    """Read the incidents that are to be listed, and count those that are left out."""
    listing = asked.listing
    if listing is None:
        return (), 0
    wanted = _wanted(asked, now, with_explained=listing.with_explained)
    if listing.is_streamed:
        return reader.stored_incidents(wanted), 0
    incidents = tuple(reader.newest_incidents(wanted, listing.most))
    if listing.most is None or len(incidents) < listing.most:
        return incidents, 0
    return incidents, reader.count_incidents(wanted) - len(incidents)


def _pictures(
    reader: Reader,
    measuring: Measuring,
    chosen: Sequence[Watched],
    lines: Sequence[TargetFigures],
    asked: ReportRequest,
    *,
    now: float,
) -> Pictures:
    """Collect what only pictures need."""
    from healthmon.report.availability.pictures import pictures_of  # noqa: PLC0415  (only the page has pictures)

    site_incidents = reader.site_incidents(_wanted(asked, now))
    is_hourly = _cell_calendar(asked.window) is Calendar.HOUR
    return pictures_of(measuring, chosen, lines, site_incidents, is_hourly=is_hourly)


def _wanted(asked: ReportRequest, now: float, *, with_explained: bool = True) -> Wanted:
    if asked.selection.is_everything:
        return Wanted(*asked.window, None, with_explained, known_at=now)
    return Wanted(*asked.window, asked.selection.includes, with_explained, known_at=now)


def _cell_calendar(window: Span) -> Calendar:
    """How long a cell of the calendar in a picture is."""
    if window[1] - window[0] <= HOURLY_UP_TO:
        return Calendar.HOUR
    return Calendar.DAY


def _measures(reader: Reader, meters: Meters, asked: ReportRequest, now: float, plans: Plans) -> Measures:
    """Collect what is known besides the history."""
    periods: list[Period] = []
    if asked.by.calendar is not None:
        periods = periods_of(asked.by.calendar, asked.window, asked.zone)
    cells: list[Period] = []
    if asked.with_pictures:
        cells = periods_of(_cell_calendar(asked.window), asked.window, asked.zone)
    since, until = asked.window
    return Measures(
        window=asked.window,
        # From the beginning on: a reading before the window is carried on to its edge.
        unseen=unseen_of(reader, meters, until, now),
        planned=PlannedTimes(
            plans,
            reader.silences_within(since, until),
            asked.window,
            meters.maintenance_modes(since, until),
        ),
        site_of=sites_of(Sites(plans.sites), reader.last_places()),
        flaps=_by_target((target, (at, check, count)) for target, at, check, count in reader.flaps(since, until)),
        restarts=_by_target((Target(restart.pbx), restart.at) for restart in reader.restarts(since, until)),
        excludes_maintenance=asked.counting.excludes_maintenance,
        periods=periods,
        cells=cells,
        has_daily_cells=_cell_calendar(asked.window) is Calendar.DAY,
        names=reader.names(plans.names),
    )


def _by_target(found: Iterable[tuple[Target, Item]]) -> dict[Target, list[Item]]:
    """Sort by target what was found of each."""
    by_target: dict[Target, list[Item]] = {}
    for target, item in found:
        by_target.setdefault(target, []).append(item)
    return by_target
