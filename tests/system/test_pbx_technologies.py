"""Peers of other kinds than PJSIP, from other places than pjsip.conf, and programs that others wrote."""

from __future__ import annotations

import pytest

from tests.lab.endpoints import iax_peer, phone, sip_peer, trunk
from tests.lab.fixtures import Lab, need
from tests.lab.others import baresip, sipp_provider
from tests.lab.pbxfiles import Options
from tests.lab.phones import Phone
from tests.lab.process import wait_until
from tests.system.scene import CHECKED_OFTEN, set_scene


def test_an_iax_peer_that_is_well_is_not_reported_yet_and_its_loss_is_told(lab: Lab) -> None:
    branch = lab.asterisk()
    pbx = lab.asterisk(iax_peer("branch", qualify="500", host=branch.address))
    wait_until(lambda: "Status       : OK" in pbx.cli("iax2 show peer branch"), 15, "IAX2/branch OK", every=0.1)
    scene = set_scene(lab, pbx, lab.folder("daemon"))
    before = scene.daemon.target("IAX2/branch")

    branch.kill()
    scene.wait_told("DOWN provider branch (office) since ")
    branch.start()

    scene.wait_told("DOWN provider branch (office) since ", "UP provider branch (office) after ")
    assert (before["state"], before["kind"]) == ("unknown", "provider")
    assert before["reason"].startswith("not reported yet")


def test_programs_that_others_wrote_and_a_phone_from_a_database(lab: Lab) -> None:
    provider_address = lab.address()
    pbx = lab.asterisk(
        phone("101", **CHECKED_OFTEN),  # type: ignore[arg-type]
        trunk("trunk-a", f"sip:{provider_address}:5060", **CHECKED_OFTEN),  # type: ignore[arg-type]
        options=Options(realtime=True),
        start=False,
    )
    assert pbx.realtime is not None
    pbx.realtime.add_phone("301", qualify_frequency=1, qualify_timeout=0.5)
    provider = lab.add(sipp_provider(need("sipp"), lab.folder("sipp"), provider_address))
    pbx.start()
    softphone = lab.add(baresip(need("baresip"), lab.folder("baresip"), pbx.sip, "101", address=lab.address()))
    stored = lab.add(Phone(pbx.sip, "301"))
    assert stored.register() == 200
    scene = set_scene(lab, pbx, lab.folder("daemon"))
    for name in ("PJSIP/101", "PJSIP/301", "PJSIP/trunk-a"):
        scene.daemon.wait_for_state(name, "up")

    provider.kill()
    scene.wait_told("DOWN provider trunk-a (office) since ")
    softphone.kill()
    scene.wait_told("DOWN provider trunk-a (office) since ", "DOWN phone 101 (office) since ")
    stored.vanish()
    scene.wait_told(
        "DOWN provider trunk-a (office) since ", "DOWN phone 101 (office) since ", "DOWN phone 301 (office) since "
    )


@pytest.mark.lab
def test_a_chan_sip_peer_lost_and_back(lab16: Lab) -> None:
    pbx = lab16.asterisk(sip_peer("201", qualify="500"))
    one = lab16.add(Phone(pbx.chan_sip, "201"))
    assert one.register() == 200
    scene = set_scene(lab16, pbx, lab16.folder("daemon"))
    scene.daemon.wait_for_state("SIP/201", "up")

    one.vanish()
    scene.wait_told("DOWN phone 201 (office) since ")
    one.come_back()

    scene.wait_told("DOWN phone 201 (office) since ", "UP phone 201 (office) after ")


@pytest.mark.lab
def test_a_chan_sip_peer_that_is_not_qualified_and_registered_has_the_remark_of_pjsip(lab16: Lab) -> None:
    pbx = lab16.asterisk(sip_peer("201", qualify="no"), sip_peer("202", qualify="500"))
    unchecked, checked = (lab16.add(Phone(pbx.chan_sip, name)) for name in ("201", "202"))
    scene = set_scene(lab16, pbx, lab16.folder("daemon"))
    assert (unchecked.register(), checked.register()) == (200, 200)
    for name in ("SIP/201", "SIP/202"):
        scene.daemon.wait_for_state(name, "up")

    def remarks() -> list[str]:
        return [scene.daemon.target(name)["remark"] for name in ("SIP/201", "SIP/202")]

    expected = ["not qualified, as far as ARI shows: its loss is noticed only when its registration expires", ""]
    scene.daemon.wait(lambda: remarks() == expected, "the remark of the one that is not checked")
