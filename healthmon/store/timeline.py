"""The database's own time, which does not jump when somebody sets the wall clock.

Every time in the database stands on one timeline that runs on evenly: ``stored = shown - shift``. A clock jump
changes nothing but the shift, so that after it every booked time (history, what is open, what is due) reads
``by`` seconds later at once, and the order by time stays the order of booking.
"""

from __future__ import annotations

from msgspec import Struct

#: The shift is a multiple of this (seconds, about a microsecond). Times of this century are multiples of a quarter
#: of it, so that adding and subtracting the shift is exact, and a time is read back as it was written.
GRAIN = 2.0**-20


class Timeline(Struct, frozen=True):
    """Translates between healthmon's clock and the database. 0.0 and None mean "no time" and stay what they are."""

    shift: float = 0.0

    def moved(self, by: float) -> Timeline:
        """Return the timeline after the wall clock was set by so many seconds."""
        return Timeline(self.shift + round(by / GRAIN) * GRAIN)

    def stored(self, time: float) -> float:
        """Return the number that the database holds for a time."""
        return time - self.shift if time else time

    def shown(self, stored: float) -> float:
        """Return the time that a number in the database means on the clock as it is now."""
        return stored + self.shift if stored else stored

    def stored_or_none(self, time: float | None) -> float | None:
        """Like ``stored``, for a time that may be missing."""
        return time - self.shift if time else time

    def shown_or_none(self, stored: float | None) -> float | None:
        """Like ``shown``, for a time that may be missing."""
        return stored + self.shift if stored else stored
