"""Keeps the groups of endpoints, and opens and closes the incidents that explain those of their members."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from math import inf

from healthmon.config.types import Config
from healthmon.core.deadlines import Deadlines
from healthmon.core.endpoint import Endpoint
from healthmon.core.explaining import SAME_TIME
from healthmon.core.groups import (
    FEW,
    Fall,
    Members,
    Rules,
    Stance,
    biggest_fall,
    could_be_enough,
    cycle_of,
    fell_at,
    is_enough,
    is_line_cut,
    is_still_enough,
    stance_of,
    window_of,
)
from healthmon.core.incidents import DeadlineKey, Incidents
from healthmon.core.sites import Group, Sites, network_of
from healthmon.core.step import Step
from healthmon.model import Check, Ending, Health, Incident, Kind, Target

#: The key of the deadline at which a group is looked at; it goes with the target of the group.
GROUP = "group"

#: So long after its deadline what is pending is surely confirmed, or not (seconds).
CONFIRMED_WITHIN = 1.0

#: What is about to be believed up is waited for, so many times as long as it should take.
PATIENCE = 3


class Causes:
    """Every group, and how its members stand. Owned by the engine thread."""

    def __init__(self, config: Config, incidents: Incidents, deadlines: Deadlines[DeadlineKey]) -> None:
        self._incidents = incidents
        self._deadlines = deadlines
        self._sites = Sites(config.sites)
        self._rules = Rules(config.site_share, config.site_window)
        self._members: dict[Group, Members] = {}
        self._groups: dict[Target, Group] = {}
        self._providers: dict[str, Members] = {}
        #: The groups behind each PBX's line to the world.
        self._public_sites: dict[str, set[Group]] = {}
        #: Devices that work, and nobody knows where, by PBX.
        self._unplaced: dict[str, set[Target]] = {}
        self._to_review: dict[Group, None] = {}
        #: How the members of a group fell, and which of these were worked out in this step: many may be believed down
        #: in one.
        self._falls: dict[Group, Fall] = {}
        self._worked_out: set[Group] = set()
        self._calm_since: dict[Target, float] = {}
        # The monitor knows these.
        self.is_blind: Callable[[str], bool] = lambda _pbx: False
        self.endpoint_of: Callable[[Target], Endpoint | None] = lambda _target: None
        incidents.explanations.groups_of = self.groups_of
        incidents.explanations.members_down = self.members_down
        incidents.settled_at = self.settled_at
        incidents.site_of = self.site_of
        incidents.mutes_changed = self.mutes_changed

    def use(self, config: Config) -> None:
        """Take a new configuration; every endpoint must be noted anew after it."""
        self._sites.use(config.sites)
        self._rules = Rules(config.site_share, config.site_window)
        self._falls.clear()

    # ------------------------------------------------------------ what belongs together

    def groups_of(self, target: Target) -> tuple[Target, ...]:
        """The groups whose incident would explain that of a target, the biggest first."""
        line = network_of(target.pbx).target
        if not target.is_endpoint:
            group = self._groups.get(target)
            return (line,) if group is not None and group.is_public and target != line else ()
        endpoint = self.endpoint_of(target)
        if endpoint is None:
            return ()
        group = endpoint.group
        is_public = endpoint.kind is Kind.PROVIDER or (group is not None and group.is_public)
        return (*((line,) if is_public else ()), *((group.target,) if group is not None else ()))

    def members_down(self, target: Target) -> Iterable[Target] | None:
        """The members of a site, or of the providers of one host, that are not up; None: it is something else."""
        members = self._members.get(self._groups[target]) if target in self._groups else None
        return None if members is None else (*members.fallen, *members.recovering)

    def site_of(self, target: Target) -> str:
        """The name of the site where a device is, or of the site itself; "": none is known."""
        endpoint = self.endpoint_of(target) if target.is_endpoint else None
        group = endpoint.group if endpoint is not None else self._groups.get(target)
        return group.name if group is not None and group.kind is Kind.SITE else ""

    def note(self, endpoint: Endpoint, *, is_regrouped: bool = False) -> None:
        """Something about an endpoint may have changed: its belief, its place, its kind; or the sites themselves."""
        stance = stance_of(endpoint)
        # What comes back from elsewhere is back where it was lost; then it belongs to where it is.
        stays = stance is Stance.RECOVERING and endpoint.group is not None and not is_regrouped
        group = endpoint.group if stays else self._sites.group_of(endpoint.target, endpoint.kind, endpoint.address)
        is_provider = endpoint.kind is Kind.PROVIDER
        if (group, stance, is_provider) == (endpoint.group, endpoint.stance, endpoint.is_among_providers):
            if stance is not Stance.STANDING:
                self._look_later(endpoint)
            return
        self.drop(endpoint)
        endpoint.group, endpoint.stance, endpoint.is_among_providers = group, stance, is_provider
        if group is not None:
            self._known(group).add(endpoint, stance)
        if is_provider:
            self._providers.setdefault(endpoint.target.pbx, Members()).add(endpoint, stance)
        if stance is Stance.STANDING and endpoint.kind.is_device and not endpoint.places:
            self._unplaced.setdefault(endpoint.target.pbx, set()).add(endpoint.target)
        self._look_later(endpoint)

    def drop(self, endpoint: Endpoint) -> None:
        """Take an endpoint out of its groups: it is watched no longer, or belongs to others now."""
        if endpoint.stance is None:
            return
        if endpoint.group is not None:
            self._members[endpoint.group].remove(endpoint, endpoint.stance)
            self._forget_if_empty(endpoint.group)
        if endpoint.is_among_providers:
            self._providers[endpoint.target.pbx].remove(endpoint, endpoint.stance)
        self._unplaced.get(endpoint.target.pbx, set()).discard(endpoint.target)
        self._look_later(endpoint)
        endpoint.group, endpoint.stance = None, None

    def _forget_if_empty(self, group: Group) -> None:
        """Addresses change: where nobody is any more is not kept. If it has an incident, that is looked at."""
        if group in self._members and not self._members[group].size:
            del self._members[group], self._groups[group.target]
            self._public_sites.get(group.pbx, set()).discard(group)
            self._to_review.pop(group, None)
            self._falls.pop(group, None)
            if self._incident_of(group) is not None:
                self._to_review[group] = None

    def _known(self, group: Group) -> Members:
        if group not in self._members:
            self._members[group] = Members()
            self._groups[group.target] = group
            if group.kind is Kind.SITE and group.is_public:
                self._public_sites.setdefault(group.pbx, set()).add(group)
        return self._members[group]

    def _look_later(self, endpoint: Endpoint) -> None:
        """Look at the groups of an endpoint at the end of this step."""
        group, pbx = endpoint.group, endpoint.target.pbx
        if group is not None:
            self._to_review[group] = None
        if endpoint.is_among_providers or (group is not None and group.is_public):
            self._to_review[network_of(pbx)] = None

    # ------------------------------------------------------------ what a single message waits for

    def wait_until(self, endpoint: Endpoint) -> float:
        """Until when the first message about a device is held back, so that a bigger cause can still explain it.

        Seconds UTC; 0.0: nothing could.
        """
        group = endpoint.group
        if group is None or group.kind is not Kind.SITE or self._incident_of(group) is not None:
            return 0.0
        members, fall = self._members[group], self._fall(group)
        if is_enough(group, fall, self._rules):
            return fall.settled_at + CONFIRMED_WITHIN
        if not group.is_public and members.standing + len(members.fallen) < FEW:
            return 0.0
        return fell_at(endpoint) + max(self._rules.window, fall.cycle, cycle_of(endpoint))

    def window_for(self, endpoint: Endpoint) -> float:
        """How long the first message about a device is held back after it fell, if nothing else falls (seconds)."""
        group = endpoint.group
        return 0.0 if group is None or group.kind is not Kind.SITE else max(self._rules.window, cycle_of(endpoint))

    def _fall(self, group: Group) -> Fall:
        is_touched = group in self._to_review and group not in self._worked_out
        if is_touched or group not in self._falls:
            members = self._members[group]
            self._falls[group] = biggest_fall(self._unmuted(members), members.standing, self._rules)
            self._worked_out.add(group)
        return self._falls[group]

    # ------------------------------------------------------------ opening and closing

    def due(self, target: Target) -> None:
        """Look at a group that has an incident: it may be over, or healthmon has started, or its sites changed."""
        group = self._groups.get(target) or Group(Kind(target.technology), target.pbx, target.resource)
        self._to_review[group] = None

    def go_on(self) -> None:
        """Look at every group that has an incident."""
        for incident in self._incidents.all_open():
            if incident.kind.is_group:
                self.due(incident.target)

    def mutes_changed(self, target: Target) -> None:
        """What was muted counts again, or no longer does."""
        endpoint = self.endpoint_of(target)
        if endpoint is not None:
            self._look_later(endpoint)

    def review(self, step: Step) -> None:
        """Look at every group in which something changed: the small ones first, then the lines to the world."""
        self._worked_out.clear()
        for group in self._to_review:
            self._falls.pop(group, None)
        groups = sorted(self._to_review, key=lambda group: (group.kind is Kind.NETWORK, group))
        for group in groups:
            if self.is_blind(group.pbx):
                continue
            del self._to_review[group]
            incident = self._incident_of(group)
            if incident is not None:
                self._go_on(group, incident, step)
            elif group.kind is Kind.NETWORK:
                self._maybe_cut(group, step)
            else:
                self._maybe_open(group, step)
        self._worked_out.clear()

    def _incident_of(self, group: Group) -> Incident | None:
        return self._incidents.open_about(group.target, Check.REACHABILITY)

    def _maybe_open(self, group: Group, step: Step) -> None:
        members = self._members.get(group)
        needed = FEW if group.kind is Kind.SITE else 1
        if members is None or not could_be_enough(group, members, self._rules):
            return
        fall = self._fall(group)
        if fall.believed >= needed and is_enough(group, fall, self._rules):
            of = 0 if self._unplaced.get(group.pbx) and group.kind is Kind.SITE else fall.of
            self._open(group, replace(fall, of=of), step)

    def _maybe_cut(self, line: Group, step: Step) -> None:
        members = self._providers.get(line.pbx, Members())
        providers = biggest_fall(self._unmuted(members), members.standing, self._rules)
        if not providers.believed:
            return
        sites = [self._fall(site) for site in self._public_sites.get(line.pbx, ())]
        if is_line_cut(providers, sites, self._rules):
            window = window_of((one for fall in (providers, *sites) for one in fall.members), self._rules)
            together = (one.since for one in sites if one.members and abs(one.since - providers.since) <= window)
            since = min([providers.since, *together])
            self._open(line, Fall(since, tuple(self._down_behind(line, since)), 0), step)

    def _unmuted(self, members: Members) -> list[Endpoint]:
        return [one for one in members.fallen.values() if not self._incidents.is_muted(one.target)]

    def _down_behind(self, group: Group, since: float) -> list[Endpoint]:
        """The members of a group, or all behind a line, that have been down since its incident began, or later."""
        fallen = (one for members in self._all_members(group) for one in members.fallen.values())
        return [one for one in fallen if fell_at(one) >= since - SAME_TIME]

    def _recovering(self, group: Group) -> list[Endpoint]:
        return [one for members in self._all_members(group) for one in members.recovering.values()]

    def _all_members(self, group: Group) -> list[Members]:
        if group.kind is not Kind.NETWORK:
            return [self._members[group]] if group in self._members else []
        providers = self._providers.get(group.pbx)
        sites = (self._members[site] for site in self._public_sites.get(group.pbx, ()))
        return [*([providers] if providers is not None else []), *sites]

    def _open(self, group: Group, fall: Fall, step: Step) -> None:
        down = fall.members
        incident = Incident(
            id=0,
            target=group.target,
            check=Check.REACHABILITY,
            kind=group.kind,
            watch="",
            health=Health.DOWN,
            opened_at=fall.since,
            believed_at=step.now,
            cause="",
            site=self.site_of(group.target),
            watches=tuple(sorted({one.watch for one in down})),
            down=len(down),
            of=fall.of,
            peak=fall.believed,
        )
        words = self._incidents.open_cause(incident, step, self._not_before(group, fall))
        step.changes.log.append(f"{group.target}: {incident.extent}{'; ' if words else ''}{words}")

    def _not_before(self, group: Group, fall: Fall) -> float:
        """When the whole extent of an outage is known; of a site's also whether the line to the world explains it."""
        if group.kind is Kind.PROVIDERS:
            return 0.0
        waited_for = list(fall.members)
        if group.kind is Kind.SITE and group.is_public:
            waited_for += self._providers.get(group.pbx, Members()).fallen.values()
        settled_at = self._settled_at(group, waited_for, fall.since)
        if group.kind is Kind.NETWORK or not group.is_public:
            return settled_at
        return max(settled_at, fall.since + window_of(fall.members, self._rules))

    def _settled_at(self, group: Group, down: Iterable[Endpoint], since: float) -> float:
        """When all of those that are pending are surely believed, or not; 0.0: none is."""
        settled = (at + CONFIRMED_WITHIN for one in down if (at := one.deadline()) is not None)
        # A line to the world is the worst that there is: phones that are checked seldom are not waited for.
        latest = since + self._rules.window if group.kind is Kind.NETWORK else inf
        return max((at for at in settled if at <= latest), default=0.0)

    def _go_on(self, group: Group, incident: Incident, step: Step) -> None:
        if group.kind is not Kind.NETWORK and group not in self._members and self._incidents.has_left(incident):
            # The configuration puts its members elsewhere.
            target, changes = group.target, step.changes
            words = self._incidents.end(target, Check.REACHABILITY, Ending.NOT_WATCHED, step.now, changes)
            changes.log.append(f"{target}: {Ending.NOT_WATCHED}{'; ' if words else ''}{words}")
            return
        down = self._down_behind(group, incident.opened_at)
        after = self._as_wide(incident, down)
        if self._is_still_down(group, incident, down):
            self._calm_since.pop(group.target, None)
        else:
            calm_since = self._calm_since.setdefault(group.target, step.now)
            over_at = self._over_at(group, down, calm_since)
            if step.now >= over_at:
                self._close(group, after, len(down), step)
                return
            self._deadlines.set((GROUP, group.target), over_at)
        self._incidents.amend(after, step)

    def settled_at(self, incident: Incident) -> float:
        """When it is surely known how wide the outage of a group is by now."""
        group = self._groups.get(incident.target) or network_of(incident.target.pbx)
        return self._settled_at(group, self._down_behind(group, incident.opened_at), incident.opened_at)

    def _as_wide(self, incident: Incident, down: list[Endpoint]) -> Incident:
        """The incident with those who are down now.

        Those of whom nobody is told do not count, and are no reason to tell it to anybody, unless there are no others.
        """
        told_of = [one for one in down if not self._incidents.is_muted(one.target)]
        counted = len(told_of or down)
        watches = tuple(sorted({*incident.watches, *(one.watch for one in told_of)}))
        # Of those who were muted when it began nobody knew.
        of = max(incident.of, counted) if incident.of else 0
        believed = sum(one.belief is Health.DOWN for one in told_of or down)
        return replace(incident, down=counted, of=of, watches=watches, peak=max(incident.peak, believed))

    def _is_still_down(self, group: Group, incident: Incident, down: list[Endpoint]) -> bool:
        if group.kind is Kind.NETWORK:
            return self._is_still_cut(group, incident)
        members = self._members.get(group, Members())
        return is_still_enough(group, len(down), members.standing + len(members.recovering) + len(down), self._rules)

    def _is_still_cut(self, line: Group, incident: Incident) -> bool:
        def left(members: Members) -> Fall:
            down = tuple(one for one in members.fallen.values() if fell_at(one) >= incident.opened_at - SAME_TIME)
            return Fall(incident.opened_at, down, members.standing + len(members.recovering) + len(down))

        sites = [left(self._members[site]) for site in self._public_sites.get(line.pbx, ())]
        return is_line_cut(left(self._providers.get(line.pbx, Members())), sites, self._rules)

    def _over_at(self, group: Group, down: list[Endpoint], calm_since: float) -> float:
        """When a group of which few are left down is over.

        Those that are left had as long as the others to come back: ``up_after`` and one cycle of checks. Whoever is
        about to be believed up is waited for, so that all are told together.
        """
        recovering = self._recovering(group)
        left = max((max(one.policy.hold.up_after, cycle_of(one)) for one in down), default=0.0)
        soon = max((PATIENCE * (one.policy.hold.up_after + cycle_of(one)) for one in recovering), default=0.0)
        return calm_since + max(left, soon)

    def _close(self, group: Group, incident: Incident, down: int, step: Step) -> None:
        target = group.target
        calm_since = self._calm_since.pop(target, step.now)
        # What is kept is how many they were, not how few are left.
        incident = replace(incident, down=incident.peak)
        self._deadlines.clear((GROUP, target))
        # When the last of those that are back was seen again.
        returned_at = max((members.returned_at for members in self._all_members(group)), default=0.0)
        words = self._incidents.close_cause(incident, min(returned_at or calm_since, step.now), step)
        left = f"{down} still down" if down else "all back"
        step.changes.log.append(f"{target}: over; {left}{'; ' if words else ''}{words}")

    def shift(self, by: float) -> None:
        """Move the times by so many seconds: somebody set the clock."""
        self._calm_since = {target: since + by for target, since in self._calm_since.items()}
        for members in (*self._members.values(), *self._providers.values()):
            members.returned_at += by if members.returned_at else 0.0
        self._falls.clear()
