"""Asterisk's maintenance mode: calls are refused, and nothing is wrong. Unknown while it lasts, and told once."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from healthmon.errors import Trouble
from healthmon.model import (
    Channel,
    Check,
    ContactStatus,
    MaintenanceList,
    Observation,
    Reason,
    Source,
    Target,
    Witness,
)
from tests.core.scene import (
    DOWN,
    PHONES,
    PROVIDERS,
    UP,
    Scene,
    config,
    pbx_config,
    phone,
    settings,
    trunk,
    trunk_settings,
)

A, B = trunk("a"), trunk("b")
#: In seconds.
DAY = 86400.0
#: As START is in Berlin.
SINCE = "in maintenance mode at Asterisk since 1970-01-12 14:46"


class Office(Scene):
    """A PBX whose manager interface can be asked, two trunks and a phone."""

    def in_maintenance(self, *targets: Target) -> None:
        """The list of those that are in it."""
        self.see(MaintenanceList("office", self.now, frozenset(target.resource for target in targets)))

    def messages(self) -> list[tuple[Reason, str]]:
        """What was told until now, and of what."""
        self.after(6)
        self.deliver()
        return [(reason, self.db.incidents[number].cause) for _, reason, number, _ in self.sent]

    def why(self, target: Target, check: str = Check.REACHABILITY) -> str:
        return self.state(target, check).unknown_because


@pytest.fixture
def scene() -> Office:
    reminded = replace(PROVIDERS, remind_every=(600.0,))
    office = Office(config(pbx_config(ami="tcp://127.0.0.1:5038"), watches=(reminded, PHONES)))
    office.see(trunk_settings(A), trunk_settings(B), settings(phone()))
    office.report(channel=Channel.MANAGER)
    office.snapshot({A: UP, B: UP, phone(): UP})
    office.in_maintenance()
    return office


def bring_down(scene: Office, target: Target) -> None:
    scene.lose(target)
    scene.live(40, {A: UP, B: UP, phone(): UP, target: DOWN})
    assert scene.belief(target) is DOWN


def test_what_is_in_maintenance_mode_is_unknown_with_that_reason_and_told_once_to_the_receivers_of_the_pbx(
    scene: Office,
) -> None:
    scene.in_maintenance(A)
    scene.in_maintenance(A)

    assert (scene.why(A), scene.belief(A), scene.why(B)) == (SINCE, UP, "")
    assert scene.messages() == [(Reason.NOTED, "trunk-a is in maintenance mode: calls to and from it are refused")]
    assert {url for url, *_ in scene.sent} == {"oncall/boss"}
    assert scene.open() == []


def test_all_checks_of_it_are_unknown(scene: Office) -> None:
    registered = Observation(A, UP, scene.now, Source.SNAPSHOT, Witness.MANAGER, "registered", check="registration")
    scene.see(registered)

    scene.in_maintenance(A)

    assert scene.why(A, Check.REGISTRATION) == SINCE


def test_its_end_is_told_once_and_it_is_what_it_was(scene: Office) -> None:
    scene.in_maintenance(A, B)
    scene.after(3600)

    scene.in_maintenance(B)
    scene.in_maintenance()

    assert (scene.why(A), scene.belief(A), scene.state(A).pending) == ("", UP, None)
    assert scene.messages() == [
        (Reason.NOTED, "2 endpoints are in maintenance mode (trunk-a, trunk-b): calls to and from them are refused"),
        (Reason.NOTED, "trunk-a is out of maintenance mode"),
        (Reason.NOTED, "trunk-b is out of maintenance mode"),
    ]
    assert [period.until for period in scene.db.unknown_periods.values() if period.target == A] == [scene.now - 6]


def test_what_dies_meanwhile_is_told_after_its_end(scene: Office) -> None:
    scene.in_maintenance(A)
    scene.lose(A)
    scene.live(3600, {A: DOWN, B: UP, phone(): UP}, step=60)
    assert scene.open() == []

    scene.in_maintenance()
    scene.live(60, {A: DOWN, B: UP, phone(): UP})

    (incident,) = scene.open(A)
    assert incident.opened_at >= scene.now - 60
    assert [reason for _, reason, _, _ in scene.sent][-1] is Reason.OPENED


def test_an_outage_that_is_told_already_stays_open_without_reminders_and_its_end_is_told(scene: Office) -> None:
    bring_down(scene, A)

    scene.in_maintenance(A)
    (incident,) = scene.open(A)
    assert incident.muted_by == "maintenance mode at Asterisk"
    scene.live(3600, {A: UP, B: UP, phone(): UP}, step=60)
    assert [reason for _, reason, _, _ in scene.sent] == [Reason.OPENED, Reason.NOTED]

    scene.in_maintenance()
    scene.live(60, {A: UP, B: UP, phone(): UP})
    assert [reason for _, reason, _, _ in scene.sent] == [Reason.OPENED, Reason.NOTED, Reason.NOTED, Reason.RESOLVED]


def test_an_outage_that_outlasts_it_is_reminded_of_again(scene: Office) -> None:
    bring_down(scene, A)
    scene.in_maintenance(A)
    scene.live(3600, {A: DOWN, B: UP, phone(): UP}, step=60)

    scene.in_maintenance()
    (incident,) = scene.open(A)
    assert incident.muted_by == ""
    scene.live(60, {A: DOWN, B: UP, phone(): UP})

    assert [reason for _, reason, _, _ in scene.sent].count(Reason.REMINDER) == 1
    assert [note.words for note in scene.db.notes if note.incident_id == incident.id] == [
        "maintenance mode at Asterisk: from now on nobody is told",
        "maintenance mode at Asterisk is over",
    ]


def test_a_restart_of_asterisk_ends_it_without_a_list(scene: Office) -> None:
    scene.in_maintenance(A)

    scene.snapshot({A: UP, B: UP, phone(): UP}, startup="boot 2")

    assert scene.why(A) == ""
    assert scene.messages()[-1] == (Reason.NOTED, "trunk-a is out of maintenance mode")


def test_a_restart_of_healthmon_tells_it_to_nobody_again(scene: Office) -> None:
    scene.in_maintenance(A)
    scene.messages()

    later = Office(scene.config, scene.db, scene.now + 5)
    later.snapshot({A: UP, B: UP, phone(): UP})
    assert later.why(A) == SINCE
    later.report(channel=Channel.MANAGER)
    later.in_maintenance(A)
    assert later.why(A) == SINCE
    later.in_maintenance()

    assert later.messages() == [(Reason.NOTED, "trunk-a is out of maintenance mode")]


def test_while_the_manager_interface_cannot_be_asked_what_was_heard_last_counts(scene: Office) -> None:
    scene.in_maintenance(A)

    scene.report(Trouble.REFUSED, channel=Channel.MANAGER)
    scene.after(DAY)

    assert scene.why(A) == SINCE


def test_without_a_manager_interface_in_the_configuration_nothing_is_in_it(scene: Office) -> None:
    scene.in_maintenance(A)

    scene.reconfigure(config())
    scene.snapshot({A: UP, B: UP, phone(): UP})

    assert scene.why(A) == ""
    assert [reason for reason, _ in scene.messages()] == [Reason.NOTED]


def test_what_is_not_watched_is_told_to_nobody(scene: Office) -> None:
    scene.in_maintenance(trunk("nobody-watches"))

    assert scene.messages() == []


def test_what_begins_to_be_watched_is_in_it_already(scene: Office) -> None:
    later = trunk("later")
    scene.in_maintenance(later)

    scene.see(trunk_settings(later))
    scene.snapshot({A: UP, B: UP, phone(): UP, later: UP})

    assert scene.why(later) == SINCE
    scene.in_maintenance()
    assert scene.messages() == [(Reason.NOTED, "trunk-later is out of maintenance mode")]


def test_a_list_that_comes_while_the_pbx_cannot_be_seen_is_asked_for_again(scene: Office) -> None:
    scene.report(Trouble.REFUSED)
    scene.in_maintenance(A)
    scene.questions.clear()

    scene.after(5)
    scene.snapshot({A: UP, B: UP, phone(): UP})

    assert scene.why(A) == ""
    assert [question.asked_by for question in scene.questions] == [Channel.MANAGER]


def test_a_pbx_that_is_blind_hides_it_and_shows_it_again(scene: Office) -> None:
    scene.in_maintenance(A)
    scene.report(Trouble.REFUSED)
    scene.contact(A, ContactStatus.UNREACHABLE)
    scene.after(60)
    scene.snapshot({A: DOWN, B: UP, phone(): UP})

    assert scene.why(A) == SINCE
    assert scene.state(A).pending is None


def test_phones_that_are_in_it_are_no_outage_of_their_site() -> None:
    phones = [phone(number) for number in range(101, 106)]
    office = Office(config(pbx_config(ami="tcp://127.0.0.1:5038")))
    office.see(*(settings(one) for one in phones))
    office.snapshot(dict.fromkeys(phones, UP))
    for one in phones:
        office.contact(one, ContactStatus.REACHABLE, f"sip:{one.resource}@203.0.113.7:5060")

    office.in_maintenance(*phones)
    for one in phones:
        office.contact(one, ContactStatus.REMOVED, f"sip:{one.resource}@203.0.113.7:5060")
        office.event(one, DOWN)
    office.live(900, dict.fromkeys(phones, DOWN), step=30)

    assert office.open() == []
    assert [reason for _, reason, _, _ in office.sent] == [Reason.NOTED]
