"""A server that sends something at once, and then drop after drop without end, whatever it is asked."""

from __future__ import annotations

import socket
import ssl
import threading
from contextlib import suppress

#: So long it waits until a request has begun (seconds).
PATIENCE = 5.0


class DrippingServer:
    """Answers each connection with ``at_once``, then with ``drop`` again and again; ``every`` 0: as fast as it can.

    ``waits``: whether a request is read first; a TLS handshake comes before it.
    """

    def __init__(
        self,
        at_once: bytes = b"",
        drop: bytes = b"",
        every: float = 0.02,
        *,
        tls: ssl.SSLContext | None = None,
        waits: bool = True,
    ) -> None:
        self._at_once, self._drop, self._every = at_once, drop, every
        self._tls, self._waits = tls, waits
        self._over = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._threads = [threading.Thread(target=self._accept)]
        #: How much was sent in drops, to all together (bytes).
        self.dripped = 0
        self.port: int = self._listener.getsockname()[1]
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"

    def __enter__(self) -> DrippingServer:
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        # Wakes accept().
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(connection,))
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        connection.settimeout(PATIENCE)
        # It ends when the other side hangs up.
        with suppress(OSError), connection:
            if self._tls:
                connection = self._tls.wrap_socket(connection, server_side=True)
            with connection:
                if self._waits:
                    connection.recv(65536)
                connection.sendall(self._at_once)
                while self._drop and not self._over.wait(self._every):
                    connection.sendall(self._drop)
                    self.dripped += len(self._drop)
                self._over.wait(PATIENCE)
