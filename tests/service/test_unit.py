"""What systemd says about healthmon.service, and what the unit promises."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from healthmon.errors import ExitCode

from .unit import ROOT, SYSUSERS, UNIT, settings

#: What the README says of systemd-analyze security: 0 is the best, 10 the worst. Ours needs the network, so it cannot
#: reach 0.
FIGURE = re.compile(r"`systemd-analyze security healthmon` rates it (\d\.\d)")


def need(program: str) -> None:
    """Skip without that program of systemd's, fail without it where CI=true."""
    if shutil.which(program):
        return
    line = f"no {program} on this machine"
    if os.environ.get("CI") == "true":
        pytest.fail(line, pytrace=False)
    pytest.skip(line)


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=60, cwd=ROOT)


def test_the_figure_of_the_readme_is_what_systemd_analyze_security_says() -> None:
    need("systemd-analyze")

    report = run("systemd-analyze", "security", "--offline=yes", UNIT)

    overall = re.search(r"Overall exposure level for healthmon.service: (\d+\.\d+)", report.stdout)
    assert overall, report.stdout + report.stderr
    assert FIGURE.findall((ROOT / "README.md").read_text()) == [overall[1]], report.stdout


def test_systemd_finds_nothing_to_say_about_the_unit(tmp_path: Path) -> None:
    need("systemd-analyze")
    installed = tmp_path / UNIT.name
    # The only thing changed: a program that exists here, verify looks for it.
    installed.write_text(UNIT.read_text().replace("/opt/healthmon/bin/healthmon", sys.executable))

    verdict = run("systemd-analyze", "verify", installed)

    assert (verdict.returncode, verdict.stdout + verdict.stderr) == (0, "")


def test_sysusers_makes_the_user_that_the_unit_names(tmp_path: Path) -> None:
    need("systemd-sysusers")
    (tmp_path / "etc").mkdir()

    made = run("systemd-sysusers", f"--root={tmp_path}", SYSUSERS)

    assert made.returncode == 0, made.stderr
    name, _, _, _, _, home, shell = (tmp_path / "etc/passwd").read_text().split("\n", maxsplit=1)[0].split(":")
    assert [name] == settings()["User"] == settings()["Group"]
    assert (home, shell) == ("/var/lib/healthmon", "/usr/sbin/nologin")


def test_systemd_waits_for_ready_and_for_the_watchdog() -> None:
    unit = settings()

    assert unit["Type"] == ["notify"]
    assert unit["NotifyAccess"] == ["main"]
    assert int(unit["WatchdogSec"][0]) >= 30
    # The daemon stops within 10 s.
    assert int(unit["TimeoutStopSec"][0]) > 10


def test_a_configuration_with_mistakes_is_not_tried_again_and_everything_else_is() -> None:
    unit = settings()

    assert unit["Restart"] == ["always"]
    assert unit["RestartPreventExitStatus"] == ["2 78"]
    assert unit["StartLimitIntervalSec"] == ["0"]


def test_a_database_that_is_lost_or_cannot_be_used_is_tried_again_for_a_whole_one_may_be_in_its_place() -> None:
    unit = settings()
    never_again = {int(code) for code in unit["RestartPreventExitStatus"][0].split()}

    assert never_again.isdisjoint({ExitCode.DATABASE, ExitCode.DATABASE_LOST})
    # Over restarts it is remembered here when somebody was told.
    assert unit["RuntimeDirectory"] == ["healthmon"]
    assert unit["RuntimeDirectoryPreserve"] == ["yes"]


def test_the_group_may_read_the_state_and_nobody_else() -> None:
    unit = settings()

    assert unit["StateDirectoryMode"] == ["0750"]
    assert unit["UMask"] == ["0027"]


def test_python_and_the_libraries_live_under_the_units_system_call_limits() -> None:
    need("systemd-analyze")
    everything = "import apprise, click, msgspec, requests, rich, sqlite3, ssl, websocket; print('imported')"

    ran = run(sys.executable, "-m", "tests.service.sandbox", sys.executable, "-c", everything)

    assert ran.stdout == "imported\n", ran.stderr


@pytest.mark.parametrize(
    "forbidden",
    [
        pytest.param("import mmap; mmap.mmap(-1, 4096, prot=7)", id="memory to write and execute"),
        pytest.param("import socket; socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)", id="netlink"),
        pytest.param("import os; os.chroot('/')", id="chroot"),
        pytest.param("import os; os.sched_setaffinity(0, {0})", id="processors"),
        pytest.param("import socket; socket.create_server(('127.0.0.1', 0))", id="a port to listen on"),
    ],
)
def test_what_the_unit_takes_away_is_really_gone(forbidden: str) -> None:
    need("systemd-analyze")

    ran = run(sys.executable, "-m", "tests.service.sandbox", sys.executable, "-c", forbidden)

    assert "PermissionError: [Errno 1]" in ran.stderr


def test_a_process_may_be_made_less_important() -> None:
    need("systemd-analyze")
    lower = "import os; os.setpriority(os.PRIO_PROCESS, 0, 10); print(os.getpriority(os.PRIO_PROCESS, 0))"

    ran = run(sys.executable, "-m", "tests.service.sandbox", sys.executable, "-c", lower)

    assert (ran.stdout.strip(), ran.returncode) == ("10", 0), ran.stderr


def test_the_unit_starts_the_installation_that_the_readme_describes() -> None:
    program = settings()["ExecStart"][0].split()[0]

    assert program in (ROOT / "README.md").read_text()
