"""Opens and closes the incidents of groups, which explain those of their members."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import inf

from msgspec.structs import replace

from healthmon.config.configuration import Config
from healthmon.core.belief.endpoint import Endpoint
from healthmon.core.belief.known import Known
from healthmon.core.deadlines import Deadlines
from healthmon.core.grouping.memberships import Memberships
from healthmon.core.grouping.rules import (
    FEW,
    Extent,
    Fall,
    Members,
    Rules,
    are_many_left,
    biggest_fall,
    could_be_enough,
    could_be_most,
    cycle_of,
    extent_of,
    fallen_together,
    fell_at,
    is_enough,
    is_line_cut,
    is_still_enough,
    speaks_against,
    testifies_at,
    window_of,
)
from healthmon.core.grouping.sites import Group, network_of
from healthmon.core.incidents.incidents import DeadlineKey, Incidents
from healthmon.core.step import Step
from healthmon.model import Check, Ending, Health, Incident, Kind, Target

#: The key of the deadline at which a group is looked at; it goes with the target of the group.
GROUP = "group"

#: So long after its deadline what is pending is surely confirmed, or not (seconds).
CONFIRMED_WITHIN = 1.0

#: So long what is urgent waits for what belongs to it (seconds).
A_MOMENT = 5.0

#: What is about to be believed up is waited for, so many times as long as it should take.
PATIENCE = 3


class Causes:
    """The outages of groups. Owned by the engine thread."""

    def __init__(
        self,
        config: Config,
        known: Known,
        members: Memberships,
        incidents: Incidents,
        deadlines: Deadlines[DeadlineKey],
    ) -> None:
        self._known = known
        self._memberships = members
        self._incidents = incidents
        self._deadlines = deadlines
        self._rules = Rules(config.site_share, config.site_window)
        #: How the members of a group fell, and which of these were worked out in this step: many may be believed down
        #: in one.
        self._falls: dict[Group, Fall] = {}
        self._worked_out: set[Group] = set()
        self._calm_since: dict[Target, float] = {}
        incidents.settled_at = self.settled_at
        incidents.mutes_changed = self.mutes_changed

    def use(self, config: Config) -> None:
        """Take a new configuration."""
        self._rules = Rules(config.site_share, config.site_window)
        self._falls.clear()

    # ------------------------------------------------------------ what a single message waits for

    def wait_until(self, endpoint: Endpoint) -> float:
        """Until when the first message about a device is held back, so that a bigger cause can still explain it.

        Seconds UTC; 0.0: nothing could.
        """
        group = self._memberships.group_of(endpoint.target)
        if group is None or group.kind is not Kind.SITE or self._incident_of(group) is not None:
            return 0.0
        members, fall = self._memberships.of(group), self._fall(group)
        if is_enough(group, fall, self._rules):
            return fall.settled_at + CONFIRMED_WITHIN
        if not group.is_public and members.standing + len(members.fallen) < FEW:
            return 0.0
        return fell_at(endpoint) + max(self._rules.window, fall.cycle, cycle_of(endpoint))

    def window_for(self, endpoint: Endpoint) -> float:
        """How long the first message about a device is held back after it fell, if nothing else falls (seconds)."""
        group = self._memberships.group_of(endpoint.target)
        return 0.0 if group is None or group.kind is not Kind.SITE else max(self._rules.window, cycle_of(endpoint))

    def may_be_explained(self, endpoint: Endpoint, now: float, until: float) -> bool:
        """Whether something is in sight that makes the outage of a device that of its site.

        That is others there that may be believed down until a time; and where its hold is shorter than Asterisk's
        cycle of checks, those that were not checked yet.
        """
        group = self._memberships.group_of(endpoint.target)
        if group is None or group.kind is not Kind.SITE:
            return False
        members = self._memberships.of(group)
        if any(one is not endpoint for one in self._pending(members, until)):
            return True
        has_others = members.standing + len(members.fallen) >= FEW
        return has_others and now < fell_at(endpoint) + cycle_of(endpoint)

    def is_explained(self, endpoint: Endpoint) -> bool:
        """Whether its site, or the providers of its host, are down already, so that it is told with them."""
        group = self._memberships.group_of(endpoint.target)
        return group is not None and self._incident_of(group) is not None

    def is_growing(self, incident: Incident, until: float) -> bool:
        """Whether more may be believed down until a time of a group, or of what would explain its outage."""
        group = self._memberships.group_at(incident.target) or network_of(incident.target.pbx)
        every = (*self._memberships.all_of(group), *self._beside(group))
        return any(self._pending(members, until) for members in every)

    def _beside(self, group: Group) -> Iterable[Members]:
        """Those whose fall would make that of a site the outage of the line to the world."""
        if group.kind is not Kind.SITE or not group.is_public:
            return ()
        providers = self._memberships.providers(group.pbx)
        return (providers,) if providers.of else self._memberships.behind_line(group.pbx)

    @staticmethod
    def _pending(members: Members, until: float) -> list[Endpoint]:
        """Some of those that may be believed down until a time; enough to tell whether there are any, and others."""
        return [endpoint for at, endpoint in members.soonest if at <= until]

    def _fall(self, group: Group) -> Fall:
        is_touched = group in self._memberships.touched and group not in self._worked_out
        if is_touched or group not in self._falls:
            members = self._memberships.of(group)
            self._falls[group] = biggest_fall(self._unmuted(members), members.standing, self._rules)
            self._worked_out.add(group)
        return self._falls[group]

    # ------------------------------------------------------------ opening and closing

    def due(self, target: Target) -> None:
        """Look at a group that has an incident: it may be over, or healthmon has started, or its sites changed."""
        self._memberships.touch_group(target)

    def go_on(self) -> None:
        """Look at every group that has an incident."""
        for incident in self._incidents.all_open():
            if incident.kind.is_group:
                self.due(incident.target)

    def mutes_changed(self, target: Target) -> None:
        """What was muted counts again, or no longer does."""
        self._memberships.touch(target)

    def review(self, step: Step) -> None:
        """Look at every group in which something changed: the small ones first, then the lines to the world."""
        touched = self._memberships.touched
        self._worked_out.clear()
        for group in touched:
            self._falls.pop(group, None)
        groups = sorted(touched, key=lambda group: (group.kind is Kind.NETWORK, group))
        for group in groups:
            if self._known.is_blind(group.pbx):
                continue
            del touched[group]
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
        needed = FEW if group.kind is Kind.SITE else 1
        if not could_be_enough(group, self._memberships.of(group), self._rules):
            return
        fall = self._fall(group)
        if fall.believed >= needed and is_enough(group, fall, self._rules):
            is_known = group.kind is not Kind.SITE or self._memberships.are_all_placed(group.pbx)
            self._open(group, fall if is_known else replace(fall, of=0), step)

    def _maybe_cut(self, line: Group, step: Step) -> None:
        members = self._memberships.providers(line.pbx)
        if not members.of:
            self._maybe_most_sites(line, step)
            return
        providers = biggest_fall(self._unmuted(members), members.standing, self._rules)
        if not providers.believed:
            return
        sites = self._falls_behind(line)
        is_contradicted = self._is_contradicted(line, providers.since, step.now)
        if is_line_cut(providers, sites, self._rules, is_contradicted=is_contradicted):
            window = window_of((one for fall in (providers, *sites) for one in fall.members), self._rules)
            together = (one.since for one in sites if one.members and abs(one.since - providers.since) <= window)
            since = min([providers.since, *together])
            self._open(line, Fall(since, tuple(self._down_behind(line, since)), 0), step)

    def _is_contradicted(self, line: Group, since: float, now: float) -> bool:
        """Whether something public is up that would be down if the line were."""
        sites = self._memberships.behind_line(line.pbx)
        return any(speaks_against(site, since, now, self._rules) for site in sites)

    def _falls_behind(self, line: Group) -> Sequence[Fall]:
        return [self._fall(site) for site in self._memberships.sites_behind_line(line.pbx)]

    def _maybe_most_sites(self, line: Group, step: Step) -> None:
        """Where no provider is known, most sites at once tell that it is none of them."""
        if not could_be_most(self._memberships.behind_line(line.pbx)):
            return
        sites = self._falls_behind(line)
        together = fallen_together(sites, self._rules)
        if together:
            since = together[0].since
            known = sum(1 for site in sites if site.of)
            self._open(line, Fall(since, tuple(self._down_behind(line, since)), known), step)

    def _unmuted(self, members: Members) -> list[Endpoint]:
        return [one for one in members.fallen.values() if not self._incidents.is_muted(one.target)]

    def _down_behind(self, group: Group, since: float) -> list[Endpoint]:
        """The members of a group, or all behind a line, that have been down since its incident began, or later."""
        return [one for members in self._memberships.all_of(group) for one in members.left(since).members]

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
            site=self._memberships.site_of(group.target),
            watches=tuple(sorted({one.watch for one in down})),
            of=fall.of,
        )
        incident = self._as_wide(group, incident)
        words = self._incidents.open_cause(incident, step, self._not_before(group, fall, step.now))
        step.changes.log.append(f"{group.target}: {incident.extent}{'; ' if words else ''}{words}")
        self._watch_for_contradiction(group, incident, step.now)

    def _not_before(self, group: Group, fall: Fall, now: float) -> float:
        """When the whole extent of an outage is known; of a site's also whether the line to the world explains it."""
        if group.kind is Kind.PROVIDERS:
            # Those that fell a moment later are named with the others; that is no reason to wait for a whole cycle.
            settled_at = self._settled_at(group, fall.members, fall)
            return settled_at if settled_at <= now + A_MOMENT else 0.0
        waited_for = list(fall.members)
        if group.kind is Kind.SITE and group.is_public:
            waited_for += self._memberships.providers(group.pbx).fallen.values()
        settled_at = self._settled_at(group, waited_for, fall)
        if group.kind is Kind.NETWORK:
            return settled_at
        # One cycle of checks after the first of them, Asterisk has asked all.
        all_at = max(one.hold_in_force().down_after + cycle_of(one) for one in fall.members) + CONFIRMED_WITHIN
        settled_at = max(settled_at, fall.since + all_at)
        if not group.is_public or self._memberships.providers(group.pbx).of:
            return settled_at
        # Where no provider is known, the other sites tell whether it is the line.
        return max(settled_at, fall.since + window_of(fall.members, self._rules))

    def _settled_at(self, group: Group, down: Iterable[Endpoint], outage: Fall) -> float:
        """When all of those that are pending are surely believed, or not; 0.0: none is."""
        settled = (at + CONFIRMED_WITHIN for one in down if (at := one.deadline()) is not None)
        latest = self._latest(group, outage)
        return max((at for at in settled if at <= latest), default=0.0)

    def _latest(self, group: Group, outage: Fall | Incident) -> float:
        """Until when at the latest those that are pending are waited for."""
        # A line to the world is the worst that there is: phones that are checked seldom are not waited for. Where sites
        # are counted they are.
        began_at = outage.opened_at if isinstance(outage, Incident) else outage.since
        is_line = group.kind is Kind.NETWORK and not outage.of
        return began_at + self._rules.window if is_line else inf

    def _go_on(self, group: Group, incident: Incident, step: Step) -> None:
        if group.kind is not Kind.NETWORK and not self._memberships.has(group) and self._incidents.has_left(incident):
            # The configuration puts its members elsewhere.
            target, changes = group.target, step.changes
            words = self._incidents.end(target, Check.REACHABILITY, Ending.NOT_WATCHED, step.now, changes)
            changes.log.append(f"{target}: {Ending.NOT_WATCHED}{'; ' if words else ''}{words}")
            return
        down = [members.left(incident.opened_at) for members in self._memberships.all_of(group)]
        count = sum(len(fall.members) for fall in down)
        after = self._as_wide(group, incident)
        if self._is_mistaken(group, incident, step.now):
            self._close(group, after, count, step, Ending.NOT_THE_LINE)
            return
        if self._is_still_down(group, incident, count):
            self._calm_since.pop(group.target, None)
            self._watch_for_contradiction(group, incident, step.now)
        else:
            calm_since = self._calm_since.setdefault(group.target, step.now)
            over_at = self._over_at(group, down, calm_since)
            if step.now >= over_at:
                self._close(group, after, count, step)
                return
            self._deadlines.set((GROUP, group.target), over_at)
        self._incidents.amend(after, step)

    def recovering_for(self, target: Target) -> float:
        """After how long a group is believed back, if it is about to be (seconds); 0.0: it is not."""
        if target not in self._calm_since:
            return 0.0
        group = self._memberships.group_at(target) or network_of(target.pbx)
        return max((members.up_after for members in self._memberships.all_of(group)), default=0.0)

    def settled_at(self, incident: Incident) -> float:
        """When it is surely known how wide the outage of a group is by now."""
        group = self._memberships.group_at(incident.target) or network_of(incident.target.pbx)
        opened_at, latest = incident.opened_at, self._latest(group, incident)
        every = self._memberships.all_of(group)
        settled = (at + CONFIRMED_WITHIN for members in every for at in members.deadlines_since(opened_at))
        return max((at for at in settled if at <= latest), default=0.0)

    def _as_wide(self, group: Group, incident: Incident) -> Incident:
        """The incident with those who are believed down now: those whose incidents it explains, and names.

        Those of whom nobody is told do not count, and are no reason to tell it to anybody, unless there are no others.
        """
        every = list(self._memberships.all_of(group))
        told_of = [self._extent_told_of(members, incident.opened_at) for members in every]
        watches = tuple(sorted({*incident.watches}.union(*(extent.watches for extent in told_of))))
        extents = told_of
        if not any(extent.size for extent in told_of):
            extents = [self._extent_of(members.believed_down_since(incident.opened_at)) for members in every]
        counts_sites = group.kind is Kind.NETWORK and incident.of > 0
        groups = frozenset[Group | None]().union(*(extent.groups for extent in extents))
        counted = len(groups) if counts_sites else sum(extent.size for extent in extents)
        # Of those who were muted when it began nobody knew.
        of = max(incident.of, counted) if incident.of else 0
        return replace(incident, down=counted, of=of, watches=watches, peak=max(incident.peak, counted))

    def _extent_told_of(self, members: Members, since: float) -> Extent:
        def work_out() -> Extent:
            down = members.believed_down_since(since)
            return self._extent_of([one for one in down if not self._incidents.is_muted(one.target)])

        return members.once(("told of", since), work_out)

    def _extent_of(self, down: Sequence[Endpoint]) -> Extent:
        return extent_of(down, (self._memberships.group_of(endpoint.target) for endpoint in down))

    def _is_still_down(self, group: Group, incident: Incident, down: int) -> bool:
        if group.kind is Kind.NETWORK:
            return self._is_still_cut(group, incident)
        members = self._memberships.of(group)
        return is_still_enough(group, down, members.standing + len(members.recovering) + down, self._rules)

    def _is_mistaken(self, group: Group, incident: Incident, now: float) -> bool:
        """Whether the providers are down, and a public site has shown by now that the line is not."""
        if group.kind is not Kind.NETWORK or incident.of or not self._is_contradicted(group, incident.opened_at, now):
            return False
        return self._is_still_cut(group, incident) and not self._is_still_cut(group, incident, is_contradicted=True)

    def _watch_for_contradiction(self, group: Group, incident: Incident, now: float) -> None:
        """Look again when a public site that is up may speak against a line that is taken for cut."""
        if group.kind is Kind.NETWORK and not incident.of:
            sites = self._memberships.behind_line(group.pbx)
            times = (testifies_at(site, incident.opened_at) for site in sites)
            due = min((at for at in times if at is not None and at > now), default=None)
            if due is not None:
                self._deadlines.set((GROUP, group.target), due)

    def _is_still_cut(self, line: Group, incident: Incident, *, is_contradicted: bool = False) -> bool:
        sites = [site.left(incident.opened_at) for site in self._memberships.behind_line(line.pbx)]
        if incident.of:
            return are_many_left(sites, incident.of, self._rules)
        providers = self._memberships.providers(line.pbx).left(incident.opened_at)
        return is_line_cut(providers, sites, self._rules, is_contradicted=is_contradicted)

    def _over_at(self, group: Group, down: Sequence[Fall], calm_since: float) -> float:
        """When a group of which few are left down is over.

        Those that are left had as long as the others to come back: ``up_after`` and one cycle of checks. Whoever is
        about to be believed up is waited for, so that all are told together.
        """
        left = max((fall.lasts for fall in down), default=0.0)
        soon = max((members.returns_within for members in self._memberships.all_of(group)), default=0.0)
        return calm_since + max(left, PATIENCE * soon)

    def _close(
        self, group: Group, incident: Incident, down: int, step: Step, ending: Ending = Ending.RECOVERED
    ) -> None:
        target = group.target
        calm_since = self._calm_since.pop(target, step.now)
        # What is kept is how many they were, not how few are left.
        incident = replace(incident, down=incident.peak)
        self._deadlines.clear((GROUP, target))
        # When the last of those that are back was seen again.
        returned_at = max((members.returned_at for members in self._memberships.all_of(group)), default=0.0)
        at = min(returned_at or calm_since, step.now)
        words = self._incidents.close_cause(incident, at, step, ending=ending)
        left = f"{down} still down" if down else "all back"
        over = "over" if ending is Ending.RECOVERED else ending.value
        step.changes.log.append(f"{target}: {over}; {left}{'; ' if words else ''}{words}")

    def shift(self, by: float) -> None:
        """Move the times by so many seconds: somebody set the clock."""
        self._calm_since = {target: since + by for target, since in self._calm_since.items()}
        self._falls.clear()
