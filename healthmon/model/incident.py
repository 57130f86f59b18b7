"""Incidents, and the lines of their story."""

from __future__ import annotations

from msgspec import Struct

from healthmon.model.sighting import Loss
from healthmon.model.target import PARTIAL_CHECKS, Check, Health, Kind, Severity, Target, Word


class Ending(Word):
    """How an incident ended. Only RECOVERED is told as RESOLVED; the others are one line in the next digest."""

    RECOVERED = "recovered"
    STABLE = "stable"
    REMOVED = "removed from the configuration"
    NOT_WATCHED = "no longer watched"
    PBX_GONE = "its PBX is no longer configured"
    NOT_QUALIFIED = "qualify was switched off"
    MOMENT = "it lasted but a moment"
    NO_ADDRESS = "Asterisk has no address to check"
    ACCEPTED = "taken as the new configuration"
    URL_GONE = "its URL is no longer configured"
    NOT_ASKED = "no longer asked by our own OPTIONS"
    OWNED = "it belongs to an endpoint now"
    NO_MANAGER = "the manager interface is no longer asked"
    NOT_THE_LINE = "a public site is reachable: it was not the line"
    ANSWERED_OUTSIDE = "an answer came from outside: it was not the line"


#: What showed that the line to the world was not cut.
WAS_NOT_THE_LINE = (Ending.NOT_THE_LINE, Ending.ANSWERED_OUTSIDE)


#: What comes back so many seconds after that which explained it came back with it.
SETTLES_S = 60.0


class Incident(Struct, frozen=True):
    """One outage of one thing: opened, later closed."""

    id: int
    target: Target
    check: str
    kind: Kind
    watch: str
    health: Health
    #: When it was first seen so.
    opened_at: float
    believed_at: float
    cause: str
    #: Things that went down for one cause and are told together: "found down at first look", ….
    cohort: str = ""
    explained_by: int | None = None
    #: The number of the present flapping episode; 0: not flapping. ``flap_episodes`` counts all.
    flapping: int = 0
    flap_episodes: int = 0
    closed_at: float | None = None
    ending: Ending | None = None
    #: How it was at the end, for the reader: "registered from 10.0.0.7:5060".
    closed_words: str = ""
    #: Why nobody is told at present: "silence 12", "maintenance backup"; "" = nothing stands in the way. Once the
    #: incident is closed: how it stood at that moment.
    muted_by: str = ""
    #: When somebody took note of it (no reminders since then), who, and what they said.
    acked_at: float | None = None
    acked_by: str = ""
    ack_reason: str = ""
    severity: Severity = Severity.CRITICAL
    #: The site of a device by the contact whose loss made it down, or the site itself; "": none is known.
    site: str = ""
    #: Of a group: the watch sections of all that it explains; each one's receivers are told.
    watches: tuple[str, ...] = ()
    #: Of a group: so many are down at present, of so many that were up when it began (0: not fully known); once it is
    #: closed: so many were down at most. Of a network without providers these are sites.
    down: int = 0
    of: int = 0
    #: Of a group: how many were believed down at most.
    peak: int = 0
    #: Of a PBX: whether it was believed down at any time of it, however it is now.
    was_down: bool = False
    #: When it was first seen down, if until then it was flapping, degraded or not seen; or degraded, if until then it
    #: was down with what explained it; None: when the incident began.
    fell_at: float | None = None
    #: How much of it nobody saw (seconds), where it was read for people; the core leaves it at 0.
    unseen_s: float = 0.0
    #: By how much the wall clock was set forward meanwhile (seconds), where it was read for people: its times are so
    #: much further apart than it lasted.
    left_out_s: float = 0.0
    #: Since when it is degraded and no longer down, where it was read to be told; the core leaves it out.
    degraded_since: float | None = None

    @property
    def is_open(self) -> bool:
        """Whether it lasts."""
        return self.closed_at is None

    @property
    def since(self) -> float:
        """When the outage began that people are told of, as the history has it."""
        if self.degraded_since is not None:
            return self.degraded_since
        return self.outage_since

    @property
    def outage_since(self) -> float:
        """The same, also of what is only degraded by now."""
        if self.fell_at is None:
            return self.opened_at
        return self.fell_at

    def lasted(self, until: float) -> float:
        """How long it lasted, or has lasted until then (seconds)."""
        return (self.closed_at or until) - self.since - self.left_out_s

    @property
    def is_logged_out(self) -> bool:
        """Whether a phone took back its registration, and was not lost."""
        return self.cause.startswith(Loss.LOGGED_OUT)

    @property
    def is_partial(self) -> bool:
        """Whether the thing works in part; a PBX that answers is not down, however few endpoints it lists."""
        return self.health is Health.DEGRADED or self.check in PARTIAL_CHECKS

    @property
    def state(self) -> Health:
        """How the thing is, as it is told: a PBX that lists few endpoints is degraded."""
        if self.is_partial:
            return Health.DEGRADED
        return self.health

    @property
    def is_unseen(self) -> bool:
        """Whether only we cannot see the thing, which may be well (rule 13a); it is no outage."""
        return self.health is Health.UNKNOWN

    @property
    def is_of_reachability(self) -> bool:
        """Whether this is about whether the thing can be reached, and no other check of it."""
        return self.check == Check.REACHABILITY

    @property
    def was_explained(self) -> bool:
        """Whether this is about a later check of an endpoint, and was explained: by an earlier one, as a rule."""
        return self.explained_by is not None and self.target.is_endpoint and not self.is_of_reachability

    def outlives(self, bigger: Incident) -> bool:
        """Whether it goes on, or went on, though what explained it is over: then it stands for itself."""
        if bigger.closed_at is None:
            return False
        return self.closed_at is None or self.closed_at > bigger.closed_at + SETTLES_S

    @property
    def name(self) -> str:
        """Say ``phone PJSIP/101 on office``, ``site 203.0.113.7 on office``, ``receiver oncall/boss``."""
        if self.target.is_endpoint:
            return f"{self.kind} {self.target}"
        return str(self.target)

    @property
    def extent(self) -> str:
        """Of a group say ``37 of 40 unreachable``, once it is over: at most; "" of anything else."""
        if not self.kind.is_group:
            return ""
        return f"{self.share} unreachable"

    @property
    def share(self) -> str:
        """Of a group say ``37 of 40``, ``5``, ``200 of 200 sites``."""
        if not self.of:
            return f"{self.down}"
        return f"{self.down} of {self.of}{' sites' if self.kind is Kind.NETWORK else ''}"


class Note(Struct, frozen=True):
    """One line of an incident's story: a decision that left no message, such as why nobody was told."""

    incident_id: int
    at: float
    words: str


class IncidentNumbers(Struct):
    """The numbers of new incidents: the store says from which on, and keeps the last. Owned by the engine thread."""

    following: int = 1

    def __iter__(self) -> IncidentNumbers:
        """Go on from here."""
        return self

    def __next__(self) -> int:
        """Return a number that no incident has or had."""
        self.following += 1
        return self.following - 1
