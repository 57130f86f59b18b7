"""What an event of a contact adds to a loss is only booked where nothing can follow from it: with the same outcome."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from healthmon.core.belief.booking import Booking
from healthmon.core.belief.endpoint import Endpoint
from healthmon.core.belief.endpoint_check import EndpointCheck
from healthmon.core.step import Step
from healthmon.model import Changes, ContactStatus, Loss, Place, Target
from tests.core.scene import DOWN, PHONES, UP, Scene, config, phone, settings

OFFICE = [phone(str(number)) for number in range(101, 105)]
#: How often something happens in a history.
HAPPENINGS = 400


class Recorded(Scene):
    """All that is booked and said is kept."""

    def __init__(self) -> None:
        self.all_changes: list[str] = []
        super().__init__(config(watches=(PHONES,)))

    def _do(self, what: object) -> Changes:
        changes = super()._do(what)
        self.all_changes.append(repr((self.now, changes)))
        return changes


def history(seed: int) -> list[str]:
    """Phones of one site are lost and come back, with late, lost and doubled events, and with restarts of Asterisk."""
    chance, scene = random.Random(seed), Recorded()
    truth = dict.fromkeys(OFFICE, UP)
    scene.snapshot(truth)
    scene.see(*(settings(target, places=(Place("203.0.113.7"),)) for target in OFFICE))
    for _ in range(HAPPENINGS):
        scene.after(chance.choice([0.01, 1.0, 3.0, 31.0, 120.0]))
        for target in chance.sample(OFFICE, chance.choice([1, 1, 2, 4])):
            truth[target] = chance.choice([UP, DOWN])
            for happens in _events(scene, target, chance, is_up=truth[target] is UP):
                happens()
        if chance.random() < 0.2:
            startup = "" if chance.random() < 0.9 else f"boot {scene.now}"
            scene.snapshot(truth, asked_at=scene.now - 0.2, startup=startup)
    return scene.all_changes


def _events(scene: Scene, target: Target, chance: random.Random, *, is_up: bool) -> list[Callable[[], object]]:
    health, status = (UP, ContactStatus.REACHABLE) if is_up else (DOWN, ContactStatus.UNREACHABLE)
    if not is_up and chance.random() < 0.2:
        status = ContactStatus.REMOVED
    events: list[Callable[[], object]] = [
        lambda: scene.device(target, health),
        lambda: scene.event(target, health),
        lambda: scene.after(chance.choice([0.0, 0.005, 4.0])),
        lambda: scene.contact(target, status),
    ]
    if chance.random() < 0.3:
        chance.shuffle(events)
    return events[: chance.choice([2, 4, 4, 4])]


@pytest.mark.parametrize("seed", range(6))
def test_the_same_is_booked_and_told_as_if_everything_were_weighed(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[bool] = []
    falls = Endpoint._falls_however_it_was_lost

    def noted(endpoint: Endpoint, at: float) -> bool:
        taken.append(falls(endpoint, at))
        return taken[-1]

    def settled(booking: Booking, check: EndpointCheck, step: Step) -> None:
        booking.settle(check, None, step, degraded_counts=check.degraded_counts)

    monkeypatch.setattr(Endpoint, "_falls_however_it_was_lost", noted)
    short = history(seed)
    monkeypatch.setattr(Endpoint, "_falls_however_it_was_lost", lambda endpoint, at: False)
    monkeypatch.setattr(Booking, "settle_loss", settled)

    assert short == history(seed)
    assert {True, False} <= set(taken)


def test_how_it_was_lost_is_booked_though_nothing_else_follows_from_it() -> None:
    scene = Recorded()
    scene.snapshot({OFFICE[0]: UP})
    scene.see(settings(OFFICE[0], places=(Place("203.0.113.7"),)))
    scene.device(OFFICE[0], DOWN)
    before = scene.state(OFFICE[0])

    scene.after(0.01)
    scene.contact(OFFICE[0], ContactStatus.UNREACHABLE)

    after = scene.state(OFFICE[0])
    assert (before.loss, after.loss) == (Loss.NONE, Loss.NO_ANSWER)
    assert (after.pending, after.pending_since) == (DOWN, before.pending_since)
