"""Whole stories: what is believed, what is told and how often, what the history says."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from healthmon.config.sections.receiver import ReceiverConfig, ReceiverUrl
from healthmon.config.sections.shared import Secret
from healthmon.core.belief.pbx import JUST_STARTED
from healthmon.errors import Trouble
from healthmon.model import Channel, Check, ContactStatus, Ending, Health, Kind, Reason, Target
from tests.core.database import Database
from tests.core.scene import (
    DEGRADED,
    DOWN,
    PHONES,
    PROVIDERS,
    START,
    UP,
    Scene,
    all_up,
    config,
    pbx_config,
    phone,
    settings,
    trunk,
    trunk_settings,
)

TRUNK = trunk()
OFFICE = Target("office")


def quiet_office(*more: Target) -> Scene:
    """A trunk, a phone and more phones, all up and qualified."""
    scene = Scene()
    scene.snapshot(all_up([TRUNK, phone(), *more]))
    scene.see(trunk_settings(TRUNK), *(settings(target) for target in (phone(), *more)))
    return scene


# ---------------------------------------------------------------- first look


def test_first_look_tells_what_is_down_in_one_digest() -> None:
    trunks = [trunk(str(number)) for number in range(5)]
    scene = Scene()
    truth = dict.fromkeys(trunks, DOWN)
    scene.snapshot(dict(truth))
    scene.see(*(trunk_settings(target) for target in trunks))

    scene.live(120, truth)

    assert {incident.cohort for incident in scene.open()} == {"found down at first look"}
    assert len({one.due_at for one in scene.booked(Reason.OPENED)}) == 1


def test_first_look_waits_for_the_slowest_of_the_cohort() -> None:
    # The slow one needs two checks of a minute each; the quick one is believed after 30 s, and waits for it.
    quick, slow = trunk("quick"), trunk("slow")
    scene = Scene()
    truth = {quick: DOWN, slow: DOWN}
    scene.snapshot(dict(truth))
    scene.see(trunk_settings(quick), trunk_settings(slow, qualify_frequency=60.0))

    scene.live(120, truth, step=1)

    assert {one.due_at for one in scene.booked(Reason.OPENED)} == {START + 65}
    assert [incident for _, _, incident, _ in scene.sent] == [1, 2]


def test_a_message_waits_only_for_what_is_in_sight_so_a_single_thing_is_told_at_once() -> None:
    scene = quiet_office()

    scene.lose(TRUNK)
    scene.live(120, {TRUNK: DOWN, phone(): UP})
    scene.contact(TRUNK, ContactStatus.REACHABLE)
    scene.event(TRUNK, UP)
    scene.device(TRUNK, UP)
    scene.live(120, {TRUNK: UP, phone(): UP})

    assert [(one.reason, one.due_at - one.booked_at) for one in scene.booked()] == [
        (Reason.OPENED, 0.0),
        (Reason.RESOLVED, 0.0),
    ]


@pytest.mark.parametrize(("later", "messages"), [(4.0, 1), (6.0, 2)])
def test_down_and_up_wait_alike_for_others_in_sight_that_join_them(later: float, messages: int) -> None:
    other, third = trunk("b"), trunk("c")
    scene = quiet_office()
    truth = {TRUNK: UP, phone(): UP, other: UP, third: UP}
    scene.snapshot(dict(truth))
    scene.see(trunk_settings(other), trunk_settings(third))
    scene.live(60, truth)

    for health in (DOWN, UP):
        for target, wait in ((TRUNK, later), (other, 60.0)):
            truth[target] = health
            scene.event(target, health)
            scene.live(wait, truth, step=0.5)

    # Told in the moment when the last one is believed, and not five seconds after the first.
    due = [one.due_at for one in scene.booked()]
    assert len(due) == 4
    assert len(set(due)) == 2 * messages


def test_what_is_pending_and_told_to_others_is_not_waited_for() -> None:
    scene = quiet_office()
    truth = {TRUNK: DOWN, phone(): DOWN}
    scene.lose(phone())
    scene.live(152, {**truth, TRUNK: UP}, step=1.0)
    scene.lose(TRUNK)

    scene.live(60, truth, step=1.0)

    # The phone is believed down two seconds after the provider; that is told to the helpdesk.
    opened = [one for one in scene.booked(Reason.OPENED) if one.url_id == "oncall/boss"]
    assert [one.due_at - one.booked_at for one in opened] == [0.0]


def test_a_second_start_is_no_first_look() -> None:
    scene = quiet_office()
    again = scene.restart()
    again.snapshot({TRUNK: DOWN, phone(): UP})
    again.live(60, {TRUNK: DOWN, phone(): UP})

    assert [incident.cohort for incident in again.open()] == [""]


# ---------------------------------------------------------------- the PBX


def test_a_pbx_that_is_gone_is_one_alert_and_nothing_behind_it() -> None:
    phones = [phone(number) for number in range(200, 260)]
    scene = quiet_office(*phones)
    scene.live(60, all_up([TRUNK, phone(), *phones]))

    for _ in range(60):
        scene.report(Trouble.REFUSED, words="connection refused")
        scene.after(5)
        scene.deliver()

    (incident,) = scene.open()
    assert (incident.target, incident.check, incident.cause) == (OFFICE, Check.CONNECTION, "connection refused")
    assert [reason for _, reason, _, _ in scene.sent] == [Reason.OPENED]


def test_a_pbx_that_blips_shorter_than_its_hold_tells_nobody() -> None:
    scene = quiet_office()
    scene.report(Trouble.REFUSED)
    scene.after(10)
    scene.report()
    scene.snapshot({TRUNK: UP, phone(): UP})
    scene.after(60)

    assert (scene.booked(), scene.open()) == ([], [])


def test_an_application_that_was_taken_over_is_degraded_and_polls_go_on() -> None:
    scene = quiet_office()
    scene.report(channel=Channel.EVENTS)
    scene.report(Trouble.REPLACED, channel=Channel.EVENTS, words="another client took our application")

    scene.live(120, {TRUNK: UP, phone(): UP})

    (incident,) = scene.open()
    assert incident.health is DEGRADED
    assert incident.cause == "no events: another client took our application; polled every 60 s"
    assert scene.db.pbx_states["office"].blind_why == ""


def test_a_certificate_that_ends_soon_is_degraded_for_that_reason() -> None:
    scene = quiet_office()
    for _ in range(5):
        scene.report(remark="the certificate ends in 9 days")
        scene.after(5)

    state = scene.state(OFFICE, Check.CONNECTION)
    assert (state.belief, state.reason) == (DEGRADED, "the certificate ends in 9 days")


def test_several_pbxs_with_the_same_names_do_not_mix() -> None:
    scene = Scene(config(pbx_config("office"), pbx_config("berlin")))
    here, there = trunk(pbx="office"), trunk(pbx="berlin")
    scene.snapshot({here: UP})
    scene.snapshot({there: UP}, pbx="berlin")
    scene.see(trunk_settings(here), trunk_settings(there))

    scene.lose(there)
    scene.after(31)
    scene.answer_all({there: DOWN})

    assert (scene.belief(here), scene.belief(there)) == (UP, DOWN)
    assert [incident.target for incident in scene.open()] == [there]


# ---------------------------------------------------------------- restarts and freezes


def test_a_restart_after_which_all_come_back_tells_nothing() -> None:
    scene = quiet_office()
    scene.report(Trouble.REFUSED)
    scene.after(5)
    scene.snapshot({TRUNK: DOWN, phone(): DOWN}, startup="boot 2")
    scene.after(20)
    scene.event(TRUNK, UP)
    scene.event(phone(), UP)

    scene.live(900, {TRUNK: UP, phone(): UP})

    assert scene.booked() == []
    assert scene.transitions(TRUNK) == [UP]


DEAD, FORGOTTEN = phone(102), phone(103)


def office_without_two_after_a_restart() -> tuple[Scene, dict[Target, Health], float]:
    """Ten seconds after Asterisk was restarted: the office, how everything is there, and when the restart was seen."""
    scene = quiet_office(DEAD, FORGOTTEN)
    scene.report(Trouble.REFUSED)
    scene.after(5)
    truth = {TRUNK: UP, phone(): UP, DEAD: DOWN, FORGOTTEN: DOWN}
    scene.snapshot(truth, startup="boot 2")
    restarted_at = scene.now
    # Asterisk still knows where the one was, and says soon that it does not answer. Of the other it knows nothing.
    scene.after(10)
    scene.contact(DEAD, ContactStatus.UNREACHABLE)
    return scene, truth, restarted_at


def test_what_does_not_come_back_after_a_restart_is_told_together_whatever_tells_of_it() -> None:
    scene, truth, restarted_at = office_without_two_after_a_restart()
    scene.live(600, truth, step=1)

    early, late = (scene.open(target)[0] for target in (DEAD, FORGOTTEN))
    assert (early.opened_at, late.opened_at) == (restarted_at + 10, restarted_at + 120)
    assert {incident.cohort for incident in (early, late)} == {"did not come back after the restart"}
    due = {one.due_at for one in scene.booked(Reason.OPENED)}
    assert due == {restarted_at + 120 + 180}


@pytest.mark.parametrize("killed_after", [60, 195, 290])
@pytest.mark.parametrize("gap", [2.0, 60.0])
def test_what_does_not_come_back_after_a_restart_is_told_together_though_healthmon_is_killed(
    killed_after: float, gap: float
) -> None:
    scene, truth, restarted_at = office_without_two_after_a_restart()
    scene.live(killed_after - 10, truth, step=1)

    # The one is believed down before the other; the message about it waits, also in the next life.
    again = scene.restart(gap=gap)
    again.after(1)
    again.snapshot(truth, running_for=again.now - restarted_at)
    while not again.sent:
        again.live(1, truth, step=1)

    assert [again.db.incidents[number].target for _, _, number, _ in again.sent] == [DEAD, FORGOTTEN]
    assert {incident.cohort for incident in again.open()} == {"did not come back after the restart"}


def test_a_provider_that_does_not_come_back_after_a_restart_does_not_wait_for_phones() -> None:
    scene = quiet_office()
    scene.report(Trouble.REFUSED)
    scene.after(5)
    truth = {TRUNK: DOWN, phone(): DOWN}
    scene.snapshot(truth, startup="boot 2")

    scene.contact(TRUNK, ContactStatus.UNREACHABLE)
    scene.live(60, truth, step=1)

    assert [(url, number) for url, _, number, _ in scene.sent] == [("oncall/boss", scene.open(TRUNK)[0].id)]


def test_down_before_the_restart_stays_down_under_the_veil_and_is_not_told_again() -> None:
    scene = quiet_office()
    scene.lose(TRUNK)
    scene.live(60, {TRUNK: DOWN, phone(): UP})
    scene.report(Trouble.REFUSED)
    scene.after(5)
    scene.snapshot({TRUNK: DOWN, phone(): UP}, startup="boot 2")
    assert (scene.belief(TRUNK), scene.state(TRUNK).unknown_because[:8]) == (DOWN, "in grace")

    scene.live(600, {TRUNK: DOWN, phone(): UP})

    assert scene.transitions(TRUNK) == [UP, DOWN]
    assert len(scene.booked(Reason.OPENED)) == 1


def test_a_frozen_asterisk_makes_no_false_alarms_when_it_thaws() -> None:
    scene = quiet_office()
    scene.report(Trouble.TIMED_OUT, alive_at=START)
    scene.after(30)
    # Its checks are late: it calls the trunk unreachable, and finds it again at the next check.
    scene.snapshot({TRUNK: DOWN, phone(): UP})
    scene.after(10)
    scene.event(TRUNK, UP)
    scene.live(300, {TRUNK: UP, phone(): UP})

    assert scene.db.incidents == {}


def test_http_sessions_that_are_used_up_are_no_freeze() -> None:
    scene = quiet_office()
    # Our heartbeat cannot be posted, so the stream that is open still is silent.
    scene.report(Trouble.CLOSED, alive_at=START)
    scene.report(Trouble.SILENT, channel=Channel.EVENTS, alive_at=START)
    scene.after(14)
    scene.report(channel=Channel.EVENTS)
    scene.snapshot({TRUNK: DOWN, phone(): UP})

    assert (scene.state(TRUNK).unknown_because, scene.state(TRUNK).pending) == ("", DOWN)


def test_healthmon_restarted_within_a_grace_keeps_it() -> None:
    scene = quiet_office()
    scene.report(Trouble.REFUSED)
    scene.snapshot({TRUNK: DOWN, phone(): UP}, startup="boot 2", asked_at=scene.now)
    scene.after(60)
    again = scene.restart(gap=5)
    again.snapshot({TRUNK: DOWN, phone(): UP})
    assert again.state(TRUNK).unknown_because.startswith("in grace")

    again.after(60)

    assert again.state(TRUNK).pending is DOWN


# ---------------------------------------------------------------- coming and going


def test_a_removed_phone_is_no_outage_and_does_not_come_back_as_offline() -> None:
    scene = quiet_office()
    scene.removed(phone())

    scene.live(600, {TRUNK: UP, phone(): DOWN})

    assert (phone(), Check.REACHABILITY) not in scene.db.states
    assert scene.db.incidents == {}


def test_a_removed_phone_that_is_configured_again_is_watched_again() -> None:
    scene = quiet_office()
    scene.removed(phone())
    scene.after(60)

    scene.contact(phone(), ContactStatus.NON_QUALIFIED)
    scene.event(phone(), UP)

    assert scene.belief(phone()) is UP
    assert scene.transitions(phone()) == [UP, None, UP]


def test_a_restart_of_asterisk_lets_go_of_what_was_removed() -> None:
    scene = quiet_office()
    scene.removed(phone())
    scene.after(60)

    scene.snapshot({TRUNK: UP, phone(): DOWN}, startup="boot 2")
    scene.see(settings(phone()))

    assert (phone(), Check.REACHABILITY) in scene.db.states


def test_a_broken_pjsip_conf_is_one_incident_of_the_pbx() -> None:
    phones = [phone(number) for number in range(200, 220)]
    scene = quiet_office(*phones)
    scene.live(60, all_up([TRUNK, phone(), *phones]))

    # The reload removes nearly everything: INVALID for each, and all of them stay listed as offline.
    for target in (TRUNK, *phones):
        scene.removed(target)
    truth: dict[Target, Health] = {phone(): UP} | dict.fromkeys([TRUNK, *phones], DOWN)
    scene.live(60, truth)

    (incident,) = scene.open()
    assert (incident.check, incident.health) == (Check.INVENTORY, DOWN)
    assert incident.cause.startswith("Asterisk lists 1 of 22 endpoints; missing: PJSIP/trunk-a, PJSIP/200")
    for target in (TRUNK, *phones):
        scene.event(target, UP)
    scene.live(60, all_up([TRUNK, phone(), *phones]))
    assert (scene.open(), incident.id in scene.db.incidents) == ([], True)
    assert scene.db.incidents[incident.id].ending is Ending.RECOVERED


def test_what_is_not_listed_for_a_week_is_forgotten() -> None:
    scene = quiet_office()
    scene.live(60, {TRUNK: UP, phone(): UP}, step=30)

    scene.live(8 * 86400, {TRUNK: UP}, step=3600)

    assert (phone(), Check.REACHABILITY) not in scene.db.states
    assert scene.db.transitions[-1].cause == "not listed for 7 days"


def test_an_endpoint_that_nobody_watches_is_not_there() -> None:
    scene = Scene(config(watches=(PROVIDERS,)))
    scene.snapshot({TRUNK: UP, phone(): UP})

    assert set(scene.db.states) == {
        (TRUNK, Check.REACHABILITY),
        (OFFICE, Check.CONNECTION),
        (OFFICE, Check.INVENTORY),
    }


# ---------------------------------------------------------------- never a false green


def test_a_static_contact_that_is_not_qualified_is_never_green() -> None:
    scene = Scene()
    scene.snapshot({TRUNK: UP})
    scene.see(trunk_settings(TRUNK, qualify_frequency=0.0, has_unqualified_static_contact=True))

    state = scene.state(TRUNK)
    assert (state.belief, state.unknown_because) == (None, "not qualified: Asterisk does not check it")


def test_the_time_before_its_settings_were_read_is_unknown_in_the_history_and_not_gone() -> None:
    scene = Scene()
    scene.snapshot({TRUNK: UP})
    believed_up_since = scene.state(TRUNK).since

    scene.after(10)
    booked = scene.see(trunk_settings(TRUNK, qualify_frequency=0.0, has_unqualified_static_contact=True))

    # UNKNOWN, not None: it is watched all the time, and no second of it was green.
    transition = next(one for one in booked.transitions if one.target == TRUNK)
    assert (transition.before, transition.after, transition.at) == (UP, Health.UNKNOWN, believed_up_since)


def test_a_static_contact_that_is_qualified_at_last_is_believed_again() -> None:
    scene = Scene()
    scene.snapshot({TRUNK: UP})
    scene.see(trunk_settings(TRUNK, qualify_frequency=0.0, has_unqualified_static_contact=True))

    scene.after(10)
    scene.see(trunk_settings(TRUNK))

    assert (scene.state(TRUNK).belief, scene.state(TRUNK).unknown_because, scene.state(TRUNK).remark) == (UP, "", "")


def test_the_remarks_of_an_up() -> None:
    scene = Scene()
    scene.snapshot({phone(): UP})
    assert scene.state(phone()).remark == "not yet known whether it is checked"

    scene.see(settings(phone(), qualify_frequency=0.0))
    assert scene.state(phone()).remark == ("not qualified: its loss is noticed only when its registration expires")

    scene.see(settings(phone(), known=False))
    assert scene.state(phone()).remark == ""


def test_asterisks_configuration_makes_a_provider_and_its_outage_is_told_although_never_seen_up() -> None:
    odd = phone("sip-carrier")
    scene = Scene()
    scene.snapshot({})
    scene.event(odd, DOWN)
    scene.live(240, {odd: DOWN})
    assert scene.db.incidents == {}

    scene.see(trunk_settings(odd))

    (incident,) = scene.open()
    assert incident.kind is Kind.PROVIDER
    assert scene.booked(Reason.OPENED)


# ---------------------------------------------------------------- time and configuration


def test_a_clock_that_jumps_an_hour_changes_nothing() -> None:
    for by in (3600.0, -3600.0):
        scene = quiet_office()
        scene.lose(TRUNK)
        scene.live(40, {TRUNK: DOWN, phone(): UP})
        scene.lose(phone())
        scene.after(10)
        before = list(scene.db.transitions)

        changes = scene.set_clock(by)
        scene.answer_all({TRUNK: DOWN, phone(): DOWN})

        assert (changes.transitions, changes.notifications) == ([], [])
        assert scene.open(TRUNK)[0].opened_at == START
        assert scene.state(phone()).pending_since == START + 40
        assert scene.db.transitions == before
        scene.after(171)
        scene.answer_all({TRUNK: DOWN, phone(): DOWN})
        assert scene.belief(phone()) is DOWN


def test_a_clock_that_jumps_while_blind_books_no_period_that_runs_backwards() -> None:
    scene = quiet_office()
    scene.after(30)
    scene.report(Trouble.REFUSED)
    scene.after(60)
    scene.set_clock(-3600)
    scene.after(60)
    scene.snapshot({TRUNK: UP, phone(): UP})

    assert all(
        period.until is not None and period.until >= period.since for period in scene.db.unknown_periods.values()
    )


def test_what_the_clock_left_out_when_it_was_set_forward_is_unknown_for_all() -> None:
    scene = quiet_office()
    scene.after(30)
    scene.set_clock(8 * 3600)
    set_at = scene.now
    scene.after(1)
    scene.snapshot({TRUNK: UP, phone(): UP})

    assert [(period.since, period.until) for period in scene.db.unknown_periods.values()][-1:] == [(set_at, scene.now)]


def test_nothing_is_unknown_where_the_clock_was_set_back() -> None:
    scene = quiet_office()
    before = dict(scene.db.unknown_periods)
    scene.set_clock(-3600)

    assert scene.db.unknown_periods == before


def test_a_new_receiver_is_not_told_of_old_incidents() -> None:
    scene = quiet_office()
    scene.lose(TRUNK)
    scene.live(60, {TRUNK: DOWN, phone(): UP})

    both = replace(PROVIDERS, receivers=("oncall", "helpdesk"))
    scene.reconfigure(config(watches=(both, PHONES)))

    assert {one.url_id for one in scene.booked()} == {"oncall/boss"}


def test_a_channel_that_is_replaced_during_an_outage_is_told_of_it() -> None:
    # The mail server of the only receiver is dead, too; somebody writes another one into the configuration.
    scene = quiet_office()
    scene.lose(TRUNK)
    scene.live(60, {TRUNK: DOWN, phone(): UP})
    conf = config()
    replaced = ReceiverConfig("oncall", (ReceiverUrl("oncall/mailto:other.example.org", Secret("x://")),))

    scene.reconfigure(replace(conf, receivers=(replaced, conf.receivers[1])))

    told = [(one.url_id, one.reason) for one in scene.booked()]
    assert told == [("oncall/boss", Reason.OPENED), ("oncall/mailto:other.example.org", Reason.OPENED)]


def test_a_pbx_that_is_added_is_veiled_until_its_first_snapshot() -> None:
    scene = quiet_office()
    scene.reconfigure(config(pbx_config("office"), pbx_config("berlin")))
    assert scene.db.pbx_states["berlin"].blind_why == JUST_STARTED

    scene.snapshot({trunk(pbx="berlin"): UP}, pbx="berlin")

    assert scene.belief(trunk(pbx="berlin")) is UP


def test_what_is_no_longer_configured_when_healthmon_starts_ends() -> None:
    scene = quiet_office()
    scene.lose(TRUNK)
    scene.live(60, {TRUNK: DOWN, phone(): UP})

    again = scene.restart(conf=config(watches=(replace(PHONES, exclude=("PJSIP/trunk-*",)),)))

    assert again.db.incidents[1].ending is Ending.NOT_WATCHED
    assert (TRUNK, Check.REACHABILITY) not in again.db.states
    assert again.transitions(TRUNK) == [UP, DOWN, None]


def test_an_alive_at_in_the_future_is_taken_as_now() -> None:
    scene = Scene(database=Database(alive_at=START + 5000))

    assert scene.db.pbx_states["office"].blind_since == START


def test_what_healthmon_forgot_about_a_removal_ends_as_accepted_not_as_recovered() -> None:
    scene = quiet_office()
    scene.live(60, {TRUNK: UP, phone(): UP})
    scene.removed(TRUNK)
    scene.live(30, {TRUNK: DOWN, phone(): UP}, step=11)
    assert [incident.check for incident in scene.open()] == [Check.INVENTORY]

    again = scene.restart()
    again.snapshot({phone(): UP})

    assert again.db.incidents[1].ending is Ending.ACCEPTED


def test_names_may_hold_anything() -> None:
    names = ["<b>x</b>", "☎️'\"", "a/b/c", "x" * 200, "{0}%s"]
    targets = [Target("office", "PJSIP", f"trunk-{name}") for name in names]
    scene = Scene()
    scene.snapshot(dict.fromkeys(targets, UP))
    scene.see(*(trunk_settings(target) for target in targets))
    for target in targets:
        scene.lose(target)
    scene.live(60, dict.fromkeys(targets, DOWN))

    assert {incident.target for incident in scene.open()} >= set(targets)
    assert all(any(name in line for line in scene.log) for name in names)


def test_every_decision_is_a_line_in_words() -> None:
    scene = quiet_office()
    scene.lose(TRUNK)
    scene.after(31)
    scene.answer_all({TRUNK: DOWN})

    why = "does not answer OPTIONS (contact Unreachable)"
    assert scene.log[-1] == f"provider PJSIP/trunk-a on office: down after 31 s: {why}; tells oncall/boss"


def test_where_only_2xx_counts_no_answer_and_a_wrong_one_are_not_told_apart() -> None:
    scene = quiet_office()
    scene.see(trunk_settings(TRUNK, takes_2xx_only=True))
    scene.lose(TRUNK)
    scene.after(31)
    scene.answer_all({TRUNK: DOWN})

    assert "answers OPTIONS with no 2xx, or not at all (contact Unreachable)" in scene.log[-1]


def test_a_snapshot_asked_for_before_a_removal_does_not_bring_it_back() -> None:
    scene = quiet_office()
    scene.after(3)
    scene.removed(phone())

    scene.snapshot({TRUNK: UP, phone(): UP}, asked_at=scene.now - 1)

    assert (phone(), Check.REACHABILITY) not in scene.db.states


def test_what_an_event_spoke_of_after_the_request_is_not_missing() -> None:
    scene = quiet_office()
    scene.after(60)
    asked_at = scene.now
    scene.after(1)
    scene.event(phone(300), UP)

    scene.snapshot({TRUNK: UP, phone(): UP}, asked_at=asked_at)

    assert (scene.belief(phone(300)), scene.state(phone(300)).unknown_because) == (UP, "")


def test_a_few_phones_of_many_that_vanish_are_no_incident() -> None:
    phones = [phone(number) for number in range(200, 220)]
    scene = quiet_office(*phones)
    scene.live(60, all_up([TRUNK, phone(), *phones]))

    scene.live(120, all_up([TRUNK, phone(), *phones[4:]]))

    assert scene.state(phones[0]).unknown_because == "not listed"
    assert scene.db.incidents == {}
