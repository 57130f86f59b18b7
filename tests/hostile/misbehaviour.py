"""What a misbehaviour is, the connection that it happens on, and what healthmon must say of a PBX that does it."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from enum import Enum
from threading import Event

from msgspec import Struct

from healthmon.demo.fakepbx.http import Answer
from healthmon.demo.fakepbx.streams import EventStream

#: How long it takes from one byte to the next where something drips (seconds): no socket's time-out is that short.
DRIP_EVERY = 1.0
#: A flood is so many bytes so often (seconds).
FLOOD_BYTES = 50_000
FLOOD_EVERY = 0.01


class Where(Enum):
    """On which connections a PBX misbehaves; on the others it is well."""

    #: Every answer of REST.
    REST = "rest"
    #: Every answer 200 to a GET of REST, which has a body.
    BODY = "body"
    #: The answer to the upgrade to a WebSocket.
    UPGRADE = "upgrade"
    #: The event stream, from the moment that it is open.
    STREAM = "stream"


class Line:
    """The hostile end of a connection. What is sent has no rules; it ends when the client goes, or the misbehaviour.

    ``good`` is the answer that an Asterisk would give; ``stream`` the event stream that was opened, if it was.
    """

    def __init__(self, connection: socket.socket, is_over: Event, good: Answer, stream: EventStream | None) -> None:
        self._connection = connection
        self._is_over = is_over
        self._stream = stream
        self.good = good

    @property
    def stream(self) -> EventStream:
        """The event stream; events that others make, our own heartbeat too, go the same way."""
        assert self._stream is not None, "this is no event stream"
        return self._stream

    @property
    def port(self) -> int:
        """The port at which this PBX listens."""
        return int(self._connection.getsockname()[1])

    @property
    def is_on(self) -> bool:
        """Whether the PBX still misbehaves in this way, and the client is there."""
        return not self._is_over.is_set() and self._connection.fileno() >= 0

    def send(self, data: bytes) -> None:
        """Send bytes as they are."""
        self._connection.sendall(data)

    def flood(self, data: bytes) -> None:
        """Send the same again and again, without end: some megabytes a second."""
        whole = data * (FLOOD_BYTES // len(data) + 1)
        while self.is_on:
            self.send(whole)
            self.pause()

    def pause(self) -> None:
        """Leave the processor to the other PBXs of this process, and to the healthy one."""
        self._is_over.wait(FLOOD_EVERY)

    def drip(self, *pieces: bytes) -> None:
        """Send a piece a second; the last one again and again, without end."""
        for piece in _then_the_last(pieces):
            self.send(piece)
            if self._is_over.wait(DRIP_EVERY):
                return

    def hold(self) -> None:
        """Say nothing more, and leave the connection open until the client closes it."""
        while self._connection.recv(65536):
            pass


def _then_the_last(pieces: tuple[bytes, ...]) -> Iterator[bytes]:
    yield from pieces
    while True:
        yield pieces[-1]


#: Does the harm. The connection is closed when it returns, but for an event stream.
Act = Callable[[Line], None]


class Misbehaviour(Struct, frozen=True):
    """One way to misbehave, and what must be believed of a PBX that does."""

    name: str
    where: Where
    act: Act
    #: What ``status`` shows: up (it is harmless), degraded, unknown (told as CANNOT SEE), down.
    state: str
    #: A part of the reason that is shown and told.
    says: str = ""
    #: It costs healthmon as much of a processor as it can get: it has a siege of its own.
    is_heavy: bool = False
    #: A machine that is quick enough takes all of it in, and then nothing is the matter: it is up, and nothing is told.
    may_be_taken_in: bool = False


#: All of them, in the order in which they were declared.
CATALOGUE: list[Misbehaviour] = []


def misbehaviour(
    where: Where, state: str, says: str = "", *, is_heavy: bool = False, may_be_taken_in: bool = False
) -> Callable[[Act], Act]:
    """Put a function into the catalogue, under its own name."""

    def declare(act: Act) -> Act:
        name = getattr(act, "__name__", "").replace("_", "-")
        CATALOGUE.append(Misbehaviour(name, where, act, state, says, is_heavy, may_be_taken_in))
        return act

    return declare
