"""What only a report with pictures needs: the courses of the worst providers and sites, hour by hour or day by day."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from msgspec.structs import replace

from healthmon.history.measurements import Summary
from healthmon.history.metrics import METRICS
from healthmon.model import Incident, Kind
from healthmon.report.availability.account import GroupFigures, Pictures, TargetFigures
from healthmon.report.availability.measure import Measuring
from healthmon.report.availability.site_strips import site_strips
from healthmon.store.read.meters import Watched
from healthmon.times.spans import Span

#: So many providers, and so many sites, get a picture: the worst.
MOST_STRIPS = 40


def pictures_of(
    measuring: Measuring,
    chosen: Sequence[Watched],
    lines: Sequence[TargetFigures],
    site_incidents: Iterable[Incident],
    *,
    is_hourly: bool,
) -> Pictures:
    """Collect the strips of the worst providers and sites, and the cells of the calendar."""
    by_target = {watched.target: watched for watched in chosen}
    providers = [line for line in lines if line.kind is Kind.PROVIDER]
    several = len({line.target.pbx for line in providers}) > 1
    cells = measuring.cells()
    watched_since = {watched.target: watched.watched_from[0] for watched in chosen}
    sites = site_strips(lines, site_incidents, measuring.measures, watched_since)
    return Pictures(
        providers=tuple(
            replace(
                measuring.shown(by_target[line.target], line),
                name=str(line.target) if several else line.target.endpoint,
                measured=_measured(measuring, by_target[line.target], line, cells),
            )
            for line in providers[:MOST_STRIPS]
        ),
        sites=tuple(sites[:MOST_STRIPS]),
        more=max(0, len(providers) - MOST_STRIPS),
        cells=cells,
        is_hourly=is_hourly,
    )


def _measured(
    measuring: Measuring, watched: Watched, line: TargetFigures, cells: Sequence[GroupFigures]
) -> Mapping[str, Sequence[tuple[Span, Summary]]]:
    """Say what was measured of a provider in each hour or day, by metric."""
    if not line.figures.measured:
        return {}
    spans = [cell.span for cell in cells if cell.span is not None]
    by_span = [(span, measuring.measured(watched, span)) for span in spans]
    return {
        metric: [(span, measured[metric]) for span, measured in by_span if metric in measured]
        for metric in METRICS
        if metric in line.figures.measured
    }
