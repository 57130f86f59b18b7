"""Where the demo's alerts go: a webhook on loopback that keeps them until somebody shows them."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Empty, SimpleQueue
from threading import Thread

from msgspec import Struct


class Alert(Struct, frozen=True):
    """A message as its receiver sees it. ``mood``: apprise's word, failure, warning or success."""

    receiver: str
    subject: str
    body: str
    mood: str

    @property
    def text(self) -> str:
        """Everything that it says."""
        return f"{self.subject}\n{self.body}"


class Webhook:
    """A webhook on a free port of 127.0.0.1, within a with block. Its paths end in -RECEIVER."""

    def __init__(self) -> None:
        self._alerts: SimpleQueue[Alert] = SimpleQueue()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self._alerts))
        self._server.daemon_threads = True
        self._thread = Thread(target=self._server.serve_forever, args=(0.05,), name="webhook", daemon=True)
        self.address = f"127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Webhook:
        """Take alerts from now on."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Take no more."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def next(self) -> Alert | None:
        """Return the next alert that nobody has seen yet, or None."""
        try:
            return self._alerts.get_nowait()
        except Empty:
            return None


def _handler(alerts: SimpleQueue[Alert]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            """Keep an alert, then say that it arrived."""
            sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            alerts.put(Alert(self.path.rpartition("-")[2], sent["title"], sent["message"], sent["type"]))
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing: the terminal belongs to the demo."""

    return Handler
