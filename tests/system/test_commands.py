"""The commands that ask a PBX or a channel themselves, on a real Asterisk."""

from __future__ import annotations

import json
import time

import pytest

from healthmon.config.loading.load import load
from healthmon.sources.survey import survey
from tests.lab.endpoints import iax_peer, phone, trunk
from tests.lab.fixtures import Lab
from tests.lab.phones import Phone
from tests.system.scene import Scene, set_scene


@pytest.fixture
def scene(lab: Lab) -> Scene:
    pbx = lab.asterisk(
        phone("101", qualify_frequency=60, qualify_timeout=3),
        phone("102", qualify_frequency=0),
        trunk("trunk-a", "sip:127.0.0.99:5060", outbound_auth=("user", "secret-of-the-trunk")),
        trunk("trunk-unchecked", "sip:127.0.0.98:5060", qualify_frequency=0),
        iax_peer("iax-a"),
    )
    assert lab.add(Phone(pbx.sip, "101")).register() == 200
    return set_scene(lab, pbx, lab.folder("daemon"), start=False)


def test_discover_says_what_each_endpoint_is_and_why(scene: Scene) -> None:
    done = scene.daemon.command("discover", "--json")

    assert (done.returncode, done.stderr) == (0, "")
    found = {one["endpoint"]: (one["kind"], one["why"], one["qualified"]) for one in json.loads(done.stdout)}
    assert found == {
        "PJSIP/101": ("phone", "dynamic contact", "every 60 s"),
        "PJSIP/102": ("phone", "dynamic contact", "NOT CHECKED"),
        "PJSIP/trunk-a": ("provider", "static contact and outbound_auth", "every 2 s"),
        "PJSIP/trunk-unchecked": ("provider", "static contact", "NOT CHECKED"),
        "IAX2/iax-a": ("provider", "ARI cannot read the settings of IAX2", "unknown"),
    }


def test_sections_of_discover_can_be_pasted(scene: Scene) -> None:
    printed = scene.daemon.command("discover").stdout
    sections = printed[printed.index("[watch providers]") :]
    text = scene.daemon.config_path.read_text(encoding="utf-8")
    before, after = text.index("[watch providers]"), text.index("[receiver oncall]")

    scene.daemon.config_path.write_text(text[:before] + sections + "\n" + text[after:], encoding="utf-8")

    done = scene.daemon.command("check-config")
    assert done.returncode == 0, done.stderr
    assert "watch providers: IAX2/iax-a, PJSIP/trunk-a, PJSIP/trunk-unchecked" in done.stdout
    assert "secret-of-the-trunk" not in printed + done.stdout


def test_check_config_connects_and_prints_the_hold_that_is_in_force(scene: Scene) -> None:
    text = scene.daemon.config_path.read_text(encoding="utf-8")
    text = text.replace("endpoints = PJSIP/*, SIP/*\n", "endpoints = PJSIP/*\nkind = provider\n")
    scene.daemon.config_path.write_text(text.replace("down_after_exact = yes\n", ""), encoding="utf-8")

    done = scene.daemon.command("check-config", "--connect")

    assert done.returncode == 0, done.stderr
    assert "5 endpoints, 5 watched" in done.stdout
    # One cycle of Asterisk's own check and 2 s (rule 9), where the configuration says 2 s.
    assert "watch phones: 1 endpoint: down after 65s, " in done.stdout
    assert "[watch phones] says kind = provider, but Asterisk's configuration makes it a phone" in done.stdout
    assert "not checked by Asterisk (qualify_frequency is 0): PJSIP/102, PJSIP/trunk-unchecked" in done.stdout


def test_check_config_says_which_pbx_does_not_answer(scene: Scene) -> None:
    scene.pbx.stop()

    done = scene.daemon.command("check-config", "--connect")

    assert done.returncode == 1
    assert "pbx office: DOES NOT ANSWER: GET /asterisk/info: connection refused" in done.stdout


def test_test_alert_prints_what_became_of_each_url(scene: Scene) -> None:
    assert scene.daemon.command("test-alert", "oncall").stdout == "oncall/hook: delivered\n"
    assert [message.subject for message in scene.sink.messages] == ["TEST of healthmon, receiver oncall"]

    scene.sink.mode = "500"
    failed = scene.daemon.command("test-alert", "oncall")

    assert failed.returncode == 1
    assert failed.stdout.startswith("oncall/hook: FAILED: ")
    assert "500" in failed.stdout


def test_discover_and_check_config_do_not_wait_for_twenty_endpoints(lab: Lab) -> None:
    pbx = lab.asterisk(*(phone(str(number)) for number in range(101, 121)))
    scene = set_scene(lab, pbx, lab.folder("daemon"), start=False)
    config = load(scene.daemon.config_path).pbxs[0]

    started = time.monotonic()
    found = survey(config, progress=lambda listed: listed)
    lasted = time.monotonic() - started

    # Ten endpoints a second would be 2 s.
    assert len(found.settings) == 20
    assert lasted < 1.5


def test_a_refused_password_is_no_pbx_that_does_not_answer(scene: Scene) -> None:
    text = scene.daemon.config_path.read_text(encoding="utf-8")
    scene.daemon.config_path.write_text(text.replace(scene.pbx.ari_auth[1], "wrong"), encoding="utf-8")

    checked, discovered = scene.daemon.command("check-config", "--connect"), scene.daemon.command("discover")

    assert (checked.returncode, discovered.returncode) == (1, 1)
    assert "pbx office: DOES NOT LET US LOOK: GET /asterisk/info: " in checked.stdout
    assert "DOES NOT ANSWER" not in checked.stdout
    assert "no problems found" not in checked.stdout
    assert "401" in checked.stdout
    assert "401" in discovered.stderr


def test_missing_modules_of_ari_are_noticed(scene: Scene) -> None:
    scene.pbx.cli("module unload res_ari_device_states.so")

    checked, discovered = scene.daemon.command("check-config", "--connect"), scene.daemon.command("discover")

    said = "Asterisk has not loaded res_ari_device_states.so, and healthmon cannot watch without; on its console: "
    assert (checked.returncode, discovered.returncode) == (1, 1)
    assert said in checked.stdout
    assert said in discovered.stderr


def test_a_section_that_matches_nothing_and_an_asterisk_that_lists_nothing_are_said(lab: Lab) -> None:
    scene = set_scene(lab, lab.asterisk(), lab.folder("daemon"), start=False)

    checked, discovered = scene.daemon.command("check-config", "--connect"), scene.daemon.command("discover")

    assert "warning: [watch providers] matches nothing that is there" in checked.stderr
    assert "warning: [watch phones] matches nothing that is there" in checked.stderr
    assert "pbx office: Asterisk lists no endpoints" in discovered.stderr
    assert (checked.returncode, discovered.returncode) == (0, 0)
