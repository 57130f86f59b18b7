"""The words of healthmon as types: values that go from thread to thread and that nobody changes.

Times are seconds since the epoch, UTC, of healthmon's own clock. Durations are seconds. A number with another
unit carries it in its name.
"""

from __future__ import annotations

from enum import StrEnum
from fnmatch import fnmatchcase
from typing import NamedTuple

from msgspec import Struct, field

from healthmon.errors import Trouble


class Word(StrEnum):
    """One of several words."""

    # That of an Enum is written in Python, and takes longer than all the rest of looking into a dictionary.
    __hash__ = str.__hash__


class Health(Word):
    """What was seen of a check (Nagios: OK, WARNING, CRITICAL, UNKNOWN)."""

    UP = "up"
    DEGRADED = "degraded"
    DOWN = "down"
    UNKNOWN = "unknown"


class Kind(Word):
    """What sort of thing a target is, the biggest cause first."""

    PBX = "pbx"
    #: A PBX's line to the world.
    NETWORK = "network"
    #: The providers with the same contact host.
    PROVIDERS = "providers"
    PROVIDER = "provider"
    #: Many devices behind one address or subnet, or a group named in the configuration.
    SITE = "site"
    GATEWAY = "gateway"
    PHONE = "phone"
    ATA = "ata"
    SOFTPHONE = "softphone"
    MOBILE = "mobile"
    #: A URL of a receiver, which takes no messages.
    RECEIVER = "receiver"

    @property
    def is_device(self) -> bool:
        """Whether this is a user's device, which stands at a site."""
        return self in _DEVICES

    @property
    def is_group(self) -> bool:
        """Whether this is a cause that explains what happens to several endpoints of a PBX."""
        return self in _GROUPS

    @property
    def is_usually_told_singly(self) -> bool:
        """Whether a single one that is down concerns anybody; softphones and mobiles sleep, and go home."""
        return self not in (Kind.SOFTPHONE, Kind.MOBILE)

    @property
    def usual_severity(self) -> Severity:
        """How much its outage matters where no watch section says so."""
        return Severity.WARNING if self.is_device or self is Kind.SITE else Severity.CRITICAL


_DEVICES = frozenset({Kind.GATEWAY, Kind.PHONE, Kind.ATA, Kind.SOFTPHONE, Kind.MOBILE})
_GROUPS = frozenset({Kind.NETWORK, Kind.PROVIDERS, Kind.SITE})


class Severity(Word):
    """How much an outage matters, as the watch section says; the worst first."""

    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"


class Check:
    """The names of the aspects of health: four of a PBX, one of an endpoint, one of a receiver's URL; and an event."""

    #: Can we see this PBX through ARI, by REST and by events?
    CONNECTION = "connection"
    #: Does the PBX still list the endpoints that it had? A broken pjsip.conf looks like that.
    INVENTORY = "inventory"
    #: Are the channel drivers of its endpoints loaded?
    DRIVERS = "drivers"
    #: Does Asterisk stay up? Three restarts in ten minutes are an incident.
    RESTARTS = "restarts"
    #: Asterisk was started anew: no aspect of health, but an event, which is told where somebody wants that.
    RESTART = "restart"
    #: Can Asterisk reach this endpoint?
    REACHABILITY = "reachability"
    #: Does this URL of a receiver take messages?
    DELIVERY = "delivery"


#: What of a PBX may fail while it works in part.
PARTIAL_CHECKS = (Check.INVENTORY, Check.DRIVERS, Check.RESTARTS)


class Target(NamedTuple):
    """What is watched. A PBX itself has an empty technology and resource.

    What is no endpoint has one of our own words, in small letters, for its technology: ``site``, ``network``,
    ``providers`` (those of a PBX), ``receiver`` (of no PBX); Asterisk's are written in capitals.
    """

    pbx: str
    technology: str = ""
    resource: str = ""

    @property
    def is_pbx(self) -> bool:
        """Whether this is a PBX itself."""
        return not self.technology

    @property
    def is_endpoint(self) -> bool:
        """Whether this is one of Asterisk's endpoints."""
        return bool(self.technology) and self.technology not in OUR_TECHNOLOGIES

    @property
    def endpoint(self) -> str:
        """The name that Asterisk's people use, ``PJSIP/101``; empty for what is no endpoint."""
        return f"{self.technology}/{self.resource}" if self.is_endpoint else ""

    def is_called(self, pattern: str) -> bool:
        """Whether this is an endpoint that a pattern names: over ``PJSIP/101``, or over ``office:PJSIP/101``."""
        name = self.endpoint
        # A name may hold a ":" of its own.
        is_with_pbx = ":" in pattern and fnmatchcase(f"{self.pbx}:{name}", pattern)
        return bool(name) and (is_with_pbx or fnmatchcase(name, pattern))

    def __str__(self) -> str:
        """Say ``PJSIP/101 on office``, ``site 203.0.113.7 on office``, ``pbx office``, ``receiver oncall/boss``."""
        if not self.technology:
            return f"pbx {self.pbx}"
        name = self.endpoint or f"{self.technology} {self.resource}".rstrip()
        return f"{name} on {self.pbx}" if self.pbx else name


#: What stands for the technology of a target that is none of Asterisk's endpoints: its kind.
OUR_TECHNOLOGIES = frozenset({Kind.SITE.value, Kind.NETWORK.value, Kind.PROVIDERS.value, Kind.RECEIVER.value})


#: So many endpoints of a PBX are watched. Nobody has as many; beyond it somebody is playing with us.
MOST_WATCHED = 100_000

# ---------------------------------------------------------------- what sources offer to the inbox


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
    #: The settings that the same question asked for were read before this.
    follows_settings: bool = False
    #: Technologies that Asterisk could not list: what is missing of these says nothing.
    unlisted: tuple[str, ...] = ()
    #: Technologies of known endpoints whose channel driver is not loaded: no call over them is possible.
    missing_drivers: tuple[str, ...] = ()
    #: How many more were listed that are to be watched: too many.
    left_out: int = 0


class Channel(Word):
    """By which way a PBX was looked at."""

    REST = "rest"
    EVENTS = "events"


class ConnectionReport(Struct, frozen=True):
    """How one way to a PBX stands. A failed look is an observation, not an exception.

    ``trouble is None`` means that it works; then ``remark`` may hold a warning that makes it degraded ("the
    certificate ends in 9 days"). ``alive_at`` is the last proof of life by this way (blindness counts from there).
    ``asked_at`` is when the look began that failed; a time-out is reported only when it is over.
    """

    pbx: str
    channel: Channel
    at: float
    trouble: Trouble | None = None
    words: str = ""
    remark: str = ""
    alive_at: float | None = None
    asked_at: float | None = None


class Place(NamedTuple):
    """Where a contact of an endpoint is, and what program it is."""

    #: The host of the contact's URI, without the port: ports change with each NAT binding.
    address: str
    user_agent: str = ""


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
    #: Where its contacts are at the moment of reading. Booked as places, not with the settings.
    places: tuple[Place, ...] = ()

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


class Freshness(Struct, frozen=True):
    """How fresh our view of a PBX is. ``None``: not since the start."""

    pbx: str
    last_event_at: float | None = None
    last_snapshot_at: float | None = None
    #: Last proof of life by any way.
    alive_at: float | None = None
    #: So often a snapshot is due at least (seconds).
    poll_every: float = 60.0


Sighting = Observation | ContactChange | Removed | Snapshot | ConnectionReport | EndpointSettings


class Question(Struct, frozen=True):
    """The core wants to be told anew about these targets of one PBX (rules 3 and 7).

    ``wants_snapshot``: ask for everything instead of one by one. ``settings_first``: read the settings of these before
    anything is answered. ``settings_of``: read their settings anew, too, when there is time for it.
    """

    pbx: str
    targets: tuple[Target, ...] = ()
    wants_snapshot: bool = False
    settings_of: tuple[Target, ...] = ()
    settings_first: tuple[Target, ...] = ()


# ---------------------------------------------------------------- what the core decides


class CheckState(Struct, frozen=True):
    """What is believed of one check of one target, in full: enough to go on after a restart of healthmon.

    ``belief is None``: never known. ``unknown_because`` is the reason why this target cannot be seen ("" = it can be);
    the blindness of its PBX is kept once, at the PBX (``PbxState``), not in every endpoint.
    """

    target: Target
    check: str
    kind: Kind
    #: The name of the watch section that decides, "" for a PBX.
    watch: str
    watched_since: float
    belief: Health | None = None
    #: When the belief began to be true, as first seen.
    since: float = 0.0
    believed_at: float = 0.0
    #: Why it is believed, for people.
    reason: str = ""
    #: A fact to show beside the belief: "not qualified: its loss is noticed only when its registration expires".
    remark: str = ""
    pending: Health | None = None
    pending_since: float = 0.0
    #: The clocks of rule 8; None = not running. They are moved on by the time spent unknown.
    not_up_since: float | None = None
    down_since: float | None = None
    unknown_because: str = ""
    unknown_since: float = 0.0
    ever_up: bool = False
    is_flapping: bool = False
    #: The effective hold time that is in force (rule 9), seconds.
    down_after: float = 0.0
    #: When each raw change began that counts for flapping, the newest perhaps not for long enough yet.
    flap_changes: tuple[float, ...] = ()
    #: When the first of those changes was that made it flap. While it does not: when the outage began that ended the
    #: last episode; what changed until then makes it flap no more. 0.0: neither.
    flapping_since: float = 0.0
    #: What it is told together with, once it is believed down: "found down at first look", ….
    cohort: str = ""
    #: Of an endpoint: how it lost the last of its contacts.
    loss: Loss = Loss.NONE
    #: How long what is pending must last to be believed (seconds); why, if not as it is configured.
    pending_hold: float = 0.0
    pending_hold_why: str = ""


class PbxState(Struct, frozen=True):
    """What is known of a PBX besides its checks. ``blind_why`` hides everything behind it."""

    pbx: str
    startup_time: str = ""
    last_reload_time: str = ""
    version: str = ""
    blind_why: str = ""
    blind_since: float = 0.0
    #: A snapshot has been booked at least once in the life of this database.
    was_seen: bool = False


class Transition(Struct, frozen=True):
    """A change of what is believed, with its cause.

    ``at`` is when it was first seen and never before the previous one; reports use it. ``after is None``: no
    longer watched (removed from Asterisk's configuration or from ours); ``UNKNOWN``: watched, but Asterisk turned
    out not to check it.
    """

    target: Target
    check: str
    before: Health | None
    after: Health | None
    at: float
    believed_at: float
    cause: str


class UnknownPeriod(Struct, frozen=True):
    """A time in which a target could not be seen: unknown in the history.

    ``target.is_pbx`` with ``check == REACHABILITY``: everything behind that PBX. ``until is None``: still so.
    The key is (target, check, since).
    """

    target: Target
    check: str
    since: float
    until: float | None
    why: str


class RoundTrip(Struct, frozen=True):
    """How long an endpoint took to answer Asterisk's OPTIONS, without any repetition of it."""

    target: Target
    at: float
    ms: float


class PlaceChange(Struct, frozen=True):
    """A contact of an endpoint was seen at a place for the first time, or is no longer there."""

    target: Target
    place: Place
    at: float
    is_left: bool


class PlacePeriod(Struct, frozen=True):
    """From when to when an endpoint had a contact at a place; ``until is None``: it is the last one known."""

    target: Target
    place: Place
    since: float
    until: float | None


class Length(NamedTuple):
    """How long an outage lasted: from first seen until seen back, seconds; and how much of that nobody saw."""

    lasted_s: float = 0.0
    unseen_s: float = 0.0


class Reading(NamedTuple):
    """What the meter of one check showed at a moment: all seconds of each health since it was first watched.

    What happens at this very moment is not in it yet. A difference of two readings is what lies between them.
    """

    at: float
    up_s: float = 0.0
    degraded_s: float = 0.0
    down_s: float = 0.0
    unknown_s: float = 0.0
    #: So many outages were seen so far.
    outages: int = 0
    #: The longest outage since the previous reading, counted from its own beginning, with what nobody saw of it.
    longest_s: float = 0.0
    #: What was believed then; None: it was not watched.
    belief: Health | None = None
    #: Whether it had been up since it was watched: the time before does not count for a device.
    was_used: bool = False
    #: Whether an outage was on, and for how long that was seen so far.
    is_out: bool = False
    out_s: float = 0.0
    #: For how long all outages so far, the longest one, and the one that was on could not be seen in between.
    outages_unseen_s: float = 0.0
    longest_unseen_s: float = 0.0
    out_unseen_s: float = 0.0

    @property
    def longest(self) -> Length:
        """How long the longest outage since the previous reading lasted."""
        return Length(self.longest_s, self.longest_unseen_s)

    @property
    def is_unused(self) -> bool:
        """Whether it is down and has not been up since it is watched: a device that is not in use."""
        return self.belief is Health.DOWN and not self.was_used


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
    NOT_THE_LINE = "a public site is reachable: it was not the line"


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
    #: When it was first seen down, if until then it was flapping, degraded or not seen; None: when the incident began.
    fell_at: float | None = None
    #: How much of it nobody saw (seconds), where it was read for people; the core leaves it at 0.
    unseen_s: float = 0.0

    @property
    def is_open(self) -> bool:
        """Whether it lasts."""
        return self.closed_at is None

    @property
    def since(self) -> float:
        """When the outage began that people are told of, as the history has it."""
        return self.opened_at if self.fell_at is None else self.fell_at

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
        return Health.DEGRADED if self.is_partial else self.health

    @property
    def is_unseen(self) -> bool:
        """Whether only we cannot see the thing, which may be well (rule 13a); it is no outage."""
        return self.health is Health.UNKNOWN

    @property
    def name(self) -> str:
        """Say ``phone PJSIP/101 on office``, ``site 203.0.113.7 on office``, ``receiver oncall/boss``."""
        return f"{self.kind} {self.target}" if self.target.is_endpoint else str(self.target)

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
    """What waits to be told first of an incident, and would be due after a time, waits longer (seconds UTC)."""

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


class Note(Struct, frozen=True):
    """One line of an incident's story: a decision that left no message, such as why nobody was told."""

    incident_id: int
    at: float
    words: str


class Matcher(Struct, frozen=True):
    """What a silence or a maintenance window speaks of: shell patterns; what is not given matches everything.

    Patterns of one sort are alternatives; all sorts that are given must match. A PBX itself is in no watch section
    and is no endpoint.
    """

    pbxs: tuple[str, ...] = ()
    kinds: tuple[Kind, ...] = ()
    watches: tuple[str, ...] = ()
    #: Over ``PJSIP/101``, or over ``office:PJSIP/101``; case matters.
    endpoints: tuple[str, ...] = ()
    #: Over the names of sites, ``203.0.113.7``, and of what stands there.
    sites: tuple[str, ...] = ()

    def matches(self, target: Target, kind: Kind, watch: str, site: str = "") -> bool:
        """Whether this speaks of a target of that kind, watch section and site."""
        return (
            _any_matches(self.pbxs, target.pbx)
            and (not self.kinds or kind in self.kinds)
            and _any_matches(self.watches, watch)
            and (not self.endpoints or any(target.is_called(pattern) for pattern in self.endpoints))
            and _any_matches(self.sites, site)
        )

    def __str__(self) -> str:
        """Say ``pbx=office kind=phone``, or ``everything``."""
        named = (
            ("pbx", self.pbxs),
            ("site", self.sites),
            ("kind", self.kinds),
            ("watch", self.watches),
            ("endpoint", self.endpoints),
        )
        return " ".join(f"{name}={value}" for name, values in named for value in values) or "everything"


def _any_matches(patterns: tuple[str, ...], name: str) -> bool:
    return not patterns or (bool(name) and any(fnmatchcase(name, pattern) for pattern in patterns))


class Silence(Struct, frozen=True):
    """Somebody asked for it: what matches is watched and recorded, and not told, until a time."""

    id: int
    matcher: Matcher
    since: float
    #: Moved to now when it is ended early.
    until: float
    author: str
    reason: str


class Acknowledgement(Struct, frozen=True):
    """Somebody knows of this incident: it is not reminded of any more."""

    incident_id: int
    at: float
    author: str
    reason: str


class Commands(Struct, frozen=True):
    """What people ordered from outside: silences that are not over, acknowledgements of open incidents."""

    silences: tuple[Silence, ...] = ()
    acknowledgements: tuple[Acknowledgement, ...] = ()


class ClockJump(Struct, frozen=True):
    """Somebody set the wall clock: all times booked so far read ``by`` seconds later on the new clock."""

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
    round_trips: list[RoundTrip] = field(default_factory=list)
    restarts: list[Restart] = field(default_factory=list)
    #: For the sources; not booked.
    questions: list[Question] = field(default_factory=list)
    #: Decisions in words, one line each, for the log; not booked.
    log: list[str] = field(default_factory=list)

    def is_to_book(self) -> bool:
        """Whether there is anything for the database."""
        return bool(
            self.states
            or self.pbx_states
            or self.forgotten
            or self.settings
            or self.transitions
            or self.unknown_periods
            or self.incidents
            or self.notifications
            or self.explained
            or self.delays
            or self.releases
            or self.clock_jumps
            or self.notes
            or self.places
            or self.round_trips
            or self.restarts
        )


class Remembered(Struct, frozen=True):
    """All that the engine needs from the database to go on where it stopped."""

    states: tuple[CheckState, ...] = ()
    pbx_states: tuple[PbxState, ...] = ()
    settings: tuple[EndpointSettings, ...] = ()
    #: Open ones, and closed ones whose telling is not finished.
    incidents: tuple[Incident, ...] = ()
    told: dict[tuple[int, str], Told] = field(default_factory=dict)
    next_incident_id: int = 1
    #: When the last daemon was last known to run; None: never.
    alive_at: float | None = None
    commands: Commands = field(default_factory=Commands)
    #: Where the contacts of each endpoint were seen last.
    places: dict[Target, tuple[Place, ...]] = field(default_factory=dict)
