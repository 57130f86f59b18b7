"""Which groups have fallen, how wide by now, and which are back: grouping keeps its own open falls."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import inf
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from healthmon.config.configuration import Config
from healthmon.core.belief.endpoints import ASK_AGAIN
from healthmon.core.belief.evidence import GRACE_MARGIN
from healthmon.core.belief.inventory import FEW
from healthmon.core.belief.known import Known
from healthmon.core.belief.reachability import Reachability
from healthmon.core.deadlines import Deadline, Deadlines, Due
from healthmon.core.grouping.holds import Rules, is_ripe, known_after, known_at
from healthmon.core.grouping.members import Fall, cycle_of, fell_at
from healthmon.core.grouping.memberships import Memberships
from healthmon.core.grouping.rules import (
    are_all_lost,
    are_many_left,
    are_sites_lost,
    could_be_enough,
    could_be_most,
    fallen_together,
    is_enough,
    is_still_enough,
    is_sure,
    least_of_site,
    speaks_against,
    testifies_at,
    window_of,
)
from healthmon.core.grouping.sites import Group, network_of
from healthmon.model import Ending, Incident, Kind, Target

#: So long after its deadline what is pending is surely confirmed, or not (seconds).
CONFIRMED_WITHIN = 1.0

#: So long what is urgent waits for what belongs to it (seconds).
A_MOMENT = 5.0

#: What is about to be believed up is waited for, so many times as long as it should take.
PATIENCE = 3


class Outage(Struct, frozen=True):
    """The outage of a group, as wide as it is known to be by now."""

    group: Group
    #: When the first of its members was first seen down.
    since: float
    #: So many were up when it began; 0: not fully known. Of a network without providers these are sites.
    of: int = 0
    #: So many are believed down at present, and were at most.
    down: int = 0
    peak: int = 0
    #: The watch sections of all that it explains.
    watches: tuple[str, ...] = ()


class GroupFell(NamedTuple):
    """A group is down as a whole."""

    outage: Outage
    #: When its whole extent is known, and whether something bigger explains it (seconds UTC).
    not_before: float


class GroupLasts(NamedTuple):
    """A group that has fallen was looked at, and is down still; perhaps more of it is."""

    outage: Outage


class GroupIsBack(NamedTuple):
    """The outage of a group is over, though single members may be down still."""

    outage: Outage
    at: float
    left: int
    ending: Ending


class GroupIsNoMore(NamedTuple):
    """Those of a group that were down belong elsewhere now, or are watched no longer; nobody of it came back."""

    outage: Outage


GroupNews = GroupFell | GroupLasts | GroupIsBack | GroupIsNoMore


class Falls:
    """The outages of groups. Owned by the engine thread."""

    def __init__(
        self,
        config: Config,
        known: Known,
        members: Memberships,
        deadlines: Deadlines[Deadline],
        incidents: Iterable[Incident],
    ) -> None:
        """``incidents``: those of the last run; the groups among them are down still, as far as is known."""
        self._known = known
        self._memberships = members
        self._deadlines = deadlines
        self._open: dict[Target, Outage] = {}
        for incident in incidents:
            if incident.is_open and incident.kind.is_group and config.pbx(incident.target.pbx) is not None:
                self._open[incident.target] = _outage_of(incident)
        #: Since when so few of a fallen group are left down that it may be over.
        self._calm_since: dict[Target, float] = {}
        #: Since when an answer from outside speaks against a line that is taken for cut.
        self._answered_since: dict[Target, float] = {}
        #: When a snapshot was asked for that shows whether a site is down, before its members are believed to be.
        self._asked_at: dict[Target, float] = {}
        #: Until when it may turn out that the line to the world is cut, and not a site alone.
        self._line_known_at: dict[Target, float] = {}

    @property
    def _rules(self) -> Rules:
        return self._memberships.rules

    def use(self, config: Config) -> None:
        """Take a new configuration, after the memberships did."""
        gone = [target for target in self._open if config.pbx(target.pbx) is None]
        for target in gone:
            self._forget(target)

    # ------------------------------------------------------------ what a single message waits for

    def wait_until(self, endpoint: Reachability) -> float:
        """Until when the first message about a device is held back, so that a bigger cause can still explain it.

        Seconds UTC; 0.0: nothing could.
        """
        group = self._memberships.group_of(endpoint.target)
        if group is None or group.kind is not Kind.SITE or group.target in self._open:
            return 0.0
        members = self._memberships.of(group)
        fall = self._memberships.fall_of(group)
        if is_enough(group, fall, self._rules):
            return members.known_by(fall.since) + CONFIRMED_WITHIN
        if not group.is_public and members.standing + len(members.fallen) < FEW:
            return 0.0
        return fell_at(endpoint) + max(self._rules.window, fall.cycle, cycle_of(endpoint))

    def window_for(self, endpoint: Reachability) -> float:
        """How long the first message about a device is held back after it fell, if nothing else falls (seconds)."""
        group = self._memberships.group_of(endpoint.target)
        return 0.0 if group is None or group.kind is not Kind.SITE else max(self._rules.window, cycle_of(endpoint))

    def may_be_explained(self, endpoint: Reachability, now: float, until: float) -> bool:
        """Whether something is in sight that makes the outage of a device that of its site.

        That is others there that may be believed down until a time; and where its hold is shorter than Asterisk's
        cycle of checks, those that were not checked yet.
        """
        group = self._memberships.group_of(endpoint.target)
        if group is None or group.kind is not Kind.SITE:
            return False
        members = self._memberships.of(group)
        if any(other is not endpoint for other in members.soonest(until)):
            return True
        has_others = members.standing + len(members.fallen) >= FEW
        return has_others and now < fell_at(endpoint) + cycle_of(endpoint)

    def is_explained(self, endpoint: Reachability) -> bool:
        """Whether its site, or the providers of its host, are down already, so that it is told with them."""
        group = self._memberships.group_of(endpoint.target)
        return group is not None and group.target in self._open

    def is_growing(self, target: Target, now: float, until: float) -> bool:
        """Whether more may be known to be down until a time of a group, or of what would explain its outage."""
        if now < min(until, self._line_known_at.get(target, 0.0)):
            return True
        group = self._memberships.group_at(target) or network_of(target.pbx)
        every = list(self._memberships.all_of(group))
        if group.kind is Kind.SITE and group.is_public:
            # The fall of these would make that of a site the outage of the line to the world.
            providers = self._memberships.providers(group.pbx)
            if providers.of:
                every.append(providers)
            else:
                every += self._memberships.behind_line(group.pbx)
        return any(members.soonest(until) for members in every)

    # ------------------------------------------------------------ opening and closing

    def due(self, target: Target) -> None:
        """Look at a group that has fallen: it may be over, or healthmon has started, or its sites changed."""
        self._memberships.touch_group(target)

    def go_on(self) -> None:
        """Look at every group that has fallen."""
        for target in self._open:
            self.due(target)

    def resume(self) -> None:
        """Healthmon has started: look at every group that has fallen. The configuration may have left one empty."""
        fallen = (target for target, outage in self._open.items() if outage.group.kind is not Kind.NETWORK)
        empty = (target for target in fallen if self._memberships.group_at(target) is None)
        self._memberships.deserted.update(empty)
        self.go_on()

    def review(self, now: float, muting: Mapping[Target, bool]) -> list[GroupNews]:
        """Look at every group in which something changed: the small ones first, then the lines to the world.

        ``muting``: of which endpoints it has changed whether somebody asked for silence now.
        """
        for target, is_muted in muting.items():
            self._memberships.mute(target, is_muted=is_muted)
        touched = self._memberships.touched
        groups = sorted(touched, key=lambda group: (group.kind is Kind.NETWORK, group))
        news: list[GroupNews | None] = []
        for group in groups:
            if self._known.is_blind(group.pbx):
                continue
            del touched[group]
            outage = self._open.get(group.target)
            if outage is not None:
                # Of one that fell before healthmon was started it is known only now whether it is public.
                news.append(self._go_on(replace(outage, group=group), now))
            elif group.kind is Kind.NETWORK:
                news.append(self._maybe_cut(group, now))
            else:
                news.append(self._maybe_open(group, now))
            self._memberships.deserted.discard(group.target)
        return [each for each in news if each is not None]

    def _maybe_open(self, group: Group, now: float) -> GroupFell | None:
        if not could_be_enough(group, self._memberships.of(group), self._rules):
            self._ask_in_time(group.target, None)
            return None
        fall = self._memberships.fall_of(group)
        if not is_enough(group, fall, self._rules) or not is_sure(group, fall, self._rules):
            at = None
            if group.kind is Kind.SITE and is_enough(group, fall, self._rules):
                # Enough of it went down at once: they are asked about when that is so for long enough.
                missing = least_of_site(fall.of, self._rules) - fall.sure
                at = self._memberships.of(group).pending.nth(missing)
            self._ask_in_time(group.target, at)
            return None
        is_known = group.kind is not Kind.SITE or self._memberships.are_all_placed(group.pbx)
        return self._fell(group, fall if is_known else replace(fall, of=0), now)

    def _ask_about_rest(self, outage: Outage) -> None:
        """A site is down: ask about those that are pending when they are down for long enough, too."""
        if outage.group.kind is Kind.SITE:
            members = self._memberships.of(outage.group)
            self._ask_in_time(outage.group.target, members.known_by(outage.since) or None)

    def _maybe_cut(self, line: Group, now: float) -> GroupFell | None:
        members = self._memberships.providers(line.pbx)
        if not members.of:
            return self._maybe_most_sites(line, now)
        providers = self._memberships.fall_of_providers(line.pbx)
        if not providers.believed:
            return None
        sites = self._memberships.falls_behind_line(line.pbx)
        # To ask what stands takes a look at every phone.
        is_by_providers = are_all_lost(providers) and not self._is_contradicted(line, providers, now)
        if not is_by_providers and not are_sites_lost(providers, sites, self._rules):
            return None
        window = max(self._rules.window, *(fall.cycle for fall in (providers, *sites)))
        together = (site.since for site in sites if site.down and abs(site.since - providers.since) <= window)
        since = min([providers.since, *together])
        return self._fell(line, self._down_behind(line, since, of=0), now)

    def _is_contradicted(self, line: Group, providers: Fall, now: float) -> bool:
        """Whether something public is up that would be down if the line were, or an answer has come from outside."""
        return self._has_answered(line, providers) or self._does_site_stand(line, providers.since, now)

    def _does_site_stand(self, line: Group, since: float, now: float) -> bool:
        sites = self._memberships.behind_line(line.pbx)
        return any(speaks_against(site, since, now, self._rules) for site in sites)

    def _has_answered(self, line: Group, providers: Fall) -> bool:
        """Whether an answer has come from outside since the last of the providers was seen down."""
        last_fell_at = max(map(fell_at, providers.members), default=providers.since)
        return self._known.pbxs[line.pbx].answered_outside_at > last_fell_at

    def _maybe_most_sites(self, line: Group, now: float) -> GroupFell | None:
        """Where no provider is known, most sites at once tell that it is none of them."""
        if not could_be_most(self._memberships.behind_line(line.pbx)):
            return None
        sites = self._memberships.falls_behind_line(line.pbx)
        together = fallen_together(sites, self._rules)
        if not together:
            return None
        since = together[0].since
        known = sum(1 for site in sites if site.of)
        return self._fell(line, self._down_behind(line, since, of=known), now)

    def _down_behind(self, line: Group, since: float, of: int) -> Fall:
        """All behind a line that have been down since its outage began, or later."""
        left = [members.left(since) for members in self._memberships.all_of(line)]
        down = tuple(member for fall in left for member in fall.members)
        return Fall(since=since, down=len(down), of=of, cycle=max(fall.cycle for fall in left), find=lambda: down)

    def _fell(self, group: Group, fall: Fall, now: float) -> GroupFell:
        watches = tuple(sorted({member.watch for member in fall.members}))
        outage = self._as_wide(Outage(group, fall.since, fall.of, watches=watches))
        self._open[group.target] = outage
        self._ask_about_rest(outage)
        self._watch_for_contradiction(outage, now)
        return GroupFell(outage, self._not_before(group, fall, now))

    def _not_before(self, group: Group, fall: Fall, now: float) -> float:
        """When the whole extent of an outage is known; of a site's also whether the line to the world explains it."""
        if group.kind is Kind.SITE:
            return self._site_known_at(group, fall, now)
        settled_at = self._settled_at(group, fall.members, fall)
        if group.kind is Kind.NETWORK:
            return settled_at
        # Those that fell a moment later are named with the others; that is no reason to wait for a whole cycle.
        return settled_at if settled_at <= now + A_MOMENT else 0.0

    def _site_known_at(self, site: Group, fall: Fall, now: float) -> float:
        providers = self._memberships.providers(site.pbx)
        waited_for = list(fall.members)
        if site.is_public:
            waited_for += providers.fallen.values()
        settled_at = self._settled_at(site, waited_for, fall)
        # One cycle of checks after the first of them, Asterisk has asked all.
        all_after = max(known_after(member, self._rules) + cycle_of(member) for member in fall.members)
        settled_at = max(settled_at, fall.since + all_after + CONFIRMED_WITHIN)
        if site.is_public and not providers.of:
            # Where no provider is known, the other sites tell whether it is the line.
            settled_at = max(settled_at, fall.since + window_of(fall.members, self._rules))
        if fall.believed >= FEW or not self._memberships.is_behind_line(site):
            return settled_at
        return max(settled_at, self._watch_for_line(site, fall, now))

    def _watch_for_line(self, site: Group, fall: Fall, now: float) -> float:
        """A site is down before its members are believed to be: what would show that it is the line may be slower.

        Return until when that is waited for at the latest: as long as its members need by themselves.
        """
        providers = self._memberships.providers(site.pbx).up.values()
        pbx = self._known.pbxs[site.pbx]
        cycle = max(map(cycle_of, providers), default=pbx.longest_cycle - GRACE_MARGIN)
        hold = max((provider.hold.down_after for provider in providers), default=self._rules.down_after)
        own = max(member.hold_in_force().down_after + cycle_of(member) for member in fall.members)
        known_at = min(fall.since + cycle, fall.since + own)
        if known_at > now:
            self._line_known_at[site.target] = known_at
            self._deadlines.set(Deadline(Due.GROUP, site.target), known_at)
        return fall.since + min(cycle + hold, own) + CONFIRMED_WITHIN

    def _settled_at(self, group: Group, down: Iterable[Reachability], outage: Fall) -> float:
        """When all of those that are pending are surely believed, or not; 0.0: none is."""
        known = (known_at(member, self._rules) for member in down)
        settled = (at + CONFIRMED_WITHIN for at in known if at is not None)
        latest = self._latest(group, outage)
        return max((at for at in settled if at <= latest), default=0.0)

    def _latest(self, group: Group, outage: Fall | Outage) -> float:
        """Until when at the latest those that are pending are waited for."""
        # A line to the world is the worst that there is: phones that are checked seldom are not waited for. Where sites
        # are counted they are.
        is_line = group.kind is Kind.NETWORK and not outage.of
        return outage.since + self._rules.window if is_line else inf

    def _go_on(self, outage: Outage, now: float) -> GroupNews:
        group = outage.group
        down = [members.left(outage.since) for members in self._memberships.all_of(group)]
        count = sum(fall.down for fall in down)
        after = self._open[group.target] = self._as_wide(outage)
        mistaken = self._why_mistaken(outage, now)
        if mistaken is not None:
            return self._close(after, count, now, mistaken)
        self._ask_about_rest(after)
        if self._is_still_down(outage, down):
            self._calm_since.pop(group.target, None)
            self._watch_for_contradiction(outage, now)
            return GroupLasts(after)
        if group.target in self._memberships.deserted and self._returned_at(outage) < outage.since:
            # It is not the return of anybody that leaves so few of the group down.
            self._forget(group.target)
            return GroupIsNoMore(after)
        calm_since = self._calm_since.setdefault(group.target, now)
        over_at = self._over_at(group, down, calm_since)
        if now >= over_at:
            return self._close(after, count, now, Ending.RECOVERED)
        self._deadlines.set(Deadline(Due.GROUP, group.target), over_at)
        return GroupLasts(after)

    def _returned_at(self, outage: Outage) -> float:
        """When the last of those that are back was seen again; 0.0: nobody is."""
        return max((members.returned_at for members in self._memberships.all_of(outage.group)), default=0.0)

    def recovering_for(self, target: Target) -> float:
        """After how long a group is believed back, if it is about to be (seconds); 0.0: it is not."""
        if target not in self._calm_since:
            return 0.0
        group = self._memberships.group_at(target) or network_of(target.pbx)
        return max((members.up_after for members in self._memberships.all_of(group)), default=0.0)

    def recovers_at(self, target: Target) -> float:
        """When a group is believed back at the earliest, if it is about to be (seconds UTC); 0.0: it is not."""
        if target not in self._calm_since:
            return 0.0
        return self._calm_since[target] + self.recovering_for(target)

    def settled_at(self, target: Target) -> float:
        """When it is surely known how wide the outage of a group is by now; 0.0: it is known."""
        outage = self._open.get(target)
        if outage is None:
            return 0.0
        group = self._memberships.group_at(target) or network_of(target.pbx)
        latest = self._latest(group, outage) - CONFIRMED_WITHIN
        every = self._memberships.all_of(group)
        known_at = max((members.known_by(outage.since, latest) for members in every), default=0.0)
        return known_at + CONFIRMED_WITHIN if known_at else 0.0

    def _as_wide(self, outage: Outage) -> Outage:
        """The outage with those who are believed down now: those whose incidents it explains, and names.

        Those of whom nobody is told do not count, and are no reason to tell it to anybody, unless there are no others.
        """
        every = list(self._memberships.all_of(outage.group))
        told_of = [members.sure_since(outage.since, is_muted=False) for members in every]
        watches = tuple(sorted({*outage.watches}.union(*told_of)))
        is_muted = not any(told_of)
        if is_muted:
            told_of = [members.sure_since(outage.since, is_muted=True) for members in every]
        counted = sum(sum(counts.values()) for counts in told_of)
        if outage.group.kind is Kind.NETWORK and outage.of > 0:
            counted = self._hit_behind(outage, told_of, is_muted=is_muted)
        elif outage.group.kind is Kind.SITE:
            # Of those that were back for a moment only, and are pending again, it was sure before.
            fallen = self._memberships.of(outage.group).fallen_since(outage.since)
            counted = max(counted, min(outage.peak, fallen))
        # Of those who were muted when it began nobody knew.
        of = max(outage.of, counted) if outage.of else 0
        return replace(outage, down=counted, of=of, watches=watches, peak=max(outage.peak, counted))

    def _hit_behind(self, outage: Outage, told_of: Sequence[Mapping[str, int]], *, is_muted: bool) -> int:
        """How many sites are hit of those behind a line, and how many hosts of providers."""
        providers = self._memberships.providers(outage.group.pbx).surely_down(outage.since, is_muted=is_muted)
        hosts = {self._memberships.group_of(provider.target) for provider in providers}
        return len(hosts) + sum(bool(counts) for counts in told_of[1:])

    def _is_still_down(self, outage: Outage, left: Sequence[Fall]) -> bool:
        group = outage.group
        if group.kind is not Kind.NETWORK:
            return any(is_still_enough(group, fall.down, fall.of, self._rules) for fall in left)
        sites = self._sites_left(outage)
        if outage.of:
            return are_many_left(sites, outage.of, self._rules)
        providers = self._memberships.providers(group.pbx).left(outage.since)
        return are_all_lost(providers) or are_sites_lost(providers, sites, self._rules)

    def _why_mistaken(self, outage: Outage, now: float) -> Ending | None:
        """Say what has shown by now that the line is not down, though the providers are; None: nothing has.

        With an answer from outside the line may only just be back: then so are its providers, after their next check.
        """
        group = outage.group
        if group.kind is not Kind.NETWORK or outage.of:
            return None
        providers = self._memberships.providers(group.pbx).left(outage.since)
        if not are_all_lost(providers) or are_sites_lost(providers, self._sites_left(outage), self._rules):
            # It is not by the providers alone that the line is known to be cut.
            return None
        if self._does_site_stand(group, outage.since, now):
            return Ending.NOT_THE_LINE
        if not self._has_answered(group, providers):
            self._answered_since.pop(group.target, None)
            return None
        if now >= self._answered_since.setdefault(group.target, now) + providers.lasts + GRACE_MARGIN:
            return Ending.ANSWERED_OUTSIDE
        return None

    def _watch_for_contradiction(self, outage: Outage, now: float) -> None:
        """Look again when a public site that is up may speak against a line that is taken for cut."""
        group = outage.group
        if group.kind is Kind.NETWORK and not outage.of:
            sites = self._memberships.behind_line(group.pbx)
            times = (testifies_at(site, outage.since) for site in sites)
            # An answer from outside may come at any time.
            due = min((at for at in times if at is not None and at > now), default=inf)
            self._deadlines.set(Deadline(Due.GROUP, group.target), min(due, now + ASK_AGAIN))

    def _sites_left(self, outage: Outage) -> Sequence[Fall]:
        return [site.left(outage.since) for site in self._memberships.behind_line(outage.group.pbx)]

    def _over_at(self, group: Group, down: Sequence[Fall], calm_since: float) -> float:
        """When a group of which few are left down is over.

        Those that are left had as long as the others to come back: ``up_after`` and one cycle of checks. Whoever is
        about to be believed up is waited for, so that all are told together.
        """
        left = max((fall.lasts for fall in down), default=0.0)
        every = list(self._memberships.all_of(group))
        soon = max((members.returns_within for members in every), default=0.0)
        back_at = max((members.back_at for members in every), default=0.0)
        return max(calm_since + max(left, PATIENCE * soon), back_at)

    def _close(self, outage: Outage, left: int, now: float, ending: Ending) -> GroupIsBack:
        calm_since = self._calm_since.get(outage.group.target, now)
        self._forget(outage.group.target)
        returned_at = self._returned_at(outage)
        if returned_at < outage.since:
            returned_at = calm_since
        return GroupIsBack(outage, min(returned_at, now), left, ending)

    def _forget(self, target: Target) -> None:
        del self._open[target]
        self._calm_since.pop(target, None)
        self._answered_since.pop(target, None)
        self._line_known_at.pop(target, None)
        self._deadlines.clear(Deadline(Due.GROUP, target))
        self._ask_in_time(target, None)

    # ------------------------------------------------------------ asking before believing

    def _ask_in_time(self, target: Target, at: float | None) -> None:
        """Have it asked at a time whether a site is down, before its members are believed to be; None: at no time."""
        to_ask = Deadline(Due.ASK_SITE, target)
        if at is None:
            self._asked_at.pop(target, None)
            self._deadlines.clear(to_ask)
            return
        asked_at = self._asked_at.get(target, 0.0)
        # Asked already since then: give the answer its time.
        self._deadlines.set(to_ask, at if asked_at < at else asked_at + ASK_AGAIN)

    def to_ask(self, target: Target, now: float) -> Sequence[Target]:
        """Return the members of a site to ask about, for some of them are down for the hold of their site.

        Those that are not yet so are among them: the second witness of each has spoken then by the time that it counts.
        """
        self._memberships.touch_group(target)
        group = self._memberships.group_at(target)
        if group is None or self._known.is_blind(group.pbx):
            return ()
        self._asked_at[target] = now
        members = self._memberships.of(group)
        due = (members.get(member) for _, member in members.pending.within(0.0, now))
        if not any(is_ripe(member, now, self._rules) for member in due):
            return ()
        return [member for _, member in members.pending.within(0.0, inf)]


def _outage_of(incident: Incident) -> Outage:
    """The outage of a group that went on when healthmon stopped."""
    target = incident.target
    group = Group(incident.kind, target.pbx, target.resource)
    return Outage(group, incident.opened_at, incident.of, incident.down, incident.peak, incident.watches)
