"""What only we cannot see is not down (rule 13a): a wrong password, a name that is not found, TLS, our own network."""

from __future__ import annotations

import pytest

from healthmon.errors import Trouble
from healthmon.model import Check, Ending, Health, Incident, Reason, Said, Target
from tests.core.scene import DEGRADED, DOWN, START, UNKNOWN, UP, Scene, config, pbx_config, phone, trunk, trunk_settings

OFFICE = Target("office")
CONNECTION = (OFFICE, Check.CONNECTION)
TRUNK = trunk()
#: The hold of the office is 15 s down, 10 s up; it is asked each second.
ROUND = 1.0


@pytest.fixture
def scene() -> Scene:
    """A trunk and a phone, all well."""
    scene = Scene(config())
    scene.snapshot({TRUNK: UP, phone(): UP})
    scene.see(trunk_settings(TRUNK))
    return scene


def meets(scene: Scene, trouble: Trouble, seconds: float) -> None:
    """Every look meets this for so long."""
    for _ in range(int(seconds / ROUND)):
        scene.after(ROUND)
        scene.report(trouble)
        scene.deliver()


def answers(scene: Scene, seconds: float) -> None:
    for _ in range(int(seconds / ROUND)):
        scene.after(ROUND)
        scene.snapshot({TRUNK: UP, phone(): UP})
        scene.deliver()


def the_incident(scene: Scene) -> Incident:
    [incident] = [one for one in scene.db.incidents.values() if one.target == OFFICE]
    return incident


def the_newest(scene: Scene) -> Incident:
    return max(scene.db.incidents.values(), key=lambda incident: incident.id)


def told(scene: Scene) -> list[tuple[Reason, str]]:
    """What the boss was told, and what that makes him believe."""
    return [(reason, said) for url, reason, _, said in scene.sent if url == "oncall/boss"]


@pytest.mark.parametrize("trouble", [one for one in Trouble if one.is_ours])
def test_what_only_we_cannot_see_is_an_incident_with_health_unknown_and_as_urgent_as_before(
    scene: Scene, trouble: Trouble
) -> None:
    meets(scene, trouble, 14)
    assert scene.open() == []

    meets(scene, trouble, 8)

    incident = the_incident(scene)
    assert (incident.health, incident.opened_at, incident.severity) == (UNKNOWN, START + 1, "critical")
    assert not incident.was_down
    assert told(scene) == [(Reason.OPENED, Said.UNSEEN)]
    assert scene.state(*CONNECTION).belief is UNKNOWN


@pytest.mark.parametrize("trouble", [Trouble.REFUSED, Trouble.TIMED_OUT, Trouble.CLOSED, Trouble.SILENT])
def test_refused_silent_and_frozen_are_down_as_before(scene: Scene, trouble: Trouble) -> None:
    meets(scene, trouble, 22)

    assert the_incident(scene).health is DOWN
    assert told(scene) == [(Reason.OPENED, Said.DOWN)]


def test_a_wrong_password_from_the_start_is_told_as_well(scene: Scene) -> None:
    fresh = Scene(config())
    meets(fresh, Trouble.DENIED, 22)

    assert the_incident(fresh).health is UNKNOWN
    assert told(fresh) == [(Reason.OPENED, Said.UNSEEN)]


def test_the_end_is_told_and_the_time_was_unknown(scene: Scene) -> None:
    meets(scene, Trouble.DENIED, 60)
    answers(scene, 20)

    incident = the_incident(scene)
    assert (incident.health, incident.ending, incident.closed_at) == (UNKNOWN, Ending.RECOVERED, START + 61)
    assert told(scene) == [(Reason.OPENED, Said.UNSEEN), (Reason.RESOLVED, Said.UP)]
    assert scene.transitions(*CONNECTION) == [UP, UNKNOWN, UP]


def test_two_kinds_of_trouble_in_turns_are_told_as_soon_as_each_alone(scene: Scene) -> None:
    for number in range(22):
        meets(scene, (Trouble.DENIED, Trouble.REFUSED)[number % 2], 1)

    assert the_incident(scene).health in (UNKNOWN, DOWN)
    assert the_incident(scene).believed_at <= START + 17


def test_refused_then_401_after_a_restart_is_one_incident_and_ends_as_up(scene: Scene) -> None:
    meets(scene, Trouble.REFUSED, 30)
    meets(scene, Trouble.DENIED, 9)
    assert the_incident(scene).health is DOWN

    meets(scene, Trouble.DENIED, 20)
    assert the_incident(scene).health is UNKNOWN
    assert the_incident(scene).cause == "denied"
    answers(scene, 20)

    incident = the_incident(scene)
    # It was down, however it ended.
    assert (incident.health, incident.was_down) == (DOWN, True)
    assert told(scene) == [
        (Reason.OPENED, Said.DOWN),
        (Reason.CHANGED, Said.UNSEEN),
        (Reason.RESOLVED, Said.UP),
    ]
    assert scene.transitions(*CONNECTION) == [UP, DOWN, UNKNOWN, UP]


def test_401_then_refused_is_down_after_the_hold_time_and_not_before(scene: Scene) -> None:
    meets(scene, Trouble.DENIED, 60)
    meets(scene, Trouble.REFUSED, 14)
    assert the_incident(scene).health is UNKNOWN

    meets(scene, Trouble.REFUSED, 10)

    assert (the_incident(scene).health, scene.state(*CONNECTION).since) == (DOWN, START + 61)
    assert told(scene)[-1] == (Reason.CHANGED, Said.DOWN)


def test_one_outage_has_one_length_also_where_it_was_not_seen_before(scene: Scene) -> None:
    meets(scene, Trouble.DENIED, 30)
    meets(scene, Trouble.REFUSED, 60)
    was = the_incident(scene)
    assert was.opened_at < was.since == scene.state(*CONNECTION).since

    # Not to see it in between is a part of the outage.
    meets(scene, Trouble.DENIED, 60)
    meets(scene, Trouble.REFUSED, 60)
    assert the_incident(scene).since == was.since


def test_a_restart_while_it_cannot_be_seen_is_told_to_nobody(scene: Scene) -> None:
    meets(scene, Trouble.DENIED, 30)
    meets(scene, Trouble.REFUSED, 10)
    meets(scene, Trouble.DENIED, 30)

    assert the_incident(scene).health is UNKNOWN
    assert told(scene) == [(Reason.OPENED, Said.UNSEEN)]


def test_events_lost_after_it_is_seen_again_are_degraded(scene: Scene) -> None:
    meets(scene, Trouble.DENIED, 30)
    scene.report(remark="the certificate ends in 9 days")
    scene.after(11)
    scene.report(remark="the certificate ends in 9 days")
    scene.after(5)
    scene.deliver()

    assert the_incident(scene).health is DEGRADED
    assert told(scene)[-1] == (Reason.CHANGED, Said.DEGRADED)


def test_it_explains_no_phone_whose_outage_waits_to_be_told_which_is_told_when_it_can_be_seen(scene: Scene) -> None:
    scene.lose(TRUNK)
    scene.after(31)
    scene.answer_all({TRUNK: DOWN})
    [provider] = scene.open(TRUNK)
    scene.db.dead_urls.add("oncall/boss")

    meets(scene, Trouble.DENIED, 25)
    scene.db.dead_urls.clear()
    scene.deliver()

    assert scene.db.incidents[provider.id].explained_by is None
    assert told(scene) == [(Reason.OPENED, Said.UNSEEN)]
    for _ in range(15):
        scene.after(ROUND)
        scene.snapshot({TRUNK: DOWN, phone(): UP})
        scene.deliver()
    assert told(scene) == [(Reason.OPENED, Said.UNSEEN), (Reason.OPENED, Said.DOWN), (Reason.RESOLVED, Said.UP)]


def test_what_its_outage_explained_waits_while_it_cannot_be_seen(scene: Scene) -> None:
    scene.lose(TRUNK)
    scene.after(31)
    scene.answer_all({TRUNK: DOWN})
    [provider] = scene.open(TRUNK)
    scene.db.dead_urls.add("oncall/boss")
    meets(scene, Trouble.REFUSED, 20)
    scene.db.dead_urls.clear()

    meets(scene, Trouble.DENIED, 60)

    assert scene.db.incidents[provider.id].explained_by == the_incident(scene).id
    # Both speak of the PBX.
    assert told(scene) == [(Reason.OPENED, Said.DOWN), (Reason.CHANGED, Said.UNSEEN)]


def test_reminders_and_acknowledgement_are_those_of_an_outage() -> None:
    scene = Scene(config(pbx_config(remind_every=(60.0,))))
    scene.snapshot({TRUNK: UP})
    meets(scene, Trouble.DENIED, 100)
    assert told(scene) == [(Reason.OPENED, Said.UNSEEN), (Reason.REMINDER, Said.UNSEEN)]

    scene.acknowledge(the_incident(scene))
    meets(scene, Trouble.DENIED, 200)

    assert len(told(scene)) == 2


def test_healthmon_restarted_while_it_cannot_be_seen_tells_nothing_anew(scene: Scene) -> None:
    meets(scene, Trouble.DENIED, 30)
    again = scene.restart()
    meets(again, Trouble.DENIED, 60)
    answers(again, 20)

    assert told(again) == [(Reason.RESOLVED, Said.UP)]
    assert the_incident(again).health is UNKNOWN


def test_coming_and_going_is_flapping_as_an_outage_is(scene: Scene) -> None:
    for _ in range(6):
        meets(scene, Trouble.NO_NETWORK, 20)
        answers(scene, 15)

    assert Reason.FLAPPING in [reason for reason, _ in told(scene)]


def test_what_lasts_is_told_though_it_flapped_as_an_outage_is(scene: Scene) -> None:
    for _ in range(6):
        meets(scene, Trouble.NO_NETWORK, 20)
        answers(scene, 15)
    told_before = len(told(scene))

    meets(scene, Trouble.NO_NETWORK, 90)

    assert the_newest(scene).health is UNKNOWN
    assert (Reason.STABLE, Said.UNSEEN) in told(scene)[told_before:]


def test_status_says_which_hold_is_in_force(scene: Scene) -> None:
    meets(scene, Trouble.DENIED, 5)
    assert (scene.state(*CONNECTION).pending, scene.state(*CONNECTION).pending_hold) == (UNKNOWN, 15)
    meets(scene, Trouble.REFUSED, 30)

    meets(scene, Trouble.DENIED, 3)

    # From down to not to be seen is an improvement.
    assert (scene.state(*CONNECTION).pending, scene.state(*CONNECTION).pending_hold) == (UNKNOWN, 10)


def test_health_of_a_closed_incident_says_that_it_was_down_at_any_time(scene: Scene) -> None:
    meets(scene, Trouble.DENIED, 30)
    meets(scene, Trouble.REFUSED, 30)
    meets(scene, Trouble.DENIED, 30)
    assert the_incident(scene).health is Health.UNKNOWN

    answers(scene, 20)

    assert the_incident(scene).health is Health.DOWN
