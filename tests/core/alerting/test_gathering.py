"""What comes and goes for one cause is told together, and a silence holds back that it is stable (rules 12, 14a)."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from healthmon.config.sections.shared import Hold
from healthmon.model import Health, Matcher, Reason, Target
from tests.core.scene import DOWN, PHONES, UP, Scene, config, phone, settings

FIRST, SECOND = phone(101), phone(102)
ALL_UP = {FIRST: UP, SECOND: UP}

#: Six changes, each of which lasts; the second phone goes and comes so much later (seconds).
CHANGES, EACH, LATER = 6, 30, 10


@pytest.fixture
def scene() -> Scene:
    """Two phones that are up, and checked once a minute."""
    scene = Scene(config(watches=(replace(PHONES, hold=Hold(60, 5, 60)),)))
    scene.snapshot(ALL_UP)
    scene.see(*(settings(target, qualify_frequency=60.0, qualify_timeout=3.0) for target in ALL_UP))
    return scene


def change(scene: Scene, number: int, *, are_two: bool) -> None:
    """One change of the first phone, and a moment later of the second."""
    health = (DOWN, UP)[number % 2]
    scene.event(FIRST, health)
    scene.after(LATER)
    if are_two:
        scene.event(SECOND, health)
    scene.after(EACH - LATER)


def come_and_go(scene: Scene, *, are_two: bool) -> None:
    """So often that they flap."""
    for number in range(CHANGES):
        change(scene, number, are_two=are_two)


def told(scene: Scene) -> list[Reason]:
    """What is sent now, all of one moment in one message."""
    return [reason for _, reason, _, _ in scene.deliver()]


def test_what_flaps_alone_is_told_at_once(scene: Scene) -> None:
    come_and_go(scene, are_two=False)

    assert told(scene) == [Reason.FLAPPING]


def test_that_the_first_flaps_waits_for_the_second(scene: Scene) -> None:
    for number in range(CHANGES - 1):
        change(scene, number, are_two=True)
    scene.event(FIRST, UP)
    scene.after(LATER)
    assert told(scene) == []

    scene.event(SECOND, UP)
    scene.after(3)

    assert told(scene) == [Reason.FLAPPING] * 2


def test_it_waits_for_one_cycle_of_checks_at_most(scene: Scene) -> None:
    for number in range(CHANGES - 1):
        change(scene, number, are_two=True)
    scene.event(FIRST, UP)
    scene.after(3)
    scene.after(63)
    assert told(scene) == []

    scene.after(4)

    assert told(scene) == [Reason.FLAPPING]


def live(scene: Scene, seconds: int, truth: dict[Target, Health]) -> list[list[Reason]]:
    """Let time pass; return what was told in each message."""
    messages = []
    for _ in range(seconds // 3):
        scene.sent = []
        scene.live(3, truth, step=3)
        if scene.sent:
            messages.append([reason for _, reason, _, _ in scene.sent])
    return messages


def test_what_becomes_calm_waits_for_the_other_that_is_about_to(scene: Scene) -> None:
    come_and_go(scene, are_two=True)
    scene.deliver()

    assert live(scene, 900, ALL_UP) == [[Reason.STABLE] * 2]


def test_what_waited_for_the_other_when_healthmon_was_killed_is_told_within_a_minute(scene: Scene) -> None:
    come_and_go(scene, are_two=True)
    scene.deliver()
    while not scene.booked(Reason.STABLE):
        scene.live(3, ALL_UP, step=3)

    scene = scene.restart()
    scene.snapshot(ALL_UP)

    assert [reason for message in live(scene, 60, ALL_UP) for reason in message] == [Reason.STABLE] * 2


def test_what_is_down_again_is_told_as_stable_no_later_than_that(scene: Scene) -> None:
    come_and_go(scene, are_two=True)
    scene.deliver()
    scene.live(100, ALL_UP)
    for number in range(CHANGES):
        scene.event(SECOND, (DOWN, UP)[number % 2])
        scene.after(EACH)
    assert live(scene, 255, ALL_UP) == []

    scene.event(FIRST, DOWN)

    assert live(scene, 300, {FIRST: DOWN, SECOND: UP}) == [[Reason.STABLE, Reason.OPENED], [Reason.STABLE]]


def test_a_silence_ordered_after_flapping_holds_back_that_it_is_stable_until_its_end(scene: Scene) -> None:
    come_and_go(scene, are_two=True)
    scene.deliver()
    scene.silence(Matcher(), 2400)
    assert live(scene, 1200, ALL_UP) == []

    scene = scene.restart()
    scene.snapshot(ALL_UP)
    assert live(scene, 1140, ALL_UP) == []

    assert live(scene, 420, ALL_UP) == [[Reason.STABLE] * 2]
    assert live(scene, 300, ALL_UP) == []


def test_whoever_was_told_that_it_is_down_hears_in_a_silence_that_it_is_stable(scene: Scene) -> None:
    scene.event(FIRST, DOWN)
    scene.live(200, {FIRST: DOWN, SECOND: UP})
    come_and_go(scene, are_two=False)
    scene.event(FIRST, UP)
    scene.deliver()
    scene.silence(Matcher(), 3600)

    assert live(scene, 1200, ALL_UP) == [[Reason.STABLE]]
