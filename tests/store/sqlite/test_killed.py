"""kill -9 in the middle of commits: after it every batch is whole or absent."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path
from random import Random

import pytest

from tests.store.scene import START, Store

#: Books batches of 30 transitions, 10 incidents and 10 notifications each, and prints how many are booked.
PROGRAM = """
import sys
from pathlib import Path
from healthmon.model import Health
from tests.store.scene import *
first = int(sys.argv[2])
store = Store(Path(sys.argv[1]), now=START + 50_000)
phones = [PHONE._replace(resource=str(each)) for each in range(30)]
for number in range(first, 10**6):
    ids = range(number * 10 + 1, number * 10 + 11)
    store.book(
        states=by_key(*(state(each, since=START + number) for each in phones)),
        transitions=[transition(START + number, Health.UP, target=each) for each in phones],
        incidents={each: incident(each) for each in ids},
        notifications=[notification(number=each) for each in ids],
    )
    print(number, flush=True)
    if number % 50 == 0:
        store.writer.alive(START + number, [])
        store.outbox.claim(BOSS, START + 1000, limit=20)
"""


@pytest.mark.parametrize("seed", range(4))
def test_bookkeeping_01_after_kill_9_each_batch_is_whole_or_absent(folder: Path, seed: int) -> None:
    chance, path, said = Random(seed), folder / "healthmon.db", 0

    for _ in range(2):
        said = _write_and_die(path, said + 1, chance.randint(1, 120), chance.random() * 0.004)
        batches = _batches(path)
        assert len(batches) >= said, "what was said to be booked is booked"
        assert set(batches.values()) == {30}
        said = len(batches)


def _write_and_die(path: Path, first: int, batches: int, later: float) -> int:
    """Let a daemon book so many batches, and kill it so many seconds later. Return the last one it said it booked."""
    arguments = [sys.executable, "-c", PROGRAM, str(path), str(first)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as daemon:
        assert daemon.stdout is not None
        for _ in range(batches):
            last = daemon.stdout.readline()
            assert last, "the daemon failed"
        try:
            daemon.wait(later)
        except subprocess.TimeoutExpired:
            daemon.kill()
        rest = daemon.stdout.read().split()
    return int(rest[-1] if rest and rest[-1].isdigit() else last)


def _batches(path: Path) -> Counter[float]:
    """Reopen, and count the transitions of each batch; everything else must agree with them."""
    store = Store(path, now=START + 50_000)
    remembered = store.writer.load()
    with store.reading() as reader:
        batches = Counter(each.at for history in reader.history(START, START + 10**6) for each in history.transitions)
    store.stop()
    newest = max(batches)
    assert {each.since for each in remembered.states} == {newest}
    assert len(remembered.incidents) == len(remembered.told) == 10 * len(batches)
    return batches
