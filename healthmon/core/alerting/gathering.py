"""What comes and goes for one cause is told together: that it flaps, and that it is stable again (rule 14a)."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct, field

from healthmon.core.belief.flapping import LASTED
from healthmon.core.belief.known import Known
from healthmon.core.belief.restless import Restless
from healthmon.core.grouping.falls import CONFIRMED_WITHIN
from healthmon.core.grouping.members import cycle_of
from healthmon.core.step import Step
from healthmon.model import Incident, Reason, Release, Target

#: What is told of an endpoint together with its like.
GATHERED = (Reason.FLAPPING, Reason.STABLE)

#: What is calm waits for the others for this part of its flap_window at most.
PART_OF_WINDOW = 0.5


class Batch(Struct):
    """The incidents of one PBX of which the same is about to be told."""

    #: Until when at the latest (seconds UTC).
    until: float
    numbers: dict[tuple[Target, str], int] = field(default_factory=dict)


class Gathering:
    """Has what is told of one thing that comes and goes wait for the others. Owned by the engine thread."""

    def __init__(self, known: Known, restless: Restless) -> None:
        self._known = known
        self._restless = restless
        self._batches: dict[tuple[str, Reason], Batch] = {}

    def join(self, incident: Incident, reason: Reason, now: float) -> float:
        """Return until when this waits for the others at the latest (seconds UTC); 0.0: it waits for none.

        All that come together go together, with the first of them at the latest.
        """
        endpoint = self._known.endpoint(incident.target)
        is_outage = reason is Reason.STABLE and incident.is_open
        if reason not in GATHERED or is_outage or endpoint is None:
            return 0.0
        key = (incident.target.pbx, reason)
        batch = self._batches.get(key)
        if batch is None or batch.until <= now:
            if reason is Reason.FLAPPING:
                # Within one cycle of its checks Asterisk has noticed the same of them.
                wait = cycle_of(endpoint.reachability) + LASTED + CONFIRMED_WITHIN
            else:
                wait = PART_OF_WINDOW * endpoint.checks[incident.check].flap_rule.window
            batch = self._batches[key] = Batch(now + wait)
        batch.numbers[incident.target, incident.check] = incident.id
        return batch.until

    def leave(self, incident: Incident, step: Step) -> None:
        """It is otherwise by now than what waits to be told of this check says: that waits for nobody any more."""
        for reason in GATHERED:
            batch = self._batches.get((incident.target.pbx, reason))
            if batch is not None:
                number = batch.numbers.pop((incident.target, incident.check), None)
                _release([number], step)

    def review(self, step: Step) -> None:
        """Let go of all for which no others are in sight. Call it at the end of a step."""
        for key, batch in list(self._batches.items()):
            if not self._is_more_in_sight(key, batch.until, step.now):
                _release(batch.numbers.values(), step)
                del self._batches[key]

    def _is_more_in_sight(self, key: tuple[str, Reason], until: float, now: float) -> bool:
        name, reason = key
        if now >= until:
            return False
        if reason is Reason.FLAPPING:
            return self._restless.is_any_nearly(name, now)
        # Those that flap are calm then, if they do not change again.
        flapping = [machine for machine in self._restless.flapping(name) if machine.target.is_endpoint]
        return any(
            machine.flaps is not None and machine.flaps.calm_at(machine.flap_rule) <= until for machine in flapping
        )


def _release(numbers: Iterable[int | None], step: Step) -> None:
    step.changes.releases += [Release(number, step.now) for number in numbers if number is not None]
