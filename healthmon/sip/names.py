"""The addresses of a SIP server, by RFC 3263: its SRV records with their priorities and weights, then all A and AAAA.

NAPTR records are not asked for: they may lead to a transport that Asterisk does not have (docs/decisions/0074).
It takes as long as the name servers do, up to 20 seconds for each name.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Iterable, Iterator
from typing import Any

import dns.resolver
from msgspec import Struct

from healthmon.errors import HealthmonError
from healthmon.sip.destinations import USUAL_PORTS, Hop, Remote, Transport
from healthmon.wire.failures import failures_of_the_peer
from healthmon.wire.names import RESOLVER

#: How long name servers may take for one question (seconds).
NAME_SERVERS_ANSWER_WITHIN = 4.0
#: … and all of them for all questions about one name: others wait for it (seconds).
WHOLE_NAME_WITHIN = 20.0
#: More servers of one name are not looked up, and more addresses of it are not asked.
MOST_ADDRESSES = 16
#: What name servers say is asked again after their own time, within these bounds (seconds).
SHORTEST, LONGEST = 30.0, 3600.0
#: What the system knows by itself does not say for how long (seconds).
UNKNOWN = 300.0

_SERVICES = {Transport.UDP: "_sip._udp", Transport.TCP: "_sip._tcp", Transport.TLS: "_sips._tcp"}


class NameTrouble(HealthmonError):
    """Name servers, or the library that asks them, do not say where a host is; ``str()`` says why."""

    @classmethod
    def of(cls, error: Exception) -> NameTrouble:
        """Make it of what was raised."""
        if isinstance(error, dns.resolver.LifetimeTimeout):
            return cls("no name server answers")
        if isinstance(error, socket.gaierror):
            return cls(str(error.strerror or error))
        return cls(type(error).__name__)


class Found(Struct, frozen=True):
    """What a name led to."""

    #: Those that are to be tried first stand first.
    remotes: tuple[Remote, ...]
    #: For how long that holds, seconds.
    holds_for: float
    #: Why there are none; "": there are.
    why: str = ""


class SipServer(Struct, frozen=True):
    """One host that serves a name, and how willingly: a lower priority first, a higher weight more often."""

    host: str
    port: int
    priority: int = 0
    weight: int = 0


class Names:
    """Asks name servers. ``resolver``: the system's, as it is configured at each moment, unless another is given.

    ``within``: how long all questions about one name may take (seconds).
    """

    def __init__(self, resolver: dns.resolver.Resolver | None = None, within: float = WHOLE_NAME_WITHIN) -> None:
        self._given = resolver
        self._within = within

    def look_up(self, hop: Hop) -> Found:
        """Find all addresses of a server. It never raises for what name servers do."""
        numeric = _numeric(hop.host)
        if numeric:
            return Found((Remote(hop.transport, numeric, hop.port or USUAL_PORTS[hop.transport]),), LONGEST)
        try:
            with failures_of_the_peer(NameTrouble.of):
                lookup = _Lookup(self._given or dns.resolver.Resolver(), time.monotonic() + self._within)
                remotes, holds_for = lookup.remotes(hop)
        except NameTrouble as trouble:
            return Found((), SHORTEST, f"the name {hop.host} cannot be looked up: {trouble}")
        if not remotes:
            return Found((), SHORTEST, f"the name {hop.host} has no address")
        return Found(remotes[:MOST_ADDRESSES], max(SHORTEST, holds_for))


class _Lookup:
    """All questions about one name."""

    def __init__(self, resolver: dns.resolver.Resolver, ends_at: float) -> None:
        self._resolver = resolver
        self._ends_at = ends_at
        self._holds_for = LONGEST
        #: The first question that was not answered; it matters only if nothing else was.
        self._trouble: Exception | None = None

    def remotes(self, hop: Hop) -> tuple[tuple[Remote, ...], float]:
        """The addresses, and for how long they hold.

        What one question leads to is taken whatever becomes of the others. Where none leads anywhere, it raises what
        the library and the system's resolver raise.
        """
        servers: list[SipServer] = []
        if not hop.port:
            servers = self._srv(hop)
        if not servers:
            servers = [SipServer(hop.host, hop.port or USUAL_PORTS[hop.transport])]
        remotes = self._remotes_of(hop.transport, servers)
        if self._trouble is not None:
            if not remotes:
                raise self._trouble
            # Soon there may be more.
            self._holds_for = min(self._holds_for, UNKNOWN)
        return remotes, self._holds_for

    def _remotes_of(self, transport: Transport, servers: Iterable[SipServer]) -> tuple[Remote, ...]:
        """The addresses of these servers, as far as they can be found in time."""
        found: dict[Remote, None] = {}
        for server in servers:
            if len(found) >= MOST_ADDRESSES:
                break
            if not self._time_left():
                self._note_trouble(socket.gaierror(socket.EAI_AGAIN, "its name servers take too long"))
                break
            for address in self._addresses(server.host):
                found[Remote(transport, address, server.port)] = None
        return tuple(found)

    def _time_left(self) -> float:
        """How long the next question may take (seconds); 0.0: there is no time for one."""
        return max(0.0, min(NAME_SERVERS_ANSWER_WITHIN, self._ends_at - time.monotonic()))

    def _srv(self, hop: Hop) -> list[SipServer]:
        """The servers of a name, the most wanted first; none: it has no SRV records."""
        records = self._ask(f"{_SERVICES[hop.transport]}.{hop.host}", "SRV")
        servers = [
            SipServer(str(record.target).rstrip("."), record.port, record.priority, record.weight) for record in records
        ]
        # A target of "." says that there is no such service.
        return in_order(server for server in servers if server.host and server.port)[:MOST_ADDRESSES]

    def _addresses(self, host: str) -> list[str]:
        numeric = _numeric(host)
        if numeric:
            return [numeric]
        # Name servers turn them round each time: here they stand in one order.
        found = [
            address for kind in ("A", "AAAA") for address in sorted(str(record) for record in self._ask(host, kind))
        ]
        if found:
            return found
        # The hosts file, and what else the system knows.
        self._holds_for = min(self._holds_for, UNKNOWN)
        try:
            return [str(address.place[0]) for address in RESOLVER.addresses(host, self._time_left())]
        except (OSError, UnicodeError) as error:
            self._note_trouble(error)
            return []

    def _ask(self, name: str, kind: str) -> Iterator[Any]:
        """The records of one kind; none: there are none, or no such name."""
        try:
            answer = self._resolver.resolve(name, kind, lifetime=self._time_left())
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return
        except dns.exception.DNSException as error:
            self._note_trouble(error)
            return
        if answer.rrset is not None:
            self._holds_for = min(self._holds_for, float(answer.rrset.ttl))
            yield from answer.rrset

    def _note_trouble(self, error: Exception) -> None:
        if self._trouble is None:
            self._trouble = error


def in_order(servers: Iterable[SipServer]) -> list[SipServer]:
    """By priority, and within one the heavier first: nothing is left to chance, nor to how name servers turn them."""
    return sorted(servers, key=lambda server: (server.priority, -server.weight, server.host, server.port))


def _numeric(host: str) -> str:
    """The address that is written there; "": it is a name."""
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            return socket.inet_ntop(family, socket.inet_pton(family, host))
        except OSError:
            continue
    return ""
