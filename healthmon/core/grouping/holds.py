"""The hold of a site: how long enough of its members must be down until it is believed down before they are. Pure."""

from __future__ import annotations

from math import inf

from msgspec import Struct
from msgspec.structs import replace

from healthmon.config.sections.shared import Hold
from healthmon.core.belief.evidence import known_cycle
from healthmon.core.belief.reachability import Reachability
from healthmon.model import EndpointSettings, Kind


class Rules(Struct, frozen=True):
    """What the configuration says about sites."""

    #: This part of a site's phones must be down.
    share: float = 0.3
    #: They must have gone down within so many seconds, or within Asterisk's longest cycle of checks among them.
    window: float = 30.0
    #: So many of them must have been down for so long (seconds).
    down_after: float = 30.0


def site_hold(member: Reachability, rules: Rules) -> float:
    """How long a member that is pending must be down to count for its site (seconds); infinite: never before itself.

    That is so where Asterisk is not known to check it: then a second look says no more than the first one.
    """
    own = member.plain_hold()
    lasts = least_hold(member.kind, member.endpoint.settings, own, rules.down_after)
    if not member.may_hold_grow or lasts == inf:
        return lasts
    return member.grown(replace(own, down_after=lasts)).down_after


def least_hold(kind: Kind, settings: EndpointSettings | None, own: Hold, down_after: float) -> float:
    """How long an endpoint must be down at least to count for its site (seconds); infinite: never before itself.

    ``own``: its own hold that is in force. ``down_after``: what the configuration says of sites (seconds).
    """
    cycle = known_cycle(settings)
    if cycle is None or not kind.is_device:
        return inf
    lasts = max(cycle, min(down_after, own.down_after))
    if lasts >= own.down_after:
        return inf
    return lasts


def known_after(member: Reachability, rules: Rules) -> float:
    """After how long it is known whether it is down, by itself or for its site (seconds)."""
    return min(member.hold_in_force().down_after, site_hold(member, rules))


def known_at(member: Reachability, rules: Rules) -> float | None:
    """When it is known whether a member that is pending is down, by itself or for its site; None: it is not pending."""
    deadline = member.deadline()
    return None if deadline is None else min(deadline, member.down_clock + site_hold(member, rules))


def is_ripe(member: Reachability, at: float, rules: Rules) -> bool:
    """Whether it is pending for the hold of its site by then, and not yet for its own."""
    deadline = member.deadline()
    return deadline is not None and at < deadline and member.down_clock + site_hold(member, rules) <= at
