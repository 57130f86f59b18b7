"""A message waits only for what is in sight: what is pending, and could join or explain it (rule 14a).

Each first message, and each about an end, is booked for the latest time that it may wait until. At the end of each step
it is asked whether anything is left to wait for; where nothing is, the message is due at once.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import islice

from healthmon.core.alerting.alerting import Alerting, WaitingMessage
from healthmon.core.belief.endpoint import Endpoint
from healthmon.core.belief.endpoint_check import EndpointCheck
from healthmon.core.belief.endpoints import ASK_AGAIN
from healthmon.core.belief.known import Known
from healthmon.core.belief.machine import Machine
from healthmon.core.belief.reachability import Reachability
from healthmon.core.deadlines import Deadline, Deadlines, Due
from healthmon.core.grouping.falls import Falls
from healthmon.core.incidents.index import Index
from healthmon.core.step import Step
from healthmon.model import Check, Health, Incident, Target

#: A target, and which check of it.
Aspect = tuple[Target, str]

#: So many things that could join are looked for: one of them may be the thing itself that waits.
ENOUGH = 2

#: Nothing waits longer for what is in sight (seconds).
A_DAY = 86400.0


class Waiting:
    """Lets go of messages for which nothing is in sight any more. Owned by the engine thread."""

    def __init__(
        self, known: Known, falls: Falls, index: Index, alerting: Alerting, deadlines: Deadlines[Deadline]
    ) -> None:
        self._known = known
        self._falls = falls
        self._index = index
        self._alerting = alerting
        self._deadlines = deadlines

    def review(self, step: Step) -> None:
        """Look at all that waits. Call it at the end of a step."""
        self._alerting.gathering.review(step)
        held = self._alerting.held(step.now)
        if not held:
            return
        for message in held:
            if message.until < step.now + A_DAY and self._alerting.is_left_out_of_sight(message.incident):
                self._alerting.wait_for_sight(message.incident, step.now, step)
        explainable = [message for message in held if self._may_be_explained(message, step.now)]
        waiting = {message.incident.id for message in explainable}
        joining: dict[tuple[tuple[str, ...], float], Sequence[Aspect]] = {}
        for message in held:
            if message.incident.id in waiting:
                continue
            until = min(message.until, step.now + message.group_wait)
            if (message.urls, until) not in joining:
                joining[message.urls, until] = tuple(islice(self._believed_soon(message.urls, until), ENOUGH))
            # What waits to be explained itself is waited for, too: it would be taken along too early.
            soon = (_aspect(other.incident) for other in explainable if other.until <= until and _meet(other, message))
            itself = _aspect(message.incident)
            if all(aspect == itself for aspect in (*joining[message.urls, until], *soon)):
                self._alerting.release(message.incident, step)

    # ------------------------------------------------------------ what could explain it

    def _may_be_explained(self, message: WaitingMessage, now: float) -> bool:
        """Whether something is in sight that would be told instead of it, or that belongs to it."""
        incident = message.incident
        if not incident.is_open:
            return False
        is_seen = not (
            self._known.is_not_looked_at(incident.target.pbx) or self._alerting.is_left_out_of_sight(incident)
        )
        if not is_seen or self._alerting.may_be_over(incident):
            return True
        if incident.kind.is_group:
            return self._falls.is_growing(incident.target, now, message.until)
        endpoint = self._known.endpoint(incident.target)
        if endpoint is None:
            return False
        if incident.check != Check.REACHABILITY:
            is_left = incident.explained_by is not None
            return _is_beside_trouble(endpoint, incident.check, message.until) or (
                is_left and endpoint.settles_at(incident.check, now) > 0.0
            )
        check = endpoint.reachability
        awaits_others = self._alerting.cohorts.awaits_others(check)
        return awaits_others or self._falls.may_be_explained(check, now, message.until)

    # ------------------------------------------------------------ what could join it

    def _believed_soon(self, urls: Collection[str], until: float) -> Iterator[Aspect]:
        # What was asked about a moment ago is entered for when it would be asked again.
        for deadline in self._deadlines.within(until + ASK_AGAIN):
            machine = self._machine(deadline)
            if machine is None:
                continue
            believed_at = machine.deadline()
            if believed_at is None or believed_at > until or not self._would_be_told(machine):
                continue
            if any(url in urls for url in self._alerting.urls_of_watch(machine.target, machine.watch)):
                yield _aspect(machine)

    def _machine(self, deadline: Deadline) -> Machine | None:
        """The check that is looked at then, if that settles what is pending."""
        if deadline.what is Due.ASK:
            if self._known.is_blind_for(deadline.target.pbx, deadline.check):
                return None
            return self._known.machine(deadline.target, deadline.check)
        if deadline.what is Due.ASK_PBX:
            return self._known.machine(deadline.target, deadline.check)
        return None

    def _would_be_told(self, machine: Machine) -> bool:
        """Whether anybody is told when what is pending is believed."""
        if machine.recovering_for:
            return self._index.open_about(machine.target, machine.check) is not None
        if not isinstance(machine, EndpointCheck):
            return True
        if machine.kind.is_device and not (machine.ever_up and machine.endpoint.policy.is_told_singly(machine.kind)):
            return False
        if not (machine.pending is Health.DOWN or machine.degraded_counts):
            return False
        if isinstance(machine, Reachability):
            return not self._falls.is_explained(machine)
        beside = (self._index.open_about(machine.target, earlier) for earlier in machine.rules.inhibited_by)
        explains = self._alerting.inhibition.explains_beside
        return not any(
            incident is not None and incident.health is Health.DOWN and explains(incident) for incident in beside
        )


def _aspect(told: Incident | Machine) -> Aspect:
    """What is told about: all checks of a PBX that fall are one thing; those that are well again, each another."""
    if isinstance(told, Machine):
        is_ending = told.recovering_for > 0
    else:
        is_ending = not told.is_open
    if told.target.is_pbx and not is_ending:
        return told.target, ""
    return told.target, told.check


def _is_beside_trouble(endpoint: Endpoint, name: str, until: float) -> bool:
    """Whether an earlier check of the same endpoint may explain this one until then, or it is about to be well."""
    check = endpoint.checks.get(name)
    if check is None:
        return False
    known_at = endpoint.earlier_falls_at(name)
    return check.seems_better or (known_at is not None and known_at <= until)


def _meet(first: WaitingMessage, second: WaitingMessage) -> bool:
    """Whether both are told to any one URL."""
    return any(url in second.urls for url in first.urls)
