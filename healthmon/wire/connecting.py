"""Connections to a host, with one deadline for the lookup of its name and for all of its addresses."""

from __future__ import annotations

import errno
import socket
import time
from collections.abc import Iterable
from ipaddress import ip_address

from healthmon.wire import names
from healthmon.wire.names import SocketAddress
from healthmon.wire.pace import what_is_left

#: Our own machine has no way to an address of this kind: with another address of the host that says nothing of it.
_NO_WAY = (errno.ENETUNREACH, errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)
#: As ``setsockopt()`` takes them.
SocketOption = tuple[int, int, int | bytes]


def connect(host: str, port: int, timeout: float, options: Iterable[SocketOption] = ()) -> socket.socket:
    """Open a TCP connection within so many seconds, the lookup included; the socket has that time-out then.

    Each address has its share of the time: one that is dead leaves the next one some. Raises OSError and UnicodeError.
    """
    begun = time.monotonic()
    addresses = names.RESOLVER.addresses(host.strip("[]"), timeout)
    errors: list[OSError] = []
    try:
        for number, address in enumerate(addresses):
            share = what_is_left(timeout, begun) / (len(addresses) - number)
            try:
                connection = _connected(address, port, share, options)
            except OSError as error:
                errors.append(error)
            else:
                connection.settimeout(timeout)
                return connection
        raise _most_telling(errors)
    finally:
        # An error holds this frame. If that held the error, both would stay until the garbage collector looks.
        errors.clear()


def _connected(address: SocketAddress, port: int, timeout: float, options: Iterable[SocketOption]) -> socket.socket:
    connection = socket.socket(address.family, address.kind, address.protocol)
    try:
        for option in options:
            connection.setsockopt(*option)
        connection.settimeout(timeout)
        connection.connect(address.at(port))
    except BaseException:
        connection.close()
        raise
    return connection


def _most_telling(errors: list[OSError]) -> OSError:
    """The last error that says something of the host, and not of our own machine."""
    of_the_host = [error for error in errors if error.errno not in _NO_WAY]
    return (of_the_host or errors)[-1]


def leads_to_ourselves(ours: str, theirs: str) -> bool:
    """Whether a connection between two addresses does not leave this machine.

    Who connects to an address of this machine does so from that address; all of 127.0.0.0/8 is reached from one.
    """
    return ours == theirs or ip_address(theirs.partition("%")[0]).is_loopback
