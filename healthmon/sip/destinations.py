"""Where an OPTIONS goes that asks one contact: the next hop, and what is written into the request. Pure."""

from __future__ import annotations

import re
from ipaddress import IPv6Address
from typing import NamedTuple

from healthmon.model import SipWay, Word
from healthmon.text.sipuri import host_of


class Transport(Word):
    """What carries SIP."""

    UDP = "UDP"
    TCP = "TCP"
    TLS = "TLS"


#: Where a server listens whose URI names no port.
USUAL_PORTS = {Transport.UDP: 5060, Transport.TCP: 5060, Transport.TLS: 5061}

_NAME = re.compile(r"[a-z0-9]([a-z0-9_.-]*[a-z0-9])?\.?")
_NO_URI = re.compile(r"[\s\x00-\x1f\x7f]")
_PORT = re.compile(r":(\d{1,5})(?=[;?>]|$)")
_TRANSPORT = re.compile(r";transport=([a-z]+)", re.IGNORECASE)


class Hop(NamedTuple):
    """The server that a request is sent to, as a URI names it."""

    transport: Transport
    #: A name, or an address; IPv6 without its brackets.
    host: str
    #: 0: that of its SRV records, or else the usual one.
    port: int = 0


class Destination(NamedTuple):
    """Whom an OPTIONS asks, and by which way."""

    hop: Hop
    request_uri: str
    #: The URI of the proxy that it goes through; "": there is none.
    route: str = ""


class Remote(NamedTuple):
    """One address of a server."""

    transport: Transport
    address: str
    port: int

    def __str__(self) -> str:
        """Say ``UDP 192.0.2.1:5060``."""
        return f"{self.transport} {in_uri(self.address)}:{self.port}"


def destination_of(way: SipWay) -> Destination | None:
    """Say where to ask about a contact; None: that cannot be asked (a WebSocket, or no host).

    The host itself is asked, not a user at it: providers that share a host are asked by one request.
    """
    hop = hop_of(way.uri)
    if hop is None:
        return None
    request_uri = uri_of(hop)
    if not way.proxy:
        return Destination(hop, request_uri)
    proxy = hop_of(way.proxy)
    if proxy is None:
        return None
    return Destination(proxy, request_uri, f"{uri_of(proxy)};lr")


def hop_of(uri: str) -> Hop | None:
    """The server that ``sip:101@sip.example.net:5070;transport=tcp`` names; None: it names none that can be asked."""
    uri = uri.strip("<>")
    if not uri.isascii() or _NO_URI.search(uri):
        return None
    scheme, _, rest = uri.partition(":")
    transport = _transport_of(scheme.lower(), rest)
    host = host_of(uri)
    if transport is None or not _is_host(host):
        return None
    port = _port_of(rest.rpartition("@")[2])
    if port is None:
        return None
    return Hop(transport, host, port)


def uri_of(hop: Hop) -> str:
    """Write ``sip:sip.example.net:5070;transport=TCP``."""
    uri = f"sip:{in_uri(hop.host)}"
    if hop.port:
        uri = f"{uri}:{hop.port}"
    if hop.transport is not Transport.UDP:
        uri = f"{uri};transport={hop.transport.lower()}"
    return uri


def in_uri(host: str) -> str:
    """A host as it stands in a URI: IPv6 in brackets."""
    if ":" in host:
        return f"[{host}]"
    return host


def _transport_of(scheme: str, rest: str) -> Transport | None:
    if scheme == "sips":
        return Transport.TLS
    if scheme != "sip":
        return None
    named = _TRANSPORT.search(rest)
    if named is None:
        return Transport.UDP
    try:
        return Transport(named[1].upper())
    except ValueError:
        return None


def _is_host(host: str) -> bool:
    if ":" not in host:
        return _NAME.fullmatch(host) is not None
    try:
        IPv6Address(host)
    except ValueError:
        return False
    return True


def _port_of(place: str) -> int | None:
    """The port of ``sip.example.net:5070;lr``; 0: it names none; None: no such port exists."""
    found = _PORT.search(place.partition("]")[2] or place)
    if found is None:
        return 0
    port = int(found[1])
    if 0 < port < 65536:
        return port
    return None
