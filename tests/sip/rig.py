"""A prober with real sockets, which the test itself turns."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable

from healthmon.config.values import OwnAddress
from healthmon.model import SipWay
from healthmon.sip.destinations import Destination, Hop, Remote, destination_of
from healthmon.sip.names import Names
from healthmon.sip.prober import Conclusion, Prober, Times
from healthmon.sip.sockets import Sockets

#: No test waits for longer (seconds).
PATIENCE = 20.0


class CountingSockets(Sockets):
    """Counts what is sent."""

    sent = 0

    def send(self, remote: Remote, packet: bytes) -> None:
        """Send it."""
        self.sent += 1
        super().send(remote, packet)


class Rig:
    """A prober, whose thread is the test."""

    def __init__(self, probe_from: OwnAddress | None = None, trusted: ssl.SSLContext | None = None) -> None:
        self.sockets = CountingSockets(probe_from or OwnAddress(), time.time, trusted)
        self.to_look_up: list[Hop] = []
        #: So much later than it is the prober believes it to be (seconds).
        self.later = 0.0
        times = Times(lambda: time.monotonic() + self.later, time.monotonic, lambda seconds: f"+{seconds:g}")
        self.prober = Prober(self.sockets, self.to_look_up.append, times)
        self.names = Names()
        self.found: list[Conclusion] = []

    def ask(self, uri: str, every: float = 60.0, proxy: str = "") -> Destination:
        """Have a contact asked."""
        destination = destination_of(SipWay(uri, proxy))
        assert destination is not None
        self.prober.ask(destination, every)
        return destination

    def next(self) -> Conclusion:
        """The next that is found."""
        self.turn_until(lambda: bool(self.found))
        return self.found.pop(0)

    def turn_until(self, condition: Callable[[], bool]) -> None:
        """Go on until something is so."""
        end = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < end
            while self.to_look_up:
                hop = self.to_look_up.pop()
                self.prober.found(hop, self.names.look_up(hop))
            self.found += self.prober.turn()
