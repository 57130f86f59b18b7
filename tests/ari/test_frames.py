"""Frames become events whole and in order, however they are cut: by the sender into frames, by the network anywhere."""

from __future__ import annotations

import random

import pytest
from websocket import WebSocket

from healthmon.ari.events import MOST_CONTROLS_A_SECOND
from healthmon.demo.fakepbx import frames
from healthmon.errors import AriError, AriUnexpected, AriUnreachable
from tests.ari.test_fuzz import Wire, stream_of

#: Each of the three ways in which a frame tells its size, and the borders between them.
SIZES = (0, 1, 125, 126, 127, 400, 65535, 65536)


def in_pieces(payload: bytes, dice: random.Random) -> bytes:
    """A message of several frames, perhaps with a ping between them."""
    cut = dice.randint(0, len(payload))
    first, rest = payload[:cut], payload[cut:]
    # The first frame without FIN, the last as a continuation.
    begun = bytearray(frames.frame(first))
    begun[0] &= 0x7F
    ping = frames.frame(b"?", frames.PING) if dice.random() < 0.3 else b""
    return bytes(begun) + ping + frames.frame(rest, 0)


@pytest.mark.parametrize("seed", range(40))
def test_every_message_arrives_whole_and_in_order(seed: int) -> None:
    dice = random.Random(seed)
    sent = [dice.randbytes(dice.choice(SIZES)) for _ in range(20)]
    raw = b"".join(in_pieces(one, dice) if dice.random() < 0.2 else frames.frame(one) for one in sent)
    stream = stream_of(Wire(raw, dice))

    received = []
    with pytest.raises(AriUnreachable, match="broke off"):
        while True:
            received.append(stream.receive())

    # None: nothing came for a while; b"": a ping, or an event without text, which nobody sends.
    assert [one for one in received if one] == [one for one in sent if one]


def test_frames_that_are_here_already_are_read_without_asking_the_socket() -> None:
    class OnePiece(Wire):
        def recv(self, size: int) -> bytes:
            assert self._raw, "the socket was asked again"
            piece, self._raw = self._raw, b""
            return piece

    events = [b'{"type": "Dial"}', b'{"type": "PlaybackStarted", "value": "' + b"x" * 300 + b'"}'] * 3
    stream = stream_of(OnePiece(b"".join(map(frames.frame, events)), random.Random(1)))

    assert [stream.receive() for _ in events] == events


def test_events_that_come_at_once_are_read_without_websocket_client_the_first_one_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class OnePiece(Wire):
        def recv(self, size: int) -> bytes:
            piece, self._raw = self._raw, b""
            return piece

    def read_slowly(*_: object, **__: object) -> None:
        raise AssertionError("websocket-client was asked, which takes ten times longer")

    monkeypatch.setattr(WebSocket, "recv_data_frame", read_slowly)
    events = [b'{"type": "Dial"}'] * 3
    stream = stream_of(OnePiece(b"".join(map(frames.frame, events)), random.Random(1)))

    assert [stream.receive() for _ in events] == events


@pytest.mark.parametrize("kind", [frames.PING, frames.PONG])
def test_a_flood_of_pings_or_pongs_ends_the_stream(kind: int) -> None:
    stream = stream_of(Wire(frames.frame(b"x", kind) * 4 * MOST_CONTROLS_A_SECOND, random.Random(1)))

    with pytest.raises(AriUnexpected, match="more than 2000 pings and pongs within a second"):
        while True:
            assert stream.receive() == b""


@pytest.mark.parametrize("code", [0, 1, *range(998, 1018), 2999, 3000, 3003, 3999, 4000, 4999, 5000, 65535])
def test_every_close_code_ends_the_stream_as_what_it_is(code: int) -> None:
    stream = stream_of(Wire(frames.frame(code.to_bytes(2, "big"), frames.CLOSE), random.Random(1)))

    with pytest.raises(AriError) as caught:
        stream.receive()

    # websocket-client refuses codes that nobody may send.
    assert f"(code {code})" in caught.value.what or "breaks the rules of WebSocket" in caught.value.what
