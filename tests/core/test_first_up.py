"""What a snapshot finds up at first takes a short way: what comes of it is the same as by the way of all others."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from healthmon.core.belief.endpoints import Endpoints
from healthmon.model import ContactStatus, Health, Target
from tests.core.scene import DEGRADED, DOWN, UP, Scene, config, phone, settings, trunk

#: One of them is of a technology of which ARI shows no settings.
TARGETS = [*(phone(number) for number in range(101, 109)), trunk("a"), Target("office", "IAX2", "branch")]


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Counts how often each way is taken."""
    counted: Counter[str] = Counter()
    apply = Endpoints.apply

    def counting(*arguments, **named):  # type: ignore[no-untyped-def]
        counted["apply"] += 1
        apply(*arguments, **named)

    monkeypatch.setattr(Endpoints, "apply", counting)
    return counted


def test_a_first_snapshot_and_that_after_a_start_weigh_only_what_is_not_simply_up(calls: Counter[str]) -> None:
    scene = Scene(config())
    truth = {target: UP for target in TARGETS if target.technology == "PJSIP"} | {phone(101): DOWN}

    scene.snapshot(truth)
    assert calls["apply"] == 0
    scene.see(settings(phone(101)))
    calls.clear()

    scene.restart().snapshot(truth)
    assert calls["apply"] == 1


@pytest.mark.parametrize("seed", range(6))
def test_the_short_way_ends_where_the_long_one_does(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    by_the_short_way = _played(seed)
    monkeypatch.setattr(Endpoints, "take_first_up", lambda *_: False)

    assert _played(seed) == by_the_short_way


def _played(seed: int) -> list[object]:
    """Play some days of changes, restarts and blind times; return all that was booked, said and told."""
    dice, scene, truth = random.Random(seed), Scene(config()), dict.fromkeys(TARGETS, UP)
    seen: list[object] = []
    for _ in range(60):
        target = dice.choice(TARGETS)
        what = dice.randrange(8)
        if what < 2:
            truth[target] = dice.choice((UP, UP, DOWN))
            scene.event(target, truth[target])
        elif what == 2:
            status = dice.choice((ContactStatus.UNREACHABLE, ContactStatus.REACHABLE, ContactStatus.REMOVED))
            scene.contact(target, status, f"sip:{target.resource}@203.0.113.7:5060")
        elif what == 3:
            scene.see(settings(target, qualify_frequency=dice.choice((0.0, 60.0))))
        elif what == 4:
            scene = scene.restart()
        scene.after(dice.choice((0.5, 5.0, 60.0)))
        scene.snapshot({each: _listed(truth[each], dice) for each in TARGETS})
        scene.after(20.0)
        scene.answer_all(truth)
        scene.deliver()
        states = dict(scene.db.states)
        calm = [(each.target, each.calm, each.word) for each in scene.monitor.known.pbxs["office"].endpoints.values()]
        seen.append((states, list(scene.sent), list(scene.log), sorted(scene.db.incidents), calm))
    return seen


def _listed(health: Health, dice: random.Random) -> Health:
    """Now and then a snapshot says something else."""
    return dice.choice((DOWN, DEGRADED)) if health is UP and dice.random() < 0.02 else health
