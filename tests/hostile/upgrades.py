"""Answers to the upgrade to a WebSocket that make none, or hardly one."""

from __future__ import annotations

from msgspec.structs import replace

from tests.hostile.misbehaviour import Line, Where, misbehaviour
from tests.hostile.rest import ELSEWHERE, head

NO_EVENTS = "no events: "
ELSEWHERE_IS = "sends us elsewhere, which is not followed"
NO_UPGRADE = "no events: the upgrade to a WebSocket failed"
TOO_SLOW = "no events: the answer comes in drops"


def encoded(line: Line, *headers: tuple[str, str]) -> bytes:
    """The right answer with these headers instead of its own of the same name, or more."""
    names = {name for name, _ in headers}
    kept = tuple(header for header in line.good.headers if header[0] not in names)
    return replace(line.good, headers=(*kept, *headers)).encoded("Asterisk")


@misbehaviour(Where.UPGRADE, "degraded", NO_UPGRADE)
def wrong_accept_key(line: Line) -> None:
    """The answer of somebody who does not know WebSocket, or of another connection."""
    line.send(encoded(line, ("Sec-WebSocket-Accept", "nonsense")))
    line.hold()


@misbehaviour(Where.UPGRADE, "degraded", NO_UPGRADE)
def no_accept_key(line: Line) -> None:
    """The upgrade without a proof."""
    line.send(head("Upgrade: websocket", "Connection: Upgrade", status="101 Switching Protocols"))
    line.hold()


@misbehaviour(Where.UPGRADE, "degraded", TOO_SLOW)
def slow_handshake(line: Line) -> None:
    """A byte a second of a header that does not end."""
    line.drip(b"HTTP/1.1 101 Switching Protocols\r\nX-More: ", b"x")


@misbehaviour(Where.UPGRADE, "degraded", NO_EVENTS)
def endless_handshake(line: Line) -> None:
    """Headers without end."""
    line.send(b"HTTP/1.1 101 Switching Protocols\r\n")
    line.flood(b"X-More: and more\r\n")


@misbehaviour(Where.UPGRADE, "degraded", NO_EVENTS)
def endless_line_in_the_handshake(line: Line) -> None:
    """One header without end."""
    line.send(b"HTTP/1.1 101 Switching Protocols\r\nX-More: ")
    line.flood(b"x")


@misbehaviour(Where.UPGRADE, "degraded", NO_EVENTS)
def silent_handshake(line: Line) -> None:
    """The connection is taken, and nothing comes."""
    line.hold()


@misbehaviour(Where.UPGRADE, "degraded", "begins with an empty line")
def empty_line_before_the_handshake(line: Line) -> None:
    """An answer that begins with its end."""
    line.send(b"\r\n" + encoded(line))
    line.hold()


@misbehaviour(Where.UPGRADE, "degraded", NO_EVENTS)
def handshake_without_a_number(line: Line) -> None:
    """The version alone."""
    line.send(b"HTTP/1.1\r\n\r\n")
    line.hold()


@misbehaviour(Where.UPGRADE, "degraded", NO_EVENTS)
def handshake_without_a_colon(line: Line) -> None:
    """A line among the headers that is none."""
    line.send(b"HTTP/1.1 101 Switching Protocols\r\nthis is no header\r\n\r\n")
    line.hold()


@misbehaviour(Where.UPGRADE, "degraded", NO_EVENTS)
def handshake_that_is_not_utf_8(line: Line) -> None:
    """A byte that is no letter."""
    line.send(b"HTTP/1.1 101 Switching Protocols\r\nX-More: b\xfcro\r\n\r\n")
    line.hold()


@misbehaviour(Where.UPGRADE, "degraded", NO_EVENTS)
def handshake_with_a_broken_cookie(line: Line) -> None:
    """A cookie that breaks the parsers of Python, and then nothing."""
    line.send(encoded(line, ("Set-Cookie", "a{=b")))
    line.hold()


@misbehaviour(Where.UPGRADE, "degraded", NO_EVENTS)
def handshake_with_a_body_of_words(line: Line) -> None:
    """An error whose size is no number."""
    line.send(head("Content-Length: many", status="400 Bad Request") + b"no")


@misbehaviour(Where.UPGRADE, "degraded", NO_EVENTS)
def handshake_with_a_body_that_drips(line: Line) -> None:
    """An error whose body does not end."""
    line.drip(head("Content-Length: 65000", status="400 Bad Request"), b" ")


@misbehaviour(Where.UPGRADE, "degraded", ELSEWHERE_IS)
def handshake_elsewhere(line: Line) -> None:
    """Where our password is not known, and should not become known."""
    location = f"Location: ws://localhost:{line.port}{ELSEWHERE}"
    line.send(head(location, "Content-Length: 0", status="302 Found"))


@misbehaviour(Where.UPGRADE, "degraded", ELSEWHERE_IS)
def handshake_to_no_url(line: Line) -> None:
    """An address that never ends."""
    line.send(head("Location: http://[::", "Content-Length: 0", status="302 Found"))
