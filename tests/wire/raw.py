"""A peer that answers byte for byte what a test says, and the parts of healthmon that talk to it."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Callable
from contextlib import suppress

from healthmon.demo.fakepbx.frames import accept_key

#: A client that does not come to an end is left alone after this time (seconds).
PATIENCE = 10.0
#: Makes the bytes of an answer of a request.
Answers = Callable[[bytes], bytes]


class RawPeer:
    """``with RawPeer() as peer: peer.answer = …``: one thread; each connection gets one answer, and is closed."""

    def __init__(self, answer: Answers = lambda _request: b"") -> None:
        self.answer = answer
        #: What is sent before anything was asked.
        self.greeting = b""
        #: How many requests came.
        self.requests = 0
        self._is_over = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._accept, name="raw peer")
        self._thread.start()

    def says(self, answer: bytes) -> None:
        """Answer every request like this from now on."""
        self.answer = lambda _request: answer

    def _accept(self) -> None:
        while not self._is_over.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                # It is closed; or a test has just left this process no file.
                self._is_over.wait(0.01)
                continue
            # A client may hang up in the middle of an answer that it does not like.
            with connection, suppress(OSError):
                self._converse(connection)

    def _converse(self, connection: socket.socket) -> None:
        connection.settimeout(PATIENCE)
        connection.sendall(self.greeting)
        if request := _request(connection):
            self.requests += 1
            connection.sendall(self.answer(request))

    def close(self) -> None:
        """End it."""
        self._is_over.set()
        # shutdown() wakes the thread that waits in accept(); close() alone does not.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(PATIENCE)

    def __enter__(self) -> RawPeer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _request(connection: socket.socket) -> bytes:
    """One whole request; b"" where the client went away."""
    received = b""
    while (end := received.find(b"\r\n\r\n")) < 0 or len(received) < end + 4 + _size(received):
        piece = connection.recv(65536)
        if not piece:
            return b""
        received += piece
    return received


def _size(request: bytes) -> int:
    found = re.search(rb"(?i)\r\ncontent-length: *(\d+)", request)
    return int(found[1]) if found else 0


def key_of(request: bytes) -> bytes:
    """What ``Sec-WebSocket-Accept`` must be for this request."""
    found = re.search(rb"(?i)\r\nsec-websocket-key: *(\S+)", request)
    return accept_key(found[1].decode()).encode() if found else b"none"
