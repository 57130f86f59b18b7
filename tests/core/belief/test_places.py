"""Where the contacts of an endpoint are: what is kept in mind of it, and booked."""

from __future__ import annotations

from healthmon.core.belief.endpoint_facts import MOST_PLACES
from healthmon.model import ContactStatus, Place
from tests.core.scene import DOWN, UP, Scene, phone, settings

HOME, AWAY = "sip:101@203.0.113.7:5060", "sip:101@198.51.100.9:40112;ob"
AT_HOME, ELSEWHERE = Place("203.0.113.7"), Place("198.51.100.9")


def scene_with_a_phone() -> Scene:
    scene = Scene()
    scene.snapshot({phone(): UP})
    scene.after(10)
    return scene


def test_an_event_tells_the_address_and_the_settings_what_program_is_there() -> None:
    scene = scene_with_a_phone()

    scene.contact(phone(), ContactStatus.REACHABLE, HOME)

    assert scene.db.places[phone()] == (AT_HOME,)
    assert [one.settings_of for one in scene.questions if one.settings_of] == [(phone(),)]

    scene.see(settings(phone(), places=(Place("203.0.113.7", "Yealink SIP-T46U"),)))

    assert [place.user_agent for place in scene.db.places[phone()] if place.user_agent] == ["Yealink SIP-T46U"]


def test_the_same_contact_once_more_from_another_port_is_no_news() -> None:
    scene = scene_with_a_phone()
    scene.contact(phone(), ContactStatus.REACHABLE, HOME)
    scene.questions.clear()

    changes = scene.contact(phone(), ContactStatus.NON_QUALIFIED, "sip:101@203.0.113.7:6111")

    assert not changes.places
    assert not scene.questions


def test_a_phone_that_registers_elsewhere_has_left_its_place() -> None:
    scene = scene_with_a_phone()
    scene.contact(phone(), ContactStatus.REACHABLE, HOME)

    scene.contact(phone(), ContactStatus.NON_QUALIFIED, AWAY)
    assert scene.db.places[phone()] == (AT_HOME, ELSEWHERE)
    scene.contact(phone(), ContactStatus.REMOVED, HOME)

    assert scene.db.places[phone()] == (ELSEWHERE,)


def test_a_phone_that_is_gone_was_last_seen_at_its_place_until_it_comes_back_elsewhere() -> None:
    scene = scene_with_a_phone()
    scene.contact(phone(), ContactStatus.REACHABLE, HOME)

    scene.contact(phone(), ContactStatus.REMOVED, HOME)
    scene.event(phone(), DOWN)
    assert scene.db.places[phone()] == (AT_HOME,)

    scene.contact(phone(), ContactStatus.REACHABLE, AWAY)
    assert scene.db.places[phone()] == (ELSEWHERE,)


def test_places_are_remembered_and_settings_without_a_contact_forget_none() -> None:
    scene = scene_with_a_phone()
    scene.contact(phone(), ContactStatus.REACHABLE, HOME)

    scene = scene.restart()
    scene.see(settings(phone()))

    assert scene.db.places[phone()] == (AT_HOME,)


def test_a_phone_that_is_somewhere_else_all_the_time_leaves_no_more_places_booked_than_are_remembered() -> None:
    scene = scene_with_a_phone()

    for number in range(3 * MOST_PLACES):
        scene.contact(phone(), ContactStatus.REACHABLE, f"sip:101@10.0.0.{number}:5060")

    assert scene.db.places[phone()] == tuple(Place(f"10.0.0.{n}") for n in range(2 * MOST_PLACES, 3 * MOST_PLACES))
