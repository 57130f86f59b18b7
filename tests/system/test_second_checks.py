"""A dead trunk that a real Asterisk checks once a minute is made to be checked again, and told after its own hold."""

from __future__ import annotations

import time

import pytest

from tests.lab.endpoints import trunk
from tests.lab.fixtures import Lab
from tests.lab.provider import Provider
from tests.system.scene import Scene, set_scene
from tests.system.test_registrations import manager_of

TRUNK = "PJSIP/trunk-a"
DOWN_AFTER, TIMEOUT = 5.0, 2.0
WATCH = f"""
[watch providers]
endpoints = PJSIP/trunk-*
down_after = {DOWN_AFTER:g}s
up_after = 500ms
"""


@pytest.fixture
def provider(lab: Lab) -> Provider:
    one = lab.add(Provider(lab.address()))
    one.come_back()
    return one


def scene_of(lab: Lab, provider: Provider, way: str) -> Scene:
    """A trunk that is checked once a minute, and a daemon that has known it for a moment."""
    contact = f"sip:{provider.address}:{provider.port}"
    pbx = lab.asterisk(trunk("trunk-a", contact, qualify_frequency=60, qualify_timeout=TIMEOUT))
    pbx.cli("pjsip qualify trunk-a")
    pbx.wait_state(TRUNK, "online")
    scene = set_scene(lab, pbx, lab.folder("daemon"), config=WATCH, options=manager_of(pbx, way))
    scene.daemon.wait_for_state(TRUNK, "up")
    scene.daemon.wait(lambda: "not yet known" not in scene.daemon.target(TRUNK)["remark"], "its settings are read")
    return scene


def is_noticed(scene: Scene) -> bool:
    return bool(scene.daemon.target(TRUNK)["pending"] == "down")


@pytest.mark.parametrize("way", ["tcp", "http"])
def test_a_dead_trunk_is_believed_down_after_its_own_hold(lab: Lab, provider: Provider, way: str) -> None:
    scene = scene_of(lab, provider, way)

    provider.vanish()
    # What its next check would find, a minute later at the latest.
    scene.pbx.cli("pjsip qualify trunk-a")
    scene.daemon.wait(lambda: is_noticed(scene), "it is noticed")
    noticed_at = time.monotonic()
    scene.wait_told("DOWN provider trunk-a (office) since ")

    # Two checks of its own would take 64 s.
    assert time.monotonic() - noticed_at <= DOWN_AFTER + 2 * TIMEOUT
    provider.come_back()
    scene.pbx.cli("pjsip qualify trunk-a")
    scene.wait_told("DOWN provider trunk-a (office) since ", "UP provider trunk-a (office) after ")


def test_a_trunk_that_was_away_for_a_moment_answers_the_second_check_and_is_not_told(
    lab: Lab, provider: Provider
) -> None:
    scene = scene_of(lab, provider, "tcp")

    provider.vanish()
    scene.pbx.cli("pjsip qualify trunk-a")
    scene.daemon.wait(lambda: is_noticed(scene), "it is noticed")
    provider.come_back()

    # Nobody but healthmon asks for a check: Asterisk's next one is most of a minute away.
    scene.daemon.wait(lambda: not is_noticed(scene), "it has answered", timeout=DOWN_AFTER + 2 * TIMEOUT)
    assert scene.daemon.state(TRUNK) == "up"
    assert scene.subjects == []
