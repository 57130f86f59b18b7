"""A daemon that asks a played manager interface for registrations, of which ARI knows nothing."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from healthmon.ami.client import LIST_REGISTRATIONS
from healthmon.demo.fakepbx import FakeEndpoint, FakePbx
from healthmon.errors import ExitCode
from healthmon.store.read.signs_of_life import read_pulse
from healthmon.watchdog.pulse import why_unwell
from tests.ami.played import PASSWORD, PlayedManager, in_lines, row
from tests.sinks import WebhookSink
from tests.system.daemon import Daemon
from tests.system.fake_scene import fake_section
from tests.system.scene import receiver_section

TRUNK = "PJSIP/trunk-a"
WATCH = """
[watch providers]
endpoints = PJSIP/trunk-*
down_after = 2s
up_after = 500ms
down_after_exact = yes
"""


class ManagerScene:
    """A trunk that can be reached, a manager interface that tells of its registration, a daemon, and who is told."""

    def __init__(self, folder: Path, manager: PlayedManager, pbx: FakePbx, sink: WebhookSink) -> None:
        self.manager = manager
        self.pbx = pbx
        self.sink = sink
        self.daemon = Daemon(folder, self.config())

    def config(self, **more: str) -> str:
        """What healthmon is told."""
        asking = {"ami": self.manager.address, "ami_username": "monitor", "ami_password": PASSWORD}
        options = {**asking, "degraded_after": "1s", "up_after": "500ms", **more}
        return fake_section(self.pbx, **options) + WATCH + receiver_section(self.sink)

    @property
    def subjects(self) -> list[str]:
        """The subjects of all messages that arrived so far."""
        return [message.subject for message in self.sink.messages]

    def check(self) -> dict[str, str | None]:
        """How ``status`` shows the registration; empty: it is not there."""
        checks = self.daemon.target(TRUNK).get("checks", [])
        return next((check for check in checks if check["check"] == "registration"), {})

    def wait_told(self, beginning: str) -> None:
        """Wait until a message that begins so is the last one."""
        self.daemon.wait(lambda: bool(self.subjects) and self.subjects[-1].startswith(beginning), beginning)


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[ManagerScene]:
    trunk = FakeEndpoint("PJSIP", "trunk-a", static_contact="sip:192.0.2.11", qualify_frequency=1, max_contacts=0)
    with PlayedManager(row("reg-a", Endpoint="trunk-a")) as manager, WebhookSink() as sink, FakePbx(trunk) as pbx:
        scene = ManagerScene(tmp_path, manager, pbx, sink)
        with scene.daemon:
            yield scene


def test_a_registration_is_lost_and_back_and_the_manager_interface_is(scene: ManagerScene) -> None:
    scene.daemon.start()
    scene.daemon.wait(lambda: scene.check().get("state") == "up", "it is registered")

    scene.manager.tries("reg-a", "Rejected")
    scene.wait_told("DOWN registration of provider trunk-a (office)")
    assert "not registered at sip.example.net" in scene.sink.messages[-1].body
    assert scene.daemon.state(TRUNK) == "down"
    scene.manager.tries("reg-a", "Registered")
    scene.wait_told("UP registration of provider trunk-a (office)")

    scene.manager.refuse()
    scene.daemon.wait(lambda: scene.check().get("state") == "unknown", "nobody knows")
    scene.wait_told("DEGRADED PBX office: manager interface")
    assert scene.daemon.state(TRUNK) == "up"
    assert scene.daemon.command("status").returncode == ExitCode.OK
    assert why_unwell(read_pulse(scene.daemon.database), ["office"], time.time()) == "", "the heartbeat stops"
    scene.manager.listen()
    scene.wait_told("UP PBX office (manager interface)")
    scene.daemon.wait(lambda: scene.check().get("state") == "up", "it is known again")

    assert len(scene.subjects) == 4
    written = [path for path in scene.daemon.folder.rglob("*") if path.is_file() and path.name != "config.ini"]
    assert not [path for path in written if b"s3cret" in path.read_bytes()], "a password was written"
    assert "s3cret" not in str(scene.sink.messages), "a password was sent"


def test_a_reload_without_ami_ends_its_checks(scene: ManagerScene) -> None:
    scene.daemon.start()
    scene.daemon.wait(lambda: scene.check().get("state") == "up", "it is registered")

    scene.daemon.configure(fake_section(scene.pbx) + WATCH + receiver_section(scene.sink))
    scene.daemon.reload()

    scene.daemon.wait(lambda: scene.check() == {}, "the check is gone")
    assert scene.daemon.stop() == 0


def test_what_was_lost_goes_on_after_a_kill_and_is_told_once(scene: ManagerScene) -> None:
    scene.daemon.start()
    scene.daemon.wait(lambda: scene.check().get("state") == "up", "it is registered")
    scene.manager.tries("reg-a", "Rejected")
    scene.wait_told("DOWN registration of provider trunk-a")

    scene.daemon.kill()
    scene.daemon.start()
    scene.daemon.wait(lambda: scene.check().get("state") == "down", "it is known again")
    scene.manager.tries("reg-a", "Registered")
    scene.wait_told("UP registration of provider trunk-a")

    # What was not yet booked as sent when it was killed comes again, and says so.
    assert len([message for message in scene.sink.messages if "possibly repeated" not in message.body]) == 2


def test_check_config_asks_the_manager_interface_too(scene: ManagerScene) -> None:
    scene.manager.rows["reg-b"] = row("reg-b", "Rejected", server="sip:elsewhere.example")
    done = scene.daemon.command("check-config", "--connect")
    assert done.returncode == 0, done.stdout
    assert "pbx office: manager interface answers; 2 registrations" in done.stdout
    assert "reg-a of PJSIP/trunk-a: Registered" in done.stdout
    assert "reg-b of no watched endpoint: Rejected" in done.stdout

    assert "warning: its manager user" not in done.stdout

    scene.manager.actions = (*scene.manager.actions, "Originate", "UpdateConfig")
    scene.manager.booted = ""
    done = scene.daemon.command("check-config", "--connect")
    assert done.returncode == 0, done.stdout
    assert "warning: its manager user may not read events: manager.conf needs read = system" in done.stdout
    assert "warning: its manager user may make calls, change Asterisk's configuration; read = " in done.stdout

    scene.manager.password = "another"
    done = scene.daemon.command("check-config", "--connect")
    assert done.returncode == ExitCode.PROBLEM
    assert "manager interface: DOES NOT LET US LOOK: login refused" in done.stdout
    assert PASSWORD not in done.stdout + done.stderr


def test_discover_says_which_registration_belongs_to_which_endpoint(scene: ManagerScene) -> None:
    done = scene.daemon.command("discover")
    assert "reg-a of PJSIP/trunk-a: Registered" in done.stdout

    scene.manager.refuse()
    done = scene.daemon.command("discover")
    assert done.returncode == 0
    assert "manager interface: connection refused" in done.stderr
    assert "trunk-a" in done.stdout


def lists_of(scene: ManagerScene) -> int:
    """How often it was asked for all registrations."""
    return sum(asked["Action"] == LIST_REGISTRATIONS for asked in scene.manager.asked)


def test_what_a_section_names_wrongly_is_said_by_check_config_and_by_the_log_once(scene: ManagerScene) -> None:
    scene.daemon.configure(scene.config().replace("[watch providers]", "[watch providers]\nregistrations = reg-b"))
    slip = "registrations = reg-b of PJSIP/trunk-a: Asterisk has no such registration; did you mean reg-a?"

    assert f"    warning: {slip}" in scene.daemon.command("check-config", "--connect").stdout
    scene.daemon.start()
    scene.daemon.wait(lambda: f"pbx office: {slip}" in scene.daemon.log(), "it is in the log")
    before = lists_of(scene)
    scene.manager.sends(in_lines({"Event": "Reload"}).encode())
    scene.daemon.wait(lambda: lists_of(scene) > before, "it was asked again")
    assert scene.daemon.log().count(slip) == 1


def test_discover_tells_programs_which_registration_belongs_to_which_endpoint(scene: ManagerScene) -> None:
    scene.manager.rows["reg-old"] = row("reg-old", "Rejected", server="sip:elsewhere.example")

    found = {thing["endpoint"]: thing for thing in json.loads(scene.daemon.command("discover", "--json").stdout)}

    [own] = found[TRUNK]["registrations"]
    assert (own["name"], own["state"]) == ("reg-a", "Registered")
    alone = found["REGISTRATION/reg-old"]
    assert (alone["kind"], alone["state"], alone["why"]) == ("registration", "Rejected", "belongs to no endpoint")


def test_of_hundreds_of_registrations_commands_list_those_that_are_not_there(scene: ManagerScene) -> None:
    for number in range(300):
        scene.manager.rows[f"reg-{number:03}"] = row(f"reg-{number:03}", "Registered" if number else "Rejected")

    said = scene.daemon.command("check-config", "--connect").stdout

    assert "manager interface answers; 301 registrations\n    reg-000 of no watched endpoint: Rejected\n" in said
    assert "    … and 300 more; healthmon discover --json has all of them" in said


def test_without_ami_nothing_of_it_is_imported() -> None:
    code = (
        "import sys, healthmon.app.daemon, healthmon.app.watching, healthmon.cli.main, healthmon.cli.check_config;"
        "print([name for name in sys.modules if name.startswith(('healthmon.ami', 'healthmon.sources.manager'))])"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
