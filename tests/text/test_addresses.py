"""Which addresses are our own, and which are reached over the line to the world."""

from __future__ import annotations

import pytest

from healthmon.text.addresses import is_outside


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.255.255.254",
        "::1",
        "[::1]",
        "10.0.0.1",
        "10.255.255.255",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.0.1",
        "192.168.255.255",
        "169.254.1.1",
        "fe80::1",
        "fe80::1%eth0",
        "fc00::1",
        "fd12:3456::7",
        "[fd12:3456::7]",
        "100.64.0.1",
        "100.127.255.255",
        "::ffff:10.0.0.1",
        "::ffff:127.0.0.1",
    ],
)
def test_addresses_of_this_machine_and_of_private_networks_are_not_outside(host: str) -> None:
    assert not is_outside(host)


@pytest.mark.parametrize(
    "host",
    [
        "203.0.113.7",
        "11.0.0.1",
        "172.15.255.255",
        "172.32.0.1",
        "192.167.255.255",
        "192.169.0.1",
        "169.253.1.1",
        "100.63.255.255",
        "100.128.0.1",
        "126.255.255.255",
        "128.0.0.1",
        "2001:db8::1",
        "[2001:db8::1]",
        "fec0::1",
        "::ffff:203.0.113.7",
        "sip.example.net",
    ],
)
def test_what_lies_beside_them_is_outside_and_so_is_a_name(host: str) -> None:
    assert is_outside(host)


def test_no_host_is_nowhere() -> None:
    assert not is_outside("")
