"""No peer ends the process: whatever a library raises while it talks to one is that peer's failure."""

from __future__ import annotations

import http.client
import resource
import smtplib
from collections.abc import Iterator
from importlib import import_module

import apprise
import pytest
import requests
import websocket

from healthmon.ari.client import AriClient
from healthmon.ari.messages import decode_event
from healthmon.errors import AriError, AriUnexpected, DeliveryError, DeliveryUnsure, HealthmonError
from healthmon.model import ContactChange
from healthmon.watchdog.heartbeat import NotFed
from healthmon.wire.failures import failures_of_the_peer, with_its_type
from tests.ari.peers import config

from .clients import (
    CLIENTS,
    Client,
    ask_rest,
    feed,
    post_ticket,
    post_webhook,
    send_mail,
    send_through_apprise,
    upgrade,
)
from .raw import RawPeer, key_of

#: Answers that ended the daemon, or are relatives of those.
ANSWERS = {
    "a redirect whose Location is no URL": b"HTTP/1.1 302 Found\r\nLocation: http://[::\r\nContent-Length: 0\r\n\r\n",
    "a redirect whose Location is no UTF-8": b"HTTP/1.1 302 Found\r\nLocation: /\xff\xfe\r\nContent-Length: 0\r\n\r\n",
    "a redirect whose Location has a port of letters": b"HTTP/1.1 302 Found\r\nLocation: http://a:b/\r\n\r\n",
    "a redirect to a name that is none": b"HTTP/1.1 307 Go\r\nLocation: http://a..b/\r\nContent-Length: 0\r\n\r\n",
    "a chunk of -5 bytes": b"HTTP/1.1 400 Bad\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\nhello\r\n0\r\n\r\n",
    "a chunk of -1 bytes": b"HTTP/1.1 400 Bad\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\nhello\r\n0\r\n\r\n",
    "a chunk of words": b"HTTP/1.1 400 Bad\r\nTransfer-Encoding: chunked\r\n\r\nfive\r\nhello\r\n0\r\n\r\n",
    "a redirect with a chunk of -5 bytes":
        b"HTTP/1.1 302 Found\r\nLocation: /x\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\nhello\r\n0\r\n\r\n",
    "an empty line first": b"\r\nHTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n",
    "nothing but empty lines": b"\r\n\r\n\r\n",
    "a cookie with a broken name": b"HTTP/1.1 500 No\r\nSet-Cookie: a{=b\r\nContent-Length: 0\r\n\r\n",
    "two lengths": b"HTTP/1.1 500 No\r\nContent-Length: 5\r\nContent-Length: 7\r\n\r\nhello",
    "a length of words": b"HTTP/1.1 500 No\r\nContent-Length: five\r\n\r\nhello",
    "a negative length": b"HTTP/1.1 500 No\r\nContent-Length: -5\r\n\r\nhello",
    "a length of 5,000 digits": b"HTTP/1.1 500 No\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\nhello",
    "a status of 400 digits": b"HTTP/1.1 " + b"9" * 400 + b" OK\r\n\r\n",
    "a status of 5,000 digits": b"HTTP/1.1 " + b"9" * 5000 + b" OK\r\n\r\n",
    "no colon": b"HTTP/1.1 500 No\r\nContent-Length 5\r\n\r\nhello",
    "a date far away":
        b"HTTP/1.1 503 No\r\nDate: Mon, 01 Jan 2001 12:009999999999 GMT\r\n"
        b"Retry-After: Mon, 01 Jan 2001 12:009999999999 GMT\r\nContent-Length: 0\r\n\r\n",
    "something packed that is not":
        b"HTTP/1.1 500 No\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello",
    "nothing": b"",
}  # fmt: skip


@pytest.fixture(scope="module")
def module_peer() -> Iterator[RawPeer]:
    with RawPeer() as peer:
        yield peer


@pytest.fixture
def peer(module_peer: RawPeer) -> RawPeer:
    module_peer.says(b"")
    module_peer.greeting = b""
    return module_peer


def failure(client: Client, port: int) -> HealthmonError:
    with pytest.raises(CLIENTS[client]) as caught:
        client(port)
    assert str(caught.value).isprintable()
    assert not any(secret in str(caught.value) for secret in ("secret", "hook77", "t0ken77"))
    return caught.value


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=list(ANSWERS))
@pytest.mark.parametrize("client", [client for client in CLIENTS if client is not send_mail])
def test_an_answer_that_ended_the_daemon_is_a_failure_of_its_peer(client: Client, answer: bytes, peer: RawPeer) -> None:
    peer.says(answer)

    failure(client, peer.port)


def test_an_upgrade_with_a_broken_cookie_is_an_upgrade(peer: RawPeer) -> None:
    peer.answer = lambda request: (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSet-Cookie: a{=b\r\n"
        b"Sec-WebSocket-Accept: " + key_of(request) + b"\r\n\r\n"
    )

    upgrade(peer.port)


@pytest.mark.parametrize("client", [ask_rest, upgrade])
def test_a_cookie_is_neither_kept_nor_sent_to_another_pbx(client: Client, peer: RawPeer) -> None:
    asked: list[bytes] = []
    cookie = b"HTTP/1.1 101 Switching Protocols\r\nSet-Cookie: id=7; Domain=127.0.0.1\r\nContent-Length: 0\r\n"
    upgraded = b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "

    def answer(request: bytes) -> bytes:
        asked.append(request)
        return cookie + upgraded + key_of(request) + b"\r\n\r\n"

    peer.answer = answer
    for _ in range(2):
        try:
            client(peer.port)
        except AriError:
            continue

    assert len(asked) >= 2
    assert not any(b"cookie:" in request.lower() for request in asked)


def test_a_redirect_is_not_read_to_its_end(peer: RawPeer) -> None:
    peer.says(b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 30000000\r\n\r\n" + b"x" * 1000)

    error = failure(post_webhook, peer.port)

    assert "it says that it has moved" in str(error)


def test_a_status_of_200_is_a_delivery_whatever_is_wrong_with_the_body(peer: RawPeer) -> None:
    peer.says(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\nhello\r\n0\r\n\r\n")

    post_webhook(peer.port)


def test_a_refusal_is_a_refusal_whatever_is_wrong_with_the_body(peer: RawPeer) -> None:
    peer.says(ANSWERS["a chunk of -5 bytes"])

    error = failure(post_webhook, peer.port)

    assert isinstance(error, DeliveryError)
    assert error.refused
    assert not isinstance(error, DeliveryUnsure)


def test_an_answer_that_cannot_be_read_leaves_it_open_whether_the_message_arrived(peer: RawPeer) -> None:
    peer.says(ANSWERS["two lengths"])

    assert isinstance(failure(post_webhook, peer.port), DeliveryUnsure)


@pytest.mark.parametrize("date", [b"Mon, 01 Jan 2001 12:009999999999 GMT", b"Mon, 01 Jan 2001 12:00:00 -0000", b"\xff"])
def test_a_date_that_is_none_says_nothing_of_how_long_asterisk_has_been_running(date: bytes, peer: RawPeer) -> None:
    times = (
        b'{"status":{"startup_time":"2026-01-01T12:00:00.000+0000","last_reload_time":"2026-01-01T12:00:00.000+0000"}}'
    )
    length = str(len(times)).encode()
    peer.says(b"HTTP/1.1 200 OK\r\nDate: " + date + b"\r\nContent-Length: " + length + b"\r\n\r\n" + times)

    assert AriClient(config(f"http://127.0.0.1:{peer.port}", "healthmon", "secret")).info().running_for is None


@pytest.mark.parametrize("usec", [b"9" * 400, b'"' + b"9" * 400 + b'"', b"1e999", b'"nan"', b"-" + b"9" * 400])
def test_a_round_trip_of_400_digits_is_no_round_trip(usec: bytes) -> None:
    raw = (
        b'{"type":"ContactStatusChange","endpoint":{"technology":"PJSIP","resource":"101"},"contact_info":'
        b'{"uri":"sip:101@10.0.0.1","contact_status":"Reachable","roundtrip_usec":' + usec + b"}}"
    )

    try:
        change = decode_event(raw, "office", 1.0)
    except AriUnexpected:
        return
    assert isinstance(change, ContactChange)
    assert change.rtt_ms is None


# ---------------------------------------------------------------- whatever a library raises

#: Where a library talks to the peer of each client.
TALKS: dict[Client, tuple[type, str]] = {
    ask_rest: (requests.adapters.HTTPAdapter, "send"),
    upgrade: (websocket.WebSocket, "connect"),
    post_webhook: (requests.adapters.HTTPAdapter, "send"),
    post_ticket: (requests.adapters.HTTPAdapter, "send"),
    send_through_apprise: (apprise.Apprise, "notify"),
    send_mail: (smtplib.SMTP, "ehlo_or_helo_if_needed"),
    feed: (http.client.HTTPConnection, "getresponse"),
}
RAISED = [
    AssertionError("why?"),
    KeyError("x"),
    RecursionError(),
    MemoryError(),
    UnicodeDecodeError("utf-8", b"\xff", 0, 1, "?"),
]


@pytest.mark.parametrize("raised", RAISED, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("client", TALKS)
def test_whatever_a_library_raises_is_that_peers_failure_and_named_with_its_type(
    client: Client, raised: Exception, peer: RawPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def talk(*_arguments: object, **_options: object) -> None:
        raise raised

    peer.greeting = b"220 ready\r\n" if client is send_mail else b""
    monkeypatch.setattr(*TALKS[client], talk)

    assert type(raised).__name__ in str(failure(client, peer.port))


#: It does not come to a connection.
NO_PORT = 9


@pytest.mark.parametrize("client", CLIENTS)
def test_where_no_file_is_left_a_call_fails_and_ends_nothing(client: Client) -> None:
    # requests imports it at its first call; that is a file, too.
    import_module("netrc")
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, before[1]))
    try:
        error = failure(client, NO_PORT)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)

    assert "Too many open files" in str(error) or isinstance(error, NotFed)


OURS: dict[Client, str] = {
    ask_rest: "healthmon.ari.client.refusal",
    upgrade: "healthmon.ari.events.address_of",
    post_webhook: "healthmon.notify.channels.webhook.webhook_url",
    post_ticket: "healthmon.notify.channels.http_calls.Caller.refusal",
    send_through_apprise: "healthmon.notify.channels.apprise._telling",
    send_mail: "healthmon.notify.channels.mail._recipients",
    feed: "healthmon.watchdog.heartbeat._refuse",
}


@pytest.mark.parametrize("client", OURS)
def test_a_defect_of_our_own_is_nobody_elses_failure(
    client: Client, peer: RawPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wrong(*_arguments: object) -> None:
        raise AssertionError("a defect of our own")

    peer.says(b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n")
    monkeypatch.setattr(OURS[client], wrong)

    with pytest.raises(AssertionError, match="a defect of our own"):
        client(peer.port)


def test_an_expected_error_passes_as_it_is() -> None:
    expected = AriUnexpected("office", "GET /x", "no list")

    with pytest.raises(AriUnexpected) as caught, failures_of_the_peer(lambda error: NotFed(str(error))):
        raise expected

    assert caught.value is expected


def test_an_error_without_words_is_named_by_its_type() -> None:
    assert with_its_type(KeyError()) == "KeyError"
    assert with_its_type(ValueError("a\n b")) == "ValueError: a b"
