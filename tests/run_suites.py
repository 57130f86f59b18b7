"""`python -m tests.run_suites [SUITE…]`: runs every suite of checks and tests; `make test` calls this.

A suite that fails does not stop the others. A line after each suite says how long it took, a table at the end says it
all again, and the exit code is 1 if anything failed. A budget is what a suite should take on two cores; going over it
is shown, not punished, because machines differ. A suite that hangs is ended at four times its budget.
"""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Self
from xml.etree import ElementTree

from msgspec import Struct

ROOT = Path(__file__).parents[1]
PYTHON = sys.executable
#: Not every folder of tests is fast; these start whole daemons, or ask systemd.
SLOW_FOLDERS = (
    "tests/system",
    "tests/kills",
    "tests/service",
    "tests/docs",
    "tests/demo",
    "tests/fresh_root",
)
#: Sieges of a daemon: many hostile PBXs beside a healthy one, which mostly wait.
HOSTILE = "tests/hostile"
#: No input, no output, no clock.
CORE = "tests/core"
#: Simulated time.
SCENARIOS = "tests/scenarios"
#: No test in there needs a real Asterisk, and to collect them all costs each process of tests seconds.
WITHOUT_ASTERISK = (
    CORE,
    SCENARIOS,
    HOSTILE,
    "tests/ami",
    "tests/app",
    "tests/cli",
    "tests/config",
    "tests/demo",
    "tests/docs",
    "tests/fuzz",
    "tests/report",
    "tests/sources",
    "tests/store",
)
#: These need a browser.
BROWSER = "tests/browser"
#: Each process of tests has loopback addresses of its own, so that they never meet.
ON_TWO_CORES = ("-n", "2")
#: What waits half of the time.
HALF_WAITING = ("-n", "4")
#: What mostly waits for Asterisk's own clocks.
WAITING = ("-n", "6")
#: What waits nearly all the time, for minutes: most of them at once, and none that need be reported as stuck.
ROWS = ("-n", "18", "-o", "faulthandler_timeout=800", "tests/system/test_rows.py")
#: A file's tests share one daemon, or one demo; they mostly wait.
BY_FILE = ("-n", "3", "--dist", "loadfile")
HANGS_AFTER = 4


class Suite(Struct, frozen=True):
    """Commands that belong together; ``budget`` in seconds."""

    name: str
    what: str
    budget: float
    commands: tuple[tuple[str, ...], ...]
    #: Whether they run side by side, for they mostly wait; what the second prints is shown when the first has ended.
    at_once: bool = False
    #: Whether it runs beside the suite before it, for both mostly wait; what it prints is shown when both have ended.
    is_beside: bool = False


class Result(Struct, frozen=True):
    """What became of a suite: tests (or, of other commands, commands) by how they ended."""

    suite: Suite
    seconds: float
    passed: int
    failed: int
    skipped: int
    #: Of how many processors it made use, on average; what somebody left running is not in it.
    processors: float
    #: What it printed and is still to be shown.
    printed: str = ""

    @property
    def sentence(self) -> str:
        """The one line about this suite."""
        verdict = "FAILED" if self.failed else "ok"
        late = " (over its budget)" if self.seconds > self.suite.budget else ""
        time_taken = f"{self.seconds:6.1f} s of {self.suite.budget:3.0f} s on {self.processors:.1f} processors"
        counted = f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"
        return f"{self.suite.name:9} {verdict:7} {time_taken}   {counted}{late}"


def tool(name: str, *arguments: str) -> tuple[str, ...]:
    """A program that was installed beside this Python."""
    return (str(Path(PYTHON).with_name(name)), *arguments)


def pytest(*arguments: str) -> tuple[str, ...]:
    """One run of pytest; after two minutes without an end, each thread's stack is shown."""
    return (PYTHON, "-m", "pytest", "-q", "-o", "faulthandler_timeout=120", *arguments)


SUITES = (
    Suite(
        "static",
        "style, types, layers",
        90,
        (
            tool("ruff", "check", "."),
            tool("ruff", "format", "--check", "."),
            tool("mypy"),
            tool("lint-imports"),
            # What cannot be collected is known at once, and what can is compiled for all processes of tests.
            tool("pytest", "-qq", "--collect-only"),
        ),
    ),
    Suite(
        "core",
        "what decides, in no time: the rules, and thousands of generated histories",
        45,
        (pytest(*ON_TWO_CORES, "-m", "not soak", CORE),),
    ),
    Suite(
        "parts",
        "the other parts, each by itself; answers and events that are broken by chance",
        240,
        (
            pytest(
                *HALF_WAITING,
                "-m",
                "not lab and not soak",
                *(f"--ignore={folder}" for folder in (*SLOW_FOLDERS, HOSTILE, CORE, SCENARIOS, BROWSER)),
            ),
        ),
    ),
    Suite(
        "scenarios",
        "what must hold, in simulated time, with kill -9 at a hundred points of each",
        180,
        (pytest(*ON_TWO_CORES, "-m", "not soak", SCENARIOS),),
    ),
    Suite(
        "browser",
        "pages in a real Chromium",
        120,
        ((PYTHON, "-m", "tests.browser", "fetch"), pytest(*ON_TWO_CORES, "-m", "not lab", BROWSER)),
    ),
    Suite(
        "fetch",
        "get Asterisk 22 and 16, the SIP peers, and what makes a fresh Debian",
        120,
        ((PYTHON, "-m", "tests.lab", "fetch"), (PYTHON, "-m", "tests.fresh_root", "fetch")),
    ),
    Suite(
        "asterisk",
        "on a real Asterisk 22 and 16; what must hold there, on one of them with two kill -9",
        900,
        (
            pytest(
                *WAITING,
                "-m",
                "lab and not rows and not soak",
                *(f"--ignore={folder}" for folder in WITHOUT_ASTERISK),
            ),
            pytest(*ROWS, "-m", "rows and not soak"),
        ),
        at_once=True,
    ),
    Suite(
        "system",
        "whole daemons, the service, the docs, the README in a fresh Debian; hostile PBXs beside a healthy one",
        600,
        (
            pytest(*BY_FILE, "-m", "not lab and not soak", *SLOW_FOLDERS),
            # After the others: how soon something is told beside hostile PBXs is measured.
            pytest(*ON_TWO_CORES, "-m", "not lab and not soak", HOSTILE),
        ),
        is_beside=True,
    ),
)


def run(suite: Suite, *, is_seen: bool = True) -> Result:
    """Run all commands of a suite, whatever becomes of each; unless it is seen, what it prints is in the result."""
    heading = f"\n=== {suite.name}: {suite.what}"
    if is_seen:
        print(heading, flush=True)
    began, used_before = time.monotonic(), processor_time()
    ended_at_latest = began + suite.budget * HANGS_AFTER
    groups = [suite.commands] if suite.at_once else [(command,) for command in suite.commands]
    ended = [
        result for commands in groups for result in count(commands, ended_at_latest - time.monotonic(), is_seen=is_seen)
    ]
    passed, failed, skipped = (sum(numbers) for numbers in zip(*(counts for counts, _ in ended), strict=True))
    printed = "".join(printed for _, printed in ended)
    if is_seen:
        print(printed, end="", flush=True)
        printed = ""
    else:
        printed = f"{heading}\n{printed}"
    seconds = time.monotonic() - began
    return Result(suite, seconds, passed, failed, skipped, (processor_time() - used_before) / seconds, printed)


def run_side_by_side(suites: Sequence[Suite]) -> list[Result]:
    """Run these suites at once: the first is seen, what the others print is shown when all have ended."""
    # Processes, since Ctrl-C reaches each of them, and each knows what its own commands have used.
    with ProcessPoolExecutor() as pool:
        hidden = [pool.submit(run, suite, is_seen=False) for suite in suites[1:]]
        results = [run(suites[0]), *(running.result() for running in hidden)]
    for result in results:
        print(result.printed, end="", flush=True)
        print(result.sentence, flush=True)
    return results


def in_rounds(suites: Sequence[Suite]) -> list[list[Suite]]:
    """Which suites run side by side, in their order."""
    rounds: list[list[Suite]] = []
    for suite in suites:
        if suite.is_beside and rounds:
            rounds[-1].append(suite)
        else:
            rounds.append([suite])
    return rounds


def processor_time() -> float:
    """How long the processors have worked for the commands that have ended, seconds."""
    used = os.times()
    return used.children_user + used.children_system


def count(
    commands: Sequence[tuple[str, ...]], timeout: float, *, is_seen: bool = True
) -> list[tuple[tuple[int, int, int], str]]:
    """Run commands side by side; return how much of each passed, failed and was skipped, and what is still to be shown.

    What the first one prints is seen at once, if anything is.
    """
    ended_at_latest = time.monotonic() + timeout
    with ExitStack() as stack:
        running = [
            stack.enter_context(Command(command, is_seen=is_seen and command is commands[0])) for command in commands
        ]
        return [command.ended(ended_at_latest - time.monotonic()) for command in running]


class Command:
    """A command that runs, in a process group of its own. What it prints is seen, or kept until it has ended."""

    def __init__(self, words: tuple[str, ...], *, is_seen: bool) -> None:
        self._words = words
        self._is_seen = is_seen
        self._folder = tempfile.TemporaryDirectory()
        self._report = Path(self._folder.name) / "report.xml" if "pytest" in words else None
        self._printed = Path(self._folder.name) / "printed"

    def __enter__(self) -> Self:
        words = (*self._words, *([f"--junitxml={self._report}"] if self._report else []))
        with self._printed.open("wb") as kept:
            output = None if self._is_seen else kept
            self._process = subprocess.Popen(words, cwd=ROOT, start_new_session=True, stdout=output, stderr=output)
        return self

    def ended(self, timeout: float) -> tuple[tuple[int, int, int], str]:
        """Wait until it has ended, or end it: how much passed, failed and was skipped, and what it printed unseen."""
        late = ""
        try:
            code = self._process.wait(max(timeout, 1))
        except subprocess.TimeoutExpired:
            late = f"ended after {timeout:.0f} s: {' '.join(self._words)}\n"
            code = self._end()
        return self._counts(code), self._printed.read_text(errors="replace") + late

    def _counts(self, code: int) -> tuple[int, int, int]:
        if self._report is not None:
            return count_report(self._report, code)
        return (1, 0, 0) if code == 0 else (0, 1, 0)

    def _end(self) -> int:
        os.killpg(self._process.pid, signal.SIGKILL)
        return self._process.wait()

    def __exit__(self, *_: object) -> None:
        # Somebody pressed Ctrl-C: it is in a group of its own, and would go on.
        if self._process.poll() is None:
            self._end()
        self._folder.cleanup()


def count_report(report: Path, code: int) -> tuple[int, int, int]:
    """Read pytest's report; a run that failed without a failed test counts as one failure."""
    try:
        suites = ElementTree.parse(report).getroot().iter("testsuite")
    except (OSError, ElementTree.ParseError):
        return 0, 1, 0
    total = failed = skipped = 0
    for suite in suites:
        total += int(suite.get("tests", 0))
        failed += int(suite.get("failures", 0)) + int(suite.get("errors", 0))
        skipped += int(suite.get("skipped", 0))
    return max(total - failed - skipped, 0), failed or int(code != 0), skipped


def chosen(names: list[str]) -> list[Suite]:
    """The suites of these names, or all."""
    unknown = set(names) - {suite.name for suite in SUITES}
    if unknown:
        raise SystemExit(f"no such suite: {', '.join(sorted(unknown))}; there are {', '.join(s.name for s in SUITES)}")
    return [suite for suite in SUITES if not names or suite.name in names]


def main(names: list[str]) -> int:
    """Run, then say how it went."""
    # A score of processes of tests, and a thousand of healthmon, need not compile the same each for itself.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    results: list[Result] = []
    began = time.monotonic()
    for suites in in_rounds(chosen(names)):
        results += run_side_by_side(suites)
    print("\n=== summary")
    for result in results:
        print(result.sentence)
    passed, failed, skipped = (sum(getattr(r, name) for r in results) for name in ("passed", "failed", "skipped"))
    print(f"total: {passed} passed, {failed} failed, {skipped} skipped in {time.monotonic() - began:.0f} s")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
