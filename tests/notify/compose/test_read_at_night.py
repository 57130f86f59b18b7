"""What whoever is woken must be able to read: the worst, whether it is new, what to do, and what it means."""

from __future__ import annotations

from msgspec.structs import replace

from healthmon.languages import language
from healthmon.model import Check, Health, Incident, Kind, Reason, Said, Severity, Target
from healthmon.notify.compose.digest import compose
from healthmon.notify.compose.message import Message
from healthmon.notify.compose.voice import Voice
from healthmon.store.outbox.claiming import choose
from healthmon.store.outbox.outbox import ClaimedRow
from tests.notify.cases import SIPGATE, check_of, registration_left
from tests.notify.rows import BERLIN, NOW, OFFICE, TELEKOM, closed, incident, row, up

HOST, NAME = "h" * 40, "n" * 40
COMMAND = f"'pjsip send register {NAME}-registration'"
WAITS = (
    f"not registered at {HOST}: rejected, or not answered; Asterisk does not try again by now: it has stopped, or was "
    f"told to wait (Retry-After); {COMMAND} makes it try at once; incoming calls are affected"
)
REFUSED = (
    "manager interface: login refused; ami_username or ami_password is wrong, or manager.conf does not let this user "
    "in from here (permit, deny) (Login Already In Use); logs in again every 5 min, and at a reload of healthmon; "
    "registrations are unknown"
)


def told(*rows: ClaimedRow, code: str = "en", most: int = 3500) -> Message:
    return compose(rows, Voice(language(code), BERLIN, NOW), most_characters=most)


def waiting(target: Target = TELEKOM, number: int = 840) -> Incident:
    return check_of(target, number, Check.REGISTRATION, cause=WAITS)


def manager_refused() -> Incident:
    facts = {"check": Check.MANAGER, "health": Health.DEGRADED, "cause": REFUSED, "severity": Severity.CRITICAL}
    return incident(OFFICE, 839, Kind.PBX, **facts)


def test_neither_the_command_nor_the_consequence_of_a_lost_registration_is_cut_off() -> None:
    assert f"{COMMAND} makes it try at once; incoming calls are affected\n" in told(row(waiting())).body
    russian = told(row(waiting()), code="ru").body
    assert COMMAND in russian
    assert "входящие вызовы затронуты\n" in russian


def test_what_a_refused_manager_interface_means_is_not_cut_off() -> None:
    assert "registrations are unknown\n" in told(row(manager_refused(), says=Said.DEGRADED)).body


def test_a_small_body_keeps_its_room_for_the_rest() -> None:
    body = told(row(waiting()), most=500).body

    assert "incoming calls" not in body
    assert "incident 840" in body


def test_a_second_message_of_one_outage_says_that_it_is_the_same_and_what_is_new() -> None:
    known = replace(row(waiting(), Reason.CHANGED), is_known=True)

    alone = told(known)
    beside = told(row(waiting(SIPGATE, 841)), known)

    assert alone.subject == "STILL DOWN registration of provider Telekom; not retried"
    first, second = alone.body.splitlines()[:2]
    assert first == "STILL DOWN registration of provider Telekom (office)"
    assert second == "you were told of this outage before; now Asterisk does not try again"
    assert beside.subject == "DOWN registration of sipgate (office) + 1 registration"
    assert "STILL DOWN" in beside.body
    assert beside.body.count("you were told of this outage before") == 1


def test_only_who_was_told_is_told_that_it_is_known() -> None:
    changed = [{"id": 2, "reason": "changed", "in_doubt": None}]
    opened = [{"id": 1, "reason": "opened", "in_doubt": None}]

    assert [line.is_known for line in choose(waiting(), changed, Said.DOWN, 0).lines] == [True]
    assert [line.is_known for line in choose(waiting(), changed, Said.DEGRADED, 0).lines] == [False]
    assert [line.is_known for line in choose(waiting(), opened + changed, None, 0).lines] == [False]


def test_a_dead_provider_comes_before_a_manager_interface_that_refuses_us() -> None:
    message = told(row(manager_refused(), says=Said.DEGRADED), row(incident(TELEKOM, 840, Kind.PROVIDER)))

    assert message.subject.startswith("DOWN provider Telekom (office)")
    assert message.body.index("DOWN provider Telekom") < message.body.index("DEGRADED PBX")


def test_registrations_are_not_counted_as_providers_that_are_down() -> None:
    others = [Target("office", "PJSIP", f"trunk-with-a-long-name-{n}") for n in range(3)]
    dead = incident(TELEKOM, 840, Kind.PROVIDER)

    message = told(row(dead), *(row(waiting(other, 850 + n)) for n, other in enumerate(others)))

    assert message.subject == "DOWN provider Telekom (office) + 3 registrations"


def test_what_works_in_part_is_not_counted_as_down() -> None:
    others = [Target("office", "PJSIP", f"trunk-with-a-long-name-{n}") for n in range(3)]
    dead = incident(TELEKOM, 840, Kind.PROVIDER)
    partly = [check_of(other, 850 + n, Check.OPTIONS, health=Health.DEGRADED) for n, other in enumerate(others)]

    message = told(row(dead), *(row(each, says=Said.DEGRADED) for each in partly))

    assert message.subject == "DOWN provider Telekom (office) + DEGRADED 3 providers"


def test_a_provider_that_is_back_with_503_says_what_is_so_now_and_that_its_registration_is_lost() -> None:
    back = up(closed(TELEKOM, closed_words="contact reachable"), not_back=(registration_left(),))
    left = check_of(TELEKOM, 839, Check.OPTIONS, health=Health.DEGRADED, cause="answers 503 Service Unavailable")

    body = told(row(left, says=Said.DEGRADED), back).body

    assert "now: answers 503 Service Unavailable\nit can be reached again" in body
    assert "its registration is not back yet: rejected" in body
