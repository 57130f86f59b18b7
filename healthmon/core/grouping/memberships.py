"""Which endpoints belong together, and how they stand: sites, the providers of one host, lines to the world."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct

from healthmon.config.configuration import Config
from healthmon.core.belief.known import Known
from healthmon.core.belief.pbx import Pbx
from healthmon.core.belief.reachability import Reachability
from healthmon.core.grouping.holds import Rules, is_ripe
from healthmon.core.grouping.members import NOT_BACK, Fall, Members, Stance, stance_of
from healthmon.core.grouping.sites import Group, Sites, network_of
from healthmon.model import Kind, Target

#: The members of a group that has none.
NOBODY = Members()


class Membership(Struct, frozen=True, gc=False):
    """Where an endpoint is counted in, and as what."""

    group: Group | None
    stance: Stance
    is_among_providers: bool
    #: The members of its group, and the providers of its PBX, as far as it is one of them.
    counted_among: tuple[Members, ...]


class Memberships:
    """Every group with its members, and which of them changed. Owned by the engine thread."""

    def __init__(self, config: Config, known: Known) -> None:
        self._known = known
        self._sites = Sites(config.sites)
        self.rules = _rules_of(config)
        #: The endpoints of whose outage nobody is told, because somebody asked for that.
        self._muted: set[Target] = set()
        self._members: dict[Group, Members] = {}
        self._groups: dict[Target, Group] = {}
        self._providers: dict[str, Members] = {}
        #: The sites of each PBX.
        self._sites_of: dict[str, dict[Group, Members]] = {}
        #: Devices that work, and nobody knows where, by PBX.
        self._unplaced: dict[str, set[Target]] = {}
        #: The groups in which something changed since they were looked at.
        self.touched: dict[Group, None] = {}
        #: Those of them that members left without being back: they belong elsewhere now, or are watched no longer.
        self.deserted: set[Target] = set()
        self._of_endpoint: dict[Target, Membership] = {}

    def use(self, config: Config) -> None:
        """Take a new configuration; every endpoint must be noted anew after it."""
        self._sites.use(config.sites)
        self.rules = _rules_of(config)

    # ------------------------------------------------------------ who belongs where

    def note(self, endpoint: Reachability, *, is_regrouped: bool = False) -> None:
        """Something about an endpoint may have changed: its belief, its place, its kind; or the sites themselves."""
        before = self._of_endpoint.get(endpoint.target)
        stance = stance_of(endpoint)
        # What comes back from elsewhere is back where it was lost; then it belongs to where it is.
        if stance is Stance.RECOVERING and before is not None and before.group is not None and not is_regrouped:
            group: Group | None = before.group
        else:
            facts = endpoint.endpoint
            group = self._sites.group_of(facts.target, facts.kind, facts.address, facts.proxy)
        is_provider = endpoint.kind is Kind.PROVIDER
        if before is not None and (before.group != group or before.is_among_providers is not is_provider):
            self._leave(endpoint.target, before, stance)
            before = None
        if before is not None and before.stance is stance:
            if stance is Stance.STANDING:
                _forget_what_was_known(before)
            else:
                self._note_in_groups(endpoint, before)
            return
        if before is None:
            counted_among = self._members_with(endpoint.target, group, is_provider=is_provider)
            for members in counted_among:
                members.add(endpoint, stance)
        else:
            counted_among = before.counted_among
            for members in counted_among:
                members.move(endpoint, before.stance, stance)
        after = self._of_endpoint[endpoint.target] = Membership(group, stance, is_provider, counted_among)
        unplaced = self._unplaced.setdefault(endpoint.target.pbx, set())
        if stance is Stance.STANDING and endpoint.kind.is_device and not endpoint.endpoint.places:
            unplaced.add(endpoint.target)
        else:
            unplaced.discard(endpoint.target)
        self._note_in_groups(endpoint, after)

    def _note_in_groups(self, endpoint: Reachability, member: Membership) -> None:
        is_muted = endpoint.target in self._muted
        for members in member.counted_among:
            members.note(endpoint, member.stance, self.rules, is_muted=is_muted)
        self._touch(endpoint.target, member)

    def _members_with(self, target: Target, group: Group | None, *, is_provider: bool) -> tuple[Members, ...]:
        found = []
        if group is not None:
            found.append(self._members_of(group))
        if is_provider:
            found.append(self._providers.setdefault(target.pbx, Members()))
        return tuple(found)

    def mute(self, target: Target, *, is_muted: bool) -> None:
        """Take note whether anybody is told of the outage of an endpoint at present."""
        if is_muted:
            self._muted.add(target)
        else:
            self._muted.discard(target)
        endpoint, member = self._known.endpoint(target), self._of_endpoint.get(target)
        if endpoint is not None and member is not None:
            self._note_in_groups(endpoint.reachability, member)

    def confirm(self, pbx: Pbx, asked_at: float) -> None:
        """Have those that have been down for the hold of their site confirmed by a snapshot that lists them so."""
        for members in self._sites_of.get(pbx.name, {}).values():
            for _, target in members.pending.within(0.0, asked_at):
                check = members.get(target)
                if is_ripe(check, asked_at, self.rules) and pbx.confirms_offline(target):
                    members.confirm(target)
                    self._note_in_groups(check, self._of_endpoint[target])

    def drop(self, target: Target) -> None:
        """Take an endpoint out of its groups: it is watched no longer."""
        before = self._of_endpoint.get(target)
        if before is not None:
            self._leave(target, before, before.stance)

    def _leave(self, target: Target, before: Membership, stance: Stance) -> None:
        """Take an endpoint out of where it was counted in; how it stands by now tells whether it leaves as down."""
        for members in before.counted_among:
            members.remove(target, before.stance)
        if before.group is not None and not self._members[before.group].size:
            # Addresses change: where nobody is any more is not kept.
            del self._members[before.group], self._groups[before.group.target]
            self._sites_of.get(before.group.pbx, {}).pop(before.group, None)
        self._unplaced.get(target.pbx, set()).discard(target)
        self.touch(target)
        if stance in NOT_BACK:
            self.deserted.update(group.target for group in self._groups_with(target, before))
        del self._of_endpoint[target]

    def _members_of(self, group: Group) -> Members:
        members = self._members.get(group)
        if members is None:
            members = self._members[group] = Members()
            self._groups[group.target] = group
            if group.kind is Kind.SITE:
                self._sites_of.setdefault(group.pbx, {})[group] = members
        return members

    def touch(self, target: Target) -> None:
        """Have the groups of an endpoint looked at."""
        member = self._of_endpoint.get(target)
        if member is None:
            return
        _forget_what_was_known(member)
        self._touch(target, member)

    def _touch(self, target: Target, member: Membership) -> None:
        for group in self._groups_with(target, member):
            self.touched[group] = None

    def _groups_with(self, target: Target, member: Membership) -> Iterator[Group]:
        """Return the groups whose outage may begin or end with one of their members."""
        if member.group is not None:
            yield member.group
        if member.is_among_providers or (member.group is not None and self.is_behind_line(member.group)):
            yield network_of(target.pbx)

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
        return self._members.get(group, NOBODY)

    def fall_of(self, group: Group) -> Fall:
        """Return the most members of a site, or of the providers of one host, that fell within one window."""
        return self._fall(group.pbx, self.of(group))

    def fall_of_providers(self, pbx: str) -> Fall:
        """Return the most providers of a PBX that fell within one window."""
        return self._fall(pbx, self.providers(pbx))

    def falls_behind_line(self, pbx: str) -> Sequence[Fall]:
        """Return the same of each site that is reached over a PBX's line."""
        return [self._fall(pbx, members) for members in self.behind_line(pbx)]

    def _fall(self, pbx: str, members: Members) -> Fall:
        return members.fall(self.rules, self._known.pbxs[pbx].unseen)

    def providers(self, pbx: str) -> Members:
        """Return all providers of a PBX."""
        return self._providers.get(pbx, NOBODY)

    def is_behind_line(self, group: Group) -> bool:
        """Whether a group is reached over its PBX's line; where no provider tells which is outside, every site is."""
        return group.is_public or not self.providers(group.pbx).of

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
        return self.of(group).not_up

    def site_of(self, target: Target) -> str:
        """Return the name of the site where a device is, or of the site itself; "": none is known."""
        group = self.group_at(target)
        if target.is_endpoint:
            group = self.group_of(target)
        if group is not None and group.kind is Kind.SITE:
            return group.name
        return ""


def _forget_what_was_known(member: Membership) -> None:
    for members in member.counted_among:
        members.known.clear()


def _rules_of(config: Config) -> Rules:
    return Rules(config.site_share, config.site_window, config.site_down_after)
