"""When a URL is tried again: decisions without clock or thread. Pure but for the given random numbers."""

from __future__ import annotations

from collections.abc import Callable

#: The first wait after a failure, doubled by each further one (seconds).
FIRST_WAIT = 5.0
#: When nobody knows whether the last message arrived, the next may be its double: rarer, and ``longest_wait`` makes
#: that no quicker (seconds).
FIRST_WAIT_IN_DOUBT = 60.0
LONGEST_WAIT = 600.0
#: Waits vary by so much, so that many daemons do not return to a server at one moment.
JITTER = 0.25
#: A new outage of a PBX or provider may bring an attempt forward so often (seconds).
FORWARD_EVERY = 30.0


class Backoff:
    """When the next attempt at one URL may be made. Owned by its deliverer's thread.

    All times are of a clock that nobody can set (``Clock.steady``).
    """

    def __init__(
        self, min_interval: float, jitter: Callable[[float, float], float], longest_wait: float = LONGEST_WAIT
    ) -> None:
        self._min_interval = min_interval
        self._jitter = jitter
        self._longest_wait = longest_wait
        self._not_before = float("-inf")
        self._forwarded_at = float("-inf")
        #: The channel asked to be left alone until then; not even a new outage is urgent enough.
        self._left_alone_until = float("-inf")
        #: Attempts in a row that did not succeed.
        self.failures = 0
        #: How often the wait has doubled.
        self._doublings = 0
        #: When the last of them was made; outages booked since are news.
        self.failed_at: float | None = None

    def next_attempt(self, due_at: float, *, is_urgent: bool, now: float) -> float:
        """Return when to try again, given when something falls due; ``is_urgent``: a new outage waits."""
        earliest = self._not_before
        if is_urgent:
            earliest = min(earliest, max(now, self._forwarded_at + FORWARD_EVERY))
        return max(due_at, earliest, self._left_alone_until)

    def begin(self, now: float) -> None:
        """Note that an attempt is made now."""
        if now < self._not_before:
            self._forwarded_at = now

    def succeeded(self, now: float) -> None:
        """Go on at once, but for the channel's own pace."""
        self.failures = self._doublings = 0
        self.failed_at = None
        self._not_before = now + self._min_interval

    def returned(self, now: float) -> None:
        """It can be reached again after it could not be: try at once, and if that fails wait as after a first time."""
        self._doublings = 0
        self._not_before = min(self._not_before, now)

    def failed(self, now: float, *, in_doubt: bool = False, retry_after: float | None = None) -> None:
        """Wait longer each time; ``retry_after``: at least so long (seconds), as far as that is reasonable."""
        self.failures += 1
        self.failed_at = now
        first = FIRST_WAIT
        if in_doubt:
            first = FIRST_WAIT_IN_DOUBT
        longest = self._longest_wait
        if in_doubt:
            longest = max(self._longest_wait, LONGEST_WAIT)
        wait = min(first * 2.0 ** min(self._doublings, 20), longest)
        self._doublings += 1
        self._not_before = now + wait * self._jitter(1 - JITTER, 1 + JITTER)
        if retry_after is not None:
            self._left_alone_until = now + min(retry_after, LONGEST_WAIT)

    def partly_failed(self, now: float, failures: int, *, retry_after: float | None = None) -> None:
        """Some of it was accepted, so the channel works: count on from ``failures``."""
        self.failures = self._doublings = failures - 1
        self.failed(now, retry_after=retry_after)
