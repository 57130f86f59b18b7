"""How often passwords may be tried, how many sessions there are, and where a request comes from."""

from __future__ import annotations

import pytest
from werkzeug.datastructures import Headers

from healthmon.config.sections.web import WebConfig
from healthmon.publish.web.access import limits
from healthmon.publish.web.access.limits import Attempts
from healthmon.publish.web.access.peer import Peer, Proxies
from healthmon.publish.web.access.sessions import MOST_OF_A_USER, Sessions


def test_so_many_at_once_and_then_one_every_so_often() -> None:
    attempts = Attempts(3, 10.0)

    assert [attempts.take("a", 0.0) for _ in range(4)] == [0, 0, 0, 10]
    assert attempts.take("b", 0.0) == 0
    assert [attempts.take("a", 10.0) for _ in range(2)] == [0, 10]
    # Asking in vain makes nobody wait for longer.
    assert [attempts.take("a", 40.0) for _ in range(4)] == [0, 0, 0, 10]


def test_what_was_right_counts_as_none() -> None:
    attempts = Attempts(1, 10.0)
    for _ in range(5):
        assert attempts.take("a", 0.0) == 0
        attempts.give_back("a")


def test_only_so_many_are_remembered_and_those_who_wait_longest_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MOST_KEYS", 100)
    attempts = Attempts(1, 10.0)
    attempts.take("worst", 0.0)
    for number in range(1000):
        attempts.take("worst", number * 10.0)
        attempts.take(f"stranger {number}", number * 10.0)

    assert len(attempts._full_at) <= 100
    assert attempts.take("worst", 9990.0) > 0


def test_a_flood_of_names_at_one_moment_fills_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MOST_KEYS", 100)
    attempts = Attempts(1, 10.0)
    for number in range(1000):
        attempts.take(f"stranger {number}", 0.0)

    assert len(attempts._full_at) <= 100


def test_the_oldest_session_of_who_has_too_many_ends() -> None:
    sessions = Sessions({}, None, 0.0)
    secrets = [sessions.begin("anna", float(number)) for number in range(MOST_OF_A_USER + 2)]
    other = sessions.begin("victor", 50.0)

    there = [sessions.user_of(secret, 60.0, is_active=True) for secret in (*secrets, other)]
    assert there == ["", "", *["anna"] * MOST_OF_A_USER, "victor"]
    assert len(set(secrets)) == len(secrets)


@pytest.mark.parametrize(
    ("remote", "said", "address"),
    [
        ("10.0.0.7", "192.0.2.1", "192.0.2.1"),
        ("10.0.0.7", "203.0.113.1, 192.0.2.1", "192.0.2.1"),
        ("10.0.0.7", "192.0.2.1, 10.0.0.9", "192.0.2.1"),
        ("10.0.0.7", "2001:db8::1", "2001:db8::1"),
        ("::ffff:10.0.0.7", "192.0.2.1, ::ffff:10.0.0.9", "192.0.2.1"),
        ("::ffff:10.0.1.7", "192.0.2.1", "::ffff:10.0.1.7"),
        ("10.0.0.7", "", "10.0.0.7"),
        ("10.0.0.7", "unknown", "10.0.0.7"),
        ("10.0.0.7", "192.0.2.1, _hidden", "10.0.0.7"),
        ("10.0.1.7", "192.0.2.1", "10.0.1.7"),
        ("", "192.0.2.1", ""),
    ],
)
def test_the_nearest_address_that_is_no_proxy_is_whoever_asks(remote: str, said: str, address: str) -> None:
    proxies = Proxies(WebConfig(trusted_proxy=("10.0.0.0/24",)))

    assert proxies.peer(remote, Headers({"X-Forwarded-For": said})).address == address


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:0:1:a::1", "2001:db8:0:1::/64"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("::FFFF:C000:0202", "192.0.2.2"),
        ("", ""),
    ],
)
def test_the_addresses_of_one_customer_are_counted_together(address: str, network: str) -> None:
    assert Peer(address).network == network


@pytest.mark.parametrize("trusted", ["::ffff:10.0.0.0/120", "10.0.0.0/24"])
@pytest.mark.parametrize("remote", ["::ffff:10.0.0.7", "10.0.0.7"])
def test_a_proxy_is_trusted_in_both_ways_in_which_its_address_is_written(trusted: str, remote: str) -> None:
    proxies = Proxies(WebConfig(trusted_proxy=(trusted,)))

    assert proxies.peer(remote, Headers({"X-Forwarded-For": "192.0.2.1"})) == Peer("192.0.2.1", is_proxy=True)
    assert not proxies.peer("::ffff:10.0.1.7", Headers()).is_proxy
