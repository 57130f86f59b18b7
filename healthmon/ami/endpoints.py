"""What the manager interface says of endpoints, their AORs and their contacts: rows of its lists, without passwords."""

from __future__ import annotations

import re
from sys import intern

import msgspec
from msgspec import Struct

from healthmon.ami.frames import DATABASE_EVENT, DATABASE_KEY, Frame
from healthmon.ami.registrations import readable
from healthmon.text.longtext import LONGEST_TEXT

LIST_CONTACTS = "PJSIPShowContacts"
LIST_AORS = "PJSIPShowAors"
LIST_ENDPOINTS = "PJSIPShowEndpoints"
#: Where Asterisk's own database has the contacts that have registered, unless sorcery.conf has them elsewhere.
REGISTERED_FAMILY = "registrar/contact"
#: The rows of each.
ROWS = {LIST_CONTACTS: "ContactList", LIST_AORS: "AorList", LIST_ENDPOINTS: "EndpointList"}
#: Asterisk's words for a contact.
REACHABLE, UNREACHABLE, NON_QUALIFIED = "Reachable", "Unreachable", "NonQualified"
#: The mark of a contact that stands in the configuration, in the name that Asterisk gives it.
STATIC = "@@"
#: No more contacts of one AOR are read.
MOST_CONTACTS = 1000
#: How often a contact is checked, how long it may take to answer, how many there may be: "60", "3.000000".
_AMOUNT = re.compile(r"[0-9]{1,10}(\.[0-9]{1,10})?")
#: A time in seconds has ten digits for some centuries.
LONGEST_TIME = 11
#: A round trip of more than an hour is none (microseconds).
_LONGEST = 3_600_000_000


class ListedContact(Struct, frozen=True):
    """One contact, as Asterisk has it."""

    #: What Asterisk calls it: ``101;@335d27c648fbe966``, and ``trunk@@b85371a5`` of one in the configuration.
    name: str
    uri: str
    #: Reachable, Unreachable; of what was not checked yet, or never is, NonQualified or Unknown.
    status: str
    #: Of the last OPTIONS that was answered (milliseconds).
    rtt_ms: float | None = None
    user_agent: str = ""
    #: The endpoint that registered it; "": not said.
    endpoint: str = ""
    #: The address that it gives itself (ViaAddr): behind NAT the one in its own network.
    own_address: str = ""
    #: When its registration expires, by Asterisk's clock (seconds since the epoch); 0.0: never, or not said.
    expires_at: float = 0.0


class _StoredContact(Struct):
    """A contact as Asterisk's own database has it, as far as that is read."""

    uri: str = ""


class ListedAor(Struct, frozen=True):
    """One AOR: how its contacts are checked, and where they are."""

    name: str
    #: Seconds, as Asterisk writes them.
    qualify_frequency: str = ""
    qualify_timeout: str = ""
    max_contacts: str = ""
    #: The URIs of those in the configuration, and of those that have registered.
    contacts: tuple[str, ...] = ()

    @property
    def is_readable(self) -> bool:
        """Whether it says how its contacts are checked: all of these are numbers."""
        numbers = (self.qualify_frequency, self.qualify_timeout, self.max_contacts)
        return all(_AMOUNT.fullmatch(number) for number in numbers)


class ListedEndpoint(Struct, frozen=True):
    """One endpoint."""

    name: str
    aors: tuple[str, ...]
    outbound_auth: str = ""


_STORED_CONTACT = msgspec.json.Decoder(_StoredContact)


def contact_of(frame: Frame) -> ListedContact | None:
    """Read a row of PJSIPShowContacts, which lists those that have registered; None: it is none, or names none."""
    name, uri = frame.get("ObjectName", ""), frame.get("Uri", "")
    # A name is whole, down to its bytes, or none: two that are cut may be one.
    if frame.get("Event") != ROWS[LIST_CONTACTS] or not 0 < len(name) <= LONGEST_TEXT or not uri:
        return None
    return ListedContact(
        name=name,
        uri=readable(uri),
        status=intern(readable(frame.get("Status", ""))),
        rtt_ms=round_trip(frame.get("RoundtripUsec", "")),
        user_agent=intern(readable(frame.get("UserAgent", ""))),
        # The lists of endpoints and of AORs have the same names, and they are the largest part of what is kept.
        endpoint=intern(readable(frame.get("Endpoint", ""))),
        own_address=intern(readable(frame.get("ViaAddr", ""))),
        expires_at=expiry(frame.get("ExpirationTime", "")),
    )


def aor_of(frame: Frame) -> ListedAor | None:
    """Read a row of PJSIPShowAors; None: it is none, or does not say of which AOR, or how that is checked."""
    if frame.get("Event") != ROWS[LIST_AORS] or not frame.get("ObjectName"):
        return None
    name = intern(readable(frame["ObjectName"]))
    # Of three hundred contacts it is a line of 10,510 bytes, which is not cut.
    listed = (readable(contact.partition("/")[2]) for contact in frame.get("Contacts", "").split(",")[:MOST_CONTACTS])
    aor = ListedAor(
        name,
        qualify_frequency=intern(readable(frame.get("QualifyFrequency", ""))),
        qualify_timeout=intern(readable(frame.get("QualifyTimeout", ""))),
        max_contacts=intern(readable(frame.get("MaxContacts", ""))),
        contacts=tuple(uri for uri in listed if uri),
    )
    if aor.is_readable:
        return aor
    return None


def endpoint_of(frame: Frame) -> ListedEndpoint | None:
    """Read a row of PJSIPShowEndpoints; None: it is none, or does not say of which."""
    if frame.get("Event") != ROWS[LIST_ENDPOINTS] or not frame.get("ObjectName"):
        return None
    aors = tuple(map(intern, names_in(readable(frame.get("Aor", "")))))
    return ListedEndpoint(intern(readable(frame["ObjectName"])), aors, readable(frame.get("OutboundAuths", "")))


def registered_of(frame: Frame) -> tuple[str, str] | None:
    """Read a row of Asterisk's own database: the AOR and the URI of a contact that has registered; None: it is none."""
    if frame.get("Event") != DATABASE_EVENT:
        return None
    try:
        stored = _STORED_CONTACT.decode(frame.get("Val", ""))
    except (msgspec.DecodeError, UnicodeEncodeError):
        return None
    return aor_in(frame.get(DATABASE_KEY, "").removeprefix(f"/{REGISTERED_FAMILY}/")), readable(stored.uri)


def aor_in(contact: str) -> str:
    """The AOR of a contact, by its name: ``101;@335d27`` of one that has registered, ``trunk@@b85371``."""
    return contact.rpartition("@")[0].rstrip("@").removesuffix(";")


def names_in(text: str) -> list[str]:
    """The names of a list with commas."""
    return [name.strip() for name in text.split(",") if name.strip()]


def expiry(text: str) -> float:
    """Read when a registration expires (seconds since the epoch); 0.0: that is no time."""
    if text.isascii() and text.isdigit() and len(text) <= LONGEST_TIME:
        return float(text)
    return 0.0


def round_trip(microseconds: str) -> float | None:
    """Read a round trip (milliseconds); None: none was measured."""
    if not (microseconds.isascii() and microseconds.isdigit() and len(microseconds) <= LONGEST_TIME):
        return None
    measured = int(microseconds)
    if 0 < measured < _LONGEST:
        return measured / 1000
    return None
