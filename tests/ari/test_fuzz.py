"""Hostile events: nothing but AriUnexpected is ever raised, and nothing is believed from garbage."""

import json
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from healthmon.ari.events import EventSocket, _BoundedWebSocket, _ReadAhead
from healthmon.ari.messages import decode_event
from healthmon.demo.fakepbx.frames import CLOSE, PING, frame
from healthmon.errors import AriError, AriUnexpected
from healthmon.model import ContactChange, Observation, Removed
from tests.fuzz.harm import mutate

from .captures import all_events

CASES_IN_CI = 10_000
CASES_IN_SOAK = 100_000


def decode_without_accident(raw: bytes) -> None:
    """Decode; whatever names an endpoint must name it whole."""
    try:
        found = decode_event(raw, "office", 1.0)
    except AriUnexpected:
        return
    if isinstance(found, Observation | ContactChange | Removed):
        assert found.target.technology
        assert found.target.resource
        str(found).encode()


def attack(cases: int) -> None:
    seed = random.SystemRandom().randrange(2**32)
    print(f"seed {seed}")
    dice = random.Random(seed)
    recorded = list(all_events())
    for _ in range(cases):
        decode_without_accident(mutate(dice.choice(recorded), dice))


def test_mutated_recordings_cause_no_accident() -> None:
    attack(CASES_IN_CI)


@pytest.mark.soak
def test_soak_many_mutated_recordings_cause_no_accident() -> None:
    attack(CASES_IN_SOAK)


class Wire:
    """A socket on which these bytes come, in pieces; then the other side closes."""

    def __init__(self, raw: bytes, dice: random.Random) -> None:
        self._raw = raw
        self._dice = dice

    def recv(self, size: int) -> bytes:
        if self._dice.random() < 0.1:
            raise TimeoutError("timed out")
        size = self._dice.randint(1, size)
        piece, self._raw = self._raw[:size], self._raw[size:]
        return piece

    def send(self, data: bytes) -> int:
        return len(data)

    def settimeout(self, seconds: float | None) -> None: ...

    def gettimeout(self) -> float:
        return 1.0

    def shutdown(self, how: int) -> None: ...

    def close(self) -> None: ...

    def fileno(self) -> int:
        return 1


def stream_of(wire: Wire) -> EventSocket:
    """An event stream that is open already."""
    ahead = _ReadAhead(wire)  # type: ignore[arg-type]
    web_socket = _BoundedWebSocket(skip_utf8_validation=True)
    web_socket.sock = ahead  # type: ignore[assignment]
    return EventSocket("office", web_socket, ahead)


def read_to_the_end(raw: bytes, dice: random.Random) -> AriError:
    """Read a stream that brings these bytes, as the event source does."""
    stream = stream_of(Wire(raw, dice))
    while True:
        try:
            received = stream.receive()
        except AriError as error:
            return error
        if received:
            decode_without_accident(received)


def attack_frames(cases: int) -> None:
    seed = random.SystemRandom().randrange(2**32)
    print(f"seed {seed}")
    dice = random.Random(seed)
    recorded = [frame(raw) for raw in all_events()] + [frame(b"", PING), frame(b"\x03\xe8bye", CLOSE)]
    for _ in range(cases):
        raw = b"".join(dice.choices(recorded, k=3))
        read_to_the_end(mutate(raw, dice) if dice.random() < 0.9 else dice.randbytes(60), dice)


def test_mutated_frames_end_the_stream_and_nothing_else() -> None:
    attack_frames(CASES_IN_CI // 5)


@pytest.mark.soak
def test_soak_many_mutated_frames_end_the_stream_and_nothing_else() -> None:
    attack_frames(CASES_IN_SOAK // 5)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(), inner, max_size=2),
    max_leaves=3,
)
FIELDS = ("endpoint", "peer", "contact_info", "device_state", "eventname", "technology", "resource", "peer_status",
          "uri", "contact_status", "roundtrip_usec", "name", "state")  # fmt: skip
TYPES = ("PeerStatusChange", "ContactStatusChange", "DeviceStateChanged", "ChannelUserevent", "ApplicationReplaced")
event_like = st.fixed_dictionaries(
    {"type": st.sampled_from(TYPES)},
    optional=dict.fromkeys(FIELDS[:5], json_values | st.dictionaries(st.sampled_from(FIELDS[5:]), json_values)),
)


@settings(deadline=None)
@given(st.binary() | st.text().map(str.encode))
def test_any_bytes_cause_no_accident(raw: bytes) -> None:
    decode_without_accident(raw)


@settings(max_examples=100, deadline=None)
@given(event_like)
def test_events_with_wrong_parts_cause_no_accident(event: dict[str, object]) -> None:
    decode_without_accident(json.dumps(event).encode())
