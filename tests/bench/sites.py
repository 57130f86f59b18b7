"""Thousands of phones at many addresses fall at once, later return: how much work that is for the engine.

``python -m tests.bench.sites 20000 200`` plays it in simulated time: each phone falls, and returns, at a moment of its
own within Asterisk's cycle of checks. What is measured is the processor time in the core alone.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterable
from time import process_time

from healthmon.model import (
    Changes,
    ContactChange,
    ContactStatus,
    Health,
    Observation,
    Place,
    Reason,
    Sighting,
    Source,
    Target,
    Witness,
)
from tests.core.grouping.test_causes import quick
from tests.core.scene import DOWN, UP, Scene, phone, settings

#: Asterisk checks each phone so often (seconds).
CYCLE = 60.0


class Branches(Scene):
    """Phones at many addresses behind a PBX without a provider; its clock, and a watch on the core's work."""

    def __init__(self, phones: int, sites: int) -> None:
        #: Processor time that the core took (seconds).
        self.worked = 0.0
        super().__init__(quick())
        numbers = {phone(10_000 + number): number % sites for number in range(phones)}
        self.places = {target: f"203.0.{site}.7" for target, site in numbers.items()}
        self.truth = dict.fromkeys(self.places, UP)
        self.snapshot(self.truth)
        self.see(*(settings(target, places=(Place(address),)) for target, address in self.places.items()))
        self.live(CYCLE, self.truth)

    def _do(self, what: object) -> Changes:
        def work(changes: Changes) -> None:
            begun = process_time()
            what(changes)  # type: ignore[operator]
            self.worked += process_time() - begun

        return super()._do(work)

    def turn(self, health: Health) -> None:
        """All fall, or return, in any order, each at its own moment of a cycle of checks; later all is told."""
        order = list(self.places)
        random.Random(1).shuffle(order)
        a_second = -(-len(order) // int(CYCLE))
        for first in range(0, len(order), a_second):
            turning = order[first : first + a_second]
            for target in turning:
                self.after(1.0 / (len(turning) + 1))
                self.truth[target] = health
                self.see(*self._events(target, health))
            self.live(1.0 / (len(turning) + 1), self.truth, step=1.0)
        self.live(2 * CYCLE, self.truth, step=1.0)

    def _events(self, target: Target, health: Health) -> Iterable[Sighting]:
        """The three events of a change."""
        status = ContactStatus.REACHABLE if health is UP else ContactStatus.UNREACHABLE
        yield ContactChange(target, f"sip:{target.resource}@{self.places[target]}:5060", status, self.now, None)
        for witness in (Witness.ENDPOINT, Witness.DEVICE):
            yield Observation(target, health, self.now, Source.EVENT, witness, f"{witness} {health}")

    def told(self) -> list[tuple[Reason, str, str]]:
        """What was sent: the reason, about whom, and what it said."""
        return [(reason, str(self.db.incidents[number].target), said) for _, reason, number, said in self.sent]


def main(phones: int, sites: int) -> None:
    """Play it, and print what was told and how long the core worked."""
    branches = Branches(phones, sites)
    for health in (DOWN, UP):
        begun, told = branches.worked, len(branches.sent)
        branches.turn(health)
        worked = branches.worked - begun
        print(f"{phones} phones at {sites} addresses {health}: {len(branches.sent) - told} messages;", end=" ")
        print(f"{worked:.1f} s of the core, {worked / phones * 1000:.2f} ms a phone", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
