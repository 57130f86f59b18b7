"""The registration of a provider, and the manager interface that alone can tell of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest
from msgspec.structs import replace

from healthmon.config.configuration import Config
from healthmon.core.belief.evidence import NEVER_ANSWERED_ASTERISK, NOT_SEEN_AGAIN
from healthmon.core.belief.pbxs import MAY_BE_RESTARTED
from healthmon.core.belief.registration import BACK_WITHIN, FIRST_TRIED_WITHIN, TRIED_AGAIN_WITHIN
from healthmon.errors import Trouble
from healthmon.model import (
    WAITS,
    Channel,
    Check,
    ConnectionReport,
    ContactStatus,
    Ending,
    Health,
    MaintenanceList,
    Observation,
    Reason,
    RegistrationList,
    Source,
    Target,
    Witness,
)
from healthmon.report.status.rows import TargetStatus, endpoint_rows
from tests.core.scene import DOWN, UNKNOWN, UP, Scene, config, pbx_config, trunk, trunk_settings

A, B = trunk("a"), trunk("b")
LOST = "not registered at sip.example.net: rejected, or not answered; incoming calls are affected"
SILENT = "not registered at sip.example.net: not answered; incoming calls are affected"
REJECTED = "not registered at sip.example.net: rejected; incoming calls are affected"
GIVEN_UP = (
    "not registered at sip.example.net: not answered; Asterisk has stopped trying: it needs 'pjsip send register a', "
    "or a reload; incoming calls are affected"
)
TAKEN_BACK = (
    "not registered at sip.example.net (Asterisk: Unregistered): not tried yet, or taken back on purpose; "
    "incoming calls are affected"
)


def with_manager() -> Config:
    """The office, whose manager interface is asked, too."""
    return config(pbx_config(ami="tcp://127.0.0.1:5038"))


class Office(Scene):
    """A PBX with two providers that can be reached."""

    def says(self, target: Target, health: Health, source: Source = Source.EVENT, words: str = LOST) -> None:
        """What the manager interface says of a registration."""
        self.see(
            Observation(target, health, self.now, source, Witness.MANAGER, words, check=Check.REGISTRATION),
        )

    def manager(self, trouble: Trouble | None = None, words: str = "", remark: str = "") -> None:
        """How the manager interface stands."""
        self.report(trouble, channel=Channel.MANAGER, words=words, remark=remark)

    def listed(self, *targets: Target, retry_interval: float = 60.0) -> None:
        """These have registrations, and no others."""
        intervals = dict.fromkeys(targets, retry_interval)
        self.see(RegistrationList("office", self.now, frozenset(targets), retry_intervals=intervals))

    def owned(self, name: str, owner: Target) -> None:
        """A registration of which only events tell belongs to this endpoint."""
        self.see(RegistrationList("office", self.now, frozenset([owner]), frozenset([name]), is_whole=False))

    def answer_registration(self, target: Target, health: Health) -> None:
        """Answer the question about it, which must have been asked."""
        asked = [question for question in self.questions if question.asked_by is Channel.MANAGER]
        assert any(target in question.targets for question in asked), self.questions
        self.questions.clear()
        self.says(target, health, Source.SNAPSHOT)


def office(conf: Config | None = None) -> Office:
    scene = Office(conf or with_manager())
    scene.see(trunk_settings(A), trunk_settings(B))
    scene.snapshot({A: UP, B: UP})
    scene.manager()
    scene.says(A, UP, Source.SNAPSHOT, "registered at sip.example.net")
    scene.says(B, UP, Source.SNAPSHOT, "registered at sip.example.net")
    scene.questions.clear()
    return scene


def test_a_registration_that_comes_and_goes_says_where_it_is() -> None:
    scene = office()
    for _ in range(3):
        for health, words in ((DOWN, LOST), (UP, "registered at sip.example.net")):
            scene.says(A, health, words=words)
            scene.after(10)

    [incident] = scene.open()
    assert (incident.target, incident.check, incident.flapping) == (A, Check.REGISTRATION, 1)
    assert incident.cause == "changes too often: the registration at sip.example.net"


def lose(scene: Office, target: Target = A) -> None:
    """It is lost, and that is believed."""
    scene.says(target, DOWN)
    scene.after(30)
    scene.answer_registration(target, DOWN)
    scene.after(5)


def test_a_lost_registration_is_told_after_its_hold_though_the_provider_can_be_reached() -> None:
    scene = office()

    scene.says(A, DOWN)
    scene.after(29)
    assert not scene.open()
    scene.after(1)
    scene.answer_registration(A, DOWN)

    [incident] = scene.open(A)
    assert (incident.check, incident.health, incident.cause) == (Check.REGISTRATION, DOWN, LOST)
    assert scene.belief(A) is UP
    scene.after(5)
    assert [(url, reason) for url, reason, *_ in scene.deliver()] == [("oncall/boss", Reason.OPENED)]


def test_it_is_told_when_it_is_back() -> None:
    scene = office()
    lose(scene)
    scene.deliver()

    scene.says(A, UP, words="registered at sip.example.net")
    scene.after(10)
    scene.answer_registration(A, UP)
    scene.after(5)

    assert [reason for _url, reason, *_ in scene.deliver()] == [Reason.RESOLVED]
    assert not scene.open()


def test_a_lost_event_alarms_nobody() -> None:
    scene = office()

    scene.says(A, DOWN)
    scene.after(30)
    scene.answer_registration(A, UP)
    scene.after(60)

    assert not scene.open()
    assert scene.state(A, Check.REGISTRATION).pending is None


def test_rule_02c_a_provider_that_cannot_be_reached_explains_its_registration() -> None:
    scene = office()
    scene.lose(A)
    scene.says(A, DOWN)
    scene.after(30)
    scene.answer(A, DOWN)
    scene.answer_registration(A, DOWN)

    reachability, registration = scene.open(A)
    assert registration.explained_by == reachability.id
    scene.after(5)
    assert len(scene.deliver()) == 1

    scene.contact(A, ContactStatus.REACHABLE)
    scene.answer(A, UP)
    scene.after(10)
    scene.answer(A, UP)
    scene.after(6)
    assert [reason for _url, reason, *_ in scene.deliver()] == [Reason.RESOLVED]
    scene.after(BACK_WITHIN)
    assert [reason for _url, reason, *_ in scene.deliver()] == [Reason.OPENED], "it is still not registered"


def test_rule_02c_a_registration_waits_for_its_provider_that_asterisk_is_to_check_again() -> None:
    """Asterisk's own next check is far away; the one that it is asked for is not."""
    scene = office()
    scene.see(trunk_settings(A, qualify_frequency=60.0))
    scene.says(A, DOWN)
    scene.after(12)
    scene.lose(A)
    for _ in range(35):
        scene.after(1)
        asked = {(each.asked_by, each.check) for each in scene.questions if A in each.targets}
        scene.questions.clear()
        if (Channel.MANAGER, Check.REACHABILITY) in asked:
            scene.see(Observation(A, UNKNOWN, scene.now, Source.ANSWER, Witness.QUALIFY, "Endpoint found"))
        if (Channel.MANAGER, Check.REGISTRATION) in asked:
            scene.says(A, DOWN, Source.SNAPSHOT)
        if (Channel.REST, Check.REACHABILITY) in asked:
            scene.answer(A, DOWN)
        scene.deliver()

    assert [scene.db.incidents[number].check for _, _, number, _ in scene.sent] == [Check.REACHABILITY]


def test_a_provider_that_is_lost_while_its_registration_is_renewed_says_so() -> None:
    scene = office()
    scene.lose(A)
    scene.after(20)
    scene.says(A, UP, words="registered at sip.example.net")
    scene.after(10)
    scene.answer(A, DOWN)

    [incident] = scene.open(A)
    assert incident.cause.endswith("; registered at sip.example.net, renewed since then")


def never_answering(*, registered_first: bool) -> Office:
    """A provider of which nothing is known but that Asterisk calls it offline; it is registered by a list."""
    scene = Office(with_manager())
    scene.see(trunk_settings(A))
    scene.snapshot({A: DOWN})
    scene.manager()
    if registered_first:
        scene.says(A, UP, Source.SNAPSHOT, "registered at sip.example.net")
    scene.after(30)
    scene.answer(A, DOWN)
    return scene


@pytest.mark.parametrize("registered_first", [True, False])
def test_a_provider_that_is_registered_and_never_answered_options_says_so_and_what_to_do(
    *, registered_first: bool
) -> None:
    scene = never_answering(registered_first=registered_first)
    if not registered_first:
        [incident] = scene.open(A)
        assert "never answered" not in incident.cause
        scene.says(A, UP, Source.SNAPSHOT, "registered at sip.example.net")

    [incident] = scene.open(A)
    assert incident.cause.endswith(f"; registered at sip.example.net, {NEVER_ANSWERED_ASTERISK}")
    assert scene.state(A).reason == incident.cause


def test_a_provider_that_never_answered_and_is_not_registered_any_more_may_be_dead() -> None:
    scene = never_answering(registered_first=True)

    scene.says(A, DOWN)

    assert NEVER_ANSWERED_ASTERISK not in scene.state(A).reason


def test_a_provider_that_answered_options_before_is_not_called_one_that_never_did() -> None:
    scene = office()
    scene.lose(A)
    scene.after(30)
    scene.answer(A, DOWN)

    [incident] = scene.open(A)
    assert NEVER_ANSWERED_ASTERISK not in incident.cause


@pytest.mark.parametrize("tried_after", [0, 57, BACK_WITHIN - 17])
def test_rule_02c_what_is_seen_to_be_registered_again_with_its_provider_is_not_told_as_lost(tried_after: float) -> None:
    scene = office()
    scene.lose(A)
    scene.says(A, DOWN)
    scene.after(30)
    scene.answer(A, DOWN)
    scene.answer_registration(A, DOWN)
    scene.after(5)
    scene.contact(A, ContactStatus.REACHABLE)
    scene.answer(A, UP)
    scene.after(10)
    scene.answer(A, UP)
    scene.after(6)
    scene.deliver()

    scene.after(tried_after)
    scene.says(A, UP, words="registered at sip.example.net")
    scene.after(10)
    assert not scene.deliver()
    scene.answer_registration(A, UP)
    scene.after(60)

    assert not scene.open()
    assert [reason for _url, reason, *_ in scene.deliver()] == []


@pytest.mark.parametrize(("retry_interval", "told_after"), [(30, 97), (60, 97), (240, 32 + 245), (3600, 32 + 305)])
def test_rule_02c_a_registration_has_the_time_that_asterisk_takes_to_try_it_again(
    retry_interval: float, told_after: float
) -> None:
    scene = office()
    scene.listed(A, B, retry_interval=retry_interval)
    scene.lose(A)
    scene.says(A, DOWN)
    scene.after(30)
    scene.answer(A, DOWN)
    scene.answer_registration(A, DOWN)
    scene.after(5)
    scene.contact(A, ContactStatus.REACHABLE)
    scene.answer(A, UP)
    scene.after(10)
    scene.answer(A, UP)
    scene.after(5)
    scene.deliver()

    back_at = scene.state(A).since
    scene.after(back_at + told_after - 1 - scene.now)
    assert not scene.deliver()
    scene.after(10)

    assert [reason for _url, reason, *_ in scene.deliver()] == [Reason.OPENED]


def test_after_a_freeze_the_longest_retry_interval_is_waited_for() -> None:
    scene = office()
    scene.listed(A, B, retry_interval=240)
    scene.report(Trouble.TIMED_OUT, words="no answer within 5 s")
    scene.after(40)
    scene.snapshot({A: UP, B: UP})

    scene.says(A, DOWN)
    scene.after(244)

    assert scene.state(A, Check.REGISTRATION).unknown_because.startswith("in grace: Asterisk was frozen")
    scene.after(32)
    scene.answer_registration(A, DOWN)
    assert not scene.state(A, Check.REGISTRATION).unknown_because


def is_dead(scene: Office) -> None:
    """The provider cannot be reached, and that is believed."""
    scene.lose(A)
    scene.after(30)
    scene.answer(A, DOWN)
    scene.after(5)


def test_rule_02c_that_it_lasts_when_its_provider_is_back_is_not_told_once_that_is_gone_again() -> None:
    scene = office()
    lose(scene)
    assert [reason for _url, reason, *_ in scene.deliver()] == [Reason.OPENED]
    is_dead(scene)
    assert [reason for _url, reason, *_ in scene.deliver()] == [Reason.OPENED]
    scene.contact(A, ContactStatus.REACHABLE)
    scene.answer(A, UP)
    scene.after(10)
    scene.answer(A, UP)
    scene.after(6)
    assert [reason for _url, reason, *_ in scene.deliver()] == [Reason.RESOLVED]

    is_dead(scene)
    scene.after(2 * BACK_WITHIN)

    assert [reason for _url, reason, *_ in scene.deliver()] == [Reason.OPENED]


@pytest.mark.parametrize("is_told_before", [False, True])
def test_rule_02c_what_nobody_can_see_when_its_provider_is_back_is_not_told_until_it_can_be_seen(
    is_told_before: bool,
) -> None:
    scene = office()
    if is_told_before:
        lose(scene)
        scene.after(5)
        assert len(scene.deliver()) == 1
    scene.lose(A)
    scene.says(A, DOWN)
    scene.after(30)
    scene.answer(A, DOWN)
    if not is_told_before:
        scene.answer_registration(A, DOWN)
    scene.after(5)
    scene.manager(Trouble.REFUSED, "connection refused")
    scene.contact(A, ContactStatus.REACHABLE)
    scene.answer(A, UP)
    scene.after(10)
    scene.answer(A, UP)
    scene.after(6)
    scene.deliver()

    scene.after(10 * BACK_WITHIN)
    assert not [row for row in scene.deliver() if row[1] in (Reason.OPENED, Reason.CHANGED)]
    scene.manager()
    scene.says(A, DOWN, Source.SNAPSHOT)
    scene.after(5)

    told = [reason for _url, reason, *_ in scene.deliver() if reason is Reason.OPENED]
    assert told == [Reason.OPENED] * (not is_told_before)


def test_rule_02c_a_provider_that_asterisk_checks_each_ten_minutes_is_not_waited_for() -> None:
    scene = office()
    scene.see(trunk_settings(A, qualify_frequency=600.0))
    scene.lose(A)
    scene.says(A, DOWN)
    scene.after(30)
    scene.answer_registration(A, DOWN)
    scene.after(6)

    assert [reason for _url, reason, *_ in scene.deliver()] == [Reason.OPENED]


def test_that_asterisk_gave_up_is_said_by_the_incident_and_told_once_more() -> None:
    scene = office()
    lose(scene)
    scene.deliver()

    better = f"{LOST}; Asterisk has stopped trying: it needs 'pjsip send register a', or a reload"
    scene.says(A, DOWN, Source.SNAPSHOT, better)
    scene.after(600)

    assert scene.open(A)[0].cause == better
    assert scene.state(A, Check.REGISTRATION).reason == better
    assert [reason for _url, reason, *_ in scene.deliver()] == [Reason.CHANGED]
    for words in (SILENT, better, GIVEN_UP):
        scene.says(A, DOWN, words=words)
        scene.after(60)
    assert not scene.deliver(), "it is told once"


def test_what_becomes_known_of_the_cause_is_in_the_story_and_stays_until_the_end() -> None:
    scene = office()
    lose(scene)
    scene.deliver()

    for words in (SILENT, GIVEN_UP, LOST, TAKEN_BACK):
        scene.says(A, DOWN, words=words)
    assert scene.state(A, Check.REGISTRATION).reason == TAKEN_BACK, "how it stands now, status says"
    scene.says(A, UP, words="registered at sip.example.net")
    scene.after(10)
    scene.answer_registration(A, UP)

    [incident] = scene.db.incidents.values()
    # By another attempt it is heard that Asterisk has not stopped.
    assert (incident.cause, incident.ending) == (SILENT, Ending.RECOVERED)
    known = [note.words for note in scene.db.notes if note.words.startswith("known by now")]
    assert known == [f"known by now: {words}" for words in (SILENT, GIVEN_UP, SILENT)]


@pytest.mark.parametrize("target", [A, Target("office", "REGISTRATION", "reg-old")], ids=["of a provider", "of nobody"])
def test_another_cause_is_that_of_the_incident_from_then_on_in_one_line_and_without_a_message(target: Target) -> None:
    scene = office()
    scene.says(target, UP)
    scene.says(target, DOWN)
    scene.after(30)
    scene.says(target, DOWN, Source.SNAPSHOT)
    told = scene.deliver()

    causes = []
    for words in (REJECTED, REJECTED, SILENT, LOST, SILENT, REJECTED):
        scene.says(target, DOWN, words=words)
        scene.after(60)
        [incident] = scene.open(target)
        causes.append(incident.cause)
        assert words == LOST or scene.state(target, Check.REGISTRATION).reason == words

    assert len(told) == 1
    assert causes == [REJECTED, REJECTED, SILENT, SILENT, SILENT, REJECTED]
    known = [note.words for note in scene.db.notes if note.words.startswith("known by now")]
    assert known == [f"known by now: {words}" for words in (REJECTED, SILENT, REJECTED)]
    assert not scene.deliver()


@pytest.mark.parametrize("target", [A, Target("office", "REGISTRATION", "reg-old")], ids=["of a provider", "of nobody"])
def test_that_asterisk_has_stopped_is_known_after_the_manager_interface_was_away_until_it_tries_again(
    target: Target,
) -> None:
    scene = office()
    scene.says(target, UP)
    scene.says(target, DOWN)
    scene.after(30)
    scene.says(target, DOWN, Source.SNAPSHOT, GIVEN_UP)

    scene.manager(Trouble.REFUSED, "manager interface: connection refused")
    scene.after(5)
    scene.manager()
    scene.says(target, DOWN, Source.SNAPSHOT)
    [incident] = scene.open(target)
    assert incident.cause == scene.state(target, Check.REGISTRATION).reason == GIVEN_UP

    scene.says(target, DOWN)
    [incident] = scene.open(target)
    assert incident.cause == SILENT
    assert "has stopped" not in scene.state(target, Check.REGISTRATION).reason


def test_what_is_known_before_it_is_told_is_told() -> None:
    scene = office()
    scene.says(A, DOWN)
    scene.after(29)
    scene.says(A, DOWN, words=GIVEN_UP)
    scene.after(1)
    scene.says(A, DOWN, Source.SNAPSHOT, GIVEN_UP)

    assert scene.open(A)[0].cause == GIVEN_UP


def test_in_the_grace_after_a_restart_no_registration_is_lost() -> None:
    scene = office()
    scene.snapshot({A: UP, B: UP}, startup="boot 2")
    scene.says(A, DOWN, Source.SNAPSHOT)
    scene.after(100)
    assert scene.state(A, Check.REGISTRATION).unknown_because.startswith("in grace")
    assert not scene.open()

    scene.after(20 + 30)
    scene.answer_registration(A, DOWN)

    assert [incident.check for incident in scene.open(A)] == [Check.REGISTRATION]


@pytest.mark.parametrize("target", [A, Target("office", "REGISTRATION", "reg-old")], ids=["of a provider", "of nobody"])
def test_what_was_registered_since_the_restart_is_lost_in_the_grace_from_when_it_was(target: Target) -> None:
    scene = office()
    scene.says(target, UP, Source.SNAPSHOT)
    scene.snapshot({A: UP, B: UP}, startup="boot 2")
    scene.after(20)
    scene.says(target, UP)
    scene.after(20)
    lost_at = scene.now
    scene.says(target, DOWN)
    scene.after(10)
    scene.says(target, DOWN, Source.SNAPSHOT)
    assert scene.state(target, Check.REGISTRATION).pending is DOWN

    scene.after(20)
    scene.answer_registration(target, DOWN)

    assert [incident.since for incident in scene.open(target)] == [lost_at]


def test_a_second_restart_gives_a_registration_its_time_again() -> None:
    scene = office()
    scene.snapshot({A: UP, B: UP}, startup="boot 2")
    scene.after(20)
    scene.says(A, UP)
    scene.after(20)
    scene.snapshot({A: UP, B: UP}, startup="boot 3")

    scene.says(A, DOWN, Source.SNAPSHOT)

    assert scene.state(A, Check.REGISTRATION).unknown_because.startswith("in grace")


def test_the_grace_of_a_registration_has_nothing_to_do_with_how_often_its_provider_is_checked() -> None:
    scene = office()
    scene.see(trunk_settings(A, qualify_frequency=600.0))
    scene.snapshot({A: UP, B: UP}, startup="boot 2")
    scene.says(A, DOWN, Source.SNAPSHOT)

    scene.after(120)
    assert scene.state(A, Check.REGISTRATION).pending is DOWN, "the grace is over by itself"
    scene.after(30)
    scene.answer_registration(A, DOWN)

    assert [incident.check for incident in scene.open(A)] == [Check.REGISTRATION]


@pytest.mark.parametrize("target", [A, Target("office", "REGISTRATION", "reg-old")], ids=["of a provider", "of nobody"])
def test_the_first_attempt_after_a_restart_has_its_time_however_short_the_grace_is(target: Target) -> None:
    scene = office(config(pbx_config(ami="tcp://127.0.0.1:5038", restart_grace=5.0)))
    scene.says(target, UP, Source.SNAPSHOT)
    scene.snapshot({A: UP, B: UP}, startup="boot 2")
    scene.says(target, DOWN, Source.SNAPSHOT, TAKEN_BACK)

    scene.after(FIRST_TRIED_WITHIN - 1)
    assert scene.state(target, Check.REGISTRATION).unknown_because.startswith("in grace")
    assert not scene.questions
    scene.after(1)
    if target.is_registration:
        scene.answer_registration(target, DOWN)

    assert scene.state(target, Check.REGISTRATION).pending is DOWN


@pytest.mark.parametrize("target", [A, Target("office", "REGISTRATION", "reg-old")], ids=["of a provider", "of nobody"])
def test_an_attempt_that_has_failed_after_a_restart_counts_when_the_grace_is_over(target: Target) -> None:
    scene = office(config(pbx_config(ami="tcp://127.0.0.1:5038", restart_grace=5.0)))
    scene.says(target, UP, Source.SNAPSHOT)
    scene.snapshot({A: UP, B: UP}, startup="boot 2")

    scene.after(6)
    scene.says(target, DOWN)

    assert scene.state(target, Check.REGISTRATION).pending is DOWN


def test_what_failed_while_asterisk_was_frozen_is_not_lost_before_it_was_tried_again() -> None:
    scene = office()
    scene.report(Trouble.TIMED_OUT, words="no answer within 5 s")
    scene.after(40)
    scene.snapshot({A: UP, B: UP})

    scene.says(A, DOWN)
    scene.after(TRIED_AGAIN_WITHIN - 1)

    assert scene.state(A, Check.REGISTRATION).unknown_because.startswith("in grace: Asterisk was frozen")
    scene.says(A, UP, words="registered at sip.example.net")
    assert not scene.state(A, Check.REGISTRATION).unknown_because
    assert not scene.open(A)


# ---------------------------------------------------------------- while the manager interface cannot be asked


def test_without_the_manager_interface_registrations_are_unknown_and_neither_lost_nor_the_pbx_down() -> None:
    scene = office()

    scene.manager(Trouble.REFUSED, "connection refused")
    for _ in range(720):
        scene.after(5)
        scene.answer_all({A: UP, B: UP})
        scene.manager(Trouble.REFUSED, "connection refused")

    for target in (A, B):
        assert scene.state(target, Check.REGISTRATION).unknown_because == "manager interface: connection refused"
        assert scene.transitions(target, Check.REGISTRATION) == [UP]
    [incident] = scene.open()
    assert (incident.check, incident.state) == (Check.MANAGER, Health.DEGRADED)
    assert incident.cause == "manager interface: connection refused; registrations are unknown"

    scene.manager()
    scene.says(A, UP, Source.SNAPSHOT)
    scene.says(B, DOWN, Source.SNAPSHOT)
    assert not scene.state(A, Check.REGISTRATION).unknown_because
    scene.after(10)
    scene.manager()
    assert not scene.open(Target("office"))
    scene.after(20)
    scene.answer_registration(B, DOWN)
    assert [incident.target for incident in scene.open()] == [B]


@pytest.mark.parametrize("target", [A, Target("office", "REGISTRATION", "reg-old")], ids=["of a provider", "of nobody"])
def test_a_session_that_hears_events_alone_forgets_what_was_known_until_the_next_one(target: Target) -> None:
    scene = office()
    scene.says(target, DOWN, Source.SNAPSHOT)

    remark = "events only; the user may not ask for the list"
    scene.see(ConnectionReport("office", Channel.MANAGER, scene.now, remark=remark, forgets=True))
    for _ in range(60):
        scene.after(5)
        scene.manager(remark=remark)
        scene.answer_all({A: UP, B: UP})

    state = scene.state(target, Check.REGISTRATION)
    assert (state.unknown_because, state.remark) == (f"manager interface: {remark}", "")
    assert not scene.open(target)
    scene.says(target, DOWN)
    state = scene.state(target, Check.REGISTRATION)
    assert (state.unknown_because, state.remark) == (NOT_SEEN_AGAIN if target == A else "", LOST)
    scene.after(30)
    scene.answer_registration(target, DOWN)
    assert not scene.state(target, Check.REGISTRATION).unknown_because
    assert len(scene.open(target)) == 1


def test_a_short_loss_of_the_manager_interface_is_told_to_nobody() -> None:
    scene = office()

    scene.manager(Trouble.CLOSED, "closed the connection")
    scene.after(5)
    scene.manager()
    scene.after(60)

    assert not scene.open()


def test_a_pbx_that_is_down_has_no_manager_interface_and_that_is_not_told_beside_it() -> None:
    scene = office()

    scene.manager(Trouble.CLOSED, "closed the connection")
    scene.report(Trouble.REFUSED, words="connection refused")
    for _ in range(60):
        scene.after(5)
        scene.report(Trouble.REFUSED, words="connection refused")
        scene.manager(Trouble.REFUSED, "connection refused")

    assert [incident.check for incident in scene.open()] == [Check.CONNECTION]
    scene.report()
    scene.snapshot({A: UP, B: UP})
    scene.manager()
    scene.after(10)
    scene.snapshot({A: UP, B: UP})
    scene.after(60)
    assert not scene.open()


def test_a_right_that_is_missing_is_shown_and_registrations_are_known_all_the_same() -> None:
    scene = office()

    scene.manager(remark="no events")
    scene.after(15)
    scene.manager(remark="no events")

    assert [(incident.check, incident.cause) for incident in scene.open()] == [
        (Check.MANAGER, "manager interface: no events")
    ]
    assert not scene.state(A, Check.REGISTRATION).unknown_because


# ---------------------------------------------------------------- beginning and end


def test_after_a_restart_of_healthmon_a_registration_is_unknown_until_it_was_asked_for() -> None:
    first = office()
    lose(first)
    first.deliver()

    scene = Office(first.config, first.db, first.now + 5)
    scene.startup_time = first.startup_time
    scene.snapshot({A: UP, B: UP})
    assert scene.state(A, Check.REGISTRATION).unknown_because
    scene.manager()
    scene.says(A, DOWN, Source.SNAPSHOT)

    assert not scene.state(A, Check.REGISTRATION).unknown_because
    assert len(scene.open()) == 1
    scene.after(60)
    assert not scene.deliver()


@pytest.mark.parametrize("known", [SILENT, GIVEN_UP])
def test_why_it_failed_is_known_after_a_restart_of_healthmon_too(known: str) -> None:
    first = office()
    lose(first)
    first.says(A, DOWN, words=known)

    scene = Office(first.config, first.db, first.now + 5)
    scene.startup_time = first.startup_time
    scene.snapshot({A: UP, B: UP})
    scene.manager()
    reasons = []
    for source, words in (
        (Source.SNAPSHOT, LOST),
        (Source.SNAPSHOT, LOST),
        (Source.EVENT, LOST),
        (Source.EVENT, SILENT.replace("not answered", "rejected")),
        (Source.EVENT, LOST),
    ):
        scene.says(A, DOWN, source, words)
        reasons.append(scene.state(A, Check.REGISTRATION).reason)

    assert reasons == [known, known, SILENT, SILENT.replace("not answered", "rejected"), LOST]
    assert scene.open(A)[0].cause == SILENT.replace("not answered", "rejected")


def test_that_it_was_rejected_is_known_after_a_restart_of_healthmon_when_the_next_attempt_is_overdue_again() -> None:
    overdue = LOST.replace("; incoming", f"; {WAITS}; incoming")
    known = overdue.replace("rejected, or not answered", "rejected")
    first = office()
    lose(first)
    first.says(A, DOWN, words=known)

    scene = Office(first.config, first.db, first.now + 5)
    scene.startup_time = first.startup_time
    scene.snapshot({A: UP, B: UP})
    scene.manager()
    reasons = []
    for words in (LOST, overdue, overdue, SILENT):
        scene.says(A, DOWN, Source.SNAPSHOT, words)
        reasons.append(scene.state(A, Check.REGISTRATION).reason)

    assert reasons == [known, known, known, SILENT]


def test_a_registration_that_was_removed_ends_without_a_word_of_recovery() -> None:
    scene = office()
    lose(scene)

    scene.listed(B)

    assert [incident.ending for incident in scene.db.incidents.values()] == [Ending.REMOVED]
    assert (A, Check.REGISTRATION) not in scene.db.states
    assert scene.transitions(A, Check.REGISTRATION)[-1] is None
    assert scene.belief(A) is UP
    scene.says(A, UP, Source.SNAPSHOT)
    assert scene.state(A, Check.REGISTRATION).belief is UP


def test_what_was_nobodys_and_is_known_to_be_an_endpoints_is_no_target_of_its_own_and_others_stay() -> None:
    scene = office()
    of_a, other = (Target("office", "REGISTRATION", name) for name in ("PJSIP/me@a", "PJSIP/you@elsewhere"))
    for alone in (of_a, other):
        scene.says(alone, DOWN)
        scene.after(30)
        scene.says(alone, DOWN, Source.SNAPSHOT)
    assert [incident.target for incident in scene.open()] == [of_a, other]

    scene.owned("PJSIP/me@a", A)

    assert [incident.target for incident in scene.open()] == [other]
    assert scene.db.incidents[1].ending is Ending.OWNED
    assert (of_a, Check.REGISTRATION) not in scene.db.states
    assert scene.state(A, Check.REGISTRATION).belief is scene.state(B, Check.REGISTRATION).belief is UP


def test_what_has_no_registration_any_more_after_a_restart_of_healthmon_ends_too() -> None:
    first = office()
    scene = Office(first.config, first.db, first.now + 5)
    scene.startup_time = first.startup_time
    scene.snapshot({A: UP, B: UP})
    scene.manager()

    scene.listed(B)

    assert (A, Check.REGISTRATION) not in scene.db.states


def test_without_ami_in_the_configuration_its_checks_end_at_a_reload_and_at_a_start() -> None:
    without = config()
    for go_on in ("reload", "restart"):
        scene = office()
        lose(scene)
        scene.manager(Trouble.REFUSED, "connection refused")
        scene.after(15)
        scene.manager(Trouble.REFUSED, "connection refused")
        assert len(scene.open()) == 2

        if go_on == "reload":
            scene.reconfigure(without)
        else:
            scene = Office(without, scene.db, scene.now + 5)

        assert not scene.open()
        assert {incident.ending for incident in scene.db.incidents.values()} == {Ending.NO_MANAGER}
        ended = "provider PJSIP/trunk-a on office (registration): the manager interface is no longer asked"
        assert any(line.startswith(ended) for line in scene.log), scene.log
        checks = {check for _target, check in scene.db.states}
        assert checks == {Check.REACHABILITY, Check.CONNECTION} | (checks & {Check.INVENTORY, Check.DRIVERS})


def test_a_registration_of_what_is_not_watched_is_not_heard() -> None:
    scene = office()

    scene.says(Target("office", "PJSIP", "nobody"), DOWN)

    assert not any(target.resource == "nobody" for target, _check in scene.db.states)


def test_an_unlisted_provider_has_an_unknown_registration() -> None:
    scene = office()

    scene.after(60)
    scene.snapshot({B: UP})

    assert scene.state(A, Check.REGISTRATION).unknown_because
    assert scene.state(B, Check.REGISTRATION).belief is UP
    assert scene.state(A).unknown_because
    assert scene.state(A, Check.REGISTRATION).belief is not UNKNOWN


@pytest.mark.parametrize("target", [A, Target("office", "REGISTRATION", "reg-old")], ids=["of a provider", "of nobody"])
def test_of_what_has_a_state_that_is_none_the_belief_stays_and_it_is_unknown(target: Target) -> None:
    scene = office()
    scene.says(target, UP, Source.SNAPSHOT)
    words = "manager interface: no state of the registration at sip.example.net that is known (nothing)"

    scene.says(target, UNKNOWN, Source.SNAPSHOT, words)
    scene.after(600)
    state = scene.state(target, Check.REGISTRATION)
    assert (state.belief, state.unknown_because) == (UP, words)
    assert not scene.open(target)

    scene.says(target, UP, Source.SNAPSHOT)
    assert not scene.state(target, Check.REGISTRATION).unknown_because


def test_a_new_interval_changes_no_belief() -> None:
    scene = office()
    lose(scene)

    scene.reconfigure(replace(scene.config, pbxs=(replace(scene.config.pbxs[0], poll_every=30.0),)))

    assert len(scene.open(A)) == 1


# ---------------------------------------------------------------- of nobody

NOBODY = Target("office", "REGISTRATION", "reg-old")


def test_a_registration_of_nobody_is_a_target_of_its_own_that_is_told_to_the_receivers_of_its_pbx() -> None:
    scene = office()
    scene.says(NOBODY, UP, Source.SNAPSHOT)

    scene.says(NOBODY, DOWN)
    scene.after(15)
    scene.answer_registration(NOBODY, DOWN)
    scene.after(5)

    [incident] = scene.open(NOBODY)
    assert (incident.kind, incident.severity, incident.cause) == ("registration", "critical", LOST)
    scene.says(NOBODY, DOWN, words=GIVEN_UP)
    assert scene.open(NOBODY)[0].cause == GIVEN_UP
    assert [(url, reason) for url, reason, *_ in scene.deliver()] == [("oncall/boss", Reason.OPENED)]
    scene.says(NOBODY, UP)
    scene.after(10)
    scene.answer_registration(NOBODY, UP)
    assert not scene.open()


def test_a_registration_of_nobody_is_unknown_while_the_manager_interface_cannot_be_asked() -> None:
    scene = office()
    scene.says(NOBODY, UP, Source.SNAPSHOT)

    scene.manager(Trouble.CLOSED, "closed the connection")

    assert scene.state(NOBODY, Check.REGISTRATION).unknown_because == "manager interface: closed the connection"
    scene.after(3600)
    assert not scene.open(NOBODY)
    scene.manager()
    scene.says(NOBODY, UP, Source.SNAPSHOT)
    assert not scene.state(NOBODY, Check.REGISTRATION).unknown_because


def test_a_pbx_that_is_down_explains_a_registration_of_nobody() -> None:
    scene = office()
    scene.says(NOBODY, DOWN, Source.SNAPSHOT)
    scene.report(Trouble.REFUSED, words="connection refused")
    for _ in range(12):
        scene.after(5)
        scene.report(Trouble.REFUSED, words="connection refused")

    assert [incident.check for incident in scene.open()] == [Check.CONNECTION]


def test_a_registration_of_nobody_goes_on_after_a_restart_of_healthmon_and_ends_when_it_is_removed() -> None:
    first = office()
    first.says(NOBODY, DOWN, Source.SNAPSHOT)
    first.after(15)
    first.answer_registration(NOBODY, DOWN)
    assert len(first.open(NOBODY)) == 1

    scene = Office(first.config, first.db, first.now + 5)
    scene.startup_time = first.startup_time
    assert scene.state(NOBODY, Check.REGISTRATION).unknown_because
    scene.snapshot({A: UP, B: UP})
    assert any(question.asked_by is Channel.MANAGER for question in scene.questions)
    scene.says(NOBODY, DOWN, Source.SNAPSHOT)
    assert len(scene.open(NOBODY)) == 1
    assert not scene.state(NOBODY, Check.REGISTRATION).unknown_because

    scene.listed(A, B)
    assert not scene.open(NOBODY)
    assert (NOBODY, Check.REGISTRATION) not in scene.db.states


def test_a_registration_of_nobody_that_belongs_to_an_endpoint_now_was_not_removed() -> None:
    scene = office()
    scene.says(NOBODY, UP, Source.SNAPSHOT)

    scene.see(RegistrationList("office", scene.now, frozenset({A, B}), frozenset({"reg-a", "reg-old"})))

    assert (NOBODY, Check.REGISTRATION) not in scene.db.states
    assert "registration reg-old: it belongs to an endpoint now" in scene.log


def test_in_the_grace_after_a_restart_a_registration_of_nobody_is_not_lost() -> None:
    scene = office()
    scene.says(NOBODY, UP, Source.SNAPSHOT)
    scene.snapshot({A: UP, B: UP}, startup="boot 2")
    scene.says(NOBODY, DOWN, Source.SNAPSHOT)

    state = scene.state(NOBODY, Check.REGISTRATION)
    assert state.unknown_because.startswith("in grace")
    assert (state.belief, state.pending, state.remark) == (UP, DOWN, LOST)
    scene.after(300)
    assert not scene.open(NOBODY)


@pytest.mark.parametrize("target", [A, Target("office", "REGISTRATION", "reg-old")], ids=["of a provider", "of nobody"])
def test_what_the_list_says_in_the_grace_is_seen_at_once_and_told_as_lost_since_then(target: Target) -> None:
    scene = office()
    scene.says(target, UP, Source.SNAPSHOT)
    scene.snapshot({A: UP, B: UP}, startup="boot 2")
    scene.after(5)
    scene.says(target, DOWN, Source.SNAPSHOT)
    said_at = scene.now

    state = scene.state(target, Check.REGISTRATION)
    assert (state.pending, state.pending_since, state.remark) == (DOWN, said_at, LOST)
    while not scene.open(target):
        scene.after(5)
        scene.says(target, DOWN, Source.SNAPSHOT)

    assert scene.now > said_at + 60 + 15, "the grace, and the hold after it"
    [incident] = scene.open(target)
    assert (incident.since, scene.state(target, Check.REGISTRATION).remark) == (said_at, "")


@pytest.mark.parametrize("target", [A, Target("office", "REGISTRATION", "reg-old")], ids=["of a provider", "of nobody"])
@pytest.mark.parametrize("is_back", [False, True], ids=["lost", "back"])
def test_what_was_not_registered_since_the_restart_is_unknown_until_it_is_believed_either_way(
    target: Target, *, is_back: bool
) -> None:
    scene = office()
    scene.says(target, UP, Source.SNAPSHOT)
    scene.snapshot({A: UP, B: UP}, startup="boot 2")
    scene.says(target, DOWN)

    shown = []
    for _ in range(10):
        scene.after(15)
        shown.append(shown_health(scene, target))
        asked = [question for question in scene.questions if target in question.targets]
        scene.questions.clear()
        scene.says(target, DOWN)
        if asked and not is_back:
            scene.says(target, DOWN, Source.SNAPSHOT)
    assert UNKNOWN in shown and UP not in shown
    assert bool(scene.open(target)) is not is_back

    if is_back:
        scene.says(target, UP)
        assert shown_health(scene, target) is UP
        assert not scene.open(target)
    else:
        assert shown_health(scene, target) is DOWN


def the_manager_interface_is_away(scene: Office) -> None:
    scene.manager(Trouble.REFUSED, "connection refused")
    scene.after(300)
    scene.manager()


def all_are_away_and_asterisk_is_restarted(scene: Office) -> None:
    scene.manager(Trouble.CLOSED, "closed the connection")
    scene.report(Trouble.REFUSED)
    scene.after(60)
    scene.snapshot({A: UP, B: UP}, startup="boot 2")
    scene.after(240)
    scene.manager()


def healthmon_stands_still(scene: Office) -> None:
    scene.stand_still(300)
    scene.manager()
    scene.snapshot({A: UP, B: UP})


def a_module_is_not_loaded(scene: Office) -> None:
    scene.see(RegistrationList("office", scene.now, frozenset(), lacks="no module"))
    scene.after(300)


def only_events_are_heard(scene: Office) -> None:
    scene.see(ConnectionReport("office", Channel.MANAGER, scene.now, remark="events only", forgets=True))
    scene.after(300)


def its_state_is_none(scene: Office) -> None:
    for target in (A, NOBODY):
        scene.says(target, UNKNOWN, Source.SNAPSHOT, "manager interface: no state")
    scene.after(300)


def it_is_in_maintenance_mode(scene: Office) -> None:
    scene.see(MaintenanceList("office", scene.now, frozenset({A.resource})))
    scene.after(150)
    scene.says(A, DOWN, Source.SNAPSHOT)
    scene.after(150)
    scene.see(MaintenanceList("office", scene.now, frozenset()))


#: What may hide registrations, after which they can be seen again.
GAPS = (
    the_manager_interface_is_away,
    all_are_away_and_asterisk_is_restarted,
    healthmon_stands_still,
    a_module_is_not_loaded,
    only_events_are_heard,
    its_state_is_none,
)
HIDDEN = [(gap, target) for gap in GAPS for target in (A, NOBODY)] + [(it_is_in_maintenance_mode, A)]


@pytest.mark.parametrize(("gap", "target"), HIDDEN)
@pytest.mark.parametrize("is_back", [False, True], ids=["lost", "back"])
def test_what_is_not_registered_when_it_can_be_seen_again_is_unknown_until_it_is_believed_either_way(
    gap: Callable[[Office], None], target: Target, *, is_back: bool
) -> None:
    scene = office()
    scene.says(target, UP, Source.SNAPSHOT)
    gap(scene)
    scene.questions.clear()

    scene.says(target, DOWN, Source.SNAPSHOT)
    seen_at = scene.now
    shown = [shown_health(scene, target)]
    row = status_of(scene, target)
    assert (row.state, row.seems_down, row.is_plain_up) == (UNKNOWN, True, False)
    assert "not registered at" in f"{row.reason} {row.remark}"

    while scene.now < seen_at + 29:
        scene.after(1)
        scene.says(target, DOWN)
        shown.append(shown_health(scene, target))
    assert set(shown) == {UNKNOWN}
    assert not scene.open(target)
    if is_back:
        scene.says(target, UP)
        assert (shown_health(scene, target), status_of(scene, target).is_plain_up) == (UP, True)
        scene.after(120)
        assert not scene.open(target)
        return
    scene.after(2)
    scene.answer_registration(target, DOWN)
    [incident] = scene.open(target)
    assert (incident.check, incident.since) == (Check.REGISTRATION, seen_at)
    assert shown_health(scene, target) is DOWN
    periods = [period for period in scene.db.unknown_periods.values() if period.target == target]
    assert all(period.until is not None and period.until <= seen_at for period in periods), "it was lost since then"


def test_a_hold_that_runs_when_the_manager_interface_is_lost_for_a_moment_goes_on() -> None:
    scene = office()
    scene.says(A, DOWN)
    lost_at = scene.now
    scene.after(20)

    scene.manager(Trouble.CLOSED, "closed the connection")
    scene.after(2)
    scene.manager()
    scene.says(A, DOWN, Source.SNAPSHOT)
    scene.after(10)
    scene.answer_registration(A, DOWN)

    [incident] = scene.open(A)
    assert incident.since == lost_at


def status_of(scene: Scene, target: Target) -> TargetStatus:
    """What is shown of it as a whole: by all of its checks."""
    states = [state for (of, _), state in scene.db.states.items() if of == target]
    [row] = endpoint_rows(states, [])
    return row


def shown_health(scene: Scene, target: Target) -> Health:
    """How it stands to whoever looks."""
    [row] = [row for row in endpoint_rows([scene.state(target, Check.REGISTRATION)], []) if row.target == target]
    return row.state


def test_what_was_lost_in_the_grace_and_is_back_in_it_was_never_lost() -> None:
    scene = office()
    scene.snapshot({A: UP, B: UP}, startup="boot 2")
    scene.says(A, DOWN, Source.SNAPSHOT)
    scene.after(20)
    scene.says(A, UP)

    state = scene.state(A, Check.REGISTRATION)
    assert (state.belief, state.pending, state.remark, state.unknown_because) == (UP, None, "", "")


def test_without_ami_a_registration_of_nobody_ends() -> None:
    scene = office()
    scene.says(NOBODY, UP, Source.SNAPSHOT)

    scene.reconfigure(config())

    assert (NOBODY, Check.REGISTRATION) not in scene.db.states
    assert "registration reg-old: the manager interface is no longer asked" in scene.log


def test_a_pbx_that_leaves_the_configuration_takes_its_registrations_along() -> None:
    scene = office()
    scene.says(NOBODY, UP, Source.SNAPSHOT)

    scene.reconfigure(config(pbx_config("branch")))

    assert not scene.db.states.keys() & {(NOBODY, Check.REGISTRATION), (A, Check.REGISTRATION)}


NOT_LOADED = "Asterisk's module res_pjsip_outbound_registration is not loaded"


def test_what_a_module_that_is_not_loaded_does_not_list_is_unknown_and_its_outage_goes_on() -> None:
    scene, of_chan_sip = office(), Target("office", "REGISTRATION", "SIP/me@192.0.2.1")
    for target in (NOBODY, of_chan_sip):
        scene.says(target, UP, Source.SNAPSHOT)
    scene.listed(A, B, NOBODY, of_chan_sip)
    lose(scene)
    [lost] = scene.open()

    for _ in range(720):
        scene.see(RegistrationList("office", scene.now, frozenset(), lacks=NOT_LOADED))
        scene.manager()
        scene.after(5)
        scene.answer_all({A: UP, B: UP})

    for target in (A, B, NOBODY):
        assert scene.state(target, Check.REGISTRATION).unknown_because == f"manager interface: {NOT_LOADED}"
    assert "registration SIP/me@192.0.2.1: removed from the configuration" in scene.log, "its own driver lists it"
    told = {incident.check: incident for incident in scene.open()}
    assert told.keys() == {Check.REGISTRATION, Check.MANAGER}
    assert told[Check.REGISTRATION].id == lost.id
    assert told[Check.MANAGER].cause == f"manager interface: {NOT_LOADED}; registrations are unknown"

    scene.says(A, UP, Source.SNAPSHOT)
    scene.says(B, UP, Source.SNAPSHOT)
    scene.listed(A, B)
    scene.manager()
    scene.after(120)
    scene.answer_all({A: UP, B: UP})
    assert "registration reg-old: removed from the configuration" in scene.log, "a whole list does not have it"
    assert scene.state(A, Check.REGISTRATION).unknown_because == ""


# ---------------------------------------------------------------- while ARI cannot be asked


def test_ari_that_refuses_us_hides_no_registration() -> None:
    scene = office()
    scene.report(Trouble.DENIED)

    lose(scene)

    [incident] = scene.open(A)
    assert (incident.check, incident.health, incident.explained_by) == (Check.REGISTRATION, DOWN, None)
    [row] = [row for row in endpoint_rows(scene.db.states.values(), scene.db.pbx_states.values()) if row.target == A]
    assert row.state is DOWN
    assert {check.check: check.state for check in row.checks} == {"reachability": UNKNOWN, "registration": DOWN}
    [other] = [row for row in endpoint_rows(scene.db.states.values(), scene.db.pbx_states.values()) if row.target == B]
    assert {check.check: check.state for check in other.checks} == {"reachability": UNKNOWN, "registration": UP}


def test_ari_that_is_gone_explains_no_registration_while_the_manager_interface_answers() -> None:
    scene = office()
    for _ in range(10):
        scene.report(Trouble.REFUSED)
        scene.after(5)
    [pbx] = scene.open()
    assert pbx.health is DOWN

    lose(scene)

    [incident] = scene.open(A)
    assert incident.explained_by is None
    assert (Reason.OPENED, incident.id) in [(reason, number) for _, reason, number, _ in scene.deliver()]


def test_an_asterisk_that_is_gone_is_told_alone() -> None:
    scene = office()
    lose(scene)
    scene.deliver()
    scene.manager(Trouble.CLOSED)
    for _ in range(100):
        scene.report(Trouble.REFUSED)
        scene.manager(Trouble.REFUSED)
        scene.after(5)
        scene.deliver()

    assert [scene.db.incidents[number].target for _, _, number, _ in scene.sent] == [A, Target("office")]
    assert scene.state(A, Check.REGISTRATION).unknown_because.startswith("manager interface: ")


def test_a_manager_interface_that_is_back_before_ari_may_be_that_of_a_restarted_asterisk() -> None:
    scene = office()
    scene.report(Trouble.DENIED)
    scene.manager(Trouble.CLOSED)
    scene.after(10)
    scene.manager()
    scene.says(A, DOWN, Source.SNAPSHOT, TAKEN_BACK)

    scene.after(60)
    assert scene.state(A, Check.REGISTRATION).unknown_because == MAY_BE_RESTARTED
    assert not scene.open(A)
    for _ in range(20):
        scene.after(10)
        scene.says(A, DOWN, Source.SNAPSHOT, TAKEN_BACK)

    [incident] = scene.open(A)
    assert incident.check == Check.REGISTRATION


def test_ari_that_shows_the_same_asterisk_ends_that_doubt() -> None:
    scene = office()
    scene.report(Trouble.DENIED)
    scene.manager(Trouble.CLOSED)
    scene.manager()
    scene.snapshot({A: UP, B: UP})

    lose(scene)

    [incident] = scene.open(A)
    assert incident.check == Check.REGISTRATION


@pytest.mark.parametrize("target", [A, Target("office", "REGISTRATION", "reg-old")], ids=["of a provider", "of nobody"])
def test_a_restart_that_ari_tells_of_long_after_it_leaves_what_is_believed_down_since_then(target: Target) -> None:
    scene = office()
    scene.says(target, UP, Source.SNAPSHOT)
    scene.report(Trouble.DENIED)
    scene.manager(Trouble.CLOSED)
    scene.after(5)
    scene.manager()
    for _ in range(30):
        scene.after(10)
        scene.says(target, DOWN, Source.SNAPSHOT)
    before = scene.state(target, Check.REGISTRATION)
    assert before.belief is DOWN
    assert not before.unknown_because

    scene.snapshot({A: UP, B: UP}, startup="boot 2", running_for=303.0)
    scene.says(target, DOWN, Source.SNAPSHOT)

    after = scene.state(target, Check.REGISTRATION)
    assert (after.belief, after.since, after.unknown_because) == (DOWN, before.since, "")
    [restart] = scene.db.restarts
    assert restart.at == scene.now - 303


def test_the_grace_after_a_restart_counts_from_the_restart_and_not_from_when_ari_is_back() -> None:
    scene = office()
    scene.report(Trouble.DENIED)
    scene.after(90)
    restarted_at = scene.now - 60
    scene.snapshot({A: UP, B: DOWN}, startup="boot 2", running_for=60.0)
    scene.says(A, DOWN, Source.SNAPSHOT)

    shown = datetime.fromtimestamp(restarted_at, scene.config.timezone)
    assert f"Asterisk restarted at {shown:%H:%M:%S}" in scene.state(A, Check.REGISTRATION).unknown_because
    assert f"Asterisk restarted at {shown:%H:%M:%S}" in scene.state(B).unknown_because
    scene.after(60)
    assert scene.state(A, Check.REGISTRATION).pending is DOWN, "restart_grace is over"
    assert scene.state(B).pending is DOWN


def test_what_was_registered_and_lost_since_the_restart_is_not_in_grace_when_ari_is_back() -> None:
    scene = office()
    scene.report(Trouble.DENIED)
    scene.manager(Trouble.CLOSED)
    scene.after(5)
    scene.manager()
    scene.after(10)
    scene.says(A, UP)
    scene.after(10)
    lost_at = scene.now
    scene.says(A, DOWN)
    scene.after(5)

    scene.snapshot({A: UP, B: UP}, startup="boot 2", running_for=28.0)
    scene.says(A, DOWN, Source.SNAPSHOT)

    state = scene.state(A, Check.REGISTRATION)
    assert (state.pending, state.pending_since, state.unknown_because) == (DOWN, lost_at, "")


def test_healthmon_restarted_while_ari_refuses_us_knows_it_by_the_manager_interface() -> None:
    scene = office()
    lose(scene)
    scene.report(Trouble.DENIED)
    again = Office(scene.config, scene.db, scene.now + 60)
    again.report(Trouble.DENIED)
    assert again.state(A, Check.REGISTRATION).unknown_because
    again.manager()

    again.says(A, UP, Source.SNAPSHOT, "registered at sip.example.net")
    again.after(15)
    again.says(A, UP, Source.SNAPSHOT, "registered at sip.example.net")

    assert not again.state(A, Check.REGISTRATION).unknown_because
    assert not again.open(A)
