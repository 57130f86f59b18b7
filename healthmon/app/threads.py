"""Threads are made and joined here, and nowhere else but for the lookup of a name (``wire.names``)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from threading import Event, Thread

from healthmon.errors import NoThread


def started(work: Callable[[], object], name: str) -> Thread:
    """Start a thread. It does not keep the process alive: the main thread joins it, for a bounded time.

    Raises NoThread.
    """
    thread = Thread(target=work, name=name, daemon=True)
    try:
        thread.start()
    except RuntimeError as error:
        raise NoThread from error
    return thread


def refuse_without_room(number: int) -> None:
    """Raise NoThread if so many more threads cannot be started now."""
    waiting, end = [], Event()
    try:
        for _ in range(number):
            waiting.append(started(end.wait, "room"))
    finally:
        end.set()
        join(waiting, 10)


def join(threads: Iterable[Thread], within: float) -> list[str]:
    """Wait for threads to end, all together at most so many seconds; return the names of those that have not."""
    waited_for, deadline = list(threads), time.monotonic() + within
    for thread in waited_for:
        thread.join(max(0.0, deadline - time.monotonic()))
    return [thread.name for thread in waited_for if thread.is_alive()]
