"""HTTP answers that are read within limits, by http.client and by all that is built on it."""

from __future__ import annotations

import http.client
import io
import socket
from typing import Any

from healthmon.wire.pace import Pace, PeerLimits, TooLong, receive


class BoundedAnswer(http.client.HTTPResponse):
    """An answer whose status line, headers, body, chunk sizes and trailers are read within limits.

    Each connection of http.client makes its answers by its ``response_class``; give it
    ``functools.partial(BoundedAnswer, limits)``. The time-out that the socket has then is the time to the first byte.
    Whatever breaks the limits raises BadPace, an OSError, out of the call that reads.
    """

    def __init__(self, limits: PeerLimits, connection: socket.socket, *arguments: Any, **options: Any) -> None:
        super().__init__(connection, *arguments, **options)
        self._bytes = _BoundedBytes(connection, self.fp.detach(), limits)
        self.fp = io.BufferedReader(self._bytes)

    def begin(self, *arguments: Any, **options: Any) -> None:
        """Read all that stands before the body."""
        super().begin(*arguments, **options)
        self._bytes.end_header()


class _BoundedBytes(io.RawIOBase):
    """What comes from a socket, within limits. ``raw``: the file whose end closes that socket."""

    def __init__(self, connection: socket.socket, raw: io.RawIOBase, limits: PeerLimits) -> None:
        self._connection = connection
        self._raw = raw
        self._pace = Pace(limits)
        self._patience = connection.gettimeout()
        #: How many bytes the header may still have; None: it has ended.
        self._header_left: int | None = limits.largest_header

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        received = receive(self._connection, len(buffer), self._pace, self._patience)
        if self._header_left is not None:
            self._header_left -= len(received)
            if self._header_left < 0:
                raise TooLong("has headers without end")
        buffer[: len(received)] = received
        return len(received)

    def end_header(self) -> None:
        self._header_left = None

    def close(self) -> None:
        try:
            self._raw.close()
        finally:
            super().close()
