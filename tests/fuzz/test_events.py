"""Mutated recordings of events and their frames, over a real socket: each is read, refused, or ends the stream."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator

import pytest

from healthmon.ari.events import EventSocket, open_events
from healthmon.ari.messages import WANTED_TYPES, Event, decode_event
from healthmon.demo.fakepbx.frames import CLOSE, PING, PONG, frame, header
from healthmon.errors import AriError, AriUnexpected
from healthmon.model import ContactChange, Observation, Removed
from tests.ari.captures import all_events
from tests.ari.peers import config
from tests.fuzz.attack import attack
from tests.fuzz.harm import mutate, swap_a_leaf
from tests.fuzz.recorded import KEY, UPGRADE
from tests.fuzz.test_answers import TIMEOUT, check_sentence, how_many
from tests.wire.raw import RawPeer, key_of

#: So many events come on one stream.
EVENTS = 3
#: Frames that break a rule, or stretch it.
ODD_FRAMES = [
    b"\xf1\x01x", b"\x83\x01x", b"\x00\x01x", b"\x88\x01x", b"\x89\x7e\x01\x00" + b"x" * 256,
    b"\x81\x81\x00\x00\x00\x00x",
    b"\x81\x7f" + b"\xff" * 8, b"\x81\x7f\x7f" + b"\xff" * 7, b"\x81\x7f" + (1 << 25).to_bytes(8, "big"), header(10**9),
    b"\x01\x00", b"\x01\x00" * 50, b"\x01\x01x\x89\x00\x80\x01y", b"\x80\x00", frame(b"", PING) * 200,
    frame(b"x" * 125, PONG),
    *(frame(code.to_bytes(2, "big") + b"bye", CLOSE) for code in (0, 999, 1000, 1001, 1005, 1006, 1015, 3000, 65535)),
    frame(b"", CLOSE), frame(b"\x03\xe8\xff\xfe", CLOSE), frame(b""), frame(b"\xff\xfe"),
]  # fmt: skip


@pytest.fixture(scope="module")
def peer() -> Iterator[RawPeer]:
    with RawPeer() as peer:
        yield peer


def read_to_the_end(stream: EventSocket) -> tuple[list[bytes], AriError]:
    """Everything that came, and what ended the stream."""
    came: list[bytes] = []
    while True:
        try:
            received = stream.receive()
        except AriError as error:
            stream.close()
            return came, error
        if received:
            came.append(received)


def check_event(raw: bytes) -> None:
    """What is believed of an endpoint is what the event says of it."""
    try:
        event: Event | None = decode_event(raw, "office", 1.0)
    except AriUnexpected as error:
        check_sentence(error)
        return
    str(event).encode()
    if isinstance(event, Observation | ContactChange | Removed):
        # What nobody reads may be anything.
        said = json.loads(raw.decode(errors="replace"))
        named = said["endpoint"] if "endpoint" in said and said["type"] != "DeviceStateChanged" else None
        name = f"{named['technology']}/{named['resource']}" if named else said["device_state"]["name"]
        assert event.target.endpoint == name
        assert event.target.technology
        assert event.target.resource


def harmed(raw: bytes, dice: random.Random) -> bytes:
    """Every other one is still JSON, and the harm is in one of its values."""
    if dice.random() < 0.5:
        return mutate(raw, dice)
    event = bytearray(raw)
    swap_a_leaf(event, dice)
    return bytes(event)


def attack_events(peer: RawPeer, cases: int) -> None:
    recorded = list(all_events())
    read = [raw for raw in recorded if json.loads(raw)["type"] in WANTED_TYPES]
    pbx = config(f"http://127.0.0.1:{peer.port}", "healthmon", "secret77")

    def case(dice: random.Random) -> None:
        payloads = [harmed(dice.choice(recorded if dice.random() < 0.2 else read), dice) for _ in range(EVENTS)]
        wire = b"".join(map(frame, payloads))
        is_whole = dice.random() < 0.5
        if not is_whole:
            where = dice.randint(0, len(wire))
            wire = dice.choice(
                [mutate(wire, dice), wire[:where] + dice.choice(ODD_FRAMES) + wire[where:], dice.randbytes(60)]
            )
        upgrade = UPGRADE.encoded()
        peer.answer = lambda request: upgrade.replace(KEY, key_of(request)) + wire

        came, error = read_to_the_end(open_events(pbx, subscribe_all=False, timeout=TIMEOUT))

        check_sentence(error)
        for raw in came:
            check_event(raw)
        if is_whole:
            # receive() has no other word for an empty message than for a pong.
            assert came == [payload for payload in payloads if payload]

    attack(case, cases)


@how_many
def test_mutated_events_are_read_refused_or_end_the_stream(peer: RawPeer, cases: int) -> None:
    attack_events(peer, cases)
