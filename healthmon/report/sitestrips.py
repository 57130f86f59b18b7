"""The strips of sites: when each was down, by its incidents, and when nobody could see it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from healthmon.core.groups import FEW
from healthmon.core.sites import label
from healthmon.model import Check, Health, Incident, Kind, Target
from healthmon.report.accounts import Line, Strip, Unseen
from healthmon.report.availability import Change, History, figures, timeline
from healthmon.report.spans import Span, merged

#: A PBX, and the name of a place of its phones.
_Place = tuple[str, str]


@dataclass(slots=True)
class _Site:
    """What is known of one place."""

    #: When each of its devices was taken under watch.
    watched_since: list[float] = field(default_factory=list)
    down: list[Span] = field(default_factory=list)

    @property
    def is_site(self) -> bool:
        """Whether it has, or had, enough devices to go down as a whole."""
        return len(self.watched_since) >= FEW or bool(self.down)


def site_strips(
    lines: Iterable[Line],
    incidents: Iterable[Incident],
    window: Span,
    *,
    unseen: Unseen,
    watched_since: Mapping[Target, float],
) -> list[Strip]:
    """Say when each site was down, by its incidents, worst first: all sites where devices of the report are."""
    sites: dict[_Place, _Site] = {}
    for line in lines:
        if line.site:
            sites.setdefault((line.target.pbx, line.site), _Site()).watched_since.append(watched_since[line.target])
    for one in incidents:
        if one.kind is Kind.SITE and one.check == Check.REACHABILITY:
            until = window[1] if one.closed_at is None else one.closed_at
            site = sites.setdefault((one.target.pbx, one.target.resource), _Site())
            site.down.append((one.opened_at, max(until, one.opened_at)))
    several = len({pbx for pbx, _ in sites}) > 1
    strips = []
    for (pbx, name), site in sites.items():
        if site.is_site:
            shown = f"{label(name)} on {pbx}" if several else label(name)
            veils = unseen.spans(Target(pbx, Kind.SITE, name), (), window)
            strips.append(_site_strip(shown, site, veils, window))
    return sorted(strips, key=lambda strip: (-strip.figures.down_s, -strip.figures.outages, strip.name))


def _site_strip(name: str, site: _Site, veils: Sequence[Span], window: Span) -> Strip:
    down = merged(site.down)
    watched_since = min([*site.watched_since, *(since for since, _ in down)])
    changes: list[Change] = [(watched_since, Health.UP)]
    for since, until in down:
        changes += [(since, Health.DOWN), (until, Health.UP)]
    lasting = tuple(timeline(History(Kind.SITE, changes, veils, (watched_since,)), window))
    return Strip(Kind.SITE, name, lasting, figures(lasting))
