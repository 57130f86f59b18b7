"""Asterisk's maintenance mode, on a real one: a trunk that is out of service is unknown, and no outage."""

from __future__ import annotations

import pytest

from tests.lab.endpoints import trunk
from tests.lab.fixtures import Lab
from tests.lab.provider import Provider
from tests.system.scene import CHECKED_OFTEN, Scene, set_scene
from tests.system.test_registrations import manager_of

TRUNK, OTHER = "PJSIP/trunk-a", "PJSIP/trunk-b"
WATCH = """
[watch providers]
endpoints = PJSIP/trunk-*
down_after = 2s
up_after = 500ms
down_after_exact = yes
"""
BEGAN, OVER = "INFO PBX office: trunk-a is in maintenance mode", "INFO PBX office: trunk-a is out of maintenance mode"


def scene_of(lab: Lab, way: str = "tcp") -> tuple[Scene, Provider]:
    """Two trunks, whose Asterisk has the module, if it is young enough; and a daemon that knows them."""
    providers = [lab.add(Provider(lab.address())) for _ in "ab"]
    trunks = []
    for name, provider in zip("ab", providers, strict=True):
        provider.come_back()
        trunks.append(trunk(f"trunk-{name}", f"sip:{provider.address}:{provider.port}", **CHECKED_OFTEN))  # type: ignore[arg-type]
    pbx = lab.asterisk(*trunks)
    pbx.cli("module load res_pjsip_maintenance.so", check=False)
    scene = set_scene(
        lab, pbx, lab.folder("daemon"), config=WATCH, options={**manager_of(pbx, way), "down_after": "30s"}
    )
    for name in (TRUNK, OTHER):
        scene.daemon.wait_for_state(name, "up")
    scene.daemon.wait(lambda: "manager" not in scene.daemon.pbx()["reason"], "its manager interface answers")
    return scene, providers[0]


def has_no_such_mode(scene: Scene) -> bool:
    return "No such command" in scene.pbx.cli("pjsip show maintenance", check=False)


@pytest.mark.parametrize("way", ["tcp", "http"])
def test_a_trunk_in_maintenance_mode_is_unknown_and_told_once_though_it_dies(lab: Lab, way: str) -> None:
    scene, provider = scene_of(lab, way)
    if has_no_such_mode(scene):
        assert scene.daemon.pbx()["state"] == "up", "and nothing is said of that"
        return

    scene.pbx.cli("pjsip set maintenance on trunk-a")
    scene.wait_told(BEGAN)
    shown = scene.daemon.target(TRUNK)
    assert (shown["state"], scene.daemon.state(OTHER)) == ("unknown", "up")
    assert str(shown["reason"]).startswith("in maintenance mode at Asterisk since ")
    assert scene.pbx.endpoint_state(TRUNK) == "online"
    provider.vanish()
    scene.pbx.wait_state(TRUNK, "offline")
    provider.come_back()
    scene.pbx.wait_state(TRUNK, "online")
    scene.pbx.cli("pjsip set maintenance off trunk-a")

    scene.wait_told(BEGAN, OVER)
    scene.daemon.wait_for_state(TRUNK, "up")
    assert scene.incidents() == []
    (line,) = [one for one in scene.daemon.report("--since", "1h")["targets"] if one["endpoint"] == TRUNK]
    assert line["maintenance_s"] > 1


def test_all_at_once_is_an_event_that_names_nobody_and_a_restart_ends_it_without_any(lab: Lab) -> None:
    scene, _ = scene_of(lab)
    if has_no_such_mode(scene):
        return

    scene.pbx.cli("pjsip set maintenance on all")
    for name in (TRUNK, OTHER):
        scene.daemon.wait_for_state(name, "unknown")
    scene.pbx.restart()

    for name in (TRUNK, OTHER):
        scene.daemon.wait_for_state(name, "up", timeout=30)
    scene.wait_told("INFO PBX office: 2 endpoints are in", "INFO PBX office: 2 endpoints are out of")


def test_a_module_that_is_unloaded_forgets_it_which_the_next_list_shows(lab: Lab) -> None:
    scene, _ = scene_of(lab)
    if has_no_such_mode(scene):
        return
    scene.pbx.cli("pjsip set maintenance on trunk-a")
    scene.daemon.wait_for_state(TRUNK, "unknown")

    scene.pbx.cli("module unload res_pjsip_maintenance.so")

    scene.daemon.wait_for_state(TRUNK, "up", timeout=20)
    scene.wait_told(BEGAN, OVER)
