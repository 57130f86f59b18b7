"""The host of a SIP URI."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from healthmon.text.sipuri import host_of, is_over_connection


@pytest.mark.parametrize(
    ("uri", "host"),
    [
        ("sip:101@203.0.113.7:5060;transport=tcp", "203.0.113.7"),
        ("sip:127.0.22.20:5060", "127.0.22.20"),
        ("sips:Bob%40home@PBX.Example.NET", "pbx.example.net"),
        ("sip:101@[2001:DB8::7]:5066;ob", "2001:db8::7"),
        ("sip:101@df7jal23ls0d.invalid;transport=ws", "df7jal23ls0d.invalid"),
        ("sip:a@b@192.0.2.1", "192.0.2.1"),
        ("sip:provider.example?x=1", "provider.example"),
        ("sip:101@[2001:db8::7", ""),
        ("sip:101@", ""),
        ("101", ""),
        ("", ""),
        ("sip:101@" + "x" * 300, ""),
        ("sip:101@a\x1b[2J", ""),
    ],
)
def test_the_host_is_what_stands_between_the_user_and_the_port(uri: str, host: str) -> None:
    assert host_of(uri) == host


@given(st.text())
def test_whatever_a_stranger_writes_becomes_a_short_printable_host(text: str) -> None:
    host = host_of(text)

    assert len(host) <= 253
    assert host.isprintable()
    assert host == host.lower()


@pytest.mark.parametrize(
    ("uri", "is_so"),
    [
        ("sip:101@203.0.113.7:5060;transport=TCP", True),
        ("sip:101@203.0.113.7;ob;transport=tls", True),
        ("sip:101@df7jal23ls0d.invalid;transport=ws", True),
        ("SIPS:101@203.0.113.7", True),
        ("sip:101@203.0.113.7:5060;transport=udp", False),
        ("sip:transport=tcp@203.0.113.7", False),
        ("sip:101@203.0.113.7;transport=tcpx", False),
    ],
)
def test_a_contact_over_a_connection_is_known_by_its_uri(uri: str, is_so: bool) -> None:
    assert is_over_connection(uri) is is_so
