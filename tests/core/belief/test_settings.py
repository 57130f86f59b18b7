"""How Asterisk checks an endpoint can change without a reload, and what is heard of contacts shows it."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from healthmon.config.sections.shared import Hold
from healthmon.core.belief.endpoints import spread_over_sites
from healthmon.errors import Trouble
from healthmon.model import ContactStatus, EndpointSettings, Target
from tests.core.scene import (
    DOWN,
    PHONES,
    PROVIDERS,
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
CONTACT = "sip:192.0.2.1:5060"


@pytest.fixture
def scene() -> Scene:
    """A trunk and a phone that are up, both qualified, of whose contacts events have spoken."""
    scene = Scene()
    scene.snapshot({TRUNK: UP, phone(): UP})
    scene.see(trunk_settings(TRUNK), settings(phone()))
    scene.contact(TRUNK, ContactStatus.REACHABLE, CONTACT)
    scene.contact(phone(), ContactStatus.REACHABLE, "sip:101@192.0.2.7:5060")
    scene.questions.clear()
    return scene


def asked_for_settings(scene: Scene) -> list[Target]:
    return [target for question in scene.questions for target in question.settings_of]


def test_qualify_switched_off_without_a_reload_has_the_settings_read_again(scene: Scene) -> None:
    scene.contact(TRUNK, ContactStatus.NON_QUALIFIED, CONTACT)
    assert asked_for_settings(scene) == [TRUNK]

    scene.see(trunk_settings(TRUNK, qualify_frequency=0.0, has_unqualified_static_contact=True))

    assert scene.state(TRUNK).unknown_because == "not qualified: Asterisk does not check it"


def test_qualify_switched_off_is_noticed_when_nothing_was_heard_of_the_contact_since_the_start(scene: Scene) -> None:
    again = scene.restart()
    again.snapshot({TRUNK: UP, phone(): UP})

    again.contact(phone(), ContactStatus.NON_QUALIFIED, "sip:101@192.0.2.7:5060")

    assert asked_for_settings(again) == [phone()]


def test_qualify_switched_off_while_the_pbx_could_not_be_seen_is_noticed_by_the_event(scene: Scene) -> None:
    scene.report(Trouble.CLOSED)
    scene.contact(TRUNK, ContactStatus.NON_QUALIFIED, CONTACT)
    assert asked_for_settings(scene) == []

    scene.after(1)
    scene.snapshot({TRUNK: UP, phone(): UP})

    assert asked_for_settings(scene) == [TRUNK]


def test_qualify_switched_on_without_a_reload_is_noticed_by_the_first_check(scene: Scene) -> None:
    scene.see(settings(phone(), qualify_frequency=0.0, has_unqualified_registered_contact=True))
    assert scene.state(phone()).remark.startswith("not qualified")

    scene.contact(phone(), ContactStatus.REACHABLE, "sip:101@192.0.2.7:5060")

    assert asked_for_settings(scene) == [phone()]


def test_a_phone_that_registers_from_another_port_has_no_settings_read(scene: Scene) -> None:
    scene.contact(phone(), ContactStatus.NON_QUALIFIED, "sip:101@192.0.2.7:5099")

    assert asked_for_settings(scene) == []


def test_a_phone_with_several_aors_that_registers_anew_has_its_settings_read(scene: Scene) -> None:
    scene.see(settings(phone(), aors=2))

    scene.contact(phone(), ContactStatus.NON_QUALIFIED, "sip:101@192.0.2.7:5099")
    assert asked_for_settings(scene) == [phone()]
    scene.see(settings(phone(), aors=2, qualify_frequency=0.0, has_unqualified_registered_contact=True))

    assert scene.state(phone()).remark == "not qualified: its loss is noticed only when its registration expires"


def test_one_contact_of_two_that_is_not_qualified_is_said(scene: Scene) -> None:
    scene.see(settings(phone(), aors=2, has_unqualified_registered_contact=True))

    assert scene.state(phone()).remark.startswith("one of its contacts is not qualified")


# ---------------------------------------------------------------- switched on: offline until the first check

UNCHECKED = {"qualify_frequency": 0.0, "has_unqualified_static_contact": True}
SHORT = Hold(10, 5, 10)


def unchecked_trunks(scene: Scene, how_many: int) -> list[Target]:
    """So many trunks that are online and not checked, each at an address of its own."""
    trunks = [trunk(str(number)) for number in range(how_many)]
    scene.snapshot(all_up(trunks))
    scene.see(*(trunk_settings(target, **UNCHECKED) for target in trunks))
    scene.after(60)
    return trunks


def checked_now(scene: Scene, target: Target) -> EndpointSettings:
    """What is read of it after the reload."""
    return trunk_settings(target, qualify_frequency=60.0, read_at=scene.now)


@pytest.fixture
def short() -> Scene:
    """Holds that are shorter than a cycle of checks, and meant so."""
    exactly = Hold(10, 5, 10, down_after_exact=True)
    return Scene(config(watches=(replace(PROVIDERS, hold=exactly), replace(PHONES, hold=exactly))))


def test_qualify_switched_on_has_the_settings_read_before_offline_is_believed(short: Scene) -> None:
    (target,) = unchecked_trunks(short, 1)
    short.event(target, DOWN)
    short.after(10)
    assert (short.questions[-1].targets, short.questions[-1].settings_first) == ((target,), (target,))

    short.see(checked_now(short, target))
    short.answer(target, DOWN)

    assert short.state(target).unknown_because == "not checked yet: its qualify settings have changed"
    assert short.open() == []


def test_qualify_switched_on_is_waited_for_one_cycle_and_then_offline_counts(short: Scene) -> None:
    (target,) = unchecked_trunks(short, 1)
    short.event(target, DOWN)
    short.after(10)
    short.see(checked_now(short, target))

    short.after(50)
    assert short.state(target).unknown_because != ""
    short.after(30)
    short.answer_all({target: DOWN})

    assert short.belief(target) is DOWN


def test_qualify_switched_on_is_waited_for_five_minutes_at_most(short: Scene) -> None:
    (target,) = unchecked_trunks(short, 1)
    short.event(target, DOWN)
    short.after(10)
    short.see(trunk_settings(target, qualify_frequency=3600.0, read_at=short.now))

    short.after(280)
    assert short.state(target).unknown_because != ""
    short.after(20)

    assert short.state(target).unknown_because == ""


def test_settings_that_have_not_changed_let_offline_be_believed_at_once(short: Scene) -> None:
    (target,) = unchecked_trunks(short, 1)
    short.event(target, DOWN)
    short.after(10)

    short.see(trunk_settings(target, read_at=short.now, **UNCHECKED))
    short.answer(target, DOWN)

    assert short.belief(target) is DOWN


def test_a_snapshot_that_came_before_the_settings_does_not_confirm(short: Scene) -> None:
    (target,) = unchecked_trunks(short, 1)
    short.event(target, DOWN)
    short.device(target, DOWN)
    short.after(10)

    short.snapshot({target: DOWN})

    assert (short.belief(target), short.open()) == (None, [])


@pytest.mark.parametrize("status", [ContactStatus.UNREACHABLE, ContactStatus.REMOVED])
def test_a_loss_of_which_an_event_told_has_no_settings_read(short: Scene, status: ContactStatus) -> None:
    short.snapshot({TRUNK: UP})
    short.see(trunk_settings(TRUNK))
    short.after(60)

    short.contact(TRUNK, status)
    short.event(TRUNK, DOWN)
    short.after(10)

    assert [question.settings_first for question in short.questions] == [()]


def test_an_offline_that_no_event_told_has_no_settings_read_unless_there_was_a_reload(short: Scene) -> None:
    (target,) = unchecked_trunks(short, 1)
    short.snapshot({target: DOWN}, configured_for=1000.0)
    short.after(10)
    assert [question.settings_first for question in short.questions] == [()]

    short.snapshot({target: UP})
    short.snapshot({target: DOWN}, configured_for=5.0)
    short.after(10)

    assert short.questions[-1].settings_first == (target,)


def test_qualify_switched_on_for_many_is_seen_by_the_settings_of_twenty(short: Scene) -> None:
    trunks = unchecked_trunks(short, 50)
    for target in trunks:
        short.event(target, DOWN)
        short.device(target, DOWN)
    short.after(10)
    (question,) = short.questions
    assert (question.wants_snapshot, len(set(question.settings_first))) == (True, 20)

    short.see(*(checked_now(short, target) for target in question.settings_first))
    short.answer_all(dict.fromkeys(trunks, DOWN))

    reasons = {short.state(target).unknown_because for target in trunks}
    assert reasons == {"not checked yet: its qualify settings have changed"}
    assert short.open() == []


def test_the_snapshot_that_was_asked_for_some_believes_nobody_else_whose_settings_may_have_changed(
    short: Scene,
) -> None:
    # They fall within a second, so they are not due at the same moment.
    trunks = unchecked_trunks(short, 60)
    for target in trunks:
        short.event(target, DOWN)
        short.device(target, DOWN)
        short.after(0.02)
    short.after(9)
    while not any(question.wants_snapshot for question in short.questions):
        short.after(0.02)
    (question,) = [question for question in short.questions if question.wants_snapshot]
    short.after(1)

    short.see(*(checked_now(short, target) for target in question.settings_first))
    short.snapshot(dict.fromkeys(trunks, DOWN), follows_settings=True)

    assert DOWN not in {short.belief(target) for target in trunks}
    assert short.open() == []


def test_many_that_really_fell_are_believed_when_the_settings_of_twenty_are_as_they_were(short: Scene) -> None:
    trunks = unchecked_trunks(short, 50)
    for target in trunks:
        short.event(target, DOWN)
        short.device(target, DOWN)
    short.after(10)

    short.see(*(trunk_settings(one, read_at=short.now, **UNCHECKED) for one in short.questions[0].settings_first))
    short.answer_all(dict.fromkeys(trunks, DOWN))

    assert {short.belief(target) for target in trunks} == {DOWN}


def test_qualify_switched_on_goes_on_being_waited_for_after_a_restart_of_healthmon(short: Scene) -> None:
    (target,) = unchecked_trunks(short, 1)
    short.event(target, DOWN)
    short.after(10)
    short.see(checked_now(short, target))

    again = short.restart()
    again.snapshot({target: DOWN})
    again.after(20)
    again.answer_all({target: DOWN})
    assert again.open() == []
    again.contact(target, ContactStatus.REACHABLE)

    assert again.belief(target) is UP


def test_the_sample_is_spread_over_the_sites(scene: Scene) -> None:
    for number in range(200, 240):
        target = phone(number)
        scene.event(target, UP)
        scene.contact(target, ContactStatus.REACHABLE, f"sip:{number}@192.0.2.{7 if number < 239 else 8}:5060")
    endpoints = [scene.monitor.known.endpoint(phone(number)) for number in range(200, 240)]

    chosen = spread_over_sites([endpoint for endpoint in endpoints if endpoint is not None], 3)

    assert [endpoint.target.resource for endpoint in chosen] == ["200", "239", "201"]


# ---------------------------------------------------------------- the first look at an Asterisk that has just booted


def test_at_the_first_look_at_an_asterisk_that_has_just_booted_offline_means_nothing_yet() -> None:
    scene = Scene(config(watches=(replace(PROVIDERS, hold=SHORT), replace(PHONES, hold=SHORT))))
    scene.snapshot({TRUNK: DOWN, phone(): UP}, running_for=6.0)
    scene.see(trunk_settings(TRUNK))
    scene.after(100)
    scene.answer_all({TRUNK: DOWN, phone(): UP})
    assert scene.state(TRUNK).unknown_because.startswith("in grace: Asterisk restarted at ")

    scene.after(30)
    scene.answer_all({TRUNK: DOWN, phone(): UP})

    assert scene.belief(TRUNK) is DOWN
    assert scene.open()[0].cohort == "found down at first look"


@pytest.mark.parametrize("running_for", [None, 3600.0])
def test_at_the_first_look_at_an_asterisk_that_has_run_for_long_offline_counts(running_for: float | None) -> None:
    scene = Scene(config(watches=(replace(PROVIDERS, hold=SHORT), replace(PHONES, hold=SHORT))))

    scene.snapshot({TRUNK: DOWN}, running_for=running_for)
    scene.see(trunk_settings(TRUNK, qualify_frequency=2.0))
    scene.after(11)
    scene.answer_all({TRUNK: DOWN})

    assert scene.belief(TRUNK) is DOWN


def test_at_the_first_look_what_an_event_tells_counts_at_once() -> None:
    scene = Scene(config(watches=(replace(PROVIDERS, hold=SHORT), replace(PHONES, hold=SHORT))))
    scene.snapshot({TRUNK: DOWN}, running_for=6.0)

    scene.contact(TRUNK, ContactStatus.UNREACHABLE)
    scene.after(11)
    scene.answer_all({TRUNK: DOWN})

    assert scene.belief(TRUNK) is DOWN


@pytest.mark.parametrize(("known", "lasts"), [(10.0, 65.0), (180.0, 188.0), (3600.0, 300.0)])
def test_while_settings_are_not_read_the_longest_known_cycle_is_waited_for(known: float, lasts: float) -> None:
    scene = Scene(config(pbx_config(restart_grace=10.0)))
    scene.snapshot({phone(): UP}, running_for=0.0)
    scene.see(settings(phone(), qualify_frequency=known))
    scene.event(TRUNK, DOWN)
    assert scene.state(TRUNK).unknown_because != ""

    scene.after(lasts - 1)
    assert scene.state(TRUNK).unknown_because != ""
    scene.after(2)

    assert scene.state(TRUNK).unknown_because == ""


def test_once_its_settings_are_read_the_grace_lasts_for_its_own_cycle() -> None:
    scene = Scene(config(pbx_config(restart_grace=10.0)))
    scene.snapshot({TRUNK: DOWN}, running_for=0.0)

    scene.see(trunk_settings(TRUNK, qualify_frequency=20.0))
    scene.after(27)
    assert scene.state(TRUNK).unknown_because != ""
    scene.after(2)

    assert scene.state(TRUNK).unknown_because == ""
