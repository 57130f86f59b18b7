"""Queues by which other threads hand work to a source."""

from __future__ import annotations

from collections.abc import Iterator
from queue import Empty, SimpleQueue
from typing import TypeVar

Item = TypeVar("Item")


def taken_from(queue: SimpleQueue[Item]) -> Iterator[Item]:
    """Take everything that waits."""
    while True:
        try:
            yield queue.get_nowait()
        except Empty:
            return
