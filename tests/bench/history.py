"""(g) Years of history: how large they are on the disk, and how long a report about them takes."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from healthmon.store.connect import open_connection
from tests.bench.figures import Figure, median
from tests.bench.peer import ROOT
from tests.bench.scale import Scale
from tests.bench.years import Years, make_years

#: A process inherits its parent's peak of memory, so that a small one stands between.
_RUN = """import resource, subprocess, sys, time
begun = time.perf_counter()
subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=True)
print(time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"""


def history(scale: Scale) -> Iterator[Figure]:
    """The file, and the reports of a command in a process of its own; bare is a Python that does nothing."""
    years = Years(time.time(), targets=scale.targets, transitions=scale.transitions, days=scale.days)
    with TemporaryDirectory(prefix="healthmon-bench-") as folder:
        path = Path(folder) / "healthmon.db"
        make_years(path, years)
        yield Figure("size of a transition with its index", size_of_a_transition(path), "bytes", at_most=120.0)
        bare = median([_run(sys.executable, "-c", "pass")[0] for _ in range(scale.start_ups)])
        for since, seconds in (("30d", 1.0), ("365d", 2.0)):
            command = (sys.executable, "-m", "healthmon", "report", "--database", str(path), "--since", since)
            runs = [_run(*command) for _ in range(scale.rounds)]
            about = f"report --since {since}, {years.targets:,} targets, {years.transitions:,} transitions"
            yield Figure(about, median([took for took, _ in runs]), "s", at_most=seconds, bare=bare)
            yield Figure(f"memory of {about}", max(memory for _, memory in runs), "MB", at_most=150.0)
        yield from _export(path, years)


def _export(path: Path, years: Years) -> Iterator[Figure]:
    """All of it as CSV; the memory must be that of a few days."""
    command = (sys.executable, "-m", "healthmon", "export", "--database", str(path))
    _, few = _run(*command, "--since", "2d")
    took, memory = _run(*command)
    yield Figure("transitions exported as CSV", years.transitions / took, "/s")
    yield Figure(f"memory of an export of {years.transitions:,} transitions", memory, "MB", at_most=100.0, bare=few)


def size_of_a_transition(path: Path) -> float:
    """How many bytes of the file hold transitions and their index, for each of them."""
    with closing(open_connection(path, "mode=ro")) as connection:
        size: int = connection.execute(
            "SELECT SUM(pgsize) FROM dbstat WHERE name IN ('transitions', 'transitions_of_check')"
        ).fetchone()[0]
        count: int = connection.execute("SELECT COUNT(*) FROM transitions").fetchone()[0]
    return size / count


def _run(*command: str) -> tuple[float, float]:
    """How long a command takes (seconds), and how much memory it used at most (MB)."""
    done = subprocess.run([sys.executable, "-c", _RUN, *command], capture_output=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr.decode()
    took, memory = done.stdout.split()
    return float(took), int(memory) * 1024 / 1e6
