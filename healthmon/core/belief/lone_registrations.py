"""Registrations that belong to no endpoint: targets of their own, in the care of their PBX's section."""

from __future__ import annotations

from healthmon.core.belief.booking import Booking
from healthmon.core.belief.endpoints import ASK_AGAIN
from healthmon.core.belief.evidence import NOT_SEEN_AGAIN
from healthmon.core.belief.machine import Machine
from healthmon.core.belief.news import CheckEnded
from healthmon.core.belief.pbx import Pbx
from healthmon.core.belief.registration import NOT_HEARD, known_since
from healthmon.core.deadlines import Deadline, Due
from healthmon.core.step import Step
from healthmon.model import (
    ENDPOINT_CHECKS,
    Channel,
    Check,
    Ending,
    Health,
    Means,
    Observation,
    Question,
    RegistrationList,
    Source,
    Target,
    as_remembered,
)

RULES = ENDPOINT_CHECKS[Check.REGISTRATION]
#: So many of one PBX are watched. Nobody has as many.
MOST = 10_000
#: How the names begin of those that are listed whether PJSIP is there or not.
_OF_OLDER_DRIVERS = ("SIP/", "IAX2/")


class LoneRegistrations:
    """Applies what the manager interface says to registrations of nobody. Owned by the engine thread."""

    def __init__(self, booking: Booking) -> None:
        self._booking = booking

    def go_on_unheard(self, pbx: Pbx, at: float, step: Step) -> None:
        """Healthmon was started: until it has asked, nobody knows how they are."""
        for machine in pbx.registrations.values():
            self._hide(machine, machine.unknown_because or NOT_HEARD, at, step)

    def hide(self, pbx: Pbx, why: str, at: float, step: Step) -> None:
        """The manager interface cannot be asked."""
        for machine in pbx.registrations.values():
            machine.remark = ""
            self._hide(machine, why, at, step)

    def _hide(self, machine: Machine, why: str, at: float, step: Step) -> None:
        self._booking.begin_unknown(machine, why, at, step)
        self._booking.book(machine, step)
        self._schedule(machine, step)

    def observe(self, pbx: Pbx, observation: Observation, step: Step) -> None:
        """Take what is said of one; it begins to be watched with that."""
        machine = pbx.registrations.get(observation.target)
        if machine is None:
            if not pbx.config.ami or len(pbx.registrations) >= MOST:
                return
            machine = pbx.registration(observation.target, observation.at)
        means = RULES.meaning(observation.witness, observation.source, observation.health)
        at = observation.at
        if means is Means.UNKNOWN:
            machine.remark = ""
            self._hide(machine, observation.words, at, step)
        if means not in (Means.UP, Means.DOWN):
            return
        if means is Means.UP:
            pbx.note_registered(machine.target, at)
        confirms, why, hidden_until = RULES.confirms(observation), "", 0.0
        if means is Means.DOWN:
            why = pbx.why_registration_is_hidden(machine, observation.words, at)
        if why:
            self._booking.begin_unknown(machine, why, at, step)
            hidden_until = pbx.registration_grace.hides_until(machine, observation.words, at, confirms=confirms)
        if hidden_until:
            machine.note_early(Health.DOWN, at)
            _remark(machine, observation)
            self._hide(machine, why, at, step)
            if step.now >= hidden_until:
                hidden_until = step.now + ASK_AGAIN
            self._booking.deadlines.set(Deadline(Due.ASK, machine.target, machine.check), hidden_until)
            return
        before, words = machine.fingerprint(), observation.words
        if machine.belief is Health.DOWN and observation.source is Source.SNAPSHOT:
            # A list tells less than the events did that were heard before healthmon, or its connection, began anew.
            words = as_remembered(words, machine.reason)
        self._booking.end_unknown(machine, known_since(machine, observation.health, at), step)
        transition = machine.see(observation.health, at, step.now, words, confirms=confirms)
        _remark(machine, observation)
        is_reason_old = machine.belief is Health.DOWN is observation.health and machine.reason != words
        if is_reason_old:
            machine.reason = words
        if transition is not None or is_reason_old or machine.fingerprint() != before:
            self._booking.settle(machine, transition, step)
        self._schedule(machine, step)

    def _schedule(self, machine: Machine, step: Step) -> None:
        key, at = Deadline(Due.ASK, machine.target, machine.check), machine.deadline()
        if at is None:
            self._booking.deadlines.clear(key)
        elif at > step.now:
            self._booking.deadlines.set(key, at)
        else:
            self._booking.deadlines.set(key, step.now + ASK_AGAIN)

    def ask(self, pbx: Pbx, target: Target, step: Step) -> None:
        """What is pending may be believed now: have it looked at."""
        machine = pbx.registrations.get(target)
        if machine is None:
            return
        whys = (pbx.registration_grace.why, NOT_SEEN_AGAIN)
        is_hidden = bool(machine.unknown_because) and machine.unknown_because in whys
        if machine.deadline() is None and not is_hidden:
            return
        self._booking.deadlines.set(Deadline(Due.ASK, target, machine.check), step.now + ASK_AGAIN)
        question = Question(pbx.name, (target,), check=machine.check, asked_by=Channel.MANAGER)
        step.changes.questions.append(question)

    def hide_others(self, pbx: Pbx, listed: RegistrationList, why: str, step: Step) -> None:
        """Those that are not listed may be there all the same: nobody can tell."""
        for target in pbx.registrations.keys() - listed.targets:
            if target.resource.startswith(_OF_OLDER_DRIVERS):
                self._end(pbx, target, listed.asked_at, step, Ending.REMOVED)
                continue
            machine = pbx.registrations[target]
            machine.remark, pbx.unlisted_because = "", listed.lacks
            self._hide(machine, why, listed.asked_at, step)

    def end_others(self, pbx: Pbx, listed: RegistrationList, step: Step) -> None:
        """Those that are not listed any more are gone, or belong to an endpoint now."""
        for target in pbx.registrations.keys() - listed.targets:
            ending = Ending.REMOVED
            if target.resource in listed.names:
                ending = Ending.OWNED
            self._end(pbx, target, listed.asked_at, step, ending)

    def end_owned(self, pbx: Pbx, listed: RegistrationList, step: Step) -> None:
        """Those that are known to belong to an endpoint are no targets of their own any more."""
        for target in pbx.registrations.keys() - listed.targets:
            if target.resource in listed.names:
                self._end(pbx, target, listed.asked_at, step, Ending.OWNED)

    def end_all(self, pbx: Pbx, step: Step) -> None:
        """Nobody asks for them any more."""
        for target in list(pbx.registrations):
            self._end(pbx, target, step.now, step, Ending.NO_MANAGER)

    def _end(self, pbx: Pbx, target: Target, at: float, step: Step, ending: Ending) -> None:
        """Watch one no longer; its history stays."""
        machine = pbx.registrations.pop(target)
        self._booking.end_unknown(machine, at, step)
        transition = machine.forget(at, step.now, ending)
        if transition is not None:
            step.changes.transitions.append(transition)
        self._booking.tell(CheckEnded(target, machine.check, ending, f"{machine.kind} {target.resource}: {ending}"))
        self._booking.deadlines.clear(Deadline(Due.ASK, target, machine.check))
        step.changes.states.pop((target, machine.check), None)
        step.changes.forgotten.append(target)


def _remark(machine: Machine, observation: Observation) -> None:
    """Have it show what the list says, while that is not believed yet."""
    machine.remark = ""
    if observation.health is Health.DOWN and machine.belief is not Health.DOWN:
        machine.remark = observation.words
