"""`python -m tests.system.soak_rows [SEEDS]`: every row, on both versions, undisturbed and with kills by many seeds.

Prints what became of each row as the table of docs/soak.md. `make soak` calls this.
"""

import os
import random
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from xml.etree import ElementTree

from msgspec import Struct

from tests.run_suites import PYTHON, ROOT, ROWS

SEEDS = 5


class Run(Struct, frozen=True):
    """One run of a row."""

    row: str
    is_passed: bool
    kills: int
    messages: int
    marked: int
    #: When the first message arrived, in seconds since the row began; None: none did.
    first: float | None


def row_of(name: str) -> str:
    """Name the row that a test is a run of: by its parameters, or by the test itself."""
    test, _, parameters = name.partition("[")
    row, found, _ = parameters.replace("-soak-", "-").partition("-asterisk")
    if not found:
        row = test.removeprefix("test_")
    return row.replace("_", " ")


def runs(report: Path) -> Iterator[Run]:
    """Read pytest's report."""
    for case in ElementTree.parse(report).getroot().iter("testcase"):
        figures = {one.get("name"): float(one.get("value", 0)) for one in case.iter("property")}
        yield Run(
            row=row_of(str(case.get("name"))),
            is_passed=case.find("failure") is None and case.find("error") is None,
            kills=int(figures.get("kills", 0)),
            messages=int(figures.get("messages", 0)),
            marked=int(figures.get("marked", 0)),
            first=figures.get("first"),
        )


def table(all_runs: Iterable[Run]) -> Iterator[str]:
    """Write a line for each row."""
    of_row: dict[str, list[Run]] = defaultdict(list)
    for run in all_runs:
        of_row[run.row].append(run)
    yield "| row | runs | as promised | kills | messages to a URL | of all, marked | the first after |"
    yield "|---|---|---|---|---|---|---|"
    for row, its_runs in of_row.items():
        passed, kills = sum(run.is_passed for run in its_runs), sum(run.kills for run in its_runs)
        messages = span([run.messages for run in its_runs])
        first = span([run.first for run in its_runs if run.first is not None])
        marked = sum(run.marked for run in its_runs)
        yield f"| {row} | {len(its_runs)} | {passed} | {kills} | {messages} | {marked} | {first and f'{first} s'} |"


def span(numbers: list[int] | list[float]) -> str:
    """Write the smallest and the largest; "": there are none."""
    if not numbers:
        return ""
    low, high = min(numbers), max(numbers)
    return f"{low:g}" if low == high else f"{low:g} to {high:g}"


def main(seeds: int) -> int:
    """Run all, then print the table; the exit code is pytest's."""
    first = random.SystemRandom().randrange(2**32)
    environ = {
        **os.environ,
        "HEALTHMON_SEEDS": str(seeds),
        "HEALTHMON_SEED": os.environ.get("HEALTHMON_SEED", str(first)),
    }
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = [PYTHON, "-m", "pytest", "-q", *ROWS, "-m", "rows and soak", f"--junitxml={report}"]
        code = subprocess.run(command, cwd=ROOT, env=environ, check=False).returncode
        print(f"seeds from {environ['HEALTHMON_SEED']} on, {seeds} for each row and version\n")
        print("\n".join(table(runs(report))))
    return code


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else SEEDS))
