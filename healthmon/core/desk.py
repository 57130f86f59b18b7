"""Where the core's parts book what they decide: states, unknown times, transitions, incidents, a line for the log."""

from __future__ import annotations

from healthmon.config.configuration import Config
from healthmon.core.alerting.dispatch import DueAt, NotBefore
from healthmon.core.belief.endpoint import Endpoint
from healthmon.core.belief.known import Known
from healthmon.core.belief.machine import Machine
from healthmon.core.deadlines import DeadlineKey, Deadlines
from healthmon.core.grouping.grouping import Grouping
from healthmon.core.incidents.incidents import Incidents
from healthmon.core.step import Step
from healthmon.model import Health, Remembered, Transition, UnknownPeriod

#: The key of the deadline at which flapping is looked at; it goes with a target, or a PBX's name and a check.
FLAPS = "flaps"


class Desk:
    """What the parts of the core share. Owned by the engine thread."""

    def __init__(self, config: Config, remembered: Remembered, known: Known) -> None:
        self.config = config
        self.deadlines: Deadlines[DeadlineKey] = Deadlines()
        self.grouping = Grouping(config, known, self.deadlines, remembered.incidents)
        self.incidents = Incidents(config, remembered, known, self.grouping, self.deadlines)

    def use(self, config: Config) -> None:
        """Take a new configuration."""
        self.config = config
        self.grouping.use(config)
        self.incidents.use(config)

    def review_groups(self, step: Step) -> None:
        """Look at every group in which something changed, and have its incident follow."""
        for news in self.grouping.falls.review(step.now, self.incidents.facts()):
            self.incidents.follow(news, step)

    def book(self, machine: Machine, step: Step) -> None:
        """Book the state as it is now; within one batch the last one wins."""
        step.changes.states[machine.target, machine.check] = machine.state()
        machine.booked_hold = machine.pending_hold()
        if isinstance(machine, Endpoint):
            self.grouping.members.note(machine)

    def begin_unknown(self, machine: Machine, why: str, at: float, step: Step) -> None:
        """Hide a check from ``at`` on; its belief, what is pending and the clocks stay underneath, stopped."""
        if machine.unknown_because == why:
            return
        self.end_unknown(machine, at, step)
        machine.unknown_because, machine.unknown_since = why, at
        period = UnknownPeriod(machine.target, machine.check, at, None, why)
        step.changes.unknown_periods[machine.target, machine.check, at] = period

    def end_unknown(self, machine: Machine, at: float, step: Step) -> bool:
        """End the time in which a check was unknown; return whether it was."""
        if not machine.unknown_because:
            return False
        since, why, machine.unknown_because = machine.unknown_since, machine.unknown_because, ""
        machine.stop_clocks_between(since, at)
        period = UnknownPeriod(machine.target, machine.check, since, max(at, since), why)
        step.changes.unknown_periods[machine.target, machine.check, since] = period
        self.incidents.look_again(machine.target, machine.check, step.now, step.changes)
        return True

    def review_flapping(self, machine: Machine, now: float) -> None:
        """Begin or end flapping, and set the time of the next look."""
        look_at = machine.review_flapping(now)
        if look_at is not None:
            self.look_at_flapping(machine, look_at)

    def look_at_flapping(self, machine: Machine, when: float) -> None:
        """Set the time of the next look at its flapping."""
        target = machine.target
        self.deadlines.set((FLAPS, (target.pbx, machine.check) if target.is_pbx else target), when)

    def settle(
        self,
        machine: Machine,
        transition: Transition | None,
        step: Step,
        *,
        degraded_counts: bool = True,
        cohort: str = "",
        due_at: DueAt | None = None,
        not_before: NotBefore | None = None,
    ) -> None:
        """Book a check after something changed: its state, the transition, its incident, who is told, and say so."""
        self.book(machine, step)
        if transition is not None:
            step.changes.transitions.append(transition)
        words = self.incidents.review(
            machine,
            step.now,
            step.changes,
            degraded_counts=degraded_counts,
            cohort=cohort,
            due_at=due_at,
            not_before=not_before,
        )
        self._log(machine, transition, words, step)

    def _log(self, machine: Machine, transition: Transition | None, words: str, step: Step) -> None:
        outcome = f"; {words}" if words else ""
        if transition is not None:
            # The first "up" of twenty thousand phones is no decision worth a line each.
            if transition.before is not None or transition.after is not Health.UP:
                step.changes.log.append(f"{name_of(machine)}: {in_words(transition)}{outcome}")
        elif words.startswith("tells"):
            step.changes.log.append(f"{name_of(machine)}: {status_of(machine)}{outcome}")


def name_of(machine: Machine) -> str:
    """Say ``phone PJSIP/1042 on berlin``, or ``pbx berlin (connection)``."""
    if machine.target.is_pbx:
        return f"{machine.target} ({machine.check})"
    return f"{machine.kind} {machine.target}"


def status_of(machine: Machine) -> str:
    """Say what is believed at present."""
    believed = machine.belief or "never known"
    return f"{believed}, changing too often" if machine.is_flapping else f"{believed}"


def in_words(transition: Transition) -> str:
    """Say ``down after 31 s: does not answer OPTIONS (contact Unreachable)``."""
    if transition.after is None:
        return transition.cause
    after = f" after {transition.believed_at - transition.at:.0f} s"
    cause = f": {transition.cause}" if transition.cause else ""
    return f"{transition.after}{after}{cause}"
