"""What a played Asterisk knows and says: its endpoints, and the event streams that it sends to."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from healthmon.demo.fakepbx import frames, storm
from healthmon.demo.fakepbx.endpoints import DRIVERS, FakeEndpoint
from healthmon.demo.fakepbx.streams import EventStream

#: One byte more than nothing of a frame that says it has 50 MB.
OVERSIZE = frames.header(50 * 1024 * 1024) + b"{"


class Asterisk:
    """The endpoints of an Asterisk, and its event streams. Any thread may call its methods.

    Public attributes may be set at any time: ``without_modules`` (names of modules that are not loaded:
    ``chan_pjsip.so``, ``res_pjsip.so``; no event tells), ``cannot_list`` (technologies whose list fails).
    """

    def __init__(self, endpoints: Sequence[FakeEndpoint], version: str) -> None:
        self._endpoints = {endpoint.name: endpoint for endpoint in endpoints}
        self._streams: dict[str, EventStream] = {}
        self._thawed = threading.Event()
        self._thawed.set()
        self.version = version
        # It has been running for long, and has checked everybody.
        self.startup_time = self.last_reload_time = time_of(datetime.now(UTC) - timedelta(days=1))
        self.without_modules: set[str] = set()
        #: Technologies whose driver was missing already when it started: their devices are INVALID.
        self.booted_without: set[str] = set()
        self.cannot_list: set[str] = set()
        #: ari.conf's: JSON is written for people, on many lines.
        self.is_pretty = False
        #: ari.conf's, milliseconds; None: a version that does not show it.
        self.websocket_write_timeout: int | None = 100
        #: Requests that the fake does not know. Tests assert that there are none.
        self.failures: list[str] = []

    def freeze(self) -> None:
        """Stop answering, as by SIGSTOP: connections are taken by the kernel, and stay open."""
        self._thawed.clear()

    def thaw(self) -> None:
        """Go on; what was asked meanwhile is answered late."""
        self._thawed.set()

    # ---------------------------------------------------------------- endpoints

    def endpoints(self) -> list[FakeEndpoint]:
        """All that there are."""
        return list(self._endpoints.values())

    def listed(self) -> list[FakeEndpoint]:
        """All that ARI lists. PJSIP's are those of res_pjsip, the others those of their channel driver."""
        owners = {**DRIVERS, "PJSIP": "res_pjsip.so"}
        unloaded = self.without_modules
        return [endpoint for endpoint in self.endpoints() if owners.get(endpoint.technology) not in unloaded]

    def find(self, name: str) -> FakeEndpoint | None:
        """The endpoint of that name (``PJSIP/101``), or None."""
        return self._endpoints.get(name)

    def add(self, endpoint: FakeEndpoint) -> None:
        """A reload brings a new endpoint; one that is up announces itself."""
        self.last_reload_time = now()
        self._endpoints[endpoint.name] = endpoint
        if endpoint.is_up:
            self.phone_up(endpoint.name)

    def remove(self, name: str) -> None:
        """A reload without this endpoint: listed as offline until the next restart, and INVALID if it was up.

        One that was down already makes no event, and its device stays UNAVAILABLE.
        """
        self.last_reload_time = now()
        endpoint = self._endpoints[name]
        endpoint.is_configured = False
        endpoint.was_up_when_removed, endpoint.is_up = endpoint.is_up, False
        if endpoint.was_up_when_removed:
            self.emit(endpoint.peer_event())
            self.emit(endpoint.device_event())

    def reload(self) -> None:
        """A reload that changes nothing: no event tells of it."""
        self.last_reload_time = now()

    def phone_up(self, name: str) -> None:
        """The phone registers and answers its first OPTIONS."""
        endpoint = self._endpoints[name]
        self.emit(endpoint.contact_event("NonQualified"))
        endpoint.is_up, endpoint.is_unreported = True, False
        self.emit(endpoint.peer_event())
        self.emit(endpoint.device_event())
        self.emit(endpoint.contact_event("Reachable", 596))

    def phone_down(self, name: str, *, unregisters: bool = False) -> None:
        """The phone no longer answers OPTIONS, or says good-bye."""
        endpoint = self._endpoints[name]
        endpoint.is_up, endpoint.is_unreported = False, False
        self.emit(endpoint.peer_event())
        self.emit(endpoint.contact_event("Removed" if unregisters else "Unreachable"))
        self.emit(endpoint.device_event())

    # ---------------------------------------------------------------- event streams

    def stream_of(self, application: str) -> EventStream | None:
        """The open event stream of an application, or None."""
        return self._streams.get(application)

    def emit(self, event: dict[str, object], *, only: EventStream | None = None) -> None:
        """Send an event to every stream that wants its type."""
        self._thawed.wait()
        for stream in [only] if only else list(self._streams.values()):
            if stream.wants(str(event["type"])):
                stream.send_event(self._dressed(event, stream.application))

    def _dressed(self, event: dict[str, object], application: str = "healthmon") -> dict[str, object]:
        stamp = {"timestamp": now(), "asterisk_id": "02:fc:00:00:00:01", "application": application}
        return {**event, **stamp}

    def send_raw(self, data: bytes) -> None:
        """Send bytes to every stream, as they are."""
        for stream in list(self._streams.values()):
            stream.send(data)

    def send_text(self, text: str | bytes) -> None:
        """Send a text frame with anything in it."""
        self.send_raw(frames.frame(text.encode() if isinstance(text, str) else text))

    def send_oversize(self) -> None:
        """Send the beginning of a frame that says it has 50 MB."""
        self.send_raw(OVERSIZE)

    def mute(self) -> None:
        """The open streams stay open, and nothing comes any more."""
        for stream in list(self._streams.values()):
            stream.is_mute = True

    def replace_application(self) -> None:
        """Another client takes over each application; the old stream is told, and stays open and silent."""
        for application, stream in list(self._streams.items()):
            self.emit({"type": "ApplicationReplaced"}, only=stream)
            stream.is_mute = True
            del self._streams[application]

    def drop_streams(self) -> None:
        """Break the streams off, without a close frame."""
        for stream in list(self._streams.values()):
            stream.drop()

    def storm(self, events: int, rate: float | None = None) -> float:
        """Send about so many events at ``rate`` a second, three for each change; returns the seconds it took.

        One endpoint after the other is lost or comes back. ``/endpoints`` shows the end of it from the beginning.
        """
        changes = storm.encoded(self.endpoints(), events // storm.EVENTS_PER_CHANGE, self._dressed)
        return storm.send(changes, rate, self.send_raw)


def now() -> str:
    return time_of(datetime.now(UTC))


def time_of(time: datetime) -> str:
    """A time as Asterisk writes it."""
    return time.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "+0000"
