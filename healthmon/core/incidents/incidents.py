"""Beliefs -> incidents opened and closed, which one explains which, and who is told (rules 13 and 14)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from msgspec.structs import replace

from healthmon.config.configuration import Config
from healthmon.core.alerting.cohorts import Cohorts
from healthmon.core.alerting.decide import TELLING_ENDS_AFTER, Policy
from healthmon.core.alerting.dispatch import Dispatch
from healthmon.core.alerting.inhibition import Inhibition, is_left_of, is_part_of
from healthmon.core.alerting.routing import Routing
from healthmon.core.belief.known import Known
from healthmon.core.belief.news import CheckChanged
from healthmon.core.deadlines import DeadlineKey, Deadlines
from healthmon.core.grouping.falls import Facts, GroupFell, GroupIsBack, GroupLasts, GroupNews, Outage
from healthmon.core.grouping.grouping import Grouping
from healthmon.core.incidents.index import Index
from healthmon.core.orders.muting import Muting, its_begin, its_end
from healthmon.core.step import Step
from healthmon.model import (
    Acknowledgement,
    Changes,
    Check,
    CheckState,
    Commands,
    Ending,
    Health,
    Incident,
    Kind,
    Note,
    Release,
    Remembered,
    Restart,
    Severity,
    Target,
    Told,
)

REMIND = "remind"

#: How the words begin that say why nobody is told.
TOLD_NOBODY = "told nobody: "

#: … and that they are told later.
TOLD_WITH = "told with the end of "

#: The key of the deadline at which a silence, maintenance or working hours begin or end.
MUTES = "mutes"


class Held(NamedTuple):
    """An incident of which a message waits for others that may join or explain it."""

    incident: Incident
    #: Until when at the latest (seconds UTC).
    until: float
    urls: tuple[str, ...]
    #: For so long it waits for what may join it (seconds).
    group_wait: float


class Incidents:
    """All incidents that are open, or closed and not told to the end. Owned by the engine thread."""

    def __init__(
        self,
        config: Config,
        remembered: Remembered,
        known: Known,
        grouping: Grouping,
        deadlines: Deadlines[DeadlineKey],
    ) -> None:
        self._grouping = grouping
        self._known = known
        self._deadlines = deadlines
        self._index = Index(remembered.incidents, remembered.next_incident_id)
        self.inhibition = Inhibition(self._index, known, grouping.members)
        self._routing = Routing(config)
        self.cohorts = Cohorts(known, grouping.falls, self._routing)
        self._dispatch = Dispatch(config, self._routing, self.cohorts, remembered.told)
        self._commands = remembered.commands
        self._muting = Muting(config, remembered.commands.silences)

    def use(self, config: Config) -> None:
        """Take a new configuration."""
        self._routing.use(config)
        self._dispatch.use(config)
        self._muting.use(config)

    def open_about(self, target: Target, check: str) -> Incident | None:
        """The open incident of this check, or None."""
        return self._index.open_about(target, check)

    def all_open(self) -> list[Incident]:
        """Every open incident."""
        return self._index.all_open()

    def facts(self) -> Facts:
        """Hand over what grouping must know of the incidents; what has changed is told once."""
        empty = self._grouping.falls.without_members()
        incidents = filter(None, (self.open_about(target, Check.REACHABILITY) for target in empty))
        explaining = frozenset(incident.target for incident in incidents if self._has_left(incident))
        return Facts(self._index.take_muting(), explaining)

    def urls_of_watch(self, target: Target, watch: str) -> tuple[str, ...]:
        """The URLs that are told about the targets of this watch section ("": about the PBX itself)."""
        return self._routing.urls_for(target, watch)

    # ------------------------------------------------------------ opening and closing

    def review(self, news: CheckChanged, now: float, changes: Changes) -> str:
        """Open, change or close this check's incident as its belief wants it; say in words who is told.

        Level-triggered: asked whenever something changed. That it is unknown changes nothing. "": nothing was to do.
        """
        state = news.state
        is_bad = state.belief in (Health.DOWN, Health.UNKNOWN)
        is_bad = is_bad or (state.belief is Health.DEGRADED and news.degraded_counts)
        before = self.open_about(state.target, state.check)
        if before is None:
            return self._maybe_open(state, now, changes) if is_bad or state.is_flapping else ""
        after = self._as_believed(before, state, now, is_bad=is_bad)
        return "" if after == before else self._change(before, after, now, changes)

    def _maybe_open(self, state: CheckState, now: float, changes: Changes) -> str:
        if state.kind.is_device and not state.ever_up:
            return f"{TOLD_NOBODY}this phone was never seen up"
        endpoint = self._known.endpoint(state.target)
        not_before = 0.0 if endpoint is None else self._grouping.falls.wait_until(endpoint)
        incident = self._new(state, now)
        return self._open_new(incident, now, changes, not_before=not_before)

    def _open_new(self, incident: Incident, now: float, changes: Changes, *, not_before: float) -> str:
        incident = self._explained(incident, changes)
        self._index.book(incident, changes)
        words = self._tell(incident, now, changes, is_new=True, not_before=not_before)
        if words.startswith(TOLD_NOBODY) and not self._index.now(incident).muted_by:
            changes.notes.append(Note(incident.id, now, words))
        self._bigger_changed(incident, now, changes)
        return words

    def _new(self, state: CheckState, now: float) -> Incident:
        flapping = 1 if state.is_flapping else 0
        is_up = state.belief in (None, Health.UP)
        return Incident(
            id=self._index.next_number(),
            target=state.target,
            check=state.check,
            kind=state.kind,
            watch=state.watch,
            health=Health.DEGRADED if flapping or state.belief is None else state.belief,
            opened_at=now if is_up else state.since,
            believed_at=now if is_up else state.believed_at,
            cause="changes too often" if is_up else state.reason,
            cohort=state.cohort,
            flapping=flapping,
            flap_episodes=flapping,
            site=self._grouping.members.site_of(state.target),
            was_down=_is_pbx_down(state),
        )

    def _as_believed(self, incident: Incident, state: CheckState, now: float, *, is_bad: bool) -> Incident:
        """The incident as it should be now."""
        incident = replace(incident, kind=state.kind, watch=state.watch)
        incident = replace(incident, severity=self._routing.severity(incident))
        if state.is_flapping:
            if incident.flapping:
                return incident
            episode = incident.flap_episodes + 1
            return replace(incident, health=Health.DEGRADED, flapping=episode, flap_episodes=episode)
        if is_bad and state.belief is not None:
            is_news = state.belief is not incident.health or incident.is_logged_out
            return replace(
                incident,
                flapping=0,
                health=state.belief,
                believed_at=state.believed_at,
                cause=state.reason if is_news else incident.cause,
                was_down=incident.was_down or _is_pbx_down(state),
                fell_at=_fell_at(incident, state),
            )
        if state.belief is None:
            return incident
        ending = Ending.STABLE if incident.flapping else Ending.RECOVERED
        closed_at = now if incident.flapping else state.since
        return _closed(replace(incident, flapping=0), ending, closed_at, state.reason)

    def _change(self, before: Incident, after: Incident, now: float, changes: Changes) -> str:
        self._index.book(after, changes)
        if _as_told(before) == _as_told(after):
            return ""
        words = self._tell(after, now, changes)
        if not after.is_open and words.startswith((TOLD_NOBODY, TOLD_WITH)):
            changes.notes.append(Note(after.id, now, f"its end: {words}"))
        self._bigger_changed(after, now, changes)
        return words

    def end(self, target: Target, check: str, ending: Ending, now: float, changes: Changes) -> str:
        """Close this check's incident, if one is open, for another reason than its recovery."""
        incident = self.open_about(target, check)
        if incident is None:
            return ""
        after = _closed(replace(incident, flapping=0), ending, now, ending.value)
        return self._change(incident, after, now, changes)

    def waiting_for_others(self, pbx: str) -> list[Incident]:
        """Return the open incidents of a PBX's devices and groups of which a first message waits."""
        behind = (self._index.get(number) for number in sorted(self._index.behind(pbx)))
        waiting = (one for one in behind if one is not None and self._dispatch.has_first_waiting(one.id))
        return [one for one in waiting if one.kind.is_device or one.kind.is_group]

    # ------------------------------------------------------------ the incidents of groups, and of receivers

    def follow(self, news: GroupNews, step: Step) -> None:
        """Open, change or close the incident of a group as grouping found it."""
        if isinstance(news, GroupFell):
            self._group_fell(news, step)
            return
        incident = self.open_about(news.outage.group.target, Check.REACHABILITY)
        if incident is None:
            return
        if isinstance(news, GroupLasts):
            self._amend(_as_wide(incident, news.outage), step)
        elif isinstance(news, GroupIsBack):
            self._group_is_back(incident, news, step)
        else:
            words = self.end(incident.target, Check.REACHABILITY, Ending.NOT_WATCHED, step.now, step.changes)
            step.changes.log.append(f"{incident.target}: {Ending.NOT_WATCHED}{_with(words)}")

    def _group_fell(self, news: GroupFell, step: Step) -> None:
        group = news.outage.group
        incident = Incident(
            id=0,
            target=group.target,
            check=Check.REACHABILITY,
            kind=group.kind,
            watch="",
            health=Health.DOWN,
            opened_at=news.outage.since,
            believed_at=step.now,
            cause="",
            site=self._grouping.members.site_of(group.target),
        )
        incident = _as_wide(incident, news.outage)
        words = self.open_cause(incident, step, news.not_before)
        step.changes.log.append(f"{group.target}: {incident.extent}{_with(words)}")

    def _group_is_back(self, incident: Incident, news: GroupIsBack, step: Step) -> None:
        # What is kept is how many they were, not how few are left.
        incident = replace(_as_wide(incident, news.outage), down=news.outage.peak)
        words = self.close_cause(incident, news.at, step, ending=news.ending)
        left = f"{news.left} still down" if news.left else "all back"
        over = "over" if news.ending is Ending.RECOVERED else news.ending.value
        step.changes.log.append(f"{incident.target}: {over}; {left}{_with(words)}")

    def open_cause(self, incident: Incident, step: Step, not_before: float = 0.0) -> str:
        """Open the incident of a group or of a receiver's URL, whose number is given here; say who is told."""
        numbered = replace(incident, id=self._index.next_number())
        return self._open_new(numbered, step.now, step.changes, not_before=not_before)

    def _amend(self, after: Incident, step: Step) -> None:
        """Book how wide the outage of a group is by now, and tell those who must know."""
        before = self._index.now(after)
        if after == before:
            return
        self._index.book(after, step.changes)
        if after.watches != before.watches:
            self._dispatch.audience_changed(after.id)
        elif after.down <= before.down:
            return
        words = self._tell(after, step.now, step.changes)
        if words.startswith("tells"):
            step.changes.log.append(f"{after.target}: {after.down} unreachable by now; {words}")

    def close_cause(
        self, incident: Incident, at: float, step: Step, words: str = "", ending: Ending = Ending.RECOVERED
    ) -> str:
        """End the incident of a group or of a receiver's URL; say in words who is told. ``words``: how it is now.

        What is left down counts as told with it, and is acknowledged if the group was.
        """
        if incident.acked_at is not None:
            for smaller in self.inhibition.smaller(incident):
                self._hand_down(incident, smaller, step)
        after = _closed(incident, ending, at, words)
        return self._change(self._index.now(incident), after, step.now, step.changes)

    def _has_left(self, incident: Incident) -> bool:
        """Whether anything lasts that this incident explains."""
        return any(is_part_of(one, incident) for one in self.inhibition.smaller(incident))

    def _hand_down(self, bigger: Incident, smaller: Incident, step: Step) -> None:
        """Who took note of the bigger one took note of what is left of it."""
        if is_part_of(smaller, bigger) and smaller.acked_at is None:
            after = replace(smaller, acked_at=bigger.acked_at, acked_by=bigger.acked_by, ack_reason=bigger.ack_reason)
            self._index.book(after, step.changes)
            step.changes.notes.append(
                Note(after.id, step.now, f"acknowledged with incident {bigger.id} by {bigger.acked_by}")
            )

    def tell_restart(self, pbx: Target, restart: Restart, step: Step) -> str:
        """Tell that Asterisk was started anew, an event that is over in its moment; say in words who is told."""
        event = Incident(
            id=self._index.next_number(),
            target=pbx,
            check=Check.RESTART,
            kind=Kind.PBX,
            watch="",
            health=Health.UP,
            opened_at=restart.at,
            believed_at=max(step.now, restart.at),
            cause=f"Asterisk was restarted, by its own clock at {restart.startup_time}",
            closed_at=restart.at,
            ending=Ending.MOMENT,
            severity=Severity.INFO,
        )
        event = replace(event, muted_by=self._muting.muted_by(event, step.now))
        self._index.book(event, step.changes)
        told = [] if event.muted_by else self._dispatch.tell_event(event, step)
        if told:
            return f"tells {', '.join(told)}"
        words = f"{TOLD_NOBODY}{event.muted_by or 'no receiver'}"
        step.changes.notes.append(Note(event.id, step.now, words))
        self._drop(event)
        return words

    # ------------------------------------------------------------ the bigger incident that explains it

    def _explained(self, incident: Incident, changes: Changes) -> Incident:
        """The incident, with the bigger one that explains it, if there is one.

        A PBX explains what somebody has not been told yet; a group also what was told a moment before it opened.
        """
        bigger = self.inhibition.bigger(incident)
        if bigger is None or self.inhibition.lasting(incident) is not None:
            return incident
        if not bigger.kind.is_group and not self._dispatch.has_untold(incident):
            return incident
        if self._dispatch.explain_away(incident.id):
            changes.explained[incident.id] = bigger.id
        return replace(incident, explained_by=bigger.id)

    def _bigger_changed(self, incident: Incident, now: float, changes: Changes) -> None:
        """Look again at the smaller incidents: their message is held back, or is due after all."""
        if incident.target.is_endpoint:
            return
        for smaller in self.inhibition.smaller(incident):
            after = self._explained(smaller, changes) if smaller.is_open else smaller
            if after != smaller:
                self._index.book(after, changes)
                changes.notes.append(Note(after.id, now, f"explained by incident {after.explained_by}"))
            if is_left_of(after, incident):
                self._dispatch.join(after, incident)
            words = self._tell(after, now, changes)
            if words and after.explained_by is not None:
                changes.log.append(f"{after.name}: incident {after.id}; {words}")

    # ------------------------------------------------------------ messages that wait

    def held(self, now: float) -> list[Held]:
        """Return what waits, and is not due yet by itself."""
        held = []
        for number, until in list(self._dispatch.waits_until.items()):
            incident = self._index.get(number)
            if incident is None or now >= until or not self._dispatch.is_waiting(number):
                del self._dispatch.waits_until[number]
            else:
                audience, group_wait = self._dispatch.audience(incident), self._dispatch.group_wait(incident)
                held.append(Held(incident, until, audience, group_wait))
        return held

    def release(self, incident: Incident, step: Step) -> None:
        """Nothing is left to wait for: what waits to be told of it is due now."""
        del self._dispatch.waits_until[incident.id]
        step.changes.releases.append(Release(incident.id, step.now))

    # ------------------------------------------------------------ telling

    def _policy(self, incident: Incident, now: float) -> Policy:
        bigger = self.inhibition.lasting(incident)
        recovering_for = self._recovering_for(incident)
        return Policy(
            remind_every=self._routing.remind_every(incident),
            is_explained=bigger is not None,
            waits_for_group=bigger is not None and bigger.kind.is_group,
            unseen_since=self._known.unseen_since(incident.target, incident.check),
            muted_by=incident.muted_by,
            is_acknowledged=incident.acked_at is not None,
            daily_line=self._routing.daily_line(incident, now - recovering_for),
            recovering_for=recovering_for,
        )

    def _recovering_for(self, incident: Incident) -> float:
        if incident.kind.is_group:
            return self._grouping.falls.recovering_for(incident.target)
        return self._known.recovering_for(incident.target, incident.check)

    def _tell(
        self,
        incident: Incident,
        now: float,
        changes: Changes,
        *,
        is_new: bool = False,
        not_before: float | None = None,
    ) -> str:
        """Tell whoever is to be told, and say in words who that is.

        ``not_before``: None: of a group, when it is known how wide its outage is by now; of anything else at once.
        """
        incident = self._as_muted(self._as_rated(incident, changes), now, changes)
        policy = self._policy(incident, now)
        if not_before is None:
            is_group = incident.is_open and incident.kind.is_group
            not_before = self._grouping.falls.settled_at(incident.target) if is_group else 0.0
        waits = is_new and bool(incident.cohort)
        booked = self._dispatch.tell(incident, policy, now, changes, waits_for_cohort=waits, not_before=not_before)
        self._remind_later(incident, policy, now)
        if self._dispatch.is_finished(incident):
            self._drop(incident)
        if booked:
            return f"tells {', '.join(booked)}"
        return self._why_nobody(incident, policy)

    def _why_nobody(self, incident: Incident, policy: Policy) -> str:
        if not self._dispatch.audience(incident):
            return f"{TOLD_NOBODY}no receiver"
        if incident.is_open and policy.muted_by:
            return f"{TOLD_NOBODY}{policy.muted_by}"
        if incident.is_open and policy.is_explained:
            return f"{TOLD_NOBODY}explained by incident {incident.explained_by}"
        if incident.is_open:
            return ""
        if policy.waits_for_group:
            return f"{TOLD_WITH}incident {incident.explained_by}"
        return f"{TOLD_NOBODY}{incident.muted_by or 'nobody is left who believes it lasts'}"

    def _remind_later(self, incident: Incident, policy: Policy, now: float) -> None:
        if incident.closed_at is None:
            due = self._dispatch.next_due(incident, policy, now)
        else:
            due = incident.closed_at + TELLING_ENDS_AFTER
            due = due if due > now else now + TELLING_ENDS_AFTER
        if due is None:
            self._deadlines.clear((REMIND, incident.id))
        else:
            self._deadlines.set((REMIND, incident.id), due)

    def remind(self, incident_id: int, now: float, changes: Changes) -> None:
        """A reminder fell due, or somebody else is to be told: book it. Nobody came to be told of an end: let it go."""
        incident = self._index.get(incident_id)
        if incident is None:
            return
        if not incident.is_open:
            self._let_go(incident, now)
            return
        words = self._tell(incident, now, changes)
        if words.startswith("tells"):
            changes.log.append(f"{incident.name}: still {incident.health}; {words}")

    def _let_go(self, incident: Incident, now: float) -> None:
        """Forget how an incident ended, unless that is still to be told: its channel is dead, or its group lasts."""
        policy = self._policy(incident, now)
        if policy.waits_for_group or self._dispatch.is_waiting(incident.id):
            self._remind_later(incident, policy, now)
        else:
            self._drop(incident)

    def look_again(self, target: Target, check: str, now: float, changes: Changes) -> None:
        """The target can be seen again: reminders go on."""
        incident = self.open_about(target, check)
        if incident is not None:
            self._tell(incident, now, changes)

    def learn(self, told: Iterable[tuple[tuple[int, str], Told]], now: float, changes: Changes) -> None:
        """Take delivery results from the outbox, and book what they make necessary."""
        known = self._index.get
        news = {key[0] for key, one in told if known(key[0]) is not None and self._dispatch.learn(*key, one)}
        for incident in filter(None, map(known, sorted(news))):
            before = len(changes.notifications)
            words = self._tell(incident, now, changes)
            if len(changes.notifications) > before:
                changes.log.append(f"{incident.name}: incident {incident.id}; {words}")

    def _as_rated(self, incident: Incident, changes: Changes) -> Incident:
        """The incident with its severity as the configuration has it now; of one that is over it stays."""
        severity = self._routing.severity(incident) if incident.is_open else incident.severity
        if severity is incident.severity:
            return incident
        after = replace(incident, severity=severity)
        self._index.book(after, changes)
        return after

    # ------------------------------------------------------------ silences, windows, acknowledgements

    def _as_muted(self, incident: Incident, now: float, changes: Changes) -> Incident:
        """The incident with what mutes it now; how it stood when it ended stays."""
        muted_by = self._muting.muted_by(incident, now) if incident.is_open else incident.muted_by
        if muted_by == incident.muted_by:
            return incident
        after = replace(incident, muted_by=muted_by)
        self._index.book(after, changes)
        words = its_begin(muted_by) if muted_by else its_end(incident.muted_by)
        changes.notes.append(Note(after.id, now, words))
        return after

    def review_mutes(self, now: float, changes: Changes) -> None:
        """A silence, maintenance or working hours have begun or ended: ask about every open incident anew."""
        for incident in sorted(self.all_open(), key=lambda one: one.id):
            words = self._tell(incident, now, changes)
            after = self._index.now(incident)
            if after.muted_by != incident.muted_by:
                turn = after.muted_by or its_end(incident.muted_by)
                outcome = f"; {words}" if words.startswith("tells") else ""
                changes.log.append(f"{after.name}: incident {after.id}: {turn}{outcome}")
        self.watch_mutes(now)

    def watch_mutes(self, now: float) -> None:
        """Set the time of the next beginning or end."""
        due = self._muting.next_change(now)
        if due is None:
            self._deadlines.clear((MUTES, ""))
        else:
            self._deadlines.set((MUTES, ""), due)

    def obey(self, commands: Commands, now: float, changes: Changes) -> None:
        """Take what people ordered, and book what it makes necessary; the same orders once more change nothing."""
        if commands.silences != self._commands.silences:
            self._muting.take(commands.silences)
            self.review_mutes(now, changes)
        self._commands = commands
        for one in commands.acknowledgements:
            self._acknowledge(one, now, changes)

    def _acknowledge(self, one: Acknowledgement, now: float, changes: Changes) -> None:
        incident = self._index.get(one.incident_id)
        if incident is None or not incident.is_open:
            return
        reason = one.reason or incident.ack_reason
        after = replace(incident, acked_at=one.at, acked_by=one.author, ack_reason=reason)
        if incident.acked_at is not None and after == replace(incident, acked_at=one.at):
            return
        self._index.book(after, changes)
        words = f"acknowledged by {one.author}" + (f": {one.reason}" if one.reason else "")
        changes.notes.append(Note(after.id, now, words))
        changes.log.append(f"{after.name}: incident {after.id}: {words}; no more reminders")
        self._tell(after, now, changes)

    def review_telling(self, now: float, changes: Changes) -> None:
        """Ask about every incident anew: healthmon has started, or its configuration changed."""
        for incident in self._index.everything():
            words = self._tell(incident, now, changes)
            if words.startswith("tells"):
                changes.log.append(f"{incident.name}: incident {incident.id}; {words}")

    def _drop(self, incident: Incident) -> None:
        self._dispatch.drop(incident.id)
        self._deadlines.clear((REMIND, incident.id))
        self._index.drop(incident)

    def shift(self, by: float) -> None:
        """Move the times of all incidents, and of what was said: somebody set the clock."""
        self._dispatch.shift(by)
        self.cohorts.shift(by)
        self._muting.shift(by)
        self._index.shift(by)


def _as_wide(incident: Incident, outage: Outage) -> Incident:
    return replace(incident, down=outage.down, of=outage.of, peak=outage.peak, watches=outage.watches)


def _with(words: str) -> str:
    return f"; {words}" if words else ""


def _as_told(incident: Incident) -> tuple[object, ...]:
    """What of an incident decides whether anybody is told."""
    return incident.is_open, incident.health, incident.flapping, incident.is_logged_out


def _closed(incident: Incident, ending: Ending, at: float, words: str) -> Incident:
    # A PBX that was down, and then could not be seen until it was up again, was down.
    health = Health.DOWN if incident.is_unseen and incident.was_down else incident.health
    return replace(incident, closed_at=max(at, incident.since), ending=ending, closed_words=words, health=health)


def _fell_at(incident: Incident, state: CheckState) -> float | None:
    """When the outage began that people are told of, if that was after the incident did."""
    is_the_same_outage = not incident.flapping and (incident.health is Health.DOWN or incident.was_down)
    if state.belief is not Health.DOWN or is_the_same_outage:
        return incident.fell_at
    return max(state.since, incident.opened_at)


def _is_pbx_down(state: CheckState) -> bool:
    return state.kind is Kind.PBX and state.belief is Health.DOWN
