"""WebSocket frames as a server sends and reads them (RFC 6455)."""

from __future__ import annotations

import base64
import hashlib
import struct
from collections.abc import Iterator

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def accept_key(key: str) -> str:
    """The answer to Sec-WebSocket-Key."""
    return base64.b64encode(hashlib.sha1(key.encode() + _GUID, usedforsecurity=False).digest()).decode()


def header(size: int, opcode: int = TEXT) -> bytes:
    """The header of an unmasked frame of so many bytes."""
    if size < 126:
        return struct.pack("!BB", 0x80 | opcode, size)
    if size < 65536:
        return struct.pack("!BBH", 0x80 | opcode, 126, size)
    return struct.pack("!BBQ", 0x80 | opcode, 127, size)


def frame(payload: bytes, opcode: int = TEXT) -> bytes:
    """A whole unmasked frame, as servers send them."""
    return header(len(payload), opcode) + payload


class FrameReader:
    """Takes bytes from a client, gives its frames."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """Give the opcode and payload of each frame that is complete now."""
        self._buffer += data
        while (frame := self._take()) is not None:
            yield frame

    def _take(self) -> tuple[int, bytes] | None:
        buffer = self._buffer
        if len(buffer) < 2:
            return None
        size, at = buffer[1] & 0x7F, 2
        if size >= 126:
            width = 2 if size == 126 else 8
            size, at = int.from_bytes(buffer[2 : 2 + width], "big"), 2 + width
        end = at + 4 + size
        if len(buffer) < end:
            return None
        mask, payload = buffer[at : at + 4], buffer[at + 4 : end]
        opcode = buffer[0] & 0x0F
        del buffer[:end]
        return opcode, bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload))
