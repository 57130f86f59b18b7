"""The numbered rules of the core, each with the accident that it prevents (docs/architecture.md)."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from msgspec.structs import replace

from healthmon.config.sections.shared import Hold
from healthmon.core.belief.evidence import effective_hold
from healthmon.core.belief.machine import Machine
from healthmon.errors import Trouble
from healthmon.model import (
    Channel,
    Check,
    ContactStatus,
    Ending,
    Kind,
    Observation,
    Reason,
    Source,
    Target,
    Witness,
)
from tests.core.scene import (
    DEGRADED,
    DOWN,
    PHONES,
    PROVIDERS,
    START,
    UNKNOWN,
    UP,
    Scene,
    all_up,
    config,
    phone,
    settings,
    trunk,
    trunk_settings,
)

TRUNK = trunk()


@pytest.fixture
def scene() -> Scene:
    """A trunk and a phone that are up, both qualified."""
    scene = Scene()
    scene.snapshot({TRUNK: UP, phone(): UP})
    scene.see(trunk_settings(TRUNK), settings(phone()))
    return scene


def bring_down(scene: Scene, target: Target = TRUNK) -> None:
    """Lose a target and let it be believed."""
    scene.lose(target)
    scene.after(scene.state(target).down_after + 1)
    scene.answer_all({target: DOWN, TRUNK: DOWN, phone(): UP} | {target: DOWN})


# ---------------------------------------------------------------- 1


def test_rule_01_an_event_that_came_in_after_the_request_is_newer_than_the_snapshot(scene: Scene) -> None:
    scene.after(10)
    asked_at = scene.now
    scene.after(0.5)
    scene.lose(TRUNK)

    scene.snapshot({TRUNK: UP, phone(): UP}, asked_at=asked_at)

    assert scene.state(TRUNK).pending is DOWN


def test_rule_01_an_older_observation_than_the_newest_is_ignored(scene: Scene) -> None:
    scene.after(10)

    scene.event(TRUNK, DOWN, at=START - 1)

    assert scene.state(TRUNK).pending is None


# ---------------------------------------------------------------- 2


def test_rule_02_a_contact_that_is_lost_is_not_the_endpoint(scene: Scene) -> None:
    scene.contact(phone(), ContactStatus.REACHABLE, "sip:a")
    scene.contact(phone(), ContactStatus.REACHABLE, "sip:b")

    scene.contact(phone(), ContactStatus.UNREACHABLE, "sip:b")

    contacts = scene.state(phone(), Check.CONTACTS)
    assert (contacts.pending, contacts.remark) == (DEGRADED, "1 of 2 contacts unreachable")
    assert (scene.belief(phone()), scene.state(phone()).pending) == (UP, None)


def test_rule_02_in_use_explains_an_offline_for_one_cycle_at_most() -> None:
    # A call keeps the device in use for as long as it hangs.
    exactly = replace(PHONES, hold=Hold(10, 5, 10, down_after_exact=True))
    scene = Scene(config(watches=(PROVIDERS, exactly)))
    scene.snapshot({phone(): UP})
    scene.see(settings(phone(), qualify_frequency=60.0, qualify_timeout=3.0))
    scene.event(phone(), DOWN)
    scene.after(11)
    scene.answer(phone(), DOWN, device=UP)
    assert (scene.belief(phone()), scene.state(phone()).pending) == (UP, DOWN)

    scene.after(55)
    scene.answer(phone(), DOWN, device=UP)

    assert scene.belief(phone()) is DOWN


def test_rule_02_who_is_no_witness_of_a_check_is_not_heard() -> None:
    scene = Scene()
    scene.snapshot({trunk("a"): UP})

    scene.see(Observation(trunk("a"), DOWN, scene.now, Source.ANSWER, Witness.PROBE, "no answer to our OPTIONS"))
    scene.see(Observation(trunk("b"), UP, scene.now, Source.EVENT, Witness.MANAGER, "registered"))

    assert scene.state(trunk("a")).pending is None
    assert scene.monitor.known.endpoint(trunk("b")) is None


def test_rule_02_in_use_never_outweighs_contacts_that_are_all_unreachable() -> None:
    exactly = replace(PROVIDERS, hold=Hold(10, 5, 10, down_after_exact=True))
    scene = Scene(config(watches=(exactly, PHONES)))
    scene.snapshot({TRUNK: UP})
    scene.see(trunk_settings(TRUNK, qualify_frequency=60.0))
    scene.contact(TRUNK, ContactStatus.UNREACHABLE)
    scene.event(TRUNK, DOWN)
    scene.after(11)

    scene.answer(TRUNK, DOWN, device=UP)

    assert scene.belief(TRUNK) is DOWN


def test_rule_02_a_phone_whose_registration_expired_in_a_call_that_hangs_is_down() -> None:
    scene = Scene(config(watches=(PROVIDERS, replace(PHONES, hold=Hold(10, 5, 10)))))
    scene.snapshot({phone(): UP})
    scene.see(settings(phone(), qualify_frequency=0.0))

    scene.contact(phone(), ContactStatus.REMOVED)
    scene.event(phone(), DOWN)
    scene.after(66)
    scene.answer(phone(), DOWN, device=UP)

    assert scene.belief(phone()) is DOWN


def test_rule_02_invalid_is_a_hint_and_the_configuration_is_asked(scene: Scene) -> None:
    scene.invalid(phone())

    assert scene.questions[-1].targets == (phone(),)
    assert scene.belief(phone()) is UP


def test_rule_02_invalid_and_not_configured_means_removed_not_down(scene: Scene) -> None:
    scene.invalid(phone())
    scene.removed(phone())

    assert (phone(), Check.REACHABILITY) not in scene.db.states
    assert scene.transitions(phone()) == [UP, None]
    assert scene.open(phone()) == []


# ---------------------------------------------------------------- 3


def test_rule_03_missing_from_a_snapshot_is_unknown_not_down(scene: Scene) -> None:
    scene.after(60)

    scene.snapshot({TRUNK: UP})

    assert scene.state(phone()).unknown_because == "not listed"
    assert scene.belief(phone()) is UP
    assert scene.state(phone()).pending is None


def test_rule_03_offline_is_not_believed_before_the_device_state_was_asked(scene: Scene) -> None:
    # The snapshots say offline; no device state was ever heard.
    scene.after(10)
    scene.snapshot({TRUNK: DOWN, phone(): UP})
    scene.after(60)
    scene.snapshot({TRUNK: DOWN, phone(): UP})
    assert scene.belief(TRUNK) is UP
    assert TRUNK in scene.questions[-1].targets

    scene.answer(TRUNK, DOWN)

    assert scene.belief(TRUNK) is DOWN


def test_rule_03_more_than_a_fifth_vanished_at_once_is_an_incident_of_the_pbx(scene: Scene) -> None:
    phones = [phone(number) for number in range(100, 110)]
    scene.after(60)
    scene.snapshot(all_up([TRUNK, *phones]))
    scene.after(60)

    scene.snapshot(all_up([TRUNK, *phones[:5]]))
    scene.after(11)
    scene.answer_all(all_up([TRUNK, *phones[:5]]))

    (incident,) = scene.open()
    assert (incident.target, incident.check) == (Target("office"), Check.INVENTORY)
    assert incident.cause.startswith("Asterisk lists 6 of 11 endpoints; missing: PJSIP/105, PJSIP/106")
    assert "tells oncall/boss" in scene.log[-1]


def test_rule_03_a_provider_that_was_up_and_vanished_is_an_incident_until_it_is_back(scene: Scene) -> None:
    scene.after(60)
    scene.snapshot({phone(): UP})
    scene.after(11)
    scene.answer_all({phone(): UP})
    assert [one.check for one in scene.open()] == [Check.INVENTORY]

    scene.after(60)
    scene.snapshot({TRUNK: UP, phone(): UP})

    assert scene.open() == []
    assert scene.db.incidents[1].ending is Ending.RECOVERED


def test_rule_03_a_reload_in_the_middle_of_a_snapshot_alarms_nobody(scene: Scene) -> None:
    scene.after(60)
    scene.snapshot({phone(): UP})

    scene.after(11)
    scene.answer_all({TRUNK: UP, phone(): UP})

    assert scene.db.incidents == {}
    assert scene.state(TRUNK).unknown_because == ""


def test_rule_03_what_vanished_a_day_ago_is_taken_as_the_new_configuration(scene: Scene) -> None:
    scene.after(60)
    scene.removed(TRUNK)
    scene.answer_all({TRUNK: DOWN, phone(): UP})
    scene.live(86400 + 200, {TRUNK: DOWN, phone(): UP}, step=60)

    assert scene.db.incidents[1].ending is Ending.ACCEPTED
    assert scene.booked(Reason.RESOLVED) == []


# ---------------------------------------------------------------- 4


def test_rule_04_a_veil_hides_the_belief_and_does_not_erase_it(scene: Scene) -> None:
    bring_down(scene)
    since = scene.state(TRUNK).since

    scene.report(Trouble.REFUSED)

    assert scene.db.pbx_states["office"].blind_why == "refused"
    assert (scene.belief(TRUNK), scene.state(TRUNK).since) == (DOWN, since)
    assert len(scene.open(TRUNK)) == 1


def test_rule_04_clocks_stand_still_under_a_veil(scene: Scene) -> None:
    # 20 s of its 30 s have run when the PBX cannot be seen for ten minutes.
    scene.lose(TRUNK)
    scene.after(20)
    scene.report(Trouble.REFUSED, alive_at=scene.now)
    scene.after(600)
    scene.snapshot({TRUNK: DOWN, phone(): UP})
    scene.after(9)
    assert scene.belief(TRUNK) is UP

    scene.after(2)
    scene.answer_all({TRUNK: DOWN})

    assert scene.belief(TRUNK) is DOWN


def test_rule_04_history_books_the_veiled_time_as_unknown(scene: Scene) -> None:
    scene.after(60)
    scene.snapshot({TRUNK: UP})
    scene.after(60)
    scene.snapshot({TRUNK: UP, phone(): UP})

    (period,) = [period for period in scene.db.unknown_periods.values() if period.target == phone()]
    assert (period.since, period.until, period.why) == (START + 60, START + 120, "not listed")


# ---------------------------------------------------------------- 5


def test_rule_05_blindness_begins_at_the_first_failed_look_counted_from_the_last_proof_of_life(scene: Scene) -> None:
    scene.after(30)

    scene.report(Trouble.TIMED_OUT, alive_at=START + 22)

    assert scene.db.pbx_states["office"].blind_since == START + 22
    assert scene.db.unknown_periods[Target("office"), Check.REACHABILITY, START + 22].until is None
    # The PBX itself is not believed down yet.
    assert scene.state(Target("office"), Check.CONNECTION).belief is UP


def test_rule_05_a_pbx_that_gives_no_answer_is_down_since_it_was_asked_and_its_hold_time_counts_from_there(
    scene: Scene,
) -> None:
    connection = (Target("office"), Check.CONNECTION)
    scene.after(30)
    scene.report(Trouble.TIMED_OUT, asked_at=START + 25)
    scene.after(6)
    scene.report(Trouble.TIMED_OUT, asked_at=START + 31)
    assert scene.state(*connection).belief is UP

    scene.after(4)
    scene.report(Trouble.TIMED_OUT, asked_at=START + 35)

    assert (scene.state(*connection).belief, scene.state(*connection).since) == (DOWN, START + 25)


def test_rule_05_a_snapshot_asked_for_before_we_noticed_does_not_end_it(scene: Scene) -> None:
    scene.after(30)
    asked_at = scene.now - 1
    scene.report(Trouble.TIMED_OUT)

    scene.snapshot({TRUNK: DOWN, phone(): UP}, asked_at=asked_at)

    assert scene.db.pbx_states["office"].blind_why == "timed out"
    assert scene.state(TRUNK).pending is None


def test_rule_05_what_comes_in_while_blind_is_held_until_the_snapshot(scene: Scene) -> None:
    scene.after(30)
    scene.report(Trouble.CLOSED)
    scene.after(5)
    scene.event(TRUNK, DOWN)
    assert scene.state(TRUNK).pending is None

    scene.snapshot({TRUNK: UP, phone(): UP}, asked_at=scene.now - 1)

    assert scene.state(TRUNK).pending is DOWN


def test_rule_05_after_our_own_start_everything_is_veiled_until_the_first_snapshot(scene: Scene) -> None:
    scene.after(30)
    scene.db.alive_at = scene.now

    again = scene.restart(gap=100)
    assert scene.db.pbx_states["office"].blind_why == "healthmon has just started"
    again.snapshot({TRUNK: UP, phone(): UP})

    periods = [period for period in scene.db.unknown_periods.values() if period.since == START + 30]
    (gap,) = [period for period in periods if period.check == Check.REACHABILITY]
    assert (gap.target, gap.until) == (Target("office"), START + 130)
    assert scene.db.pbx_states["office"].blind_why == ""


def test_rule_05_the_first_look_says_how_long_nothing_was_seen(scene: Scene) -> None:
    again = scene.restart(gap=600)
    assert again.log == []

    again.after(2)
    again.snapshot({TRUNK: UP, phone(): UP})

    assert again.log == ["pbx office: first look; nothing was seen for 602 s"]


# ---------------------------------------------------------------- 6


def test_rule_06_first_observation_after_a_veil_equal_to_the_belief_tells_nothing(scene: Scene) -> None:
    scene.after(30)
    scene.report(Trouble.REFUSED)
    scene.after(100)
    scene.snapshot({TRUNK: UP, phone(): UP})

    assert scene.state(TRUNK).pending is None
    assert len(scene.transitions(TRUNK)) == 1


def test_rule_06_first_observation_after_a_veil_equal_to_the_pending_one_lets_its_clock_go_on(scene: Scene) -> None:
    # A link that blips every 20 s, of which each time 10 s are seen, does not hide a dead trunk for ever.
    scene.lose(TRUNK)
    for _ in range(4):
        scene.after(10)
        scene.report(Trouble.CLOSED, alive_at=scene.now)
        scene.after(10)
        scene.snapshot({TRUNK: DOWN, phone(): UP})
        scene.answer_all({TRUNK: DOWN, phone(): UP})

    assert scene.belief(TRUNK) is DOWN
    assert scene.state(TRUNK).since == START


def test_rule_06_first_observation_after_a_veil_that_differs_becomes_pending_anew(scene: Scene) -> None:
    scene.after(30)
    scene.report(Trouble.REFUSED)
    scene.after(100)
    scene.snapshot({TRUNK: DOWN, phone(): UP})

    assert (scene.state(TRUNK).pending, scene.state(TRUNK).pending_since) == (DOWN, START + 130)


# ---------------------------------------------------------------- 7


def test_rule_07_nothing_is_believed_without_being_asked_for_at_or_after_the_deadline(scene: Scene) -> None:
    scene.lose(TRUNK)
    scene.after(29)
    scene.answer(TRUNK, DOWN)
    scene.after(60)
    scene.event(TRUNK, DOWN)
    assert scene.belief(TRUNK) is UP

    scene.answer(TRUNK, DOWN)

    assert scene.belief(TRUNK) is DOWN


def test_rule_07_one_lost_up_event_makes_no_false_alarm(scene: Scene) -> None:
    scene.lose(TRUNK)
    scene.after(31)
    assert scene.questions[-1].targets == (TRUNK,)

    scene.answer_all({TRUNK: UP})

    assert (scene.belief(TRUNK), scene.state(TRUNK).pending) == (UP, None)
    assert scene.db.incidents == {}


def test_rule_07_without_an_answer_the_question_is_asked_again(scene: Scene) -> None:
    scene.lose(TRUNK)
    scene.after(31)
    scene.questions.clear()

    scene.after(10)

    assert [question.targets for question in scene.questions] == [(TRUNK,)]


def test_rule_07_more_than_twenty_are_asked_for_by_one_snapshot(scene: Scene) -> None:
    phones = [phone(number) for number in range(200, 230)]
    scene.after(5)
    scene.snapshot(all_up([TRUNK, phone(), *phones]))
    for target in phones:
        scene.lose(target)
    scene.questions.clear()

    scene.after(181)

    assert [(question.wants_snapshot, question.targets) for question in scene.questions] == [(True, ())]
    scene.answer_all({TRUNK: UP, phone(): UP} | dict.fromkeys(phones, DOWN))
    assert all(scene.belief(target) is DOWN for target in phones)


def test_rule_07_of_many_those_without_a_device_state_are_asked_for_one_by_one_too(scene: Scene) -> None:
    phones = [phone(number) for number in range(200, 230)]
    scene.after(5)
    scene.snapshot(all_up([TRUNK, phone(), *phones]))
    scene.event(phones[0], DOWN)
    for target in phones[1:]:
        scene.lose(target)
    scene.questions.clear()

    scene.after(181)

    assert [(question.wants_snapshot, question.targets) for question in scene.questions] == [(True, (phones[0],))]


# ---------------------------------------------------------------- 8


def test_rule_08_degraded_and_down_in_turns_is_at_last_degraded() -> None:
    machine = Machine(Target("office"), Check.CONNECTION, Kind.PBX, Hold(30, 10, 60), watch="", watched_since=0)
    machine.see(UP, 0, 0, "", confirms=True)

    for at in range(20, 120, 20):
        machine.see(DOWN if at % 40 else DEGRADED, at, at, "", confirms=True)

    assert machine.belief is DEGRADED
    assert machine.since == 20


def test_rule_08_degraded_lasts_its_own_time_though_down_would_be_believed_sooner() -> None:
    machine = Machine(Target("office"), Check.CONNECTION, Kind.PBX, Hold(15, 10, 60), watch="", watched_since=0)
    machine.see(UP, 0, 0, "", confirms=True)
    machine.see(DEGRADED, 10, 10, "no events", confirms=True)

    machine.see(DEGRADED, 69, 69, "no events", confirms=True)
    assert machine.belief is UP
    machine.see(DEGRADED, 70, 70, "no events", confirms=True)

    assert machine.belief is DEGRADED


def test_rule_08_a_milder_observation_resets_only_the_down_clock() -> None:
    machine = Machine(Target("office"), Check.CONNECTION, Kind.PBX, Hold(30, 10, 60), watch="", watched_since=0)
    machine.see(UP, 0, 0, "", confirms=True)
    machine.see(DOWN, 10, 10, "", confirms=True)

    machine.see(DEGRADED, 20, 20, "", confirms=True)

    assert (machine.not_up_since, machine.down_since) == (10, None)


def test_rule_08_down_is_believed_by_the_down_clock_and_dated_from_it() -> None:
    machine = Machine(Target("office"), Check.CONNECTION, Kind.PBX, Hold(30, 10, 600), watch="", watched_since=0)
    machine.see(UP, 0, 0, "", confirms=True)
    machine.see(DEGRADED, 5, 5, "", confirms=True)
    machine.see(DOWN, 15, 15, "", confirms=True)

    transition = machine.see(DOWN, 45, 46, "refused", confirms=True)

    assert transition is not None
    assert (transition.after, transition.at, transition.believed_at) == (DOWN, 15, 46)


def test_rule_08_a_fall_that_passes_through_degraded_is_one_fall() -> None:
    # A PBX that dies: its event stream breaks off, and a moment later nothing answers any more.
    machine = Machine(Target("office"), Check.CONNECTION, Kind.PBX, Hold(15, 10, 60), watch="", watched_since=0)
    machine.see(UP, 0, 0, "", confirms=True)
    machine.see(DEGRADED, 10, 10, "no events", confirms=True)
    machine.see(DOWN, 10.03, 10.03, "refused", confirms=True)

    transition = machine.see(DOWN, 25.01, 25.01, "refused", confirms=True)

    assert transition is not None
    assert transition.after is DOWN


def test_rule_08_better_and_still_better_in_turns_does_not_stay_down_for_ever() -> None:
    machine = Machine(Target("office"), Check.CONNECTION, Kind.PBX, Hold(0, 10, 60), watch="", watched_since=0)
    machine.see(DOWN, 0, 0, "", confirms=True)
    for at in range(4, 24, 4):
        machine.see(UP if at % 8 else DEGRADED, at, at, "", confirms=True)

    assert machine.belief is not DOWN


# ---------------------------------------------------------------- 9


@pytest.mark.parametrize(
    ("hold", "frequency", "expected"),
    [
        (Hold(30, 10, 30), 60.0, 65.0),
        (Hold(180, 10, 180), 60.0, 180.0),
        (Hold(30, 10, 30, down_after_exact=True), 60.0, 30.0),
        (Hold(30, 10, 30), 0.0, 30.0),
    ],
)
def test_rule_09_two_missed_options_in_a_row_are_needed(hold: Hold, frequency: float, expected: float) -> None:
    asked = settings(TRUNK, qualify_frequency=frequency)

    effective = effective_hold(hold, asked)
    assert (effective.down_after, effective.degraded_after) == (expected, expected)


def test_rule_09_the_effective_value_is_shown(scene: Scene) -> None:
    scene.see(trunk_settings(TRUNK, qualify_frequency=60.0))

    assert scene.state(TRUNK).down_after == 65.0


def test_rule_09_unknown_settings_change_nothing() -> None:
    unknown = settings(TRUNK, known=False)

    assert effective_hold(PROVIDERS.hold, unknown) == effective_hold(PROVIDERS.hold, None) == PROVIDERS.hold


# ---------------------------------------------------------------- 10


def test_rule_10_a_transition_has_the_time_it_was_first_seen_and_the_time_it_was_believed(scene: Scene) -> None:
    scene.after(10)
    scene.lose(TRUNK)
    scene.after(33)
    scene.answer_all({TRUNK: DOWN})

    transition = scene.db.transitions[-1]
    assert (transition.at, transition.believed_at) == (START + 10, START + 43)


def test_rule_10_a_transition_is_never_before_the_previous_one() -> None:
    machine = Machine(TRUNK, Check.REACHABILITY, Kind.PROVIDER, Hold(0, 0, 0), watch="w", watched_since=0)
    machine.see(UP, 100, 100, "", confirms=True)

    transition = machine.see(DOWN, 50, 101, "", confirms=True)

    assert transition is not None
    assert transition.at == 100


# ---------------------------------------------------------------- 11


def restarted(scene: Scene, seen: dict[Target, object]) -> None:
    """Asterisk restarts; the first snapshot after it."""
    scene.after(30)
    scene.report(Trouble.REFUSED)
    scene.after(5)
    scene.snapshot(seen, startup="boot 2")  # type: ignore[arg-type]


def test_rule_11_offline_after_a_restart_is_veiled(scene: Scene) -> None:
    restarted(scene, {TRUNK: DOWN, phone(): DOWN})

    assert scene.state(TRUNK).unknown_because.startswith("in grace: Asterisk restarted at ")
    assert (scene.belief(TRUNK), scene.state(TRUNK).pending) == (UP, None)


def test_rule_11_until_when_the_grace_lasts_is_said_and_said_anew_when_its_cycle_is_known(scene: Scene) -> None:
    restarted(scene, {TRUNK: DOWN, phone(): UP})

    def lasts() -> timedelta:
        """How long the grace lasts, as its words say."""
        state = scene.state(TRUNK)
        began, ends = state.unknown_because.rpartition(" ")[2], state.remark.removeprefix("until ")
        return datetime.strptime(ends, "%H:%M:%S") - datetime.strptime(began, "%H:%M:%S")

    assert lasts() == timedelta(seconds=120)

    scene.see(trunk_settings(TRUNK, qualify_frequency=300.0))
    assert lasts() == timedelta(seconds=300 + 3 + 5)

    scene.after(1)
    scene.event(TRUNK, UP)
    assert (scene.state(TRUNK).unknown_because, scene.state(TRUNK).remark) == ("", "")


def test_rule_11_only_a_new_startup_time_begins_a_grace(scene: Scene) -> None:
    scene.after(30)
    scene.report(Trouble.REFUSED)
    scene.after(5)

    scene.snapshot({TRUNK: DOWN, phone(): UP})

    assert (scene.state(TRUNK).unknown_because, scene.state(TRUNK).pending) == ("", DOWN)


def test_rule_11_the_grace_is_as_long_as_the_qualify_cycle_if_that_is_longer(scene: Scene) -> None:
    scene.see(settings(phone(), qualify_frequency=300.0))
    restarted(scene, {TRUNK: DOWN, phone(): DOWN})

    scene.after(121)
    assert scene.state(TRUNK).unknown_because == ""
    assert scene.state(phone()).unknown_because

    scene.after(308 - 121 + 1)
    assert scene.state(phone()).unknown_because == ""


def test_rule_11_whoever_does_not_come_back_is_told_together(scene: Scene) -> None:
    truth = {TRUNK: DOWN, phone(): DOWN}
    restarted(scene, dict(truth))
    scene.live(600, truth)

    assert {incident.cohort for incident in scene.open()} == {"did not come back after the restart"}
    assert all(incident.opened_at == START + 35 + 120 for incident in scene.open())


def test_rule_11_whoever_came_back_and_is_lost_again_is_told_without_the_restart(scene: Scene) -> None:
    restarted(scene, {TRUNK: DOWN, phone(): UP})
    scene.event(TRUNK, UP)
    scene.device(TRUNK, UP)
    scene.after(100)

    scene.lose(TRUNK)
    scene.live(120, {TRUNK: DOWN, phone(): UP})

    assert [(incident.target, incident.cohort) for incident in scene.open()] == [(TRUNK, "")]


def assert_only_the_trunk_did_not_come_back(scene: Scene) -> None:
    assert {incident.target: incident.cohort for incident in scene.open()} == {
        TRUNK: "did not come back after the restart",
        phone(): "",
    }


def test_rule_11_whoever_came_back_and_is_lost_without_evidence_is_told_without_the_restart(scene: Scene) -> None:
    truth = {TRUNK: DOWN, phone(): DOWN}
    restarted(scene, dict(truth))
    scene.after(10)
    scene.event(phone(), UP)
    scene.after(10)
    scene.event(phone(), DOWN)
    scene.live(600, truth)

    assert_only_the_trunk_did_not_come_back(scene)


def test_rule_11_whoever_came_back_and_fell_while_healthmon_was_dead_is_told_without_the_restart(scene: Scene) -> None:
    restarted(scene, {TRUNK: DOWN, phone(): UP})
    restarted_at, truth = scene.now, {TRUNK: DOWN, phone(): DOWN}
    scene.after(20)
    again = scene.restart()
    again.snapshot(dict(truth), running_for=again.now - restarted_at)
    again.live(600, truth)

    assert_only_the_trunk_did_not_come_back(again)


def test_rule_11_whoever_came_back_and_not_after_a_second_restart_did_not_come_back(scene: Scene) -> None:
    restarted(scene, {TRUNK: DOWN, phone(): UP})
    scene.after(20)
    truth = {TRUNK: DOWN, phone(): DOWN}
    scene.snapshot(dict(truth), startup="boot 3")
    scene.live(600, truth)

    assert {incident.cohort for incident in scene.open()} == {"did not come back after the restart"}


def test_rule_11_an_unreachable_last_contact_is_evidence(scene: Scene) -> None:
    restarted(scene, {TRUNK: DOWN, phone(): DOWN})
    scene.after(10)

    scene.contact(TRUNK, ContactStatus.UNREACHABLE)

    assert (scene.state(TRUNK).unknown_because, scene.state(TRUNK).pending) == ("", DOWN)
    assert scene.state(TRUNK).pending_since == START + 45


def test_rule_11_one_of_two_contacts_is_no_evidence(scene: Scene) -> None:
    scene.contact(TRUNK, ContactStatus.REACHABLE, "sip:a")
    scene.contact(TRUNK, ContactStatus.REACHABLE, "sip:b")
    restarted(scene, {TRUNK: DOWN, phone(): DOWN})
    scene.after(10)

    scene.contact(TRUNK, ContactStatus.UNREACHABLE, "sip:a")

    assert scene.state(TRUNK).unknown_because


def test_rule_11_a_second_restart_does_not_extend_the_grace(scene: Scene) -> None:
    restarted(scene, {TRUNK: DOWN, phone(): UP})
    scene.after(100)
    scene.snapshot({TRUNK: DOWN, phone(): UP}, startup="boot 3")

    scene.after(21)

    assert scene.state(TRUNK).pending is DOWN


def test_rule_11_three_restarts_in_ten_minutes_are_an_incident(scene: Scene) -> None:
    for boot in ("boot 2", "boot 3", "boot 4"):
        scene.after(60)
        scene.snapshot({TRUNK: UP, phone(): UP}, startup=boot)
    (incident,) = scene.open()
    assert (incident.check, incident.cause) == (Check.RESTARTS, "3 restarts in 10 minutes")

    scene.after(601)

    assert scene.open() == []


def test_rule_11_each_further_restart_is_counted_and_told_to_nobody(scene: Scene) -> None:
    for number in range(2, 8):
        scene.after(180)
        scene.snapshot({TRUNK: UP, phone(): UP}, startup=f"boot {number}")
        scene.deliver()

    (incident,) = scene.open()
    assert incident.cause == "6 restarts in 15 minutes"
    assert scene.state(Target("office"), Check.RESTARTS).reason == "6 restarts in 15 minutes"
    assert [reason for _, reason, *_ in scene.sent] == [Reason.OPENED]


def test_rule_11_restarts_are_counted_on_after_a_restart_of_healthmon(scene: Scene) -> None:
    for boot in ("boot 2", "boot 3"):
        scene.after(60)
        scene.snapshot({TRUNK: UP, phone(): UP}, startup=boot)
    again = scene.restart(gap=10)
    again.after(60)
    again.snapshot({TRUNK: UP, phone(): UP}, startup="boot 4")
    assert [incident.cause for incident in again.open()] == ["3 restarts in 10 minutes"]

    third = again.restart(gap=10)
    third.after(60)
    third.snapshot({TRUNK: UP, phone(): UP}, startup="boot 5")

    assert [incident.cause for incident in third.open()] == ["4 restarts in 10 minutes"]


def test_rule_11_starting_is_down_only_after_the_grace(scene: Scene) -> None:
    for _ in range(11):
        scene.after(10)
        scene.report(Trouble.STARTING, words="Asterisk is starting")
    assert scene.open() == []

    scene.after(20)
    scene.report(Trouble.STARTING, words="Asterisk is starting")

    assert [incident.check for incident in scene.open()] == [Check.CONNECTION]


def back_after_a_long_start(scene: Scene) -> None:
    """Asterisk needs 90 s for its start; its event stream is not open again when it answers."""
    scene.report(channel=Channel.EVENTS)
    scene.report(Trouble.CLOSED, channel=Channel.EVENTS, words="the event stream broke off")
    for _ in range(9):
        scene.report(Trouble.STARTING, words="Asterisk is starting")
        scene.after(10)
    scene.snapshot({TRUNK: UP, phone(): UP}, startup="boot 2")


def test_rule_11_an_event_stream_that_comes_back_a_moment_after_asterisk_is_no_alarm(scene: Scene) -> None:
    back_after_a_long_start(scene)

    scene.after(2)
    scene.report(channel=Channel.EVENTS)
    scene.after(60)
    scene.snapshot({TRUNK: UP, phone(): UP})

    assert scene.db.incidents == {}


def test_rule_11_an_event_stream_that_does_not_come_back_with_asterisk_is_degraded(scene: Scene) -> None:
    back_after_a_long_start(scene)

    for _ in range(3):
        scene.after(15)
        scene.snapshot({TRUNK: UP, phone(): UP})

    assert [incident.health for incident in scene.open()] == [DEGRADED]


def test_rule_11_after_a_freeze_not_even_evidence_counts_for_a_qualify_cycle(scene: Scene) -> None:
    scene.report(Trouble.TIMED_OUT, alive_at=START)
    scene.after(12)
    scene.snapshot({TRUNK: DOWN, phone(): UP})
    scene.contact(TRUNK, ContactStatus.UNREACHABLE)
    assert scene.state(TRUNK).unknown_because == "in grace: Asterisk was frozen for 12 s"

    scene.after(13.1)

    assert scene.state(TRUNK).pending is DOWN


def test_rule_11_a_restart_while_healthmon_was_stopped_gives_grace_too(scene: Scene) -> None:
    again = scene.restart(gap=600)

    again.snapshot({TRUNK: DOWN, phone(): UP}, startup="boot 2")

    assert again.state(TRUNK).unknown_because.startswith("in grace: Asterisk restarted at ")


# ---------------------------------------------------------------- 12


def flap(scene: Scene, target: Target, times: int, each: float) -> None:
    """Go down and up so many times."""
    for _ in range(times):
        scene.lose(target)
        scene.after(each)
        scene.event(target, UP)
        scene.after(each)


def test_rule_12_raw_changes_count_even_if_nothing_is_ever_believed(scene: Scene) -> None:
    flap(scene, TRUNK, times=3, each=20)

    (incident,) = scene.open()
    assert (incident.health, incident.flapping, incident.cause) == (DEGRADED, 1, "changes too often")
    assert scene.belief(TRUNK) is UP
    assert [one.reason for one in scene.booked()] == [Reason.FLAPPING]


def test_rule_12_a_registration_anew_does_not_count(scene: Scene) -> None:
    flap(scene, TRUNK, times=30, each=1)

    assert scene.db.incidents == {}


def test_rule_12_it_ends_by_stable_with_the_true_state(scene: Scene) -> None:
    flap(scene, TRUNK, times=3, each=20)
    scene.deliver()

    scene.live(700, {TRUNK: UP, phone(): UP})

    assert scene.db.incidents[1].ending is Ending.STABLE
    assert [(reason, said) for _, reason, _, said in scene.sent] == [(Reason.FLAPPING, "down"), (Reason.STABLE, "up")]


def test_rule_12_stable_and_still_down_stays_open(scene: Scene) -> None:
    flap(scene, TRUNK, times=3, each=20)
    scene.deliver()
    scene.lose(TRUNK)

    scene.live(900, {TRUNK: DOWN, phone(): UP})

    (incident,) = scene.open(TRUNK)
    assert (incident.health, incident.flapping, incident.flap_episodes) == (DOWN, 0, 1)
    assert [(reason, said) for _, reason, _, said in scene.sent] == [(Reason.FLAPPING, "down"), (Reason.STABLE, "down")]


def test_rule_12_the_belief_goes_on_underneath_and_does_not_close_it(scene: Scene) -> None:
    bring_down(scene)
    flap(scene, TRUNK, times=3, each=8)
    scene.event(TRUNK, UP)
    scene.after(61)
    scene.answer_all({TRUNK: UP})

    assert scene.belief(TRUNK) is UP
    assert [incident.flapping for incident in scene.open(TRUNK)] == [1]


def test_rule_12_how_often_it_changed_survives_a_restart_of_healthmon(scene: Scene) -> None:
    flap(scene, TRUNK, times=2, each=20)
    scene.lose(TRUNK)

    again = scene.restart(gap=2)
    again.snapshot({TRUNK: DOWN, phone(): UP})
    assert again.open() == []
    again.after(20)
    again.event(TRUNK, UP)
    again.after(5)

    assert [incident.flapping for incident in again.open(TRUNK)] == [1]


def test_rule_12_flapping_that_healthmon_slept_through_is_over_when_it_is_back(scene: Scene) -> None:
    flap(scene, TRUNK, times=3, each=20)
    scene.deliver()

    again = scene.restart(gap=900)
    again.live(60, {TRUNK: UP, phone(): UP})

    assert again.open() == []
    assert [(reason, said) for _, reason, _, said in again.sent] == [(Reason.STABLE, "up")]


def test_rule_12_what_nobody_saw_counts_nothing(scene: Scene) -> None:
    for step in range(20):
        scene.report(Trouble.CLOSED)
        scene.after(3)
        scene.snapshot({TRUNK: DOWN if step % 2 else UP, phone(): UP})
        scene.after(3)

    assert scene.open(TRUNK) == []
    assert not scene.state(TRUNK).is_flapping


def test_rule_12_a_pbx_that_comes_and_goes_is_one_incident() -> None:
    scene = Scene()
    scene.snapshot({TRUNK: UP})
    for _ in range(10):
        for _ in range(4):
            scene.after(6)
            scene.report(Trouble.REFUSED, words="refused")
        scene.after(6)
        scene.live(30, {TRUNK: UP})
        scene.report()
    scene.live(900, {TRUNK: UP})

    assert len(scene.db.incidents) <= 4
    last = max(scene.db.incidents.values(), key=lambda one: one.id)
    assert last.ending is Ending.STABLE
    assert len(scene.sent) < 12


# ---------------------------------------------------------------- 13


def test_rule_13_believed_down_opens_one_and_believed_up_closes_it(scene: Scene) -> None:
    bring_down(scene)
    assert [incident.health for incident in scene.open(TRUNK)] == [DOWN]

    scene.event(TRUNK, UP)
    scene.after(11)
    scene.answer_all({TRUNK: UP})

    assert (scene.open(), scene.db.incidents[1].ending) == ([], Ending.RECOVERED)
    assert scene.db.incidents[1].closed_at == START + 31


def test_rule_13_a_veil_neither_opens_nor_closes(scene: Scene) -> None:
    bring_down(scene)
    scene.after(30)
    scene.snapshot({phone(): UP})
    scene.report(Trouble.REFUSED)
    scene.after(3000)

    assert len(scene.open(TRUNK)) == 1


@pytest.mark.parametrize("ending", [Ending.REMOVED, Ending.NOT_WATCHED, Ending.PBX_GONE, Ending.NOT_QUALIFIED])
def test_rule_13_other_endings_are_one_line_and_no_resolved(scene: Scene, ending: Ending) -> None:
    bring_down(scene)
    scene.after(6)
    scene.deliver()

    if ending is Ending.REMOVED:
        scene.removed(TRUNK)
    elif ending is Ending.NOT_WATCHED:
        scene.reconfigure(config(watches=(replace(PHONES, exclude=("PJSIP/trunk-*",)),)))
    elif ending is Ending.PBX_GONE:
        scene.reconfigure(replace(config(), pbxs=()))
    else:
        scene.see(trunk_settings(TRUNK, qualify_frequency=0.0, has_unqualified_static_contact=True))

    assert scene.db.incidents[1].ending is ending
    assert [one.reason for one in scene.booked()] == [Reason.OPENED, Reason.ENDED]


def test_rule_13b_what_nobody_can_see_is_not_reminded_of() -> None:
    watch = replace(PROVIDERS, remind_every=(3600.0,))
    scene = Scene(config(watches=(watch, PHONES)))
    scene.snapshot({TRUNK: DOWN})
    scene.see(trunk_settings(TRUNK))
    scene.live(8000, {TRUNK: DOWN})
    assert len(scene.booked(Reason.REMINDER)) == 2

    scene.report(Trouble.REFUSED)
    for _ in range(60):
        scene.after(3600)
        scene.deliver()

    assert len([one for one in scene.booked(Reason.REMINDER) if one.incident_id == 1]) == 2


def test_rule_13_a_phone_never_seen_up_opens_none_and_a_provider_does() -> None:
    scene = Scene()
    truth = {TRUNK: DOWN, phone(): DOWN}
    scene.snapshot(dict(truth))
    scene.see(trunk_settings(TRUNK), settings(phone()))
    scene.live(400, truth)

    assert [incident.target for incident in scene.open()] == [TRUNK]
    assert scene.belief(phone()) is DOWN
    assert any("told nobody: this phone was never seen up" in line for line in scene.log)


def test_rule_13_a_phone_that_is_plugged_in_for_the_first_time_is_no_outage() -> None:
    scene = Scene()
    scene.snapshot({phone(): DOWN})
    scene.see(settings(phone()))
    scene.live(400, {phone(): DOWN})

    scene.event(phone(), UP)
    assert scene.belief(phone()) is DOWN
    scene.live(60, {phone(): UP})

    assert (scene.belief(phone()), scene.db.incidents) == (UP, {})
    scene.live(400, {phone(): DOWN})
    assert [incident.target for incident in scene.open()] == [phone()]


# ---------------------------------------------------------------- 14


def test_rule_14_the_bigger_incident_explains_rows_that_still_wait() -> None:
    scene = Scene(config(group_wait=60.0))
    scene.snapshot({TRUNK: UP})
    scene.see(trunk_settings(TRUNK))
    bring_down(scene)
    assert len(scene.booked(Reason.OPENED)) == 1

    for _ in range(4):
        scene.report(Trouble.REFUSED, words="refused")
        scene.after(6)

    small, big = scene.db.incidents[1], scene.db.incidents[2]
    assert (big.check, small.explained_by) == (Check.CONNECTION, big.id)
    scene.after(120)
    assert [incident for _, _, incident, _ in scene.deliver()] == [big.id]


def test_rule_14_what_was_explained_and_is_still_so_afterwards_is_told_after_all() -> None:
    scene = Scene(config(group_wait=60.0))
    scene.snapshot({TRUNK: UP})
    scene.see(trunk_settings(TRUNK))
    bring_down(scene)
    for _ in range(4):
        scene.report(Trouble.REFUSED, words="refused")
        scene.after(6)

    scene.live(300, {TRUNK: DOWN})

    assert [incident.target for incident in scene.open()] == [TRUNK]
    assert ("oncall/boss", Reason.OPENED, 1, "down") in scene.sent


def test_unknown_is_not_reported_yet_and_no_alarm() -> None:
    peer = Target("office", "IAX2", "peer")
    scene = Scene()
    scene.snapshot({peer: UNKNOWN})
    scene.live(600, {peer: UNKNOWN})

    assert scene.state(peer).unknown_because == "not reported yet: Asterisk says unknown"
    assert (scene.state(peer).belief, scene.db.incidents) == (None, {})
