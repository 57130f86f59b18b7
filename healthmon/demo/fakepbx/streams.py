"""The event WebSockets of the fake PBX: one per application, as in Asterisk."""

from __future__ import annotations

import json
import socket
import threading
from contextlib import suppress

from healthmon.demo.fakepbx import frames


class EventStream:
    """One open WebSocket. The thread of its connection reads, any thread sends."""

    def __init__(self, connection: socket.socket, application: str, *, subscribe_all: bool) -> None:
        self._connection = connection
        self._lock = threading.Lock()
        self.application = application
        #: What was subscribed to: "endpoint:", "deviceState:", or everything.
        self.sources: set[str] = {"endpoint:", "deviceState:", "channel:"} if subscribe_all else set()
        #: None: no filter.
        self.allowed: set[str] | None = None
        #: It stays open, and nothing is sent any more: half-open, replaced, or cut off as a slow reader.
        self.is_mute = False

    def take_over(self, before: EventStream) -> None:
        """Get what the stream before got: Asterisk keeps the application as it was, and goes on without the old one."""
        before.is_mute = True
        self.sources, self.allowed = before.sources, before.allowed

    def wants(self, event_type: str) -> bool:
        """Whether an event of this type is sent here."""
        source = _SOURCES.get(event_type)
        return (source is None or source in self.sources) and (self.allowed is None or event_type in self.allowed)

    def send_event(self, event: dict[str, object]) -> None:
        """Send an event."""
        self.send(frames.frame(json.dumps(event).encode()))

    def send(self, data: bytes) -> None:
        """Send bytes as they are. A client that went away is no trouble."""
        if self.is_mute:
            return
        with self._lock, suppress(OSError):
            self._connection.sendall(data)

    def read_until_closed(self) -> None:
        """Answer pings until the client closes or the connection is dropped."""
        reader = frames.FrameReader()
        while True:
            data = self._connection.recv(65536)
            if not data:
                return
            for opcode, payload in reader.feed(data):
                if opcode == frames.PING:
                    self.send(frames.frame(payload, frames.PONG))
                elif opcode == frames.CLOSE:
                    self.send(frames.frame(payload, frames.CLOSE))
                    return

    def drop(self) -> None:
        """Break the connection off, without a close frame."""
        with suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)


_SOURCES = {
    "PeerStatusChange": "endpoint:",
    "ContactStatusChange": "endpoint:",
    "DeviceStateChanged": "deviceState:",
    "ChannelCreated": "channel:",
    "ChannelDestroyed": "channel:",
    "ChannelVarset": "channel:",
}
