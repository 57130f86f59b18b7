"""ARI's JSON as types, and what it becomes: the only place that knows ARI's field names.

Only what healthmon relies on is declared; everything else in a message is skipped unread. Anything else than this
raises AriUnexpected, and nothing but that.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from sys import intern
from typing import Annotated, TypeVar

import msgspec
from msgspec import Struct, field
from msgspec.structs import replace

from healthmon.ari import meanings
from healthmon.errors import AriUnexpected
from healthmon.model import (
    ContactChange,
    ContactStatus,
    EndpointIdentity,
    EndpointSettings,
    Health,
    Observation,
    Place,
    Removed,
    SipWay,
    Snapshot,
    Source,
    Target,
    Witness,
)
from healthmon.text.callerid import name_in
from healthmon.text.longtext import LONGEST_TEXT, cut, shortened
from healthmon.text.passwords import without_named_passwords
from healthmon.text.sipuri import host_of, without_secrets
from healthmon.wire.dates import header_date

#: Asterisk's own limits are 255 (realtime) and less.
LONGEST_NAME = 512
# A name is whole or refused; an empty one would be taken for the PBX itself.
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_NAME)]
# What one contact of an endpoint is known by; res_pjsip takes no URI of more than 512 characters.
Uri = Annotated[str, msgspec.Meta(max_length=LONGEST_TEXT)]
Message = TypeVar("Message")
#: Of an answer.
Body = bytes | bytearray
#: Cuts a text that is only shown.
Shorten = Callable[[str], str]

#: A word for a state that is longer is none that we know.
LONGEST_STATE = 40
#: Phones say in it what they are, and strangers say what they want.
LONGEST_USER_AGENT = 100
#: A SIP transaction without an answer ends after 64 times T1 (RFC 3261, timer F; seconds).
TRANSACTION_ENDS_AFTER = 32.0
#: More of the name in a caller id is never shown; it is kept of every endpoint.
LONGEST_CALLER_NAME = 100

# ---------------------------------------------------------------- REST


class EndpointState(Struct, frozen=True):
    """One item of /endpoints: ``state`` is online, offline or unknown."""

    technology: str
    resource: str
    state: str

    def target(self, pbx: str) -> Target:
        """Its name in healthmon. The texts are shared: of 20,000 endpoints the first one made is kept for years."""
        return Target(pbx, intern(self.technology), intern(self.resource))


class EndpointList(Struct, frozen=True):
    """The endpoints that Asterisk lists, and why that may not be all of them."""

    endpoints: Sequence[EndpointState]
    #: Why they had to be listed technology by technology; "": they had not.
    why: str = ""
    #: The technologies that could not be listed at all.
    unlisted: tuple[str, ...] = ()
    #: How many more there are that are wanted.
    left_out: int = 0
    #: How many have names that are none: empty, or too long.
    unnamed: int = 0


class Picked:
    """Those endpoints of a list, or of several, that are wanted, at most so many; the others are counted, not kept."""

    def __init__(self, is_wanted: Callable[[EndpointState], bool], most: int) -> None:
        self._is_wanted = is_wanted
        self._most = most
        self.endpoints: list[EndpointState] = []
        self.left_out = 0
        self.unnamed = 0

    def add(self, listed: Iterable[EndpointState]) -> None:
        """Pick from one list."""
        is_wanted = self._is_wanted
        for endpoint in listed:
            # An empty name would be taken for the PBX itself. Not in a function: there may be 20,000 of them.
            if not (0 < len(endpoint.technology) <= LONGEST_NAME and 0 < len(endpoint.resource) <= LONGEST_NAME):
                self.unnamed += 1
            elif is_wanted(endpoint):
                if len(self.endpoints) < self._most:
                    self.endpoints.append(endpoint)
                else:
                    self.left_out += 1

    def listing(self, why: str = "", unlisted: tuple[str, ...] = ()) -> EndpointList:
        """Return the endpoints that were kept, and how many were not."""
        return EndpointList(self.endpoints, why, unlisted, self.left_out, self.unnamed)


class Module(Struct, frozen=True):
    """/asterisk/modules/NAME: ``status`` is Running, or Not Running."""

    status: str


class DeviceState(Struct, frozen=True):
    """/deviceStates/NAME; INVALID also for a device that never was."""

    name: Name
    state: str


class InfoStatus(Struct, frozen=True):
    """The status part of /asterisk/info."""

    startup_time: str
    last_reload_time: str


class System(Struct, frozen=True):
    """The system part of /asterisk/info."""

    version: str


class Info(Struct, frozen=True):
    """/asterisk/info; which parts are there was chosen by ``?only=``."""

    status: InfoStatus | None = None
    system: System | None = None


class Attribute(Struct, frozen=True):
    """One option of a sorcery object (/asterisk/config/dynamic/…)."""

    attribute: str
    value: str


class AttributeName(Struct, frozen=True):
    """The name of one option of a sorcery object, whose value is not read: it may be a secret."""

    attribute: str


class ErrorBody(Struct, frozen=True):
    """What Asterisk says with a status of 400 or more."""

    message: str = ""
    error: str = ""


class PbxInfo(Struct, frozen=True):
    """When Asterisk started and last reloaded, in its own words; and its version."""

    startup_time: str
    last_reload_time: str
    version: str = ""
    #: How long ago that was by Asterisk's own clock (seconds); None: it does not say.
    running_for: float | None = None
    configured_for: float | None = None
    #: What time it is by Asterisk's own clock (seconds since the epoch); None: it does not say.
    pbx_time: float | None = None
    #: It is on our own machine.
    shares_our_clock: bool = False


# ---------------------------------------------------------------- events


class _Type(Struct):
    type: str


class _Endpoint(Struct):
    # ``state`` is left out on purpose: inside an event it may still be the one from before.
    technology: Name
    resource: Name


class _Peer(Struct):
    # ``time`` is left out: sometimes a string, sometimes a number.
    peer_status: str
    cause: str = ""


class _PeerStatusChange(Struct):
    endpoint: _Endpoint
    peer: _Peer


class _ContactInfo(Struct):
    uri: Uri
    contact_status: str
    roundtrip_usec: str | int | float | None = None


class _ContactStatusChange(Struct):
    endpoint: _Endpoint
    contact_info: _ContactInfo


class _DeviceStateChanged(Struct):
    device_state: DeviceState


class _ChannelUserevent(Struct):
    eventname: str


class _ApplicationReplaced(Struct):
    pass


class UserEvent(Struct, frozen=True):
    """Somebody posted an event to our application; our own heartbeat comes back like that."""

    name: str


class Replaced(Struct, frozen=True):
    """Another client connected with our application's name. This socket stays open, and silent for ever."""


class UnknownType(Struct, frozen=True):
    """An event of a type that healthmon has never heard of."""

    name: str


Event = Observation | ContactChange | Removed | UserEvent | Replaced | UnknownType

#: The event types that healthmon reads; the event filter lets only these through.
WANTED_TYPES = (
    "ApplicationReplaced",
    "ChannelUserevent",
    "ContactStatusChange",
    "DeviceStateChanged",
    "PeerStatusChange",
)
#: Known, and of no interest; they come where no event filter could be set (Asterisk 22's resource_events.h).
OTHER_TYPES = frozenset(
    (
        "ApplicationMoveFailed",
        "ApplicationRegistered",
        "ApplicationUnregistered",
        "BridgeAttendedTransfer",
        "BridgeBlindTransfer",
        "BridgeCreated",
        "BridgeDestroyed",
        "BridgeMerged",
        "BridgeVideoSourceChanged",
        "ChannelCallerId",
        "ChannelConnectedLine",
        "ChannelCreated",
        "ChannelDestroyed",
        "ChannelDialplan",
        "ChannelDtmfReceived",
        "ChannelEnteredBridge",
        "ChannelHangupRequest",
        "ChannelHold",
        "ChannelLeftBridge",
        "ChannelStateChange",
        "ChannelTalkingFinished",
        "ChannelTalkingStarted",
        "ChannelToneDetected",
        "ChannelTransfer",
        "ChannelUnhold",
        "ChannelVarset",
        "Dial",
        "EndpointStateChange",
        "PlaybackContinuing",
        "PlaybackFinished",
        "PlaybackStarted",
        "RESTResponse",
        "RecordingFailed",
        "RecordingFinished",
        "RecordingStarted",
        "StasisEnd",
        "StasisStart",
        "TextMessageReceived",
    )
)


def decode_event(raw: bytes, pbx: str, at: float, shorten: Shorten = shortened) -> Event | None:
    """Decode one event that was received at ``at``; None: of a known type, and it says nothing to us.

    Raises AriUnexpected on anything that is not an event as Asterisk sends it, also where a name is too long to be one.
    """
    try:
        kind = _TYPE.decode(raw).type
        reader = _READERS.get(kind)
        if reader is None:
            if kind in OTHER_TYPES:
                return None
            return UnknownType(kind[:60])
        event = reader(raw, pbx, at)
        # A shorter one cannot hold words that are too long.
        if len(raw) > LONGEST_TEXT and isinstance(event, Observation):
            return replace(event, words=shorten(event.words))
        return event
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise AriUnexpected(pbx, "event", f"not an event as we know them ({error})", excerpt(raw)) from None


def _peer_status(raw: bytes, pbx: str, at: float) -> Observation | None:
    event = _PEER.decode(raw)
    meaning = meanings.peer_status(event.endpoint.technology, event.peer.peer_status)
    if meaning is None or meaning.health is None:
        return None
    words = f"peer status {event.peer.peer_status}" + (f" ({event.peer.cause})" if event.peer.cause else "")
    target = Target(pbx, event.endpoint.technology, event.endpoint.resource)
    return Observation(
        target,
        meaning.health,
        at,
        Source.EVENT,
        Witness.ENDPOINT,
        words,
        meaning.loss,
        meanings.is_of_check(event.endpoint.technology, event.peer.peer_status),
    )


def _contact_status(raw: bytes, pbx: str, at: float) -> ContactChange | None:
    event = _CONTACT.decode(raw)
    contact = event.contact_info
    status = _CONTACT_STATUS.get(contact.contact_status)
    if status is None:
        # A word that is none of Asterisk's means nothing, and changes nothing.
        return None
    rtt_ms = _rtt_ms(contact.roundtrip_usec) if status is ContactStatus.REACHABLE else None
    target = Target(pbx, event.endpoint.technology, event.endpoint.resource)
    return ContactChange(target, without_secrets(contact.uri), status, at, rtt_ms)


def _rtt_ms(roundtrip_usec: str | int | float | None) -> float | None:
    """Milliseconds; None for 0 and for what is no number."""
    try:
        usec = float(roundtrip_usec or 0)
    except (ValueError, OverflowError):
        return None
    if 0 < usec < 3.6e9:
        return usec / 1000
    return None


def _device_state(raw: bytes, pbx: str, at: float) -> Observation | Removed | None:
    device = _DEVICE.decode(raw).device_state
    technology, _, resource = device.name.partition("/")
    if not resource:
        return None
    return device_sighting(Target(pbx, technology, resource), device.state, at, Source.EVENT)


def _user_event(raw: bytes, pbx: str, at: float) -> UserEvent:
    return UserEvent(_USER.decode(raw).eventname)


def _replaced(raw: bytes, pbx: str, at: float) -> Replaced:
    _REPLACED.decode(raw)
    return Replaced()


_TYPE = msgspec.json.Decoder(_Type)
_PEER = msgspec.json.Decoder(_PeerStatusChange)
_CONTACT = msgspec.json.Decoder(_ContactStatusChange)
_DEVICE = msgspec.json.Decoder(_DeviceStateChanged)
_USER = msgspec.json.Decoder(_ChannelUserevent)
_REPLACED = msgspec.json.Decoder(_ApplicationReplaced)
_CONTACT_STATUS = {str(status): status for status in ContactStatus}
_READERS = {
    "PeerStatusChange": _peer_status,
    "ContactStatusChange": _contact_status,
    "DeviceStateChanged": _device_state,
    "ChannelUserevent": _user_event,
    "ApplicationReplaced": _replaced,
}

# ---------------------------------------------------------------- what answers become


def decode(body: Body, shape: type[Message], pbx: str, call: str) -> Message:
    """Decode the body of an answer. Raises AriUnexpected."""
    try:
        return msgspec.json.decode(body, type=shape)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise AriUnexpected(pbx, call, f"not the JSON that we know ({error})", excerpt(body)) from None


#: Between two URIs of a list: a password may have a comma in it.
_BETWEEN_CONTACTS = re.compile(r",(?=(?:sips?|tel):|$)", re.IGNORECASE)
#: A longer list is read piece by piece: 100,000 endpoints take less, and a million in memory at once 300 MB.
LONG_LIST = 8 * 1024 * 1024
#: One object of a list and what is before it, without objects inside of it: so Asterisk writes endpoints.
_ITEM = re.compile(rb'\s*+[\[,]\s*+(\{(?:[^"{}]++|"(?:[^"\\]++|\\.)*+")*+\})', re.DOTALL)
# Possessive: eight megabytes of spaces would be tried in every way, and no other thread runs meanwhile.
_END_OF_LIST = re.compile(rb"\s*+(?:\[\s*+)?\]\s*+")


def endpoint_states(body: Body, pbx: str, call: str) -> Iterable[EndpointState]:
    """The items of a list of endpoints. Raises AriUnexpected, of a long list perhaps while it is read."""
    if len(body) <= LONG_LIST:
        return decode(body, list[EndpointState], pbx, call)
    return _one_by_one(body, pbx, call)


def _one_by_one(body: Body, pbx: str, call: str) -> Iterator[EndpointState]:
    position = 0
    while match := _ITEM.match(body, position):
        yield decode(match[1], EndpointState, pbx, call)
        position = match.end()
    if not _END_OF_LIST.fullmatch(body, position):
        raise AriUnexpected(pbx, call, "not the JSON that we know (no list of endpoints)", excerpt(body[position:]))


def error_message(body: Body) -> str | None:
    """What Asterisk says in the JSON body of an error; None: this is no such JSON."""
    try:
        said = msgspec.json.decode(body, type=ErrorBody)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    return without_named_passwords(without_secrets(said.message or said.error))


def device_sighting(target: Target, state: str, at: float, source: Source) -> Observation | Removed | None:
    """What a device state says about its endpoint; None: nothing."""
    meaning = meanings.device_state(target.technology, state)
    if meaning is None:
        return None
    if meaning.is_removal:
        return Removed(target, at, source)
    return Observation(target, meaning.health or Health.UNKNOWN, at, source, Witness.DEVICE, f"device state {state}")


def endpoint_answer(target: Target, state: str, at: float, source: Source) -> Observation:
    """What a state in /endpoints says."""
    health, words = _state_says(state[:LONGEST_STATE])
    return Observation(target, health, at, source, Witness.ENDPOINT, words)


# Twenty thousand endpoints have three states.
@lru_cache(maxsize=64)
def _state_says(state: str) -> tuple[Health, str]:
    return meanings.endpoint_state(state), f"endpoint state {state}"


def snapshot(
    pbx: str,
    asked_at: float,
    listing: EndpointList,
    info: PbxInfo,
    *,
    missing_drivers: tuple[str, ...] = (),
    follows_settings: bool = False,
) -> Snapshot:
    """Everything that one look at /endpoints, /asterisk/info and the channel drivers saw."""
    listed = listing.endpoints
    return Snapshot(
        pbx=pbx,
        asked_at=asked_at,
        endpoints=tuple(
            endpoint_answer(endpoint.target(pbx), endpoint.state, asked_at, Source.SNAPSHOT) for endpoint in listed
        ),
        startup_time=info.startup_time,
        last_reload_time=info.last_reload_time,
        version=info.version,
        running_for=info.running_for,
        configured_for=info.configured_for,
        pbx_time=info.pbx_time,
        shares_our_clock=info.shares_our_clock,
        follows_settings=follows_settings,
        unlisted=listing.unlisted,
        missing_drivers=missing_drivers,
        left_out=listing.left_out,
    )


def seconds_between(time: str, date: str) -> float | None:
    """How long before the ``Date`` header of an answer a time that it tells was; None: one of them is no such time."""
    said_at = header_date(date)
    if said_at is None:
        return None
    try:
        seconds = (said_at - datetime.fromisoformat(time)).total_seconds()
    except (ValueError, TypeError):
        return None
    # The header has whole seconds. More than that after it comes of a clock that was set.
    if seconds > -1.0:
        return max(0.0, seconds)
    return None


def why_listed_singly(why: str, listed: Sequence[str], unlisted: Sequence[str]) -> str:
    """Say why all endpoints could not be listed at once, and which technology cannot be listed at all."""
    words = (
        f"Asterisk cannot list all endpoints at once ({why}): is the name of one not UTF-8? "
        f"Listed without it, until Asterisk is restarted: {', '.join(listed)}"
    )
    return words + (f"; cannot be listed: {', '.join(unlisted)}" if unlisted else "")


def aor_names(endpoint: Sequence[Attribute]) -> list[str]:
    """The AORs of an endpoint, by its sorcery object."""
    names = (name.strip() for name in _values(endpoint, "aors").split(","))
    return [name for name in names if 0 < len(name) <= LONGEST_NAME]


def may_register(aor: Sequence[Attribute]) -> bool:
    """Whether an AOR takes contacts by registration, so that those it lists may be registered ones."""
    return _number(aor, "max_contacts") > 0


def contacts(aor: Sequence[Attribute]) -> list[str]:
    """The contacts that an AOR lists, static and registered ones alike, each as it is: perhaps with a password."""
    return [uri for uri in _BETWEEN_CONTACTS.split(_values(aor, "contact")) if 0 < len(uri) <= LONGEST_TEXT]


class Aor(Struct, frozen=True):
    """An AOR's object, the URIs of its static contacts, and the objects of its registered ones by URI.

    No URI has a password in it any more.
    """

    attributes: Sequence[Attribute]
    static: Sequence[str] = ()
    registered: Mapping[str, Sequence[Attribute]] = field(default_factory=dict)

    @property
    def qualify_frequency(self) -> float:
        """How often each of its contacts is checked (seconds); 0: never."""
        return _number(self.attributes, "qualify_frequency")

    @property
    def qualify_timeout(self) -> float:
        """How long a contact may take to answer (seconds). With 0 Asterisk waits until the transaction ends."""
        return _number(self.attributes, "qualify_timeout") or TRANSACTION_ENDS_AFTER

    @property
    def takes_2xx_only(self) -> bool:
        """Whether no other answer than 2xx will do (``qualify_2xx_only``; not every version has that)."""
        return _values(self.attributes, "qualify_2xx_only") in ("true", "yes")

    @property
    def has_contact(self) -> bool:
        """Whether anything can be reached by it at present."""
        return bool(self.static or self.registered)

    def places(self, shorten: Shorten) -> Iterator[Place]:
        """Where its contacts are."""
        yield from (Place(address) for uri in self.static if (address := host_of(uri)))
        for uri, contact in self.registered.items():
            if address := host_of(uri):
                yield Place(address, intern(shorten(_values(contact, "user_agent"))[:LONGEST_USER_AGENT]))


class AorCheck(Struct, frozen=True):
    """How Asterisk checks the contacts of one AOR."""

    name: str
    #: Seconds; 0: never.
    qualify_frequency: float
    qualify_timeout: float
    #: Whether only a 2xx counts as an answer; None: this version of Asterisk has no such option.
    qualify_2xx_only: bool | None
    #: It has a contact in the configuration: the mark of a trunk.
    has_static_contact: bool


def aor_check(name: str, aor: Aor) -> AorCheck:
    """Say how the contacts of an AOR are checked."""
    only_2xx = None
    if any(attribute.attribute == "qualify_2xx_only" for attribute in aor.attributes):
        only_2xx = _values(aor.attributes, "qualify_2xx_only") in ("true", "yes")
    return AorCheck(name, aor.qualify_frequency, aor.qualify_timeout, only_2xx, bool(aor.static))


def write_timeout(general: Sequence[Attribute]) -> float:
    """For how long a write to a WebSocket may be stuck, by the object of ari.conf's [general] (milliseconds)."""
    return _number(general, "websocket_write_timeout")


def identity(name: str, endpoint: Sequence[Attribute], aors: Iterable[Aor]) -> EndpointIdentity:
    """What of an endpoint's settings a registration may have, too, by its sorcery object and those of its AORs."""
    hosts = (host_of(uri) for aor in aors for uri in aor.static)
    return EndpointIdentity(
        name,
        _values(endpoint, "outbound_auth"),
        _values(endpoint, "from_user"),
        tuple(host for host in hosts if host),
    )


def transport_name(endpoint: Sequence[Attribute]) -> str:
    """By which transport of pjsip.conf Asterisk sends to an endpoint, by its sorcery object; "": it chooses one."""
    return _values(endpoint, "transport")


def settings(
    target: Target,
    at: float,
    endpoint: Sequence[Attribute],
    aors: Sequence[Aor],
    shorten: Shorten = shortened,
) -> EndpointSettings:
    """How an endpoint is checked, by its sorcery object and those of its AORs; and where its contacts are.

    Each contact is checked as its own AOR says: an AOR without a contact says nothing about what can be reached.
    """
    in_use = [aor for aor in aors if aor.has_contact] or aors
    unchecked = [aor for aor in aors if not aor.qualify_frequency]
    return EndpointSettings(
        target=target,
        read_at=at,
        known=True,
        qualify_frequency=max((aor.qualify_frequency for aor in in_use), default=0.0),
        qualify_timeout=max((aor.qualify_timeout for aor in in_use if aor.qualify_frequency), default=0.0),
        has_static_contact=any(aor.static for aor in aors),
        has_unqualified_static_contact=any(aor.static for aor in unchecked),
        has_unqualified_registered_contact=any(aor.registered for aor in unchecked),
        has_outbound_auth=bool(_values(endpoint, "outbound_auth")),
        max_contacts=int(max((_number(aor.attributes, "max_contacts") for aor in aors), default=0)),
        aors=len(aors),
        outbound_proxy=_proxy(endpoint, [aor.attributes for aor in aors]),
        caller_name=cut(name_in(shorten(_values(endpoint, "callerid"))), LONGEST_CALLER_NAME),
        places=tuple(dict.fromkeys(place for aor in aors for place in aor.places(shorten))),
        ways=tuple(dict.fromkeys(_ways(endpoint, aors))),
        takes_2xx_only=bool(in_use) and all(aor.takes_2xx_only for aor in in_use),
    )


def _ways(endpoint: Sequence[Attribute], aors: Iterable[Aor]) -> Iterator[SipWay]:
    """How Asterisk's own OPTIONS go to each contact: through the AOR's proxy, or else that of the endpoint."""
    for aor in aors:
        proxies = _values(aor.attributes, "outbound_proxy") or _values(endpoint, "outbound_proxy")
        proxy = without_secrets(proxies).partition(",")[0]
        yield from (SipWay(uri, proxy) for uri in (*aor.static, *aor.registered))


def _proxy(endpoint: Sequence[Attribute], aors: Iterable[Sequence[Attribute]]) -> str:
    """The host of the proxy that an endpoint goes through: an AOR's, which OPTIONS take, before its own."""
    uris = (_values(attributes, "outbound_proxy") for attributes in (*aors, endpoint))
    return next((host for uri in uris if (host := host_of(uri))), "")


def _values(attributes: Sequence[Attribute], name: str) -> str:
    """All values of an option, which may be given several times; separated by commas."""
    return ",".join(attribute.value for attribute in attributes if attribute.attribute == name and attribute.value)


def _number(attributes: Sequence[Attribute], name: str) -> float:
    """The value as a number of at most a year; 0 for what is none."""
    try:
        number = float(_values(attributes, name) or 0)
    except ValueError:
        return 0.0
    if 0 < number < 31_536_000:
        return number
    return 0.0


def excerpt(raw: Body) -> str:
    """The beginning of an answer, without passwords in URIs.

    It is more than the log will show of it, so that it is seen where that was cut.
    """
    return without_secrets(raw[:LONGEST_TEXT].decode("utf-8", errors="replace"))
