"""What a PBX lists: what is down at the first look, comes and goes by a reload, or vanishes with a broken file."""

from __future__ import annotations

import re

import pytest

from tests.lab.asterisk import Asterisk
from tests.lab.endpoints import Endpoint, phone, trunk
from tests.lab.fixtures import Lab
from tests.lab.phones import Phone, PhoneFarm
from tests.lab.process import wait_until
from tests.lab.provider import Provider
from tests.system.scene import CHECKED_OFTEN, set_scene

PHONES = tuple(str(number) for number in range(101, 111))


def phones(names: tuple[str, ...] = PHONES) -> list[Endpoint]:
    return [phone(name, **CHECKED_OFTEN) for name in names]  # type: ignore[arg-type]


def provider_at(name: str, contact: str) -> Endpoint:
    return trunk(name, contact, **CHECKED_OFTEN)  # type: ignore[arg-type]


def registered(lab: Lab, pbx: Asterisk, names: tuple[str, ...] = PHONES) -> PhoneFarm:
    """Register all these phones and wait until Asterisk has checked them."""
    farm = lab.add(PhoneFarm(pbx.sip, names, lab.address()))
    farm.register()
    for name in names:
        pbx.wait_state(f"PJSIP/{name}", "online")
    return farm


def all_are_unreachable(pbx: Asterisk, *names: str) -> bool:
    """Whether Asterisk has checked the contacts of all of these, and none answered."""
    return all(re.search(rf"Contact {name}/\S+ is now Unreachable", pbx.log_text()) for name in names)


def test_endpoints_come_and_go_by_a_reload_without_an_outage(lab: Lab) -> None:
    provider = lab.add(Provider(lab.address()))
    nowhere = f"sip:{lab.address()}:5060"
    pbx = lab.asterisk(
        *(provider_at(name, nowhere) for name in ("trunk-x", "trunk-y", "trunk-z")),
        provider_at("trunk-a", provider.uri),
        *phones(("101",)),
    )
    pbx.wait_state("PJSIP/trunk-a", "online")
    # What is found unreachable by an event while Asterisk is in its grace is told before the grace of the others ends.
    wait_until(lambda: all_are_unreachable(pbx, "trunk-x", "trunk-y", "trunk-z"), 10, "all three are checked")
    scene = set_scene(lab, pbx, lab.folder("daemon"))

    # The first look.
    scene.wait_told("DOWN 3 providers (office): trunk-x, trunk-y, trunk-z")
    assert "found down at first look: 3 providers (office)" in scene.sink.messages[0].body

    # A provider that is down is removed, a phone is added.
    pbx.remove_endpoint("PJSIP/trunk-x")
    pbx.add_endpoint(*phones(("120",)))
    scene.daemon.wait(lambda: scene.daemon.target("PJSIP/trunk-x") == {}, "trunk-x is no longer watched")
    newcomer = lab.add(Phone(pbx.sip, "120"))
    assert newcomer.register() == 200
    scene.daemon.wait_for_state("PJSIP/120", "up")
    newcomer.vanish()
    scene.daemon.wait(lambda: len(scene.subjects) == 2, "the new phone is told")
    assert scene.subjects[1].startswith("DOWN phone 120 (office) ")
    ended = next(one for one in scene.incidents() if one["endpoint"] == "PJSIP/trunk-x")
    assert ended["ending"] == "removed from the configuration"

    # A provider that is up is removed: no outage of it, and the PBX says what it no longer lists.
    pbx.remove_endpoint("PJSIP/trunk-a")
    scene.daemon.wait(lambda: len(scene.subjects) == 3, "the missing provider is told")
    assert scene.subjects[2].startswith("DEGRADED PBX office: lists ")
    assert "missing: PJSIP/trunk-a" in scene.sink.messages[2].body
    assert scene.daemon.target("PJSIP/trunk-a") == {}
    assert all(one["endpoint"] != "PJSIP/trunk-a" for one in scene.incidents())
    assert scene.daemon.report("--since", "1h", "--endpoint", "PJSIP/trunk-a")["targets"][0]["outages"] == 0


def test_a_reload_of_a_broken_pjsip_conf_is_one_incident_of_the_pbx(lab: Lab) -> None:
    pbx = lab.asterisk(*phones())
    farm = registered(lab, pbx)
    scene = set_scene(lab, pbx, lab.folder("daemon"))
    scene.daemon.wait_for_state("PJSIP/110", "up")

    pbx.remove_endpoint(*(f"PJSIP/{name}" for name in PHONES[3:]))
    scene.wait_told("DEGRADED PBX office: lists 3 of 10 endpoints")
    assert scene.daemon.pbx()["state"] == "degraded"
    assert scene.daemon.state("PJSIP/101") == "up"
    pbx.add_endpoint(*phones(PHONES[3:]))
    for name in PHONES[3:]:
        assert farm[name].register() == 200

    scene.wait_told("DEGRADED PBX office: lists 3 of 10 endpoints", "UP PBX office (list of endpoints) after ")
    scene.daemon.wait_for_state("PJSIP/110", "up")
    assert [one["kind"] for one in scene.incidents()] == ["pbx"]


@pytest.mark.lab
def test_a_restart_with_an_empty_pjsip_conf_is_one_incident_of_the_pbx(lab22: Lab) -> None:
    pbx = lab22.asterisk(*phones())
    farm = registered(lab22, pbx)
    scene = set_scene(lab22, pbx, lab22.folder("daemon"), options={"down_after": "10s"})
    scene.daemon.wait_for_state("PJSIP/110", "up")

    pbx.remove_endpoint(*(f"PJSIP/{name}" for name in PHONES), reload=False)
    pbx.write_files()
    pbx.restart()
    scene.wait_told("DEGRADED PBX office: lists 0 of 10 endpoints")
    assert scene.daemon.state("PJSIP/101") in {"unknown", ""}
    pbx.add_endpoint(*phones())
    farm.register()

    scene.wait_told("DEGRADED PBX office: lists 0 of 10 endpoints", "UP PBX office (list of endpoints) after ")
    scene.daemon.wait_for_state("PJSIP/110", "up")
    assert [one["kind"] for one in scene.incidents()] == ["pbx"]
