"""Phones on a real Asterisk: what is believed, what is told and how often, what the report says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.lab.endpoints import phone
from tests.lab.fixtures import Lab
from tests.lab.phones import Phone
from tests.system.scene import CHECKED_OFTEN, Scene, set_scene


@pytest.fixture
def scene(lab: Lab, tmp_path: Path) -> Scene:
    pbx = lab.asterisk(
        phone("101", **CHECKED_OFTEN),  # type: ignore[arg-type]
        phone("102", **CHECKED_OFTEN, max_contacts=2, remove_existing=False),  # type: ignore[arg-type]
        phone("103", qualify_frequency=0),
        phone("104", **CHECKED_OFTEN),  # type: ignore[arg-type]
    )
    return set_scene(lab, pbx, lab.folder("daemon"))


def registered(scene: Scene, name: str = "101", **how: int) -> Phone:
    """Register a phone and wait until healthmon believes that it is up."""
    one = scene.lab.add(Phone(scene.pbx.sip, name))
    assert one.register(**how) == 200  # type: ignore[arg-type]
    scene.daemon.wait_for_state(f"PJSIP/{name}", "up")
    return one


def test_phone_killed_and_back_is_two_messages_and_one_outage(scene: Scene) -> None:
    one = registered(scene)

    one.vanish()
    scene.daemon.wait_for_state("PJSIP/101", "down")
    scene.wait_told("DOWN phone 101 (office) since ")
    one.come_back()
    scene.daemon.wait_for_state("PJSIP/101", "up")

    scene.wait_told("DOWN phone 101 (office) since ", "UP phone 101 (office) after ")
    row = next(row for row in scene.daemon.report("--since", "1h")["targets"] if row["endpoint"] == "PJSIP/101")
    assert row["outages"] == 1
    assert 0 < row["downtime_s"] == row["longest_s"] < 30


def test_the_history_of_a_phone_tells_where_it_was_and_who_was_told(scene: Scene) -> None:
    one = registered(scene)
    one.vanish()
    scene.daemon.wait_for_state("PJSIP/101", "down")
    scene.wait_told("DOWN phone 101 (office) since ")
    one.come_back()
    scene.daemon.wait_for_state("PJSIP/101", "up")

    def told() -> list[tuple[str, str]]:
        life = json.loads(scene.daemon.command("history", "101", "--json").stdout)
        return [(event["what"], event["words"]) for event in life["events"]]

    scene.daemon.wait(
        lambda: any("told oncall/hook (resolved)" in words for _, words in told()), "the recovery is told"
    )
    life = told()
    beliefs = [words for what, words in life if what == "transition"]
    assert [" ".join(words.split(":")[0].split()[:2]) for words in beliefs[-3:]] == ["up", "down after", "up after"], (
        life
    )
    assert any(what == "contact" and words.startswith("at 127.") for what, words in life), life
    assert any(what == "message" and words.startswith("told oncall/hook (opened): DOWN") for what, words in life), life
    exported = scene.daemon.command("export", "--format", "jsonl").stdout.splitlines()
    changes = [json.loads(line) for line in exported]
    assert [one["after"] for one in changes if one["resource"] == "101"][-3:] == ["up", "down", "up"]


def test_phone_that_unregisters_is_told_down(scene: Scene) -> None:
    one = registered(scene)

    assert one.unregister() == 200

    scene.daemon.wait_for_state("PJSIP/101", "down")
    scene.wait_told("LOGGED OUT phone 101 (office) since ")


def test_phone_whose_registration_expires_is_told_down(scene: Scene) -> None:
    one = registered(scene, "103", expires=2, refresh=False)
    scene.daemon.wait(lambda: "not qualified" in scene.daemon.target("PJSIP/103")["remark"], "nobody checks it")

    one.vanish()

    # Asterisk itself looks for expired contacts only every 30 s.
    scene.daemon.wait(lambda: scene.daemon.state("PJSIP/103") == "down", "103 is down", timeout=60)
    scene.wait_told("DOWN phone 103 (office) since ")


def test_phone_that_moves_its_port_is_told_nothing(scene: Scene) -> None:
    one = registered(scene)

    assert one.move_port() == 200
    registered(scene, "104")

    assert scene.daemon.state("PJSIP/101") == "up"
    assert scene.subjects == []


def test_one_of_two_contacts_lost_is_degraded_and_told_to_nobody_unless_asked_for(scene: Scene) -> None:
    first, second = registered(scene, "102"), registered(scene, "102")

    first.vanish()
    scene.daemon.wait(lambda: scene.daemon.state("PJSIP/102") == "degraded", "the lost contact is noticed")
    row = scene.daemon.target("PJSIP/102")
    assert (row["check"], row["reason"]) == ("contacts", "contacts: 1 of 2 contacts unreachable")
    assert [check["state"] for check in row["checks"]] == ["up", "degraded"]
    assert scene.subjects == []
    second.vanish()

    scene.wait_told("DOWN phone 102 (office) since ")


def test_phone_that_was_never_seen_opens_no_incident(scene: Scene) -> None:
    registered(scene)

    scene.daemon.wait(lambda: scene.daemon.state("PJSIP/104") == "down", "104 is down")

    assert scene.incidents() == []
    assert scene.subjects == []


def test_registered_phone_is_a_phone_though_asterisk_lists_its_contact(scene: Scene) -> None:
    registered(scene)

    scene.daemon.wait(lambda: scene.daemon.target("PJSIP/101")["remark"] == "", "its settings are read")

    assert scene.daemon.target("PJSIP/101")["kind"] == "phone"
