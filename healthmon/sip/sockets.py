"""All sockets of our own OPTIONS: one for UDP and each kind of addresses, and a connection for each TCP and TLS one."""

from __future__ import annotations

import selectors
import socket
import ssl
import struct
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress

from msgspec import Struct

from healthmon.config.values import OwnAddress
from healthmon.sip.connections import Broken, NotTrusted, SipConnection
from healthmon.sip.destinations import Remote, Transport
from healthmon.sip.messages import LARGEST

#: So many datagrams of one socket are taken at once, and for so long (seconds): a flood keeps nothing else waiting.
AT_ONCE = 1000
LONGEST_READING = 0.02
#: Linux' SO_TIMESTAMPNS, as <asm-generic/socket.h> has it: with each datagram comes when it arrived, by the wall clock
#: (seconds and nanoseconds). Python has no name for it.
_TIMESTAMPS = 35
_ARRIVED_AT = struct.Struct("@ll")
#: So many connections are open at most; a process has 1,024 files mostly, and ours needs some for all else.
MOST_CONNECTIONS = 200


class Came(Struct, frozen=True):
    """A message came from somewhere. ``certificate``: what is the matter with that of its connection."""

    raw: bytes
    source: Remote
    certificate: str = ""
    #: How long it had waited in its socket when it was read (seconds), where that is known.
    waited: float = 0.0


class Failed(Struct, frozen=True):
    """The connection of a request cannot be made, or broke off."""

    branch: str
    why: str


class Carried(Struct):
    """A request that is carried by a connection of its own."""

    branch: str
    packet: bytes
    host: str
    connection: SipConnection
    #: Why its certificate was not taken; it is asked without, then.
    trouble: str = ""


class Sockets:
    """Sends and receives without ever waiting, but in ``wait()``. Owned by one thread; any may call ``wake()``."""

    def __init__(
        self, probe_from: OwnAddress, wall: Callable[[], float], trusted: ssl.SSLContext | None = None
    ) -> None:
        """Open none yet. ``probe_from``: where datagrams leave from.

        ``trusted``: whose certificates are taken; None: those that the system trusts.
        """
        self._from = probe_from
        self._wall = wall
        self._trusted = trusted
        self._selector = selectors.DefaultSelector()
        self._datagrams: dict[int, socket.socket] = {}
        #: What had come before has been read (steady clock).
        self._read_until = time.monotonic()
        self._carried: dict[str, Carried] = {}
        self._woken, self._waker = socket.socketpair()
        self._woken.setblocking(False)
        self._waker.setblocking(False)
        self._selector.register(self._woken, selectors.EVENT_READ)

    def wake(self) -> None:
        """Have ``wait()`` return."""
        # Full: it is awake already. Closed: there is nobody to wake.
        with suppress(OSError):
            self._waker.send(b"w")

    def local_address(self, remote: Remote) -> tuple[str, int]:
        """Our address as that server sees it, and our port. Raises OSError: we have no way there."""
        family = _family_of(remote)
        with socket.socket(family, socket.SOCK_DGRAM) as trial:
            if address := self._bind_address(family):
                trial.bind((address, 0))
            trial.connect((remote.address, remote.port))
            ours = str(trial.getsockname()[0])
        if remote.transport is not Transport.UDP:
            return ours, self._from.port or 5060
        return ours, int(self._datagram_socket(family).getsockname()[1])

    def send(self, remote: Remote, packet: bytes) -> None:
        """Send a datagram. Raises OSError. What there is no room for is lost, as on the way; it is sent again."""
        with suppress(BlockingIOError):
            self._datagram_socket(_family_of(remote)).sendto(packet, (remote.address, remote.port))

    def carry(self, remote: Remote, packet: bytes, branch: str, host: str) -> None:
        """Send a request by a connection of its own; ``host``: whose certificate it must show. Raises OSError."""
        tls = None
        if remote.transport is Transport.TLS:
            if self._trusted is None:
                self._trusted = ssl.create_default_context()
            tls = self._trusted
        self._keep(Carried(branch, packet, host, self._connection(remote, packet, tls, host)))

    @property
    def has_room(self) -> bool:
        """Whether one more connection may be opened: of a thousand servers that are silent all at once not all are."""
        return len(self._carried) < MOST_CONNECTIONS

    def written_at(self, branch: str) -> float | None:
        """When all of a request had left (steady clock); None: it is not carried by a connection, or has not left."""
        carried = self._carried.get(branch)
        if carried is None:
            return None
        return carried.connection.written_at

    def drop(self, branch: str) -> None:
        """Close the connection of a request, if it has one."""
        carried = self._carried.pop(branch, None)
        if carried is not None:
            self._selector.unregister(carried.connection.socket)
            carried.connection.close()

    @property
    def behind(self) -> float:
        """What came longer ago than this has been read (seconds), once all that ``wait()`` gave was taken."""
        return time.monotonic() - self._read_until

    def wait(self, seconds: float) -> Iterator[Came | Failed]:
        """Wait for so long at most; give what came. Of datagrams more may wait than are given: see ``behind``."""
        read_until = time.monotonic()
        for key, _ in self._selector.select(seconds):
            if key.data is not None:
                yield from self._advance(key.data)
            elif key.fileobj is self._woken:
                with suppress(BlockingIOError):
                    while self._woken.recv(4096):
                        pass
            elif isinstance(key.fileobj, socket.socket):
                until = yield from _datagrams(key.fileobj, self._read_until)
                read_until = min(read_until, until)
        self._read_until = read_until

    def close(self) -> None:
        """Close all of them."""
        for branch in list(self._carried):
            self.drop(branch)
        for opened in (*self._datagrams.values(), self._woken, self._waker):
            opened.close()
        self._datagrams.clear()
        self._selector.close()

    # ------------------------------------------------------------ datagrams

    def _datagram_socket(self, family: int) -> socket.socket:
        known = self._datagrams.get(family)
        if known is not None:
            return known
        opened = socket.socket(family, socket.SOCK_DGRAM)
        try:
            opened.setblocking(False)
            # A system that has no such times: a datagram counts as come when it is read.
            with suppress(OSError):
                opened.setsockopt(socket.SOL_SOCKET, _TIMESTAMPS, 1)
            address = self._bind_address(family)
            opened.bind((address, self._from.port if address or not self._from.address else 0))
        except OSError:
            opened.close()
            raise
        self._selector.register(opened, selectors.EVENT_READ)
        self._datagrams[family] = opened
        return opened

    def _bind_address(self, family: int) -> str:
        """Our own address of that kind; "": none is configured."""
        is_of_family = (":" in self._from.address) == (family == socket.AF_INET6)
        return self._from.address if is_of_family else ""

    # ------------------------------------------------------------ connections

    def _connection(self, remote: Remote, packet: bytes, tls: ssl.SSLContext | None, host: str) -> SipConnection:
        return SipConnection(remote, packet, self._bind_address(_family_of(remote)), tls, host)

    def _keep(self, carried: Carried) -> None:
        self._carried[carried.branch] = carried
        self._selector.register(carried.connection.socket, carried.connection.wants, carried)

    def _advance(self, carried: Carried) -> Iterator[Came | Failed]:
        """Move a connection on."""
        if not self._is_carried(carried):
            # What was heard a moment ago has ended it.
            return
        connection = carried.connection
        try:
            for raw in connection.advance():
                # One that nobody trusts may end soon as well; that it has expired may be known already.
                troubles = dict.fromkeys((carried.trouble, connection.certificate_trouble(self._wall())))
                yield Came(raw, connection.remote, "; ".join(filter(None, troubles)))
        except NotTrusted as error:
            yield from self._ask_all_the_same(carried, str(error))
            return
        except Broken as error:
            # Its answer may have come just before.
            if self._is_carried(carried):
                self.drop(carried.branch)
                yield Failed(carried.branch, "; ".join(filter(None, (carried.trouble, str(error)))))
            return
        if self._is_carried(carried):
            self._selector.modify(connection.socket, connection.wants, carried)

    def _is_carried(self, carried: Carried) -> bool:
        return self._carried.get(carried.branch) is carried

    def _ask_all_the_same(self, carried: Carried, why: str) -> Iterator[Failed]:
        """Asterisk does not look at certificates unless it is told to: say what is wrong, and whether it answers."""
        remote = carried.connection.remote
        self.drop(carried.branch)
        any_certificate = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        any_certificate.check_hostname = False
        any_certificate.verify_mode = ssl.CERT_NONE
        try:
            connection = self._connection(remote, carried.packet, any_certificate, carried.host)
        except OSError as error:
            yield Failed(carried.branch, str(error))
            return
        self._keep(Carried(carried.branch, carried.packet, carried.host, connection, why))


def _family_of(remote: Remote) -> socket.AddressFamily:
    if ":" in remote.address:
        return socket.AF_INET6
    return socket.AF_INET


def _datagrams(opened: socket.socket, read_until: float) -> Generator[Came, None, float]:
    """Give what waits in a socket, for a while; return until when all that came has been read now (steady clock).

    ``read_until``: the same, before.
    """
    begun = arrived_at = time.monotonic()
    for _ in range(AT_ONCE):
        try:
            raw, ancillary, _, place = opened.recvmsg(LARGEST + 1, socket.CMSG_SPACE(_ARRIVED_AT.size))
        except BlockingIOError:
            return begun
        except OSError:
            # The error of something that was sent earlier; what was sent is sent again.
            continue
        read_at = time.monotonic()
        # The wall clock may have been set meanwhile: it came after what was read before, and not later than now.
        waited = max(0.0, min(_waited(ancillary), read_at - read_until))
        arrived_at = read_at - waited
        yield Came(raw, Remote(Transport.UDP, str(place[0]), int(place[1])), waited=waited)
        if time.monotonic() >= begun + LONGEST_READING:
            break
    return arrived_at


def _waited(ancillary: list[tuple[int, int, bytes]]) -> float:
    """How long ago a datagram arrived, by the wall clock (seconds); 0: the system does not say."""
    for level, kind, data in ancillary:
        if (level, kind, len(data)) == (socket.SOL_SOCKET, _TIMESTAMPS, _ARRIVED_AT.size):
            seconds, nanoseconds = _ARRIVED_AT.unpack(data)
            return time.time() - (int(seconds) + int(nanoseconds) / 1e9)
    return 0.0
