"""Makes a report in a process of its own with a low priority, so that the engine does not wait for it."""

from __future__ import annotations

import logging
import os
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, date, datetime
from pathlib import Path
from shlex import join
from threading import Event

from healthmon.app.own_program import own_program
from healthmon.config.sections.schedule import ScheduleConfig
from healthmon.errors import ExitCode, HealthmonError
from healthmon.report.availability.file_forms import FILE_FORMS
from healthmon.store.outbox.report_book import MadeReport
from healthmon.wire.failures import failures_of_the_peer, with_its_type

log = logging.getLogger(__name__)

#: A report that takes longer is given up (seconds).
PATIENCE = 900.0
#: How often we look whether we are to stop (seconds).
_LOOK_EVERY = 0.2
#: How much less important than the daemon it is (1 to 19).
_NICENESS = 10
#: No channel takes more as a text.
_MOST_TEXT = 20_000


class ReportFailed(HealthmonError):
    """No report came of it; ``str()`` says why."""


def make_report(config: Path, schedule: ScheduleConfig, day: date, as_of: float, stop: Event) -> MadeReport:
    """Make a report as it would have been at a time (seconds UTC). Raises ReportFailed; also when told to stop."""
    form = form_of(schedule.report)
    content = _run(config, schedule.report, as_of, stop)
    is_text = form == "table"
    text = content if is_text else _run(config, (*schedule.report, "--format", "table"), as_of, stop)
    ending, media_type = FILE_FORMS[form]
    return MadeReport(
        schedule=schedule.name,
        day=day.isoformat(),
        text=text[:_MOST_TEXT],
        file_name=f"{schedule.name.replace(' ', '-')}-{day.isoformat()}.{ending}",
        media_type=media_type,
        content=content,
        command=f"healthmon report {join(schedule.report)}".rstrip(),
    )


def form_of(arguments: Sequence[str]) -> str:
    """Return what ``--format`` says; the last one counts."""
    form = "table"
    for number, word in enumerate(arguments):
        if word == "--format":
            form = arguments[number + 1]
        elif word.startswith("--format="):
            form = word.partition("=")[2]
    return form


def _run(config: Path, arguments: Sequence[str], as_of: float, stop: Event) -> str:
    moment = datetime.fromtimestamp(as_of, UTC).isoformat()
    # It cannot be started where no process, file or memory is left for it.
    with failures_of_the_peer(lambda error: ReportFailed(f"its process cannot be started ({with_its_type(error)})")):
        process = subprocess.Popen(  # noqa: S603 (our own program, no shell)
            [*own_program(config), "report", *arguments, "--as-of", moment],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONUTF8": "1"},
        )
    with process:
        # A courtesy, which a sandbox may refuse, and a process that is through already does not need.
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, process.pid, _NICENESS)
        return _result(process, stop)


def _result(process: subprocess.Popen[bytes], stop: Event) -> str:
    """Wait for what it prints; 1 is the exit code of a report that somebody should look at."""
    waited = 0.0
    while True:
        with failures_of_the_peer(lambda error: ReportFailed(f"it cannot be read ({with_its_type(error)})")):
            try:
                printed, errors = process.communicate(timeout=_LOOK_EVERY)
                break
            except subprocess.TimeoutExpired:
                waited += _LOOK_EVERY
        if stop.is_set() or waited > PATIENCE:
            # It has inherited that signals are held back.
            process.kill()
            raise ReportFailed("healthmon was stopped" if stop.is_set() else f"it took longer than {PATIENCE:.0f} s")
    if process.returncode in (ExitCode.OK, ExitCode.PROBLEM) and printed:
        return printed.decode(errors="replace")
    said = errors.decode(errors="replace").strip().splitlines()
    why = said[-1].removeprefix("healthmon: ").removeprefix("Error: ") if said else ""
    raise ReportFailed(why or f"it ended with exit code {process.returncode} and said nothing")
