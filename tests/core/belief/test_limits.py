"""A PBX may invent what it wants: so much is booked of it, the rest is told, and no outage that lasts is lost."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from healthmon.config.sections.shared import Hold
from healthmon.core.belief import limits
from healthmon.core.belief.limits import Allowance, Limits
from healthmon.model import Check, ContactStatus, Health, Place, Target
from healthmon.times.wall import Wall
from tests.core.scene import DOWN, PHONES, PROVIDERS, START, UP, Scene, config, phone, settings, trunk, trunk_settings

MOVED, ROUND_TRIPS, CHANGES = "places of contacts", "round trips", "changes of endpoints"
A_SECOND = 0.2
QUICK = config(watches=(PROVIDERS, replace(PHONES, hold=Hold(5, 0, 5))))


@pytest.fixture(autouse=True)
def low(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Limits so low that a test reaches them, but for those tests that want the real ones."""
    if "real" in request.node.name:
        return
    for name in ("CHANGES_AT_ONCE", "PLACES_AT_ONCE", "MEASUREMENTS_AT_ONCE"):
        monkeypatch.setattr(limits, name, 60)
    for name in ("CHANGES_A_SECOND", "PLACES_A_SECOND", "MEASUREMENTS_A_SECOND"):
        monkeypatch.setattr(limits, name, A_SECOND)
    monkeypatch.setattr(limits, "KEPT_FOR_PROVIDERS", 10)


def phones(count: int) -> dict[Target, Health]:
    return {phone(number): UP for number in range(101, 101 + count)}


def connection(scene: Scene) -> tuple[Health | None, str]:
    state = scene.db.states[Target("office"), Check.CONNECTION]
    return state.belief, state.remark or state.reason


def address(number: int) -> str:
    return f"10.{number // 62500}.{number // 250 % 250}.{number % 250}"


def move(scene: Scene, target: Target, number: int) -> int:
    """A contact somewhere else; return how many rows that makes."""
    changes = scene.contact(target, ContactStatus.REACHABLE, f"sip:x@{address(number)}:5060", rtt_ms=20.0)
    return sum(not place.is_left for place in changes.places)


def rows(scene: Scene) -> int:
    return len(scene.db.transitions) + len(scene.db.unknown_periods)


def test_a_pbx_that_invents_contacts_has_so_many_places_booked_and_the_rest_is_told() -> None:
    scene = Scene(QUICK)
    truth = phones(10)
    scene.live(10, truth)

    booked = 0
    for number in range(1000):
        booked += move(scene, phone(101 + number % 10), number)
        if number % 50 == 0:
            scene.live(5, truth)

    assert 30 <= booked <= 60 + A_SECOND * 100
    health, words = connection(scene)
    assert health is Health.DEGRADED
    assert MOVED in words


def test_what_is_at_a_new_place_is_booked_there_once_there_is_room_again() -> None:
    scene = Scene(QUICK)
    scene.live(10, phones(10))
    for number in range(1000):
        move(scene, phone(101 + number % 9), number)
    assert move(scene, phone(110), 5000) == 0

    scene.live(60, phones(10))

    assert move(scene, phone(110), 5000) == 1
    assert Place(address(5000)) in scene.db.places[phone(110)]


def test_round_trips_without_end_are_left_out_and_counted() -> None:
    scene = Scene(QUICK)
    scene.live(10, phones(1))
    move(scene, phone(), 1)

    measured = 0
    for number in range(500):
        changes = scene.contact(phone(), ContactStatus.REACHABLE, f"sip:x@{address(1)}:5060", 20.0)
        measured += len(changes.measurements)
        if number % 25 == 0:
            scene.live(5, phones(1))

    assert 50 <= measured <= 60 + A_SECOND * 100
    assert ROUND_TRIPS in connection(scene)[1]


def flap(scene: Scene, count: int, seconds: int) -> None:
    """Phones that fall and come back, each for longer than its hold."""
    for turn in range(seconds // 20):
        health = DOWN if turn % 2 == 0 else UP
        truth = dict.fromkeys(phones(count), health)
        for target in truth:
            scene.event(target, health)
        scene.live(20, truth)


def test_phones_that_go_up_and_down_for_hours_are_booked_within_the_limit_and_an_outage_that_lasts_is_told() -> None:
    scene = Scene(QUICK)
    scene.live(10, phones(30))
    before, begun = rows(scene), scene.now

    flap(scene, 30, 120)
    assert CHANGES in connection(scene)[1]
    flap(scene, 30, 1200)

    assert rows(scene) - before <= 60 + A_SECOND * (scene.now - begun) + 10

    truth = {**phones(30), phone(115): DOWN}
    for target, health in truth.items():
        scene.event(target, health)
    scene.live(1800, truth)

    believed = {target: scene.db.states[target, Check.REACHABILITY].belief for target in truth}
    assert believed == truth
    assert connection(scene)[0] is Health.UP
    assert any("everything is booked again" in line for line in scene.log)


def test_a_trunk_is_told_in_time_while_phones_use_up_all_that_may_be_booked() -> None:
    scene = Scene(QUICK)
    truth = {**phones(30), trunk(): UP}
    scene.see(trunk_settings(trunk()))
    scene.live(10, truth)
    flap(scene, 30, 80)
    assert scene.monitor._pbxs["office"].limits.put_off

    truth[trunk()] = DOWN
    scene.event(trunk(), DOWN)
    scene.live(90, truth)

    assert scene.db.states[trunk(), Check.REACHABILITY].belief is DOWN


def test_a_pbx_that_lists_its_endpoints_now_and_not_then_is_booked_within_the_limit() -> None:
    scene = Scene(QUICK)
    scene.live(10, phones(30))
    before, begun = rows(scene), scene.now

    for _ in range(60):
        scene.snapshot({})
        scene.after(1)
        scene.snapshot(phones(30))
        scene.after(1)

    assert rows(scene) - before <= 60 + A_SECOND * (scene.now - begun) + 10

    scene.live(600, phones(30))
    states = [scene.db.states[target, Check.REACHABILITY] for target in phones(30)]
    assert {(state.belief, state.unknown_because) for state in states} == {(UP, "")}


def test_names_that_come_and_go_are_watched_within_the_limit() -> None:
    scene = Scene(QUICK)
    scene.live(10, phones(1))

    for number in range(1000):
        scene.snapshot({phone(number): UP})
        scene.removed(phone(number))

    assert len({one.target for one in scene.db.transitions}) <= 60
    assert CHANGES in scene.monitor._pbxs["office"].limits.in_words()


def test_real_limits_leave_out_nothing_when_20000_phones_begin_their_shift_move_and_fall_several_times(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A twentieth of the limits for a twentieth of the phones."""
    for name in ("CHANGES_AT_ONCE", "PLACES_AT_ONCE", "MEASUREMENTS_AT_ONCE", "KEPT_FOR_PROVIDERS"):
        monkeypatch.setattr(limits, name, getattr(limits, name) // 20)
    count = 20_000 // 20
    scene = Scene(QUICK)
    targets = [phone(100_000 + number) for number in range(count)]
    scene.snapshot(dict.fromkeys(targets, DOWN))
    scene.see(*(settings(target) for target in targets))
    for turn, health in enumerate((UP, DOWN, UP, DOWN)):
        truth = dict.fromkeys(targets, health)
        scene.snapshot(truth)
        scene.after(240)
        scene.answer_all(truth)
        if turn == 0:
            for number, target in enumerate(targets):
                move(scene, target, number)

    pbx = scene.monitor._pbxs["office"]
    pbx.limits.review(scene.now)
    assert pbx.limits.in_words() == ""
    assert {scene.db.states[target, Check.REACHABILITY].belief for target in targets} == {DOWN}


def test_an_allowance_refills_in_time_and_never_beyond_what_may_come_at_once() -> None:
    allowance = Allowance(10, 1.0, START)
    allowance.spend(10, START)
    assert not allowance.has_room(START)
    assert allowance.has_room(START + 1)
    assert not allowance.has_room(START + 5, kept=5)

    allowance.spend(10, START + 1000)
    assert not allowance.has_room(START + 1000)


def test_what_is_left_out_is_told_until_nothing_was_for_half_a_minute_also_when_the_clock_is_set() -> None:
    wall = Wall()
    kept = Limits(START, wall)
    kept.measurements.leave_out(3, START)

    assert kept.review(START + 1) == kept.in_words()
    assert kept.in_words().startswith("more changes than are booked: 3 round trips were left out since ")
    wall.ahead = 3600
    assert kept.review(START + 29) == ""
    assert kept.in_words()
    assert kept.review(START + 30).startswith("everything is booked again; ")
    assert kept.in_words() == ""
