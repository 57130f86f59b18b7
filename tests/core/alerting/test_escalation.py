"""Nobody took note in time, so somebody else is told: once, also across restarts, and of the end as well."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from healthmon.config.configuration import Config
from healthmon.config.sections.receiver import ReceiverConfig, ReceiverUrl
from healthmon.config.sections.shared import Escalation, Secret
from healthmon.config.sections.watch import WatchConfig
from healthmon.errors import Trouble
from healthmon.model import Health, Matcher, Reason, Said, Target
from healthmon.times.weekly import Weekly
from tests.core.scene import DOWN, PHONES, PROVIDERS, START, UP, Scene, config, pbx_config, phone, trunk, trunk_settings

BOSS, CHIEF, DIRECTOR = "oncall/boss", "chief/pager", "director/sms"
OFFICE, TRUNK = Target("office"), trunk("a")
QUARTER = 900.0


def escalating(watch: WatchConfig = PROVIDERS, **changes: object) -> Config:
    """Providers are told to those on call, after a quarter of an hour to the chief, after an hour to the director."""
    steps = (Escalation("chief", QUARTER), Escalation("director", 3600.0))
    base = config(pbx_config(escalate_to=steps[:1]), watches=(replace(watch, escalate_to=steps), PHONES))
    late = tuple(
        ReceiverConfig(url_id.partition("/")[0], (ReceiverUrl(url_id, Secret("x://")),)) for url_id in (CHIEF, DIRECTOR)
    )
    return replace(base, receivers=(*base.receivers, *late), **changes)


def watched(conf: Config | None = None) -> tuple[Scene, dict[Target, Health]]:
    """A provider and a phone that are up."""
    scene = Scene(conf or escalating())
    scene.see(trunk_settings(TRUNK))
    truth = {TRUNK: UP, phone(101): UP}
    scene.live(60, truth)
    return scene, truth


def goes(scene: Scene, truth: dict[Target, Health], health: Health, seconds: float = 120) -> None:
    """The provider changes, and stays so."""
    truth[TRUNK] = health
    scene.live(seconds, truth, step=20)


def told(scene: Scene) -> list[tuple[str, Reason]]:
    """Who was told what, one after the other."""
    return [(url, reason) for url, reason, _, _ in scene.sent]


def test_when_nobody_takes_note_one_after_the_other_is_told_and_all_hear_of_the_end() -> None:
    scene, truth = watched()
    goes(scene, truth, DOWN, 120)
    assert told(scene) == [(BOSS, Reason.OPENED)]

    scene.live(QUARTER - 120, truth)
    assert told(scene)[1:] == []
    scene.live(120, truth)
    assert told(scene)[1:] == [(CHIEF, Reason.ESCALATED)]

    scene.live(3600 - QUARTER, truth)
    assert told(scene)[2:] == [(DIRECTOR, Reason.ESCALATED)]

    goes(scene, truth, UP)
    assert sorted(told(scene)[3:]) == [(CHIEF, Reason.RESOLVED), (DIRECTOR, Reason.RESOLVED), (BOSS, Reason.RESOLVED)]


def test_whoever_is_not_told_in_time_hears_nothing() -> None:
    scene, truth = watched()
    goes(scene, truth, DOWN, 600)
    goes(scene, truth, UP)

    assert told(scene) == [(BOSS, Reason.OPENED), (BOSS, Reason.RESOLVED)]


def test_who_takes_note_spares_the_others() -> None:
    scene, truth = watched()
    goes(scene, truth, DOWN, 600)
    scene.acknowledge(scene.open(TRUNK)[0])
    scene.live(7200, truth, step=60)
    goes(scene, truth, UP)

    assert told(scene) == [(BOSS, Reason.OPENED), (BOSS, Reason.RESOLVED)]


def test_who_takes_note_after_the_first_step_spares_the_second() -> None:
    scene, truth = watched()
    goes(scene, truth, DOWN, QUARTER + 120)
    scene.acknowledge(scene.open(TRUNK)[0])
    scene.live(7200, truth, step=60)

    assert told(scene) == [(BOSS, Reason.OPENED), (CHIEF, Reason.ESCALATED)]


@pytest.mark.parametrize("stops_after", [300.0, QUARTER - 30, QUARTER + 60])
@pytest.mark.parametrize("gap", [5.0, 600.0])
def test_restarts_neither_forget_nor_repeat_it(stops_after: float, gap: float) -> None:
    scene, truth = watched()
    goes(scene, truth, DOWN, stops_after)
    before = told(scene)

    scene = scene.restart(gap=gap)
    scene.live(QUARTER, truth, step=20)
    scene = scene.restart()
    scene.live(120, truth, step=20)

    assert len(scene.booked(Reason.ESCALATED)) == 1
    assert [one.url_id for one in scene.booked(Reason.ESCALATED)] == [CHIEF]
    assert before.count((CHIEF, Reason.ESCALATED)) in (0, 1)


def test_after_a_restart_the_chief_hears_of_the_end() -> None:
    scene, truth = watched()
    goes(scene, truth, DOWN, QUARTER + 120)

    scene = scene.restart()
    goes(scene, truth, UP)

    assert sorted(told(scene)) == [(CHIEF, Reason.RESOLVED), (BOSS, Reason.RESOLVED)]


def test_a_silence_holds_it_back_and_it_is_told_at_the_end() -> None:
    scene, truth = watched()
    goes(scene, truth, DOWN, 600)
    scene.silence(Matcher(), 1800)
    scene.live(1700, truth, step=20)
    assert told(scene) == [(BOSS, Reason.OPENED)]

    scene.live(200, truth, step=20)

    assert told(scene)[1:] == [(CHIEF, Reason.ESCALATED)]


def test_what_is_told_when_a_silence_ends_counts_from_there() -> None:
    scene, truth = watched()
    scene.silence(Matcher(), 7200)
    goes(scene, truth, DOWN, 7200)
    scene.live(600, truth, step=20)
    assert told(scene) == [(BOSS, Reason.OPENED)]

    scene.live(400, truth, step=20)

    assert told(scene)[1:] == [(CHIEF, Reason.ESCALATED)]


def test_in_the_morning_people_have_their_time_too() -> None:
    begins = int(START % 86400 // 60) + 60
    hours = (Weekly(frozenset(range(7)), begins % 1440, (begins + 600) % 1440, ZoneInfo("UTC")),)
    scene, truth = watched(escalating(replace(PROVIDERS, working_hours=hours)))
    goes(scene, truth, DOWN, 3600)
    scene.live(600, truth, step=20)
    assert told(scene) == [(BOSS, Reason.OPENED)]

    scene.live(600, truth, step=20)

    assert told(scene)[1:] == [(CHIEF, Reason.ESCALATED)]


def test_what_the_pbx_explains_is_not_escalated_and_the_pbx_itself_is() -> None:
    scene, _ = watched()
    scene.report(Trouble.REFUSED)
    scene.event(TRUNK, DOWN)
    scene.after(60).report(Trouble.REFUSED)
    for _ in range(40):
        scene.after(30).report(Trouble.REFUSED)
        scene.deliver()

    assert told(scene) == [(BOSS, Reason.OPENED), (CHIEF, Reason.ESCALATED)]
    assert {scene.db.incidents[number].target for _, _, number, _ in scene.sent} == {Target("office")}


def test_an_escalation_that_waits_is_explained_away_and_comes_back() -> None:
    scene, truth = watched()
    goes(scene, truth, DOWN, 600)
    scene.after(400)
    assert [one.url_id for one in scene.booked(Reason.ESCALATED)] == [CHIEF]
    scene.report(Trouble.REFUSED)
    scene.after(60).report(Trouble.REFUSED)
    scene.after(10)
    assert scene.db.told[scene.open(TRUNK)[0].id, CHIEF].waiting == frozenset()

    scene.report()
    scene.live(300, truth, step=20)

    escalated = [(one.incident_id, one.serial > 0) for one in scene.booked(Reason.ESCALATED)]
    assert escalated == [(scene.open(TRUNK)[0].id, False), (scene.open(TRUNK)[0].id, True)]
    assert (CHIEF, Reason.ESCALATED) in told(scene)


def test_where_nobody_is_told_at_once_the_time_counts_from_the_outage() -> None:
    scene, truth = watched(escalating(replace(PROVIDERS, receivers=())))
    goes(scene, truth, DOWN, QUARTER - 60)
    assert told(scene) == []

    scene.live(180, truth)

    assert told(scene) == [(CHIEF, Reason.ESCALATED)]


def test_whoever_is_told_at_once_is_not_told_again() -> None:
    scene, truth = watched(escalating(replace(PROVIDERS, receivers=("oncall", "chief"))))
    goes(scene, truth, DOWN, 1200)

    assert sorted(told(scene)) == [(CHIEF, Reason.OPENED), (BOSS, Reason.OPENED)]


def test_reminders_go_to_whoever_was_told() -> None:
    scene, truth = watched(escalating(replace(PROVIDERS, remind_every=(1800.0,))))
    goes(scene, truth, DOWN, 120)
    scene.live(3000, truth, step=20)

    assert sorted(told(scene)[2:]) == [(CHIEF, Reason.REMINDER), (BOSS, Reason.REMINDER)]


def test_a_reload_that_takes_the_step_away_leaves_whoever_was_told_with_the_truth() -> None:
    scene, truth = watched()
    goes(scene, truth, DOWN, QUARTER + 120)

    scene.reconfigure(replace(escalating(), watches=(PROVIDERS, PHONES)))
    goes(scene, truth, UP)

    assert (CHIEF, Reason.RESOLVED) in told(scene)


def test_a_clock_that_is_set_moves_nothing() -> None:
    scene, truth = watched()
    goes(scene, truth, DOWN, 300)

    scene.set_clock(3600)
    scene.live(300, truth)
    assert told(scene) == [(BOSS, Reason.OPENED)]

    scene.live(400, truth)
    assert told(scene)[1:] == [(CHIEF, Reason.ESCALATED)]


def cannot_see(scene: Scene, seconds: float) -> None:
    """Every look at the PBX meets a wrong password for so long."""
    for _ in range(int(seconds / 10)):
        scene.after(10)
        scene.report(Trouble.DENIED)
        scene.deliver()


def test_cannot_see_is_told_to_the_chief_too_where_nobody_takes_note_and_so_is_its_end() -> None:
    scene, truth = watched()
    cannot_see(scene, QUARTER)
    assert told(scene) == [(BOSS, Reason.OPENED)]

    cannot_see(scene, 120)
    assert [(url, reason, said) for url, reason, _, said in scene.sent] == [
        (BOSS, Reason.OPENED, Said.UNSEEN),
        (CHIEF, Reason.ESCALATED, Said.UNSEEN),
    ]

    scene.live(120, truth)
    assert sorted(told(scene)[2:]) == [(CHIEF, Reason.RESOLVED), (BOSS, Reason.RESOLVED)]


def test_who_takes_note_of_cannot_see_spares_the_chief() -> None:
    scene, truth = watched()
    cannot_see(scene, 600)
    scene.acknowledge(scene.open(OFFICE)[0])
    cannot_see(scene, 3600)
    scene.live(120, truth)

    assert told(scene) == [(BOSS, Reason.OPENED), (BOSS, Reason.RESOLVED)]
