"""A service on loopback that waits for heartbeats, as healthchecks.io and Uptime Kuma do."""

from __future__ import annotations

import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

#: How long a test waits for something that happens in milliseconds (seconds).
PATIENCE = 30.0


class PingSink:
    """``with PingSink() as sink: … sink.url``; answers ``status`` and ``body`` until a test sets others.

    Status 0 cuts the line without an answer; None gives none until the test sets another or ends.
    """

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.status: int | None = 200
        self.body = b"OK"
        self.headers: dict[str, str] = {}
        self._is_closed = False
        self._changed = threading.Condition()
        #: When each request came (of the monotonic clock), its target, and its headers.
        self._pings: list[tuple[float, str, dict[str, str]]] = []
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        if tls:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.port = self._server.server_address[1]
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}/ping/5e1f-t0ken"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="ping sink")
        self._thread.start()

    @property
    def targets(self) -> list[str]:
        """What was asked for, oldest first: ``/ping/TOKEN?status=up``."""
        with self._changed:
            return [target for _, target, _ in self._pings]

    @property
    def asked_with(self) -> dict[str, str]:
        """The headers of the newest request."""
        with self._changed:
            return self._pings[-1][2]

    def wait_for_more(self, number: int = 1, timeout: float = PATIENCE) -> None:
        """Wait until so many more heartbeats have come."""
        with self._changed:
            wanted = len(self._pings) + number
            arrived = self._changed.wait_for(lambda: len(self._pings) >= wanted, timeout)
            assert arrived, f"waited {timeout:g} s for {number} more heartbeats; {len(self._pings)} came in all"

    def wait_for_silence(self, seconds: float, timeout: float = PATIENCE) -> None:
        """Wait until no heartbeat has come for so long."""
        deadline = time.monotonic() + timeout
        with self._changed:
            while (quiet := time.monotonic() - self._pings[-1][0]) < seconds:
                assert time.monotonic() < deadline, f"heartbeats still come after {timeout:g} s"
                self._changed.wait(seconds - quiet)

    def received(self, target: str, headers: dict[str, str]) -> int:
        """Note a request; return the status to answer with."""
        with self._changed:
            self._pings.append((time.monotonic(), target, headers))
            self._changed.notify_all()
            self._changed.wait_for(lambda: self.status is not None or self._is_closed, PATIENCE)
            return self.status or 0

    def close(self) -> None:
        """End it; who still waits for an answer gets none."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(PATIENCE)

    def __enter__(self) -> PingSink:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False


def _handler(sink: PingSink) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            """Answer as the sink says."""
            status = sink.received(self.path, dict(self.headers.items()))
            if not status:
                self.close_connection = True
                return
            self.send_response(status)
            for name, value in sink.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(sink.body)))
            self.end_headers()
            self.wfile.write(sink.body)

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    return Handler
