"""A PBX that answers in drops, or without end, is given up as soon as one that is silent, and told as what it is."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from healthmon.ari.client import LARGEST_ANSWER
from healthmon.ari.events import EventSocket, open_events
from healthmon.demo.fakepbx import FakePbx
from healthmon.demo.fakepbx import frames as fakes
from healthmon.errors import AriError, AriUnexpected, AriUnreachable, Trouble
from healthmon.wire.pace import PeerLimits
from tests.waiting import wait_for
from tests.wire.dripping import DrippingServer
from tests.wire.test_answers import DRIPS

from .peers import config
from .test_trouble import Look, both_ways, by_events, by_rest, failure

#: The real limits, in a twentieth of the time; and what a busy machine may take longer (seconds).
QUICK = PeerLimits(largest=LARGEST_ANSWER, whole_within=1.0, share_within=0.25)
SPARE = 5.0
#: How long a connection may take in the test of that (seconds).
CONNECTING = 2.5
#: The first frame of a text in several frames, one in its middle, and an empty one.
FIRST, MIDDLE, EMPTY = b"\x01\x01x", b"\x00\x01x", b"\x00\x00"
TEN_MB = b"\x81\x7f" + (10_000_000).to_bytes(8, "big")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("healthmon.ari.client.LIMITS", QUICK)
    monkeypatch.setattr("healthmon.ari.events.HANDSHAKE", QUICK)
    monkeypatch.setattr("healthmon.ari.events.MESSAGE", QUICK)


def slow_failure(look: Look, server: DrippingServer) -> AriError:
    """Look at a server that drips; return what is said of it, in time."""
    begun = time.monotonic()
    error = failure(look, config(server.url, "healthmon", "secret"))
    assert time.monotonic() - begun < QUICK.share_within + SPARE
    return error


# ---------------------------------------------------------------- answers


@both_ways
@pytest.mark.parametrize("part", ["status line", "header", "header lines"])
def test_a_dripping_answer_is_a_failed_look_that_says_what_it_is(look: Look, part: str) -> None:
    with DrippingServer(*DRIPS[part]) as server:
        error = slow_failure(look, server)

    assert (type(error), error.trouble) == (AriUnreachable, Trouble.TIMED_OUT)
    assert error.what.startswith("the answer comes in drops: ")
    assert error.what.endswith("in 0.25 s: frozen or overloaded")


@pytest.mark.parametrize("part", DRIPS)
def test_a_pbx_that_drips_by_rest_is_timed_out_whatever_part_it_is(part: str) -> None:
    with DrippingServer(*DRIPS[part]) as server:
        error = slow_failure(by_rest, server)

    assert (type(error), error.trouble) == (AriUnreachable, Trouble.TIMED_OUT)


@both_ways
def test_100_continue_without_end_is_no_answer(look: Look) -> None:
    with DrippingServer(b"", b"HTTP/1.1 100 Continue\r\n\r\n") as server:
        error = slow_failure(look, server)

    # websocket-client takes the first one for the answer.
    assert error.trouble is (Trouble.TIMED_OUT if look is not by_events else Trouble.UNEXPECTED)


def test_the_body_of_a_refused_upgrade_that_drips_is_given_up() -> None:
    with DrippingServer(b"HTTP/1.1 500 Oh\r\nContent-Length: 65000\r\n\r\n", b"x") as server:
        error = slow_failure(by_events, server)

    assert error.trouble is Trouble.TIMED_OUT


@both_ways
def test_a_tls_handshake_that_drips_is_given_up_like_a_silent_one(look: Look) -> None:
    # A record of a handshake, 64 bytes long, that comes byte by byte.
    with DrippingServer(b"\x16\x03\x03\x00\x40\x02\x00\x00\x3c", b"\x03", every=0.1) as server:
        server.url = server.url.replace("http:", "https:")
        error = slow_failure(look, server)

    assert error.trouble is Trouble.TIMED_OUT


@both_ways
def test_the_connection_and_the_tls_handshake_have_one_time_together(
    look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect = socket.socket.connect

    def connect_slowly(self: socket.socket, address: object) -> None:
        time.sleep(CONNECTING * 0.8)
        connect(self, address)  # type: ignore[arg-type]

    monkeypatch.setattr(socket.socket, "connect", connect_slowly)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        begun = time.monotonic()
        with pytest.raises(AriUnreachable) as caught:
            look(config(f"https://127.0.0.1:{silent.getsockname()[1]}", "healthmon", "secret"), CONNECTING)

    assert caught.value.trouble is Trouble.TIMED_OUT
    assert time.monotonic() - begun < CONNECTING * 1.6


# ---------------------------------------------------------------- frames


@pytest.fixture
def fake() -> Iterator[FakePbx]:
    with FakePbx() as one:
        yield one


class Dripping:
    """Sends these bytes on the event stream, and then drop after drop, until it is told to stop."""

    def __init__(self, fake: FakePbx, at_once: bytes, drop: bytes, every: float = 0.02) -> None:
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._drip, args=(fake, at_once, drop, every))

    def __enter__(self) -> Dripping:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _drip(self, fake: FakePbx, at_once: bytes, drop: bytes, every: float) -> None:
        fake.send_raw(at_once)
        while not self._over.wait(every):
            fake.send_raw(drop)


def stream_of(fake: FakePbx) -> EventSocket:
    stream = open_events(config(fake.url, "healthmon", "secret"), subscribe_all=False)
    wait_for(lambda: fake.streams_opened == 1)
    return stream


def end_of(stream: EventSocket, within: float) -> AriError:
    """Read until the stream ends; return why it did."""
    begun = time.monotonic()
    with pytest.raises(AriError) as caught:
        while time.monotonic() - begun < within + SPARE:
            stream.receive()
    stream.close()
    return caught.value


@pytest.mark.parametrize(
    ("at_once", "drop"),
    [
        (TEN_MB, b"xx"),
        (b"\x81", b""),
        (FIRST, MIDDLE),
        (FIRST, fakes.frame(b"?", fakes.PING)),
    ],
    ids=["10 MB at 2 bytes", "half a header", "fragments", "pings inside of a message"],
)
def test_a_message_that_has_begun_and_drips_ends_the_stream(fake: FakePbx, at_once: bytes, drop: bytes) -> None:
    stream = stream_of(fake)
    with Dripping(fake, at_once, drop):
        error = end_of(stream, QUICK.share_within)

    assert (type(error), error.trouble) == (AriUnreachable, Trouble.SILENT)
    assert error.what.startswith("connected, but a message of the event stream comes in drops: ")


@pytest.mark.parametrize("fragment", [MIDDLE * 5000, EMPTY * 5000])
def test_endless_fragments_that_keep_their_rate_end_in_the_time_for_all_of_a_message(
    fake: FakePbx, fragment: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("healthmon.ari.events.MESSAGE", PeerLimits(largest=LARGEST_ANSWER, whole_within=0.3))
    stream = stream_of(fake)
    with Dripping(fake, FIRST, fragment):
        error = end_of(stream, 0.3)

    assert "does not end" in error.what


@pytest.mark.parametrize("fragment", [b"\x00\x7e\x40\x00" + b"x" * 16384, EMPTY * 8192])
def test_endless_fragments_as_fast_as_they_come_fill_no_memory(
    fake: FakePbx, fragment: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("healthmon.ari.events.MESSAGE", PeerLimits(largest=300_000))
    stream = stream_of(fake)
    with Dripping(fake, FIRST, fragment, every=0.0):
        error = end_of(stream, 0.0)

    assert isinstance(error, AriUnexpected)
    assert "is longer than 300 kB" in error.what


def test_whoever_reads_endless_fragments_looks_at_its_clocks_in_between(fake: FakePbx) -> None:
    stream = stream_of(fake)
    with Dripping(fake, FIRST, MIDDLE):
        assert stream.receive() is None
    stream.close()


def test_silence_between_messages_is_no_attack(fake: FakePbx, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("healthmon.ari.events.PATIENCE", 0.1)
    stream = stream_of(fake)
    fake.send_raw(fakes.frame(b"one"))
    wait_for(lambda: stream.receive() == b"one")

    until = time.monotonic() + QUICK.whole_within + 0.3
    while time.monotonic() < until:
        assert stream.receive() is None

    fake.send_raw(fakes.frame(b"two"))
    wait_for(lambda: stream.receive() == b"two")
    stream.close()


def test_a_message_whose_rest_comes_in_time_is_read_whole(fake: FakePbx, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("healthmon.ari.events.PATIENCE", 0.05)
    monkeypatch.setattr("healthmon.ari.events.MESSAGE", PeerLimits(largest=LARGEST_ANSWER))
    stream = stream_of(fake)
    raw = fakes.frame(b"x" * 300)
    for piece in (raw[:1], raw[1:3], raw[3:200]):
        fake.send_raw(piece)
        assert stream.receive() is None

    fake.send_raw(raw[200:])
    wait_for(lambda: stream.receive() == b"x" * 300)
    stream.close()
