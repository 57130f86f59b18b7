"""What the pace of attempts tells, by what real Asterisks did."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from healthmon.ami.frames import Decoder
from healthmon.ami.registrations import REJECTED, OutboundRegistration
from healthmon.model import WAITS
from healthmon.sources.manager.registration_tries import LATE, UNANSWERED, Tries, in_words
from tests.ami.captures import VERSIONS, attempts

each_version = pytest.mark.parametrize("version", VERSIONS)


def registration(
    status: str = REJECTED, waits: tuple[float, float, float] = (5, 0, 0), most: int = 2
) -> OutboundRegistration:
    return OutboundRegistration(
        "reg", "sip:me@sip.example.net", "sip:sip.example.net", status, max_retries=most, waits=waits
    )


@pytest.mark.parametrize(
    ("server", "proxy", "why"),
    [
        ("sip:192.0.2.1", "", "rejected"),
        ("sip:192.0.2.1;transport=tcp", "", "rejected, or the request could not be sent"),
        ("sip:sip.example.net", "", "rejected, or the request could not be sent"),
        ("sip:sip.example.net", "sip:192.0.2.2;lr", "rejected"),
        ("sip:192.0.2.1", "sip:proxy.example.net;lr", "rejected, or the request could not be sent"),
    ],
)
def test_what_fails_at_once_was_surely_rejected_only_by_an_address_over_udp(server: str, proxy: str, why: str) -> None:
    tries = Tries(0.0)
    tries.hear(REJECTED, 1, 10)
    tries.hear(REJECTED, 6, 10)

    assert tries.why_failed(replace(registration(), server_uri=server, outbound_proxy=proxy)) == why


@pytest.mark.parametrize("waits", [(60, 300, 0), (60, 0, 300)], ids=["after 403", "after 404"])
def test_who_rejects_and_then_does_not_answer_is_told_from_who_rejects_again_and_the_other_way_round(
    waits: tuple[float, float, float],
) -> None:
    row = replace(registration(waits=waits, most=10), server_uri="sip:192.0.2.1")
    tries, at, whys = Tries(0.0), 100.0, []
    tries.hear(REJECTED, at, 10)
    for since_the_last in (300, 300 + UNANSWERED, 60 + UNANSWERED, 60, 300):
        at += since_the_last
        tries.hear(REJECTED, at, 10)
        whys.append(tries.why_failed(row))

    assert whys == ["rejected", "not answered", "not answered", "rejected", "rejected"]


def test_who_was_told_to_try_again_may_have_been_at_any_time() -> None:
    row, tries = registration(waits=(60, 0, 0), most=0), Tries(0.0)
    tries.hear(REJECTED, 100, 0)
    tries.hear(REJECTED, 160, 0)

    assert tries.has_given_up
    assert tries.why_failed(row) == "rejected, or not answered"


def test_who_does_not_answer_tells_nobody_to_wait() -> None:
    row, tries = registration(most=10), Tries(0.0)
    tries.hear(REJECTED, 100, 10)
    tries.hear(REJECTED, 100 + 5 + UNANSWERED, 10)

    tries.look(row, 137 + 5 + UNANSWERED + LATE + 1)

    assert "not answered; Asterisk has stopped trying: it needs 'pjsip send register reg'" in in_words(row, tries)


def hear(tries: Tries, version: str, name: str, until: float, most: int = 2) -> str:
    """Hear what was recorded until then; return the last word."""
    status = ""
    for at, raw in attempts(version, name):
        if at <= until:
            [event] = Decoder().feed(raw)
            status = event["Status"]
            tries.hear(status, at, most)
    return status


@each_version
def test_who_does_not_answer_is_told_from_who_rejects_at_the_second_attempt(version: str) -> None:
    first, tries = Tries(0.0), Tries(0.0)
    hear(first, version, "reg_silent_max2", 35)
    assert first.why_failed(registration()) == "rejected, or not answered"

    hear(tries, version, "reg_silent_max2", 75)
    assert tries.why_failed(registration()) == "not answered"


@each_version
def test_the_third_attempt_of_two_retries_is_the_last(version: str) -> None:
    after_two, tries = Tries(0.0), Tries(0.0)
    hear(after_two, version, "reg_silent_max2", 75)
    assert not after_two.has_given_up

    hear(tries, version, "reg_silent_max2", 110)
    assert tries.has_given_up
    assert in_words(registration(), tries).endswith(
        "not answered; Asterisk has stopped trying: it needs 'pjsip send register reg', or a reload; "
        "incoming calls are affected"
    )
    assert hear(tries, version, "reg_silent_max2", 300) == "Registered"
    assert not tries.has_given_up


@each_version
def test_a_403_is_final_and_that_is_known_when_the_next_attempt_is_overdue(version: str) -> None:
    tries = Tries(0.0)
    row = registration(most=10)
    hear(tries, version, "reg_403_permanent", 60, most=10)
    heard_at = tries.heard_at
    tries.look(row, heard_at + 5 + UNANSWERED)
    assert not tries.is_overdue

    tries.look(row, heard_at + 5 + UNANSWERED + LATE + 1)
    assert tries.is_overdue
    assert tries.why_failed(row) == "rejected, or not answered", "others may have failed before we listened"


@each_version
def test_who_stops_before_the_last_retry_was_rejected_for_good(version: str) -> None:
    tries = Tries(0.0)
    tries.look(registration("Registered", most=10), 0.0)
    hear(tries, version, "reg_403_permanent", 60, most=10)

    tries.look(registration(most=10), tries.heard_at + 5 + UNANSWERED + LATE + 1)

    assert tries.why_failed(registration(most=10)) == "rejected"
    assert tries.why_failed(registration(most=0)) == "rejected, or not answered", "that was its last one"


def test_an_attempt_after_it_seemed_to_have_given_up_begins_anew() -> None:
    tries = Tries(0.0)
    for at in (1, 6, 11):
        tries.hear(REJECTED, at, 2)
    assert tries.has_given_up
    assert tries.why_failed(registration()) == "rejected, or the request could not be sent"

    tries.hear(REJECTED, 200, 2)
    assert not tries.has_given_up
    assert tries.failed == 1


def test_while_it_has_retries_left_it_may_have_been_told_to_wait_and_is_not_said_to_have_stopped() -> None:
    row, tries = registration(most=10), Tries(0.0)
    tries.look(registration("Registered", most=10), 0.0)
    tries.hear(REJECTED, 100, 10)
    assert (
        in_words(row, tries)
        == "not registered at sip.example.net: rejected, or not answered; incoming calls are affected"
    )

    tries.look(row, 100 + 5 + UNANSWERED + LATE + 1)
    assert in_words(row, tries) == (
        "not registered at sip.example.net: rejected; Asterisk does not try again by now: it has stopped, or was told "
        "to wait (Retry-After); 'pjsip send register reg' makes it try at once; incoming calls are affected"
    )
    tries.hear(REJECTED, 225, 10)
    assert "does not try again" not in in_words(row, tries), "it had only waited"
    tries.look(row, 226)
    assert "does not try again" not in in_words(row, tries)


def test_what_is_registered_or_was_never_tried_has_not_given_up() -> None:
    tries = Tries(0.0)
    for status in ("Registered", "Unregistered"):
        tries.look(registration(status), 10_000)
        assert not (tries.has_given_up or tries.is_overdue)
    assert "taken back on purpose" in in_words(registration("Unregistered"), tries)


def see(registration: OutboundRegistration, tries: Tries, due: int | None, now: float = 1000.0) -> str:
    """What is said when the console shows that."""
    tries.see_next(registration, due, now)
    return in_words(registration, tries)


def test_an_attempt_that_began_longer_ago_than_any_can_last_is_the_last() -> None:
    row = replace(registration(), server_uri="sip:192.0.2.1")

    assert "stopped trying" not in see(row, Tries(0.0), -35)
    assert "stopped trying: it needs 'pjsip send register reg'" in see(row, Tries(0.0), -36)
    behind_a_proxy = replace(row, outbound_proxy="sip:proxy.example.net;lr")
    assert "stopped trying" not in see(behind_a_proxy, Tries(0.0), -160), "each of its addresses may be tried"
    assert "stopped trying" in see(behind_a_proxy, Tries(0.0), -164)


def test_an_attempt_that_was_heard_to_fail_and_has_none_behind_it_is_the_last() -> None:
    row, tries = registration(most=10), Tries(0.0)
    tries.hear(REJECTED, 990.0, 10)

    assert "stopped trying" not in see(row, tries, -6), "that one began after it, and goes on"
    assert "stopped trying" in see(row, tries, -10)
    tries.hear(REJECTED, 1100.0, 10)
    assert (tries.is_over, tries.failed) == (False, 1), "it was told to try again, and counts anew"


def test_retries_that_follow_one_another_at_once_do_not_look_like_the_last() -> None:
    row, tries = registration(waits=(1, 0, 0), most=10), Tries(0.0)
    tries.hear(REJECTED, 990.0, 10)

    assert "stopped trying" not in see(row, tries, -9)


def test_who_was_told_to_wait_and_is_tried_again_is_not_said_to_have_stopped() -> None:
    row, tries = registration(most=10), Tries(0.0)
    tries.hear(REJECTED, 900.0, 10)
    tries.look(row, 1000.0)
    assert WAITS in in_words(row, tries)

    assert WAITS not in see(row, tries, 500)
    assert WAITS in see(row, tries, None), "the console shows nothing of it any more"
