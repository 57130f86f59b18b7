"""Just enough of HTTP/1.1 to be an Asterisk: one request after the other on a connection."""

from __future__ import annotations

import json
import socket
from datetime import UTC, datetime
from email.utils import format_datetime
from urllib.parse import parse_qs, unquote, urlsplit

from msgspec import Struct, field

LARGEST_REQUEST = 1024 * 1024


class Request(Struct, frozen=True):
    """What a client asks for. ``segments``: the decoded parts of the path."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes = b""
    segments: tuple[str, ...] = ()
    query: dict[str, str] = field(default_factory=dict)

    @property
    def wants_upgrade(self) -> bool:
        """Whether it asks for a WebSocket."""
        return self.headers.get("upgrade", "").lower() == "websocket"


class Answer(Struct, frozen=True):
    """What is sent back."""

    status: int
    body: bytes = b""
    content_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()

    def for_people(self) -> Answer:
        """The same with its JSON on many lines."""
        return Answer(self.status, json.dumps(json.loads(self.body), indent=2).encode())

    def encoded(self, server: str) -> bytes:
        """The bytes for the wire."""
        lines = [
            f"HTTP/1.1 {self.status} {_REASONS.get(self.status, 'Unknown')}",
            f"Server: {server}",
            f"Date: {format_datetime(datetime.now(UTC), usegmt=True)}",
            "Cache-Control: no-cache, no-store",
            *(f"{name}: {value}" for name, value in self.headers),
        ]
        if self.body:
            lines.append(f"Content-Type: {self.content_type}")
        lines.append(f"Content-Length: {len(self.body)}")
        return "\r\n".join([*lines, "", ""]).encode() + self.body


_REASONS = {
    101: "Switching Protocols",
    200: "OK",
    204: "No Content",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    422: "Unprocessable Entity",
    426: "Upgrade Required",
    500: "Internal Server Error",
    501: "Not Implemented",
    502: "Bad Gateway",
    503: "Service Unavailable",
}


def as_json(status: int, content: object) -> Answer:
    """An answer with a JSON body."""
    return Answer(status, json.dumps(content).encode())


def message(status: int, words: str) -> Answer:
    """An error as Asterisk words it."""
    return as_json(status, {"message": words})


def html(status: int, title: str) -> Answer:
    """An error page, as Asterisk's HTTP server or a reverse proxy sends it."""
    page = f"<!DOCTYPE HTML><html><head><title>{status} {title}</title></head><body><h1>{title}</h1></body></html>\r\n"
    return Answer(status, page.encode(), "text/html")


def read_request(connection: socket.socket, waiting: bytearray) -> Request | None:
    """Read one request; ``waiting`` keeps what came beyond it. None: the client closed."""
    while b"\r\n\r\n" not in waiting:
        if not _read_more(connection, waiting):
            return None
    head, _, _ = bytes(waiting).partition(b"\r\n\r\n")
    del waiting[: len(head) + 4]
    first, *lines = head.decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ", 2)
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    size = int(headers.get("content-length", "0"))
    while len(waiting) < size:
        if not _read_more(connection, waiting):
            return None
    body = bytes(waiting[:size])
    del waiting[:size]
    parts = urlsplit(target)
    # Split before decoding: a name may hold an encoded slash.
    segments = tuple(unquote(segment) for segment in parts.path.strip("/").split("/"))
    query = {name: values[0] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
    return Request(method, target, headers, body, segments, query)


def _read_more(connection: socket.socket, waiting: bytearray) -> bool:
    data = connection.recv(65536)
    waiting += data
    return bool(data) and len(waiting) <= LARGEST_REQUEST
