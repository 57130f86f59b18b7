"""Harm that is done to what real peers said: to its bytes, and to the parts of an HTTP answer."""

from __future__ import annotations

import gzip
import random
import re
from collections.abc import Callable

from msgspec import Struct

from tests.wire.bombs import gzip_bomb

Harm = Callable[[bytearray, random.Random], None]

STRANGE = [
    b"null", b"[]", b"{}", b'""', b"-1", b"1e999", b"NaN", b'"\\u0000"', b'"\\ud83d"', b"\xff\xfe", b"[" * 2000,
    b'{"a":' * 2000, b"9" * 400, b'"' + b"x" * 5000 + b'"', b"true", b'"<script>"',
]  # fmt: skip


LEAVES = [
    *STRANGE, b"9" * 400, b"9" * 400, b'""', b"0", b"-0", b"1e-999", b"-" + b"9" * 400, b"0." + b"9" * 400,
    b'"' + b"9" * 400 + b'"',
    b"false", b'"nan"',
    b'"-1"', b'"\\u202e"', b'"\\/"', b'"a/b"', b'"\\n"', b"[" * 100 + b"]" * 100, b'{"a":' * 100 + b"1" + b"}" * 100,
    b"[null]",
]  # fmt: skip
#: A value of a JSON text that is no object and no list.
LEAF = re.compile(rb':\s*("(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*|true|false|null)')


def mutate(raw: bytes, dice: random.Random) -> bytes:
    """Do one to four kinds of harm to some bytes."""
    harmed = bytearray(raw)
    for _ in range(dice.randint(1, 4)):
        dice.choice(HARMS)(harmed, dice)
    return bytes(harmed)


def flip(raw: bytearray, dice: random.Random) -> None:
    if raw:
        raw[dice.randrange(len(raw))] = dice.randrange(256)


def cut(raw: bytearray, dice: random.Random) -> None:
    del raw[dice.randint(0, len(raw)) :]


def drop_a_piece(raw: bytearray, dice: random.Random) -> None:
    start = dice.randint(0, len(raw))
    del raw[start : start + dice.randint(1, 30)]


def repeat_a_piece(raw: bytearray, dice: random.Random) -> None:
    start = dice.randint(0, len(raw))
    raw[start:start] = raw[start : start + dice.randint(1, 60)] * dice.randint(1, 5)


def swap_a_value(raw: bytearray, dice: random.Random) -> None:
    """Put something else where a string begins."""
    quotes = [index for index, byte in enumerate(raw) if byte == ord('"')]
    if quotes:
        start = dice.choice(quotes)
        raw[start : start + dice.randint(1, 12)] = dice.choice(STRANGE)


def swap_a_leaf(raw: bytearray, dice: random.Random) -> None:
    """Give something in a JSON text another value, of another type perhaps."""
    leaves = [match.span(1) for match in LEAF.finditer(raw)]
    if leaves:
        start, end = dice.choice(leaves)
        raw[start:end] = dice.choice(LEAVES)


def put_in(raw: bytearray, dice: random.Random) -> None:
    where = dice.randint(0, len(raw))
    raw[where:where] = dice.choice(STRANGE)


HARMS: list[Harm] = [flip, cut, drop_a_piece, repeat_a_piece, swap_a_value, swap_a_leaf, swap_a_leaf, put_in]

# ---------------------------------------------------------------- HTTP


class HttpAnswer(Struct):
    """An answer in its parts; ``status``: the whole first line, ``headers``: whole lines."""

    status: bytes
    headers: list[bytes]
    body: bytes = b""
    #: What comes before the first line.
    before: bytes = b""

    def encoded(self) -> bytes:
        """The bytes for the wire."""
        return self.before + b"\r\n".join([self.status, *self.headers, b"", b""]) + self.body

    def drop(self, name: bytes) -> None:
        """Leave a header out."""
        self.headers = [line for line in self.headers if not line.lower().startswith(name.lower() + b":")]

    def put(self, name: bytes, value: bytes) -> None:
        """Give a header this value."""
        self.drop(name)
        self.headers.append(name + b": " + value)


VALUES = [
    b"", b"-5", b"0", b"five", b"0x10", b"+7", b"1e3", b"9" * 400, b"9" * 5000, b"\xff\xfe", b"\x00", b"a{=b", b'"',
    b"=;=;",
    b"5, 7", b"5\r\n 7", b"\xc3\x28", b"a" * 70_000, b"http://[::", b"http://a:b/", b"//", b"http://a..b/",
    b"/\xff\xfe",
    b"gzip", b"gzip, gzip", b"deflate", b"br", b"zstd", b"chunked", b"gzip, chunked", b"identity", b"keep-alive",
    b"Upgrade",
    b"close", b"text/html; charset=\xff", b"Mon, 01 Jan 2001 12:009999999999 GMT", b"Mon, 99 Foo 99999999999",
]  # fmt: skip
NAMES = [
    b"Content-Length", b"Transfer-Encoding", b"Content-Encoding", b"Location", b"Set-Cookie", b"Date", b"Retry-After",
    b"Connection", b"Upgrade", b"Content-Type", b"Server", b"Sec-WebSocket-Accept", b"Sec-WebSocket-Extensions",
    b"Keep-Alive",
]  # fmt: skip
FIRST_LINES = [
    b"", b"HTTP/1.1", b"HTTP/1.1 ", b"HTTP/1.1 200", b"HTTP/1.0 200 OK", b"HTTP/0.9 200 OK", b"HTTP/2 200",
    b"HTTP/1.1 -200 OK",
    b"HTTP/1.1 " + b"9" * 400, b"HTTP/1.1 99 no", b"HTTP/1.1 1000 no", b"HTTP/1.1 204 No Content", b"HTTP/1.1 304 Same",
    b"HTTP/1.1 302 Found", b"HTTP/1.1 307 Go", b"HTTP/1.1 407 Log in", b"HTTP/1.1 200 \xff\xfe", b"ICY 200 OK",
    b"\x16\x03\x01",
    b"SSH-2.0-OpenSSH_9.2", b"220 mail ready", b"HTTP/1.1 101 Switching Protocols", b"HTTP/1.1 200 " + b"x" * 70_000,
]  # fmt: skip
BEFORE = [
    b"\r\n", b"\n", b"\r\n" * 20, b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 100 Continue\r\nX: y\r\n\r\n" * 20,
    b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n", b"\x00", b"\xef\xbb\xbf", b"junk\r\n",
]  # fmt: skip
SIZES = [
    b"-5", b"-1", b"5_0", b"0x5", b"five", b"", b"f" * 20, b"9" * 5000, b"5;x=" + b"y" * 100, b" 5", b"+5", b"\xff",
]  # fmt: skip
LAST_CHUNKS = [
    b"0\r\n\r\n", b"", b"0\r\nX-Trailer: x\r\n\r\n", b"0\r\n" + b"X: y\r\n" * 500 + b"\r\n", b"-0\r\n\r\n",
]  # fmt: skip
#: 100 MB of nothing in 100 kB; and packed again.
BOMB = gzip_bomb(b"\0", 100)
BOMB_IN_BOMB = gzip.compress(BOMB, 9)


def another_first_line(answer: HttpAnswer, dice: random.Random) -> None:
    answer.status = dice.choice(FIRST_LINES)


def harmed_first_line(answer: HttpAnswer, dice: random.Random) -> None:
    answer.status = mutate(answer.status, dice)


def something_before(answer: HttpAnswer, dice: random.Random) -> None:
    answer.before = dice.choice(BEFORE)


def another_value(answer: HttpAnswer, dice: random.Random) -> None:
    answer.put(dice.choice(NAMES), dice.choice(VALUES))


def a_header_twice(answer: HttpAnswer, dice: random.Random) -> None:
    answer.headers.insert(dice.randint(0, len(answer.headers)), dice.choice(NAMES) + b": " + dice.choice(VALUES))


def without_a_header(answer: HttpAnswer, dice: random.Random) -> None:
    if answer.headers:
        del answer.headers[dice.randrange(len(answer.headers))]


def harmed_header(answer: HttpAnswer, dice: random.Random) -> None:
    if answer.headers:
        number = dice.randrange(len(answer.headers))
        answer.headers[number] = mutate(answer.headers[number], dice)


def no_colon(answer: HttpAnswer, dice: random.Random) -> None:
    answer.headers.insert(dice.randint(0, len(answer.headers)), b"no colon")


def many_headers(answer: HttpAnswer, dice: random.Random) -> None:
    answer.headers += [b"X-More: and more"] * dice.choice([20_000 if dice.random() < 0.1 else 90, 101, 500, 500, 2000])


def many_cookies(answer: HttpAnswer, dice: random.Random) -> None:
    answer.headers += [b"Set-Cookie: c%d=%s; Domain=127.0.0.1" % (dice.randrange(10**9), b"x" * 500) for _ in range(50)]


def in_chunks(answer: HttpAnswer, dice: random.Random) -> None:
    """Send the body in chunks, some of them of a strange size, and perhaps with trailers."""
    answer.drop(b"Content-Length")
    answer.put(b"Transfer-Encoding", b"chunked")
    chunks = b""
    for start in range(0, len(answer.body), 100):
        piece = answer.body[start : start + 100]
        size = dice.choice(SIZES) if dice.random() < 0.2 else b"%x" % len(piece)
        chunks += size + b"\r\n" + piece + b"\r\n"
    end = dice.choice(
        [b"0\r\n\r\n", b"", b"0\r\nX-Trailer: x\r\n\r\n", b"0\r\n" + b"X: y\r\n" * 500 + b"\r\n", b"-0\r\n\r\n"]
    )
    answer.body = chunks + end


def packed(answer: HttpAnswer, dice: random.Random) -> None:
    """Pack the body, though identity was asked for; perhaps twice, perhaps a little wrong, perhaps a bomb."""
    encoding, body = dice.choice(
        [
            (b"gzip", gzip.compress(answer.body)),
            (b"gzip", mutate(gzip.compress(answer.body), dice)),
            (b"gzip, gzip", gzip.compress(gzip.compress(answer.body))),
            (b"deflate", answer.body),
            (b"gzip", BOMB if dice.random() < 0.1 else b"\x1f\x8b"),
            (b"gzip, gzip", BOMB_IN_BOMB if dice.random() < 0.1 else b"\x1f\x8b"),
        ]
    )
    answer.body = body
    answer.put(b"Content-Encoding", encoding)
    answer.put(b"Content-Length", b"%d" % len(body))


def harmed_body(answer: HttpAnswer, dice: random.Random) -> None:
    answer.body = mutate(answer.body, dice)


def harmed_body_of_the_right_length(answer: HttpAnswer, dice: random.Random) -> None:
    answer.body = mutate(answer.body, dice)
    answer.put(b"Content-Length", b"%d" % len(answer.body))


HTTP_HARMS: list[Callable[[HttpAnswer, random.Random], None]] = [
    another_first_line, harmed_first_line, something_before, another_value, another_value, a_header_twice,
    without_a_header,
    harmed_header, no_colon, many_headers, many_cookies, in_chunks, in_chunks, packed, harmed_body,
    harmed_body_of_the_right_length,
]  # fmt: skip


def mutated_answer(answer: HttpAnswer, dice: random.Random) -> bytes:
    """Do one to three kinds of harm to an answer; one in ten is harmed in its bytes, too."""
    harmed = HttpAnswer(answer.status, list(answer.headers), answer.body)
    for _ in range(dice.randint(1, 3)):
        dice.choice(HTTP_HARMS)(harmed, dice)
    raw = harmed.encoded()
    return mutate(raw, dice) if dice.random() < 0.1 else raw
