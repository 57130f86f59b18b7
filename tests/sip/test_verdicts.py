"""What answers say of whoever was asked."""

from __future__ import annotations

import pytest

from healthmon.model import Health
from healthmon.sip.destinations import Remote, Transport
from healthmon.sip.verdicts import ProbeVerdict, left_alone, over_all, over_ways, verdict_on, with_certificate

UP, DEGRADED, DOWN, UNKNOWN = Health.UP, Health.DEGRADED, Health.DOWN, Health.UNKNOWN
OK, BUSY = verdict_on(200), verdict_on(503)
SILENT = ProbeVerdict(DOWN, "does not answer our OPTIONS (UDP 192.0.2.1:5060)")
NO_WAY = ProbeVerdict(UNKNOWN, "cannot be asked from here: Network is unreachable (UDP [2001:db8::1]:5060)")
HOST = "sip.example.net"


@pytest.mark.parametrize("code", [200, 202, 299, 401, 403, 404, 405, 407, 420, 481, 486, 302, 501])
def test_whoever_answers_is_up(code: int) -> None:
    assert verdict_on(code).health is UP


@pytest.mark.parametrize("code", [408, 480, 500, 502, 503, 504, 599, 600, 603, 699])
def test_whoever_says_that_it_cannot_is_degraded(code: int) -> None:
    assert verdict_on(code).health is DEGRADED


def test_the_words_are_the_usual_ones_whatever_a_stranger_writes() -> None:
    assert verdict_on(503).words == "answers 503 Service Unavailable"
    assert verdict_on(499).words == "answers 499"


def test_whoever_asks_to_be_left_alone_is_quoted() -> None:
    words = "answers 503 Service Unavailable: overloaded or in maintenance, asks to be left alone until 14:07"

    assert left_alone(BUSY, "14:07") == ProbeVerdict(DEGRADED, words)


def test_whoever_asks_for_more_than_an_hour_is_asked_again_at_a_time_that_is_said() -> None:
    wish = "asks to be left alone for more than an hour, and is asked again at 15:07"
    words = f"answers 503 Service Unavailable: overloaded or in maintenance, {wish}"

    assert left_alone(BUSY, "15:07", is_too_long=True) == ProbeVerdict(DEGRADED, words)


def test_trouble_with_a_certificate_makes_an_answer_degraded() -> None:
    assert with_certificate(OK, "its certificate has expired") == ProbeVerdict(
        DEGRADED, "its certificate has expired; answers 200 OK"
    )
    assert with_certificate(OK, "") == OK


@pytest.mark.parametrize(
    ("verdicts", "found"),
    [
        ([OK], OK),
        ([OK, OK, OK], OK),
        (
            [OK, SILENT, OK],
            ProbeVerdict(DEGRADED, "2 of 3 addresses of sip.example.net answer (no answer from UDP 192.0.2.1:5060)"),
        ),
        (
            [BUSY, SILENT],
            ProbeVerdict(
                DEGRADED,
                "1 of 2 addresses of sip.example.net answer (no answer from UDP 192.0.2.1:5060); "
                "answers 503 Service Unavailable",
            ),
        ),
        (
            [OK, SILENT, SILENT, SILENT, SILENT, SILENT],
            ProbeVerdict(
                DEGRADED,
                "1 of 6 addresses of sip.example.net answer (no answer from UDP 192.0.2.1:5060, "
                "UDP 192.0.2.2:5060, UDP 192.0.2.3:5060 and 2 more)",
            ),
        ),
        ([SILENT, SILENT], ProbeVerdict(DOWN, "none of the 2 addresses of sip.example.net answers our OPTIONS")),
        ([BUSY, OK], ProbeVerdict(DEGRADED, "1 of 2 addresses of sip.example.net: answers 503 Service Unavailable")),
        ([BUSY, BUSY], BUSY),
        ([OK, verdict_on(404)], verdict_on(404)),
        ([OK, NO_WAY], OK),
        ([NO_WAY], NO_WAY),
    ],
)
def test_all_addresses_of_a_host_make_one_sentence(verdicts: list[ProbeVerdict], found: ProbeVerdict) -> None:
    by_address = {Remote(Transport.UDP, f"192.0.2.{number}", 5060): each for number, each in enumerate(verdicts)}

    assert over_all(HOST, by_address) == found


@pytest.mark.parametrize(
    ("verdicts", "found"),
    [
        ([OK], OK),
        ([SILENT, SILENT], SILENT),
        ([OK, SILENT], ProbeVerdict(DEGRADED, f"1 of 2 contacts answer well; {SILENT.words}")),
        ([OK, NO_WAY], OK),
    ],
)
def test_a_provider_with_several_contacts_works_as_long_as_one_does(
    verdicts: list[ProbeVerdict], found: ProbeVerdict
) -> None:
    assert over_ways(verdicts) == found
