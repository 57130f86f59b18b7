"""Which endpoints belong together, and how they stand: sites, the providers of one host, lines to the world."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from healthmon.config.configuration import Config
from healthmon.core.belief.endpoint_facts import EndpointFacts
from healthmon.core.belief.known import Known
from healthmon.core.belief.reachability import Reachability
from healthmon.core.grouping.members import Members, Stance, stance_of
from healthmon.core.grouping.sites import Group, Sites, network_of
from healthmon.model import Kind, Target


class Membership(NamedTuple):
    """Where an endpoint is counted in, and as what."""

    group: Group | None
    stance: Stance
    is_among_providers: bool


class Memberships:
    """Every group with its members, and which of them changed. Owned by the engine thread."""

    def __init__(self, config: Config, known: Known) -> None:
        self._known = known
        self._sites = Sites(config.sites)
        self._members: dict[Group, Members] = {}
        self._groups: dict[Target, Group] = {}
        self._providers: dict[str, Members] = {}
        #: The sites of each PBX.
        self._sites_of: dict[str, dict[Group, Members]] = {}
        #: Devices that work, and nobody knows where, by PBX.
        self._unplaced: dict[str, set[Target]] = {}
        #: The groups in which something changed since they were looked at.
        self.touched: dict[Group, None] = {}
        self._of_endpoint: dict[Target, Membership] = {}

    def use(self, config: Config) -> None:
        """Take a new configuration; every endpoint must be noted anew after it."""
        self._sites.use(config.sites)

    # ------------------------------------------------------------ who belongs where

    def note(self, endpoint: Reachability, *, is_regrouped: bool = False) -> None:
        """Something about an endpoint may have changed: its belief, its place, its kind; or the sites themselves."""
        before = self._of_endpoint.get(endpoint.target)
        if before is not None:
            self._forget_what_was_known(endpoint.target, before)
        stance = stance_of(endpoint)
        # What comes back from elsewhere is back where it was lost; then it belongs to where it is.
        if stance is Stance.RECOVERING and before is not None and before.group is not None and not is_regrouped:
            group: Group | None = before.group
        else:
            group = self._place(endpoint.endpoint)
        after = Membership(group, stance, endpoint.kind is Kind.PROVIDER)
        if after == before:
            if stance is not Stance.STANDING:
                self.touch(endpoint.target)
            return
        if before is not None:
            self.drop(endpoint)
        self._of_endpoint[endpoint.target] = after
        if group is not None:
            self._members_of(group).add(endpoint, stance)
        if after.is_among_providers:
            self._providers.setdefault(endpoint.target.pbx, Members()).add(endpoint, stance)
        if stance is Stance.STANDING and endpoint.kind.is_device and not endpoint.endpoint.places:
            self._unplaced.setdefault(endpoint.target.pbx, set()).add(endpoint.target)
        self.touch(endpoint.target)

    def _place(self, endpoint: EndpointFacts) -> Group | None:
        return self._sites.group_of(endpoint.target, endpoint.kind, endpoint.address, endpoint.proxy)

    def drop(self, endpoint: Reachability) -> None:
        """Take an endpoint out of its groups: it is watched no longer, or belongs to others now."""
        before = self._of_endpoint.get(endpoint.target)
        if before is None:
            return
        if before.group is not None:
            self._members[before.group].remove(endpoint)
            self._forget_if_empty(before.group)
        if before.is_among_providers:
            self._providers[endpoint.target.pbx].remove(endpoint)
        self._unplaced.get(endpoint.target.pbx, set()).discard(endpoint.target)
        self.touch(endpoint.target)
        del self._of_endpoint[endpoint.target]

    def _forget_if_empty(self, group: Group) -> None:
        """Addresses change: where nobody is any more is not kept."""
        if not self._members[group].size:
            del self._members[group], self._groups[group.target]
            self._sites_of.get(group.pbx, {}).pop(group, None)

    def _members_of(self, group: Group) -> Members:
        if group not in self._members:
            self._members[group] = Members()
            self._groups[group.target] = group
            if group.kind is Kind.SITE:
                self._sites_of.setdefault(group.pbx, {})[group] = self._members[group]
        return self._members[group]

    def touch(self, target: Target) -> None:
        """Have the groups of an endpoint looked at."""
        member = self._of_endpoint.get(target)
        if member is None:
            return
        self._forget_what_was_known(target, member)
        if member.group is not None:
            self.touched[member.group] = None
        if member.is_among_providers or (member.group is not None and self.is_behind_line(member.group)):
            self.touched[network_of(target.pbx)] = None

    def _forget_what_was_known(self, target: Target, member: Membership) -> None:
        if member.group is not None:
            self.of(member.group).known.clear()
        if member.is_among_providers:
            self.providers(target.pbx).known.clear()

    def touch_group(self, target: Target) -> None:
        """Have a group looked at, also one of which no member is left."""
        self.touched[self.group_at(target) or Group(Kind(target.technology), target.pbx, target.resource)] = None

    # ------------------------------------------------------------ what is known of groups

    def group_of(self, target: Target) -> Group | None:
        """Return the group of an endpoint, or None: it is in none, or nobody knows where it is."""
        member = self._of_endpoint.get(target)
        if member is None:
            return None
        return member.group

    def of(self, group: Group) -> Members:
        """Return the members of a site, or of the providers of one host; of one that has none: nobody."""
        return self._members.get(group) or Members()

    def providers(self, pbx: str) -> Members:
        """Return all providers of a PBX."""
        return self._providers.get(pbx) or Members()

    def is_behind_line(self, group: Group) -> bool:
        """Whether a group is reached over its PBX's line; where no provider tells which is outside, every site is."""
        return group.is_public or not self.providers(group.pbx).of

    def sites_behind_line(self, pbx: str) -> list[Group]:
        """Return the sites that are reached over a PBX's line."""
        has_providers = self.providers(pbx).of > 0
        return [site for site in self._sites_of.get(pbx, ()) if site.is_public or not has_providers]

    def behind_line(self, pbx: str) -> Iterator[Members]:
        """Return the members of each site that is reached over a PBX's line."""
        has_providers = self.providers(pbx).of > 0
        sites = self._sites_of.get(pbx, {})
        return (members for site, members in sites.items() if site.is_public or not has_providers)

    def are_all_placed(self, pbx: str) -> bool:
        """Whether it is known of each device that works where it is."""
        return not self._unplaced.get(pbx)

    def group_at(self, target: Target) -> Group | None:
        """Return the site, or the providers of one host, that an incident would be about; None: nobody is there."""
        return self._groups.get(target)

    def all_of(self, group: Group) -> Iterator[Members]:
        """Return the members of a group; of a line to the world: the providers, and each public site."""
        if group.kind is Kind.NETWORK:
            yield self.providers(group.pbx)
            yield from self.behind_line(group.pbx)
        elif group in self._members:
            yield self._members[group]

    # ------------------------------------------------------------ what others ask of incidents

    def groups_of(self, target: Target) -> tuple[Target, ...]:
        """Return the groups whose incident would explain that of a target, the biggest first."""
        line = network_of(target.pbx).target
        if not target.is_endpoint:
            group = self.group_at(target)
            if group is not None and self.is_behind_line(group) and target != line:
                return (line,)
            return ()
        endpoint = self._known.endpoint(target)
        if endpoint is None:
            return ()
        group = self.group_of(target)
        groups: list[Target] = []
        if endpoint.kind is Kind.PROVIDER or (group is not None and self.is_behind_line(group)):
            groups.append(line)
        if group is not None:
            groups.append(group.target)
        return tuple(groups)

    def members_down(self, target: Target) -> Iterable[Target] | None:
        """Return the members of a site, or of the providers of one host, that are not up; None: it is no such group.

        Those that logged out are among them: from a site that is down nobody does, so they were lost with it.
        """
        group = self.group_at(target)
        if group is None:
            return None
        members = self.of(group)
        return (*members.fallen, *members.recovering, *members.logged_out)

    def site_of(self, target: Target) -> str:
        """Return the name of the site where a device is, or of the site itself; "": none is known."""
        group = self.group_at(target)
        if target.is_endpoint:
            group = self.group_of(target)
        if group is not None and group.kind is Kind.SITE:
            return group.name
        return ""

    def shift(self, by: float) -> None:
        """Move the times by so many seconds: somebody set the clock."""
        for members in (*self._members.values(), *self._providers.values()):
            members.returned_at += by if members.returned_at else 0.0
            members.known.clear()
