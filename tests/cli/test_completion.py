"""Tab in a shell: commands, options, names and numbers of the database."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from healthmon.model import Health
from tests.report.builder import NOW, connection, outage, phone, provider, stopped

HEALTHMON = str(Path(sys.executable).with_name("healthmon"))


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A configuration whose database has a provider that is down, two phones, and three incidents."""
    trunk = provider("telekom", Health.DOWN)
    incidents = [outage(1, phone("101"), NOW - 900, NOW - 800), outage(2, trunk, NOW - 600)]
    places = {phone("101").target: ["203.0.113.7"], phone("102").target: ["198.51.100.9"]}
    states = [connection(), trunk, phone("101"), phone("102")]
    stopped(tmp_path / "h.db", states, incidents=incidents, places=places)
    file = tmp_path / "config.ini"
    file.write_text("[healthmon]\ndatabase = h.db\n[site warehouse]\naddresses = 198.51.100.0/24\n")
    return file


def offered(config: Path, *words: str) -> list[str]:
    """What bash is offered where the last of these words stands so far."""
    environ = {
        **os.environ,
        "HEALTHMON_CONFIG": str(config),
        "_HEALTHMON_COMPLETE": "bash_complete",
        "COMP_WORDS": "\n".join(["healthmon", *words]),
        "COMP_CWORD": str(len(words)),
    }
    done = subprocess.run([HEALTHMON], env=environ, capture_output=True, text=True, check=False, timeout=60)
    assert done.stderr == ""
    return [line.partition(",")[2] for line in done.stdout.splitlines() if line]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("his",), ["history"]),
        (("incident", ""), ["2", "1"]),
        (("ack", ""), ["2", "1"]),
        (("history", "PJSIP/10"), ["PJSIP/101", "PJSIP/102"]),
        (("history", "office:PJSIP/10"), ["office:PJSIP/101", "office:PJSIP/102"]),
        (("history", "10"), ["101", "102"]),
        (("history", "PJSIP/t"), ["PJSIP/telekom"]),
        (("silence", "add", "site="), ["site=203.0.113.7", "site=warehouse"]),
        (("check", "--endpoint", "PJSIP/t"), ["PJSIP/telekom"]),
        (("report", "--watch", "prov"), ["providers"]),
        (("silence", "add", "PJSIP/telekom", "PJSIP/101"), ["PJSIP/101"]),
        (("status", "--do"), ["--down"]),
    ],
)
def test_names_numbers_and_options_are_offered(words: tuple[str, ...], expected: list[str], config: Path) -> None:
    assert offered(config, *words) == expected


def described(config: Path, shell: str, *words: str) -> list[str]:
    """What zsh or fish gets for the last of these words: names, and what is said of each."""
    environ = {
        **os.environ,
        "HEALTHMON_CONFIG": str(config),
        "_HEALTHMON_COMPLETE": f"{shell}_complete",
        "COMP_WORDS": " ".join(["healthmon", *words]),
        "COMP_CWORD": str(len(words)) if shell == "zsh" else words[-1],
    }
    done = subprocess.run([HEALTHMON], env=environ, capture_output=True, text=True, check=False, timeout=60)
    assert done.stderr == ""
    return done.stdout.splitlines()


@pytest.mark.parametrize("command", ["ack", "incident"])
@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_zsh_and_fish_are_told_what_each_incident_is(shell: str, command: str, config: Path) -> None:
    text = "\n".join(described(config, shell, command, ""))

    assert re.search(r"2[\t\n]+DOWN provider PJSIP/telekom on office since .*\d", text)
    assert re.search(r"1[\t\n]+DOWN phone PJSIP/101 on office since .* until .*\d", text)


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_a_name_that_would_divide_a_description_stays_in_one_line_of_it(shell: str, tmp_path: Path) -> None:
    odd = provider("a\nb\t$(touch x)\x1b[2J", Health.DOWN)
    stopped(tmp_path / "h.db", [connection(), odd], incidents=[outage(7, odd, NOW - 600)])
    file = tmp_path / "config.ini"
    file.write_text("[healthmon]\ndatabase = h.db\n")

    lines = described(file, shell, "ack", "")

    assert "\x1b" not in "".join(lines)
    assert len(lines) == (3 if shell == "zsh" else 1)
    assert "DOWN provider PJSIP/a" in lines[-1]
    assert re.search(r"since .*\d", lines[-1])


def test_without_a_database_or_with_a_broken_configuration_nothing_is_offered_and_nothing_is_said(
    tmp_path: Path, config: Path
) -> None:
    assert offered(tmp_path / "none.ini", "history", "") == []
    (tmp_path / "h.db").write_text("no database")
    assert offered(config, "history", "") == []


@pytest.mark.parametrize(
    "name", ["$(touch /tmp/x)", "a b", "a;b", "`x`", "a*", "a\nb", "a,b", "\x1b[2J", "Müller", "a'b"]
)
def test_a_name_that_a_shell_would_run_or_divide_is_not_offered(name: str, tmp_path: Path) -> None:
    stopped(tmp_path / "h.db", [connection(), phone(name), phone("plain")])
    file = tmp_path / "config.ini"
    file.write_text("[healthmon]\ndatabase = h.db\n")

    assert offered(file, "history", "PJSIP/") == ["PJSIP/plain"]


def test_a_database_with_a_value_that_cannot_be_offers_nothing(tmp_path: Path, config: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "h.db")) as opened, opened:
        opened.execute("UPDATE checks SET kind = 'mood'")

    assert offered(config, "history", "") == []


def test_bash_itself_completes_a_name(config: Path) -> None:
    bash = shutil.which("bash")
    assert bash is not None
    script = subprocess.run([HEALTHMON, "completion", "bash"], capture_output=True, text=True, check=True, timeout=60)
    lines = (
        f"{script.stdout}\nCOMP_WORDS=(healthmon history PJSIP/te); COMP_CWORD=2\n"
        '_healthmon_completion healthmon; echo "${COMPREPLY[@]}"\n'
    )
    environ = {**os.environ, "HEALTHMON_CONFIG": str(config), "PATH": f"{Path(HEALTHMON).parent}:{os.environ['PATH']}"}
    done = subprocess.run([bash, "-c", lines], env=environ, capture_output=True, text=True, check=False, timeout=60)

    assert done.stdout.strip() == "PJSIP/telekom", done.stderr


@pytest.mark.parametrize(
    ("shell", "word"), [("zsh", "#compdef healthmon"), ("fish", "complete --no-files --command healthmon")]
)
def test_the_lines_for_other_shells_are_printed_without_these_shells(shell: str, word: str) -> None:
    done = subprocess.run([HEALTHMON, "completion", shell], capture_output=True, text=True, check=True, timeout=60)

    assert word in done.stdout
    assert "_HEALTHMON_COMPLETE" in done.stdout
