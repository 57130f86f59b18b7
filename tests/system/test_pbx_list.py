"""What a PBX lists, and what that list is worth: a name that is not UTF-8, what is only in the list."""

from __future__ import annotations

import json
from datetime import datetime

from tests.ari.peers import NOT_UTF_8
from tests.lab.endpoints import Endpoint, iax_peer, phone, section
from tests.lab.fixtures import Lab
from tests.lab.phones import Phone
from tests.lab.process import wait_until
from tests.system.scene import CHECKED_OFTEN, Scene, set_scene


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


# ---------------------------------------------------------------- endpoints without an AOR


def without_aor(name: str) -> Endpoint:
    """A carrier that only calls us, as Asterisk knows it by its address."""
    return Endpoint(
        "PJSIP", name, section(name, "endpoint", {"context": "default", "disallow": "all", "allow": "ulaw"})
    )


def test_an_endpoint_without_an_aor_is_unknown_and_not_told_after_its_call(lab: Lab) -> None:
    pbx = lab.asterisk(without_aor("trunk-in"), phone("102", qualify_frequency=0))
    # It takes calls from everybody.
    other_side = lab.asterisk(without_aor("anonymous"))
    scene = set_scene(lab, pbx, lab.folder("daemon"), options={"poll_every": "1s"})
    device = "/deviceStates/PJSIP%2Ftrunk-in"

    # Asterisk calls it by an address that is given with the call, for it has none of its own.
    asked = {"endpoint": f"PJSIP/trunk-in/sip:600@{other_side.address}:5060", "extension": "600", "context": "default"}
    called = pbx.ari("POST", "/channels", params=asked)
    assert called.status_code == 200, called.text
    wait_until(lambda: pbx.ari("GET", device).json()["state"] == "INUSE", 10, "it is in use")
    assert pbx.endpoint_state("PJSIP/trunk-in") == "offline"
    scene.daemon.wait_for_state("PJSIP/trunk-in", "unknown")
    pbx.ari("DELETE", f"/channels/{called.json()['id']}")
    wait_until(lambda: pbx.ari("GET", device).json()["state"] == "UNAVAILABLE", 10, "the call is over")
    # Longer than its hold, and a poll that could believe it down.
    looked = scene.daemon.pbx()["last_snapshot_at"]
    scene.daemon.wait(lambda: seconds_since(looked, scene) > 4, "several polls later")

    row = scene.daemon.target("PJSIP/trunk-in")
    assert (row["state"], row["reason"]) == ("unknown", "no AOR: Asterisk has no address to check")
    assert scene.subjects == []
    discovered = scene.daemon.command("discover").stdout
    assert "1 of 2 endpoints are not checked by Asterisk" in discovered
    found = {one["endpoint"]: one for one in json.loads(scene.daemon.command("discover", "--json").stdout)}
    assert (found["PJSIP/trunk-in"]["why"], found["PJSIP/trunk-in"]["qualified"]) == ("no AOR", "no address")
    checked = scene.daemon.command("check-config", "--connect").stdout
    assert "not checked by Asterisk (qualify_frequency is 0): PJSIP/102\n" in checked


def seconds_since(moment: str, scene: Scene) -> float:
    """How long after a snapshot the newest one was taken."""
    newest = datetime.fromisoformat(scene.daemon.pbx()["last_snapshot_at"])
    return (newest - datetime.fromisoformat(moment)).total_seconds()


# ---------------------------------------------------------------- endpoints in the list only


def test_a_deleted_endpoint_that_is_still_listed_is_not_watched_and_has_no_row_in_the_report(lab: Lab) -> None:
    pbx = lab.asterisk(phone("101", **CHECKED_OFTEN), phone("109", **CHECKED_OFTEN))  # type: ignore[arg-type]
    assert lab.add(Phone(pbx.sip, "101")).register() == 200
    pbx.remove_endpoint("PJSIP/109")
    wait_until(
        lambda: pbx.ari("GET", "/asterisk/config/dynamic/res_pjsip/endpoint/109").status_code == 404,
        10,
        "it is deleted",
    )
    assert pbx.endpoint_state("PJSIP/109") == "offline"

    scene = set_scene(lab, pbx, lab.folder("daemon"), options={"poll_every": "1s"})
    scene.daemon.wait_for_state("PJSIP/101", "up")
    looked = scene.daemon.pbx()["last_snapshot_at"]
    scene.daemon.wait(lambda: seconds_since(looked, scene) > 3, "several polls later")

    assert scene.daemon.target("PJSIP/109") == {}
    report = scene.daemon.report("--since", "1h")
    assert {row["endpoint"] for row in report["targets"]} & {"PJSIP/101", "PJSIP/109"} == {"PJSIP/101"}
    found = {one["endpoint"]: one for one in json.loads(scene.daemon.command("discover", "--json").stdout)}
    assert (found["PJSIP/109"]["kind"], found["PJSIP/109"]["why"]) == (None, "not in Asterisk's configuration")
    assert "PJSIP/109  -      not in Asterisk's configuration" in scene.daemon.command("discover").stdout
    checked = scene.daemon.command("check-config", "--connect").stdout
    assert "2 endpoints, 1 watched" in checked
    assert "not in Asterisk's configuration, only in its list: PJSIP/109" in checked
