"""Whether a channel that could not be reached has come back: a bare TCP connection is opened, and nothing is sent.

The pauses between attempts grow, and rightly so where a channel answers that it does not want a message. Where nobody
answers at all, a look costs nobody anything, and what waits is sent as soon as somebody does.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from healthmon.errors import NoConnection
from healthmon.wire.connecting import connect

#: So long after a look, and after the failure, comes the next one (seconds).
LOOK_EVERY = 2.0
#: … at most, where it opens each time and cannot be reached all the same.
LOOK_SELDOM = 60.0
#: How long a connection may take, with the lookup of the name (seconds).
PATIENCE = 2.0

NEVER = float("inf")


def opens(where: NoConnection) -> bool:
    """Open a connection, and close it at once; return whether that could be done."""
    with suppress(OSError, UnicodeError), connect(where.host, where.port, PATIENCE):
        return True
    return False


class Lookout:
    """Looks out for one channel. Owned by its deliverer's thread.

    All times are of a clock that nobody can set (``Clock.steady``).
    """

    def __init__(self, can_open: Callable[[NoConnection], bool] = opens) -> None:
        self._can_open = can_open
        self._where: NoConnection | None = None
        self._look_at = NEVER
        self._deceptions = 0

    @property
    def is_gone(self) -> bool:
        """Whether nobody could be reached at the last attempt."""
        return self._where is not None

    def attempt_failed(self, where: NoConnection | None, now: float) -> None:
        """Note where nobody could be reached; None: somebody was reached, so there is nothing to look out for."""
        self._where = where
        if where is None:
            self._deceptions = 0
        self._look_at = NEVER
        if where is not None and where.host:
            self._look_at = now + min(LOOK_EVERY * 2.0 ** min(self._deceptions, 10), LOOK_SELDOM)

    def attempt_succeeded(self) -> None:
        """There is nothing to look out for."""
        self._where, self._look_at, self._deceptions = None, NEVER, 0

    def wait(self, now: float) -> float:
        """Return in how many seconds to look."""
        return max(self._look_at - now, 0.0)

    def others_returned(self, now: float) -> None:
        """Another channel that could not be reached was reached: perhaps this one can be, too."""
        if self.is_gone:
            self._look_at = now

    def sees_it_return(self, now: float) -> bool:
        """Look, if it is time to; where there is no place to look at, only an attempt can show it."""
        if self._where is None or now < self._look_at:
            return False
        if self._where.host and not self._can_open(self._where):
            self._look_at = now + LOOK_EVERY
            return False
        # What comes of the attempt says when to look again.
        self._look_at = NEVER
        self._deceptions += 1
        return True
