"""Incidents -> who is told what (rule 14): the fourth stage. Why nobody is told is booked, too."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from msgspec.structs import replace

from healthmon.config.configuration import Config
from healthmon.core.alerting.cohorts import Cohorts
from healthmon.core.alerting.decide import AGAIN, TELLING_ENDS_AFTER, Policy
from healthmon.core.alerting.dispatch import Dispatch
from healthmon.core.alerting.gathering import Gathering
from healthmon.core.alerting.inhibition import Inhibition, is_beside, is_group_back, is_left_of, is_part_of
from healthmon.core.alerting.routing import Routing
from healthmon.core.belief.endpoints import ASK_AGAIN
from healthmon.core.belief.known import Known
from healthmon.core.belief.news import CheckSeen
from healthmon.core.belief.restless import Restless
from healthmon.core.deadlines import Deadline, Deadlines, Due
from healthmon.core.grouping.falls import CONFIRMED_WITHIN
from healthmon.core.grouping.grouping import Grouping
from healthmon.core.incidents.index import Index
from healthmon.core.incidents.news import IncidentChanged, IncidentNews, IncidentOpened, IncidentWidened
from healthmon.core.orders.muting import MAINTENANCE_MODE, Muting, is_for_now, its_begin, its_end
from healthmon.core.orders.severity import Severities
from healthmon.core.step import Step
from healthmon.model import (
    ENDPOINT_CHECKS,
    Acknowledgement,
    Changes,
    Check,
    Commands,
    Delay,
    Health,
    Incident,
    Note,
    Release,
    Remembered,
    Target,
    Told,
    asks_for_help,
)
from healthmon.times.wall import Wall

#: What nobody can see waits for so long to be told: until it can be seen (seconds).
UNTIL_SEEN = 10 * 365 * 86400.0

#: How the words begin that say why nobody is told.
TOLD_NOBODY = "told nobody: "

#: … and that they are told later.
TOLD_WITH = "told with the end of "


class WaitingMessage(NamedTuple):
    """An incident of which a message waits for others that may join or explain it."""

    incident: Incident
    #: Until when at the latest (seconds UTC).
    until: float
    urls: tuple[str, ...]
    #: For so long it waits for what may join it (seconds).
    group_wait: float


class Alerting:
    """Decides who is told of which incident. Owned by the engine thread."""

    def __init__(
        self,
        config: Config,
        remembered: Remembered,
        *,
        known: Known,
        restless: Restless,
        grouping: Grouping,
        index: Index,
        severities: Severities,
        deadlines: Deadlines[Deadline],
        wall: Wall,
    ) -> None:
        self._known = known
        self._grouping = grouping
        self._index = index
        self._severities = severities
        self._deadlines = deadlines
        self.inhibition = Inhibition(index, known, grouping.members)
        self._routing = Routing(config, wall)
        self.cohorts = Cohorts(known, grouping.falls, self._routing)
        self.gathering = Gathering(known, restless)
        self._dispatch = Dispatch(config, self._routing, self.cohorts, self.gathering, remembered.told)
        self._commands = remembered.commands
        #: Of these nothing was told when something fell due, for nobody could see whether they last.
        self._out_of_sight: set[int] = set()
        #: What waits to be told of these waits for whether they last: they were seen to be better.
        self._may_be_over: set[int] = set()
        self._muting = Muting(config, remembered.commands.silences, wall)

    def use(self, config: Config) -> None:
        """Take a new configuration."""
        self._routing.use(config)
        self._dispatch.use(config)
        self._muting.use(config)

    def urls_of_watch(self, target: Target, watch: str) -> tuple[str, ...]:
        """The URLs that are told about the targets of this watch section ("": about the PBX itself)."""
        return self._routing.urls_for(target, watch)

    # ------------------------------------------------------------ what the incidents tell

    def take(self, news: IncidentNews, step: Step) -> str:
        """Tell whoever is to be told of what is new, and say in words who that is."""
        if isinstance(news, IncidentOpened):
            return self._opened(news, step)
        if isinstance(news, IncidentWidened):
            before, after = news.before, news.after
            if after.watches != before.watches:
                self._dispatch.widen_audience(after, set(after.watches) - set(before.watches))
            elif after.down <= before.down:
                return ""
            return self._tell(after, step.now, step.changes)
        return self._changed(news, step)

    def _opened(self, news: IncidentOpened, step: Step) -> str:
        now, changes = step.now, step.changes
        self.gathering.leave(news.after, step)
        not_before = max(news.not_before, self._may_be_explained_until(news.after, now))
        incident = self._explained(news.after, changes)
        if incident != news.after:
            self._index.book(incident, changes)
        words = self._tell(incident, now, changes, is_new=True, not_before=not_before)
        if words.startswith(TOLD_NOBODY) and not self._index.now(incident).muted_by:
            changes.notes.append(Note(incident.id, now, words))
        self._bigger_changed(incident, now, changes)
        return words

    def _may_be_explained_until(self, incident: Incident, now: float) -> float:
        """Until when a bigger cause may still be found (seconds UTC); 0.0: none could be.

        An earlier check of the same endpoint that takes longer than this one's hold is not waited for: Asterisk may
        check once in ten minutes.
        """
        endpoint = self._known.endpoint(incident.target)
        if endpoint is None:
            return 0.0
        if incident.check == Check.REACHABILITY:
            return self._grouping.falls.wait_until(endpoint.reachability)
        known_at = endpoint.earlier_falls_at(incident.check)
        if known_at is None or known_at > now + endpoint.checks[incident.check].hold.down_after:
            return 0.0
        return known_at + CONFIRMED_WITHIN

    def _changed(self, news: IncidentChanged, step: Step) -> str:
        now, changes = step.now, step.changes
        before, after = news.before, news.after
        if is_group_back(after) and after.acked_at is not None:
            # What is left down is acknowledged if the group was.
            for smaller in self.inhibition.smaller(after):
                self._hand_down(after, smaller, step)
        if after.is_open and asks_for_help(after.cause) and not asks_for_help(before.cause):
            return self._tell(after, now, changes, has_more_to_say=True)
        if _as_told(before) == _as_told(after):
            return ""
        if before.flapping and not after.flapping:
            self.gathering.leave(after, step)
            after = self._as_explained(after, changes)
        words = self._tell(after, now, changes)
        if not after.is_open and words.startswith((TOLD_NOBODY, TOLD_WITH)):
            changes.notes.append(Note(after.id, now, f"its end: {words}"))
        self._bigger_changed(after, now, changes)
        return words

    def _hand_down(self, bigger: Incident, smaller: Incident, step: Step) -> None:
        """Who took note of the bigger one took note of what is left of it."""
        if is_part_of(smaller, bigger) and smaller.acked_at is None:
            after = replace(smaller, acked_at=bigger.acked_at, acked_by=bigger.acked_by, ack_reason=bigger.ack_reason)
            self._index.book(after, step.changes)
            step.changes.notes.append(
                Note(after.id, step.now, f"acknowledged with incident {bigger.id} by {bigger.acked_by}")
            )

    def tell_event(self, event: Incident, step: Step) -> str:
        """Tell an event that is over in its moment; say in words who is told."""
        told: tuple[str, ...] = ()
        muted_by = self._muting.muted_by(event, step.now)
        if muted_by:
            event = replace(event, muted_by=muted_by)
            self._index.book(event, step.changes)
        else:
            told = self._dispatch.tell_event(event, step)
        if told:
            return f"tells {', '.join(told)}"
        words = f"{TOLD_NOBODY}{muted_by or 'no receiver'}"
        step.changes.notes.append(Note(event.id, step.now, words))
        self._drop(event)
        return words

    def waiting_for_others(self, pbx: str) -> list[Incident]:
        """Return the open incidents of a PBX's devices and groups of which a first message waits."""
        behind = (self._index.get(number) for number in sorted(self._index.behind(pbx)))
        first_waits = self._dispatch.has_first_waiting
        waiting = (incident for incident in behind if incident is not None and first_waits(incident.id))
        return [incident for incident in waiting if incident.kind.is_device or incident.kind.is_group]

    # ------------------------------------------------------------ the bigger incident that explains it

    def _explained(self, incident: Incident, changes: Changes) -> Incident:
        """The incident, with the bigger one that explains it, if there is one.

        A PBX explains what somebody has not been told yet; a group also what was told a moment before it opened, and an
        earlier check of the same endpoint whatever was told.
        """
        bigger = self.inhibition.bigger(incident)
        if bigger is None or self.inhibition.lasting(incident) is not None:
            return incident
        explains_told = bigger.kind.is_group or is_beside(incident, bigger)
        if not explains_told and not self._dispatch.has_untold(incident):
            return incident
        dropped = self._dispatch.explain_away(incident.id)
        if dropped:
            changes.explained[incident.id] = bigger.id
            if is_beside(incident, bigger) and not dropped.issubset(AGAIN):
                # Nobody was told that it went down: people count from what they were told.
                incident = replace(incident, fell_at=None)
        return replace(incident, explained_by=bigger.id)

    def _as_explained(self, incident: Incident, changes: Changes) -> Incident:
        """The incident of what came and went, and stays down, with what explains that."""
        if not incident.is_open:
            return incident
        after = self._explained(incident, changes)
        if after != incident:
            self._index.book(after, changes)
        return after

    def _bigger_changed(self, incident: Incident, now: float, changes: Changes) -> None:
        """Look again at the smaller incidents: their message is held back, or is due after all."""
        for smaller in self.inhibition.smaller(incident):
            after = smaller
            if smaller.is_open:
                after = self._explained(smaller, changes)
            if after != smaller:
                self._index.book(after, changes)
                changes.notes.append(Note(after.id, now, f"explained by incident {after.explained_by}"))
            if is_left_of(after, incident):
                self._dispatch.join(after, incident)
            words = self._tell(after, now, changes)
            if words and after.explained_by is not None:
                changes.log.append(f"{after.name}: incident {after.id}; {words}")

    def review_beside(self, target: Target, step: Step) -> None:
        """Something was seen of an endpoint's reachability: what our own OPTIONS explained may stand for itself."""
        incident = self._index.open_about(target, Check.OPTIONS)
        if incident is not None and not self.inhibition.explains_beside(incident):
            self._bigger_changed(incident, step.now, step.changes)

    # ------------------------------------------------------------ messages that wait

    def wait_again(self, incident: Incident, until: float) -> None:
        """Nothing was looked at for a while: what waits to be told of it waits on, at the latest until then."""
        self._dispatch.wait_until(incident.id, until)

    def is_left_out_of_sight(self, incident: Incident) -> bool:
        """Whether what explained it is over, and nobody can see whether it lasts."""
        return incident.explained_by is not None and self.is_out_of_sight(incident)

    def is_out_of_sight(self, incident: Incident) -> bool:
        """Whether nobody can see whether it lasts, and nothing explains that."""
        is_unseen = incident.is_open and self._known.is_unseen(incident.target, incident.check)
        return is_unseen and self.inhibition.lasting(incident) is None

    def out_of_sight(self, pbx: str) -> list[Incident]:
        """Return the incidents behind a PBX of which a message waits until they can be seen."""
        behind = (self._index.get(number) for number in sorted(self._index.behind(pbx)))
        waiting = (incident for incident in behind if incident is not None and self._dispatch.is_waiting(incident.id))
        return [incident for incident in waiting if self.is_left_out_of_sight(incident)]

    def wait_for_sight(self, incident: Incident, due_after: float, step: Step) -> None:
        """What would be told of an incident after a time waits until somebody can see whether it lasts."""
        until = step.now + UNTIL_SEEN
        step.changes.delays.append(Delay(incident.id, due_after, until))
        self.wait_again(incident, until)

    def held(self, now: float) -> list[WaitingMessage]:
        """Return what waits, and is not due yet by itself."""
        held = []
        for number, until in list(self._dispatch.waits_until.items()):
            incident = self._index.get(number)
            if incident is None or now >= until or not self._dispatch.is_waiting(number):
                del self._dispatch.waits_until[number]
            else:
                audience, group_wait = self._dispatch.audience(incident), self._dispatch.group_wait(incident)
                held.append(WaitingMessage(incident, until, audience, group_wait))
        return held

    def release(self, incident: Incident, step: Step) -> None:
        """Nothing is left to wait for: what waits to be told of it is due now."""
        del self._dispatch.waits_until[incident.id]
        step.changes.releases.append(Release(incident.id, step.now))

    # ------------------------------------------------------------ telling

    def _policy(self, incident: Incident, now: float) -> Policy:
        bigger, former = self.inhibition.lasting(incident), self._index.get(incident.explained_by)
        recovering_for = self._recovering_for(incident)
        muted_by = incident.muted_by
        if not incident.is_open:
            # What mutes it now may hold back that it is stable.
            muted_by = self._muting.muted_by(incident, now)
            if not is_for_now(muted_by):
                muted_by = ""
        return Policy(
            remind_every=self._routing.remind_every(incident),
            is_explained=bigger is not None,
            waits_for_bigger=bigger is not None and (bigger.kind.is_group or is_beside(incident, bigger)),
            is_left=former is not None and former is not bigger and is_beside(incident, former),
            is_out_of_sight=self.is_out_of_sight(incident),
            muted_by=muted_by,
            is_acknowledged=incident.acked_at is not None,
            daily_line=self._routing.daily_line(incident, now - recovering_for),
            recovering_for=recovering_for,
            recovers_at=self._recovers_at(incident),
        )

    def _tell(
        self,
        incident: Incident,
        now: float,
        changes: Changes,
        *,
        is_new: bool = False,
        not_before: float | None = None,
        has_more_to_say: bool = False,
    ) -> str:
        """Tell whoever is to be told, and say in words who that is.

        ``not_before``: None: of a group, when it is known how wide its outage is by now; of anything else at once.
        """
        incident = self._as_muted(self._as_rated(incident, changes), now, changes)
        policy = replace(self._policy(incident, now), has_more_to_say=has_more_to_say)
        if policy.is_out_of_sight:
            self._out_of_sight.add(incident.id)
        if not_before is None:
            not_before = self._not_before(incident, policy, now)
        waits = is_new and bool(incident.cohort)
        booked = self._dispatch.tell(incident, policy, now, changes, waits_for_cohort=waits, not_before=not_before)
        self._remind_later(incident, policy, now)
        if self._dispatch.is_finished(incident):
            self._drop(incident)
        if booked:
            return f"tells {', '.join(booked)}"
        return self._why_nobody(incident, policy)

    def _not_before(self, incident: Incident, policy: Policy, now: float) -> float:
        """Until when a message about what lasts, or seems to, waits for whether it does (seconds UTC); 0.0: it knows.

        What seems to be well is told for the first time only if it does not stay so.
        """
        if not incident.is_open:
            return 0.0
        settled_at = 0.0
        if incident.kind.is_group:
            settled_at = self._grouping.falls.settled_at(incident.target)
        if policy.is_explained:
            return settled_at
        if _is_of_later_check(incident) and (incident.explained_by is not None or policy.recovering_for):
            return self._lasts_by(incident, now)
        if policy.recovering_for and not incident.flapping and self._dispatch.has_untold(incident):
            self._may_be_over.add(incident.id)
            return max(settled_at, self._lasts_by(incident, now))
        return settled_at

    def _lasts_by(self, incident: Incident, now: float) -> float:
        """When it is known at the latest whether it lasts, though it may be over (seconds UTC).

        What is seen to be well until then is told only if it does not stay so.
        """
        machine = self._known.machine(incident.target, incident.check)
        if machine is not None:
            recovers_within = machine.recovers_within
        else:
            recovers_within = self._recovering_for(incident)
        endpoint, settles_at = self._known.endpoint(incident.target), 0.0
        if endpoint is not None:
            settles_at = endpoint.settles_at(incident.check, now)
        return max(now, settles_at) + recovers_within + ASK_AGAIN

    def _recovering_for(self, incident: Incident) -> float:
        """After how long it is believed better, if it is about to be (seconds); 0.0: it is not."""
        if incident.kind.is_group:
            return self._grouping.falls.recovering_for(incident.target)
        return self._known.recovering_for(incident.target, incident.check)

    def _recovers_at(self, incident: Incident) -> float:
        """When it is believed better at the earliest, if it is about to be (seconds UTC); 0.0: it is not."""
        if incident.kind.is_group:
            return self._grouping.falls.recovers_at(incident.target)
        return self._known.recovers_at(incident.target, incident.check)

    def may_be_over(self, incident: Incident) -> bool:
        """Whether its message waits because it, or its PBX, was seen to be better, and still seems so."""
        if incident.id not in self._may_be_over:
            return False
        return self._recovering_for(incident) > 0 or self._returning_pbx(incident.target.pbx) is not None

    def _returning_pbx(self, pbx: str) -> Incident | None:
        """Return what was told of a PBX that could not be seen, and can be, while that is not believed yet; or None."""
        incident = self._index.open_about(Target(pbx), Check.CONNECTION)
        if incident is None or not (incident.health is Health.DOWN or incident.is_unseen):
            return None
        if self._known.is_blind(pbx) or not self._recovering_for(incident):
            return None
        return incident

    def _why_nobody(self, incident: Incident, policy: Policy) -> str:
        if not self._dispatch.audience(incident):
            return f"{TOLD_NOBODY}no receiver"
        if not incident.is_open:
            return self._why_nobody_of_end(incident, policy)
        if policy.muted_by:
            return f"{TOLD_NOBODY}{policy.muted_by}"
        if policy.is_explained:
            return f"{TOLD_NOBODY}explained by incident {incident.explained_by}"
        if policy.is_out_of_sight:
            return f"{TOLD_NOBODY}it cannot be seen whether it lasts"
        return ""

    def _why_nobody_of_end(self, incident: Incident, policy: Policy) -> str:
        if policy.waits_for_bigger:
            return f"{TOLD_WITH}incident {incident.explained_by}"
        if policy.muted_by and not self._dispatch.is_finished(incident):
            return f"{TOLD_WITH}{policy.muted_by}"
        return f"{TOLD_NOBODY}{incident.muted_by or 'nobody is left who believes it lasts'}"

    def _remind_later(self, incident: Incident, policy: Policy, now: float) -> None:
        if incident.closed_at is None:
            times = [self._dispatch.next_due(incident, policy, now)]
            endpoint = self._known.endpoint(incident.target)
            if incident.explained_by is not None and not policy.is_explained and endpoint is not None:
                # What explained it is over: it is looked at then whether this lasts. 0.0: that is known.
                times.append(endpoint.settles_at(incident.check, now) or None)
            due = min((at for at in times if at is not None), default=None)
        else:
            due = incident.closed_at + TELLING_ENDS_AFTER
            if due <= now:
                due = now + TELLING_ENDS_AFTER
        if due is None:
            self._deadlines.clear(Deadline(Due.REMIND, incident=incident.id))
        else:
            self._deadlines.set(Deadline(Due.REMIND, incident=incident.id), due)

    def remind(self, incident_id: int, now: float, changes: Changes) -> None:
        """A reminder fell due, or somebody else is to be told: book it. Nobody came to be told of an end: let it go."""
        incident = self._index.get(incident_id)
        if incident is None:
            return
        if incident.is_open:
            words = self._tell(incident, now, changes)
            if words.startswith("tells"):
                changes.log.append(f"{incident.name}: still {incident.health}; {words}")
            return
        # How it ended is forgotten, unless that is still to be told: its channel is dead, or its group lasts.
        policy = self._policy(incident, now)
        if policy.waits_for_bigger or policy.muted_by or self._dispatch.is_waiting(incident.id):
            self._remind_later(incident, policy, now)
        else:
            self._drop(incident)

    def look_again(self, news: CheckSeen, step: Step) -> None:
        """The target can be seen again: reminders go on."""
        incident = self._index.open_about(news.target, news.check)
        if incident is not None:
            step.changes.is_seen_again = True
            self._look_again(incident, step)

    def look_again_behind(self, pbx: str, step: Step) -> None:
        """What is behind a PBX can be seen again: what fell due meanwhile is told, if it lasts.

        Where people know that the PBX could not be seen, they hear it together with the end of that.
        """
        of_pbx, numbers = self._returning_pbx(pbx), sorted(self._index.behind(pbx))
        # Also where nobody waits who is known here: single addresses of a URL may have missed what others have.
        step.changes.is_seen_again |= bool(numbers)
        for number in numbers:
            incident = self._index.get(number)
            if incident is not None and incident.check == Check.OPTIONS and of_pbx is None:
                self.review_beside(incident.target, step)
            if incident is None or not (number in self._out_of_sight or self._dispatch.is_waiting(number)):
                continue
            if of_pbx is None or incident.target.is_pbx:
                self._look_again(incident, step)
            elif self._dispatch.is_waiting(number):
                self._wait_for_end(incident, self._lasts_by(of_pbx, step.now), step)

    def _wait_for_end(self, incident: Incident, until: float, step: Step) -> None:
        """Have what waits to be told of an incident wait for whether it lasts, at the latest until then."""
        step.changes.delays.append(Delay(incident.id, 0.0, until))
        self._may_be_over.add(incident.id)
        self.wait_again(incident, until)

    def _look_again(self, incident: Incident, step: Step) -> None:
        """Tell what is missing. What was put out of service to be mended, and seems to be well, has time to be so.

        What is booked already, and nobody could see, waits for whether it lasts.
        """
        self._out_of_sight.discard(incident.id)
        lasts, is_waiting = self._recovering_for(incident), self._dispatch.is_waiting(incident.id)
        if lasts and is_waiting:
            self._wait_for_end(incident, self._lasts_by(incident, step.now), step)
        if incident.muted_by == MAINTENANCE_MODE and lasts:
            self._deadlines.set(Deadline(Due.REMIND, incident=incident.id), step.now + lasts + CONFIRMED_WITHIN)
        else:
            self._tell(incident, step.now, step.changes)

    def learn(self, told: Iterable[tuple[tuple[int, str], Told]], now: float, changes: Changes) -> None:
        """Take delivery results from the outbox, and book what they make necessary."""
        known = self._index.get
        news = {key[0] for key, said in told if known(key[0]) is not None and self._dispatch.learn(*key, said)}
        for incident in filter(None, map(known, sorted(news))):
            before = len(changes.notifications)
            words = self._tell(incident, now, changes)
            if len(changes.notifications) > before:
                changes.log.append(f"{incident.name}: incident {incident.id}; {words}")

    def _as_rated(self, incident: Incident, changes: Changes) -> Incident:
        """The incident with its severity as the configuration has it now; of one that is over it stays."""
        if not incident.is_open:
            return incident
        severity = self._severities.of(incident)
        if severity is incident.severity:
            return incident
        after = replace(incident, severity=severity)
        self._index.book(after, changes)
        return after

    # ------------------------------------------------------------ silences, windows, acknowledgements

    def _as_muted(self, incident: Incident, now: float, changes: Changes) -> Incident:
        """The incident with what mutes it now; how it stood when it ended stays."""
        if not incident.is_open:
            return incident
        muted_by = self._muting.muted_by(incident, now)
        if not is_for_now(muted_by) and self._known.is_in_maintenance_mode(incident.target):
            muted_by = MAINTENANCE_MODE
        if muted_by == incident.muted_by:
            return incident
        after = replace(incident, muted_by=muted_by)
        self._index.book(after, changes)
        words = its_end(incident.muted_by)
        if muted_by:
            words = its_begin(muted_by)
        changes.notes.append(Note(after.id, now, words))
        return after

    def review_mutes(self, now: float, changes: Changes) -> None:
        """A silence, maintenance or working hours have begun or ended: ask about every open incident anew."""
        for incident in sorted(self._index.all_open(), key=lambda incident: incident.id):
            words = self._tell(incident, now, changes)
            after = self._index.now(incident)
            if after.muted_by != incident.muted_by:
                turn = after.muted_by or its_end(incident.muted_by)
                if words.startswith("tells"):
                    turn = f"{turn}; {words}"
                changes.log.append(f"{after.name}: incident {after.id}: {turn}")
        for incident in self._index.all_closed():
            words = self._tell(incident, now, changes)
            if words.startswith("tells"):
                changes.log.append(f"{incident.name}: incident {incident.id}; {words}")
        self.watch_mutes(now)

    def review_mute(self, target: Target, step: Step) -> None:
        """Asterisk has an endpoint in maintenance mode from now on, or no longer: ask about its incidents anew."""
        for check in ENDPOINT_CHECKS:
            incident = self._index.open_about(target, check)
            if incident is not None:
                self._look_again(incident, step)

    def watch_mutes(self, now: float) -> None:
        """Set the time of the next beginning or end."""
        due = self._muting.next_change(now)
        if due is None:
            self._deadlines.clear(Deadline(Due.ORDERS))
        else:
            self._deadlines.set(Deadline(Due.ORDERS), due)

    def obey(self, commands: Commands, now: float, changes: Changes) -> None:
        """Take what people ordered, and book what it makes necessary; the same orders once more change nothing."""
        if commands.silences != self._commands.silences:
            self._muting.take(commands.silences)
            self.review_mutes(now, changes)
        self._commands = commands
        for order in commands.acknowledgements:
            self._acknowledge(order, now, changes)

    def _acknowledge(self, order: Acknowledgement, now: float, changes: Changes) -> None:
        incident = self._index.get(order.incident_id)
        if incident is None or not incident.is_open:
            return
        reason = order.reason or incident.ack_reason
        after = replace(incident, acked_at=order.at, acked_by=order.author, ack_reason=reason)
        if incident.acked_at is not None and after == replace(incident, acked_at=order.at):
            return
        self._index.book(after, changes)
        words = f"acknowledged by {order.author}"
        if order.reason:
            words = f"{words}: {order.reason}"
        changes.notes.append(Note(after.id, now, words))
        changes.log.append(f"{after.name}: incident {after.id}: {words}; no more reminders")
        self._tell(after, now, changes)

    def review_telling(self, now: float, changes: Changes) -> None:
        """Ask about every incident anew: healthmon has started, its configuration changed, or the clock was set."""
        for incident in self._index.everything():
            self._dispatch.gather_anew(incident, now)
            was_explained = incident.explained_by is not None and incident.check != Check.REACHABILITY
            may_be_over = incident.is_open and self._recovering_for(incident) > 0
            if (was_explained or may_be_over) and self._dispatch.has_first_waiting(incident.id):
                # What waited for whether it lasts when healthmon stopped is let go as soon as that is known.
                self._dispatch.wait_until(incident.id, self._lasts_by(incident, now))
                self._may_be_over.add(incident.id)
            words = self._tell(incident, now, changes)
            if words.startswith("tells"):
                changes.log.append(f"{incident.name}: incident {incident.id}; {words}")

    def forget_audiences(self) -> None:
        """Every incident is of the watch section now that a new configuration gives it: find out anew who is told."""
        self._dispatch.forget_audiences()

    def _drop(self, incident: Incident) -> None:
        self._dispatch.drop(incident.id)
        self._out_of_sight.discard(incident.id)
        self._may_be_over.discard(incident.id)
        self._deadlines.clear(Deadline(Due.REMIND, incident=incident.id))
        self._index.drop(incident)


def _is_of_later_check(incident: Incident) -> bool:
    """Whether it lasts, and is about something else of an endpoint than whether it can be reached."""
    return incident.is_open and incident.check in ENDPOINT_CHECKS and not incident.is_of_reachability


def _as_told(incident: Incident) -> tuple[object, ...]:
    """What of an incident decides whether anybody is told."""
    return incident.is_open, incident.check, incident.health, incident.flapping, incident.is_logged_out
