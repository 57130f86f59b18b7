"""Answers of REST that are no HTTP, or such HTTP as nobody should send."""

from __future__ import annotations

import gzip
import zlib
from functools import cache

from healthmon.demo.fakepbx.http import Answer
from tests.hostile.misbehaviour import Line, Where, misbehaviour

OK = b"HTTP/1.1 200 OK\r\n"
#: Where a client is sent to that follows a redirect.
ELSEWHERE = "/elsewhere"
IN_DROPS = "the answer comes in drops"
TOO_LONG = "the answer is longer than"
UNPACKED = "an answer of more than"
CLOSED = "closed it without an answer"
FROZEN = "no answer within"
NO_HTTP = "an answer that is no HTTP"
NOT_FOLLOWED = "that sends us elsewhere, which is not followed"


def head(*lines: str | bytes, status: str = "200 OK") -> bytes:
    """The head of an answer with these header lines."""
    given = [line.encode() if isinstance(line, str) else line for line in lines]
    return b"\r\n".join([f"HTTP/1.1 {status}".encode(), b"Content-Type: application/json", *given, b"", b""])


def sized(body: bytes, *lines: str | bytes) -> bytes:
    """A whole answer with this body."""
    return head(*lines, f"Content-Length: {len(body)}") + body


# ---------------------------------------------------------------- slowly, or without end


@misbehaviour(Where.REST, "down", IN_DROPS)
def drip_the_status_line(line: Line) -> None:
    """A byte a second of a status line that does not end."""
    line.drip(b"H", b"T", b"T", b"P", b"/", b"1", b".", b"1", b" ", b"2", b"0", b"0", b" ", b"O")


@misbehaviour(Where.REST, "down", IN_DROPS)
def drip_a_header(line: Line) -> None:
    """A byte a second of a header that does not end."""
    line.drip(OK + b"X-More: ", b"x")


@misbehaviour(Where.REST, "down", IN_DROPS)
def drip_many_headers(line: Line) -> None:
    """A short header a second."""
    line.drip(OK, b"A: b\r\n")


@misbehaviour(Where.REST, "down", IN_DROPS)
def drip_the_body(line: Line) -> None:
    """A byte a second of a body that has many."""
    line.drip(head("Content-Length: 65000"), b" ")


@misbehaviour(Where.REST, "down", IN_DROPS)
def drip_the_body_in_chunks(line: Line) -> None:
    """A chunk of a byte a second."""
    line.drip(head("Transfer-Encoding: chunked"), b"1\r\n \r\n")


@misbehaviour(Where.REST, "down", IN_DROPS)
def drip_a_chunk_size(line: Line) -> None:
    """A byte a second of the size of the first chunk."""
    line.drip(head("Transfer-Encoding: chunked"), b"0")


@misbehaviour(Where.REST, "down", IN_DROPS)
def drip_the_trailers(line: Line) -> None:
    """A header a second after the last chunk."""
    line.drip(head("Transfer-Encoding: chunked") + b"2\r\n[]\r\n0\r\n", b"A: b\r\n")


@misbehaviour(Where.REST, "down", IN_DROPS)
def drip_100_continue(line: Line) -> None:
    """Go on, once a second, as if there were something to go on with."""
    line.drip(b"HTTP/1.1 100 Continue\r\n\r\n")


@misbehaviour(Where.REST, "unknown", "the answer has headers without end")
def continue_100_without_end(line: Line) -> None:
    """Go on, without end."""
    line.flood(b"HTTP/1.1 100 Continue\r\n\r\n")


@misbehaviour(Where.REST, "unknown", NO_HTTP)
def headers_without_end(line: Line) -> None:
    """Headers without end."""
    line.send(OK)
    line.flood(b"X-More: and more\r\n")


@misbehaviour(Where.REST, "unknown", NO_HTTP)
def header_of_10_mb(line: Line) -> None:
    """One header that is larger than all that Asterisk ever sent."""
    line.send(head(b"X-More: " + b"x" * 10_000_000, f"Content-Length: {len(line.good.body)}") + line.good.body)


@misbehaviour(Where.REST, "unknown", TOO_LONG)
def body_without_end(line: Line) -> None:
    """A body without end."""
    line.send(head())
    line.flood(b" " * 1_000_000)


@misbehaviour(Where.REST, "down", FROZEN)
def say_nothing(line: Line) -> None:
    """The connection is taken, and nothing comes."""
    line.hold()


# ---------------------------------------------------------------- no HTTP


@misbehaviour(Where.REST, "up")
def header_without_a_colon(line: Line) -> None:
    """A line among the headers that is none."""
    line.send(sized(line.good.body, "this is no header"))


@misbehaviour(Where.REST, "unknown", NO_HTTP)
def http_0_9(line: Line) -> None:
    """The body alone, as HTTP was in 1991."""
    line.send(line.good.body or b"[]")


@misbehaviour(Where.REST, "unknown", NO_HTTP)
def ssh(line: Line) -> None:
    """Something else listens at this port."""
    line.send(b"SSH-2.0-OpenSSH_9.2\r\n")


@misbehaviour(Where.REST, "unknown", NO_HTTP)
def status_line_of_nothing(line: Line) -> None:
    """An empty line where the status should be."""
    line.send(b"\r\n\r\n")


@misbehaviour(Where.REST, "unknown", NO_HTTP)
def status_without_a_number(line: Line) -> None:
    """The version alone."""
    line.send(b"HTTP/1.1\r\n\r\n")


@misbehaviour(Where.REST, "unknown", NO_HTTP)
def status_of_many_digits(line: Line) -> None:
    """A number that is no status."""
    line.send(b"HTTP/1.1 " + b"9" * 400 + b" OK\r\nContent-Length: 0\r\n\r\n")


# ---------------------------------------------------------------- sizes that are none


@misbehaviour(Where.REST, "down", CLOSED)
def content_length_too_large(line: Line) -> None:
    """The body ends before it should."""
    line.send(head(f"Content-Length: {len(line.good.body) + 1000}") + line.good.body)


@misbehaviour(Where.REST, "down", IN_DROPS)
def content_length_too_large_and_silence(line: Line) -> None:
    """The body is shorter than it says, and the connection stays open."""
    line.send(head(f"Content-Length: {len(line.good.body) + 1000}") + line.good.body)
    line.hold()


@misbehaviour(Where.BODY, "unknown", "not the JSON that we know")
def content_length_too_small(line: Line) -> None:
    """The body goes on after its end."""
    line.send(head(f"Content-Length: {len(line.good.body) // 2}") + line.good.body)


@misbehaviour(Where.REST, "up")
def content_length_negative(line: Line) -> None:
    """A body of less than nothing."""
    line.send(head("Content-Length: -5") + line.good.body)


@misbehaviour(Where.REST, "up")
def content_length_in_words(line: Line) -> None:
    """A size that is no number."""
    line.send(head("Content-Length: many") + line.good.body)


@misbehaviour(Where.REST, "unknown", NO_HTTP)
def content_length_twice(line: Line) -> None:
    """Two sizes; what one client takes for the end of the body is the middle for another."""
    line.send(head(f"Content-Length: {len(line.good.body)}", "Content-Length: 5") + line.good.body)


def chunked(*chunks: bytes) -> bytes:
    """An answer in chunks, which are sent as they are."""
    return head("Transfer-Encoding: chunked") + b"".join(chunks)


@misbehaviour(Where.REST, "unknown", "an answer that cannot be read")
def chunk_size_negative(line: Line) -> None:
    """A chunk of less than nothing."""
    line.send(chunked(b"-5\r\n", line.good.body, b"\r\n0\r\n\r\n"))


@misbehaviour(Where.REST, "down", CLOSED)
def chunk_size_huge(line: Line) -> None:
    """A chunk that no memory can hold."""
    line.send(chunked(b"f" * 16 + b"\r\n", line.good.body, b"\r\n0\r\n\r\n"))


@misbehaviour(Where.REST, "unknown", NO_HTTP)
def chunk_size_in_words(line: Line) -> None:
    """A size that is no number."""
    line.send(chunked(b"many\r\n", line.good.body, b"\r\n0\r\n\r\n"))


# ---------------------------------------------------------------- packed


@misbehaviour(Where.REST, "up")
def gzip_though_identity_was_asked(line: Line) -> None:
    """The right answer, packed for somebody who did not want that."""
    line.send(_like(line.good, gzip.compress(line.good.body), "gzip"))


@misbehaviour(Where.REST, "unknown", UNPACKED)
def gzip_bomb(line: Line) -> None:
    """100 kB that become 100 MB."""
    line.send(sized(bomb(), "Content-Encoding: gzip"))


@misbehaviour(Where.REST, "unknown", UNPACKED)
def gzip_in_gzip(line: Line) -> None:
    """Some hundred bytes that become 100 kB that become 100 MB."""
    line.send(sized(gzip.compress(bomb(), 9), "Content-Encoding: gzip, gzip"))


@misbehaviour(Where.REST, "unknown", "cannot be unpacked")
def gzip_that_is_none(line: Line) -> None:
    """It says that it is packed."""
    line.send(_like(line.good, b"not packed", "gzip"))


@cache
def bomb() -> bytes:
    """100 MB of nothing, packed."""
    packer = zlib.compressobj(9, wbits=31)
    return b"".join(packer.compress(b" " * 1_000_000) for _ in range(100)) + packer.flush()


def _like(good: Answer, packed: bytes, encoding: str) -> bytes:
    """The same answer with another body."""
    lines = [f"Content-Encoding: {encoding}", f"Content-Length: {len(packed)}"]
    return head(*lines, status=f"{good.status} x") + packed


# ---------------------------------------------------------------- elsewhere


def _redirect(location: str | bytes) -> bytes:
    given = location.encode() if isinstance(location, str) else location
    return head(b"Location: " + given, "Content-Length: 0", status="302 Found")


@misbehaviour(Where.REST, "unknown", NOT_FOLLOWED)
def redirect_to_another_host(line: Line) -> None:
    """Where our password is not known, and should not become known."""
    line.send(_redirect(f"http://localhost:{line.port}{ELSEWHERE}"))


@misbehaviour(Where.REST, "unknown", NOT_FOLLOWED)
def redirect_in_a_circle(line: Line) -> None:
    """To itself."""
    line.send(_redirect(f"http://127.0.0.1:{line.port}/ari/endpoints"))


@misbehaviour(Where.REST, "unknown", NOT_FOLLOWED)
def redirect_to_no_url(line: Line) -> None:
    """An address that never ends."""
    line.send(_redirect("http://[::"))


@misbehaviour(Where.REST, "unknown", NOT_FOLLOWED)
def redirect_that_is_not_utf_8(line: Line) -> None:
    """A byte that is no letter."""
    line.send(_redirect(b"http://127.0.0.1/b\xfcro"))


# ---------------------------------------------------------------- cookies


@misbehaviour(Where.REST, "up")
def broken_cookie(line: Line) -> None:
    """A cookie that breaks the parsers of Python."""
    line.send(_with_cookies(line.good, "a{=b"))


@misbehaviour(Where.REST, "up")
def cookies_without_end(line: Line) -> None:
    """New ones with each answer, large ones, and for all our neighbours."""
    line.send(
        _with_cookies(line.good, *(f"c{id(line)}-{number}={'x' * 4000}; Domain=127.0.0.1" for number in range(50)))
    )


def _with_cookies(good: Answer, *cookies: str) -> bytes:
    lines = [f"Set-Cookie: {cookie}" for cookie in cookies]
    return head(*lines, f"Content-Length: {len(good.body)}", status=f"{good.status} x") + good.body
