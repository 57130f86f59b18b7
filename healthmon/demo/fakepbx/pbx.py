"""The fake PBX itself: an Asterisk that answers on loopback, and starts, and dies, as tests and the demo want it."""

from __future__ import annotations

import base64
import socket
import ssl
import time
from enum import Enum
from typing import Self
from urllib.parse import urlsplit

from healthmon.demo.fakepbx import frames, resources
from healthmon.demo.fakepbx.asterisk import Asterisk, now
from healthmon.demo.fakepbx.endpoints import DRIVERS, FakeEndpoint
from healthmon.demo.fakepbx.http import Answer, Request, html, message
from healthmon.demo.fakepbx.server import Server
from healthmon.demo.fakepbx.streams import EventStream


class Phase(Enum):
    """How far Asterisk has come with its start; it passes through them in this order."""

    REFUSING = 0
    NO_ARI = 1
    BOOTING = 2
    RUNNING = 3


class FakePbx(Asterisk):
    """An Asterisk's ARI on loopback, in threads of its own. Any thread may call its methods.

    Public attributes may be set at any time: ``is_denying`` (401 to all), ``is_read_only`` (403 to whatever is no
    GET), ``delay`` (seconds before each answer), ``gateway_error`` (502 … as a reverse proxy says it),
    ``mutes_new_streams`` (they open, and nothing comes), ``splits_at_slashes`` (behind an nginx that turns %2F into /).
    """

    def __init__(
        self,
        *endpoints: FakeEndpoint,
        host: str = "127.0.0.1",
        port: int = 0,
        prefix: str = "",
        username: str = "healthmon",
        password: str = "secret",  # noqa: S107 - a fake's
        tls: ssl.SSLContext | None = None,
        version: str = "22.10.1-fake",
    ) -> None:
        super().__init__(endpoints, version)
        self._server = Server(self._serve, host, port, tls)
        self._phase = Phase.RUNNING
        self._prefix = tuple(prefix.strip("/").split("/")) if prefix.strip("/") else ()
        self._credentials = base64.b64encode(f"{username}:{password}".encode()).decode()
        self.host = host
        self.is_denying = False
        self.is_read_only = False
        self.mutes_new_streams = False
        self.splits_at_slashes = False
        self.delay = 0.0
        self.gateway_error = 0
        #: All requests, as "GET /ari/endpoints".
        self.requests: list[str] = []
        #: How many event streams were opened.
        self.streams_opened = 0
        self._server.listen()
        scheme = "https" if tls else "http"
        self.url = f"{scheme}://{host}:{self._server.port}{''.join('/' + part for part in self._prefix)}"

    def __enter__(self) -> Self:
        """Serve within a with block."""
        return self

    def __exit__(self, *_: object) -> None:
        """End."""
        self.close()

    def close(self) -> None:
        """End: refuse connections, break off those that there are."""
        self._thawed.set()
        self._server.refuse()

    @property
    def accepted(self) -> int:
        """How many connections were taken so far."""
        return self._server.accepted

    def limit_sessions(self, most: int | None) -> None:
        """http.conf's sessionlimit: a connection beyond it is taken, and closed without an answer; None: no limit."""
        self._server.limit = most

    # ---------------------------------------------------------------- the whole PBX

    def go_to(self, phase: Phase) -> None:
        """Refuse, or answer as an Asterisk in this phase of its start."""
        self._phase = phase
        if phase is Phase.REFUSING:
            self._streams.clear()
            self._server.refuse()
        else:
            self._server.listen()

    def restart(self, *, phase_lasts: float = 0.0, are_up: bool = False) -> None:
        """Die without a word and start anew: removed endpoints are gone, the others offline until they are checked.

        ``phase_lasts``: seconds in each phase of the start. ``are_up``: the checks have already succeeded.
        """
        self.go_to(Phase.REFUSING)
        self.startup_time = self.last_reload_time = now()
        self._endpoints = {name: endpoint for name, endpoint in self._endpoints.items() if endpoint.is_configured}
        self.booted_without = {name for name, driver in DRIVERS.items() if driver in self.without_modules}
        for endpoint in self._endpoints.values():
            endpoint.is_up = are_up and endpoint.is_up
        for phase in (Phase.NO_ARI, Phase.BOOTING, Phase.RUNNING):
            time.sleep(phase_lasts)
            self.go_to(phase)

    # ---------------------------------------------------------------- serving

    def _serve(self, request: Request, connection: socket.socket) -> bool:
        """Answer one request; False: close the connection."""
        self.requests.append(f"{request.method} {urlsplit(request.target).path}")
        self._thawed.wait()
        if self.delay:
            time.sleep(self.delay)
        if self._is_events(request) and request.wants_upgrade and self._refusal(request) is None:
            # From here on it is the WebSocket of an application.
            self._read_stream(self._open_stream(request, connection))
            return False
        connection.sendall(self._answer(request).encoded(f"Asterisk/{self.version}"))
        return True

    def _is_events(self, request: Request) -> bool:
        return request.segments == (*self._prefix, "ari", "events")

    def _answer(self, request: Request) -> Answer:
        refusal = self._refusal(request)
        if refusal:
            return refusal
        if self._is_events(request):
            return html(426, "Upgrade Required")
        if self.splits_at_slashes and "%2f" in request.target.lower():
            return message(404, "Resource not found")
        answer = resources.answer(self, request, request.segments[len(self._prefix) + 1 :])
        if self.is_pretty and answer.body:
            return answer.for_people()
        return answer

    def _refusal(self, request: Request) -> Answer | None:
        """Why this is not answered; None: it is."""
        if self.gateway_error:
            return html(self.gateway_error, "Bad Gateway")
        is_ari = request.segments[: len(self._prefix) + 1] == (*self._prefix, "ari")
        if self._phase is Phase.NO_ARI or not is_ari:
            return html(404, "Not Found")
        if self._phase is Phase.BOOTING:
            return message(503, "Asterisk not booted")
        if self.is_denying or request.headers.get("authorization") != f"Basic {self._credentials}":
            return message(401, "Authentication required")
        if self.is_read_only and request.method != "GET":
            return message(403, "Write access denied")
        return None

    def _read_stream(self, stream: EventStream) -> None:
        """Read what the client sends until it closes."""
        try:
            stream.read_until_closed()
        finally:
            if self._streams.get(stream.application) is stream:
                del self._streams[stream.application]

    def _open_stream(self, request: Request, connection: socket.socket) -> EventStream:
        """Become a WebSocket, and take the application over from whoever had it."""
        application = request.query["app"]
        stream = EventStream(connection, application, subscribe_all=request.query.get("subscribeAll") == "true")
        before = self._streams.get(application)
        if before:
            self.emit({"type": "ApplicationReplaced"}, only=before)
            stream.take_over(before)
        self._streams[application] = stream
        stream.send(self._upgrade(request).encoded(f"Asterisk/{self.version}"))
        stream.is_mute = self.mutes_new_streams
        self.streams_opened += 1
        return stream

    def _upgrade(self, request: Request) -> Answer:
        """The answer that makes a connection a WebSocket."""
        accept = frames.accept_key(request.headers["sec-websocket-key"])
        headers = (("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Accept", accept))
        return Answer(101, headers=headers)
