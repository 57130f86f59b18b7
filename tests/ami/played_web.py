"""The same manager interface through a web server, as Asterisk has it: sessions are cookies, and WaitEvent waits."""

from __future__ import annotations

import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Empty, SimpleQueue
from urllib.parse import parse_qsl

from tests.ami.played import PlayedManager, in_lines

DENIED = "Response: Error\r\nMessage: Permission denied\r\n\r\n"


class PlayedWebManager(PlayedManager):
    """Answers POST /rawman on 127.0.0.1 while it is used as a context; ``url`` is where its web server is."""

    def __init__(self, *rows: dict[str, str]) -> None:
        super().__init__(*rows)
        self._listening.close()
        self.events: SimpleQueue[str] = SimpleQueue()
        #: The cookie that is logged in; "": none is.
        self.session = ""
        self.status = 200
        manager = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                form = dict(parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode()))
                headers = {"Action": form.pop("action"), **form}
                manager.asked.append(headers)
                body = manager.web_answer(headers, self.headers.get("Cookie", "")).encode()
                self.send_response(manager.status if self.path == "/rawman" else 404)
                self.send_header("Set-Cookie", f'mansession_id="{manager.session or "0"}"; Version=1; Max-Age=60')
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                """Nobody reads it."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self.address = "http"

    def __enter__(self) -> PlayedWebManager:
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    def sends(self, data: bytes) -> None:
        self.events.put(data.decode())

    def web_answer(self, headers: dict[str, str], cookie: str) -> str:
        """The body of an answer."""
        if headers["Action"] == "Login":
            if headers["Secret"] != self.password:
                return "Response: Error\r\nMessage: Authentication failed\r\n\r\n"
            self.logins += 1
            self.session = f"abc{self.logins}"
            # In the same body, and only where the login names events (22.10.1, 16.28.0).
            came = self.booted if "Events" in headers else ""
            return f"Response: Success\r\nMessage: Authentication accepted\r\n\r\n{came}"
        if not self.session or self.session not in cookie:
            return DENIED
        if headers["Action"] != "WaitEvent":
            return self._usual_answer(headers)
        came = ""
        with suppress(Empty):
            came = self.events.get(timeout=float(headers["Timeout"]))
        start = in_lines({"Response": "Success", "Message": "Waiting for Event completed."})
        return start + came + in_lines({"Event": "WaitEventComplete"})
