"""A PBX without the channel driver of its endpoints: Asterisk goes on as if nothing were, and no call is possible."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tests.lab.asterisk import Asterisk
from tests.lab.endpoints import iax_peer, phone, trunk
from tests.lab.fixtures import Lab
from tests.lab.phones import Phone
from tests.lab.provider import Provider
from tests.system.scene import CHECKED_OFTEN, Scene, set_scene

DOWN = "DEGRADED PBX office: has no PJSIP channel driver"
UP = "UP PBX office (channel drivers) after "
NO_PJSIP = "Asterisk has no PJSIP channel driver"


def watched(lab: Lab, down_after: str = "2s") -> Scene:
    """A daemon that watches a phone and a provider that are up; ``down_after`` is that of the PBX."""
    provider = lab.add(Provider(lab.address()))
    pbx = lab.asterisk(
        phone("101", **CHECKED_OFTEN),  # type: ignore[arg-type]
        trunk("trunk-a", provider.uri, **CHECKED_OFTEN),  # type: ignore[arg-type]
    )
    assert lab.add(Phone(pbx.sip, "101")).register() == 200
    scene = set_scene(lab, pbx, lab.folder("daemon"), options={"poll_every": "2s", "down_after": down_after})
    for name in ("PJSIP/101", "PJSIP/trunk-a"):
        scene.daemon.wait_for_state(name, "up")
    # What makes it one is read after its state.
    scene.daemon.wait(lambda: scene.daemon.target("PJSIP/trunk-a")["kind"] == "provider", "it is known as a provider")
    return scene


def test_a_pjsip_channel_driver_that_is_unloaded_at_run_time_is_told_and_nothing_stays_green(lab: Lab) -> None:
    scene = watched(lab)

    scene.pbx.cli("module unload chan_pjsip.so")
    scene.daemon.wait_for_state("PJSIP/101", "unknown")
    scene.wait_told(DOWN)
    assert scene.daemon.target("PJSIP/trunk-a")["reason"].startswith(NO_PJSIP)
    assert scene.daemon.pbx()["state"] == "degraded"
    scene.pbx.cli("module load chan_pjsip.so")

    scene.wait_told(DOWN, UP)
    for name in ("PJSIP/101", "PJSIP/trunk-a"):
        scene.daemon.wait_for_state(name, "up")


@pytest.mark.parametrize("modules", [("chan_pjsip",), ("chan_pjsip", "res_pjsip")], ids="-".join)
def test_asterisk_back_without_chan_pjsip_or_res_pjsip_forgets_no_phone_and_makes_no_trunk_a_phone(
    lab: Lab, modules: tuple[str, ...]
) -> None:
    # A start lasts for more than two seconds on a busy machine, and is no outage here.
    scene = watched(lab, down_after="20s")

    restart_without(scene.pbx, *modules)
    scene.wait_told(DOWN)
    trunk_row, phone_row = (scene.daemon.target(name) for name in ("PJSIP/trunk-a", "PJSIP/101"))
    assert (trunk_row["kind"], phone_row["kind"]) == ("provider", "phone")
    assert {row["state"] for row in (trunk_row, phone_row)} == {"unknown"}
    assert {row["reason"][: len(NO_PJSIP)] for row in (trunk_row, phone_row)} == {NO_PJSIP}
    assert "removed from the configuration" not in scene.daemon.log()
    restart_without(scene.pbx)

    scene.wait_told(DOWN, UP)
    scene.daemon.wait_for_state("PJSIP/trunk-a", "up")
    assert {one["kind"] for one in scene.incidents()} == {"pbx"}


def restart_without(pbx: Asterisk, *modules: str) -> None:
    """Stop Asterisk, and start it without these modules."""
    pbx.stop()
    pbx.options = replace(pbx.options, without_modules=modules)
    pbx.start()


def test_an_iax_peer_without_its_channel_driver_is_one_incident_of_the_pbx(lab: Lab) -> None:
    branch = lab.asterisk()
    pbx = lab.asterisk(iax_peer("branch", qualify="500", host=branch.address))
    scene = set_scene(lab, pbx, lab.folder("daemon"), options={"poll_every": "2s"})
    scene.daemon.wait(lambda: scene.daemon.target("IAX2/branch"), "it is watched")

    pbx.cli("module unload chan_iax2.so")

    scene.wait_told("DEGRADED PBX office: has no IAX2 channel driver")
    assert scene.daemon.target("IAX2/branch")["reason"].startswith("Asterisk has no IAX2 channel driver")
