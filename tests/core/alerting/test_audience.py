"""Who hears of an end when the receivers changed meanwhile."""

from __future__ import annotations

from msgspec.structs import replace

from healthmon.config.configuration import Config
from healthmon.core.alerting.decide import TELLING_ENDS_AFTER
from healthmon.model import Reason
from tests.core.scene import DOWN, UP, Scene, config, trunk, trunk_settings

BOSS = "oncall/boss"
TRUNK = trunk("a")
TRUTH = {TRUNK: UP}


def without_those_on_call() -> Config:
    return replace(config(), receivers=config().receivers[1:])


def told_down_while_those_on_call_were_taken_away() -> Scene:
    """A provider is down, which was told; a reload takes the receiver away; the provider is up again."""
    scene = Scene(config())
    scene.see(trunk_settings(TRUNK))
    scene.live(60, TRUTH)
    scene.live(120, {TRUNK: DOWN}, step=20)
    assert told(scene) == [Reason.OPENED]
    scene.reconfigure(without_those_on_call())
    scene.live(120, TRUTH, step=20)
    assert not scene.open(TRUNK)
    return scene


def told(scene: Scene) -> list[Reason]:
    return [reason for url, reason, _, _ in scene.sent if url == BOSS]


def test_who_comes_back_by_a_later_reload_hears_of_what_ended_meanwhile() -> None:
    scene = told_down_while_those_on_call_were_taken_away()
    assert told(scene) == [Reason.OPENED]

    scene.reconfigure(config())
    scene.live(20, TRUTH)

    assert told(scene) == [Reason.OPENED, Reason.RESOLVED]


def test_who_comes_back_days_later_does_not() -> None:
    scene = told_down_while_those_on_call_were_taken_away()
    scene.after(TELLING_ENDS_AFTER + 60)

    scene.reconfigure(config())
    scene.live(20, TRUTH)

    assert told(scene) == [Reason.OPENED]
