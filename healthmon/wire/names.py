"""The address of a host, within a time, though nothing can interrupt the system's resolver.

A name server that is dead keeps ``getaddrinfo()`` for 10 s and more. So a thread of its own asks, and whoever wants to
know waits for as long as he can, and goes on without it. The thread ends when the resolver has given up; until then
everybody who asks for the same name waits for the same thread: there is one for a name at most.

What a name led to is remembered for a day, and used while no name server answers: that is what resolvers do, too
(RFC 8767, "Serving Stale Data"). The name stays what certificates are compared with. A name of which the name server
says that it does not exist is forgotten.
"""

from __future__ import annotations

import copy
import socket
import time
from threading import Event, Thread
from typing import Any, NamedTuple

#: What a name led to is used for so long while no name server answers (seconds).
KEPT_FOR = 86_400.0
#: … and so long after a lookup has begun that does not end (seconds).
KNOWN_AFTER = 1.0
#: The answers that say that there is no such name; all others say that nobody could be asked.
_NO_SUCH_NAME = (socket.EAI_NONAME, socket.EAI_NODATA)


class SocketAddress(NamedTuple):
    """A host's address, as a socket takes it."""

    family: int
    kind: int
    protocol: int
    #: Its address and a port, which has no meaning; with IPv6 also the flow and the scope.
    place: tuple[Any, ...]

    def at(self, port: int) -> tuple[Any, ...]:
        """What ``connect()`` takes."""
        return (self.place[0], port, *self.place[2:])


class Resolved(NamedTuple):
    """What a name led to, and when that was (steady clock)."""

    addresses: list[SocketAddress]
    at: float


class Lookup:
    """One question to the resolver: one thread asks, any number of threads wait."""

    def __init__(self, host: str) -> None:
        self.host = host
        self.begun = time.monotonic()
        self.ended = Event()
        self.addresses: list[SocketAddress] = []
        self.error: Exception | None = None

    def ask(self) -> None:
        """Ask, however long that takes."""
        try:
            self.addresses = _asked(self.host)
        except Exception as error:  # noqa: BLE001 - it belongs to those who wait, and this thread must not die of it
            self.error = error

    def says_that_there_is_none(self) -> bool:
        """Whether a name server has answered that there is no such name."""
        return isinstance(self.error, socket.gaierror) and self.error.errno in _NO_SUCH_NAME


class Resolver:
    """Looks up names. Threads share it without a lock: ``dict.setdefault`` decides whose lookup is under way."""

    def __init__(self) -> None:
        self._under_way: dict[str, Lookup] = {}
        # As many as the configuration has names.
        self._known: dict[str, Resolved] = {}

    def addresses(self, host: str, within: float) -> list[SocketAddress]:
        """The addresses of a host, after so many seconds at most. Raises OSError and UnicodeError, as resolvers do."""
        numeric = _numeric(host)
        if numeric:
            return numeric
        lookup = self._lookup(host)
        known = self._recently_known(host)
        patience = within
        if known:
            patience = min(within, lookup.begun + KNOWN_AFTER - time.monotonic())
        has_ended = lookup.ended.wait(max(patience, 0.0))
        if lookup.addresses:
            return lookup.addresses
        if known and not lookup.says_that_there_is_none():
            return known
        if not has_ended:
            raise socket.gaierror(socket.EAI_AGAIN, f"no answer of a name server within {within:g} s")
        # A copy: several threads may raise it at once.
        raise copy.copy(lookup.error) or socket.gaierror(socket.EAI_NODATA, "the name has no address")

    def _lookup(self, host: str) -> Lookup:
        """The lookup of this name that is under way, or one that begins."""
        ours = Lookup(host)
        lookup = self._under_way.setdefault(host, ours)
        if lookup is ours:
            try:
                Thread(target=self._look_up, args=(ours,), name="lookup", daemon=True).start()
            except RuntimeError:
                # No further thread can be had: better late than never.
                self._look_up(ours)
        return lookup

    def _look_up(self, lookup: Lookup) -> None:
        lookup.ask()
        if lookup.addresses:
            self._known[lookup.host] = Resolved(lookup.addresses, time.monotonic())
        elif lookup.says_that_there_is_none():
            self._known.pop(lookup.host, None)
        self._under_way.pop(lookup.host, None)
        lookup.ended.set()

    def _recently_known(self, host: str) -> list[SocketAddress]:
        known = self._known.get(host)
        if known is None or time.monotonic() - known.at > KEPT_FOR:
            return []
        return known.addresses


def _asked(host: str, flags: int = 0) -> list[SocketAddress]:
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=flags)
    return [SocketAddress(family, kind, protocol, place) for family, kind, protocol, _name, place in found]


def _numeric(host: str) -> list[SocketAddress]:
    """The address that is written there; empty: it is a name. Asks nobody."""
    try:
        return _asked(host, socket.AI_NUMERICHOST)
    except (OSError, UnicodeError):
        return []


#: The one of this process.
RESOLVER = Resolver()
