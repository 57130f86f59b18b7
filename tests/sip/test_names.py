"""The addresses of a SIP server, as a real name server tells them."""

from __future__ import annotations

import time

import pytest

from healthmon.sip.destinations import Hop, Remote, Transport
from healthmon.sip.names import (
    MOST_ADDRESSES,
    NAME_SERVERS_ANSWER_WITHIN,
    SHORTEST,
    Found,
    Names,
    SipServer,
    in_order,
)
from tests.sip.peers import Records, name_server

UDP, TLS = Transport.UDP, Transport.TLS
RECORDS: Records = {
    ("sip.example.net", "A"): ["192.0.2.1", "192.0.2.2"],
    ("sip.example.net", "AAAA"): ["2001:db8::1"],
    ("carrier.example", "A"): ["192.0.2.99"],
    ("_sip._udp.carrier.example", "SRV"): [
        "20 0 5070 backup.carrier.example.",
        "10 10 5060 second.carrier.example.",
        "10 60 5062 first.carrier.example.",
    ],
    ("first.carrier.example", "A"): ["192.0.2.11"],
    ("second.carrier.example", "A"): ["192.0.2.12"],
    ("backup.carrier.example", "A"): ["192.0.2.13"],
    ("_sips._tcp.carrier.example", "SRV"): ["10 0 5061 first.carrier.example."],
    ("_sip._udp.none.example", "SRV"): ["0 0 0 ."],
    ("none.example", "A"): ["192.0.2.50"],
}


def found(hop: Hop) -> Found:
    """What that name server says of it."""
    with name_server(RECORDS) as server:
        return Names(server.resolver()).look_up(hop)


def test_an_address_is_asked_of_nobody() -> None:
    assert Names().look_up(Hop(TLS, "192.0.2.1")).remotes == (Remote(TLS, "192.0.2.1", 5061),)
    assert Names().look_up(Hop(UDP, "2001:DB8::0:1", 5070)).remotes == (Remote(UDP, "2001:db8::1", 5070),)


def test_a_name_with_a_port_has_all_of_its_addresses_of_both_kinds() -> None:
    assert found(Hop(UDP, "sip.example.net", 5066)).remotes == (
        Remote(UDP, "192.0.2.1", 5066),
        Remote(UDP, "192.0.2.2", 5066),
        Remote(UDP, "2001:db8::1", 5066),
    )


def test_a_name_without_srv_records_is_asked_at_the_usual_port() -> None:
    assert [remote.port for remote in found(Hop(UDP, "sip.example.net")).remotes] == [5060] * 3


def test_srv_records_tell_hosts_and_ports_the_most_wanted_first() -> None:
    assert found(Hop(UDP, "carrier.example")).remotes == (
        Remote(UDP, "192.0.2.11", 5062),
        Remote(UDP, "192.0.2.12", 5060),
        Remote(UDP, "192.0.2.13", 5070),
    )
    assert found(Hop(TLS, "carrier.example")).remotes == (Remote(TLS, "192.0.2.11", 5061),)


def test_with_a_port_srv_records_do_not_matter() -> None:
    assert found(Hop(UDP, "carrier.example", 5060)).remotes == (Remote(UDP, "192.0.2.99", 5060),)


def test_it_holds_as_long_as_the_name_server_says_within_bounds() -> None:
    assert found(Hop(UDP, "sip.example.net", 5060)).holds_for == 60.0
    with name_server(RECORDS) as server:
        server.ttl = 1
        assert Names(server.resolver()).look_up(Hop(UDP, "sip.example.net", 5060)).holds_for == SHORTEST


def test_a_name_that_does_not_exist_has_a_reason() -> None:
    nothing = found(Hop(UDP, "nowhere.invalid", 5060))

    assert nothing.remotes == ()
    assert nothing.why.startswith("the name nowhere.invalid cannot be looked up: ")


@pytest.mark.parametrize(
    ("failing", "hop", "addresses"),
    [
        (("sip.example.net", "AAAA"), Hop(UDP, "sip.example.net", 5060), ["192.0.2.1", "192.0.2.2"]),
        (("_sip._udp.sip.example.net", "SRV"), Hop(UDP, "sip.example.net"), ["192.0.2.1", "192.0.2.2", "2001:db8::1"]),
        (("first.carrier.example", "A"), Hop(UDP, "carrier.example"), ["192.0.2.12", "192.0.2.13"]),
    ],
)
def test_what_one_question_leads_to_is_taken_whatever_becomes_of_another(
    failing: tuple[str, str], hop: Hop, addresses: list[str]
) -> None:
    with name_server(RECORDS) as server:
        server.failing.add(failing)
        known = Names(server.resolver()).look_up(hop)

    assert ([remote.address for remote in known.remotes], known.why) == (addresses, "")
    assert known.holds_for <= 300.0


#: What a broken, or an unkind, name server may say: two hundred servers of one name.
TARGETS = [f"t{number:03}.example" for number in range(200)]
MANY: Records = {
    ("_sip._udp.many.example", "SRV"): [f"10 1 5060 {target}." for target in TARGETS],
    **{(target, "A"): [f"192.0.2.{number}"] for number, target in enumerate(TARGETS)},
}


def test_of_a_name_with_very_many_servers_only_some_are_looked_up() -> None:
    with name_server(MANY) as server:
        found = Names(server.resolver()).look_up(Hop(UDP, "many.example"))

        assert len(found.remotes) == MOST_ADDRESSES
        assert len(server.asked) <= 1 + 2 * MOST_ADDRESSES


def test_a_name_whose_servers_cannot_be_found_takes_its_time_and_no_more() -> None:
    with name_server(MANY) as server:
        server.silent = set(TARGETS[1:])
        begun = time.monotonic()
        found = Names(server.resolver(), within=1.0).look_up(Hop(UDP, "many.example"))

    assert time.monotonic() - begun < 1.0 + NAME_SERVERS_ANSWER_WITHIN
    assert [remote.address for remote in found.remotes] == ["192.0.2.0"]
    assert found.holds_for <= 300.0


def test_weights_order_what_has_one_priority() -> None:
    servers = [SipServer("c", 1, 20, 99), SipServer("b", 1, 10, 0), SipServer("a", 1, 10, 5)]

    assert [server.host for server in in_order(servers)] == ["a", "b", "c"]
