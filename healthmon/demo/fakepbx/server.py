"""Listens, takes connections, and hands each request on: one thread a connection."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress

from healthmon.demo.fakepbx.http import Request, read_request

#: Answers a request on its connection; False: the connection is to be closed.
Serve = Callable[[Request, socket.socket], bool]


class Server:
    """A TCP server that can refuse connections for a while and then listen on the same port again."""

    def __init__(self, serve: Serve, host: str, port: int, tls: ssl.SSLContext | None) -> None:
        self._serve = serve
        self._host = host
        self._tls = tls
        self._connections: set[socket.socket] = set()
        self._listener: socket.socket | None = None
        #: The port; chosen by the system when it was 0.
        self.port = port
        #: How many connections were taken so far.
        self.accepted = 0
        #: So many may be open; one more is taken, and closed at once.
        self.limit: int | None = None

    def listen(self) -> None:
        """Take connections from now on."""
        if self._listener is None:
            self._listener = socket.create_server((self._host, self.port), backlog=512)
            self.port = self._listener.getsockname()[1]
            threading.Thread(target=self._accept, args=(self._listener,), daemon=True, name="fakepbx").start()

    def refuse(self) -> None:
        """Refuse connections from now on, and break off those that there are, as a process that died does."""
        listener, self._listener = self._listener, None
        if listener:
            # shutdown() wakes the thread that waits in accept(); close() alone does not.
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        self.drop_connections()

    def drop_connections(self) -> None:
        """Break off all connections."""
        for connection in list(self._connections):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            self.accepted += 1
            threading.Thread(target=self._converse, args=(connection,), daemon=True, name="fakepbx").start()

    def _converse(self, connection: socket.socket) -> None:
        """Serve one connection to its end. What a client does wrong ends that connection alone."""
        with suppress(OSError, ValueError):
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._tls:
                connection = self._tls.wrap_socket(connection, server_side=True)
            if self.limit is not None and len(self._connections) >= self.limit:
                connection.close()
                return
            self._connections.add(connection)
            waiting = bytearray()
            while request := read_request(connection, waiting):
                if not self._serve(request, connection):
                    break
        self._connections.discard(connection)
        with suppress(OSError):
            connection.close()
