"""The rule of all fuzzers: a typed error or a right result, within the deadline, within 64 MB more than at rest.

Each case has dice of its own, made of the seed and its number. ``HEALTHMON_SEED=… HEALTHMON_CASE=… pytest …`` plays
the one that went wrong.
"""

from __future__ import annotations

import gc
import logging
import os
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path

from healthmon.app import garbage

CASES_IN_CI = 2_000
CASES_IN_SOAK = 100_000
#: A peer that answers at once and hangs up keeps nobody waiting (seconds); how busy the machine is says nothing of us.
DEADLINE = 30.0
#: Nor does it keep our processor busy (seconds of it).
MOST_WORK = 1.0
#: So much more than at rest may be in memory at any time.
MOST_MB = 64.0
#: Cases that are played first: what is imported, or kept once and for all, is not counted.
WARM_UP = 20
#: The peer may still be closing its own.
SOCKETS_OF_THE_LAST_CASE = 2
_MB = 1024 * 1024

#: One case: it makes an attack of its dice, and checks what comes of it.
Case = Callable[[random.Random], None]


def attack(case: Case, cases: int) -> None:
    """Play so many cases, and check the rule for all of them."""
    seed = int(os.environ.get("HEALTHMON_SEED") or random.SystemRandom().randrange(2**32))
    print(f"seed {seed}")
    if only := os.environ.get("HEALTHMON_CASE"):
        _play(case, seed, int(only))
        return
    for number in range(WARM_UP):
        _play(case, seed, -1 - number)
    # urllib3 logs a traceback of odd headers: what catches that line would keep all that stands in it, sockets too.
    logging.disable()
    garbage.give_back_large_pieces()
    try:
        _attack(case, seed, cases)
    finally:
        logging.disable(logging.NOTSET)


def _attack(case: Case, seed: int, cases: int) -> None:
    gc.collect()
    files, at_rest, began = _open_files(), _resident_mb("VmRSS"), time.monotonic()
    _forget_peak()
    for number in range(cases):
        _play(case, seed, number)
    more_mb = _resident_mb("VmHWM") - at_rest
    print(f"{cases} cases in {time.monotonic() - began:.0f} s, at most {more_mb:.1f} MB more than at rest")
    assert more_mb < MOST_MB
    gc.collect()
    left = _open_files() - files
    assert len(left) <= SOCKETS_OF_THE_LAST_CASE, f"left open: {sorted(left)}"


def _dice(seed: int, number: int) -> random.Random:
    return random.Random(f"{seed}/{number}")


def _play(case: Case, seed: int, number: int) -> None:
    """Play one case, and see how long it takes."""
    began, worked = time.monotonic(), time.thread_time()
    try:
        case(_dice(seed, number))
        assert time.monotonic() - began < DEADLINE
        assert time.thread_time() - worked < MOST_WORK
    except BaseException:
        print(f"HEALTHMON_SEED={seed} HEALTHMON_CASE={number}", file=sys.stderr)
        raise


def _resident_mb(name: str) -> float:
    """``VmRSS``: in memory now, ``VmHWM``: the most that ever was, since the peak was forgotten."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024 / _MB
    raise AssertionError(f"no {name}")


def _forget_peak() -> None:
    # proc(5): 5 resets VmHWM.
    Path("/proc/self/clear_refs").write_text("5")


def _open_files() -> set[str]:
    """What is open: ``3 socket:[4711]``."""
    return {f"{path.name} {path.readlink()}" for path in Path("/proc/self/fd").iterdir() if path.is_symlink()}
