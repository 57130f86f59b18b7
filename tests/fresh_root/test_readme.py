"""Every command of the README, in a system that has only what the README asks for."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from healthmon.demo.fakepbx import FakeEndpoint, FakePbx
from tests.lab.fixtures import Lab
from tests.lab.process import Process
from tests.service.test_unit import FIGURE
from tests.service.unit import settings
from tests.sinks import WebhookSink

from .readme import README, blocks, spans
from .root import DEBIAN_12, DEBIAN_13, UBUNTU_24, FreshRoot, Release, why_not

PASSWORD = "a-long-random-password"
CONFIG = """
[healthmon]
site_window = 1s

[pbx office]
url = {pbx}
username = healthmon
password = {password}

[watch phones]
endpoints = PJSIP/*
down_after = 1s
down_after_exact = yes

[receiver oncall]
group_wait = 100ms
urls = webhook = {webhook}

[schedule weekly]
report = --since 7d
at = Mon 06:00
receivers = oncall
"""
#: What the README leaves to its reader.
FILLED_IN = {
    "COLLEAGUE": "colleague",
    "FILE": "/root/copy.db",
    "ID": "1",
    "INCIDENT": "1",
    "MATCH...": "PJSIP/102 --for 1h",
    "NAME": "weekly",
    "NEW OLD": "elsewhere office",
    "OLD NEW": "office elsewhere",
    "RECEIVER": "oncall",
    "TARGET": "PJSIP/101",
    "THE-VERSION-BEFORE": "HEAD~1",
    "YOU": "colleague",
}
#: They need that no daemon runs; the second is undone.
ALONE = ("healthmon db prune", "healthmon db rename-pbx OLD NEW", "healthmon db rename-pbx NEW OLD")
#: The service runs the one, `make demo` is the other; two want a terminal, one wants [web] and goes on, and two an
#: Asterisk that describes itself (tests/system/test_explorer.py); the last is no command but how to write one.
ELSEWHERE = {
    "healthmon run",
    "healthmon demo",
    "healthmon init",
    "healthmon watch",
    "healthmon web",
    "healthmon ari",
    "healthmon ari endpoints",
    "healthmon -c FILE COMMAND",
}
#: These end with another code where something is down.
MAY_END_WITH = {"healthmon status": (0, 1), "healthmon check": (0, 1, 2)}


BACKUP = "/var/lib/healthmon/healthmon.db.20260504T120000Z.schema1.backup"


def filled_in(command: str) -> str:
    """A command of the README with its reader's own words."""
    for placeholder, value in FILLED_IN.items():
        command = re.sub(rf"(?<![\w-]){re.escape(placeholder)}(?![\w-])", value, command)
    return command


class Machine:
    """The fresh system with a service that is started and stopped as systemd would."""

    def __init__(self, root: FreshRoot, folder: Path, pbx: FakePbx, webhook: WebhookSink) -> None:
        self._root = root
        self._folder = folder
        self._pbx = pbx
        self._webhook = webhook
        self._service: Process | None = None
        self._where = "/root"

    def do(self, command: str) -> None:
        """Do what a line of the README says; systemctl's part is played."""
        if command.startswith("systemctl "):
            self._systemctl(command.split()[1])
        elif command.startswith("cd "):
            self._where = command.removeprefix("cd ")
        elif command == "healthmon init":
            self._init()
        elif command != "make test":
            self.run(command)

    def run(self, command: str, user: str = "", *, may_end_with: tuple[int, ...] = (0,)) -> str:
        """Run a command to its end, which must be a good one; return what it printed."""
        command = filled_in(command).replace("http://127.0.0.1:8088", self._pbx.url)
        done = self._root.run(f"cd {self._where}\n{command}", user)
        assert done.returncode in may_end_with, f"{command}\nended with {done.returncode}:\n{done.stdout[-3000:]}"
        assert "Traceback" not in done.stdout, done.stdout
        return done.stdout

    def _init(self) -> None:
        """Answer what it asks; an empty line goes without the manager interface."""
        answers = (self._pbx.url, "healthmon", PASSWORD, "", self._webhook.url)
        lines = r"%s\n" * len(answers)
        self.run(f"printf '{lines}' {shlex.join(answers)} | healthmon init")

    def write_configuration(self) -> None:
        """Edit /etc/healthmon/config.ini, as who wants to may."""
        text = CONFIG.format(pbx=self._pbx.url, password=PASSWORD, webhook=self._webhook.url)
        self._root.path("/etc/healthmon/config.ini").write_text(text, encoding="utf-8")

    def lose_phone(self) -> None:
        """Have an outage, until somebody was told."""
        self._pbx.phone_down("PJSIP/101")
        self._webhook.wait_for_text("DOWN phone 101")

    def _systemctl(self, verb: str) -> None:
        if verb in ("stop", "restart", "disable"):
            self.stop()
        if verb in ("start", "restart", "enable"):
            self.start()

    def start(self) -> None:
        """Start the service with its own command, as its user; wait until it is ready, as systemd does."""
        state = settings()["StateDirectory"][0]
        user = settings()["User"][0]
        mode = settings()["StateDirectoryMode"][0]
        self._root.run(f"install -d -o {user} -g {user} -m {mode} /var/lib/{state}")
        log = self._folder / "service.log"
        log.write_text("", encoding="utf-8")
        mask = settings()["UMask"][0]
        script = f"umask {mask}; exec {settings()['ExecStart'][0]}"
        self._service = Process(self._root.call(script, f"{user}:{user}"), log)
        self._service.wait_ready(lambda: "ready: every PBX was looked at" in log.read_text(), 60, "healthmon.service")

    def stop(self) -> None:
        """Stop the service."""
        if self._service is not None:
            self._service.stop(timeout=30)
            self._service = None


@pytest.fixture
def machine(release: Release, tmp_path: Path) -> Iterator[Machine]:
    """A fresh system, a PBX that it can watch, and somebody to be told."""
    reason = why_not(release)
    if reason and os.environ.get("CI") == "true" and release is DEBIAN_12:
        pytest.fail(reason, pytrace=False)
    if reason:
        pytest.skip(reason)
    with ExitStack() as stack:
        phones = [FakeEndpoint("PJSIP", name, contact=f"sip:{name}@192.0.2.1:5060") for name in ("101", "102")]
        for phone in phones:
            phone.qualify_frequency, phone.qualify_timeout = 1, 0.5
        pbx = stack.enter_context(FakePbx(*phones, password=PASSWORD))
        webhook = stack.enter_context(WebhookSink())
        machine = Machine(FreshRoot(tmp_path, release), tmp_path, pbx, webhook)
        stack.callback(machine.stop)
        machine.run("git clone --quiet /srv/healthmon.git /usr/local/src/healthmon")
        machine.do("cd /usr/local/src/healthmon")
        yield machine
    # Some 400 MB that nobody looks at any more.
    subprocess.run(["rm", "-rf", str(tmp_path / "root")], check=True)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Debian 12 always, the others in the long tests."""
    if "release" in metafunc.fixturenames:
        later = [pytest.param(release, id=release.name, marks=pytest.mark.soak) for release in (DEBIAN_13, UBUNTU_24)]
        metafunc.parametrize("release", [pytest.param(DEBIAN_12, id=DEBIAN_12.name), *later])


def test_every_command_of_the_readme_runs_in_a_fresh_root(release: Release, machine: Machine) -> None:
    if release is DEBIAN_12:
        # Python of later releases depends on tzdata.
        assert "No such file" in machine.run("ls /usr/share/zoneinfo", may_end_with=(2,))

    for block in blocks():
        if "healthmon discover" in block:
            machine.write_configuration()
        if "systemctl stop healthmon" in block:
            machine.stop()
            for command in (*ALONE, f"healthmon db backup {BACKUP}"):
                machine.run(command)
        if "userdel healthmon" in block:
            machine.do("cd /root")
        for command in block:
            machine.do(command)
        if "healthmon status" in block:
            assert exposure(machine) in FIGURE.findall(README)
            every_other_command(machine)

    assert machine.run("ls /opt /etc/healthmon /var/lib/healthmon", may_end_with=(2,)).count("No such file") == 2


def exposure(machine: Machine) -> str:
    """How the systemd of that release rates the unit that was installed there; Ubuntu's is not named in the README."""
    report = machine.run("systemd-analyze security --offline=yes /etc/systemd/system/healthmon.service")
    overall = re.search(r"Overall exposure level for healthmon.service: (\d\.\d)", report)
    assert overall, report
    return overall[1]


def every_other_command(machine: Machine) -> None:
    """What the README names in its sentences and tables, while the service runs and something is down."""
    machine.lose_phone()
    machine.run("useradd colleague")
    for command in spans():
        if command in (*ALONE, *ELSEWHERE) or command.startswith("asterisk "):
            continue
        # Something is down: that is what its exit code says.
        machine.run(command, may_end_with=MAY_END_WITH.get(command, (0,)))
    assert "PJSIP/101" in machine.run("healthmon status", "colleague:healthmon", may_end_with=(1,))


def test_what_the_readme_says_to_asterisk_is_understood(lab: Lab) -> None:
    pbx = lab.asterisk()

    for command in spans():
        if command.startswith("asterisk -rx "):
            answer = pbx.cli(command.removeprefix("asterisk -rx ").strip("'"))

            assert "No such command" not in answer, command
