"""What somebody sees who waits for a report: tried with a pseudo-terminal."""

from __future__ import annotations

import os
import pty
import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from healthmon.cli import waiting
from healthmon.cli.waiting import ShownProgress
from healthmon.model import Health
from tests.cli.conftest import Run
from tests.report.builder import DAY, NOW, provider, steps, stopped
from tests.waiting import wait_for

HIDE_CURSOR, SHOW_CURSOR, ERASE_LINE = "\x1b[?25l", "\x1b[?25h", "\x1b[2K"

#: What moves the cursor, or changes the colour.
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


class Terminal:
    """A terminal that stderr goes to, and what was written to it."""

    def __init__(self) -> None:
        self._ours, theirs = pty.openpty()
        os.set_blocking(self._ours, False)
        self.stderr = os.fdopen(theirs, "w")
        self._written = b""

    @property
    def written(self) -> str:
        """All of it until now."""
        with suppress(BlockingIOError):
            self._written += os.read(self._ours, 1_000_000)
        return self._written.decode()

    def shows(self, words: str) -> None:
        """Wait until it does."""
        wait_for(
            lambda: words in re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", self.written), complaint=lambda: repr(self.written)
        )

    def close(self) -> None:
        self.stderr.close()
        os.close(self._ours)


@contextmanager
def at_a_terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    """Have stderr go to one. Not as a fixture: pytest takes stderr for itself when the test begins."""
    terminal = Terminal()
    with monkeypatch.context() as patched:
        patched.setenv("TERM", "xterm")
        patched.setattr(sys, "stderr", terminal.stderr)
        yield terminal
    terminal.close()


def test_each_stage_is_shown_how_far_a_loop_is_and_in_the_end_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(waiting, "SHOWN_AFTER", 0.0)
    with at_a_terminal(monkeypatch) as terminal:
        with ShownProgress() as shown:
            for item in shown.each("Looking at each target", range(4)):
                terminal.shows(f"Looking at each target {'━' * 10 * item}")
                terminal.shows(f"{25 * item}%")
            shown.stage("Looking for incidents")
            terminal.shows("Looking for incidents ━")
            before = terminal.written
            # Nobody knows how far it is; it moves all the same.
            wait_for(lambda: len(terminal.written) > len(before))
            assert terminal.written.count(HIDE_CURSOR) == 1

        assert terminal.written.endswith(ERASE_LINE)
        assert terminal.written.count(SHOW_CURSOR) == 1


def test_what_is_soon_done_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    with at_a_terminal(monkeypatch) as terminal:
        with ShownProgress() as shown:
            shown.stage("Looking for incidents")
            assert list(shown.each("Looking at each target", [1, 2, 3])) == [1, 2, 3]

        assert terminal.written == ""


def test_once_it_is_over_nothing_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    with at_a_terminal(monkeypatch) as terminal:
        shown = ShownProgress()
        shown.end()
        shown.show()
        shown.stage("Writing the report")

        assert terminal.written == ""


def test_where_stderr_is_no_terminal_nothing_is_shown(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(waiting, "SHOWN_AFTER", 0.0)
    with ShownProgress() as shown:
        shown.stage("Looking for incidents")
        time.sleep(0.05)

    assert capfd.readouterr().err == ""


class Noted(ShownProgress):
    """Notes the stages."""

    said: list[str]

    def stage(self, words: str) -> None:
        """Note it."""
        self.said.append(words)

    def end(self) -> None:
        """Note it."""
        self.said.append("end")
        super().end()


@pytest.mark.parametrize(("form", "third"), [("html", "Preparing the pictures"), ("json", "Adding up")])
def test_a_report_says_all_its_stages_and_nothing_more_before_it_is_seen(
    database: Path, run: Run, monkeypatch: pytest.MonkeyPatch, form: str, third: str
) -> None:
    trunk = provider("trunk")
    stopped(database, [trunk], history=steps(trunk, (NOW - DAY, Health.UP)))
    monkeypatch.setattr("healthmon.cli.report.ShownProgress", Noted)
    stages = ["Looking at each target", "Looking for incidents", third, "Writing the report"]
    for is_seen in (False, True):
        Noted.said = []
        monkeypatch.setattr("healthmon.cli.report.is_seen", lambda _output, is_seen=is_seen: is_seen)
        run("report", "--format", form)

        assert Noted.said[: len(stages)] == stages
        assert set(Noted.said[len(stages) :]) == {"end"}
        assert (len(Noted.said) > len(stages) + 1) == is_seen
