"""Phones of a real Asterisk that log out (REGISTER with Expires: 0), beside one that is lost."""

from __future__ import annotations

from tests.lab.endpoints import phone
from tests.lab.fixtures import Lab
from tests.lab.phones import PhoneFarm
from tests.system.scene import CHECKED_OFTEN, Scene, set_scene

TEN = [str(number) for number in range(101, 111)]
SOFTPHONES = """
[watch phones]
endpoints = PJSIP/*
kind = softphone
alert_singly = yes
down_after = 2s
up_after = 500ms
down_after_exact = yes
receivers = oncall
"""


def office(lab: Lab, config: str = "") -> tuple[Scene, PhoneFarm]:
    """Ten phones at one site, all of them up."""
    pbx = lab.asterisk(*(phone(name, **CHECKED_OFTEN) for name in TEN))  # type: ignore[arg-type]
    farm = lab.add(PhoneFarm(pbx.sip, TEN, f"{lab.subnet()}.1"))
    farm.register()
    scene = set_scene(lab, pbx, lab.folder("daemon"), config=config)
    for name in TEN:
        scene.daemon.wait_for_state(f"PJSIP/{name}", "up")
    return scene, farm


def test_softphones_that_log_out_are_no_site_that_is_down_and_are_never_told(lab: Lab) -> None:
    scene, farm = office(lab, SOFTPHONES)

    for name in TEN[:4]:
        assert farm[name].unregister() == 200
    for name in TEN[:4]:
        scene.daemon.wait_for_state(f"PJSIP/{name}", "down")
    farm["110"].vanish()

    # What is lost is told; so nothing else was waiting.
    scene.wait_told("DOWN softphone 110 (office) since ")
    assert scene.daemon.target("PJSIP/101")["reason"] == "logged out (contact Removed)"
    assert {incident["kind"] for incident in scene.incidents()} == {"softphone"}
    status = scene.daemon.command("status")
    assert "logged out" in status.stdout
    assert status.returncode == 1
    for name in TEN[:4]:
        assert farm[name].register() == 200
    farm["110"].come_back()
    scene.wait_told("DOWN softphone 110 (office) since ", "UP softphone 110 (office) after ")


def test_a_desk_phone_that_logs_out_is_told_in_its_own_word(lab: Lab) -> None:
    scene, farm = office(lab)

    assert farm["101"].unregister() == 200

    scene.wait_told("LOGGED OUT phone 101 (office) since ")
    assert "cause: logged out (contact Removed)" in scene.sink.messages[0].body
    assert farm["101"].register() == 200
    scene.wait_told("LOGGED OUT phone 101 (office) since ", "UP phone 101 (office) after ")


def test_a_phone_that_does_not_answer_is_told_so_in_plain_words(lab: Lab) -> None:
    scene, farm = office(lab)

    farm["101"].vanish()

    scene.wait_told("DOWN phone 101 (office) since ")
    assert "cause: does not answer OPTIONS (contact Unreachable)" in scene.sink.messages[0].body
