"""What the tests of the commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from healthmon.cli.main import cli
from tests.report.builder import NOW

Run = Callable[..., Result]


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """Where a test makes its database."""
    return tmp_path / "healthmon.db"


@pytest.fixture
def run(database: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run ``healthmon COMMAND --database … ARGUMENTS`` at noon of the tests' day, in Berlin."""
    monkeypatch.setenv("TZ", "Europe/Berlin")
    monkeypatch.setattr("time.time", lambda: NOW)

    def run_command(command: str, *arguments: str) -> Result:
        return CliRunner().invoke(cli, [command, "--database", str(database), *arguments], catch_exceptions=False)

    return run_command
