"""When which thing must be looked at again: a heap in which a moved deadline costs nothing."""

from __future__ import annotations

import heapq
from collections.abc import Hashable, Iterator
from itertools import count
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)

#: What falls due, and for whom.
DeadlineKey = tuple[str, object]

#: Below this size a heap with stale entries is not worth tidying.
SMALL = 1024


class Deadlines(Generic[Key]):
    """One deadline for each key, seconds UTC. Owned by the engine thread.

    A moved or cleared deadline leaves its old entry in the heap, to be skipped when it comes up.
    """

    def __init__(self) -> None:
        self._when: dict[Key, float] = {}
        self._heap: list[tuple[float, int, Key]] = []
        # Keys of one moment come out in the order in which they were set; keys need no order of their own.
        self._serial = count()

    def set(self, key: Key, when: float) -> None:
        """Look at ``key`` at ``when``, and no longer at the time that was set before."""
        if self._when.get(key) == when:
            return
        self._when[key] = when
        heapq.heappush(self._heap, (when, next(self._serial), key))
        if len(self._heap) > SMALL + 2 * len(self._when):
            self._tidy()

    def clear(self, key: Key) -> None:
        """Do not look at ``key`` any more."""
        self._when.pop(key, None)

    def next(self) -> float | None:
        """Return the earliest deadline, or None."""
        heap = self._heap
        while heap and self._when.get(heap[0][2]) != heap[0][0]:
            heapq.heappop(heap)
        return heap[0][0] if heap else None

    def within(self, until: float) -> Iterator[Key]:
        """Yield each key whose time comes until then, in no order; nothing must be set or cleared meanwhile."""
        heap, places = self._heap, [0]
        while places:
            place = places.pop()
            if place < len(heap) and heap[place][0] <= until:
                when, _, key = heap[place]
                if self._when.get(key) == when:
                    yield key
                places += (2 * place + 1, 2 * place + 2)

    def due(self, now: float) -> Iterator[Key]:
        """Yield, and forget, each key whose time has come; deadlines set meanwhile for the past come up too."""
        while (when := self.next()) is not None and when <= now:
            key = heapq.heappop(self._heap)[2]
            del self._when[key]
            yield key

    def shift(self, by: float) -> None:
        """Move every deadline by so many seconds: somebody set the clock."""
        self._when = {key: when + by for key, when in self._when.items()}
        self._tidy()

    def _tidy(self) -> None:
        self._heap = [(when, next(self._serial), key) for key, when in self._when.items()]
        heapq.heapify(self._heap)
