"""A restart of Asterisk is an event of its own: booked once, told where somebody wants that."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from healthmon.model import Check, Ending, Health, Matcher, Reason, Said, Severity, Target
from tests.core.scene import START, UP, Scene, config, pbx_config, trunk

OFFICE = Target("office")
TRUNK = trunk()


def scene_that(*, tells: bool) -> Scene:
    scene = Scene(config(pbx_config(tell_restarts=tells)))
    scene.snapshot({TRUNK: UP}, startup="boot 1")
    return scene


@pytest.fixture
def scene() -> Scene:
    return scene_that(tells=True)


def restart(scene: Scene, startup: str) -> None:
    scene.after(10)
    scene.snapshot({TRUNK: UP}, startup=startup)
    scene.after(5)
    scene.deliver()


def booked(scene: Scene) -> list[tuple[float, str]]:
    return [(one.at, one.startup_time) for one in scene.db.restarts]


def test_the_first_look_at_a_pbx_is_no_restart(scene: Scene) -> None:
    assert scene.db.restarts == []


def test_a_restart_is_a_row_and_told_to_nobody_unless_tell_restarts_says_so() -> None:
    scene = scene_that(tells=False)

    restart(scene, "boot 2")

    assert booked(scene) == [(START + 10, "boot 2")]
    assert scene.sent == []
    assert scene.db.incidents == {}


def test_a_restart_is_told_once_and_nothing_follows(scene: Scene) -> None:
    restart(scene, "boot 2")
    scene.live(600, {TRUNK: UP})

    assert [(url, reason, said) for url, reason, _, said in scene.sent] == [("oncall/boss", Reason.RESTARTED, Said.UP)]
    [event] = scene.db.incidents.values()
    assert (event.check, event.health, event.severity) == (Check.RESTART, Health.UP, Severity.INFO)
    assert (event.opened_at, event.closed_at, event.ending) == (START + 10, START + 10, Ending.MOMENT)
    assert scene.open() == []


def test_a_restart_while_healthmon_did_not_run_counts_once(scene: Scene) -> None:
    again = scene.restart(gap=300)
    restart(again, "boot 2")
    third = again.restart()
    restart(third, "boot 2")

    assert [startup for _, startup in booked(third)] == ["boot 2"]
    assert [reason for _, reason, _, _ in (*again.sent, *third.sent)] == [Reason.RESTARTED]


def test_a_restart_that_waits_to_be_told_is_told_by_the_next_healthmon(scene: Scene) -> None:
    scene.db.dead_urls.add("oncall/boss")
    restart(scene, "boot 2")
    again = scene.restart()
    scene.db.dead_urls.clear()

    again.live(60, {TRUNK: UP})

    assert [reason for _, reason, _, _ in again.sent] == [Reason.RESTARTED]


def test_a_restart_in_a_silence_is_booked_and_never_told(scene: Scene) -> None:
    scene.silence(Matcher(pbxs=("office",)), 60)
    restart(scene, "boot 2")
    scene.live(600, {TRUNK: UP})

    assert len(scene.db.restarts) == 1
    assert scene.sent == []
    assert [note.words for note in scene.db.notes] == ["told nobody: silence 1"]


def test_a_restart_is_booked_for_when_asterisk_was_started_and_not_before_it_was_last_seen(scene: Scene) -> None:
    again = scene.restart(gap=3600)
    again.snapshot({TRUNK: UP}, startup="boot 2", running_for=600)
    again.after(10)
    again.snapshot({TRUNK: UP}, startup="boot 3", running_for=600)

    assert booked(again) == [(START + 3000, "boot 2"), (START + 3600, "boot 3")]


def test_each_restart_is_told_for_itself(scene: Scene) -> None:
    restart(scene, "boot 2")
    restart(scene, "boot 3")

    assert [reason for _, reason, _, _ in scene.sent] == [Reason.RESTARTED, Reason.RESTARTED]
    assert len(scene.db.restarts) == 2


def test_tell_restarts_holds_from_a_reload_on(scene: Scene) -> None:
    scene.reconfigure(config(pbx_config(tell_restarts=False)))
    restart(scene, "boot 2")
    scene.reconfigure(config(replace(pbx_config(), tell_restarts=True)))
    restart(scene, "boot 3")

    assert len(scene.sent) == 1
