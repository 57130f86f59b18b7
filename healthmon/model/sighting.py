"""What sources offer to the inbox, and what the core asks them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from msgspec import Struct, field

from healthmon.errors import Trouble
from healthmon.model.target import Check, Health, Target, Word


class Source(Word):
    """How an observation was made. SNAPSHOT and ANSWER were asked for, so they can confirm (rule 7)."""

    EVENT = "event"
    SNAPSHOT = "snapshot"
    ANSWER = "answer"


class Witness(Word):
    """Which of Asterisk's words an observation rests on."""

    #: PeerStatusChange, or the state in /endpoints.
    ENDPOINT = "endpoint"
    #: ContactStatusChange: speaks of one contact.
    CONTACT = "contact"
    #: DeviceStateChanged or /deviceStates.
    DEVICE = "device state"
    #: Our own look at the thing, past Asterisk: an OPTIONS of ours, a call.
    PROBE = "own probe"
    #: The manager interface.
    MANAGER = "manager"
    #: The manager interface, which was asked to have an endpoint checked at once.
    QUALIFY = "check on demand"


class Loss(Word):
    """How an endpoint lost the last of its contacts, in words for people; Asterisk's own word stands behind them."""

    #: Not lost, or nobody knows how.
    NONE = ""
    NO_ANSWER = "does not answer OPTIONS"
    #: It answered until then, and took back its registration.
    LOGGED_OUT = "logged out"
    #: Of a contact that Asterisk does not check nobody can tell which.
    REGISTRATION_ENDED = "registration expired, or logged out"
    #: Asterisk removes a contact as soon as the TCP, TLS or WebSocket connection closes that it came by.
    CONNECTION_ENDED = "connection closed, or logged out"


class Observation(Struct, frozen=True):
    """One source's view of one check of one target at one moment.

    ``at`` is the time of receipt for an event, of the *request* for an answer. ``health`` is what Asterisk says;
    what that is worth (an endpoint that is not qualified!) the core decides.
    """

    target: Target
    health: Health
    at: float
    source: Source
    witness: Witness
    #: Asterisk's own: "peer status Unreachable", "device state UNAVAILABLE".
    words: str = ""
    #: How its last contact was lost, where the word itself tells.
    loss: Loss = Loss.NONE
    #: Whether only a peer that is qualified makes Asterisk say this (chan_sip, IAX2).
    is_of_check: bool = False
    #: Which aspect of the target's health this is about.
    check: str = Check.REACHABILITY
    #: How long the quickest answer to our own OPTIONS took (seconds); None: there was none, or this is of none.
    answered_after: float | None = None
    #: How long it took until our own OPTIONS had found this (seconds): who is silent is waited for, who refuses is not.
    settled_after: float = 0.0


class ContactStatus(Word):
    """Asterisk's words for a contact (ContactStatusChange.contact_info.contact_status)."""

    REACHABLE = "Reachable"
    UNREACHABLE = "Unreachable"
    NON_QUALIFIED = "NonQualified"
    CREATED = "Created"
    REMOVED = "Removed"
    UPDATED = "Updated"
    UNKNOWN = "Unknown"


class ContactChange(Struct, frozen=True):
    """Asterisk says something about one contact of an endpoint. Always an event."""

    target: Target
    uri: str
    status: ContactStatus
    at: float
    #: Round trip of the OPTIONS in milliseconds; after an outage it contains retransmissions.
    rtt_ms: float | None = None


class Place(NamedTuple):
    """Where a contact of an endpoint is, and what program it is."""

    #: The host of the contact's URI, without the port: ports change with each NAT binding.
    address: str
    user_agent: str = ""


class ContactReading(Struct, frozen=True):
    """How a list has one contact of an endpoint."""

    target: Target
    uri: str
    #: REMOVED: it was in the list before, and is no longer.
    status: ContactStatus
    #: The newest round trip (milliseconds); None: there is none that was not read before, or it came after an outage.
    rtt_ms: float | None = None
    #: Whether it is this one's turn to be kept: of thousands not all are, each time.
    is_sample: bool = False


class PlaceDetails(Struct, frozen=True):
    """What else a list has of the contact at a place. It is kept as it was read last, without a history."""

    target: Target
    place: Place
    #: Its address in its own network, behind NAT; "": there is none other.
    own_address: str = ""
    #: When its registration expires, by the clock of the PBX (seconds since the epoch); 0.0: never, or not known.
    expires_at: float = 0.0


class ContactList(Struct, frozen=True):
    """What was read of some contacts of one PBX, and where all contacts of some endpoints are."""

    pbx: str
    asked_at: float
    readings: tuple[ContactReading, ...] = ()
    places: tuple[tuple[Target, tuple[Place, ...]], ...] = ()
    details: tuple[PlaceDetails, ...] = ()


class Measurement(Struct, frozen=True):
    """A number that was measured of one check of a target; ``metric`` is the key of one in ``history/metrics.py``."""

    target: Target
    check: str
    metric: str
    value: float
    at: float


class Removed(Struct, frozen=True):
    """Asterisk says that it no longer has this endpoint.

    As an event (device state INVALID) that is only a hint; as an answer its configuration has been asked, too.
    """

    target: Target
    at: float
    source: Source


class Snapshot(Struct, frozen=True):
    """Everything one poll saw on a PBX. A target that is missing here is unknown, not gone."""

    pbx: str
    asked_at: float
    #: One observation for each listed endpoint that is to be watched, with ``at == asked_at``, ``source == SNAPSHOT``.
    endpoints: tuple[Observation, ...]
    #: Asterisk's own words (RFC 3339 with milliseconds); compared for equality only, its clock is not ours.
    startup_time: str
    last_reload_time: str
    version: str = ""
    #: For how long it has been running, and with this configuration, by its own clock (seconds); None: it does not say.
    running_for: float | None = None
    configured_for: float | None = None
    #: What time it is by its own clock (seconds since the epoch); None: it does not say.
    pbx_time: float | None = None
    #: It runs on our own machine, so that its clock says nothing of ours.
    shares_our_clock: bool = False
    #: The settings that the same question asked for were read before this.
    follows_settings: bool = False
    #: Technologies that Asterisk could not list: what is missing of these says nothing.
    unlisted: tuple[str, ...] = ()
    #: Technologies of known endpoints whose channel driver is not loaded: no call over them is possible.
    missing_drivers: tuple[str, ...] = ()
    #: How many more were listed that are to be watched: too many.
    left_out: int = 0


class Channel(Word):
    """By which way a PBX, or what is behind it, is looked at."""

    REST = "rest"
    EVENTS = "events"
    PROBES = "probes"
    #: The manager interface; it never makes a PBX down, nor hides what is seen by other ways.
    MANAGER = "manager"


class ConnectionReport(Struct, frozen=True):
    """How one way to a PBX stands. A failed look is an observation, not an exception.

    ``trouble is None`` means that it works; then ``remark`` may hold a warning that makes it degraded ("the
    certificate ends in 9 days"). ``alive_at`` is the last proof of life by this way (blindness counts from there).
    ``asked_at`` is when the look began that failed; a time-out is reported only when it is over. ``forgets``: what this
    way told before counts no more, as ``remark`` says; it begins anew, and cannot ask how things are.
    """

    pbx: str
    channel: Channel
    at: float
    trouble: Trouble | None = None
    words: str = ""
    remark: str = ""
    alive_at: float | None = None
    asked_at: float | None = None
    forgets: bool = False


class RegistrationList(Struct, frozen=True):
    """All that has an outbound registration on a PBX, or is one; all else has none, or none any more.

    ``lacks``: why those of PJSIP could not be listed; what is not listed is unknown then, and not gone. Without
    ``is_whole`` it is only known whose these are, by their events: what is missing may be there all the same.
    """

    pbx: str
    asked_at: float
    targets: frozenset[Target]
    #: The names of all registrations, whosever they are.
    names: frozenset[str] = frozenset()
    #: How long Asterisk waits until it tries again after no answer (``retry_interval``, seconds), of those that have
    #: several the longest.
    retry_intervals: Mapping[Target, float] = field(default_factory=dict)
    lacks: str = ""
    is_whole: bool = True


#: How the reason begins why an endpoint is unknown that is in Asterisk's maintenance mode; the time follows.
IN_MAINTENANCE_MODE = "in maintenance mode at Asterisk"


class MaintenanceList(Struct, frozen=True):
    """The PJSIP endpoints that Asterisk has in maintenance mode; no others are."""

    pbx: str
    asked_at: float
    names: frozenset[str]


#: An OPTIONS of our own that is not answered for so long is not answered (seconds).
OPTIONS_ANSWERED_WITHIN = 4.0


class SipWay(NamedTuple):
    """Where an OPTIONS of our own goes that asks one contact of an endpoint, as Asterisk has it configured."""

    #: The contact: ``sip:sip.example.net;transport=tls``.
    uri: str
    #: The URI of the proxy by which Asterisk sends to it; "": there is none.
    proxy: str = ""


class ProbePlan(Struct, frozen=True):
    """An endpoint that is to be asked by OPTIONS of our own."""

    target: Target
    ways: tuple[SipWay, ...]
    #: How often, seconds.
    every: float


class EndpointSettings(Struct, frozen=True):
    """How Asterisk is configured to check an endpoint (sorcery: endpoint and its AORs; never auth objects).

    ``known`` is False for what ARI cannot tell (chan_sip, IAX2: 404); then the other fields say nothing.
    """

    target: Target
    read_at: float
    known: bool
    #: The longest of the AORs on which it has a contact, of all its AORs while it has none; 0 = never checked.
    qualify_frequency: float = 0.0
    qualify_timeout: float = 0.0
    #: An AOR has a contact in the configuration: the mark of a trunk.
    has_static_contact: bool = False
    #: Some AOR with a static contact has qualify_frequency 0: its "online" means nothing.
    has_unqualified_static_contact: bool = False
    #: It has registered on an AOR with qualify_frequency 0: that contact lasts until its registration expires.
    has_unqualified_registered_contact: bool = False
    has_outbound_auth: bool = False
    max_contacts: int = 0
    #: How many AORs it has.
    aors: int = 1
    #: The host of the proxy by which Asterisk sends to it; "": there is none.
    outbound_proxy: str = ""
    #: The name in its caller id, which is what people call a phone; "": it has none.
    caller_name: str = ""
    #: Where its contacts are at the moment of reading. Booked as places, not with the settings.
    places: tuple[Place, ...] = ()
    #: The ways to its contacts; None: not read yet. They are read anew at each start, and until then the last known
    #: ones count, which may be for long where ARI refuses us.
    ways: tuple[SipWay, ...] | None = None
    #: Whether each contact is up for Asterisk only by an answer of 2xx.
    takes_2xx_only: bool = False
    #: Only what its manager interface tells, which is how it is checked and whether it is a trunk. Not booked.
    is_partial: bool = False

    @property
    def has_address(self) -> bool:
        """Whether anything says, or may ever say, where it is: a static contact, or an AOR that takes contacts.

        What has none is offline for ever to Asterisk, also while it is in a call: a registration trunk by
        ``line=yes``, a provider that only calls us, an endpoint for anonymous calls.
        """
        return not self.known or self.has_static_contact or self.max_contacts > 0

    @property
    def is_qualified(self) -> bool:
        """Whether Asterisk checks this endpoint by OPTIONS."""
        return self.qualify_frequency > 0


class SettingsList(Struct, frozen=True):
    """The settings of some endpoints of one PBX, as its manager interface tells them: all are partial."""

    pbx: str
    settings: tuple[EndpointSettings, ...]


class Freshness(Struct, frozen=True):
    """How fresh our view of a PBX is. ``None``: not since the start."""

    pbx: str
    last_event_at: float | None = None
    last_snapshot_at: float | None = None
    #: Last proof of life by any way.
    alive_at: float | None = None
    #: So often a snapshot is due at least (seconds).
    poll_every: float = 60.0
    #: Since the daemon was started: how many events came, how many streams of them were opened, and how many sightings
    #: were dropped because too many waited.
    events: int = 0
    streams: int = 0
    dropped: int = 0


Sighting = (
    Observation
    | ContactChange
    | ContactList
    | Measurement
    | Removed
    | Snapshot
    | RegistrationList
    | MaintenanceList
    | ConnectionReport
    | EndpointSettings
    | SettingsList
)


class Question(Struct, frozen=True):
    """The core wants to be told anew about one check of these targets of one PBX (rules 3 and 7).

    It goes to the source that can answer it, ``asked_by``. ``wants_snapshot``: ask for everything instead of one by
    one. ``settings_first``: read the settings of these before anything is answered. ``settings_of``: read their
    settings anew, too, when there is time for it.
    """

    pbx: str
    targets: tuple[Target, ...] = ()
    wants_snapshot: bool = False
    settings_of: tuple[Target, ...] = ()
    settings_first: tuple[Target, ...] = ()
    check: str = Check.REACHABILITY
    asked_by: Channel = Channel.REST
