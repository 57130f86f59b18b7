"""Simulated time: what happens when, and things that act and wait in turns."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Generator
from itertools import count

#: How long something waits until it acts again, seconds; unless it is woken.
Life = Generator[float, None, None]


class Agenda:
    """What is going to happen, in order. Time jumps from one thing to the next."""

    def __init__(self, now: float) -> None:
        self.now = now
        self._entries: list[tuple[float, int, Callable[[], None]]] = []
        # Of things at one moment the first one entered comes first.
        self._serial = count()

    def clock(self) -> float:
        """Return the time, as a clock does."""
        return self.now

    def at(self, when: float, action: Callable[[], None]) -> None:
        """Have something done at a moment, or now if that is past."""
        heapq.heappush(self._entries, (max(when, self.now), next(self._serial), action))

    def after(self, seconds: float, action: Callable[[], None]) -> None:
        """Have something done in so many seconds."""
        self.at(self.now + seconds, action)

    def run_until(self, end: float) -> None:
        """Let everything happen up to a moment. May be called by what happens: then that takes so long."""
        while self._entries and self._entries[0][0] <= end:
            when, _, action = heapq.heappop(self._entries)
            self.now = max(self.now, when)
            action()
        self.now = max(self.now, end)


class Process:
    """Something that acts and waits in turns, as a thread does."""

    def __init__(self, agenda: Agenda, life: Life) -> None:
        self._agenda = agenda
        self._life = life
        self._turn = 0
        self._is_acting = False
        self._was_woken = False
        self._act_after(0.0)

    def wake(self) -> None:
        """Have it act now, rather than when its wait is over."""
        if self._is_acting:
            self._was_woken = True
        else:
            self._act_after(0.0)

    def end(self) -> None:
        """It never acts again."""
        self._turn = -1

    def _act_after(self, seconds: float) -> None:
        if self._turn < 0:
            return
        self._turn += 1
        turn = self._turn
        self._agenda.after(seconds, lambda: self._act(turn))

    def _act(self, turn: int) -> None:
        if turn != self._turn:
            # It was woken before, or has ended.
            return
        self._is_acting, self._was_woken = True, False
        wait = next(self._life, None)
        self._is_acting = False
        if wait is not None:
            self._act_after(0.0 if self._was_woken else wait)
