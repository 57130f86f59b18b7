"""A server that sends without end: it costs little, and others are asked, heard and measured all the same."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from healthmon.config.values import OwnAddress
from healthmon.model import Health
from healthmon.sip.destinations import Remote, Transport
from healthmon.sip.messages import LARGEST, SipAnswer, read_answer
from healthmon.sip.sockets import Came, Sockets
from healthmon.sip.transactions import MOST_READ, Oddity
from tests.lab.sipmessages import Message, parse, response
from tests.lab.sippeer import Peer
from tests.sip.peers import CountingPeer
from tests.sip.rig import Rig


@pytest.fixture
def rig() -> Iterator[Rig]:
    rig = Rig()
    yield rig
    rig.sockets.close()


@pytest.fixture
def server() -> Iterator[socket.socket]:
    """A server that the test itself plays."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(10)
        yield server


@pytest.fixture
def sockets(server: socket.socket) -> Iterator[Sockets]:
    """Ours, which have sent something to that server."""
    with closing(Sockets(OwnAddress(), time.time)) as sockets:
        sockets.send(Remote(Transport.UDP, "127.0.0.1", server.getsockname()[1]), b"a request")
        yield sockets


class Flooder(Peer):
    """Is asked, and sends "100 Trying" without end, with a Via that takes milliseconds to read."""

    def __init__(self) -> None:
        self.request: Message | None = None
        self.source = ("", 0)
        super().__init__()

    def _on_request(self, request: Message, source: tuple[str, int]) -> None:
        self.request, self.source = request, source

    def flood(self, spoil: Callable[[bytes], bytes]) -> None:
        """Send ten of them."""
        assert self.request is not None
        trying = response(self.request, 100).replace(b"\r\nFrom:", b";a=b" * 1900 + b"\r\nFrom:", 1)
        assert len(trying) < LARGEST
        for _ in range(10):
            self._send(spoil(trying), self.source)


def with_wrong_branch(raw: bytes) -> bytes:
    return raw.replace(b"z9hG4bK", b"z9hG4bKx")


def with_right_branch(raw: bytes) -> bytes:
    return raw


@pytest.mark.parametrize(
    ("spoil", "most_read", "oddity"),
    [(with_wrong_branch, 0, Oddity.WRONG_BRANCH), (with_right_branch, MOST_READ, Oddity.TOO_MANY)],
)
def test_one_who_floods_is_hardly_read_and_others_have_their_verdicts(
    rig: Rig,
    monkeypatch: pytest.MonkeyPatch,
    spoil: Callable[[bytes], bytes],
    most_read: int,
    oddity: Oddity,
) -> None:
    read: list[bytes] = []

    def counted(raw: bytes) -> SipAnswer | None:
        read.append(raw)
        return read_answer(raw)

    monkeypatch.setattr("healthmon.sip.transactions.read_answer", counted)
    with Flooder() as flooder, CountingPeer() as healthy:
        rig.ask(flooder.uri)
        asked = rig.ask(healthy.uri, every=0.2)
        rig.turn_until(lambda: flooder.request is not None)

        def is_found_twice() -> bool:
            flooder.flood(spoil)
            return [found.destination for found in rig.found].count(asked) >= 2

        rig.turn_until(is_found_twice)

    assert {found.verdict.health for found in rig.found if found.destination == asked} == {Health.UP}
    assert len([raw for raw in read if len(raw) > LARGEST / 2]) == most_read
    assert rig.prober.transactions.ignored[oddity] > 0


def test_who_is_silent_is_given_up_though_a_flood_never_ends(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("healthmon.sip.prober.OPTIONS_ANSWERED_WITHIN", 0.3)
    # Ten come for each that is read: something waits in the socket always.
    monkeypatch.setattr("healthmon.sip.sockets.AT_ONCE", 1)
    with Flooder() as flooder, Peer() as silent:
        silent.ignore("OPTIONS")
        rig.ask(flooder.uri)
        rig.turn_until(lambda: flooder.request is not None)
        asked = rig.ask(silent.uri)

        def is_found() -> bool:
            flooder.flood(with_wrong_branch)
            return any(found.destination == asked for found in rig.found)

        rig.turn_until(is_found)

    [health] = [found.verdict.health for found in rig.found if found.destination == asked]
    assert health is Health.DOWN


def test_nobody_is_given_up_while_his_answer_waits_behind_a_flood(
    rig: Rig, server: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("healthmon.sip.sockets.AT_ONCE", 1)
    asked = rig.ask(f"sip:127.0.0.1:{server.getsockname()[1]}")
    rig.turn_until(lambda: len(rig.prober.transactions) > 0)
    raw, source = server.recvfrom(LARGEST)
    request = parse(raw)
    assert request is not None

    for packet in (b"nonsense", b"nonsense", b"nonsense", response(request, 200)):
        server.sendto(packet, source)
    [transaction] = rig.prober.transactions._open.values()
    # The turn was so long that it is over now, but the answer came in time.
    transaction.answered_within = time.monotonic() - transaction.sent_at

    found = rig.next()
    assert (found.destination, found.verdict.words) == (asked, "answers 200 OK")
    assert rig.prober.transactions.ignored == {Oddity.MALFORMED: 3}


def test_a_turn_ends_before_all_is_read_that_waits(
    sockets: Sockets, server: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("healthmon.sip.sockets.LONGEST_READING", 0.0)
    _, source = server.recvfrom(LARGEST)
    for packet in (b"1", b"2", b"3"):
        server.sendto(packet, source)

    assert [[came.raw for came in sockets.wait(0) if isinstance(came, Came)] for _ in range(4)] == [
        [b"1"],
        [b"2"],
        [b"3"],
        [],
    ]


def test_it_is_known_how_long_a_datagram_has_waited(sockets: Sockets, server: socket.socket) -> None:
    _, source = server.recvfrom(LARGEST)
    before = time.monotonic()
    server.sendto(b"an answer", source)
    sent = time.monotonic()
    while time.monotonic() < sent + 0.05:
        # A long turn, in which nothing is read.
        continue

    begun = time.monotonic()
    [came] = sockets.wait(0)
    ended = time.monotonic()

    assert isinstance(came, Came)
    # The two clocks may run apart by a little.
    assert begun - sent - 0.001 <= came.waited <= ended - before + 0.001


@pytest.mark.parametrize("step", [3600.0, -3600.0])
def test_a_wall_clock_that_is_set_moves_no_answer_to_before_what_was_read_earlier(
    sockets: Sockets, server: socket.socket, monkeypatch: pytest.MonkeyPatch, step: float
) -> None:
    _, source = server.recvfrom(LARGEST)
    begun = time.monotonic()
    list(sockets.wait(0))
    wall = time.time
    server.sendto(b"an answer", source)
    with monkeypatch.context() as patched:
        patched.setattr("healthmon.sip.sockets.time.time", lambda: wall() + step)
        [came] = sockets.wait(0)

    assert isinstance(came, Came)
    assert 0 <= came.waited <= time.monotonic() - begun
