"""The strips of sites: when each was down, by its incidents, when nobody could see it, and its maintenance. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct, field
from msgspec.structs import replace

from healthmon.core.belief.inventory import FEW
from healthmon.core.grouping.sites import label
from healthmon.history.availability import Change, History, figures, timeline, watched_spans, within
from healthmon.model import Check, Health, Incident, Kind, Target
from healthmon.report.availability.account import Strip, TargetFigures
from healthmon.report.availability.measure import Measures
from healthmon.report.formatting import end_of
from healthmon.times.spans import Span, gaps, merged

#: A PBX, and the name of a place of its phones.
_Place = tuple[str, str]


class _Site(Struct):
    """What is known of one place: its devices, and when each was taken under watch."""

    lines: list[TargetFigures] = field(default_factory=list)
    watched_since: list[float] = field(default_factory=list)
    down: list[Span] = field(default_factory=list)

    @property
    def is_site(self) -> bool:
        """Whether it has, or had, enough devices to go down as a whole."""
        return len(self.watched_since) >= FEW or bool(self.down)


def site_strips(
    lines: Iterable[TargetFigures],
    incidents: Iterable[Incident],
    measures: Measures,
    watched_since: Mapping[Target, float],
) -> list[Strip]:
    """Say when each site was down, by its incidents, worst first: all sites where devices of the report are."""
    sites: dict[_Place, _Site] = {}
    for line in lines:
        if line.site:
            site = sites.setdefault((line.target.pbx, line.site), _Site())
            site.lines.append(line)
            site.watched_since.append(watched_since[line.target])
    for incident in incidents:
        if incident.kind is Kind.SITE and incident.check == Check.REACHABILITY:
            until = end_of(incident, measures.window[1])
            site = sites.setdefault((incident.target.pbx, incident.target.resource), _Site())
            site.down.append((incident.opened_at, max(until, incident.opened_at)))
    several = len({pbx for pbx, _ in sites}) > 1
    strips = []
    for (pbx, name), site in sites.items():
        if site.is_site:
            shown = label(name)
            if several:
                shown += f" on {pbx}"
            strips.append(_site_strip(shown, Target(pbx, Kind.SITE, name), site, measures))
    return sorted(strips, key=lambda strip: (-strip.figures.down_s, -strip.figures.outages, strip.name))


def _site_strip(name: str, target: Target, site: _Site, measures: Measures) -> Strip:
    down = merged(site.down)
    watched_since = min([*site.watched_since, *(since for since, _ in down)])
    changes: list[Change] = [(watched_since, Health.UP)]
    for since, until in down:
        changes += [(since, Health.DOWN), (until, Health.UP)]
    unknown_spans = measures.unseen.spans(target, (), measures.window)
    told = timeline(History(Kind.SITE, changes, unknown_spans, (watched_since,)), measures.window)
    planned = _maintenance(target, site, measures)
    maintenance = watched_spans(told, planned)
    is_cut = measures.excludes_maintenance and bool(planned)
    counted = tuple(told)
    if is_cut:
        counted = tuple(within(told, gaps(planned, measures.window)))
    amount = replace(figures(counted), maintenance_s=sum(until - since for since, until in maintenance))
    return Strip(Kind.SITE, name, counted, amount, maintenance=maintenance, is_cut=is_cut)


def _maintenance(target: Target, site: _Site, measures: Measures) -> Sequence[Span]:
    """Say when a site is in maintenance: by its own name, or because each of its devices is."""
    planned = measures.planned
    its_own = planned.maintenance(target, Kind.SITE, "", target.resource)
    each = [planned.maintenance(line.target, line.kind, line.watch, line.site) for line in site.lines]
    if not each or not all(each):
        return its_own
    # Most devices have the same maintenance, and the very same list of it.
    distinct = {id(spans): spans for spans in each}.values()
    in_service = merged(span for spans in distinct for span in gaps(spans, measures.window))
    return merged([*its_own, *gaps(in_service, measures.window)])
