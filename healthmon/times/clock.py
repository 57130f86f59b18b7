"""healthmon's own clock: two times, and the one place at which they meet.

*The timeline* is what healthmon counts in: sightings, beliefs, deadlines and the database stand on it. It runs on
evenly, also while the machine sleeps, and nobody can set it. *The wall clock* is for people: orders, working hours,
reports, whatever is written and shown. A PBX's time stamps are text for people, too.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime

#: The wall clock may drift this far from ours before we call it a jump (seconds).
JUMP_TOLERANCE = 2.0

#: By how much the wall clock is ahead of the timeline is a multiple of this (seconds, about a microsecond). Times of
#: this century are multiples of a quarter of it, so that adding and subtracting is exact.
GRAIN = 2.0**-20


#: Where the system has no clock that goes on while the machine sleeps, that time is a step of the wall clock.
_RUNNING: int = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def running() -> float:
    """Seconds since the machine was started, those included in which it slept."""
    return time.clock_gettime(_RUNNING)


class Clock:
    """Both times, in seconds since the epoch, UTC. Any thread may read them; ``follow()`` is the engine thread's.

    ``ahead``: how far the wall clock is ahead of the timeline at the beginning.
    """

    def __init__(
        self,
        wall: Callable[[], float] = time.time,
        running: Callable[[], float] = running,
        *,
        ahead: float = 0.0,
    ) -> None:
        self._wall = wall
        self._running = running
        self._anchor = wall() - running() - ahead
        #: How far the wall clock is ahead of the timeline. One assignment moves it for everybody.
        self.ahead = ahead

    def now(self) -> float:
        """Return the present time on the timeline."""
        return self._anchor + self._running()

    def wall(self) -> float:
        """Return what the clock on the wall shows; that it was set shows once it is booked."""
        return self.now() + self.ahead

    def steady(self) -> float:
        """Return seconds for waits; they mean nothing by themselves."""
        return self._running()

    def was_set_by(self) -> float:
        """Look whether somebody set the wall clock, and return by how many seconds (0.0: nobody did).

        A difference of up to ``JUMP_TOLERANCE`` is drift, and is left alone.
        """
        by = self._wall() - self.wall()
        if abs(by) <= JUMP_TOLERANCE:
            return 0.0
        return on_grain(by)

    def follow(self, by: float) -> None:
        """Show what the wall clock shows that was set by so many seconds, once the database does so, too."""
        self.ahead += by


def on_grain(seconds: float) -> float:
    """Round what a clock was set by, so that adding it to a time and subtracting it again is exact."""
    return round(seconds / GRAIN) * GRAIN


def rfc3339(at: float | None) -> str | None:
    """Write a time for programs, in UTC, if there is one: ``2026-05-01T12:02:11.250Z``."""
    if at is None:
        return None
    return written(at)


def written(at: float) -> str:
    """Write a time for programs, in UTC: ``2026-05-01T12:02:11.250Z``."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def of_written(text: str) -> float:
    """Return the time that was written for programs."""
    return datetime.fromisoformat(text).timestamp()
