"""Healthmon was stopped, or its machine frozen: what happened meanwhile is unknown, and nothing false is told."""

from __future__ import annotations

import pytest

from healthmon.core.belief.pbx import STOOD_STILL
from healthmon.errors import Trouble
from healthmon.model import Check, Target, UnknownPeriod
from tests.core.scene import DOWN, START, UP, Scene, phone, settings, trunk, trunk_settings

OFFICE, TRUNK, PHONE = Target("office"), trunk(), phone()
TRUTH = {TRUNK: UP, PHONE: UP}


@pytest.fixture
def scene() -> Scene:
    """A trunk and a phone that are up."""
    scene = Scene()
    scene.see(trunk_settings(TRUNK), settings(PHONE))
    scene.report()
    scene.snapshot(TRUTH)
    return scene


def unknown(scene: Scene) -> list[UnknownPeriod]:
    """When nothing behind the PBX could be seen, but for the time before the first look."""
    periods = scene.db.unknown_periods.values()
    return [one for one in periods if (one.target, one.check) == (OFFICE, Check.REACHABILITY) and one.since > START]


def test_time_in_which_healthmon_stood_still_is_unknown_until_a_snapshot_that_was_asked_for_afterwards(
    scene: Scene,
) -> None:
    scene.after(20)
    scene.questions.clear()
    scene.stand_still(65)

    assert [(one.since, one.until, one.why) for one in unknown(scene)] == [(START + 20, None, STOOD_STILL)]
    assert [question.wants_snapshot for question in scene.questions] == [True]
    # It was on its way while we were stopped.
    scene.snapshot(TRUTH, asked_at=scene.now - 1)
    assert scene.db.pbx_states["office"].blind_why == STOOD_STILL

    scene.after(1)
    scene.snapshot(TRUTH)

    assert [(one.since, one.until) for one in unknown(scene)] == [(START + 20, START + 86)]
    connection = [one for one in scene.db.unknown_periods.values() if one.check == Check.CONNECTION]
    assert [(one.since, one.until) for one in connection] == [(START + 20, START + 86)]
    assert [scene.belief(target) for target in TRUTH] == [UP, UP]
    assert scene.db.notifications == {}


def test_hold_of_what_was_pending_before_a_standstill_does_not_run_through_it(scene: Scene) -> None:
    scene.after(20)
    scene.lose(TRUNK)
    scene.after(10)
    scene.stand_still(65)
    scene.snapshot({TRUNK: DOWN, PHONE: UP})
    scene.questions.clear()

    scene.after(19)
    assert (scene.belief(TRUNK), scene.questions) == (UP, [])
    scene.after(2)
    [question] = scene.questions
    assert question.targets == (TRUNK,)
    scene.answer(TRUNK, DOWN)

    assert scene.belief(TRUNK) is DOWN
    assert scene.state(TRUNK).since == START + 20


def test_what_came_back_while_healthmon_stood_still_is_not_told(scene: Scene) -> None:
    scene.after(20)
    scene.lose(TRUNK)
    scene.after(29)
    scene.stand_still(65)
    scene.live(300, TRUTH)

    assert scene.db.notifications == {}
    assert scene.state(TRUNK).pending is None


def test_outage_of_a_pbx_that_had_begun_before_a_standstill_is_not_believed_because_of_it(scene: Scene) -> None:
    scene.after(20)
    scene.report(Trouble.REFUSED, words="refused")
    scene.after(5)
    scene.stand_still(65)
    scene.report(Trouble.REFUSED, words="refused")
    assert scene.open() == []

    scene.after(11)
    scene.report(Trouble.REFUSED, words="refused")

    [incident] = scene.open()
    assert (incident.target, incident.check) == (OFFICE, Check.CONNECTION)


def test_look_that_was_begun_before_a_standstill_and_timed_out_in_it_says_nothing(scene: Scene) -> None:
    scene.after(20)
    scene.stand_still(65)
    scene.report(Trouble.TIMED_OUT, words="timed out after 5 s", asked_at=START + 19)

    assert scene.db.pbx_states["office"].blind_why == STOOD_STILL
    assert scene.state(OFFICE, Check.CONNECTION).pending is None


def test_pbx_that_was_blind_before_a_standstill_stays_so_with_its_reason(scene: Scene) -> None:
    scene.after(20)
    scene.report(Trouble.REFUSED, words="refused", alive_at=START + 18)
    scene.stand_still(65)
    scene.snapshot(TRUTH)

    assert [(one.since, one.until, one.why) for one in unknown(scene)] == [(START + 18, START + 85, "refused")]


def test_outage_that_lasts_over_a_standstill_stays_one_incident(scene: Scene) -> None:
    truth = {TRUNK: DOWN, PHONE: UP}
    scene.after(20)
    scene.lose(TRUNK)
    scene.live(60, truth)
    sent = list(scene.sent)
    assert len(sent) == 1

    scene.stand_still(65)
    scene.live(120, truth)

    assert scene.sent == sent
    assert len(scene.open(TRUNK)) == 1
