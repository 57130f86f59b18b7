"""A provider that Asterisk does not check: our own OPTIONS tell how it is, or why nobody can."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from healthmon.cli.main import cli
from healthmon.model import Check, CheckState, Health
from tests.report.builder import NOW, connection, provider, running

NOT_CHECKED = "not qualified: Asterisk does not check it"
NO_SUCH_NAME = "the name sip.example.net cannot be looked up: Name or service not known"


def unchecked(name: str) -> CheckState:
    """What Asterisk knows of it: nothing."""
    return provider(name, None, unknown_because=NOT_CHECKED, unknown_since=NOW)


def status(folder: Path, *states: CheckState, arguments: tuple[str, ...] = ()) -> str:
    """What the command says of these, as one line."""
    database = folder / "healthmon.db"
    with running(database, [connection(), *states]):
        command = ["status", *arguments, "--database", str(database)]
        done = CliRunner().invoke(cli, command, catch_exceptions=False)
    return done.stdout


@pytest.fixture(autouse=True)
def now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.time", lambda: NOW)


def test_why_our_own_options_cannot_be_sent_is_said(tmp_path: Path) -> None:
    cannot = provider("a", None, check=Check.OPTIONS, unknown_because=NO_SUCH_NAME, unknown_since=NOW)

    (row,) = json.loads(status(tmp_path, unchecked("a"), cannot, arguments=("--json",)))["targets"]

    assert (row["state"], row["reason"], row["remark"]) == ("unknown", NOT_CHECKED, f"options: {NO_SUCH_NAME}")


def test_beside_one_that_is_reached_it_is_a_check_that_is_not_known(tmp_path: Path) -> None:
    cannot = provider("a", None, check=Check.OPTIONS, unknown_because=NO_SUCH_NAME, unknown_since=NOW)

    text = " ".join(status(tmp_path, provider("a", Health.UP), cannot).split())

    assert text.count(NO_SUCH_NAME) == 1
    assert "1 up; 1 with options unknown." in text
