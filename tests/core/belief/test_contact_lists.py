"""What a manager interface's list of contacts changes: round trips, slowness, places, and events that were missed."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from healthmon.model import (
    Changes,
    Check,
    ContactList,
    ContactReading,
    ContactStatus,
    EndpointSettings,
    Health,
    Kind,
    Measurement,
    Place,
    PlaceDetails,
    SettingsList,
    Target,
)
from tests.core.scene import (
    DEGRADED,
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

HOME, OTHER = "sip:101@203.0.113.7:5060", "sip:101@203.0.113.7:5062"
TRUNK = trunk("a")
REACHABLE, UNREACHABLE, REMOVED = ContactStatus.REACHABLE, ContactStatus.UNREACHABLE, ContactStatus.REMOVED
ASKED = pbx_config(ami="tcp://127.0.0.1:5038")


@pytest.fixture
def scene() -> Scene:
    scene = Scene(config(ASKED))
    scene.snapshot({phone(): UP})
    scene.after(10)
    return scene


def read(
    scene: Scene,
    rtt_ms: float | None = None,
    status: ContactStatus = REACHABLE,
    *,
    uri: str = HOME,
    of: Target | None = None,
    is_sample: bool = True,
    ago: float = 0.0,
) -> Changes:
    """Take a list that has this contact."""
    reading = ContactReading(of or phone(), uri, status, rtt_ms, is_sample)
    return scene.see(ContactList("office", scene.now - ago, (reading,)))


# ---------------------------------------------------------------- round trips


def test_a_round_trip_of_a_list_is_measured(scene: Scene) -> None:
    assert read(scene, 12.5).measurements == [Measurement(phone(), Check.REACHABILITY, "rtt_ms", 12.5, scene.now)]


def test_a_round_trip_that_an_event_told_is_not_measured_again(scene: Scene) -> None:
    scene.contact(phone(), ContactStatus.NON_QUALIFIED, HOME)
    told = scene.contact(phone(), REACHABLE, HOME, 12.5).measurements
    scene.after(20)

    assert [measured.value for measured in told] == [12.5]
    assert read(scene, 12.5).measurements == []
    assert [measured.value for measured in read(scene, 13.0).measurements] == [13.0]


def test_the_round_trip_of_an_event_after_an_outage_is_not_measured_by_the_list_either(scene: Scene) -> None:
    scene.contact(phone(), UNREACHABLE, HOME)
    scene.contact(phone(), REACHABLE, HOME, 3512.0)
    scene.after(20)

    assert read(scene, 3512.0).measurements == []


def test_of_a_phone_whose_turn_it_is_not_nothing_is_kept(scene: Scene) -> None:
    assert read(scene, 12.5, is_sample=False).measurements == []


def test_a_list_that_was_asked_for_before_an_event_says_nothing_of_that_contact(scene: Scene) -> None:
    scene.contact(phone(), REACHABLE, HOME)

    assert read(scene, 12.5, UNREACHABLE, ago=1.0).measurements == []
    assert scene.belief(phone()) is UP


# ---------------------------------------------------------------- slow ones


def slow_trunk() -> Scene:
    """A provider that is degraded when slower than 100 ms."""
    scene = Scene(config(ASKED, watches=(replace(PROVIDERS, rtt_warn_ms=100.0), PHONES)))
    scene.see(trunk_settings(TRUNK))
    scene.snapshot({TRUNK: UP})
    scene.after(10)
    return scene


def pass_time(scene: Scene, rtt_ms: float, seconds: float = 180.0) -> Health | None:
    """Have it answer so slowly for a while."""
    for _ in range(int(seconds // 30)):
        read(scene, rtt_ms, of=TRUNK)
        scene.live(30, {TRUNK: UP})
    beliefs = {check: state.belief for (target, check), state in scene.db.states.items() if target == TRUNK}
    return beliefs.get(Check.CONTACTS)


def test_a_slow_provider_is_degraded_until_it_is_quicker_by_a_fifth() -> None:
    scene = slow_trunk()

    assert pass_time(scene, 99.0) is None
    assert pass_time(scene, 120.0) is DEGRADED
    assert scene.state(TRUNK, Check.CONTACTS).reason == "round trip 120 ms, more than 100 ms"
    assert pass_time(scene, 85.0) is DEGRADED
    remark = scene.state(TRUNK, Check.CONTACTS).remark
    assert remark == "round trip 85 ms, still more than 80 ms (80 % of 100 ms)", "85 ms is not more than 100 ms"
    assert pass_time(scene, 80.0) is UP


def test_a_slow_one_in_an_event_is_slow_until_a_list_says_otherwise() -> None:
    scene = slow_trunk()
    scene.contact(TRUNK, REACHABLE, HOME, 150.0)
    assert pass_time(scene, 150.0) is DEGRADED, "the list has the same as the event, and that is still true"

    assert pass_time(scene, 20.0) is UP
    assert scene.state(TRUNK, Check.CONTACTS).reason == "round trips are short enough again"


def test_what_was_slow_before_healthmon_was_restarted_is_settled_by_a_list() -> None:
    scene = slow_trunk()
    assert pass_time(scene, 150.0) is DEGRADED
    again = scene.restart()
    again.snapshot({TRUNK: UP})

    assert pass_time(again, 20.0) is UP


# ---------------------------------------------------------------- events that were missed


def test_a_lost_contact_of_which_no_event_told_is_found_in_the_list(scene: Scene) -> None:
    scene.see(settings(phone(), max_contacts=2))
    scene.contact(phone(), REACHABLE, HOME)
    scene.contact(phone(), REACHABLE, OTHER)
    scene.after(5)

    read(scene, status=UNREACHABLE, uri=OTHER)
    scene.live(200, {phone(): UP})
    assert scene.state(phone(), Check.CONTACTS).belief is DEGRADED

    read(scene, status=REMOVED, uri=OTHER)
    scene.live(200, {phone(): UP})
    assert scene.state(phone(), Check.CONTACTS).belief is UP


def test_that_all_answer_as_events_told_changes_nothing(scene: Scene) -> None:
    scene.contact(phone(), REACHABLE, HOME)
    scene.after(5)

    changes = read(scene)
    assert not changes.transitions
    assert not changes.states


def test_while_the_pbx_cannot_be_seen_a_list_of_contacts_says_nothing(scene: Scene) -> None:
    scene.stand_still(60)

    assert read(scene, 12.5, UNREACHABLE).measurements == []


# ---------------------------------------------------------------- places


def test_a_list_tells_all_places_of_a_phone_with_its_programs(scene: Scene) -> None:
    scene.contact(phone(), REACHABLE, HOME)
    scene.after(5)
    yealink, elsewhere = Place("203.0.113.7", "Yealink"), Place("198.51.100.9", "Yealink")

    scene.see(ContactList("office", scene.now, places=((phone(), (yealink,)),)))
    assert scene.db.places[phone()] == (yealink,)
    scene.see(ContactList("office", scene.now, places=((phone(), (elsewhere,)),)))
    assert scene.db.places[phone()] == (elsewhere,)


def test_what_else_is_known_of_a_place_is_booked_of_endpoints_that_are_watched(scene: Scene) -> None:
    stranger = Target("office", "PJSIP", "666")
    found = [PlaceDetails(target, Place("203.0.113.7"), "192.168.1.20", 1e9) for target in (phone(), stranger)]

    changes = scene.see(ContactList("office", scene.now, details=tuple(found)))
    assert changes.place_details == found[:1]
    assert changes.is_to_book()


# ---------------------------------------------------------------- settings


def partial(target: Target, **changes: object) -> EndpointSettings:
    told = replace(settings(target), read_at=0.0, ways=None, is_partial=True)
    return replace(told, **changes)


def test_partial_settings_tell_a_provider_from_a_phone_and_are_not_booked() -> None:
    scene = Scene(config(ASKED, watches=(replace(PHONES, endpoints=("PJSIP/*",), kind=None),)))
    scene.snapshot({TRUNK: UP})

    changes = scene.see(SettingsList("office", (partial(TRUNK, has_static_contact=True, read_at=scene.now),)))

    assert scene.state(TRUNK).kind is Kind.PROVIDER
    assert not changes.settings, "after a restart ARI reads the rest of them"


def test_partial_settings_keep_what_only_ari_tells(scene: Scene) -> None:
    scene.see(settings(phone(), caller_name="Reception", outbound_proxy="proxy.example", qualify_frequency=60.0))

    changes = scene.see(SettingsList("office", (partial(phone(), qualify_frequency=5.0, read_at=scene.now),)))

    booked = changes.settings[phone()]
    assert (booked.caller_name, booked.outbound_proxy) == ("Reception", "proxy.example")
    assert booked.qualify_frequency == 5.0


def test_partial_settings_that_say_the_same_once_more_change_nothing(scene: Scene) -> None:
    scene.see(settings(phone(), caller_name="Reception"))

    changes = scene.see(SettingsList("office", (partial(phone(), read_at=scene.now),)))

    assert not changes.settings
    assert not changes.states


def test_an_unqualified_trunk_is_known_as_soon_as_the_manager_interface_tells() -> None:
    scene = Scene(config(ASKED))
    scene.snapshot({TRUNK: UP})
    unchecked = {"has_static_contact": True, "has_unqualified_static_contact": True, "qualify_frequency": 0.0}

    scene.see(SettingsList("office", (partial(TRUNK, read_at=scene.now, **unchecked),)))

    assert scene.state(TRUNK).unknown_because == "not qualified: Asterisk does not check it"
    assert scene.belief(TRUNK) is not DOWN
