"""Contacts and settings on a real Asterisk, by its manager interface, with the least rights and with more."""

from __future__ import annotations

import json

import pytest
from msgspec.structs import replace

from tests.lab.certs import Authority
from tests.lab.endpoints import phone, trunk
from tests.lab.fixtures import Lab
from tests.lab.pbxfiles import Options
from tests.lab.phones import Phone
from tests.lab.provider import Provider
from tests.system.scene import CHECKED_OFTEN, Scene, set_scene
from tests.system.test_registrations import manager_of

RIGHTS = {
    "reporting": Options(ami_read="system", ami_write="reporting"),
    "system": Options(ami_read="system", ami_write="system,reporting"),
}


#: What is asked of so many is more than Asterisk reads at once.
IDLE_PHONES = [phone(str(number)) for number in range(201, 231)]


def scene_of(lab: Lab, rights: str, way: str = "tcp") -> Scene:
    """A trunk with a contact in the configuration, and a phone that has registered."""
    provider = lab.add(Provider(lab.address()))
    provider.come_back()
    address = lab.address()
    authority = Authority(lab.folder("authority"))
    pbx = lab.asterisk(
        trunk("trunk-a", f"sip:{provider.address}:{provider.port}", **CHECKED_OFTEN),  # type: ignore[arg-type]
        phone("101", **CHECKED_OFTEN),  # type: ignore[arg-type]
        *IDLE_PHONES,
        options=replace(RIGHTS[rights], certificate=authority.valid(address).files),
        address=address,
    )
    registered = lab.add(Phone(pbx.sip, "101"))
    assert registered.register() == 200
    options = {**manager_of(pbx, way), "verify_tls": str(authority.ca_file), "poll_every": "2s"}
    return set_scene(lab, pbx, lab.folder("daemon"), options=options)


def round_trips(scene: Scene, endpoint: str) -> object:
    return scene.daemon.target(endpoint).get("rtt_p50_ms")


def contacts(scene: Scene, endpoint: str) -> list[dict[str, object]]:
    life = json.loads(scene.daemon.command("history", endpoint, "--json").stdout)
    found: list[dict[str, object]] = life.get("contacts", [])
    return found


@pytest.mark.parametrize(("rights", "way"), [("reporting", "tls"), ("system", "tcp"), ("system", "http")])
def test_round_trips_of_a_trunk_and_of_a_phone_arrive(lab: Lab, rights: str, way: str) -> None:
    scene = scene_of(lab, rights, way)

    scene.daemon.wait(lambda: round_trips(scene, "PJSIP/trunk-a"), "a round trip of the trunk", 90)
    scene.daemon.wait(lambda: round_trips(scene, "PJSIP/101"), "a round trip of the phone", 90)

    life = json.loads(scene.daemon.command("history", "101", "--json").stdout)
    assert any("healthmon lab" in event["words"] for event in life["events"] if event["what"] == "contact")
    scene.daemon.wait(lambda: contacts(scene, "101"), "until when the phone is registered", 90)
    assert [contact["registered_until"] is not None for contact in contacts(scene, "101")] == [True]
    assert "no answer within" not in scene.daemon.log()
