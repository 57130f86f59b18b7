"""Sites that seem down: enough of their devices do, and not yet for the hold of the site (rule 14b)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from math import inf
from typing import TYPE_CHECKING

from healthmon.core.belief.inventory import FEW
from healthmon.model import Check, Health, Kind, Target
from healthmon.report.status.rows import PendingSite, Status, TargetStatus
from healthmon.store.read.queries import Reader

if TYPE_CHECKING:
    from healthmon.config.plans import Plans
    from healthmon.model import EndpointSettings


def pending_sites(status: Status, reader: Reader, load: Callable[[], Plans]) -> tuple[PendingSite, ...]:
    """Find the sites that seem down, the first to be believed so first. ``load`` is called only if there may be one."""
    if sum(map(_is_falling, status.targets)) < FEW:
        return ()
    # What decides about sites takes a while to import, and is seldom needed.
    from healthmon.core.grouping.sites import Sites  # noqa: PLC0415

    plans, places, settings = load(), reader.last_places(), reader.settings()
    sites, members = Sites(plans.sites), dict[Target, list[TargetStatus]]()
    for row in status.targets:
        address = ""
        if row.target in places:
            address = places[row.target][-1].address
        group = sites.group_of(row.target, row.kind, address)
        if group is not None and group.kind is Kind.SITE and row.ever_up:
            members.setdefault(group.target, []).append(row)
    told = {cause.target for cause in status.causes}
    found = [_pending(target, rows, plans, settings) for target, rows in members.items() if target not in told]
    return tuple(sorted(filter(None, found), key=lambda site: site.since + site.hold))


def _pending(
    site: Target, rows: Sequence[TargetStatus], plans: Plans, settings: Mapping[Target, EndpointSettings]
) -> PendingSite | None:
    """Say how a site is about to be believed down; None: too few of its devices are."""
    from healthmon.core.grouping.holds import Rules  # noqa: PLC0415
    from healthmon.core.grouping.rules import least_of_site  # noqa: PLC0415

    falling = [_reachability(row) for row in rows if _is_falling(row)]
    of = len(falling) + sum(_reachability(row).belief is Health.UP for row in rows if not _is_falling(row))
    least = least_of_site(of, Rules(share=plans.site_share))
    held = sorted(_held(falling, plans, settings), key=sum)
    if len(falling) < least or len(held) < least:
        return None
    since, hold = held[least - 1]
    return PendingSite(site, since, hold, len(falling), of)


def _held(
    falling: Iterable[TargetStatus], plans: Plans, settings: Mapping[Target, EndpointSettings]
) -> Iterable[tuple[float, float]]:
    """Say of devices that seem down since when, and for how long each must to count for its site."""
    from healthmon.config.sections.shared import Hold  # noqa: PLC0415
    from healthmon.core.grouping.holds import least_hold  # noqa: PLC0415

    for row in falling:
        own = row.pending_hold
        hold = least_hold(row.kind, settings.get(row.target), Hold(own, own, own), plans.site_down_after)
        if hold != inf and row.pending_since is not None:
            yield row.pending_since, hold


def _is_falling(row: TargetStatus) -> bool:
    """Whether a device seems down, and is believed up."""
    first = _reachability(row)
    is_device = row.kind.is_device and first.check == Check.REACHABILITY
    return is_device and first.belief is Health.UP and first.pending is Health.DOWN and first.is_changing


def _reachability(row: TargetStatus) -> TargetStatus:
    """The first of its checks."""
    if row.checks:
        return row.checks[0]
    return row
