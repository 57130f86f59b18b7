"""Whether a PBX sends more events than can be taken in, and how many."""

from __future__ import annotations

from datetime import UTC, datetime

#: The first words about a flood come so long after it began: then there is something to count (seconds).
FIRST_WORDS_AFTER = 1.0
#: While it lasts, it is told anew so often (seconds).
SAY_EVERY = 10.0
#: It is over when nothing was dropped for so long (seconds).
CALM_FOR = 10.0


class Flood:
    """Counts the events of one PBX that had to be dropped. Owned by the thread that reads them.

    ``steady`` is a clock that nobody sets, ``events`` the number of all events that came so far.
    """

    def __init__(self) -> None:
        #: Whether there is one.
        self.is_on = False
        self._since = 0.0
        self._dropped = 0
        self._dropped_at = 0.0
        self._said_at = 0.0
        self._say_at = 0.0
        self._said_events = 0

    def drop(self, at: float, steady: float, events: int) -> None:
        """An event had to be dropped, at ``at`` (seconds UTC)."""
        if not self.is_on:
            self.is_on, self._since, self._dropped = True, at, 0
            self._said_at, self._said_events = steady, events
            self._say_at = steady + FIRST_WORDS_AFTER
        self._dropped += 1
        self._dropped_at = steady

    def news(self, steady: float, events: int) -> str | None:
        """What is to be told of the flood now; "": it is over; None: nothing new."""
        if steady - self._dropped_at >= CALM_FOR:
            self.is_on = False
            return ""
        if steady < self._say_at:
            return None
        rate = (events - self._said_events) / (steady - self._said_at)
        self._said_at, self._said_events, self._say_at = steady, events, steady + SAY_EVERY
        since = datetime.fromtimestamp(self._since, UTC)
        return (
            f"more events than can be taken in: {rate:,.0f} a second, "
            f"{self._dropped:,} were dropped since {since:%H:%M:%S} UTC"
        )
