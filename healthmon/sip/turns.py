"""Whose turn it is to be asked: to one address one new request each second at most, and questions go first. Pure."""

from __future__ import annotations

from collections import deque
from heapq import heappop, heappush
from typing import NamedTuple

from healthmon.sip.asked import Asked, AskedAddress
from healthmon.sip.destinations import Transport

#: A new transaction to one address begins so long after the last one at the earliest (seconds).
APART = 1.0
#: … and to any: a thousand servers are not asked in one moment, for the answers come in one, too (seconds).
ALL_APART = 0.002


class Turn(NamedTuple):
    """One address of a server that waits to be asked."""

    asked: Asked
    place: AskedAddress

    @property
    def is_over(self) -> bool:
        """Whether it is not to be asked any more, or has been asked already."""
        return self.asked.is_left or not self.place.is_waiting or self.place.transaction is not None


class AddressQueue:
    """Who waits to be asked at one address: there may be several, by other names or through one proxy."""

    __slots__ = ("questions", "rounds")

    def __init__(self) -> None:
        #: Somebody waits for these answers: a loss is believed, or not.
        self.questions: deque[Turn] = deque()
        #: These are only due.
        self.rounds: deque[Turn] = deque()

    def first(self) -> Turn | None:
        """Say whose turn it is, and leave it there; None: nobody waits."""
        for queue in (self.questions, self.rounds):
            while queue and queue[0].is_over:
                queue.popleft()
            if queue:
                return queue[0]
        return None


class Turns:
    """All that wait to be asked. Owned by its prober's thread. Times are of a steady clock, seconds."""

    def __init__(self) -> None:
        self._queues: dict[str, AddressQueue] = {}
        #: When an address may be asked again: each that has a queue is here once.
        self._free_at: list[tuple[float, str]] = []
        self._last_taken = float("-inf")

    def add(self, turn: Turn, now: float, *, is_question: bool) -> None:
        """Have it wait. What waits already may be added as a question: then it goes first."""
        address = turn.place.remote.address
        if address not in self._queues:
            self._queues[address] = AddressQueue()
            heappush(self._free_at, (now, address))
        queue = self._queues[address]
        if is_question:
            queue.questions.append(turn)
        else:
            queue.rounds.append(turn)

    def next_at(self) -> float:
        """When it is somebody's turn at the earliest; inf: nobody waits."""
        if not self._free_at:
            return float("inf")
        return max(self._free_at[0][0], self._last_taken + ALL_APART)

    def take(self, now: float, *, has_room: bool) -> Turn | None:
        """Return who is to be asked now; None: it is nobody's turn. ``has_room``: for one more connection."""
        while self.next_at() <= now:
            _, address = heappop(self._free_at)
            turn = self._queues[address].first()
            if turn is None:
                del self._queues[address]
                continue
            heappush(self._free_at, (now + APART, address))
            if has_room or turn.place.remote.transport is Transport.UDP:
                self._last_taken = now
                # It is over as soon as it is asked, and leaves its queue then.
                return turn
        return None
