"""Who is told what, and what became of it."""

from __future__ import annotations

from msgspec import Struct

from healthmon.model.target import Word


class Reason(Word):
    """Why a receiver is told something."""

    OPENED = "opened"
    REMINDER = "reminder"
    #: Nobody took note of it in time: somebody else is told.
    ESCALATED = "escalated"
    #: At least twice as many of a group are down as its reader was told.
    WIDENED = "widened"
    #: It was told as degraded, down or not to be seen, and is another of these now.
    CHANGED = "changed"
    #: It has been down for very long: one line a day instead of reminders.
    LONG_GONE = "long gone"
    #: Somebody took note of it: an on-call service is told so.
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"
    FLAPPING = "flapping"
    STABLE = "stable"
    #: Asterisk was started anew: no outage, and nothing follows.
    RESTARTED = "restarted"
    #: Something that is no outage, and over in its moment: an endpoint was put into maintenance mode at Asterisk.
    NOTED = "noted"
    #: An incident that ended without a recovery: rides along with the next message, causes none.
    ENDED = "ended"


class Said(Word):
    """What a message leaves its reader believing about an incident."""

    DOWN = "down"
    #: It works in part.
    DEGRADED = "degraded"
    #: Only we cannot see it.
    UNSEEN = "unseen"
    #: One message told the whole outage, because it was over before it could be sent.
    WAS_DOWN = "was down"
    UP = "up"

    @property
    def is_bad(self) -> bool:
        """Whether its reader believes that it lasts."""
        return self in (Said.DOWN, Said.DEGRADED, Said.UNSEEN)


class Notification(Struct, frozen=True):
    """The booking "tell this URL of this receiver about this incident for this reason".

    Unique over (incident_id, url_id, reason, serial). ``serial``: OPENED and RESOLVED count reopenings (0),
    REMINDER, WIDENED and CHANGED their number, FLAPPING and STABLE the episode, LONG_GONE the day.
    """

    incident_id: int
    url_id: str
    reason: Reason
    serial: int
    booked_at: float
    #: Not to be sent before.
    due_at: float


class Delay(Struct, frozen=True):
    """What waits to be told of an incident that lasts, and would be due after a time, waits longer (seconds UTC)."""

    incident_id: int
    due_after: float
    until: float


class Release(Struct, frozen=True):
    """What waits to be told of an incident waits no longer than until a time (seconds UTC)."""

    incident_id: int
    until: float


class Told(Struct, frozen=True):
    """What one URL has been told, or is about to be told, about one incident (from the outbox)."""

    #: The newest said that was delivered or is in doubt (a row that is being sent is in doubt).
    said: Said | None = None
    said_at: float = 0.0
    #: (reason, serial) of every row ever booked.
    booked: frozenset[tuple[Reason, int]] = frozenset()
    #: Rows that still wait to be sent (due, not explained away).
    waiting: frozenset[tuple[Reason, int]] = frozenset()
    #: When the newest OPENED was booked, or the first FLAPPING where there is none; 0.0: neither was.
    opened_at: float = 0.0
    #: Of a group: how many were down, as it was said; 0: of anything else.
    size: int = 0

    @property
    def is_alarmed(self) -> bool:
        """Whether its reader believes that it lasts."""
        return self.said is not None and self.said.is_bad


#: So many defects of ours in what sends to a URL, within so many seconds, are an incident.
TOO_MANY_DEFECTS, DEFECTS_WITHIN = 3, 600.0


class UrlState(Struct, frozen=True):
    """How delivery to one URL of a receiver stands (from the outbox)."""

    url_id: str
    #: Since when every attempt has failed; None: the last one did not.
    failing_since: float | None = None
    last_error: str = ""
    last_error_at: float | None = None
    last_delivered_at: float | None = None
    #: Since when a message is being sent of which no result is booked; None: none is.
    sending_since: float | None = None
    #: When its deliverer died of a defect of ours: the last times, the newest at the end.
    defects_at: tuple[float, ...] = ()
