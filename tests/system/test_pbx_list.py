"""What a PBX lists, and what that list is worth: a name that is not UTF-8, what is only in the list."""

from __future__ import annotations

from tests.ari.peers import NOT_UTF_8
from tests.lab.endpoints import iax_peer, phone
from tests.lab.fixtures import Lab
from tests.lab.phones import Phone
from tests.lab.process import wait_until
from tests.system.scene import CHECKED_OFTEN, set_scene


def test_one_name_that_is_not_utf_8_does_not_blind_the_pbx(lab: Lab) -> None:
    pbx = lab.asterisk(phone("101", **CHECKED_OFTEN), iax_peer("branch"))  # type: ignore[arg-type]
    registered = lab.add(Phone(pbx.sip, "101"))
    assert registered.register() == 200
    options = {"poll_every": "1s", "degraded_after": "2s", "up_after": "500ms"}
    scene = set_scene(lab, pbx, lab.folder("daemon"), options=options)
    scene.daemon.wait_for_state("PJSIP/101", "up")

    pbx.append("pjsip.conf", f"[{NOT_UTF_8}]\ntype=endpoint\ncontext=default\n")
    pbx.reload()
    wait_until(lambda: pbx.ari("GET", "/endpoints").status_code == 500, 10, "no list of all endpoints")
    scene.wait_told("DEGRADED PBX office: ")
    words = "cannot list all endpoints at once (an answer 500 (Allocation failed))"
    assert words in scene.sink.messages[0].body
    assert scene.daemon.pbx()["reason"].endswith("until Asterisk is restarted: PJSIP, IAX2")
    registered.vanish()
    scene.wait_told("DEGRADED PBX office: ", "DOWN phone 101 (office) ")

    # That it is removed is no remedy; a restart is.
    pbx.append("pjsip.conf", "")
    pbx.reload()
    assert pbx.ari("GET", "/endpoints").status_code == 500
    pbx.restart()

    scene.daemon.wait(lambda: any(subject.startswith("UP PBX office ") for subject in scene.subjects), "its end")
    assert "nothing came for" not in scene.daemon.log()
