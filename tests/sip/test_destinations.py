"""Where an OPTIONS goes that asks a contact, and what is written into it."""

from __future__ import annotations

import pytest

from healthmon.model import SipWay
from healthmon.sip.destinations import Destination, Hop, Remote, Transport, destination_of, hop_of

UDP, TCP, TLS = Transport.UDP, Transport.TCP, Transport.TLS


@pytest.mark.parametrize(
    ("uri", "hop"),
    [
        ("sip:sip.example.net", Hop(UDP, "sip.example.net")),
        ("sip:0301234@SIP.example.net:5070", Hop(UDP, "sip.example.net", 5070)),
        ("sip:sip.example.net;transport=tcp", Hop(TCP, "sip.example.net")),
        ("sip:sip.example.net:5061;transport=TLS;lr", Hop(TLS, "sip.example.net", 5061)),
        ("sips:sip.example.net", Hop(TLS, "sip.example.net")),
        ("sip:sbc_1:5062", Hop(UDP, "sbc_1", 5062)),
        ("sip:[2001:db8::1]:5070;transport=udp", Hop(UDP, "2001:db8::1", 5070)),
        ("sip:[2001:db8::1]", Hop(UDP, "2001:db8::1")),
        ("<sip:192.0.2.1;lr>", Hop(UDP, "192.0.2.1")),
        ("sip:a@192.0.2.1:5060;transport=ws", None),
        ("sip:a@192.0.2.1:99999", None),
        ("sip:a@192.0.2.1:0", None),
        ("tel:+49301234", None),
        ("sip:a@host\r\nVia: x", None),
        ("sip:a@ho st", None),
        ("sip:", None),
        ("", None),
    ],
)
def test_the_server_that_a_uri_names(uri: str, hop: Hop | None) -> None:
    assert hop_of(uri) == hop


def test_the_host_itself_is_asked_so_that_providers_who_share_it_are_asked_once() -> None:
    first, second = (destination_of(SipWay(f"sip:{user}@sip.example.net;transport=tls")) for user in ("0301", "0302"))

    assert first == second == Destination(Hop(TLS, "sip.example.net"), "sip:sip.example.net;transport=tls")


def test_it_goes_through_the_outbound_proxy() -> None:
    asked = destination_of(SipWay("sip:sip.example.net", "sip:proxy.example.net:5080;transport=tcp;lr"))

    assert asked == Destination(
        Hop(TCP, "proxy.example.net", 5080), "sip:sip.example.net", "sip:proxy.example.net:5080;transport=tcp;lr"
    )


def test_through_a_proxy_that_cannot_be_asked_nothing_is() -> None:
    assert destination_of(SipWay("sip:sip.example.net", "sip:proxy.example.net;transport=wss")) is None


def test_an_address_is_named_with_its_transport_and_port() -> None:
    assert str(Remote(UDP, "192.0.2.1", 5060)) == "UDP 192.0.2.1:5060"
    assert str(Remote(TLS, "2001:db8::1", 5061)) == "TLS [2001:db8::1]:5061"
