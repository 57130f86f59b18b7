"""Threads are made and joined here, and nowhere else."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from threading import Thread


def started(work: Callable[[], None], name: str) -> Thread:
    """Start a thread. It does not keep the process alive: the main thread joins it, for a bounded time."""
    thread = Thread(target=work, name=name, daemon=True)
    thread.start()
    return thread


def join(threads: Iterable[Thread], within: float) -> list[str]:
    """Wait for threads to end, all together at most so many seconds; return the names of those that have not."""
    waited_for, deadline = list(threads), time.monotonic() + within
    for thread in waited_for:
        thread.join(max(0.0, deadline - time.monotonic()))
    return [thread.name for thread in waited_for if thread.is_alive()]
