"""How some targets were lately: what a page shows beside their present state. Cheap, also where there are 20,000."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from healthmon.config.plans import Plans
from healthmon.history.availability import Segment
from healthmon.history.measurements import Summary
from healthmon.history.metrics import ROUND_TRIP
from healthmon.model import Target
from healthmon.report.availability.account import Strip, TargetFigures, Unseen
from healthmon.report.availability.course import Course
from healthmon.report.availability.measure import Measures, Measuring
from healthmon.report.availability.planned_times import PlannedTimes
from healthmon.store.read.meters import Meters, Watched
from healthmon.store.read.queries import Reader
from healthmon.times.lengths import HOUR
from healthmon.times.spans import Span
from healthmon.watchdog.pulse import is_stale


class Lately(Struct, frozen=True):
    """How one target was in two windows of time."""

    #: The share of the longer one in which it was available, 0..1; None: nothing is known.
    availability: float | None
    outages: int
    #: Its course through the shorter one.
    strip: Strip


def lately_of(
    reader: Reader, watched: Iterable[Watched], now: float, plans: Plans, *, long_s: float, short_s: float
) -> dict[Target, Lately]:
    """Say how these were in the last ``long_s`` seconds, and how they went through the last ``short_s``."""
    long, short = (_measuring(reader, (now - seconds, now), now, plans) for seconds in (long_s, short_s))
    found = {}
    for each in watched:
        figures = long.line(each).figures
        strip = short.shown(each, short.line(each))
        found[each.target] = Lately(figures.availability, figures.outages, strip)
    return found


def figures_of(reader: Reader, watched: Iterable[Watched], window: Span, now: float) -> list[TargetFigures]:
    """Say how these were in a window, whatever was planned in it."""
    measuring = _measuring(reader, window, now, Plans())
    return [measuring.line(each) for each in watched]


def courses_of(reader: Reader, watched: Iterable[Watched], window: Span) -> dict[Target, list[Segment]]:
    """Say how each of these went through a window that ends now."""
    meters = reader.meters()
    unseen = unseen_of(reader, meters, window[1], window[1])
    return {each.target: Course(meters, each, unseen, window).timeline() for each in watched}


def round_trips_of(reader: Reader, watched: Watched, now: float, hours: int) -> list[tuple[Span, Summary]]:
    """Say how quickly a target answered in each of the last hours, this one included, in which that was measured."""
    measuring = _measuring(reader, (now - hours * HOUR, now), now, Plans())
    first = (now // HOUR - hours + 1) * HOUR
    spans = [(first + HOUR * number, first + HOUR * (number + 1)) for number in range(hours)]
    measured = [(span, measuring.measured(watched, span)) for span in spans]
    return [(span, found[ROUND_TRIP.key]) for span, found in measured if ROUND_TRIP.key in found]


def _measuring(reader: Reader, window: Span, now: float, plans: Plans) -> Measuring:
    meters = reader.meters()
    since, until = window
    planned = PlannedTimes(plans, reader.silences_within(since, until), window, meters.maintenance_modes(since, until))
    return Measuring(meters, Measures(window, unseen_of(reader, meters, until, now), planned))


def unseen_of(reader: Reader, meters: Meters, until: float, now: float) -> Unseen:
    """Say when what is behind each PBX could not be seen, and whether anybody watches now."""
    daemon, no_daemon_since = reader.daemon(), None
    if is_stale(daemon.alive_at, now, is_running=daemon.is_running):
        no_daemon_since = daemon.alive_at
    return Unseen(meters.unknown_behind_pbxs(until), no_daemon_since, left_out=meters.left_out())
