"""A manager user who lacks a right, on a real Asterisk: that is known with the login, and what it may do is used."""

from __future__ import annotations

import pytest

from tests.lab.endpoints import trunk
from tests.lab.fixtures import Lab
from tests.lab.pbxfiles import Options
from tests.lab.provider import Provider
from tests.system.scene import CHECKED_OFTEN, Scene, set_scene
from tests.system.test_registrations import WATCH, check, manager_of

NO_EVENTS = "manager interface: no events; the user healthmon may not read them: manager.conf needs read = system"
NO_LIST = "manager interface: events only; the user healthmon may not ask for the list"


@pytest.fixture
def provider(lab: Lab) -> Provider:
    found = lab.add(Provider(lab.address()))
    found.come_back()
    return found


def scene_of(lab: Lab, provider: Provider, way: str, *, read: str, write: str) -> Scene:
    own = trunk("trunk-a", f"sip:{provider.address}:{provider.port}", registration={}, **CHECKED_OFTEN)  # type: ignore[arg-type]
    pbx = lab.asterisk(own, options=Options(ami_read=read, ami_write=write))
    return set_scene(
        lab, pbx, lab.folder("daemon"), config=WATCH, options=manager_of(pbx, way), receiver={"group_wait": "0s"}
    )


@pytest.mark.parametrize("way", ["tcp", "http"])
def test_who_may_not_read_events_is_told_so_and_nothing_before(lab: Lab, provider: Provider, way: str) -> None:
    scene = scene_of(lab, provider, way, read="call", write="reporting")

    scene.wait_told("DEGRADED PBX office: manager interface: no events")

    assert scene.daemon.pbx()["reason"].startswith(NO_EVENTS)
    assert "the manager interface answers" not in scene.daemon.log()
    [check] = [check for check in scene.daemon.target("PJSIP/trunk-a")["checks"] if check["check"] == "registration"]
    assert check["state"] == "up", "the list tells of it"


@pytest.mark.parametrize("way", ["tcp", "http"])
def test_who_may_only_read_follows_registrations_by_their_events(lab: Lab, provider: Provider, way: str) -> None:
    scene = scene_of(lab, provider, way, read="system", write="")
    scene.wait_told("DEGRADED PBX office: manager interface: events only")
    assert scene.daemon.pbx()["reason"].startswith(NO_LIST)
    assert scene.daemon.pbx()["no_registrations"].startswith(NO_LIST)
    for chosen in ([], ["--endpoint", "PJSIP/trunk-a"]):
        done = scene.daemon.command("check", "--check", "registration", *chosen)
        assert (done.returncode, "may not ask for the list" in done.stdout) == (3, True), done.stdout

    provider.answer("REGISTER", 403)
    scene.pbx.register_now("trunk-a")
    scene.daemon.wait(lambda: check(scene).get("state") == "down", "its event says so")
    assert "no_registrations" not in scene.daemon.pbx()
    scene.wait_told(
        "DEGRADED PBX office: manager interface: events only", "DOWN registration of provider trunk-a (office)"
    )
    assert provider.address in scene.sink.messages[-1].body
    assert not [row for row in scene.daemon.status()["targets"] if row["kind"] == "registration"], "it is the trunk's"

    provider.answer("REGISTER", 200)
    scene.pbx.register_now("trunk-a")
    scene.daemon.wait(lambda: check(scene).get("state") == "up", "and that it is back")
    scene.wait_told(
        "DEGRADED PBX office: manager interface: events only",
        "DOWN registration of provider trunk-a (office)",
        "UP registration of provider trunk-a (office)",
    )
    assert "whether Asterisk still tries cannot be seen with events only" in scene.sink.messages[1].body
    assert "RequestNotAllowed" not in scene.pbx.log_text(), "what it may not do it does not try"


def test_who_was_never_let_in_says_from_the_first_minute_what_is_not_known(lab: Lab, provider: Provider) -> None:
    own = trunk(
        "trunk-a",
        f"sip:{provider.address}:{provider.port}",
        outbound_auth=("me", "secret"),
        registration={},
        **CHECKED_OFTEN,  # type: ignore[arg-type]
    )
    pbx = lab.asterisk(own, options=Options(without_modules=("res_pjsip_outbound_registration",)))
    wrong = {**manager_of(pbx, "tcp"), "ami_password": "not-this-one", "degraded_after": "10m"}
    scene = set_scene(lab, pbx, lab.folder("daemon"), config=WATCH, options=wrong)

    scene.daemon.wait(lambda: "no_registrations" in scene.daemon.pbx(), "it says so")
    scene.daemon.wait(lambda: scene.daemon.target("PJSIP/trunk-a").get("unknown_checks"), "and so does the trunk")
    said = scene.daemon.command("status").stdout
    assert scene.daemon.pbx()["state"] == "up", "it is not believed yet"
    assert "manager interface: login refused" in said
    assert "1 up; 1 with registration unknown. Registrations of office unknown." in said
    for chosen in ([], ["--pbx", "office"], ["--endpoint", "PJSIP/trunk-a"], ["--watch", "providers"]):
        done = scene.daemon.command("check", "--check", "registration", *chosen)
        assert (done.returncode, "login refused" in done.stdout) == (3, True), done.stdout

    written = scene.daemon.config_path.read_text(encoding="utf-8")
    right = written.replace("ami_password = not-this-one", f"ami_password = {pbx.ami_auth[1]}")
    scene.daemon.config_path.write_text(right, encoding="utf-8")
    words = "warning: Asterisk's module res_pjsip_outbound_registration.so is not loaded: PJSIP registers nowhere"
    assert words in scene.daemon.command("check-config", "--connect").stdout
    assert words in scene.daemon.command("discover").stdout
    doctor = scene.daemon.command("doctor").stdout
    assert "registration-module-missing" in doctor
    pbx.cli("module load res_pjsip_outbound_registration.so")
    assert words not in scene.daemon.command("check-config", "--connect").stdout


def test_the_port_of_the_web_server_is_not_called_frozen(lab: Lab, provider: Provider) -> None:
    pbx = lab.asterisk(trunk("trunk-a", f"sip:{provider.address}:{provider.port}", **CHECKED_OFTEN))  # type: ignore[arg-type]
    web = pbx.url.removeprefix("http://")
    options = {**manager_of(pbx, "tcp"), "ami": f"tcp://{web}"}
    scene = set_scene(lab, pbx, lab.folder("daemon"), config=WATCH, options=options)

    words = f"manager interface: what answers on {web} is no manager interface"
    scene.daemon.wait(lambda: scene.daemon.pbx()["reason"].startswith(words), "it says so", 60)
    assert "frozen" not in scene.daemon.log()
