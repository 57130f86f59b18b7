"""The strips of sites: when each was down, by its incidents. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from healthmon.core.sites import label
from healthmon.model import Check, Health, Incident, Kind
from healthmon.report.accounts import Line, Strip
from healthmon.report.availability import Segment, figures
from healthmon.report.spans import Span, merged


def site_strips(lines: Iterable[Line], incidents: Iterable[Incident], window: Span) -> list[Strip]:
    """Say when each site was down, by its incidents, worst first: all sites where devices of the report are."""
    down: dict[tuple[str, str], list[Span]] = {(line.target.pbx, line.site): [] for line in lines if line.site}
    for one in incidents:
        if one.kind is Kind.SITE and one.check == Check.REACHABILITY:
            until = window[1] if one.closed_at is None else one.closed_at
            down.setdefault((one.target.pbx, one.target.resource), []).append((one.opened_at, until))
    several = len({pbx for pbx, _ in down}) > 1
    strips = [
        _site_strip(f"{label(site)} on {pbx}" if several else label(site), spans, window)
        for (pbx, site), spans in down.items()
    ]
    return sorted(strips, key=lambda strip: (-strip.figures.down_s, -strip.figures.outages, strip.name))


def _site_strip(name: str, spans: Iterable[Span], window: Span) -> Strip:
    inside = ((max(since, window[0]), min(until, window[1])) for since, until in spans)
    segments: list[Segment] = []
    for number, (since, until) in enumerate(merged(inside), start=1):
        segments.append(Segment(segments[-1].until if segments else window[0], since, Health.UP))
        segments.append(Segment(since, until, Health.DOWN, number))
    segments.append(Segment(segments[-1].until if segments else window[0], window[1], Health.UP))
    lasting = tuple(segment for segment in segments if segment.length > 0)
    return Strip(Kind.SITE, name, lasting, figures(lasting))
