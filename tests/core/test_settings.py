"""How Asterisk checks an endpoint can change without a reload, and what is heard of contacts shows it."""

from __future__ import annotations

import pytest

from healthmon.errors import Trouble
from healthmon.model import ContactStatus, Target
from tests.core.scene import UP, Scene, phone, settings, trunk, trunk_settings

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

    assert scene.state(TRUNK).veil == "not qualified: Asterisk does not check it"


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
