"""Answers of REST whose HTTP is in order, and whose JSON is not what anybody expects."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache

from tests.hostile.misbehaviour import Line, Where, misbehaviour
from tests.hostile.rest import TOO_LONG, sized

NO_JSON = "not the JSON that we know"
#: The first value of a JSON object, or of the first of many, if it is a text.
FIRST_VALUE = re.compile(rb'(": )"[^"]*"')
KEY = b'"key%d": 0, '
NAME = b',{"technology":"PJSIP","resource":"x%06d","state":"online"}'
DEEP = b"[" * 100_000 + b"]" * 100_000

Alter = Callable[[bytes], bytes]


def body(state: str, says: str = "") -> Callable[[Alter], Alter]:
    """Put into the catalogue a function that makes of a good body a bad one."""

    def declare(alter: Alter) -> Alter:
        def act(line: Line) -> None:
            line.send(sized(alter(line.good.body)))

        act.__name__ = alter.__name__
        misbehaviour(Where.BODY, state, says)(act)
        return alter

    return declare


def with_first_value(good: bytes, value: bytes) -> bytes:
    """The same JSON with another first value."""
    return FIRST_VALUE.sub(lambda found: found.group(1) + value, good, count=1)


def with_member(good: bytes, member: bytes) -> bytes:
    """The same JSON with one member more, before all others."""
    return good.replace(b"{", b"{" + member, 1)


def with_endpoint(good: bytes, endpoint: bytes) -> bytes:
    """The same list of endpoints with one more; any other JSON as it is."""
    return good[:-1] + endpoint + b"]" if good.startswith(b"[") and b'"technology"' in good else good


@cache
def many(pattern: bytes, how_many: int = 1_000_000) -> bytes:
    """So many of these, each with its number."""
    return b"".join(pattern % number for number in range(how_many))


@body("unknown", NO_JSON)
def levels_100_000(good: bytes) -> bytes:
    """Lists in lists in lists."""
    return DEEP


@body("unknown", NO_JSON)
def levels_100_000_in_what_nobody_reads(good: bytes) -> bytes:
    """The same beside what is read."""
    return with_member(good, b'"more": ' + DEEP + b", ")


@body("up")
def keys_1_000_000(good: bytes) -> bytes:
    """An object with a million keys that nobody knows."""
    return with_member(good, many(KEY))


@body("unknown", TOO_LONG)
def names_1_000_000(good: bytes) -> bytes:
    """A list with a million names."""
    return with_endpoint(good, many(NAME))


@body("up")
def names_200_000(good: bytes) -> bytes:
    """A list with more names than healthmon ever watches; nobody watches these."""
    return with_endpoint(good, many(NAME, 200_000))


@body("unknown", NO_JSON)
def not_a_number(good: bytes) -> bytes:
    """NaN, which Python writes and JSON does not know."""
    return with_first_value(good, b"NaN")


@body("unknown", NO_JSON)
def number_of_400_digits(good: bytes) -> bytes:
    """A number for which there is no type, where a text should be."""
    return with_first_value(good, b"9" * 400)


@body("up")
def number_of_400_digits_in_what_nobody_reads(good: bytes) -> bytes:
    """The same beside what is read."""
    return with_member(good, b'"more": ' + b"9" * 400 + b", ")


@body("up")
def key_twice(good: bytes) -> bytes:
    """The first value differs from the second, which is right."""
    first = re.search(rb'"[^"]*": "', good)
    return with_member(good, first.group() + b'wrong", ') if first else good


@body("unknown", NO_JSON)
def lone_surrogate(good: bytes) -> bytes:
    """Half of a letter."""
    return with_first_value(good, rb'"\ud800"')


@body("unknown", NO_JSON)
def nul(good: bytes) -> bytes:
    """A byte 0 in the middle of a text."""
    return with_first_value(good, b'"a\0b"')


@body("up")
def nul_in_a_name(good: bytes) -> bytes:
    """An endpoint whose name holds a sign 0, rightly written."""
    return with_endpoint(good, rb',{"technology":"PJSIP","resource":"1\u0000","state":"online"}')


@body("unknown", NO_JSON)
def not_utf_8(good: bytes) -> bytes:
    """A byte that is no letter."""
    return with_first_value(good, b'"b\xfcro"')


@body("unknown", NO_JSON)
def page_for_people(good: bytes) -> bytes:
    """HTML, with status 200, as a proxy that wants a password sends it."""
    return b"<html><body>log in, please</body></html>"


@body("unknown", NO_JSON)
def nothing(good: bytes) -> bytes:
    """No body at all."""
    return b""
