"""A report is made in a process of its own, as it would have been at its time."""

from __future__ import annotations

import errno
import os
import resource
import subprocess
import time
from datetime import date
from pathlib import Path
from threading import Event, Timer
from zoneinfo import ZoneInfo

import pytest

from healthmon.app import report_process
from healthmon.app.report_process import ReportFailed, form_of, make_report
from healthmon.config.sections.schedule import ScheduleConfig
from healthmon.model import Health
from healthmon.times.occasions import CalendarTime
from tests.report.builder import DAY, MINUTE, connection, provider, steps, stopped

MORNING = CalendarTime(frozenset(), 1, 420, ZoneInfo("Europe/Berlin"))
DUE = date(2026, 5, 1)


def schedule(*report: str, name: str = "monthly") -> ScheduleConfig:
    return ScheduleConfig(name, report, MORNING, ())


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A configuration whose database knows of an outage three days ago, and of one yesterday."""
    now, database, path = time.time(), tmp_path / "healthmon.db", tmp_path / "config.ini"
    trunk = provider("trunk", watched_since=now - 90 * DAY)
    history = [(now - 90 * DAY, Health.UP)]
    for ago in (3 * DAY, DAY):
        history += [(now - ago, Health.DOWN), (now - ago + 10 * MINUTE, Health.UP)]
    stopped(database, [connection(), trunk], history=steps(trunk, *history), alive_at=now)
    path.write_text(f"[healthmon]\ndatabase = {database}\ntimezone = Europe/Berlin\n")
    return path


@pytest.mark.parametrize(
    ("arguments", "form"),
    [
        ((), "table"),
        (("--since", "7d"), "table"),
        (("--format", "csv"), "csv"),
        (("--format=markdown", "--all"), "markdown"),
        (("--format", "csv", "--format=json"), "json"),
    ],
)
def test_the_form_is_what_click_takes(arguments: tuple[str, ...], form: str) -> None:
    assert form_of(arguments) == form


def test_a_report_is_a_file_and_a_text(config: Path) -> None:
    made = make_report(
        config, schedule("--since", "7d", "--format", "csv", name="every month"), DUE, time.time(), Event()
    )

    assert (made.schedule, made.day, made.trouble) == ("every month", "2026-05-01", "")
    assert (made.file_name, made.media_type) == ("every-month-2026-05-01.csv", "text/csv")
    assert made.content.startswith("pbx,")
    assert made.command == "healthmon report --since 7d --format csv"
    assert "2 outages" in made.text


def test_a_report_that_is_late_tells_nothing_of_what_came_after_its_time(config: Path) -> None:
    made = make_report(config, schedule("--since", "7d"), DUE, time.time() - 2 * DAY, Event())

    assert "1 outage" in made.text
    assert made.content == made.text


def test_what_the_report_says_of_its_failure_is_the_reason(config: Path) -> None:
    (config.parent / "healthmon.db").unlink()

    with pytest.raises(ReportFailed, match="there is no database here yet"):
        make_report(config, schedule(), DUE, time.time(), Event())


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.EMFILE, "Too many open files"),
        BlockingIOError(errno.EAGAIN, "Try again"),
        OSError(errno.ENOMEM, "No memory"),
        MemoryError(),
    ],
    ids=["EMFILE", "EAGAIN", "ENOMEM", "MemoryError"],
)
def test_a_report_whose_process_cannot_be_started_is_a_failed_report(
    config: Path, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fork(*_arguments: object) -> None:
        raise error

    # What subprocess calls in the end.
    monkeypatch.setattr("subprocess._fork_exec", fork)

    with pytest.raises(ReportFailed, match=f"its process cannot be started \\({type(error).__name__}"):
        make_report(config, schedule(), DUE, time.time(), Event())


def test_a_report_for_which_no_file_is_left_is_a_failed_report(config: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, before[1]))
    try:
        with pytest.raises(ReportFailed, match=r"its process cannot be started .*Too many open files"):
            make_report(config, schedule(), DUE, time.time(), Event())
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)

    assert make_report(config, schedule(), DUE, time.time(), Event()).text


def test_a_report_that_does_not_fit_into_memory_is_a_failed_report_whose_process_has_ended(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[subprocess.Popen[bytes]] = []

    def no_memory(process: subprocess.Popen[bytes], **_options: object) -> None:
        started.append(process)
        raise MemoryError

    monkeypatch.setattr("subprocess.Popen.communicate", no_memory)

    with pytest.raises(ReportFailed, match="it cannot be read"):
        make_report(config, schedule(), DUE, time.time(), Event())

    assert started[0].returncode is not None


def test_a_daemon_that_stops_does_not_wait_for_a_report(config: Path) -> None:
    stop = Event()
    Timer(0.05, stop.set).start()
    begun = time.monotonic()

    # A pipe that nobody writes to, in the place of the configuration.
    config.unlink()
    os.mkfifo(config)
    with pytest.raises(ReportFailed, match="healthmon was stopped"):
        make_report(config, schedule(), DUE, time.time(), stop)

    assert time.monotonic() - begun < 10


def test_a_report_that_never_ends_is_given_up(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report_process, "PATIENCE", 0.5)
    config.unlink()
    os.mkfifo(config)

    with pytest.raises(ReportFailed, match="it took longer than"):
        make_report(config, schedule(), DUE, time.time(), Event())
