"""Hands out loopback addresses so that test processes which run side by side never meet.

Each process owns one network 127.N.0.0/16. The claim is a socket with an abstract name: the kernel
lets only one process have it, and frees it when that process ends, however it ends.
"""

import itertools
import os
import socket
import threading

from .errors import LabError

#: 127.0.x.y is left to everything else on the machine.
FIRST, LAST = 1, 250


class Addresses:
    """One process's own loopback addresses; may be used by several threads."""

    def __init__(self) -> None:
        self._claim, self.network_number = _claim_network()
        self._subnets = itertools.count(1)
        self._lock = threading.Lock()
        self._pbx_subnet = self.subnet()
        self._hosts = itertools.count(1)

    def address(self) -> str:
        """A fresh address, e.g. "127.7.1.3"."""
        with self._lock:
            host = next(self._hosts)
            if host > 254:
                self._pbx_subnet, self._hosts = self.subnet(), itertools.count(2)
                host = 1
            return f"{self._pbx_subnet}.{host}"

    def subnet(self) -> str:
        """The first three numbers of a fresh /24, e.g. "127.7.2": a site of its own, with hosts .1 to .254."""
        number = next(self._subnets)
        if number > 254:
            raise LabError("this test process used up its 254 loopback networks")
        return f"127.{self.network_number}.{number}"


def _claim_network() -> tuple[socket.socket, int]:
    count = LAST - FIRST + 1
    for offset in range(count):
        number = FIRST + (os.getpid() + offset) % count
        claim = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            claim.bind(f"\0healthmon-lab-127.{number}")
        except OSError:
            claim.close()
        else:
            return claim, number
    raise LabError(f"all {count} loopback networks of the lab are in use")


_ours: Addresses | None = None
_ours_lock = threading.Lock()


def addresses() -> Addresses:
    """This process's addresses, claimed at the first call."""
    global _ours  # noqa: PLW0603 - one claim per process is the point
    with _ours_lock:
        if _ours is None:
            _ours = Addresses()
        return _ours
