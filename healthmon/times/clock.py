"""healthmon's own clock: the wall clock at start, carried on by the monotonic clock.

A PBX's time stamps are text for people; every time that healthmon compares is read here, once per step.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime

#: The wall clock may drift this far from ours before we call it a jump (seconds).
JUMP_TOLERANCE = 2.0


class Clock:
    """Seconds since the epoch, UTC, that do not jump when somebody sets the wall clock.

    Any thread may call ``now()``. ``catch_up()`` belongs to the engine thread: one assignment moves the anchor
    for everybody.
    """

    def __init__(self, wall: Callable[[], float] = time.time, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._wall = wall
        self._monotonic = monotonic
        self._anchor = wall() - monotonic()

    def now(self) -> float:
        """Return the present time in seconds since the epoch."""
        return self._anchor + self._monotonic()

    def steady(self) -> float:
        """Return seconds that nobody can set, for waits that outlast a jump; they mean nothing by themselves."""
        return self._monotonic()

    def catch_up(self) -> float:
        """Move to the wall clock if that was set, and return by how many seconds (0.0: it was not).

        A difference of up to ``JUMP_TOLERANCE`` is drift, and is left alone.
        """
        by = self._wall() - self.now()
        if abs(by) <= JUMP_TOLERANCE:
            return 0.0
        self._anchor += by
        return by


def rfc3339(at: float | None) -> str | None:
    """Write a time for programs, in UTC: ``2026-05-01T12:02:11.250Z``."""
    if at is None:
        return None
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
