"""Where belief books what it changes: states, unknown times, transitions; and the news for the stages after it."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from healthmon.config.configuration import Config
from healthmon.core.belief.endpoint_check import EndpointCheck
from healthmon.core.belief.machine import Machine
from healthmon.core.belief.news import CheckChanged, CheckSeen, EndpointNoted, News
from healthmon.core.belief.reachability import Reachability
from healthmon.core.belief.restless import Restless
from healthmon.core.deadlines import Deadline, Deadlines, Due
from healthmon.core.step import Step
from healthmon.model import CheckState, Transition, UnknownPeriod
from healthmon.times.wall import Wall


class Booking:
    """What the parts of belief share. Owned by the engine thread."""

    def __init__(self, config: Config, deadlines: Deadlines[Deadline], wall: Wall) -> None:
        self.config = config
        self.deadlines = deadlines
        self.wall = wall
        #: What comes and goes.
        self.restless = Restless()
        self._news: list[News] = []

    def tell(self, news: News) -> None:
        """Have the stages after belief know this."""
        self._news.append(news)

    def take_news(self) -> Sequence[News]:
        """Return, once, what has happened since it was last asked."""
        if not self._news:
            return ()
        news, self._news = self._news, []
        return news

    def book(self, machine: Machine, step: Step) -> None:
        """Book the state as it is now; within one batch the last one wins."""
        self._book(machine, step)
        if isinstance(machine, Reachability):
            self._news.append(EndpointNoted(machine))

    def _book(self, machine: Machine, step: Step) -> CheckState:
        state = step.changes.states[machine.target, machine.check] = machine.state()
        machine.booked_hold = state.pending_hold, state.pending_hold_why
        return state

    def settle(
        self, machine: Machine, transition: Transition | None, step: Step, *, degraded_counts: bool = True
    ) -> None:
        """Book a check after something changed: its state, the transition; its incident follows."""
        state = self._book(machine, step)
        if isinstance(machine, Reachability):
            self._news.append(EndpointNoted(machine))
        if transition is not None:
            step.changes.transitions.append(transition)
        self._news.append(CheckChanged(state, transition, degraded_counts))

    def settle_loss(self, check: EndpointCheck, step: Step) -> None:
        """Book how an endpoint was lost, of which all else is booked: grouping is told nothing that it asks for."""
        state = step.changes.states.get((check.target, check.check))
        if state is None:
            state = self._book(check, step)
        else:
            # Mostly the events of one loss come together, and the others have just had everything worked out.
            state = step.changes.states[check.target, check.check] = replace(state, loss=check.loss_to_book())
        self._news.append(CheckChanged(state, None, check.degraded_counts))

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
        self._news.append(CheckSeen(machine.target, machine.check))
        return True

    def review_flapping(self, machine: Machine, now: float) -> None:
        """Begin or end flapping, and set the time of the next look."""
        if machine.is_far_from_flapping(now):
            return
        look_at = machine.review_flapping(now)
        self.restless.note(machine, now)
        if look_at is not None:
            self.look_at_flapping(machine, look_at)

    def look_at_flapping(self, machine: Machine, when: float) -> None:
        """Set the time of the next look at its flapping."""
        self.deadlines.set(Deadline(Due.FLAPPING, machine.target, machine.check), when)
