"""The check ``options``: what our own OPTIONS find, who is asked by them, and how that goes with Asterisk's view."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from healthmon.config.sections.shared import Hold
from healthmon.core.belief.endpoints import ASTERISK_REACHES_IT
from healthmon.core.belief.evidence import NEVER_ANSWERED, NOT_QUALIFIED, RECONFIGURED, UNCHECKED_YET
from healthmon.errors import Trouble
from healthmon.model import (
    Changes,
    Channel,
    Check,
    ContactStatus,
    Ending,
    Health,
    Observation,
    Probe,
    ProbePlan,
    Reason,
    SipWay,
    Source,
    Target,
    Witness,
)
from tests.core.scene import (
    DEGRADED,
    DOWN,
    PHONES,
    PROVIDERS,
    UNKNOWN,
    UP,
    Scene,
    config,
    pbx_config,
    phone,
    settings,
    trunk,
    trunk_settings,
)

TRUNK = trunk("a")
BOSS = "oncall/boss"
OPTIONS = Check.OPTIONS
WAYS = (SipWay("sip:sip.example.net"),)
OK, BUSY, SILENT = (
    "answers 200 OK",
    "answers 503 Service Unavailable",
    "does not answer our OPTIONS (UDP 192.0.2.1:5060)",
)
CLOSED = "closes the connection (TCP 192.0.2.1:5060)"
#: Providers believe an outage after 30 s.
ASKING = config(watches=(replace(PROVIDERS, probe=Probe.AUTO), PHONES))
UNCHECKED = {"qualify_frequency": 0.0, "has_unqualified_static_contact": True, "ways": WAYS}


class Provider(Scene):
    """A provider that Asterisk calls online, and that is asked by us each 10 s."""

    answer_of_it: tuple[Health, str] = (UP, OK)
    #: It has asked for that by Retry-After: only questions are put to it.
    is_left_alone = False

    def settle(self, **settings: object) -> Provider:
        """Everything is seen up."""
        self.see(trunk_settings(TRUNK, **{"ways": WAYS, **settings}))
        self.truth = {TRUNK: UP}
        return self.go_on(60)

    def answers(self, health: Health, words: str, seconds: float = 120) -> Provider:
        """From now on this is what our OPTIONS find."""
        self.answer_of_it = health, words
        return self.go_on(seconds)

    def go_on(self, seconds: float) -> Provider:
        """Time passes; it is asked each 10 s, and whenever the core wants to know."""
        end = self.now + seconds
        while self.now < end:
            if int(self.now) % 60 == 0:
                self.snapshot(self.truth)
            if int(self.now) % 10 == 0 and not self.is_left_alone:
                self.probed()
            self.after(1)
            probes = [question for question in self.questions if question.asked_by is Channel.PROBES]
            self.questions = [question for question in self.questions if question not in probes]
            if probes:
                self.probed()
            self.answer_all(self.truth)
            self.deliver()
        return self

    def probed(self) -> Changes:
        """What our OPTIONS find now, while it is asked at all."""
        if TRUNK in self.plans and self.plans[TRUNK] is None:
            return Changes()
        health, words = self.answer_of_it
        return self.see(Observation(TRUNK, health, self.now, Source.ANSWER, Witness.PROBE, words, check=OPTIONS))

    def told(self) -> list[tuple[Reason, str, Health]]:
        """What anybody was told, of which check."""
        incidents = self.db.incidents
        return [(reason, incidents[number].check, incidents[number].health) for _, reason, number, _ in self.sent]


def plans_of(scene: Scene, target: Target, **values: object) -> ProbePlan | None:
    """How an endpoint with such settings is asked."""
    scene.snapshot({target: UP})
    return scene.see(trunk_settings(target, **{"ways": WAYS, **values})).probe_plans.get(target)


# ---------------------------------------------------------------- who is asked


def test_a_provider_is_asked_as_often_as_asterisk_asks_it() -> None:
    assert plans_of(Scene(ASKING), TRUNK) == ProbePlan(TRUNK, WAYS, 10.0)


def test_one_that_asterisk_does_not_ask_is_asked_each_minute() -> None:
    assert plans_of(Scene(ASKING), TRUNK, **UNCHECKED) == ProbePlan(TRUNK, WAYS, 60.0)


def test_probe_every_says_how_often() -> None:
    often = config(watches=(replace(PROVIDERS, probe=Probe.AUTO, probe_every=5.0), PHONES))

    assert plans_of(Scene(often), TRUNK) == ProbePlan(TRUNK, WAYS, 5.0)


def test_auto_leaves_alone_what_asterisk_checks_as_well_as_we_would() -> None:
    assert plans_of(Scene(ASKING), TRUNK, takes_2xx_only=True) is None


def test_auto_asks_no_phone_and_yes_does() -> None:
    of_phone = settings(phone(101), ways=WAYS)
    auto = Scene(config(watches=(PROVIDERS, replace(PHONES, probe=Probe.AUTO))))
    asked = Scene(config(watches=(PROVIDERS, replace(PHONES, probe=Probe.YES))))
    for scene in (auto, asked):
        scene.snapshot({phone(101): UP})

    assert auto.see(of_phone).probe_plans == {}
    assert asked.see(of_phone).probe_plans == {phone(101): ProbePlan(phone(101), WAYS, 60.0)}


def test_nobody_is_asked_unless_that_is_configured() -> None:
    assert plans_of(Scene(), TRUNK) is None


def test_what_was_read_without_its_ways_is_read_again() -> None:
    scene = Scene(ASKING)
    scene.snapshot({TRUNK: UP})

    scene.see(trunk_settings(TRUNK))

    assert [question.settings_of for question in scene.questions if question.settings_of] == [(TRUNK,)]


# ---------------------------------------------------------------- what is believed and told


def test_an_answer_makes_it_up_and_another_code_is_a_remark() -> None:
    scene = Provider(ASKING).settle()
    assert (scene.state(TRUNK, OPTIONS).belief, scene.state(TRUNK, OPTIONS).remark) == (UP, "")

    scene.answers(UP, "answers 404 Not Found")
    assert (scene.state(TRUNK, OPTIONS).belief, scene.state(TRUNK, OPTIONS).remark) == (UP, "answers 404 Not Found")
    assert scene.told() == []


def test_a_provider_that_answers_503_is_told_as_degraded_with_asterisks_view_beside_it() -> None:
    scene = Provider(ASKING).settle()

    scene.answers(DEGRADED, BUSY)

    assert scene.told() == [(Reason.OPENED, OPTIONS, DEGRADED)]
    [incident] = scene.open()
    assert incident.cause == f"{BUSY}; Asterisk: reachable"
    assert incident.believed_at - incident.opened_at <= 31

    scene.answers(UP, OK)
    assert scene.told()[1:] == [(Reason.RESOLVED, OPTIONS, DEGRADED)]


def test_what_asterisk_said_before_ari_refused_is_not_said_of_now() -> None:
    scene = Provider(ASKING).settle()
    scene.answer_of_it = DOWN, SILENT

    for _ in range(12):
        scene.report(Trouble.DENIED)
        scene.probed()
        scene.after(10)
    [incident] = [each for each in scene.open() if each.check == OPTIONS]
    unseen = f"{SILENT}; Asterisk: not known (the PBX cannot be seen)"
    assert (incident.health, incident.cause) == (DOWN, unseen)
    assert scene.state(TRUNK, OPTIONS).reason == unseen

    scene.go_on(70)
    assert scene.state(TRUNK, OPTIONS).reason == f"{SILENT}; Asterisk: reachable"
    [incident] = [each for each in scene.open() if each.check == OPTIONS]
    assert incident.cause == f"{SILENT}; Asterisk: reachable"

    scene.report(Trouble.DENIED)
    scene.probed()
    [incident] = [each for each in scene.open() if each.check == OPTIONS]
    assert scene.state(TRUNK, OPTIONS).reason == incident.cause == unseen


def test_started_while_ari_refuses_us_it_is_asked_by_the_last_known_ways_and_told_as_always() -> None:
    before = Provider(ASKING).settle()

    scene = Provider(ASKING, before.db, before.now + 5)
    assert scene.plans[TRUNK] == ProbePlan(TRUNK, WAYS, 10.0)
    scene.answer_of_it = DOWN, SILENT
    for _ in range(12):
        scene.report(Trouble.DENIED)
        scene.probed()
        scene.after(10)
    [incident] = [each for each in scene.open() if each.check == OPTIONS]
    assert (incident.health, incident.cause) == (DOWN, f"{SILENT}; Asterisk: not known (the PBX cannot be seen)")

    scene.answer_of_it, scene.truth = (UP, OK), {TRUNK: UP}
    scene.see(trunk_settings(TRUNK, ways=(SipWay("sip:other.example.net"),)))
    scene.go_on(70)
    assert scene.plans[TRUNK] == ProbePlan(TRUNK, (SipWay("sip:other.example.net"),), 10.0)
    assert scene.state(TRUNK, OPTIONS).belief is UP


def test_what_has_no_contact_any_more_is_not_asked_after_a_restart_either() -> None:
    before = Provider(ASKING).settle()
    before.see(trunk_settings(TRUNK, has_static_contact=False, ways=()))

    assert Provider(ASKING, before.db, before.now + 5).plans.get(TRUNK) is None


def test_one_that_has_never_answered_better_is_shown_and_not_told() -> None:
    scene = Provider(ASKING)
    scene.answer_of_it = DEGRADED, BUSY

    scene.settle()

    assert scene.state(TRUNK, OPTIONS).belief is DEGRADED
    assert scene.told() == []


def test_one_that_never_answers_raises_nothing_and_is_a_remark() -> None:
    scene = Provider(ASKING)
    scene.answer_of_it = DOWN, SILENT

    scene.settle(**UNCHECKED).go_on(600)

    state = scene.state(TRUNK, OPTIONS)
    assert (state.belief, state.pending, state.remark) == (None, None, f"{SILENT}; {NEVER_ANSWERED}")
    assert scene.open() == []


def test_one_that_asterisk_does_not_check_and_that_dies_is_down_within_its_hold() -> None:
    scene = Provider(ASKING).settle(**UNCHECKED)
    died_at = scene.now

    scene.answers(DOWN, SILENT, 60)

    [incident] = scene.open()
    assert (incident.check, incident.health) == (OPTIONS, DOWN)
    assert incident.cause == f"{SILENT}; Asterisk: not checked"
    assert incident.believed_at - died_at <= 30 + 1
    assert scene.told() == [(Reason.OPENED, OPTIONS, DOWN)]


def found(health: Health, words: str, at: float, settled_after: float) -> Observation:
    """What our OPTIONS of that moment have found, and after how long."""
    return Observation(
        TRUNK, health, at, Source.ANSWER, Witness.PROBE, words, check=OPTIONS, settled_after=settled_after
    )


def test_a_connection_that_is_closed_once_is_no_outage_however_short_the_hold() -> None:
    exact = replace(PROVIDERS, probe=Probe.AUTO, hold=Hold(2, 1, 2, down_after_exact=True))
    scene = Provider(config(watches=(exact, PHONES))).settle(**UNCHECKED)

    # Nobody waits for an answer over a connection that is closed.
    scene.see(found(DOWN, CLOSED, scene.now, 0.02))
    assert (scene.state(TRUNK, OPTIONS).belief, scene.state(TRUNK, OPTIONS).pending_hold) == (UP, 2.0)

    scene.after(1)
    scene.see(found(UP, OK, scene.now, 0.02))
    scene.after(10)
    assert scene.open() == []


@pytest.mark.parametrize(
    ("words", "settled_after", "pending_hold"), [(CLOSED, 0.02, 30.0), (SILENT, 3.99, 26.0), (SILENT, 4.7, 26.0)]
)
def test_of_the_hold_only_what_was_really_waited_is_taken(
    words: str, settled_after: float, pending_hold: float
) -> None:
    scene = Provider(ASKING).settle(**UNCHECKED)

    scene.see(found(DOWN, words, scene.now, settled_after))

    assert scene.state(TRUNK, OPTIONS).pending_hold == pending_hold


def test_that_it_has_answered_is_known_after_a_restart_of_healthmon() -> None:
    scene = Provider(ASKING).settle(**UNCHECKED)

    again = Provider(ASKING, scene.db, scene.now + 5)
    again.answer_of_it = DOWN, SILENT
    again.settle(**UNCHECKED)

    assert [(incident.check, incident.health) for incident in again.open()] == [(OPTIONS, DOWN)]


def test_rule_02c_what_asterisk_cannot_reach_either_is_told_once() -> None:
    scene = Provider(ASKING).settle()

    scene.answer_of_it = DOWN, SILENT
    scene.go_on(9)
    scene.truth[TRUNK] = DOWN
    scene.lose(TRUNK)
    scene.go_on(300)

    assert scene.told() == [(Reason.OPENED, Check.REACHABILITY, DOWN)]
    reachability, options = sorted(scene.open(), key=lambda incident: incident.check, reverse=True)
    assert (options.check, options.explained_by) == (OPTIONS, reachability.id)

    scene.answer_of_it = UP, OK
    scene.truth[TRUNK] = UP
    scene.event(TRUNK, UP)
    scene.go_on(120)
    assert scene.told()[1:] == [(Reason.RESOLVED, Check.REACHABILITY, DOWN)]
    assert scene.open() == []


def test_after_an_outage_it_is_asked_anew_also_where_it_had_asked_to_be_left_alone() -> None:
    scene = Provider(ASKING).settle()
    scene.answers(DEGRADED, BUSY, 11).is_left_alone = True
    scene.truth[TRUNK] = DOWN
    scene.lose(TRUNK)
    scene.go_on(120)
    assert scene.told() == [(Reason.OPENED, Check.REACHABILITY, DOWN)]

    scene.answer_of_it = UP, OK
    scene.truth[TRUNK] = UP
    scene.event(TRUNK, UP)
    scene.go_on(300)

    assert scene.told()[1:] == [(Reason.RESOLVED, Check.REACHABILITY, DOWN)]
    assert scene.open() == []


@pytest.mark.parametrize(
    ("health", "found"),
    [
        (UNKNOWN, "the name sip.example.net cannot be looked up: Name or service not known"),
        (DOWN, "refuses the connection (TCP sip.example.net:5060)"),
    ],
)
def test_why_nothing_can_be_sent_is_said_of_a_dead_provider_and_of_its_registration(health: Health, found: str) -> None:
    scene = Provider(replace(ASKING, pbxs=(pbx_config(ami="tcp://127.0.0.1:5038"),))).settle()
    scene.answer_of_it = (health, found)
    scene.probed()
    words = "not registered at sip.example.net: rejected, or the request could not be sent; incoming calls are affected"
    scene.see(
        Observation(TRUNK, DOWN, scene.now, Source.EVENT, Witness.MANAGER, words, check=Check.REGISTRATION),
    )
    scene.truth[TRUNK] = DOWN
    scene.lose(TRUNK)
    scene.go_on(60)

    [incident] = [incident for incident in scene.open() if incident.check == Check.REACHABILITY]
    assert incident.cause.endswith(f"; our own OPTIONS: {found}")
    remark = scene.state(TRUNK, Check.REGISTRATION).remark
    assert remark == f"not registered at sip.example.net: {found}; incoming calls are affected"


def test_where_it_answers_us_though_asterisk_cannot_reach_it_the_incident_says_so() -> None:
    scene = Provider(ASKING).settle()

    scene.truth[TRUNK] = DOWN
    scene.lose(TRUNK)
    scene.go_on(60)

    [incident] = scene.open()
    assert incident.check == Check.REACHABILITY
    assert incident.cause.endswith(f"; our own OPTIONS: {OK}")


def late(seconds: float, at: float) -> Observation:
    """It answers us after so many seconds."""
    return Observation(TRUNK, UP, at, Source.ANSWER, Witness.PROBE, OK, check=OPTIONS, answered_after=seconds)


def test_what_answers_later_than_asterisk_waits_is_said_to_do_so() -> None:
    scene = Scene(ASKING)
    scene.see(trunk_settings(TRUNK, ways=WAYS, qualify_timeout=1.0))
    scene.snapshot({TRUNK: DOWN})
    scene.see(late(1.62, scene.now))
    scene.after(30)
    scene.answer(TRUNK, DOWN)

    [incident] = scene.open()
    assert incident.cause.endswith(
        "; our own OPTIONS: answers 200 OK after 1.6 s, later than Asterisk waits (qualify_timeout = 1)"
    )


def test_what_answers_in_time_is_not_said_to_be_late() -> None:
    scene = Scene(ASKING)
    scene.see(trunk_settings(TRUNK, ways=WAYS, qualify_timeout=3.0))
    scene.snapshot({TRUNK: DOWN})
    scene.see(late(1.62, scene.now))
    scene.after(30)
    scene.answer(TRUNK, DOWN)

    [incident] = scene.open()
    assert incident.cause.endswith(f"; our own OPTIONS: {OK}")


def test_an_unqualified_provider_that_answers_us_503_and_then_nothing_gets_worse() -> None:
    scene = Provider(ASKING).settle(**UNCHECKED)

    scene.answers(DEGRADED, BUSY, 60)
    scene.answers(DOWN, SILENT, 60)

    [incident] = scene.open()
    assert (incident.check, incident.health) == (OPTIONS, DOWN)


def test_one_that_dies_before_its_first_answer_was_believed_is_down_all_the_same() -> None:
    scene = Provider(ASKING)
    scene.answer_of_it = DEGRADED, BUSY
    scene.see(trunk_settings(TRUNK, **UNCHECKED))
    scene.truth = {TRUNK: UP}
    scene.snapshot(scene.truth)
    scene.go_on(15)

    scene.answers(DOWN, SILENT, 60)

    state = scene.state(TRUNK, OPTIONS)
    assert (state.belief, state.pending) == (DOWN, None)
    assert [question for question in scene.questions if question.asked_by is Channel.PROBES] == []


# ---------------------------------------------------------------- asked no longer


def test_switched_off_the_check_ends_and_its_incident_without_an_up() -> None:
    scene = Provider(ASKING).settle(**UNCHECKED)
    scene.answers(DOWN, SILENT, 60)

    changes = scene.reconfigure(config())

    assert changes.probe_plans == {TRUNK: None}
    assert (TRUNK, OPTIONS) not in scene.db.states
    assert (TRUNK, Check.REACHABILITY) in scene.db.states
    assert [incident.ending for incident in scene.db.incidents.values()] == [Ending.NOT_ASKED]
    scene.go_on(60)
    assert [reason for reason, _, _ in scene.told()] == [Reason.OPENED]


@pytest.mark.parametrize("is_known_to_be_probed", [True, False])
def test_after_a_restart_without_probes_the_check_is_gone(is_known_to_be_probed: bool) -> None:
    scene = Provider(ASKING).settle()
    conf = ASKING if is_known_to_be_probed else config()

    again = Provider(conf, scene.db, scene.now + 5)

    assert ((TRUNK, OPTIONS) in again.db.states) is is_known_to_be_probed


def test_a_provider_that_is_removed_is_asked_no_longer() -> None:
    scene = Provider(ASKING).settle()

    assert scene.removed(TRUNK).probe_plans == {TRUNK: None}


def test_what_is_about_to_be_well_when_asterisk_reaches_it_again_is_not_told_however_long_its_hold_is() -> None:
    scene = Provider(ASKING).settle()
    for _ in range(2):
        scene.truth = {TRUNK: DOWN}
        scene.lose(TRUNK)
        scene.answers(DOWN, SILENT, 90)
        scene.truth = {TRUNK: UP}
        scene.event(TRUNK, UP)
        scene.go_on(9)
        scene.answers(UP, OK, 60)

    assert {check for _reason, check, _health in scene.told()} == {Check.REACHABILITY}


@pytest.mark.parametrize(("found_by_asterisk", "is_told_to_flap"), [(2, False), (0, True)])
def test_what_changes_with_its_reachability_does_not_make_it_flap(
    *, found_by_asterisk: int, is_told_to_flap: bool
) -> None:
    scene = Provider(ASKING).settle()
    for outage in range(4):
        if outage < found_by_asterisk:
            scene.truth = {TRUNK: DOWN}
            scene.lose(TRUNK)
        scene.answers(DOWN, SILENT, 20)
        if outage < found_by_asterisk:
            scene.truth = {TRUNK: UP}
            scene.event(TRUNK, UP)
        scene.answers(UP, OK, 20)

    assert ((Reason.FLAPPING, OPTIONS, DEGRADED) in scene.told()) is is_told_to_flap
    assert len(scene.told()) == is_told_to_flap


# ---------------------------------------------------------------- Asterisk checks as well, and does not say why

ONLY_2XX = "answers OPTIONS with no 2xx, or not at all"


def dead_to_asterisk(answer: tuple[Health, str], seconds: float) -> Provider:
    """A provider of which Asterisk takes only 2xx, and gets none; we get this answer."""
    scene = Provider(ASKING).settle(takes_2xx_only=True)
    scene.answer_of_it = answer
    scene.truth[TRUNK] = DOWN
    scene.lose(TRUNK)
    return scene.go_on(seconds)


@pytest.mark.parametrize(
    ("answer", "said"),
    [((DEGRADED, BUSY), BUSY), ((DOWN, SILENT), "no answer"), ((UP, OK), OK)],
)
def test_while_it_is_offline_it_is_asked_and_the_answer_is_the_reason(answer: tuple[Health, str], said: str) -> None:
    scene = dead_to_asterisk(answer, 120)

    assert scene.plans[TRUNK] == ProbePlan(TRUNK, WAYS, 10.0)
    assert scene.told() == [(Reason.OPENED, Check.REACHABILITY, DOWN)]
    [incident] = scene.open()
    assert incident.cause.startswith(ONLY_2XX)
    assert incident.cause.endswith(f"; our own OPTIONS: {said}")
    assert scene.state(TRUNK).reason == incident.cause
    assert (TRUNK, OPTIONS) not in scene.db.states


def test_where_nobody_of_us_can_ask_it_the_reason_is_asterisks_alone() -> None:
    scene = dead_to_asterisk((Health.UNKNOWN, "cannot be asked from here"), 120)

    assert scene.state(TRUNK).reason.startswith(ONLY_2XX)
    assert "our own OPTIONS" not in scene.state(TRUNK).reason


def test_once_it_is_back_it_is_asked_no_longer() -> None:
    scene = dead_to_asterisk((DEGRADED, BUSY), 120)

    scene.answer_of_it = UP, OK
    scene.truth[TRUNK] = UP
    scene.contact(TRUNK, ContactStatus.REACHABLE)
    scene.event(TRUNK, UP)
    scene.go_on(120)

    assert scene.plans[TRUNK] is None
    assert scene.open() == []
    assert BUSY not in scene.state(TRUNK).reason


def test_what_it_answers_later_is_what_status_says() -> None:
    scene = dead_to_asterisk((DOWN, SILENT), 120)

    scene.answers(DEGRADED, BUSY, 30)
    assert scene.state(TRUNK).reason.endswith(f"; our own OPTIONS: {BUSY}")
    scene.answers(DOWN, SILENT, 30)

    assert scene.state(TRUNK).reason.endswith("; our own OPTIONS: no answer")
    assert len(scene.told()) == 1


def test_after_a_restart_of_healthmon_it_is_asked_as_soon_as_its_settings_are_read() -> None:
    before = dead_to_asterisk((DEGRADED, BUSY), 120)

    again = Provider(ASKING, before.db, before.now + 5)
    again.answer_of_it, again.truth = (DOWN, SILENT), {TRUNK: DOWN}
    again.snapshot(again.truth)
    again.see(trunk_settings(TRUNK, **CHECKED_WELL))
    again.go_on(30)

    assert again.plans[TRUNK] == ProbePlan(TRUNK, WAYS, 10.0)
    assert again.state(TRUNK).reason.endswith("; our own OPTIONS: no answer")
    assert len(again.told()) == 0


def test_a_reload_ends_and_begins_that_while_it_is_offline() -> None:
    scene = dead_to_asterisk((DEGRADED, BUSY), 120)

    assert scene.reconfigure(config(watches=(PROVIDERS, PHONES))).probe_plans == {TRUNK: None}
    assert scene.reconfigure(ASKING).probe_plans == {TRUNK: ProbePlan(TRUNK, WAYS, 10.0)}
    assert len(scene.told()) == 1


def test_what_asterisk_checks_less_well_from_now_on_has_a_check_of_its_own() -> None:
    scene = dead_to_asterisk((DEGRADED, BUSY), 120)

    scene.see(trunk_settings(TRUNK, ways=WAYS))
    scene.go_on(120)

    assert (TRUNK, OPTIONS) in scene.db.states


def test_nobody_asks_it_where_probe_is_no() -> None:
    scene = Provider(config(watches=(PROVIDERS, PHONES))).settle(takes_2xx_only=True)
    scene.truth[TRUNK] = DOWN
    scene.lose(TRUNK)

    assert TRUNK not in scene.go_on(120).plans
    assert scene.belief(TRUNK) is DOWN


# ---------------------------------------------------------------- Asterisk checks it as well from now on

CHECKED_WELL = {"takes_2xx_only": True, "ways": WAYS}


@pytest.mark.parametrize("is_offline_until_checked", [True, False])
def test_what_is_dead_stays_told_until_asterisk_has_found_that_too(*, is_offline_until_checked: bool) -> None:
    scene = Provider(ASKING).settle(**UNCHECKED)
    scene.answers(DOWN, SILENT, 90)
    [options] = scene.open()

    scene.see(trunk_settings(TRUNK, **CHECKED_WELL))
    state = scene.state(TRUNK)
    assert (state.unknown_because, state.belief) == (UNCHECKED_YET, None)
    scene.go_on(8)
    scene.truth[TRUNK] = DOWN
    if is_offline_until_checked:
        scene.event(TRUNK, DOWN)
        scene.go_on(8)
    scene.lose(TRUNK)
    scene.go_on(120)

    assert scene.told() == [(Reason.OPENED, Check.REACHABILITY, DOWN)], "who was told of it knows it"
    [reachability] = [incident for incident in scene.open() if incident.check == Check.REACHABILITY]
    assert (reachability.id, reachability.opened_at) == (options.id, options.opened_at)

    scene.answer_of_it = UP, OK
    scene.truth[TRUNK] = UP
    scene.contact(TRUNK, ContactStatus.REACHABLE)
    scene.event(TRUNK, UP)
    scene.go_on(120)
    [end] = scene.booked(Reason.RESOLVED)
    assert end.incident_id == options.id
    assert scene.open() == []
    assert (TRUNK, OPTIONS) not in scene.db.states
    assert scene.plans[TRUNK] is None


def test_what_is_well_again_before_asterisk_has_checked_it_is_told_as_well_and_asked_no_longer() -> None:
    scene = Provider(ASKING).settle(**UNCHECKED)
    scene.answers(DOWN, SILENT, 90)

    scene.see(trunk_settings(TRUNK, **CHECKED_WELL))
    scene.answers(UP, OK, 60)

    assert scene.told() == [(Reason.OPENED, OPTIONS, DOWN), (Reason.RESOLVED, OPTIONS, DOWN)]
    assert (scene.belief(TRUNK), scene.plans[TRUNK]) == (UP, None)
    assert (TRUNK, OPTIONS) not in scene.db.states


@pytest.mark.parametrize(("health", "words"), [(DOWN, SILENT), (DEGRADED, BUSY)])
def test_where_asterisk_reaches_it_and_we_do_not_asterisk_is_believed_once_it_has_checked(
    health: Health, words: str
) -> None:
    scene = Provider(ASKING).settle(**UNCHECKED)
    scene.answers(health, words, 90)

    scene.see(trunk_settings(TRUNK, **CHECKED_WELL))
    scene.go_on(10)
    assert [incident.health for incident in scene.open()] == [health]
    scene.go_on(60)

    [incident] = scene.db.incidents.values()
    assert (incident.ending, incident.closed_words) == (Ending.RECOVERED, ASTERISK_REACHES_IT)
    assert scene.told() == [(Reason.OPENED, OPTIONS, health), (Reason.RESOLVED, OPTIONS, health)]
    assert scene.plans[TRUNK] is None


def test_a_provider_that_answers_503_and_is_checked_with_2xx_only_from_now_on_is_told_once_more() -> None:
    scene = Provider(ASKING).settle()
    scene.answers(DEGRADED, BUSY, 90)

    scene.see(trunk_settings(TRUNK, **CHECKED_WELL))
    scene.go_on(8)
    scene.truth[TRUNK] = DOWN
    scene.lose(TRUNK)
    scene.go_on(600)

    assert scene.told() == [(Reason.OPENED, OPTIONS, DEGRADED), (Reason.OPENED, Check.REACHABILITY, DOWN)]
    [reachability] = [incident for incident in scene.open() if incident.check == Check.REACHABILITY]
    assert reachability.cause.startswith("answers OPTIONS with no 2xx, or not at all")
    assert reachability.cause.endswith(f"; our own OPTIONS: {BUSY}")


def test_a_restart_of_healthmon_meanwhile_loses_nothing_of_it() -> None:
    scene = Provider(ASKING).settle(**UNCHECKED)
    scene.answers(DOWN, SILENT, 90)
    scene.see(trunk_settings(TRUNK, **CHECKED_WELL))

    again = Provider(ASKING, scene.db, scene.now + 5)
    again.answer_of_it = DOWN, SILENT
    again.see(trunk_settings(TRUNK, **CHECKED_WELL))
    again.truth = {TRUNK: DOWN}
    again.go_on(120)

    assert again.told() == [], "it was told before"
    assert {incident.check for incident in again.open()} == {OPTIONS, Check.REACHABILITY}


def test_qualify_that_is_switched_on_is_no_longer_called_switched_off() -> None:
    scene = Provider(ASKING).settle(**UNCHECKED)
    assert scene.state(TRUNK).unknown_because == NOT_QUALIFIED

    scene.answers(DOWN, SILENT, 60)
    scene.see(trunk_settings(TRUNK, **CHECKED_WELL))
    assert (scene.state(TRUNK).unknown_because, scene.state(TRUNK).reason) == (UNCHECKED_YET, "")

    # Asterisk has had the time for its first check.
    scene.go_on(30)
    assert (scene.belief(TRUNK), scene.state(TRUNK).unknown_because) == (UP, "")


def test_what_asterisk_calls_offline_until_its_first_check_stays_told_and_is_well_after_it() -> None:
    scene = Provider(ASKING).settle(**UNCHECKED)
    scene.answers(DOWN, SILENT, 90)
    scene.event(TRUNK, DOWN)
    scene.see(trunk_settings(TRUNK, **CHECKED_WELL))
    assert scene.state(TRUNK).unknown_because == RECONFIGURED

    scene.truth[TRUNK] = DOWN
    scene.answer_of_it = UP, OK
    scene.go_on(8)
    scene.truth[TRUNK] = UP
    scene.contact(TRUNK, ContactStatus.REACHABLE)
    scene.event(TRUNK, UP)
    scene.go_on(60)

    assert scene.told() == [(Reason.OPENED, OPTIONS, DOWN), (Reason.RESOLVED, OPTIONS, DOWN)]
    assert (scene.belief(TRUNK), scene.plans[TRUNK]) == (UP, None)


def test_a_first_check_that_is_told_is_believed_at_once() -> None:
    scene = Provider(ASKING).settle(**UNCHECKED)
    scene.answers(DOWN, SILENT, 60)
    scene.see(trunk_settings(TRUNK, **CHECKED_WELL))

    scene.contact(TRUNK, ContactStatus.REACHABLE)

    assert (scene.belief(TRUNK), scene.state(TRUNK).unknown_because) == (UP, "")


def test_an_answer_that_comes_after_the_last_question_begins_no_check_anew() -> None:
    scene = Provider(ASKING).settle(**UNCHECKED)
    scene.see(trunk_settings(TRUNK, **CHECKED_WELL))
    assert (TRUNK, OPTIONS) not in scene.db.states

    scene.see(Observation(TRUNK, DOWN, scene.now, Source.ANSWER, Witness.PROBE, SILENT, check=OPTIONS))

    assert (TRUNK, OPTIONS) not in scene.db.states
