"""What comes and goes, by PBX: what flaps, and what would after one more change."""

from __future__ import annotations

from collections.abc import Iterable

from healthmon.core.belief.machine import Machine
from healthmon.model import Target

#: Checks of what is behind one PBX.
Machines = dict[tuple[Target, str], Machine]


class Restless:
    """Keeps both at hand, so that nobody must look at twenty thousand. Owned by the engine thread."""

    def __init__(self) -> None:
        self._flapping: dict[str, Machines] = {}
        self._nearly: dict[str, Machines] = {}

    def note(self, machine: Machine, now: float) -> None:
        """Take note of a check of which changes were counted a moment ago."""
        if machine.flaps is None:
            return
        name, is_flapping = machine.target.pbx, machine.is_flapping
        is_nearly = not is_flapping and machine.is_nearly_flapping(now)
        _put(self._flapping.setdefault(name, {}), machine, is_in=is_flapping)
        _put(self._nearly.setdefault(name, {}), machine, is_in=is_nearly)

    def forget(self, machine: Machine) -> None:
        """Nobody watches it any more."""
        for machines in (self._flapping, self._nearly):
            _put(machines.get(machine.target.pbx, {}), machine, is_in=False)

    def flapping(self, name: str) -> Iterable[Machine]:
        """Return what flaps behind a PBX, and the PBX itself if it does."""
        return self._flapping.get(name, {}).values()

    def is_any_nearly(self, name: str, now: float) -> bool:
        """Whether anything there would flap after one more change."""
        nearly = self._nearly.get(name, {})
        while nearly:
            key, machine = next(iter(nearly.items()))
            if machine.is_nearly_flapping(now):
                return True
            # Its changes are too old by now.
            del nearly[key]
        return False


def _put(machines: Machines, machine: Machine, *, is_in: bool) -> None:
    if is_in:
        machines[machine.target, machine.check] = machine
    else:
        machines.pop((machine.target, machine.check), None)
