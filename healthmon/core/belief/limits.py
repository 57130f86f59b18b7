"""How much may be booked of one PBX: it must not fill the disk, whatever it invents."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from healthmon.core.belief.endpoint import Endpoint
from healthmon.model import Target
from healthmon.times.wall import Wall

#: So many changes of endpoints (what is believed, what cannot be seen) are booked at once: 20,000 that fall and come
#: back seven times. In the long run so many a second: 20,000 that change forty times a day.
CHANGES_AT_ONCE, CHANGES_A_SECOND = 300_000, 10.0
#: The last of them are for what is no device, the providers: thousands of phones do not hide a trunk.
KEPT_FOR_PROVIDERS = 5000
#: The same of places where contacts are: 20,000 phones that move five times at once, and eight times a day.
PLACES_AT_ONCE, PLACES_A_SECOND = 100_000, 2.0
#: The same of what was measured.
MEASUREMENTS_AT_ONCE, MEASUREMENTS_A_SECOND = 100_000, 10.0
#: It is over when nothing was left out for so long (seconds).
CALM_FOR = 30.0


class Allowance:
    """So many rows of one sort: many at once, few in the long run. Owned by the engine thread."""

    __slots__ = ("_a_second", "_at_once", "_left", "_refilled_at", "left_out", "left_out_at")

    def __init__(self, at_once: int, a_second: float, now: float) -> None:
        self._at_once = at_once
        self._a_second = a_second
        self._left = float(at_once)
        self._refilled_at = now
        #: How many were left out, and when the last one was; 0.0: none was.
        self.left_out = 0
        self.left_out_at = 0.0

    def has_room(self, now: float, kept: int = 0) -> bool:
        """Whether more may be booked, and so many stay for others."""
        if self._left <= kept:
            self._refill(now)
        return self._left > kept

    def spend(self, number: int, now: float) -> None:
        """So many were booked."""
        self._refill(now)
        self._left -= number

    def leave_out(self, number: int, now: float) -> None:
        """So many were not booked for want of room."""
        self.left_out += number
        self.left_out_at = now

    def _refill(self, now: float) -> None:
        refilled = max(0.0, now - self._refilled_at) * self._a_second
        self._left, self._refilled_at = min(self._at_once, self._left + refilled), now


class Limits:
    """What may be booked of one PBX, and what was left out. Owned by the engine thread."""

    def __init__(self, now: float, wall: Wall) -> None:
        self._wall = wall
        self.changes = Allowance(CHANGES_AT_ONCE, CHANGES_A_SECOND, now)
        self.places = Allowance(PLACES_AT_ONCE, PLACES_A_SECOND, now)
        self.measurements = Allowance(MEASUREMENTS_AT_ONCE, MEASUREMENTS_A_SECOND, now)
        #: Endpoints of which something was heard that could not be booked, the oldest first.
        self.put_off: dict[Target, Endpoint] = {}
        #: Since when something is left out; 0.0: nothing is.
        self._since = 0.0

    @property
    def _all(self) -> tuple[Allowance, ...]:
        return self.changes, self.places, self.measurements

    def may_change(self, endpoint: Endpoint, now: float) -> bool:
        """Whether a change of this endpoint may be booked now; else it waits until there is room."""
        if self.has_room_for(endpoint, now):
            return True
        self.changes.leave_out(endpoint.target not in self.put_off, now)
        self.put_off[endpoint.target] = endpoint
        # The next word is looked at, also if it is the same once more.
        endpoint.calm = None
        return False

    def take_up(self, now: float) -> Iterator[Endpoint]:
        """Give, one by one, the endpoints that waited for room, as long as there is some."""
        for target, endpoint in list(self.put_off.items()):
            if self.has_room_for(endpoint, now):
                del self.put_off[target]
                yield endpoint

    def has_room_for(self, endpoint: Endpoint, now: float) -> bool:
        """Whether a change of this endpoint may be booked now."""
        if endpoint.kind.is_device:
            return self.changes.has_room(now, KEPT_FOR_PROVIDERS)
        return self.changes.has_room(now, 0)

    def may_welcome(self, now: float) -> bool:
        """Whether it may be booked that one more endpoint is watched."""
        if self.changes.has_room(now, KEPT_FOR_PROVIDERS):
            return True
        self.changes.leave_out(1, now)
        return False

    def take_measurement(self, now: float) -> bool:
        """Whether one more measured value may be booked; it is counted."""
        if self.measurements.has_room(now):
            self.measurements.spend(1, now)
            return True
        self.measurements.leave_out(1, now)
        return False

    def review(self, now: float) -> str:
        """Begin to tell that something is left out, or end it; return what is worth a line in the log, or ""."""
        left_out_at = max(allowance.left_out_at for allowance in self._all)
        if not left_out_at:
            return ""
        if not self._since:
            self._since = left_out_at
            return self.in_words()
        if now - left_out_at < CALM_FOR:
            return ""
        words = f"everything is booked again; {self.in_words()}"
        self._since = 0.0
        for allowance in self._all:
            allowance.left_out, allowance.left_out_at = 0, 0.0
        return words

    def in_words(self) -> str:
        """What is left out, for people; "": nothing is."""
        if not self._since:
            return ""
        sorts = (
            (self.changes.left_out, "changes of endpoints were put off"),
            (self.places.left_out, "places of contacts were left out"),
            (self.measurements.left_out, "round trips were left out"),
        )
        since = datetime.fromtimestamp(self._wall.shown(self._since), UTC)
        counts = ", ".join(f"{number:,} {what}" for number, what in sorts if number)
        return f"more changes than are booked: {counts} since {since:%H:%M:%S} UTC"
