"""A peer that sends in drops is given up as soon as one that is silent, and one that never ends is given up too.

The rule, for whatever a peer sends as one piece (an answer with all of its headers, a handshake, a message):

* **Its first byte** comes within the time that the caller gives it.
* **From its first byte on**, each further 80,000 bytes, or the rest, come within 5 s: 16 kB/s. What is small and is
  complete within 5 s has no rate to keep.
* **All of it** comes within 30 s, and is no longer than the caller allows.

Times are those of a steady clock. The remaining time is the time-out of the socket: no thread and no timer is needed.
"""

from __future__ import annotations

import socket
import time

from msgspec import Struct

#: So many bytes, or the rest, must come within so many seconds: 16 kB/s.
SHARE_BYTES, SHARE_WITHIN = 80_000, 5.0
#: From its first byte to its last (seconds).
WHOLE_WITHIN = 30.0
#: What stands before a body: all header lines, also those of "100 Continue" (bytes).
LARGEST_HEADER = 256 * 1024


class PeerLimits(Struct, frozen=True):
    """What a peer may send as one piece, and for how long after its first byte."""

    #: Everything together, as it comes over the line (bytes).
    largest: int
    largest_header: int = LARGEST_HEADER
    whole_within: float = WHOLE_WITHIN
    share_within: float = SHARE_WITHIN


class BadPace(OSError):
    """What a peer sends breaks the limits; ``str()`` goes on after "its answer …".

    An OSError, so that each HTTP library wraps it like a connection that broke off. No TimeoutError: those say that
    nothing came, and libraries wait on after some of them.
    """


class TooSlow(BadPace):
    """It comes in drops, or not to an end."""


class TooLong(BadPace):
    """It is longer than anything that was asked for."""


class Pace:
    """Whether what a peer has begun to send keeps the limits. Owned by one thread; time is an argument."""

    def __init__(self, limits: PeerLimits) -> None:
        self._limits = limits
        self._begun_at: float | None = None
        self._received = 0
        self._share_begun_at = 0.0
        self._share_received = 0

    def left(self, now: float) -> float | None:
        """How long to wait for more (seconds); None: nothing has come yet. Raises TooSlow."""
        if self._begun_at is None:
            return None
        left = min(self._begun_at + self._limits.whole_within, self._share_ends_at()) - now
        if left <= 0:
            raise self.too_slow()
        return left

    def take(self, received: int, now: float) -> None:
        """Count what came. Raises TooLong."""
        if self._begun_at is None:
            self._begun_at = self._share_begun_at = now
        self._received += received
        self._share_received += received
        if self._received > self._limits.largest:
            raise TooLong(f"is longer than {_size(self._limits.largest)}")
        if self._share_received >= SHARE_BYTES:
            self._share_begun_at, self._share_received = now, 0

    def too_slow(self) -> TooSlow:
        """Say which of the two times is over, or will be over first."""
        if (self._begun_at or 0.0) + self._limits.whole_within <= self._share_ends_at():
            return TooSlow(f"does not end: {_size(self._received)} in {self._limits.whole_within:g} s")
        return TooSlow(f"comes in drops: {_size(self._share_received)} in {self._limits.share_within:g} s")

    def _share_ends_at(self) -> float:
        return self._share_begun_at + self._limits.share_within


def receive(connection: socket.socket, size: int, pace: Pace, patience: float | None) -> bytes:
    """Receive up to so many bytes; b"": the peer has closed.

    ``patience``: how long to wait for any byte (seconds; None: for ever). Raises TimeoutError when that was too short,
    BadPace, and what a socket raises.
    """
    left = pace.left(time.monotonic())
    wait = patience if left is None or (patience is not None and patience < left) else left
    connection.settimeout(wait)
    try:
        received = connection.recv(size)
    except TimeoutError:
        if wait == left:
            raise pace.too_slow() from None
        raise
    pace.take(len(received), time.monotonic())
    return received


def what_is_left(timeout: float, begun: float) -> float:
    """How much is left of a time that began then (seconds); never 0, which means something else to a socket."""
    return max(timeout - (time.monotonic() - begun), 0.001)


def _size(size_bytes: int) -> str:
    if size_bytes < 10_000:
        return f"{size_bytes} byte{'' if size_bytes == 1 else 's'}"
    return f"{size_bytes // 1000} kB"
