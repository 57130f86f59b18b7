"""On-call services on loopback that play the published APIs strictly: what they do not know they refuse, and they keep
tickets by their keys. A page is what wakes somebody: a ticket that is opened."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import quote

from msgspec import Struct, field

ROUTING_KEY = "R0utingKey" + "x" * 22
API_KEY = "4p1-k3y-s3cr3t"


class Refused(Exception):
    """The service does not take this: the status and the body that it answers with."""

    def __init__(self, status: int, body: Any) -> None:
        super().__init__(str(body))
        self.status = status
        self.body = body


class Entry(Struct):
    """A ticket as the service keeps it."""

    state: str
    severity: str
    summary: str
    events: list[str] = field(default_factory=list)


class OnCall:
    """A service: ``with PagerDuty() as service: … service.url``."""

    def __init__(self) -> None:
        self.tickets: dict[str, Entry] = {}
        #: The keys of those that were opened, each time.
        self.pages: list[str] = []
        self.requests: list[tuple[str, Any]] = []
        #: What its clock shows.
        self.now: Callable[[], float] = time.time
        #: Looks at a request before it is taken.
        self.before: Callable[[Any], None] = lambda _body: None
        #: Answers with this status instead, and these headers.
        self.mode = 0
        self.mode_body: Any = {"message": f"key {API_KEY} {ROUTING_KEY}"}
        self.answer_headers: dict[str, str] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), name="on-call service")

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.server_address[1])

    @property
    def server(self) -> str:
        """Its own address, as the option ``server=``."""
        return "server=" + quote(f"http://127.0.0.1:{self.port}", safe="")

    def take(self, path: str, body: Any) -> tuple[int, Any]:
        """Take one request; return the status and the answer. Raises Refused."""
        raise NotImplementedError

    def open(self, key: str, severity: str, summary: str, event: str) -> None:
        """Open a ticket, or add an event to the one that is open."""
        entry = self.tickets.get(key)
        if entry is None or entry.state == "resolved":
            self.tickets[key] = entry = Entry("open", severity, summary)
            self.pages.append(key)
        entry.severity, entry.summary = severity, summary
        entry.events.append(event)

    def change(self, key: str, state: str, event: str) -> None:
        """Acknowledge or resolve a ticket; a key that is not known is let pass, as all these services do."""
        entry = self.tickets.get(key)
        if entry is not None and entry.state != "resolved":
            entry.state = state
            entry.events.append(event)

    @property
    def states(self) -> list[str]:
        """The states of all tickets, in the order of their opening."""
        return [entry.state for entry in self.tickets.values()]

    @property
    def url(self) -> str:
        """Its URL as that of a receiver."""
        raise NotImplementedError

    def start(self) -> OnCall:
        """Begin to listen."""
        self._thread.start()
        return self

    def __enter__(self) -> Any:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End it."""
        self._server.shutdown()
        self._thread.join(10)
        self._server.server_close()


def _handler(service: OnCall) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["Content-Length"]))
            status, answer = self._answer(raw)
            text = json.dumps(answer).encode()
            self.send_response(status)
            for name, value in {**service.answer_headers, "Content-Length": str(len(text))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(text)

        def _answer(self, raw: bytes) -> tuple[int, Any]:
            try:
                if service.mode:
                    raise Refused(service.mode, service.mode_body)
                expect(self.headers["Content-Type"] == "application/json", 400, "this is no JSON")
                body = json.loads(raw)
                service.before(body)
                answered = service.take(self.path, body)
                service.requests.append((self.path, body))
            except Refused as refused:
                return refused.status, refused.body
            return answered

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    return Handler


def expect(is_right: bool, status: int, body: Any) -> None:
    """Refuse what is not right."""
    if not is_right:
        raise Refused(status, body)


def is_time(value: object) -> bool:
    """Whether this is a time as RFC 3339 writes it."""
    if not isinstance(value, str) or not re.fullmatch(
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", value
    ):
        return False
    return bool(datetime.fromisoformat(value))


class PagerDuty(OnCall):
    """PagerDuty's Events API v2."""

    @property
    def url(self) -> str:
        """Its URL."""
        return f"pagerduty://{ROUTING_KEY}@{API_KEY}/?{self.server}"

    def take(self, path: str, body: Any) -> tuple[int, Any]:
        """POST /v2/enqueue."""

        def need(is_right: bool, what: str) -> None:
            expect(is_right, 400, {"status": "invalid event", "message": "Event object is invalid", "errors": [what]})

        expect(path == "/v2/enqueue", 404, {"status": "not found"})
        need(isinstance(body, dict), "an object")
        known = {"routing_key", "event_action", "dedup_key", "payload", "client", "client_url", "links", "images"}
        need(set(body) <= known, f"unknown: {set(body) - known}")
        need(len(body.get("routing_key", "")) == 32, "Length of 'routing_key' is incorrect (should be 32 characters)")
        key, action = body.get("dedup_key"), body.get("event_action")
        need(action in ("trigger", "acknowledge", "resolve"), "'event_action' is invalid")
        need(isinstance(key, str) and 0 < len(key) <= 255, "'dedup_key' is missing or too long")
        if action == "trigger":
            self.open(key, *_of_payload(body.get("payload"), need), "trigger")
            need(all(set(link) <= {"href", "text"} and link["href"] for link in body.get("links", [])), "links")
        else:
            self.change(key, {"acknowledge": "acknowledged", "resolve": "resolved"}[action], action)
        return 202, {"status": "success", "message": "Event processed", "dedup_key": key}


def _of_payload(payload: Any, need: Callable[[bool, str], None]) -> tuple[str, str]:
    need(isinstance(payload, dict), "'payload' is missing")
    known = {"summary", "source", "severity", "timestamp", "component", "group", "class", "custom_details"}
    need(set(payload) <= known, f"unknown: {set(payload) - known}")
    need(isinstance(payload.get("summary"), str) and 0 < len(payload["summary"]) <= 1024, "'summary'")
    need(isinstance(payload.get("source"), str) and bool(payload["source"]), "'source'")
    need(payload.get("severity") in ("critical", "error", "warning", "info"), "'severity'")
    need("timestamp" not in payload or is_time(payload["timestamp"]), "'timestamp'")
    return payload["severity"], payload["summary"]


class Ilert(OnCall):
    """The events API of ilert."""

    @property
    def url(self) -> str:
        """Its URL."""
        return f"ilert://{API_KEY}?{self.server}"

    def take(self, path: str, body: Any) -> tuple[int, Any]:
        """POST /api/events."""

        def need(is_right: bool, what: str) -> None:
            expect(is_right, 400, {"status": 400, "message": what, "code": "INVALID_REQUEST"})

        known = {"integrationKey", "eventType", "summary", "details", "alertKey", "priority", "severity", "images"}
        known |= {"links", "labels", "services", "customDetails", "routingKey", "comments"}
        expect(path == "/api/events", 404, {"status": 404})
        need(isinstance(body, dict) and set(body) <= known, "unknown field")
        need(body.get("integrationKey") == API_KEY, "no such alert source")
        need(isinstance(body.get("summary"), str) and bool(body["summary"]), "summary is missing")
        need(body.get("priority", "HIGH") in ("HIGH", "LOW"), "priority")
        need(body.get("eventType") in ("ALERT", "ACCEPT", "RESOLVE"), "eventType")
        # It compares keys without regard to capitals.
        key = str(body.get("alertKey", "")).lower()
        need(bool(key), "alertKey is missing")
        if body["eventType"] == "ALERT":
            self.open(key, body.get("priority", ""), body["summary"], "ALERT")
        else:
            self.change(key, {"ACCEPT": "acknowledged", "RESOLVE": "resolved"}[body["eventType"]], body["eventType"])
        return 202, {}


class Splunk(OnCall):
    """The REST endpoint of Splunk On-Call. What it does not take, it answers with 200 all the same."""

    @property
    def url(self) -> str:
        """Its URL."""
        return f"splunk://night-watch@{API_KEY}?{self.server}"

    def take(self, path: str, body: Any) -> tuple[int, Any]:
        """POST /integrations/generic/20131114/alert/KEY/ROUTE."""
        expect(path == f"/integrations/generic/20131114/alert/{API_KEY}/night-watch", 404, "not found")
        types = ("CRITICAL", "WARNING", "ACKNOWLEDGEMENT", "INFO", "RECOVERY")
        if not isinstance(body, dict) or body.get("message_type") not in types:
            return 200, {"result": "failure", "messages": "Missing message_type"}
        key, kind = str(body.get("entity_id", "")), body["message_type"]
        if not key or not isinstance(body.get("state_start_time", 0), int):
            return 200, {"result": "failure", "messages": "Invalid field"}
        if kind in ("CRITICAL", "WARNING"):
            self.open(key, kind, body.get("entity_display_name", ""), kind)
        elif kind != "INFO":
            self.change(key, {"ACKNOWLEDGEMENT": "acknowledged", "RECOVERY": "resolved"}[kind], kind)
        return 200, {"result": "success", "entity_id": key}


class Alertmanager(OnCall):
    """Alertmanager's API v2. An alert is what its labels are; it forgets all when it is restarted."""

    @property
    def url(self) -> str:
        """Its URL."""
        return f"alertmanager://night:{API_KEY}@127.0.0.1:{self.port}/prefix?:team=voip"

    def take(self, path: str, body: Any) -> tuple[int, Any]:
        """POST /api/v2/alerts."""
        expect(path == "/prefix/api/v2/alerts", 404, "not found")
        expect(isinstance(body, list), 400, "parsing alerts body failed")
        for alert in body:
            self._take_one(alert)
        return 200, {}

    def _take_one(self, alert: Any) -> None:
        known = {"labels", "annotations", "startsAt", "endsAt", "generatorURL"}
        expect(isinstance(alert, dict) and set(alert) <= known, 400, "unknown field")
        labels = alert.get("labels", {})
        names = [*labels, *alert.get("annotations", {})]
        expect(bool(labels) and all(re.fullmatch(r"[a-zA-Z_][a-zA-Z0-9_]*", name) for name in names), 400, "name")
        expect(all(isinstance(value, str) and value for value in labels.values()), 400, "invalid label set")
        expect(is_time(alert["startsAt"]) and is_time(alert["endsAt"]), 400, "invalid time")
        start, end = (datetime.fromisoformat(alert[name]).timestamp() for name in ("startsAt", "endsAt"))
        expect(start <= end, 400, "start time must be before end time")
        key = json.dumps(labels, sort_keys=True)
        if end <= self.now():
            self.change(key, "resolved", "resolved")
        else:
            self.open(key, labels.get("severity", ""), alert["annotations"]["summary"], "firing")


SERVICES: tuple[type[OnCall], ...] = (PagerDuty, Ilert, Splunk, Alertmanager)
