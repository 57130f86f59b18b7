"""(g) Years of history: how large they are, how long a report takes, and what both cost the daemon."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from threading import Event, Thread
from typing import NamedTuple

from healthmon.config.sections.history import HistoryConfig
from healthmon.model import Changes, CheckState, Health, Transition
from healthmon.store.sqlite.connect import open_connection
from healthmon.store.write.pruning import Cuts
from healthmon.store.write.writer import open_writer
from tests.bench.figures import Figure, median, percentile
from tests.bench.peer import ROOT, Peer
from tests.bench.scale import Scale
from tests.bench.watched import Watched
from tests.bench.years import DAY, ZONE, Years, make_years

#: A process inherits its parent's peak of memory, so that a small one stands between.
_RUN = """import resource, subprocess, sys, time
begun = time.perf_counter()
subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=True)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(time.perf_counter() - begun, used.ru_utime + used.ru_stime, used.ru_maxrss)"""

#: What is booked at once at 1,000 events a second, about.
CHANGES_AT_ONCE = 10
#: Commits with and without pruning take turns, so that a noisy minute is shared by both.
COMMITS_IN_TURN = 50


def history(scale: Scale) -> Iterator[Figure]:
    """The same file for all: first it is only read, then written, then a daemon has it."""
    years = Years(time.time(), targets=scale.targets, transitions=scale.transitions, days=scale.days)
    with TemporaryDirectory(prefix="healthmon-bench-") as folder:
        path = Path(folder) / "healthmon.db"
        make_years(path, years)
        yield Figure("size of a transition with its index", size_of_a_transition(path), "bytes", at_most=120.0)
        yield from _reports(path, years, scale)
        yield from documents(path, scale)
        yield from _export(path, years)
        yield from _pruning(path, scale)
        yield from _beside_a_daemon(path, scale)


def size_of_a_transition(path: Path) -> float:
    """How many bytes of the file hold transitions and their index, for each of them."""
    with closing(open_connection(path, "mode=ro")) as connection:
        size: int = connection.execute(
            "SELECT SUM(pgsize) FROM dbstat WHERE name IN ('transitions', 'transitions_of_check')"
        ).fetchone()[0]
        number: int = connection.execute("SELECT COUNT(*) FROM transitions").fetchone()[0]
    return size / number


# ---------------------------------------------------------------- reports


def _reports(path: Path, years: Years, scale: Scale) -> Iterator[Figure]:
    """A command in a process of its own; bare is a Python that does nothing."""
    bare = [_run(sys.executable, "-c", "pass") for _ in range(scale.start_ups)]
    for since, seconds in (("30d", 1.0), ("365d", 2.0)):
        runs = [_run(*_report(path, since)) for _ in range(scale.rounds)]
        about = f"report --since {since}, {years.targets:,} targets, {years.transitions:,} transitions"
        for number, name in enumerate((about, f"processor time of {about}")):
            aim = None if number else seconds
            took, least = (median([run[number] for run in some]) for some in (runs, bare))
            yield Figure(name, took, "s", at_most=aim, bare=least)
        yield Figure(f"memory of {about}", max(run.memory for run in runs), "MB", at_most=150.0)


def _report(path: Path, since: str) -> tuple[str, ...]:
    return sys.executable, "-m", "healthmon", "report", "--database", str(path), "--since", since


#: What lists incidents, or is made of them.
DOCUMENTS = (
    "--format html",
    "--format json",
    "--format csv --incidents",
    "--format markdown --incidents",
    "--incidents",
)


def documents(path: Path, scale: Scale) -> Iterator[Figure]:
    """Reports of a month with all its incidents, written into a file."""
    with closing(open_connection(path, "mode=ro")) as connection:
        sql = "SELECT COUNT(*) FROM incidents WHERE closed_at > :since"
        incidents: int = connection.execute(sql, {"since": time.time() - 30 * DAY}).fetchone()[0]
    file = path.with_name("report")
    for options in DOCUMENTS:
        command = (*_report(path, "30d"), *options.split(), "-o", str(file))
        runs = [_run(*command) for _ in range(scale.rounds)]
        about = f"report {options} --since 30d, {incidents:,} incidents"
        yield Figure(about, median([run.took for run in runs]), "s")
        yield Figure(f"processor time of {about}", median([run.processor for run in runs]), "s")
        yield Figure(f"memory of {about}", max(run.memory for run in runs), "MB", at_most=150.0)
        yield Figure(f"size of {about}", file.stat().st_size / 1e6, "MB")


def _export(path: Path, years: Years) -> Iterator[Figure]:
    """All of it as CSV; the memory must be that of a few days."""
    command = (sys.executable, "-m", "healthmon", "export", "--database", str(path))
    few, everything = _run(*command, "--since", "2d"), _run(*command)
    about = f"memory of an export of {years.transitions:,} transitions"
    yield Figure("transitions exported as CSV", years.transitions / everything.took, "/s")
    yield Figure(about, everything.memory, "MB", at_most=100.0, bare=few.memory)


class Run(NamedTuple):
    """How long a command took, how much of a processor it used (seconds), and how much memory at most (MB)."""

    took: float
    processor: float
    memory: float


def _run(*command: str) -> Run:
    # A report is of days by the clock by which the daemon reads its meters, as it is where both have one configuration.
    environment = os.environ | {"TZ": ZONE.key}
    program = [sys.executable, "-c", _RUN, *command]
    done = subprocess.run(program, capture_output=True, cwd=ROOT, env=environment, check=False)
    assert done.returncode == 0, done.stderr.decode()
    took, processor, memory = done.stdout.split()
    return Run(float(took), float(processor), int(memory) * 1024 / 1e6)


# ---------------------------------------------------------------- a daemon, and reports beside it


def _beside_a_daemon(path: Path, scale: Scale) -> Iterator[Figure]:
    """Storms at a daemon that goes on with this file, with and without reports beside it."""
    rate, seconds = scale.storms[0]
    alone, beside = [], []
    with Peer(scale.many) as peer, Watched(path.parent, peer) as daemon:
        # The p99 of five seconds is that of a few commits, and varies by more than a half from storm to storm.
        for _ in range(2 * scale.rounds + 1):
            alone.append(_commit_p99(peer, daemon, rate, seconds))
            with _repeated(*_report(path, "365d")):
                beside.append(_commit_p99(peer, daemon, rate, seconds))
    yield Figure(
        f"event to commit at {rate:,} events/s with a report beside it, p99",
        median(beside),
        "ms",
        bare=median(alone),
        ratio_at_most=2.0,
    )


def _commit_p99(peer: Peer, daemon: Watched, rate: int, seconds: float) -> float:
    sent: dict[str, float] = peer.ask(do="storm", rate=rate, seconds=seconds, trunks=0)["sent"]
    booked = daemon.wait_for_commits(sent)
    daemon.wait_until_calm()
    return percentile([(booked[name] - at) * 1000 for name, at in sent.items() if name in booked], 0.99)


@contextmanager
def _repeated(*command: str) -> Iterator[None]:
    """Run a command again and again."""
    stop, first = Event(), Event()

    def work() -> None:
        while not stop.is_set():
            with subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd=ROOT) as process:
                first.set()
                while process.poll() is None:
                    if stop.wait(0.05):
                        process.kill()

    thread = Thread(target=work)
    thread.start()
    first.wait(10)
    yield
    stop.set()
    thread.join()


# ---------------------------------------------------------------- pruning


def _pruning(path: Path, scale: Scale) -> Iterator[Figure]:
    """Commits of a few changes, with and without a batch of pruning before each of them."""
    now = time.time()
    writer = open_writer(path, now=now)
    states = [state for state in writer.load().states if not state.target.is_pbx]
    cuts = Cuts.of(HistoryConfig(transitions=scale.days / 2 * DAY, daily=scale.days / 2 * DAY), now)
    alone, commits, batches = list[float](), list[float](), list[float]()
    changes = _changes(states, now)
    while len(alone) < scale.prunings:
        for _ in range(COMMITS_IN_TURN):
            alone.append(_timed(lambda: writer.commit(next(changes))))
        for _ in range(COMMITS_IN_TURN):
            batches.append(_timed(lambda: writer.prune(cuts)))
            commits.append(_timed(lambda: writer.commit(next(changes))))
    writer.close()
    about = f"commit of {CHANGES_AT_ONCE} changes"
    least = percentile(alone, 0.99)
    yield Figure(f"{about}, p99", least, "ms")
    while_pruned = f"{about} while history is pruned, p99"
    yield Figure(while_pruned, percentile(commits, 0.99), "ms", bare=least, ratio_at_most=2.0)
    yield Figure("a batch of pruning, p50", median(batches), "ms")
    yield Figure("a batch of pruning, p99", percentile(batches, 0.99), "ms", bare=least)


def _changes(states: Sequence[CheckState], now: float) -> Iterator[Changes]:
    random = Random(1)
    for number in count():
        changes = Changes()
        for state in random.sample(states, min(CHANGES_AT_ONCE, len(states))):
            at = now + number
            changes.states[state.target, state.check] = state
            changes.transitions.append(
                Transition(state.target, state.check, Health.UP, Health.DOWN, at, at, "contact reachable")
            )
        yield changes


def _timed(do: Callable[[], object]) -> float:
    begun = time.perf_counter()
    do()
    return (time.perf_counter() - begun) * 1000
