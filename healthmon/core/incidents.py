"""Beliefs -> incidents opened and closed, which one explains which, and who is told (design rules 13 and 14)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from healthmon.config.types import Config
from healthmon.core.alerting import Policy
from healthmon.core.deadlines import Deadlines
from healthmon.core.machine import Machine
from healthmon.core.mutes import Mutes, its_end
from healthmon.core.policies import Policies
from healthmon.core.teller import DueAt, Teller
from healthmon.model import (
    Acknowledgement,
    Changes,
    Check,
    Commands,
    Ending,
    Health,
    Incident,
    Note,
    Remembered,
    Target,
    Told,
)

#: The key of a check, and of what is open about it.
CheckKey = tuple[Target, str]

#: The key of a deadline: what falls due, and for whom.
DeadlineKey = tuple[str, object]

#: Since when a target cannot be seen, or None.
UnseenSince = Callable[[Target, str], float | None]

#: Whether this endpoint is one of those that its PBX no longer lists.
IsVanished = Callable[[Target], bool]

REMIND = "remind"

#: How the words begin that say why nobody is told.
TOLD_NOBODY = "told nobody: "

#: The key of the deadline at which a silence, maintenance or working hours begin or end.
MUTES = "mutes"


class Incidents:
    """All incidents that are open, or closed and not told to the end. Owned by the engine thread."""

    def __init__(self, config: Config, remembered: Remembered, deadlines: Deadlines[DeadlineKey]) -> None:
        self._deadlines = deadlines
        self._next_id = remembered.next_incident_id
        self._known = {incident.id: incident for incident in remembered.incidents}
        self._open: dict[CheckKey, int] = {}
        self._open_behind: dict[str, set[int]] = {}
        for incident in remembered.incidents:
            if incident.is_open:
                self._index(incident)
        self._teller = Teller(config, remembered.told)
        self._commands = remembered.commands
        self._mutes = Mutes(config, remembered.commands.silences)
        self._policies = Policies(config)
        # The monitor knows these; until it says so, everything can be seen and nothing has vanished.
        self.unseen_since: UnseenSince = lambda _target, _check: None
        self.is_vanished: IsVanished = lambda _target: False

    def use(self, config: Config) -> None:
        """Take a new configuration."""
        self._teller.use(config)
        self._mutes.use(config)
        self._policies.use(config)

    def open_about(self, target: Target, check: str) -> Incident | None:
        """The open incident of this check, or None."""
        incident_id = self._open.get((target, check))
        return None if incident_id is None else self._known[incident_id]

    def all_open(self) -> list[Incident]:
        """Every open incident."""
        return [self._known[incident_id] for incident_id in self._open.values()]

    def urls_of_watch(self, target: Target, watch: str) -> tuple[str, ...]:
        """The URLs that are told about the targets of this watch section ("": about the PBX itself)."""
        return self._teller.urls_for(target, watch)

    # ------------------------------------------------------------ opening and closing

    def review(
        self,
        machine: Machine,
        now: float,
        changes: Changes,
        *,
        degraded_counts: bool,
        cohort: str = "",
        due_at: DueAt | None = None,
    ) -> str:
        """Open, change or close this check's incident as its belief wants it; say in words who is told.

        Level-triggered: asked whenever something changed. A veil changes nothing. "" when there was nothing to do.
        """
        is_bad = machine.belief is Health.DOWN or (machine.belief is Health.DEGRADED and degraded_counts)
        before = self.open_about(machine.target, machine.check)
        if before is None:
            return self._maybe_open(machine, now, changes, is_bad=is_bad, cohort=cohort, due_at=due_at)
        after = self._as_believed(before, machine, now, is_bad=is_bad)
        return "" if after == before else self._change(before, after, now, changes)

    def _maybe_open(
        self, machine: Machine, now: float, changes: Changes, *, is_bad: bool, cohort: str, due_at: DueAt | None
    ) -> str:
        if not is_bad and not machine.is_flapping:
            return ""
        if machine.kind.is_device and not machine.ever_up:
            return f"{TOLD_NOBODY}this phone was never seen up"
        incident = self._new(machine, now, cohort)
        self._index(incident)
        incident = self._explained(incident, changes)
        self._book(incident, changes)
        words = self._tell(incident, now, changes, due_at)
        if words.startswith(TOLD_NOBODY) and not self._known[incident.id].muted_by:
            changes.notes.append(Note(incident.id, now, words))
        self._bigger_changed(incident, now, changes)
        return words

    def _new(self, machine: Machine, now: float, cohort: str) -> Incident:
        incident_id, self._next_id = self._next_id, self._next_id + 1
        flapping = 1 if machine.is_flapping else 0
        is_up = machine.belief in (None, Health.UP)
        return Incident(
            id=incident_id,
            target=machine.target,
            check=machine.check,
            kind=machine.kind,
            watch=machine.watch,
            health=Health.DEGRADED if flapping or machine.belief is None else machine.belief,
            opened_at=now if is_up else machine.since,
            believed_at=now if is_up else machine.believed_at,
            cause="changes too often" if is_up else machine.reason,
            cohort=cohort,
            flapping=flapping,
            flap_episodes=flapping,
        )

    def _as_believed(self, incident: Incident, machine: Machine, now: float, *, is_bad: bool) -> Incident:
        """The incident as it should be now."""
        incident = replace(incident, kind=machine.kind, watch=machine.watch)
        incident = replace(incident, severity=self._policies.severity(incident))
        if machine.is_flapping:
            if incident.flapping:
                return incident
            episode = incident.flap_episodes + 1
            return replace(incident, health=Health.DEGRADED, flapping=episode, flap_episodes=episode)
        if is_bad and machine.belief is not None:
            return replace(incident, flapping=0, health=machine.belief, believed_at=machine.believed_at)
        if machine.belief is None:
            return incident
        ending = Ending.STABLE if incident.flapping else Ending.RECOVERED
        closed_at = now if incident.flapping else machine.since
        return _closed(replace(incident, flapping=0), ending, closed_at, machine.reason)

    def _change(self, before: Incident, after: Incident, now: float, changes: Changes) -> str:
        if not after.is_open:
            self._unindex(after)
        self._book(after, changes)
        if (before.is_open, before.health, before.flapping) == (after.is_open, after.health, after.flapping):
            return ""
        words = self._tell(after, now, changes)
        if not after.is_open and words.startswith(TOLD_NOBODY):
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

    def _index(self, incident: Incident) -> None:
        self._known[incident.id] = incident
        self._open[incident.target, incident.check] = incident.id
        self._open_behind.setdefault(incident.target.pbx, set()).add(incident.id)

    def _unindex(self, incident: Incident) -> None:
        self._open.pop((incident.target, incident.check), None)
        self._open_behind.get(incident.target.pbx, set()).discard(incident.id)

    def _book(self, incident: Incident, changes: Changes) -> None:
        self._known[incident.id] = incident
        changes.incidents[incident.id] = incident

    # ------------------------------------------------------------ the bigger incident that explains it

    def _bigger(self, target: Target) -> Incident | None:
        """The open incident that explains whatever happens to this target."""
        if target.is_pbx:
            return None
        pbx = Target(target.pbx)
        for check in (Check.CONNECTION, Check.INVENTORY):
            incident = self.open_about(pbx, check)
            if incident is not None and self._explains(incident, target):
                return incident
        return None

    def _explains(self, bigger: Incident, target: Target) -> bool:
        if bigger.check == Check.CONNECTION:
            return bigger.health is Health.DOWN
        return bigger.check == Check.INVENTORY and self.is_vanished(target)

    def _is_explained(self, incident: Incident) -> bool:
        bigger = self._known.get(incident.explained_by) if incident.explained_by is not None else None
        return bigger is not None and bigger.is_open and self._explains(bigger, incident.target)

    def _explained(self, incident: Incident, changes: Changes) -> Incident:
        """The incident, with the bigger one that explains it, if there is one and somebody is still untold."""
        bigger = self._bigger(incident.target)
        if bigger is None or self._is_explained(incident) or not self._teller.has_untold(incident):
            return incident
        if self._teller.explain_away(incident.id):
            changes.explained[incident.id] = bigger.id
        return replace(incident, explained_by=bigger.id)

    def _bigger_changed(self, incident: Incident, now: float, changes: Changes) -> None:
        """Look again at the smaller incidents: their message is held back, or is due after all."""
        if not incident.target.is_pbx:
            return
        for incident_id in sorted(self._open_behind.get(incident.target.pbx, ())):
            smaller = self._known[incident_id]
            if smaller.target.is_pbx:
                continue
            after = self._explained(smaller, changes)
            if after != smaller:
                self._book(after, changes)
                changes.notes.append(Note(after.id, now, f"explained by incident {after.explained_by}"))
            words = self._tell(after, now, changes)
            if words and after.explained_by is not None:
                changes.log.append(f"{after.kind} {after.target}: incident {after.id}; {words}")

    # ------------------------------------------------------------ telling

    def _policy(self, incident: Incident) -> Policy:
        return Policy(
            remind_every=self._policies.remind_every(incident),
            is_explained=self._is_explained(incident),
            unseen_since=self.unseen_since(incident.target, incident.check),
            muted_by=incident.muted_by,
            is_acknowledged=incident.acked_at is not None,
        )

    def _tell(self, incident: Incident, now: float, changes: Changes, due_at: DueAt | None = None) -> str:
        incident = self._as_muted(self._as_rated(incident, changes), now, changes)
        policy = self._policy(incident)
        booked = self._teller.tell(incident, policy, now, changes, due_at)
        self._remind_later(incident, policy)
        if self._teller.is_finished(incident):
            self._drop(incident)
        if booked:
            return f"tells {', '.join(booked)}"
        return self._why_nobody(incident, policy)

    def _why_nobody(self, incident: Incident, policy: Policy) -> str:
        if not self._teller.audience(incident):
            return f"{TOLD_NOBODY}no receiver"
        if incident.is_open and policy.muted_by:
            return f"{TOLD_NOBODY}{policy.muted_by}"
        if incident.is_open and policy.is_explained:
            return f"{TOLD_NOBODY}explained by incident {incident.explained_by}"
        if incident.is_open:
            return ""
        return f"{TOLD_NOBODY}{incident.muted_by or 'nobody is left who believes it lasts'}"

    def _remind_later(self, incident: Incident, policy: Policy) -> None:
        due = self._teller.reminder_due_at(incident, policy)
        if due is None:
            self._deadlines.clear((REMIND, incident.id))
        else:
            self._deadlines.set((REMIND, incident.id), due)

    def remind(self, incident_id: int, now: float, changes: Changes) -> None:
        """A reminder fell due: book it, unless nobody could see the thing for too long."""
        incident = self._known.get(incident_id)
        if incident is None or not incident.is_open:
            return
        incident = self._as_muted(incident, now, changes)
        booked = self._teller.tell(incident, self._policy(incident), now, changes)
        if booked:
            changes.log.append(f"{incident.kind} {incident.target}: still {incident.health}; tells {', '.join(booked)}")

    def look_again(self, target: Target, check: str, now: float, changes: Changes) -> None:
        """The target can be seen again: reminders go on."""
        incident = self.open_about(target, check)
        if incident is not None:
            self._tell(incident, now, changes)

    def learn(self, told: Iterable[tuple[tuple[int, str], Told]], now: float, changes: Changes) -> None:
        """Take delivery results from the outbox, and book what they make necessary."""
        news = {key[0] for key, one in told if key[0] in self._known and self._teller.learn(*key, one)}
        for incident_id in sorted(news):
            incident = self._known[incident_id]
            before = len(changes.notifications)
            words = self._tell(incident, now, changes)
            if len(changes.notifications) > before:
                changes.log.append(f"{incident.kind} {incident.target}: incident {incident.id}; {words}")

    def _as_rated(self, incident: Incident, changes: Changes) -> Incident:
        """The incident with its severity as the configuration has it now; of one that is over it stays."""
        severity = self._policies.severity(incident) if incident.is_open else incident.severity
        if severity is incident.severity:
            return incident
        after = replace(incident, severity=severity)
        self._book(after, changes)
        return after

    # ------------------------------------------------------------ silences, windows, acknowledgements

    def _as_muted(self, incident: Incident, now: float, changes: Changes) -> Incident:
        """The incident with what mutes it now; how it stood when it ended stays."""
        muted_by = self._mutes.muted_by(incident, now) if incident.is_open else incident.muted_by
        if muted_by == incident.muted_by:
            return incident
        after = replace(incident, muted_by=muted_by)
        self._book(after, changes)
        words = f"{muted_by}: from now on nobody is told" if muted_by else its_end(incident.muted_by)
        changes.notes.append(Note(after.id, now, words))
        return after

    def review_mutes(self, now: float, changes: Changes) -> None:
        """A silence, maintenance or working hours have begun or ended: ask about every open incident anew."""
        for incident in sorted(self.all_open(), key=lambda one: one.id):
            words = self._tell(incident, now, changes)
            after = self._known[incident.id]
            if after.muted_by != incident.muted_by:
                turn = after.muted_by or its_end(incident.muted_by)
                outcome = f"; {words}" if words.startswith("tells") else ""
                changes.log.append(f"{after.kind} {after.target}: incident {after.id}: {turn}{outcome}")
        self.watch_mutes(now)

    def watch_mutes(self, now: float) -> None:
        """Set the time of the next beginning or end."""
        due = self._mutes.next_change(now)
        if due is None:
            self._deadlines.clear((MUTES, ""))
        else:
            self._deadlines.set((MUTES, ""), due)

    def obey(self, commands: Commands, now: float, changes: Changes) -> None:
        """Take what people ordered, and book what it makes necessary; the same orders once more change nothing."""
        if commands.silences != self._commands.silences:
            self._mutes.take(commands.silences)
            self.review_mutes(now, changes)
        self._commands = commands
        for one in commands.acknowledgements:
            self._acknowledge(one, now, changes)

    def _acknowledge(self, one: Acknowledgement, now: float, changes: Changes) -> None:
        incident = self._known.get(one.incident_id)
        if incident is None or not incident.is_open:
            return
        after = replace(incident, acked_at=one.at, acked_by=one.author, ack_reason=one.reason)
        if incident.acked_at is not None and after == replace(incident, acked_at=one.at):
            return
        self._book(after, changes)
        words = f"acknowledged by {one.author}" + (f": {one.reason}" if one.reason else "")
        changes.notes.append(Note(after.id, now, words))
        changes.log.append(f"{after.kind} {after.target}: incident {after.id}: {words}; no more reminders")
        self._tell(after, now, changes)

    def review_telling(self, now: float, changes: Changes) -> None:
        """Ask about every incident anew: healthmon has started, or its configuration changed."""
        for incident in sorted(self._known.values(), key=lambda one: one.id):
            words = self._tell(incident, now, changes)
            if words.startswith("tells"):
                changes.log.append(f"{incident.kind} {incident.target}: incident {incident.id}; {words}")

    def _drop(self, incident: Incident) -> None:
        self._teller.drop(incident.id)
        self._deadlines.clear((REMIND, incident.id))
        self._known.pop(incident.id, None)

    def shift(self, by: float) -> None:
        """Move the times of all incidents, and of what was said: somebody set the clock."""
        self._teller.shift(by)
        self._mutes.shift(by)
        for incident in self._known.values():
            self._known[incident.id] = replace(
                incident,
                opened_at=incident.opened_at + by,
                believed_at=incident.believed_at + by,
                closed_at=None if incident.closed_at is None else incident.closed_at + by,
                acked_at=None if incident.acked_at is None else incident.acked_at + by,
            )


def _closed(incident: Incident, ending: Ending, at: float, words: str) -> Incident:
    return replace(incident, closed_at=max(at, incident.opened_at), ending=ending, closed_words=words)
