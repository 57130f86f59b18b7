"""The host of a SIP URI, how it is reached, and what of it is a secret."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from healthmon.text.sipuri import host_of, is_over_connection, without_secrets


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


@pytest.mark.parametrize(
    ("uri", "is_left"),
    [
        ("sip:al:s3cret@h.example", "sip:al@h.example"),
        ("sips:al;p=s3cret@h.example", "sips:al@h.example"),
        ('"D" <sip:al:s3cret@h.example>', '"D" <sip:al@h.example>'),
        ("sip:al:s3@s3?s3@h.example;ob", "sip:al@h.example;ob"),
        ("sip:al@h.example:5066;ob?X-Token=s3&b=s3@s3", "sip:al@h.example:5066;ob"),
        ("sip:h.example?Authorization=s3", "sip:h.example"),
        ("SIP:al:s3@[2001:db8::7]:5066;transport=TLS;PASSWORD=s3;ob", "SIP:al@[2001:db8::7]:5066;transport=TLS;ob"),
        ("a/sip:a:s3,s3@h,a/sip:b:s3@h;x-secret=s3", "a/sip:a@h,a/sip:b@h"),
        ("<sip:p;lr>,<sip:q:s3@h;lr>", "<sip:p;lr>,<sip:q@h;lr>"),
        ('{"uri":"sip:al:s3@h","more":"sip:b@c?d=s3"}', '{"uri":"sip:al@h","more":"sip:b@c"}'),
    ],
)
def test_what_may_be_a_secret_is_dropped_from_a_uri(uri: str, is_left: str) -> None:
    assert without_secrets(uri) == is_left


@pytest.mark.parametrize(
    "text",
    [
        "sip:101@203.0.113.7:5060;transport=tcp;x-ast-orig-host=192.0.2.1:5060",
        "sip:a@b@192.0.2.1",
        "sip:[2001:db8::7]:5066;ob;line=abc",
        "Authentication failed: try again?",
        "SIP/101",
    ],
)
def test_what_names_a_contact_is_left_as_it_is(text: str) -> None:
    assert without_secrets(text) == text


@given(st.text())
def test_what_is_left_has_no_secret_any_more(text: str) -> None:
    left = without_secrets(text)

    assert without_secrets(left) == left


@given(st.text("ab1:;?@,=<> ", min_size=1).map(lambda text: f"{text}s3cret"))
def test_a_password_of_any_characters_is_dropped(password: str) -> None:
    for mark in '<>"':
        password = password.replace(mark, "")

    assert "s3cret" not in without_secrets(f"sip:alice:{password}@h.example;ob")
