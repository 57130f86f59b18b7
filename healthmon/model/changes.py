"""What one batch changed, and what is needed to go on after a restart."""

from __future__ import annotations

from msgspec import Struct, field

from healthmon.model.incident import Incident, IncidentNumbers, Note
from healthmon.model.notification import Delay, Notification, Release, Told
from healthmon.model.orders import Commands
from healthmon.model.sighting import EndpointSettings, Measurement, Place, PlaceDetails, ProbePlan, Question
from healthmon.model.state import CheckState, PbxState, PlaceChange, Transition, UnknownPeriod
from healthmon.model.target import Target


class ClockJump(Struct, frozen=True):
    """Somebody set the wall clock by so many seconds, and from then on it shows so much more."""

    at: float
    by: float


class Restart(Struct, frozen=True):
    """Asterisk was started anew, as the first snapshot after it shows."""

    pbx: str
    #: When it was started, as far as Asterisk says for how long it has been running; else when it was seen to answer.
    at: float
    #: Asterisk's own word for when it was started, by its own clock.
    startup_time: str


class Changes(Struct):
    """Everything that one batch changed; the store books it whole or not at all. Owned by the engine thread."""

    #: The last state wins, so a storm on one target is one row.
    states: dict[tuple[Target, str], CheckState] = field(default_factory=dict)
    pbx_states: dict[str, PbxState] = field(default_factory=dict)
    #: Targets that are no longer watched: their states go, their history stays.
    forgotten: list[Target] = field(default_factory=list)
    #: Single checks that are no longer watched, of targets that are.
    ended_checks: list[tuple[Target, str]] = field(default_factory=list)
    settings: dict[Target, EndpointSettings] = field(default_factory=dict)
    transitions: list[Transition] = field(default_factory=list)
    #: Keyed by (target, check, since); an ``until`` closes the one that is open.
    unknown_periods: dict[tuple[Target, str, float], UnknownPeriod] = field(default_factory=dict)
    incidents: dict[int, Incident] = field(default_factory=dict)
    notifications: list[Notification] = field(default_factory=list)
    #: incident -> the bigger incident that explains it: its waiting OPENED rows are not sent.
    explained: dict[int, int] = field(default_factory=dict)
    delays: list[Delay] = field(default_factory=list)
    releases: list[Release] = field(default_factory=list)
    clock_jumps: list[ClockJump] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    #: In the order in which they happened.
    places: list[PlaceChange] = field(default_factory=list)
    place_details: list[PlaceDetails] = field(default_factory=list)
    measurements: list[Measurement] = field(default_factory=list)
    restarts: list[Restart] = field(default_factory=list)
    #: An incident can be seen again, and a message may wait for that: whoever sends is to look; not booked.
    is_seen_again: bool = False
    #: For the sources; not booked.
    questions: list[Question] = field(default_factory=list)
    #: What is to be asked by OPTIONS of our own from now on; None: not any more. For the source; not booked.
    probe_plans: dict[Target, ProbePlan | None] = field(default_factory=dict)
    #: Decisions in words, one line each, for the log; not booked.
    log: list[str] = field(default_factory=list)

    def is_to_book(self) -> bool:
        """Whether there is anything for the database."""
        return bool(
            self.states
            or self.pbx_states
            or self.forgotten
            or self.ended_checks
            or self.settings
            or self.transitions
            or self.unknown_periods
            or self.clock_jumps
            or self.places
            or self.place_details
            or self.measurements
            or self.restarts
            or self.is_of_incidents()
        )

    def is_of_incidents(self) -> bool:
        """Whether any incident is changed, or what is told of one."""
        return bool(
            self.incidents or self.notifications or self.explained or self.delays or self.releases or self.notes
        )


class Remembered(Struct, frozen=True):
    """All that the engine needs from the database to go on where it stopped."""

    states: tuple[CheckState, ...] = ()
    pbx_states: tuple[PbxState, ...] = ()
    settings: tuple[EndpointSettings, ...] = ()
    #: Open ones, and closed ones whose telling is not finished.
    incidents: tuple[Incident, ...] = ()
    told: dict[tuple[int, str], Told] = field(default_factory=dict)
    incident_numbers: IncidentNumbers = field(default_factory=IncidentNumbers)
    #: When the last daemon was last known to run; None: never.
    alive_at: float | None = None
    commands: Commands = field(default_factory=Commands)
    #: Where the contacts of each endpoint were seen last.
    places: dict[Target, tuple[Place, ...]] = field(default_factory=dict)
    #: How far the wall clock is ahead of the timeline, on which all these times are (seconds).
    ahead: float = 0.0
    #: Those of the last day, the oldest first.
    restarts: tuple[Restart, ...] = ()

    def endpoints_of(self, pbx: str) -> list[Target]:
        """The endpoints of a PBX that were watched, by their names."""
        return sorted({state.target for state in self.states if state.target.pbx == pbx and state.target.is_endpoint})
