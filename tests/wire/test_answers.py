"""Answers in drops, and answers without end: each is given up in its time, whoever reads it."""

from __future__ import annotations

import http.client
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
import requests

from healthmon.wire.adapter import BoundedAdapter
from healthmon.wire.answers import BoundedAnswer
from healthmon.wire.failures import causes_of
from healthmon.wire.pace import BadPace, PeerLimits, TooSlow
from tests.ari.certificates import Authority

from .dripping import DrippingServer

#: As the real ones, in a tenth of the time.
LIMITS = PeerLimits(largest=1_000_000, largest_header=100_000, share_within=0.25)
#: To the first byte (seconds).
PATIENCE = 0.4
#: What a machine that is busy with other tests may take longer.
SPARE = 5.0

#: What the buffers of a connection hold at most (bytes).
ON_THE_WAY = 16_000_000

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
#: What comes at once, and what comes then, again and again.
DRIPS = {
    "status line": (b"HTTP/1.1 200 ", b"x"),
    "header": (OK + b"X-Name: ", b"x"),
    "header lines": (OK, b"X: y\r\n"),
    "body": (OK + b"Content-Length: 65000\r\n\r\n", b"x"),
    "body that ends with the connection": (OK + b"Connection: close\r\n\r\n", b"x"),
    "chunk size": (CHUNKED, b"0"),
    "chunk extension": (CHUNKED + b"5;", b"x"),
    "chunks": (CHUNKED, b"1\r\nx\r\n"),
    "trailers": (CHUNKED + b"1\r\nx\r\n0\r\n", b"X: y\r\n"),
    "100 continue": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "100 continue with headers": (b"HTTP/1.1 100 Continue\r\n", b"X: y\r\n"),
}
BLOCK = 16_384
FLOODS = {
    "header lines": (OK, b"X: y\r\n" * 90),
    "header line": (OK + b"X: ", b"x" * BLOCK),
    "status line": (b"HTTP/1.1 200 ", b"x" * BLOCK),
    "body": (OK + b"Connection: close\r\n\r\n", b"x" * BLOCK),
    "chunk size": (CHUNKED, b"0" * BLOCK),
    "chunks": (CHUNKED, b"4000\r\n" + b"x" * BLOCK + b"\r\n"),
    "trailers": (CHUNKED + b"1\r\nx\r\n0\r\n", b"X: y\r\n" * 1000),
    "100 continue": (b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 100),
}

Read = Callable[..., bytes]


def by_http_client(url: str, limits: PeerLimits = LIMITS) -> bytes:
    """Read a whole answer, without requests."""
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=PATIENCE)
    connection.response_class = partial(BoundedAnswer, limits)  # type: ignore[assignment]
    try:
        connection.request("GET", "/")
        with connection.getresponse() as answer:
            return answer.read()
    finally:
        connection.close()


def by_requests(url: str, limits: PeerLimits = LIMITS, *, proxy: str = "", verify: str = "") -> bytes:
    """Read a whole answer with requests."""
    with requests.Session() as session:
        session.trust_env = False
        session.mount("http://", BoundedAdapter(limits))
        session.mount("https://", BoundedAdapter(limits))
        proxies = {"http": proxy, "https": proxy} if proxy else None
        answer = session.get(url, timeout=PATIENCE, proxies=proxies, verify=verify or True)
        return answer.content


both = pytest.mark.parametrize("read", [by_http_client, by_requests])


def given_up(read: Callable[[], object]) -> BadPace:
    """Read what breaks the limits, in time; return how it does that."""
    begun = time.monotonic()
    with pytest.raises((OSError, http.client.HTTPException)) as caught:
        read()
    assert time.monotonic() - begun < PATIENCE + LIMITS.share_within + SPARE
    return next(cause for cause in causes_of(caught.value) if isinstance(cause, BadPace))


@both
@pytest.mark.parametrize("part", DRIPS)
def test_an_answer_that_drips_is_given_up_soon_after_its_first_byte(read: Read, part: str) -> None:
    with DrippingServer(*DRIPS[part]) as server:
        error = given_up(lambda: read(server.url))

    assert isinstance(error, TooSlow)
    assert str(error).startswith("comes in drops: ")


@both
@pytest.mark.parametrize("part", FLOODS)
def test_an_answer_without_end_is_given_up_before_it_fills_the_memory(read: Read, part: str) -> None:
    with DrippingServer(*FLOODS[part], every=0.0) as server:
        # The libraries have limits of their own for some lines.
        with pytest.raises((OSError, http.client.HTTPException)):
            read(server.url)

        assert server.dripped < LIMITS.largest + ON_THE_WAY


@both
def test_an_answer_that_keeps_its_rate_and_does_not_end_is_given_up_in_the_time_for_all_of_it(read: Read) -> None:
    limits = PeerLimits(largest=LIMITS.largest, whole_within=0.5)
    with DrippingServer(OK + b"Connection: close\r\n\r\n", b"x" * 1000) as server:
        begun = time.monotonic()
        with pytest.raises((OSError, http.client.HTTPException), match=r"does not end: .* in 0\.5 s"):
            read(server.url, limits)

    assert time.monotonic() - begun < limits.whole_within + SPARE


@both
def test_a_server_that_says_nothing_is_silent_and_not_slow(read: Read) -> None:
    with DrippingServer() as server, pytest.raises((TimeoutError, requests.ReadTimeout)):
        read(server.url)


def test_a_proxy_whose_answer_drips_is_given_up_like_the_server_behind_it() -> None:
    with DrippingServer(b"HTTP/1.1 200 OK\r\nX: ", b"x") as proxy:
        error = given_up(lambda: by_requests("https://service.invalid/", proxy=proxy.url))

    assert isinstance(error, TooSlow)


@pytest.mark.parametrize("part", ["status line", "header lines", "body", "trailers", "100 continue"])
def test_an_answer_that_drips_inside_of_tls_is_given_up_too(part: str, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    with DrippingServer(*DRIPS[part], tls=authority.sign("127.0.0.1").server_context()) as server:
        error = given_up(lambda: by_requests(server.url, verify=str(authority.file)))

    assert isinstance(error, TooSlow)


def test_a_tls_handshake_that_drips_has_one_time_for_the_whole_of_it() -> None:
    # A record of a handshake, 64 bytes long, that comes byte by byte.
    with DrippingServer(b"\x16\x03\x03\x00\x40\x02\x00\x00\x3c", b"\x03", every=0.1) as server:
        begun = time.monotonic()
        with pytest.raises(requests.RequestException):
            by_requests(server.url.replace("http:", "https:"))

    assert time.monotonic() - begun < PATIENCE + SPARE


@both
def test_an_answer_in_several_pieces_is_read_whole(read: Read) -> None:
    body = bytes(range(256)) * 2000
    with DrippingServer(OK + b"Content-Length: %d\r\nConnection: close\r\n\r\n" % len(body) + body) as server:
        assert read(server.url) == body
