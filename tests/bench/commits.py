"""(f) How long the store takes for a commit, in rest and while history is pruned."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from healthmon.model import Changes, Check, CheckState, Health, Kind, Target, Transition
from healthmon.store.write.pruning import Cuts
from healthmon.store.write.writer import open_writer
from tests.bench.figures import Figure, median
from tests.bench.scale import Scale

NOW = 1_800_000_000.0
ROWS = 50


def commits(scale: Scale) -> Iterator[Figure]:
    """Commits of 50 states with a transition each, durable; bare is sqlite3 with one table of the same size."""
    with TemporaryDirectory(prefix="healthmon-bench-") as folder:
        writer = open_writer(Path(folder) / "healthmon.db", now=NOW)
        bare = _bare(Path(folder) / "bare.db")
        ours, theirs, pruning = [], [], []
        for number in range(scale.commits):
            changes = _changes(number)
            ours.append(_timed(lambda changes=changes: writer.commit(changes)))  # type: ignore[misc]
            theirs.append(_timed(lambda number=number: _bare_commit(bare, number)))  # type: ignore[misc]
        for _ in range(max(1, scale.commits // 10)):
            pruning.append(_timed(lambda: writer.prune(Cuts.at(NOW + scale.commits))))
        writer.close()
        bare.close()
    yield Figure(f"commit of {ROWS} states and transitions", median(ours), "ms", bare=median(theirs))
    yield Figure("one batch of pruning", median(pruning), "ms")


def _changes(number: int) -> Changes:
    """All the same checks change to the other health."""
    now, after = NOW + number, (Health.UP, Health.DOWN)[number % 2]
    before = (Health.DOWN, Health.UP)[number % 2]
    changes = Changes()
    for index in range(ROWS):
        target = Target("bench", "PJSIP", str(index))
        changes.states[target, Check.REACHABILITY] = CheckState(
            target, Check.REACHABILITY, Kind.PHONE, "phones", NOW, after, now, now, "endpoint state"
        )
        changes.transitions.append(Transition(target, Check.REACHABILITY, before, after, now, now, "endpoint state"))
    return changes


def _bare(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE states (id INTEGER PRIMARY KEY, health TEXT, at REAL, reason TEXT)")
    connection.execute("CREATE TABLE changes (id INTEGER, health TEXT, at REAL, reason TEXT)")
    return connection


def _bare_commit(connection: sqlite3.Connection, number: int) -> None:
    rows = [(index, "down", NOW + number, "endpoint state") for index in range(ROWS)]
    connection.execute("BEGIN IMMEDIATE")
    connection.executemany("INSERT OR REPLACE INTO states VALUES (?, ?, ?, ?)", rows)
    connection.executemany("INSERT INTO changes VALUES (?, ?, ?, ?)", rows)
    connection.execute("COMMIT")


def _timed(do: Callable[[], object]) -> float:
    begun = time.perf_counter()
    do()
    return (time.perf_counter() - begun) * 1000
