"""What our OPTIONS look like, and what is read from the answers, however oddly they are written."""

from __future__ import annotations

import re

import pytest
from sipmessage.via import VIA_EXCEPTION

from healthmon.sip.destinations import Destination, Hop, Remote, Transport
from healthmon.sip.messages import LARGEST, SipAnswer, glimpse_branch, read_answer
from tests.sip.scene import answer, asking, request

ASKING = asking()
RIGHT = SipAnswer(200, ASKING.branch, ASKING.call_id, ASKING.cseq, "OPTIONS")


def test_the_request_says_who_asks_and_whom() -> None:
    lines = request(ASKING).decode().split("\r\n")

    assert lines[0] == "OPTIONS sip:sip.example.net SIP/2.0"
    assert "Via: SIP/2.0/UDP 192.0.2.10:5066;branch=z9hG4bKabc;rport" in lines
    assert "User-Agent: healthmon/1.0" in lines
    assert "CSeq: 7 OPTIONS" in lines
    assert "Max-Forwards: 70" in lines
    assert "From: <sip:healthmon@192.0.2.10>;tag=tag1" in lines
    assert "To: <sip:sip.example.net>" in lines
    assert lines[-2:] == ["", ""]


def test_by_a_proxy_it_names_the_route() -> None:
    to = Destination(
        Hop(Transport.TCP, "proxy.example.net"), "sip:[2001:db8::1]:5070", "sip:proxy.example.net;transport=tcp;lr"
    )
    lines = request(ASKING, to, Remote(Transport.TCP, "192.0.2.9", 5060)).decode().split("\r\n")

    assert lines[0] == "OPTIONS sip:[2001:db8::1]:5070 SIP/2.0"
    assert lines[1].startswith("Via: SIP/2.0/TCP ")
    assert "Route: <sip:proxy.example.net;transport=tcp;lr>" in lines


def test_an_answer_is_read() -> None:
    assert read_answer(answer(ASKING)) == RIGHT


@pytest.mark.parametrize(
    "raw",
    [
        answer(ASKING).replace(b"Via: SIP/2.0/UDP ", b"v  :\r\n\tSIP/2.0/UDP\r\n  "),
        answer(ASKING).replace(b"CSeq: 7 OPTIONS", b"CSEQ : 7\r\n   OPTIONS"),
        answer(ASKING).replace(b"200 OK", b"200 Alles klar, B\xfcro"),
        answer(ASKING).replace(b"200 OK", b"200 "),
        answer(ASKING).replace(b"200 OK", b"200"),
        answer(ASKING).replace(b";branch=", b"; BRANCH ="),
        answer(ASKING, "200 OK", "Server: \xff\xfe"),
        answer(ASKING) + b"v=0\r\n\x00\xff",
        answer(ASKING).replace(b"received=192.0.2.10", b"received=2001:db8::10"),
    ],
    ids=[
        "folded Via",
        "folded CSeq",
        "Latin-1 phrase",
        "no phrase",
        "no blank",
        "BRANCH",
        "odd header",
        "a body",
        "IPv6 without brackets",
    ],
)
def test_an_answer_that_is_oddly_written_is_read_all_the_same(raw: bytes) -> None:
    assert glimpse_branch(raw) == ASKING.branch
    assert read_answer(raw) == RIGHT


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\r\n\r\n",
        request(ASKING),
        answer(ASKING, "099 Less"),
        answer(ASKING, "700 More"),
        answer(ASKING, "2_0 OK"),
        answer(ASKING, "20 OK"),
        answer(ASKING, "2000 OK"),
        answer(ASKING, "\u0662\u0660\u0660 OK"),
        answer(ASKING, Via="nonsense"),
        answer(ASKING, "200 OK", "Via: SIP/2.0/UDP 192.0.2.77;branch=z9hG4bKother"),
        answer(ASKING, CSeq="seven OPTIONS"),
        answer(ASKING, CSeq=f"{'9' * 5000} OPTIONS"),
        re.sub(rb"Via:.*?\r\n", b"", answer(ASKING)),
        re.sub(rb"CSeq:.*?\r\n", b"", answer(ASKING)),
        re.sub(rb"Call-ID:.*?\r\n", b"", answer(ASKING)),
        answer(ASKING, "200 OK", "a line without any sense"),
        answer(ASKING, "200 OK", f"X: {'x' * LARGEST}"),
    ],
)
def test_what_cannot_be_read_is_no_answer(raw: bytes) -> None:
    assert read_answer(raw) is None


def test_what_cannot_be_read_leaves_nothing_behind() -> None:
    # The library raises this one again and again; with a traceback it would hold every frame, and so every answer.
    assert read_answer(answer(ASKING, Via="nonsense")) is None

    assert VIA_EXCEPTION.__traceback__ is None


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("300", 300.0),
        (" 18000;duration=3600", 18000.0),
        ("120 (I'm in a meeting)", 120.0),
        ("0", 0.0),
        ("-5", None),
        ("soon", None),
        ("9" * 400, None),
        ("", None),
    ],
)
def test_how_long_it_asks_to_be_left_alone(value: str, seconds: float | None) -> None:
    read = read_answer(answer(ASKING, "503 Service Unavailable", f"Retry-After: {value}"))

    assert read is not None
    assert (read.code, read.retry_after) == (503, seconds)
