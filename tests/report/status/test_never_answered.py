"""A provider that is asked by our own OPTIONS, and has answered none: no outage, and a remark that says what to do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from healthmon.cli.main import cli
from healthmon.core.belief.evidence import NEVER_ANSWERED
from healthmon.model import Check, CheckState, Health
from tests.report.builder import HOUR, NOW, connection, outage, provider, running

SILENT = "does not answer our OPTIONS (UDP 192.0.2.1:5061)"
REMARK = f"{SILENT}; {NEVER_ANSWERED}"


def asked(name: str, **facts: Any) -> CheckState:
    """What is known of our own OPTIONS to a provider that answers none."""
    return provider(name, None, check=Check.OPTIONS, remark=REMARK, **facts)


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """One that Asterisk reaches, one that it does not check, and one that is down."""
    monkeypatch.setattr("time.time", lambda: NOW)
    path = tmp_path / "healthmon.db"
    unchecked = provider("b", None, unknown_because="not qualified: Asterisk does not check it", unknown_since=NOW)
    down = provider("c", Health.DOWN, since=NOW - HOUR)
    states = [connection(), provider("a"), asked("a"), unchecked, asked("b"), down, asked("c")]
    incidents = [outage(1, down, NOW - HOUR), outage(2, provider("a"), NOW - HOUR, NOW)]
    with running(path, states, incidents=incidents):
        yield path


def told(database: Path, *arguments: str) -> str:
    """What a command says of it, as one line."""
    done = CliRunner().invoke(cli, [*arguments, "--database", str(database)], catch_exceptions=False)
    return " ".join(done.stdout.split())


def test_status_says_it_beside_whatever_else_there_is_to_say(database: Path) -> None:
    text = told(database, "status")

    assert text.count("it never has answered our OPTIONS: check the address and port, or set probe = no") == 3


def test_json_says_it_at_the_check_and_does_not_call_it_not_seen_yet(database: Path) -> None:
    targets = {row["endpoint"]: row for row in json.loads(told(database, "status", "--json"))["targets"]}

    for row in targets.values():
        assert row["remark"] == f"options: {REMARK}"
        (check,) = (check for check in row["checks"] if check["check"] == Check.OPTIONS)
        assert (check["state"], check["reason"], check["remark"]) == ("unknown", NEVER_ANSWERED, REMARK)
    assert [targets[f"PJSIP/{name}"]["state"] for name in "abc"] == ["up", "unknown", "down"]


def test_an_incident_that_lasts_says_it_and_one_that_is_over_does_not(database: Path) -> None:
    assert f"options: {REMARK}" in told(database, "incident", "1")
    assert json.loads(told(database, "incident", "1", "--json"))["remark"] == f"options: {REMARK}"
    assert "OPTIONS" not in told(database, "incident", "2")
    assert json.loads(told(database, "incident", "2", "--json"))["remark"] == ""


def test_that_asterisk_does_not_check_one_that_answers_us_is_said_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.time", lambda: NOW)
    unchecked = provider("b", None, unknown_because="not qualified: Asterisk does not check it", unknown_since=NOW)
    answers = provider("b", Health.UP, check=Check.OPTIONS, reason="answers 200 OK")
    with running(tmp_path / "healthmon.db", [connection(), unchecked, answers]):
        text = told(tmp_path / "healthmon.db", "status")

    assert "R unknown, O" in text
    assert text.count("Asterisk does not check it") == 1
    assert "1 with reachability unknown" in text
