"""Whose a registration is, by what Asterisk's settings tell."""

from __future__ import annotations

from contextlib import closing

import pytest

from healthmon.ami.client import AmiClient
from healthmon.ami.registrations import OutboundRegistration
from healthmon.model import EndpointIdentity, Target
from healthmon.sources.manager.registration_owners import owner_of, peer_of, slips, unsure
from healthmon.sources.manager.registration_settings import identities
from tests.ami.played import PlayedManager, row
from tests.ami.test_client import config_of

A = EndpointIdentity("a", "auth-a", "me", ("sip.example.net",))
B = EndpointIdentity("b", "auth-b", "you", ("sip.example.net", "192.0.2.1"))


def registration(
    server: str = "sip:sip.example.net", client: str = "sip:x@sip.example.net", **more: str
) -> OutboundRegistration:
    return OutboundRegistration("reg", client, server, "Registered", **more)  # type: ignore[arg-type]


def test_what_asterisk_ties_to_an_endpoint_is_that_ones_or_nobodys() -> None:
    assert owner_of(registration(endpoint="b", outbound_auth="auth-a"), [A, B]) == "b"
    assert owner_of(registration(endpoint="not-watched", outbound_auth="auth-a"), [A, B]) == ""


def test_the_same_auth_object_tells_before_the_host() -> None:
    assert owner_of(registration(outbound_auth="auth-a"), [A, B]) == "a"
    assert owner_of(registration("sip:192.0.2.1", outbound_auth="auth-a"), [A, B]) == "a"


def test_the_host_tells_where_it_is_that_of_one_and_else_the_user() -> None:
    assert owner_of(registration("sip:192.0.2.1:5060;transport=tcp"), [A, B]) == "b"
    assert owner_of(registration(client="sip:you@sip.example.net"), [A, B]) == "b"
    assert owner_of(registration(client="sip:somebody@sip.example.net"), [A, B]) == ""
    assert owner_of(registration("sip:elsewhere.example", "sip:me@elsewhere.example"), [A, B]) == ""


def test_what_fits_several_equally_well_is_nobodys_and_that_is_said_with_what_to_do() -> None:
    of_both = registration(client="sip:somebody@sip.example.net")

    assert unsure([of_both, registration(outbound_auth="auth-a")], [A, B]) == [
        "registration reg: it fits 2 endpoints equally well (PJSIP/a, PJSIP/b), and is nobody's; "
        "'registrations = reg' in a [watch ...] section of the right one says whose it is"
    ]
    assert unsure([registration("sip:elsewhere.example")], [A, B]) == [], "that of nobody is none of several"


def test_a_registration_of_an_older_driver_is_made_with_the_peer_of_that_name() -> None:
    of_sip = OutboundRegistration("SIP/me@carrier", "me", "sip:carrier", "Registered", technology="SIP")

    assert peer_of(of_sip) == ("SIP", "carrier")
    assert owner_of(of_sip, [EndpointIdentity("a", hosts=("carrier",))]) == "", "never that of another technology"


def test_a_name_that_cannot_be_asked_about_still_has_what_is_tied_to_it() -> None:
    with PlayedManager(row("nobody")) as manager, closing(AmiClient(config_of(manager), timeout=5.0)) as client:
        rows = [registration(endpoint="a,b"), registration()]
        found = identities(client, ["a,b", "c"], rows)

        assert owner_of(rows[0], found) == "a,b"
        assert "a,b" not in str(manager.asked)


TRUNK_A, TRUNK_B = Target("office", "PJSIP", "trunk-a"), Target("office", "PJSIP", "trunk-b")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({TRUNK_A: ["reg-a"], TRUNK_B: ["IAX2/me@192.0.2.1"]}, []),
        (
            {TRUNK_A: ["reg-b"]},
            ["registrations = reg-b of PJSIP/trunk-a: Asterisk has no such registration; did you mean reg-a?"],
        ),
        ({TRUNK_A: ["xyz"]}, ["registrations = xyz of PJSIP/trunk-a: Asterisk has no such registration"]),
        (
            {TRUNK_A: ["reg-a"], TRUNK_B: ["reg-a"]},
            [
                "registrations = reg-a: it cannot belong to 2 endpoints (PJSIP/trunk-a, PJSIP/trunk-b); "
                "give one a section of its own"
            ],
        ),
    ],
)
def test_a_slip_in_what_sections_name_is_said(given: dict[Target, list[str]], words: list[str]) -> None:
    assert slips(given, given.__getitem__, ["reg-a", "IAX2/me@192.0.2.1"]) == words
