"""When which thing must be looked at again: a heap in which a moved deadline costs nothing."""

from __future__ import annotations

import heapq
from collections.abc import Hashable, Iterator
from itertools import count
from typing import Generic, TypeVar

from msgspec import Struct

from healthmon.model import Target, Word

Key = TypeVar("Key", bound=Hashable)


class Due(Word):
    """What is to be done when a time has come."""

    #: What is pending of an endpoint, or of a check of a PBX, may be believed: ask once more.
    ASK = "ask"
    ASK_PBX = "ask about a PBX"
    #: Asterisk is asked to check at once what it has just lost.
    SECOND_CHECK = "second check"
    #: An endpoint's grace is over; it was not listed for too long; what is known of its contacts is too old.
    GRACE_IS_OVER = "its grace is over"
    UNLISTED = "unlisted for too long"
    CONTACTS = "its contacts are old news"
    #: A change may have lasted for long enough to count, or old ones have left the window.
    FLAPPING = "flapping"
    #: Of a PBX: for ten minutes it was not restarted; what vanished from it is taken as meant.
    RESTARTS_ARE_OVER = "its restarts are over"
    ACCEPT = "accept"
    #: So many of a site have been pending for the site's own hold that it may be believed down: ask once more.
    ASK_SITE = "ask about a site"
    #: A group that has fallen, or a URL of a receiver, is looked at.
    GROUP = "group"
    URL = "url"
    #: Somebody may have to be told about an incident again.
    REMIND = "remind"
    #: A silence, maintenance or working hours begin or end.
    ORDERS = "orders"


#: The target of what is due about no target.
NOBODY = Target("")


class Deadline(Struct, frozen=True, gc=False):
    """What falls due, and for whom: a target, one check of a PBX, an incident by its number.

    A struct is made in an eighth of a named tuple's time; this and others like it are made for each event of a storm.
    """

    what: Due
    target: Target = NOBODY
    check: str = ""
    incident: int = 0


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
            # Most of it is stale.
            self._heap = [(due, next(self._serial), waiting) for waiting, due in self._when.items()]
            heapq.heapify(self._heap)

    def clear(self, key: Key) -> None:
        """Do not look at ``key`` any more."""
        self._when.pop(key, None)

    def next(self) -> float | None:
        """Return the earliest deadline, or None."""
        heap = self._heap
        while heap and self._when.get(heap[0][2]) != heap[0][0]:
            heapq.heappop(heap)
        if heap:
            return heap[0][0]
        return None

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
