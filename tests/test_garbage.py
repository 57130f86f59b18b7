"""Large pieces of memory are given back; the garbage collector leaves alone what stays, and rests while it is made."""

import gc
import subprocess
import sys
from collections.abc import Iterator

import pytest

from healthmon.app import garbage


@pytest.fixture(autouse=True)
def collector_as_before() -> Iterator[None]:
    before = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*before)
    gc.enable()


def test_the_collector_rests_until_everything_was_looked_at_and_then_leaves_out_what_is_known() -> None:
    garbage.hold()
    assert not gc.isenabled()

    garbage.leave_out_what_is_known()

    assert gc.isenabled()
    assert gc.get_freeze_count() > 1000


def test_cycles_that_are_made_later_are_still_freed() -> None:
    garbage.hold()
    garbage.leave_out_what_is_known()
    cycle: list[object] = []
    cycle.append(cycle)
    del cycle

    assert gc.collect() > 0


#: Four threads, each of which reads large answers as they come and gives up; then how much more is held (MB).
READS_LARGE_ANSWERS = """
from threading import Thread
from pathlib import Path
from healthmon.app import garbage

def held():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:")) // 1024

def read():
    for _ in range(3):
        body = bytearray()
        while len(body) < 30_000_000:
            body += b" " * 65536
        whole = bytes(body)

garbage.give_back_large_pieces()
before = held()
threads = [Thread(target=read) for _ in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(held() - before)
"""


def test_large_answers_that_are_given_up_leave_no_memory_behind() -> None:
    done = subprocess.run(
        [sys.executable, "-c", READS_LARGE_ANSWERS], capture_output=True, text=True, check=True, timeout=60
    )
    assert int(done.stdout) <= 8
