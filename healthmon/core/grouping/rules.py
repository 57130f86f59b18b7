"""When many endpoints go down at once, for one cause: a site, the providers of one host, a PBX's line. Pure.

Decides by what each endpoint's machine believes, or is about to believe; ``memberships.py`` keeps the groups, and
``falls.py`` those that have fallen.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from math import ceil

from healthmon.core.belief.inventory import FEW
from healthmon.core.belief.reachability import Reachability
from healthmon.core.grouping.holds import Rules
from healthmon.core.grouping.members import (
    AT_LEAST_TWO,
    Fall,
    Members,
    cycle_of,
)
from healthmon.core.grouping.sites import Group
from healthmon.model import Kind


def window_of(endpoints: Iterable[Reachability], rules: Rules) -> float:
    """Within how many seconds the loss of all of these is one cause: as long as Asterisk needs to notice it."""
    return max(rules.window, max(map(cycle_of, endpoints), default=0.0))


def could_be_enough(group: Group, members: Members, rules: Rules) -> bool:
    """Whether those that are down would be a fall of the whole group, had they all gone down within one window.

    Known at once, while to find the biggest fall among thousands may take a while.
    """
    down, of = len(members.fallen), members.standing + len(members.fallen)
    return _is_so_many_enough(group, down, of, rules)


def is_enough(group: Group, fall: Fall, rules: Rules) -> bool:
    """Whether a fall is that of the whole group, and not of single members."""
    return _is_so_many_enough(group, fall.down, fall.of, rules)


def _is_so_many_enough(group: Group, down: int, of: int, rules: Rules) -> bool:
    if group.kind is Kind.PROVIDERS:
        return down == of and of >= AT_LEAST_TWO
    return down >= least_of_site(of, rules)


def least_of_site(of: int, rules: Rules) -> int:
    """How many of a site must be down at least, of so many that were up."""
    return max(FEW, ceil(rules.share * of))


def is_sure(group: Group, fall: Fall, rules: Rules) -> bool:
    """Whether enough of a fall is more than about to be believed.

    One provider, or three of a site, that are believed down; or for the hold of the site as many as make it fall.
    """
    if group.kind is not Kind.SITE:
        return fall.believed > 0
    return fall.believed >= FEW or fall.sure >= least_of_site(fall.of, rules)


def is_still_enough(group: Group, down: int, of: int, rules: Rules) -> bool:
    """Whether so many that are left down, of so many, are still the outage of the whole group."""
    if group.kind is Kind.PROVIDERS:
        return 0 < of <= down
    return down >= FEW and down >= rules.share / 2 * of


def are_all_lost(providers: Fall) -> bool:
    """Whether all providers of a PBX are down: its line to the world is cut, unless a public site stands.

    Providers of one and the same host, or behind one proxy, tell of that host only.
    """
    return providers.down == providers.of and len(providers.hosts) >= AT_LEAST_TWO


def are_sites_lost(providers: Fall, sites: Iterable[Fall], rules: Rules) -> bool:
    """Whether half of a PBX's public sites are down with a provider, all within one window: the line is cut."""
    every = [site for site in sites if site.of]
    window = max(rules.window, *(fall.cycle for fall in (providers, *every)))
    down = sum(_is_share_enough(site, rules) and abs(site.since - providers.since) <= window for site in every)
    return providers.down > 0 and down >= AT_LEAST_TWO and 2 * down >= len(every)


def _is_share_enough(site: Fall, rules: Rules) -> bool:
    """Whether so much of a site fell that it fell with others; of a site with one phone that is this phone."""
    return site.down >= max(1, ceil(rules.share * site.of))


def could_be_most(sites: Iterable[Members]) -> bool:
    """Whether so many sites have fallen in part that they may be most of all, and enough is believed.

    Known at once, while to work out how each of them fell takes a while.
    """
    fallen = standing = sure = 0
    for site in sites:
        fallen += bool(site.fallen)
        standing += bool(site.standing)
        sure += len(site.believed) + len(site.confirmed)
    return sure >= FEW and fallen >= AT_LEAST_TWO and 2 * fallen > standing


def fallen_together(sites: Iterable[Fall], rules: Rules) -> Sequence[Fall]:
    """The sites that fell within one window, if that are most of all: one cause, also where no provider is known.

    Empty: they are not most, or so few phones that each may have a reason of its own.
    """
    every = [site for site in sites if site.of]
    fallen = sorted((site for site in every if _is_share_enough(site, rules)), key=lambda site: site.since)
    if not fallen:
        return []
    window = max(rules.window, *(site.cycle for site in fallen))
    ends = [bisect_right(fallen, site.since + window, key=lambda other: other.since) for site in fallen]
    first = max(range(len(fallen)), key=lambda start: (ends[start] - start, start))
    together = fallen[first : ends[first]]
    is_most = len(together) >= AT_LEAST_TWO and 2 * len(together) > len(every)
    if is_most and sum(site.sure for site in together) >= FEW:
        return together
    return []


def are_many_left(sites: Iterable[Fall], of: int, rules: Rules) -> bool:
    """Whether so many of the sites that went down at once are left down that it is still their common outage."""
    left = sum(site.down >= max(1, ceil(rules.share / 2 * site.of)) for site in sites)
    return left >= AT_LEAST_TWO and 4 * left >= of


def speaks_against(site: Members, since: float, now: float, rules: Rules) -> bool:
    """Whether a public site stands although a fall began one full cycle of its checks ago: the line is not cut."""
    at = testifies_at(site, since)
    return at is not None and now >= at and site.once(("stands", since), lambda: _stands(site, since, rules))


def _stands(site: Members, since: float, rules: Rules) -> bool:
    standing = _standing_since(site, since)
    earliest = since - window_of(standing, rules)
    fallen = site.fallen_since(earliest)
    return fallen < max(1, ceil(rules.share * (len(standing) + fallen)))


def testifies_at(site: Members, since: float) -> float | None:
    """When those of a site that are up have surely been checked since a fall began; None: Asterisk checks none."""
    cycle = site.once(("cycle", since), lambda: max(map(cycle_of, _standing_since(site, since)), default=None))
    if cycle is None:
        return None
    return since + cycle


def _standing_since(site: Members, since: float) -> list[Reachability]:
    """Those that were believed up before, are, and that Asterisk checks."""
    return [phone for phone in site.up.values() if phone.since < since and is_checked(phone)]


def is_checked(member: Reachability) -> bool:
    """Whether Asterisk would notice that none of its contacts answers."""
    settings = member.endpoint.settings
    if member.unknown_because or settings is None or not settings.known:
        return False
    return settings.is_qualified and not settings.has_unqualified_registered_contact
