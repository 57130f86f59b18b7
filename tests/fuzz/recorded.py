"""Real answers: those of Asterisk 16 and 22 as they were recorded, those of others as their servers write them."""

from __future__ import annotations

import json

from tests.ari.captures import FOLDER
from tests.fuzz.harm import HttpAnswer


def asterisks_answers() -> list[HttpAnswer]:
    """Every recorded answer of both versions."""
    return [_answer(json.loads(path.read_text())) for path in sorted(FOLDER.glob("*/*.json"))]


def _answer(recorded: dict[str, object]) -> HttpAnswer:
    body, headers = recorded["body"], recorded["headers"]
    assert isinstance(headers, dict)
    raw = (body if isinstance(body, str) else json.dumps(body)).encode()
    lines = [f"{name}: {value}".encode() for name, value in headers.items() if name != "Content-Length"]
    return HttpAnswer(f"HTTP/1.1 {recorded['status']} OK".encode(), [*lines, b"Content-Length: %d" % len(raw)], raw)


def _said(status: bytes, body: bytes, *headers: bytes) -> HttpAnswer:
    return HttpAnswer(b"HTTP/1.1 " + status, [*headers, b"Content-Length: %d" % len(body)], body)


#: As webhooks, on-call services and proxies before them answer.
WEBHOOKS = [
    _said(
        b"200 OK", b"ok", b"Server: nginx/1.22.1", b"Date: Mon, 23 Nov 2026 01:58:01 GMT", b"Content-Type: text/plain"
    ),
    _said(b"202 Accepted", b'{"status":"success","dedup_key":"healthmon-1"}', b"Content-Type: application/json"),
    _said(b"204 No Content", b"", b"Server: gunicorn", b"Connection: close"),
    _said(b"400 Bad Request", b'{"error":"title: too long"}', b"Content-Type: application/json"),
    _said(b"429 Too Many Requests", b'{"retry_after":40}', b"Retry-After: 40", b"Content-Type: application/json"),
    _said(b"503 Service Unavailable", b"<html>later</html>", b"Retry-After: Mon, 23 Nov 2026 01:59:01 GMT"),
    _said(b"302 Found", b"", b"Location: https://hooks.example.org/login"),
    _said(b"500 INTERNAL SERVER ERROR", b"Traceback", b"Server: Werkzeug/3.0 Python/3.11"),
]

#: As healthchecks.io, Uptime Kuma and proxies before them answer.
HEARTBEATS = [
    _said(b"200 OK", b"OK", b"Server: nginx", b"Content-Type: text/plain; charset=utf-8", b"Ping-Body-Limit: 100000"),
    _said(b"200 OK", b"OK (not found)", b"Content-Type: text/plain"),
    _said(b"200 OK", b'{"ok":true}', b"X-Powered-By: Express", b"Content-Type: application/json; charset=utf-8"),
    _said(
        b"404 Not Found", b'{"ok":false,"msg":"Monitor not found or not active."}', b"Content-Type: application/json"
    ),
    _said(b"429 Too Many Requests", b"rate limited", b"Retry-After: 60"),
    _said(b"301 Moved Permanently", b"", b"Location: https://hc-ping.com/x"),
]

#: As res_http_websocket.c answers; what stands for the key is filled in.
KEY = b"KEY+OF+THE+REQUEST="
UPGRADE = HttpAnswer(
    b"HTTP/1.1 101 Switching Protocols",
    [b"Upgrade: websocket", b"Connection: Upgrade", b"Sec-WebSocket-Accept: " + KEY],
)
