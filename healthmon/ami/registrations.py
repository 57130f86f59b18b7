"""What the manager interface says of outbound registrations: rows of the list, and events."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from healthmon.ami.frames import Frame
from healthmon.text.longtext import cut, shortened
from healthmon.text.sipuri import host_of

#: The row of a registration in the answer to PJSIPShowRegistrationsOutbound, and the event when one is tried.
ROW, EVENT = "OutboundRegistrationDetail", "Registry"
#: The module whose registrations of PJSIP are: without it none is made, and there is no list.
MODULE = "res_pjsip_outbound_registration"
#: The port of a URI, behind its host.
_PORT = re.compile(r":(\d{1,5})(?=[;?>]|$)")
#: The number of retries of what is tried for ever, as far as is known.
ENDLESS = 1_000_000_000
#: What the other side says of a rejection is shown as far as that (characters).
LONGEST_CAUSE = 80
#: Asterisk's own numbers are of 32 bits (digits).
LONGEST_NUMBER = 10
#: Asterisk's words for how one stands.
REGISTERED, REJECTED, UNREGISTERED = "Registered", "Rejected", "Unregistered"


#: A row of the lists of the older drivers, the actions that ask for them, and the technology of each.
OLDER_ROW = "RegistryEntry"
OLDER_LISTS = {"IAXregistry": "IAX2", "SIPshowregistry": "SIP"}
USUAL_PORT = "5060"
#: Their words for an attempt that is under way: how the one before ended, they do not say.
UNDER_WAY = ("Request Sent", "Auth. Sent")
#: After one of these chan_sip never tries again by itself.
FINAL_FOR_CHAN_SIP = ("Failed", "No Authentication")
#: Their words for an attempt that has failed; the other ones are of none, or of one that goes on.
FAILED = (REJECTED, "Timeout", *FINAL_FOR_CHAN_SIP)
#: All words for what is not registered (Asterisk 22: res_pjsip_outbound_registration.c, chan_iax2.c; 16: chan_sip.c).
NOT_REGISTERED = (UNREGISTERED, "Stopping", "Stopped", *UNDER_WAY, *FAILED)


class OutboundRegistration(Struct, frozen=True):
    """One outbound registration as Asterisk has it, in its own words."""

    name: str
    client_uri: str
    server_uri: str
    #: Registered, Rejected, Unregistered.
    status: str
    #: The endpoint that the configuration ties to it; "": to none.
    endpoint: str = ""
    outbound_auth: str = ""
    #: Where it is sent instead of to the server; "": to the server.
    outbound_proxy: str = ""
    #: ENDLESS: it is not known.
    max_retries: int = 0
    #: How long Asterisk waits before it tries again: after no answer, after 403, after another answer that is final
    #: (seconds; 0 of the latter two: it does not try again; ENDLESS: it is not known).
    waits: tuple[float, float, float] = (0.0, 0.0, 0.0)
    #: PJSIP; that of the other drivers has nothing of the four above.
    technology: str = "PJSIP"
    #: Of an older driver, which gives it no name: what it is called where the user has another one at that host.
    longer_name: str = ""
    #: Of IAX2: what the other side says of a rejection, of which only an event tells ("Registration Refused").
    cause: str = ""
    #: That of pjsip.conf by which it is sent; "": Asterisk chooses one.
    transport: str = ""
    #: A list has told how often it is tried, and when again; else only events tell of it.
    is_listed: bool = True

    @property
    def is_known(self) -> bool:
        """Whether Asterisk's word for it is one that says how it stands."""
        return is_state(self.status)

    @property
    def has_failed(self) -> bool:
        """Whether the last attempt has: it was rejected, or nobody answered."""
        return self.status in FAILED

    @property
    def needs_a_push(self) -> bool:
        """Whether its driver surely does not try again by itself."""
        return self.technology == "SIP" and self.status in FINAL_FOR_CHAN_SIP

    @property
    def key(self) -> tuple[str, str]:
        """What an event has of it: it does not name it."""
        return self.client_uri, self.server_uri


class RegistrationAttempt(Struct, frozen=True):
    """An attempt to register that has ended, as an event tells of it."""

    technology: str
    #: Which registration it is of.
    key: tuple[str, str]
    status: str
    cause: str = ""


def registration_of(frame: Frame) -> OutboundRegistration | None:
    """Read a row of the list; None: it is none, or does not say of which registration."""
    if frame.get("Event") != ROW or not all(frame.get(name) for name in ("ObjectName", "ClientUri", "ServerUri")):
        return None
    usual, forbidden, fatal = (
        float(_known_or_endless(frame, name))
        for name in ("RetryInterval", "ForbiddenRetryInterval", "FatalRetryInterval")
    )
    return OutboundRegistration(
        name=readable(frame["ObjectName"]),
        client_uri=readable(frame.get("ClientUri", "")),
        server_uri=readable(frame.get("ServerUri", "")),
        status=readable(frame.get("Status", "")),
        endpoint=readable(frame.get("Endpoint", "")),
        outbound_auth=readable(frame.get("OutboundAuth", "")),
        outbound_proxy=readable(frame.get("OutboundProxy", "")),
        max_retries=_known_or_endless(frame, "MaxRetries"),
        waits=(usual, forbidden, fatal),
        transport=readable(frame.get("Transport", "")),
    )


def unlisted(client_uri: str, server_uri: str) -> OutboundRegistration:
    """A registration of PJSIP of which only an event tells: neither its name is known, nor how often it is tried.

    It is called ``PJSIP/user@server``, with the domain of the user and the port of the server where these are unusual.
    """
    user = client_uri.partition(":")[2].partition("@")[0]
    host, domain = host_of(server_uri) or server_uri, host_of(client_uri)
    if domain not in ("", host):
        user += f"@{domain}"
    port = _PORT.search(server_uri)
    if port is not None and port[1] != USUAL_PORT:
        host += f":{port[1]}"
    name = f"PJSIP/{user}@{host}"
    return OutboundRegistration(name, client_uri, server_uri, UNREGISTERED, max_retries=ENDLESS, is_listed=False)


def older_registration_of(frame: Frame, technology: str) -> OutboundRegistration | None:
    """Read a row of the list of an older driver, which gives a registration no name; None: it is none.

    So is one without a host.
    """
    if frame.get("Event") != OLDER_ROW or not frame.get("Host"):
        return None
    host, user = readable(frame["Host"]), readable(frame.get("Username", ""))
    domain = readable(frame.get("Domain", ""))
    with_domain = user
    if domain and domain != host:
        with_domain += f"@{domain}{_unusual_port(frame, 'DomainPort')}"
    return OutboundRegistration(
        name=f"{technology}/{user}@{host}",
        client_uri=user,
        server_uri=f"{technology.lower()}:{host}",
        status=readable(frame.get("State", "")),
        technology=technology,
        longer_name=f"{technology}/{with_domain}@{host}{_unusual_port(frame, 'Port')}",
    )


def heard_of_chan_sip(event: Frame) -> OutboundRegistration | None:
    """A registration of chan_sip as its event tells of it, by the name that it has in a list, as a rule.

    None: it is of another driver. Those of IAX2 are not followed: one whose server is dead makes no event.
    """
    user, host = readable(event.get("Username", "")), readable(event.get("Domain", ""))
    if event.get("ChannelType") != "SIP" or not host:
        return None
    return OutboundRegistration(
        f"SIP/{user}@{host}", user, f"sip:{host}", readable(event.get("Status", "")), technology="SIP"
    )


def told_apart(found: Sequence[OutboundRegistration]) -> list[OutboundRegistration]:
    """Give those that would have the same name their longer one, with the domain and port that are not the usual ones.

    What is alone keeps the short one: its history goes by that.
    """
    alike = Counter(registration.name for registration in found)
    return [
        replace(registration, name=registration.longer_name) if alike[registration.name] > 1 else registration
        for registration in found
    ]


def _unusual_port(frame: Frame, field: str) -> str:
    """``:5080``; "" for the port that SIP has as a rule."""
    port = readable(frame.get(field, ""))
    if port in ("", "0", USUAL_PORT):
        return ""
    return f":{port}"


def attempt_of(event: Frame) -> RegistrationAttempt | None:
    """Read an event; None: it does not say of which registration, or no word that tells how that stands."""
    technology, user, server, status, cause = (
        readable(event.get(name, "")) for name in ("ChannelType", "Username", "Domain", "Status", "Cause")
    )
    if technology in OLDER_LISTS.values():
        server = f"{technology.lower()}:{server}"
    if not (technology and user and host_of(server) and is_state(status)):
        return None
    return RegistrationAttempt(technology, (user, server), status, cut(cause, LONGEST_CAUSE))


def is_state(status: str) -> bool:
    """Whether this word of Asterisk's says how a registration stands."""
    return status == REGISTERED or status in NOT_REGISTERED


def readable(text: str) -> str:
    """A text that can be kept and shown: bytes that are no UTF-8 become question marks, and it is cut."""
    if text.isascii():
        return shortened(text)
    return shortened(text.encode("utf-8", "surrogateescape").decode("utf-8", "replace"))


def number(text: str) -> int | None:
    """A whole number of seconds, of times, of rows; None: that is none, or a larger one than Asterisk has."""
    if text.isascii() and text.isdigit() and len(text) <= LONGEST_NUMBER:
        return int(text)
    return None


def _known_or_endless(frame: Frame, header: str) -> int:
    """A number of which nothing follows where it cannot be read."""
    found = number(frame.get(header, ""))
    if found is None:
        return ENDLESS
    return found
