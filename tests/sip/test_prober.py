"""Rounds of OPTIONS against real sockets: UDP, TCP and TLS, several addresses, certificates, names that come and go."""

from __future__ import annotations

import errno
import os
import re
import ssl
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from healthmon.config.values import OwnAddress
from healthmon.core.belief.options import TWO_CLOCKS
from healthmon.model import OPTIONS_ANSWERED_WITHIN, Health, SipWay
from healthmon.sip.destinations import Remote, Transport, destination_of
from healthmon.sip.names import Found
from healthmon.sip.transactions import Oddity
from healthmon.sip.turns import APART
from tests.lab.certs import Authority, Certificate
from tests.lab.sipmessages import Message, response
from tests.lab.sippeer import Peer
from tests.sip.peers import CountingPeer, stream_server
from tests.sip.rig import Rig

UP, DEGRADED, DOWN, UNKNOWN = Health.UP, Health.DEGRADED, Health.DOWN, Health.UNKNOWN


@pytest.fixture
def rig() -> Iterator[Rig]:
    rig = Rig()
    yield rig
    rig.sockets.close()


@pytest.fixture
def peer() -> Iterator[Peer]:
    with Peer() as peer:
        yield peer


@pytest.fixture
def counting() -> Iterator[CountingPeer]:
    with CountingPeer() as peer:
        yield peer


# ---------------------------------------------------------------- UDP


def test_an_answer_is_up_with_its_round_trip(rig: Rig, peer: Peer) -> None:
    asked = rig.ask(peer.uri)

    found = rig.next()
    assert (found.destination, found.verdict.health, found.verdict.words) == (asked, UP, "answers 200 OK")

    while not found.round_trips:
        # A busy machine repeats a request: which one was answered, nobody knows.
        rig.prober.ask_again(asked)
        found = rig.next()
    [round_trip] = found.round_trips
    assert 0 < round_trip < 500


def test_503_is_degraded_and_who_asks_to_be_left_alone_is(rig: Rig) -> None:
    with Overloaded() as busy, CountingPeer() as other:
        asked = rig.ask(busy.uri, every=0.2)
        found = rig.next()
        assert found.destination == asked
        assert found.verdict.health is DEGRADED
        assert found.verdict.words.endswith("asks to be left alone until +300")

        rig.ask(other.uri, every=0.2)
        rig.turn_until(lambda: other.asked >= 3)

        # One answer is told once.
        assert {conclusion.destination for conclusion in rig.found} == {destination_of(SipWay(other.uri))}
        assert len(busy.transactions) == 1


def test_a_question_is_put_to_one_who_asks_to_be_left_alone_and_its_answer_counts(rig: Rig) -> None:
    with Overloaded() as peer:
        asked = rig.ask(peer.uri, every=0.2)
        first = rig.next()

        rig.prober.ask_again(asked)
        again = rig.next()
        assert again.verdict == first.verdict
        assert again.found_at > first.found_at
        assert len(peer.transactions) == 2

        peer.is_well = True
        rig.prober.ask_again(asked)
        assert rig.next().verdict.health is UP
        # It is asked in rounds again: what it asked for is over.
        assert rig.next().verdict.health is UP


def test_an_hour_is_honoured(rig: Rig) -> None:
    with Overloaded() as peer:
        peer.retry_after = 3600
        rig.ask(peer.uri)

        assert rig.next().verdict.words.endswith("asks to be left alone until +3600")


@pytest.mark.parametrize("wanted", [3601, 5 * 86400, 999_999_999])
def test_nobody_is_left_alone_for_longer_than_an_hour_and_it_is_said_when_he_is_asked_again(
    rig: Rig, wanted: int
) -> None:
    with Overloaded() as peer:
        peer.retry_after = wanted
        asked = rig.ask(peer.uri, every=0.2)

        wish = "asks to be left alone for more than an hour, and is asked again at +3600"
        assert rig.next().verdict.words.endswith(f"overloaded or in maintenance, {wish}")

        # It may be asked again before that: after an outage, and before a loss is believed.
        peer.is_well = True
        rig.prober.ask_again(asked)
        assert rig.next().verdict.health is UP


def test_who_asked_for_days_is_asked_again_after_an_hour_and_not_before(rig: Rig) -> None:
    with Overloaded() as busy, CountingPeer() as other:
        busy.retry_after = 5 * 86400
        asked = rig.ask(busy.uri, every=0.2)
        assert rig.next().verdict.health is DEGRADED
        busy.is_well = True

        rig.later = 3590.0
        rig.ask(other.uri, every=0.2)
        rig.turn_until(lambda: other.asked >= 2)
        assert len(busy.transactions) == 1

        rig.later = 3600.0
        rig.turn_until(lambda: any(found.destination == asked and found.verdict.health is UP for found in rig.found))


def test_what_is_found_beside_one_who_is_left_alone_is_as_old_as_his_answer(rig: Rig) -> None:
    with Overloaded() as busy, CountingPeer() as other:
        asked = rig.ask("sip:two.example", every=0.2)
        rig.to_look_up.clear()
        remotes = tuple(Remote(Transport.UDP, peer.address, peer.port) for peer in (busy, other))
        rig.prober.found(asked.hop, Found(remotes, 60.0))

        first, second = rig.next(), rig.next()

        assert second.begun_at > first.begun_at
        assert (second.found_at, second.verdict) == (first.found_at, first.verdict)
        assert len(busy.transactions) == 1


def test_whoever_does_not_answer_is_asked_again_and_is_down(rig: Rig, peer: Peer) -> None:
    peer.ignore("OPTIONS")
    rig.ask(peer.uri)

    found = rig.next()

    assert found.verdict.health is DOWN
    assert found.verdict.words == f"does not answer our OPTIONS (UDP {peer.address}:{peer.port})"
    assert 2 <= peer.seen["OPTIONS"] <= 4
    assert found.round_trips == ()
    assert found.settled_after >= OPTIONS_ANSWERED_WITHIN - TWO_CLOCKS


def test_an_answer_to_a_repetition_tells_no_round_trip(rig: Rig, peer: Peer) -> None:
    peer.ignore("OPTIONS")
    rig.ask(peer.uri)
    rig.turn_until(lambda: peer.seen["OPTIONS"] >= 1)
    peer.answer("OPTIONS")

    found = rig.next()

    assert (found.verdict.health, found.round_trips) == (UP, ())


def test_a_question_is_answered_by_a_round_that_begins_later(rig: Rig, peer: Peer) -> None:
    asked = rig.ask(peer.uri)
    first = rig.next()
    at = time.monotonic()

    rig.prober.ask_again(asked)
    again = rig.next()

    assert again.begun_at >= at
    assert again.begun_at - first.begun_at < 60


def test_to_one_address_a_new_transaction_begins_each_second_at_most(rig: Rig, counting: CountingPeer) -> None:
    peer = counting
    begun = time.monotonic()
    rig.ask(peer.uri)
    rig.ask(peer.uri, proxy=peer.uri)
    rig.ask(f"sip:192.0.2.1:{peer.port}", proxy=peer.uri)

    for _ in range(3):
        assert rig.next().verdict.health is UP

    assert time.monotonic() - begun >= 2.0
    assert peer.asked == 3


def test_it_goes_through_the_proxy(rig: Rig, peer: Peer) -> None:
    rig.ask("sip:192.0.2.1", proxy=f"{peer.uri};lr")

    assert rig.next().verdict.health is UP


def test_it_leaves_from_where_it_is_told_to(peer: Peer) -> None:
    with Peer() as other:
        address, port = other.address, other.port
    with Overloaded() as server:
        rig = Rig(OwnAddress(address, port))
        rig.ask(server.uri)
        rig.next()
        rig.sockets.close()

        [via] = server.requests[0].all("via")
        assert f"{address}:{port}" in via
        assert set(server.sources) == {(address, port)}


def test_where_our_own_port_is_taken_nothing_is_said_of_the_other_side(peer: Peer) -> None:
    with Peer() as taken:
        rig = Rig(OwnAddress(taken.address, taken.port))
        rig.ask(peer.uri)

        assert rig.next().verdict.health is UNKNOWN
        rig.sockets.close()


@pytest.mark.parametrize(
    ("number", "health"),
    [(errno.ENETUNREACH, UNKNOWN), (errno.EPERM, UNKNOWN), (errno.EMFILE, UNKNOWN), (errno.EHOSTUNREACH, DOWN)],
)
def test_what_our_own_machine_does_not_send_says_nothing_of_the_other_side(
    rig: Rig, peer: Peer, monkeypatch: pytest.MonkeyPatch, number: int, health: Health
) -> None:
    def refuse(remote: Remote, packet: bytes) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(rig.sockets, "send", refuse)
    rig.ask(peer.uri)

    assert rig.next().verdict.health is health


def test_forged_answers_are_ignored_and_the_true_one_counts(rig: Rig) -> None:
    with Forger() as peer:
        rig.ask(peer.uri)

        assert rig.next().verdict.words == "answers 200 OK"

    ignored = rig.prober.transactions.ignored
    assert {Oddity.MALFORMED, Oddity.WRONG_BRANCH, Oddity.WRONG_SOURCE, Oddity.WRONG_CSEQ} <= set(ignored)


def test_who_is_left_is_asked_no_more(rig: Rig, peer: Peer) -> None:
    peer.ignore("OPTIONS")
    asked = rig.ask(peer.uri, every=1.0)
    rig.turn_until(lambda: peer.seen["OPTIONS"] >= 1)

    rig.prober.leave(asked)
    begun, before = time.monotonic(), rig.sockets.sent
    rig.turn_until(lambda: time.monotonic() > begun + 1.2)

    assert len(rig.prober.transactions) == 0
    assert rig.sockets.sent == before
    assert rig.found == []


# ---------------------------------------------------------------- several addresses, and names


def test_each_address_is_asked_and_all_make_one_sentence(rig: Rig) -> None:
    with Peer() as first, Peer(port=first.port) as second, Peer(port=first.port) as third:
        third.vanish()
        asked = destination_of(SipWay(f"sip:sip.example.net:{first.port}"))
        assert asked is not None
        rig.prober.ask(asked, 60)
        rig.to_look_up.clear()
        remotes = tuple(Remote(Transport.UDP, peer.address, first.port) for peer in (first, second, third))
        rig.prober.found(asked.hop, Found(remotes, 60))

        found = rig.next()

        assert (found.verdict.health, found.verdict.words) == (
            DEGRADED,
            f"2 of 3 addresses of sip.example.net answer (no answer from UDP {third.address}:{third.port})",
        )
        assert min(first.seen["OPTIONS"], second.seen["OPTIONS"]) >= 1


def test_a_name_that_is_not_found_is_unknown_and_known_addresses_stay(rig: Rig, peer: Peer) -> None:
    asked = destination_of(SipWay("sip:sip.example.net"))
    assert asked is not None
    rig.prober.ask(asked, 60)
    rig.to_look_up.clear()
    rig.prober.found(asked.hop, Found((), 30, "the name sip.example.net has no address"))
    found = rig.next()
    assert (found.verdict.health, found.verdict.words) == (UNKNOWN, "the name sip.example.net has no address")

    rig.prober.found(asked.hop, Found((Remote(Transport.UDP, peer.address, peer.port),), 30))
    rig.prober.ask_again(asked)
    assert rig.next().verdict.health is UP

    rig.prober.found(asked.hop, Found((), 30, "the name sip.example.net cannot be looked up"))
    rig.prober.ask_again(asked)
    assert rig.next().verdict.health is UP


def test_a_question_before_its_name_is_looked_up_waits_for_that(rig: Rig, peer: Peer) -> None:
    asked = destination_of(SipWay("sip:sip.example.net"))
    assert asked is not None
    rig.prober.ask(asked, 60)
    rig.to_look_up.clear()

    rig.prober.ask_again(asked)
    rig.found += rig.prober.turn()
    assert rig.found == []

    rig.prober.found(asked.hop, Found((Remote(Transport.UDP, peer.address, peer.port),), 30))
    assert rig.next().verdict.health is UP


def test_an_address_that_is_gone_from_its_name_is_not_waited_for(rig: Rig, peer: Peer) -> None:
    with Peer() as gone:
        gone.ignore("OPTIONS")
        asked = destination_of(SipWay("sip:sip.example.net"))
        assert asked is not None
        rig.prober.ask(asked, 60)
        rig.to_look_up.clear()
        rig.prober.found(asked.hop, Found((Remote(Transport.UDP, gone.address, gone.port),), 30))
        rig.turn_until(lambda: gone.seen["OPTIONS"] >= 1)

        rig.prober.found(asked.hop, Found((Remote(Transport.UDP, peer.address, peer.port),), 30))

        assert rig.next().verdict.health is UP


# ---------------------------------------------------------------- TCP and TLS


@pytest.mark.parametrize("pieces", [1, 7])
def test_over_tcp(rig: Rig, pieces: int) -> None:
    with stream_server("127.0.0.1") as server:
        server.pieces = pieces
        rig.ask(f"sip:127.0.0.1:{server.port};transport=tcp")

        found = rig.next()

        assert (found.verdict.words, len(found.round_trips)) == ("answers 200 OK", 1)


def test_a_refused_connection_is_no_answer(rig: Rig) -> None:
    with stream_server("127.0.0.1") as server:
        port = server.port
    rig.ask(f"sip:127.0.0.1:{port};transport=tcp")

    found = rig.next()

    assert (found.verdict.health, found.verdict.words) == (DOWN, f"refuses the connection (TCP 127.0.0.1:{port})")
    # It was not waited for.
    assert found.settled_after < OPTIONS_ANSWERED_WITHIN / 2


def test_a_connection_that_the_other_side_closes_is_no_answer_and_not_waited_for(rig: Rig) -> None:
    with stream_server("127.0.0.1") as server:
        server.closes_next = True
        asked = rig.ask(f"sip:127.0.0.1:{server.port};transport=tcp")
        closed = rig.next()
        rig.prober.ask_again(asked)
        answered = rig.next()

    assert (closed.verdict.health, closed.verdict.words) == (
        DOWN,
        f"closes the connection (TCP 127.0.0.1:{server.port})",
    )
    assert closed.settled_after < OPTIONS_ANSWERED_WITHIN / 2
    # Each request has a connection of its own: that of another is never in its way.
    assert answered.verdict.words == "answers 200 OK"


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


CERTIFICATES: dict[str, tuple[Callable[[Authority], Certificate], str]] = {
    "valid": (lambda authority: authority.valid("127.0.0.1"), ""),
    "ending": (lambda authority: authority.ending("127.0.0.1"), "its certificate ends on 20"),
    "expired": (lambda authority: authority.expired("127.0.0.1"), "its certificate has expired; "),
    "wrong name": (lambda authority: authority.wrong_host(), "its certificate is not for 127.0.0.1; "),
}


@pytest.mark.parametrize("which", CERTIFICATES)
def test_what_is_the_matter_with_a_certificate_is_said_and_the_answer_counts(authority: Authority, which: str) -> None:
    make, trouble = CERTIFICATES[which]
    rig = Rig(trusted=ssl.create_default_context(cafile=str(authority.ca_file)))
    with stream_server("127.0.0.1", make(authority).files) as server:
        rig.ask(f"sip:127.0.0.1:{server.port};transport=tls")
        found = rig.next()
    rig.sockets.close()

    assert found.verdict.words.startswith(trouble)
    assert found.verdict.words.endswith("answers 200 OK")
    assert found.verdict.health is (DEGRADED if trouble else UP)


def test_an_unknown_authority_has_a_sentence_of_its_own(rig: Rig, authority: Authority) -> None:
    with stream_server("127.0.0.1", authority.valid("127.0.0.1").files) as server:
        rig.ask(f"sip:127.0.0.1:{server.port};transport=tls")

        found = rig.next()

    assert found.verdict.words == "its certificate is signed by an unknown CA; answers 200 OK"


def test_one_that_nobody_trusts_and_that_also_ends_soon_has_both_sentences(rig: Rig, authority: Authority) -> None:
    with stream_server("127.0.0.1", authority.ending("127.0.0.1").files) as server:
        rig.ask(f"sip:127.0.0.1:{server.port};transport=tls")

        found = rig.next()

    assert found.verdict.health is DEGRADED
    assert re.fullmatch(
        r"its certificate is signed by an unknown CA; its certificate ends on [-0-9]+ [0-9:]+ UTC; answers 200 OK",
        found.verdict.words,
    )


def test_that_it_has_expired_is_said_once(authority: Authority) -> None:
    rig = Rig(trusted=ssl.create_default_context(cafile=str(authority.ca_file)))
    with stream_server("127.0.0.1", authority.expired("127.0.0.1").files) as server:
        rig.ask(f"sip:127.0.0.1:{server.port};transport=tls")

        found = rig.next()
    rig.sockets.close()

    assert found.verdict.words == "its certificate has expired; answers 200 OK"


def test_whoever_speaks_no_tls_is_down(rig: Rig) -> None:
    with stream_server("127.0.0.1") as server:
        rig.ask(f"sip:127.0.0.1:{server.port};transport=tls")

        found = rig.next()

    assert found.verdict.health is DOWN


# ---------------------------------------------------------------- peers that are not as they should be


class Overloaded(Peer):
    """Answers 503 with Retry-After, until it is well, and keeps what came."""

    def __init__(self) -> None:
        self.requests: list[Message] = []
        self.sources: list[tuple[str, int]] = []
        self.retry_after = 300
        self.is_well = False
        super().__init__()

    @property
    def transactions(self) -> set[str]:
        """What it was asked: repetitions, which a busy machine makes, are no new questions."""
        return {request.first("via") for request in self.requests}

    def _on_request(self, request: Message, source: tuple[str, int]) -> None:
        self.requests.append(request)
        self.sources.append(source)
        answer = response(request, 503, [("Retry-After", str(self.retry_after))])
        if self.is_well:
            answer = response(request, 200)
        self._send(answer, source)


class Forger(Peer):
    """Sends all sorts of wrong answers before the right one."""

    def _on_request(self, request: Message, source: tuple[str, int]) -> None:
        true = response(request, 200)
        busy = response(request, 503)
        with Peer() as stranger:
            stranger._send(busy, source)
        self._send(b"SIP/2.0 503 \xff\r\n\r\n", source)
        self._send(busy.replace(b"z9hG4bK", b"z9hG4bKx"), source)
        self._send(busy.replace(b"OPTIONS\r\n", b"INVITE\r\n"), source)
        self.loop.call_later(0.2, lambda: self._send(true, source))


# ---------------------------------------------------------------- many at once


def test_what_is_found_is_as_old_as_the_request_and_not_as_the_wish_for_it(rig: Rig, peer: Peer) -> None:
    rig.ask(peer.uri)
    rig.ask("sip:elsewhere.example.net", proxy=peer.uri)

    # Both are asked at one address, one each second.
    assert abs(rig.next().begun_at - rig.next().begun_at) >= APART


def test_no_more_connections_are_opened_than_there_is_room_for(
    rig: Rig, peer: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("healthmon.sip.sockets.MOST_CONNECTIONS", 0)
    asked = rig.ask(f"{peer.uri};transport=tcp")
    end = time.monotonic() + 1.5
    rig.turn_until(lambda: time.monotonic() > end)
    assert rig.found == []

    monkeypatch.undo()
    assert rig.next().destination == asked
