"""Outages of one provider in any order: of its reachability, its registration, its answers to our OPTIONS.

Whatever happens, nobody is told that something is down which has been well for long enough to be seen so, and nothing
twice. The seeds are printed.
"""

from __future__ import annotations

import random
import secrets
from collections.abc import Callable
from functools import partial

import pytest

from healthmon.model import Check, Reason
from tests.scenarios.asterisk import Peer
from tests.scenarios.playing import check_story, played
from tests.scenarios.rows import MANAGER, TELEKOM, Row
from tests.scenarios.world import World, provider

#: What is well for so long has been seen so by whoever asks every so often (seconds).
SEEN_WITHIN = 15.0
#: So long nothing happens before the first event, and after the last (seconds).
QUIET = 30.0
CALM = 400.0
#: So many are played in a soak, and with every change.
MANY, FEW = 200, 10

#: What makes each check bad, and well again, as the methods of the played Asterisk.
TURNS: dict[str, tuple[Callable[[World], None], Callable[[World], None]]] = {
    Check.REACHABILITY: (lambda world: world.pbx.dies(TELEKOM), lambda world: world.pbx.returns(TELEKOM)),
    Check.REGISTRATION: (lambda world: world.pbx.rejects(TELEKOM), lambda world: world.pbx.accepts(TELEKOM)),
    Check.OPTIONS: (
        lambda world: world.pbx.answers_with(503, TELEKOM),
        lambda world: world.pbx.answers_with(200, TELEKOM),
    ),
}


class Schedule:
    """What happens to a provider, drawn from a seed."""

    def __init__(self, seed: int) -> None:
        dice = random.Random(seed)
        self.qualify, self.every = dice.choice([5, 20, 60]), dice.choice([20, 30, 60])
        self.probe = dice.choice(["auto", "yes"])
        self.hold = dice.choice([10.0, 30.0, 60.0])
        #: When each check turns, in turn bad and well.
        self.turns: dict[str, list[float]] = {check: [] for check in TURNS}
        now = QUIET
        for _ in range(dice.randint(3, 12)):
            check = dice.choice([Check.REACHABILITY, Check.REACHABILITY, Check.REGISTRATION, Check.OPTIONS])
            self.turns[check].append(now)
            now += dice.choice([2, 5, 8, 15, 40, 70, 300]) * dice.uniform(0.8, 1.2)
        for times in self.turns.values():
            if len(times) % 2:
                now += dice.choice([1, 20, 100])
                times.append(now)
        self.lasts = float(round(now + CALM))

    def script(self, world: World) -> None:
        """Enter all of it."""
        for check, times in self.turns.items():
            for number, at in enumerate(times):
                world.at(at, partial(TURNS[check][number % 2], world))

    def peers(self) -> list[Peer]:
        """The provider, and another one to which nothing happens."""
        return [
            provider("telekom", "192.0.2.11", qualify=self.qualify),
            provider("sipgate", "192.0.2.22", qualify=self.qualify),
        ]

    def row(self) -> Row:
        """The same as a row of the table."""
        probes = f"probe = {self.probe}\nprobe_every = {self.every}s"
        return Row(
            "any order",
            self.script,
            (0, 99),
            lasts=self.lasts,
            hold=self.hold,
            providers_are=probes,
            of_pbx=MANAGER,
            peers=self.peers,
        )

    def well_for(self, check: str, at: float) -> float:
        """For how long a check has really been well at a time (seconds); 0.0: it is not."""
        # Who is dead answers no OPTIONS either; a registration lasts until it is refreshed.
        checks = {check, Check.REACHABILITY} - ({Check.REACHABILITY} if check == Check.REGISTRATION else set())
        past = [[turn for turn in self.turns[each] if turn <= at] for each in checks]
        if any(len(turns) % 2 for turns in past):
            return 0.0
        return at - max((turns[-1] for turns in past if turns), default=0.0)

    def seen_within(self, check: str) -> float:
        """How long it takes at most until whoever asks has seen that it is well (seconds)."""
        asked_every = {Check.REACHABILITY: self.qualify, Check.OPTIONS: self.every}
        return asked_every.get(check, 0.0) + SEEN_WITHIN


def untrue(schedule: Schedule, world: World) -> list[str]:
    """What was told to be down, and was not."""
    found = []
    for arrival in world.channel.arrivals:
        for row in arrival.rows:
            incident, at = row.incident, arrival.at
            is_told_bad = row.reason in (Reason.OPENED, Reason.CHANGED, Reason.REMINDER, Reason.FLAPPING)
            is_over = schedule.well_for(incident.check, at) > schedule.seen_within(incident.check)
            if incident.target.endpoint != TELEKOM or (is_told_bad and row.says.is_bad and is_over):
                found.append(f"after {at:.0f} s: {arrival.subject}")
    return found


def play(seed: int) -> list[str]:
    """Play what a seed gives; return what went wrong."""
    schedule = Schedule(seed)
    with played(schedule.row()) as world:
        check_story(world.channel, f"seed {seed}: {world.channel.subjects}")
        return [f"seed {seed}: {words}" for words in untrue(schedule, world)]


def test_nothing_is_told_of_a_provider_that_is_not_so() -> None:
    assert [words for seed in range(FEW) for words in play(seed)] == []


@pytest.mark.soak
def test_soak_nothing_is_told_of_a_provider_that_is_not_so() -> None:
    first = secrets.randbits(31)
    print(f"one provider: seeds {first} to {first + MANY - 1}")

    assert [words for seed in range(first, first + MANY) for words in play(seed)] == []
