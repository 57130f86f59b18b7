"""Registrations of chan_sip and IAX2 on a real Asterisk: each is told by its own name."""

from __future__ import annotations

import pytest

from tests.lab.asterisk import Asterisk
from tests.lab.endpoints import iax_peer, sip_peer
from tests.lab.fixtures import Lab
from tests.lab.pbxfiles import Options
from tests.lab.provider import Provider
from tests.system.scene import Scene, set_scene
from tests.system.test_registrations import manager_of

#: chan_iax2 waits so long for an answer, after it asked for the last time (seconds).
IAX_WAITS = 64.0
#: A server of IAX2 that has its clients register often.
OFTEN = "[general](+)\nmaxregexpire = 5\n"
CARRIER = """
[watch carriers]
endpoints = SIP/*
kind = provider
down_after = 2s
up_after = 2s
down_after_exact = yes
"""


def watched(lab: Lab, pbx: Asterisk, name: str) -> Scene:
    """A daemon that knows that this registration is there."""
    scene = set_scene(lab, pbx, lab.folder("daemon"), options=manager_of(pbx, "tcp"))
    scene.daemon.wait_for_state(f"REGISTRATION/{name}", "up", timeout=60)
    return scene


@pytest.mark.lab
def test_what_chan_sip_gives_up_is_told_with_what_it_needs(lab16: Lab) -> None:
    provider = lab16.add(Provider(lab16.address()))
    provider.come_back()
    pbx = lab16.asterisk(start=False)
    pbx.append("sip.conf", f"register => me:secret@{provider.address}:{provider.port}\n")
    pbx.start()
    scene = watched(lab16, pbx, f"SIP/me@{provider.address}")

    provider.answer("REGISTER", 403)
    pbx.cli("sip reload")
    scene.wait_told(f"DOWN registration SIP/me@{provider.address} (office) since ")
    assert "Asterisk has stopped trying: it needs 'sip reload'" in scene.sink.messages[-1].body

    provider.answer("REGISTER", 200)
    pbx.cli("sip reload")
    scene.daemon.wait_for_state(f"REGISTRATION/SIP/me@{provider.address}", "up")


@pytest.mark.lab
def test_two_registrations_of_one_user_at_two_ports_are_two_targets(lab16: Lab) -> None:
    first = lab16.add(Provider(lab16.address()))
    second = lab16.add(Provider(first.address, 5080))
    for provider in (first, second):
        provider.come_back()
    pbx = lab16.asterisk(start=False)
    lines = (f"register => me:secret@{provider.address}:{provider.port}\n" for provider in (first, second))
    pbx.append("sip.conf", "".join(lines))
    pbx.start()
    scene = watched(lab16, pbx, f"SIP/me@{first.address}")
    scene.daemon.wait_for_state(f"REGISTRATION/SIP/me@{first.address}:5080", "up")

    second.answer("REGISTER", 403)
    pbx.cli("sip reload")

    # A subject is cut behind the address, where that is long.
    scene.wait_told(f"DOWN registration SIP/me@{first.address}:")
    assert f"DOWN registration SIP/me@{first.address}:5080 (office)" in scene.sink.messages[-1].body
    scene.daemon.wait_for_state(f"REGISTRATION/SIP/me@{first.address}", "up")


@pytest.mark.lab
def test_what_chan_sip_registers_with_a_peer_is_that_peers_also_where_only_events_are_allowed(lab16: Lab) -> None:
    provider = lab16.add(Provider(lab16.address()))
    provider.come_back()
    carrier = sip_peer("carrier", host=provider.address)
    pbx = lab16.asterisk(carrier, options=Options(ami_read="system", ami_write=""), start=False)
    pbx.append("sip.conf", "[general](+)\nregister => me:secret@carrier\n")
    pbx.start()
    scene = set_scene(lab16, pbx, lab16.folder("daemon"), config=CARRIER, options=manager_of(pbx, "tcp"))
    scene.wait_told("DEGRADED PBX office: manager interface: events only")

    provider.answer("REGISTER", 403)
    pbx.cli("sip reload")

    scene.wait_told(
        "DEGRADED PBX office: manager interface: events only", "DOWN registration of provider carrier (office) since "
    )
    assert "Asterisk has stopped trying: it needs 'sip reload'" in scene.sink.messages[-1].body


class Branch:
    """A PBX that registers at another one by IAX2, and a daemon that watches it."""

    def __init__(self, lab: Lab) -> None:
        self.server = lab.asterisk(iax_peer("branch"), start=False)
        self.server.append("iax.conf", OFTEN)
        self.server.start()
        pbx = lab.asterisk(start=False)
        pbx.append("iax.conf", f"register => branch:secret@{self.server.address}\n")
        pbx.start()
        self.name = f"IAX2/branch@{self.server.address}:4569"
        self.scene = watched(lab, pbx, self.name)


def test_what_an_iax2_server_refuses_is_told(lab: Lab) -> None:
    branch = Branch(lab)

    branch.server.remove_endpoint("IAX2/branch")

    branch.scene.wait_told("DOWN registration IAX2/branch@")
    # The other side says why.
    assert "(Asterisk: Rejected: " in branch.scene.sink.messages[-1].body


@pytest.mark.soak
def test_an_iax2_server_that_dies_is_told_though_asterisk_says_nothing_of_it(lab: Lab) -> None:
    branch = Branch(lab)

    branch.server.kill()
    branch.scene.daemon.wait_for_state(f"REGISTRATION/{branch.name}", "down", timeout=2 * IAX_WAITS)
    branch.scene.wait_told("DOWN registration IAX2/branch@")
    branch.server.start()
    branch.scene.daemon.wait_for_state(f"REGISTRATION/{branch.name}", "up", timeout=IAX_WAITS)
