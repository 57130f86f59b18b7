"""(e) How long the commands take that people type while they wait."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench.figures import Figure, median
from tests.bench.peer import ROOT, Peer
from tests.bench.scale import Scale
from tests.bench.watched import Watched

HEALTHMON = (sys.executable, "-m", "healthmon")


def start_up(scale: Scale) -> Iterator[Figure]:
    """Commands beside a daemon that watches a small PBX; bare is a Python that only imports what each of them needs."""
    with (
        TemporaryDirectory(prefix="healthmon-bench-") as folder,
        Peer(scale.few) as peer,
        Watched(Path(folder), peer) as daemon,
    ):
        config = str(daemon.database.with_name("config.ini"))
        commands = {
            "--help": (*HEALTHMON, "--help"),
            "status": (*HEALTHMON, "-c", config, "status"),
            "status --json": (*HEALTHMON, "-c", config, "status", "--json"),
            "report --since 7d": (*HEALTHMON, "-c", config, "report", "--since", "7d"),
        }
        # In turns, so that a noisy minute is shared by all.
        rounds = [[_seconds(command) for command in _with_bare(commands)] for _ in range(scale.start_ups)]
    nothing, imports, *medians = (median(values) * 1000 for values in zip(*rounds, strict=True))
    yield Figure("a Python that only imports click, msgspec and sqlite3", imports, "ms", bare=nothing)
    for name, value in zip(commands, medians, strict=True):
        yield Figure(f"healthmon {name}", value, "ms", bare=imports, ratio_at_most=2.0)


def _with_bare(commands: dict[str, tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Put two Pythons before the commands: one does nothing, one imports what no command could do without."""
    programs = ("pass", "import click, msgspec, sqlite3")
    return [*((sys.executable, "-c", program) for program in programs), *commands.values()]


def _seconds(command: tuple[str, ...]) -> float:
    begun = time.perf_counter()
    done = subprocess.run(command, capture_output=True, cwd=ROOT, check=False)
    took = time.perf_counter() - begun
    assert done.returncode == 0, done.stderr.decode()
    return took
