"""People in the loop: silences, maintenance windows and acknowledgements, and what is told at their ends."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from healthmon.config.configuration import Config
from healthmon.config.sections.maintenance import MaintenanceConfig
from healthmon.model import Acknowledgement, Changes, Commands, Health, Kind, Matcher, Reason, Target
from healthmon.times.weekly import Weekly
from tests.core.scene import DOWN, PHONES, PROVIDERS, START, UP, Scene, config, phone, trunk, trunk_settings

BOSS = "oncall/boss"
TRUNK = trunk("a")
EVERYTHING = Matcher()
DAILY = frozenset(range(7))
REMINDING = config(watches=(replace(PROVIDERS, remind_every=(300.0,)), PHONES))


def watched(conf: Config | None = None) -> tuple[Scene, dict[Target, Health]]:
    """A provider and a phone that are up."""
    scene = Scene(conf)
    scene.see(trunk_settings(TRUNK))
    truth = {TRUNK: UP, phone(101): UP}
    scene.live(60, truth)
    return scene, truth


def goes(scene: Scene, truth: dict[Target, Health], health: Health, seconds: float = 120) -> None:
    """The provider changes, and stays so."""
    truth[TRUNK] = health
    scene.live(seconds, truth)


def told(scene: Scene) -> list[Reason]:
    """What the boss was told, one after the other."""
    return [reason for url, reason, _, _ in scene.sent if url == BOSS]


def test_an_outage_within_a_silence_is_recorded_and_told_to_nobody() -> None:
    scene, truth = watched()
    scene.silence(EVERYTHING, 3600)

    goes(scene, truth, DOWN)
    goes(scene, truth, UP)
    scene.live(4000, truth)

    assert told(scene) == []
    assert [one.muted_by for one in scene.db.incidents.values()] == ["silence 1"]
    assert scene.db.notes[0].words == "silence 1: from now on nobody is told"


def test_silence_ends_while_still_down_tells_then() -> None:
    scene, truth = watched()
    scene.silence(EVERYTHING, 600)
    goes(scene, truth, DOWN)
    assert told(scene) == []

    scene.live(600, truth)
    assert told(scene) == [Reason.OPENED]
    assert scene.db.notes[-1].words == "silence 1 is over"

    goes(scene, truth, UP)
    assert told(scene) == [Reason.OPENED, Reason.RESOLVED]


def test_a_silence_that_is_ended_early_ends_then() -> None:
    scene, truth = watched()
    scene.silence(EVERYTHING, 86400)
    goes(scene, truth, DOWN)

    scene.end_silences()
    scene.live(30, truth)

    assert told(scene) == [Reason.OPENED]


def test_whoever_was_told_down_hears_of_the_recovery_in_the_silence() -> None:
    scene, truth = watched()
    goes(scene, truth, DOWN)

    scene.silence(EVERYTHING, 86400)
    goes(scene, truth, UP)

    assert told(scene) == [Reason.OPENED, Reason.RESOLVED]


def test_a_message_that_waits_when_the_silence_begins_is_held_back_until_its_end() -> None:
    scene, truth = watched()
    scene.db.dead_urls.add("oncall/boss")
    goes(scene, truth, DOWN)
    assert len(scene.booked(Reason.OPENED)) == 1

    scene.silence(EVERYTHING, 3600)
    scene.db.dead_urls.clear()
    scene.live(1000, truth)
    assert told(scene) == []

    scene.live(3000, truth)
    assert told(scene) == [Reason.OPENED]


def test_a_message_that_was_held_back_is_dropped_when_the_outage_is_over_before_the_silence() -> None:
    scene, truth = watched()
    scene.db.dead_urls.add("oncall/boss")
    goes(scene, truth, DOWN)
    scene.silence(EVERYTHING, 3600)
    scene.db.dead_urls.clear()

    goes(scene, truth, UP)
    scene.live(5000, truth)

    assert told(scene) == []


def test_a_silence_survives_a_restart_and_ends_on_time() -> None:
    scene, truth = watched()
    scene.silence(EVERYTHING, 600)
    goes(scene, truth, DOWN)

    scene = scene.restart()
    scene.live(120, truth)
    assert told(scene) == []

    scene.live(600, truth)
    assert told(scene) == [Reason.OPENED]


def test_a_silence_that_ended_while_healthmon_was_stopped_is_over_at_the_start() -> None:
    scene, truth = watched()
    scene.silence(EVERYTHING, 600)
    goes(scene, truth, DOWN)

    scene = scene.restart(gap=3600)
    scene.live(120, truth)

    assert told(scene) == [Reason.OPENED]


def test_a_silence_lasts_as_long_as_it_was_to_last_also_when_the_clock_is_set() -> None:
    scene, truth = watched()
    scene.silence(EVERYTHING, 600)
    goes(scene, truth, DOWN)

    scene.set_clock(3600)
    scene.live(120, truth)
    assert told(scene) == []

    scene.live(600, truth)
    assert told(scene) == [Reason.OPENED]


def test_what_a_silence_does_not_speak_of_is_told() -> None:
    scene, truth = watched()
    scene.silence(Matcher(watches=("phones",)), 3600)

    goes(scene, truth, DOWN)

    assert told(scene) == [Reason.OPENED]


def test_reminders_wait_for_the_end_of_the_silence() -> None:
    scene, truth = watched(REMINDING)
    goes(scene, truth, DOWN)
    scene.silence(EVERYTHING, 3600)
    scene.live(3500, truth)
    assert told(scene) == [Reason.OPENED]

    scene.live(200, truth)

    assert told(scene) == [Reason.OPENED, Reason.REMINDER]


def reminded_once() -> tuple[Scene, dict[Target, Health], float]:
    """The provider has just been reminded of; and when the next reminder is due."""
    scene, truth = watched(REMINDING)
    goes(scene, truth, DOWN)
    while not scene.booked(Reason.REMINDER):
        scene.live(1, truth, step=1.0)
    return scene, truth, scene.now + 300.0


def test_a_reminder_waits_while_up_is_pending_for_at_most_one_up_after() -> None:
    scene, truth, due_at = reminded_once()

    # It is seen up a moment before the next one is due, and is believed up after 10 s: that is told, and no reminder.
    scene.live(due_at - 5 - scene.now, truth)
    scene.event(TRUNK, UP)
    truth[TRUNK] = UP
    scene.live(60, truth, step=1.0)
    assert told(scene).count(Reason.REMINDER) == 1
    assert told(scene)[-1] is Reason.RESOLVED


def test_a_reminder_waits_no_longer_than_one_up_after_where_it_falls_back() -> None:
    scene, truth, due_at = reminded_once()

    scene.live(due_at - 5 - scene.now, truth)
    scene.event(TRUNK, UP)
    scene.live(7, {TRUNK: UP}, step=1.0)
    scene.lose(TRUNK)
    scene.live(due_at + 9 - scene.now, truth, step=1.0)
    assert told(scene).count(Reason.REMINDER) == 1

    scene.live(3, truth, step=1.0)
    assert told(scene).count(Reason.REMINDER) == 2


def test_reminders_grow_and_the_last_wait_repeats_across_restarts() -> None:
    scene, truth = watched(config(watches=(replace(PROVIDERS, remind_every=(300.0, 600.0, 1200.0)), PHONES)))
    goes(scene, truth, DOWN)

    for so_far, wait in enumerate((300, 600, 1200)):
        scene.live(wait - 120, truth)
        assert told(scene).count(Reason.REMINDER) == so_far
        scene.live(120, truth)
        assert told(scene).count(Reason.REMINDER) == so_far + 1
    scene = scene.restart()
    scene.live(1100, truth)
    assert told(scene) == []
    scene.live(200, truth)

    assert told(scene) == [Reason.REMINDER]


def test_an_acknowledgement_stops_the_reminders_and_not_the_recovery() -> None:
    scene, truth = watched(REMINDING)
    goes(scene, truth, DOWN)
    scene.acknowledge(scene.open(TRUNK)[0])
    scene.live(3600, truth)
    assert told(scene) == [Reason.OPENED]

    scene = scene.restart()
    scene.live(3600, truth)
    goes(scene, truth, UP)

    assert told(scene) == [Reason.RESOLVED]
    assert [one.acked_by for one in scene.db.incidents.values()] == ["anna"]
    assert [note.words for note in scene.db.notes].count("acknowledged by anna: called them") == 1


def test_who_takes_note_once_more_without_a_reason_leaves_the_first_one() -> None:
    scene, truth = watched()
    goes(scene, truth, DOWN)
    scene.acknowledge(scene.open(TRUNK)[0])

    again = Acknowledgement(scene.open(TRUNK)[0].id, scene.now + 60, "otto", "")
    scene.after(60).monitor.obey(Commands((), (again,)), scene.now, changes := Changes())

    (after,) = changes.incidents.values()
    assert (after.acked_by, after.ack_reason) == ("otto", "called them")


def test_the_next_outage_is_not_acknowledged() -> None:
    scene, truth = watched(REMINDING)
    goes(scene, truth, DOWN)
    scene.acknowledge(scene.open(TRUNK)[0])
    goes(scene, truth, UP)

    goes(scene, truth, DOWN, 600)

    assert told(scene)[-1] is Reason.REMINDER


def test_in_a_maintenance_window_nobody_is_told_until_its_end() -> None:
    begins = datetime.fromtimestamp(START, UTC)
    minute = begins.hour * 60 + begins.minute
    window = MaintenanceConfig(
        "backup", matcher=EVERYTHING, when=(Weekly(DAILY, minute, minute + 20, ZoneInfo("UTC")),)
    )
    scene, truth = watched(replace(config(), maintenance=(window,)))
    goes(scene, truth, DOWN)
    assert told(scene) == []
    assert scene.open(TRUNK)[0].muted_by == "maintenance backup"

    scene.live(1200, truth)

    assert told(scene) == [Reason.OPENED]


def test_a_window_that_a_reload_takes_away_is_over() -> None:
    window = MaintenanceConfig("backup", matcher=EVERYTHING, when=(Weekly(DAILY, 0, 24 * 60, ZoneInfo("UTC")),))
    scene, truth = watched(replace(config(), maintenance=(window,)))
    goes(scene, truth, DOWN)

    scene.reconfigure(config())
    scene.live(30, truth)

    assert told(scene) == [Reason.OPENED]


def test_a_matcher_needs_all_sorts_and_one_pattern_of_each() -> None:
    matcher = Matcher(pbxs=("off*",), endpoints=("PJSIP/1*", "PJSIP/2*"))

    assert matcher.matches(phone(101), Kind.PHONE, "phones")
    assert matcher.matches(phone(201), Kind.PHONE, "phones")
    assert not matcher.matches(phone(301), Kind.PHONE, "phones")
    assert not matcher.matches(phone(101, pbx="branch"), Kind.PHONE, "phones")
    assert not Matcher(watches=("*",)).matches(Target("office"), Kind.PBX, "")
