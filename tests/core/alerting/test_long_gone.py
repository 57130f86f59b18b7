"""What has been down for very long is one line a day: no silence, and no nagging."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from healthmon.config.configuration import Config
from healthmon.config.sections.watch import LongGone
from healthmon.model import Health, Matcher, Reason, Target
from healthmon.times.weekly import Weekly
from tests.core.scene import DOWN, PHONES, PROVIDERS, UP, Scene, config, phone, settings

DESK = "helpdesk/mail"
BERLIN = ZoneInfo("Europe/Berlin")
DAY = 86400.0
AT_NINE = LongGone(DAY, 9 * 60, BERLIN)


def patient(**changes: object) -> Config:
    """Phones are reminded of every four hours, and after a day in one line at nine."""
    every_four_hours: dict[str, object] = {"remind_every": (4 * 3600.0,), "long_gone": AT_NINE}
    return config(watches=(PROVIDERS, replace(PHONES, **{**every_four_hours, **changes})))


def at(text: str) -> float:
    """A moment in Berlin."""
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN).timestamp()


def watched(text: str, conf: Config | None = None) -> tuple[Scene, dict[Target, Health]]:
    """Two phones that are up, on a day at a time."""
    scene = Scene(conf or patient(), now=at(text))
    truth = dict.fromkeys((phone(101), phone(102)), UP)
    scene.see(*(settings(target) for target in truth))
    scene.live(60, truth, step=20)
    return scene, truth


def live_until(scene: Scene, truth: dict[Target, Health], text: str) -> None:
    """Let time pass until a moment."""
    while scene.now < at(text):
        scene.live(min(300.0, at(text) - scene.now), truth, step=300)


def lines(scene: Scene) -> list[tuple[str, list[str]]]:
    """The lines of what is long gone: the day and time at which each was sent, and whom it named."""
    sent: dict[str, list[str]] = {}
    for (number, _, reason, _), row in scene.db.notifications.items():
        if reason is Reason.LONG_GONE:
            when = f"{datetime.fromtimestamp(row.booked_at, BERLIN):%d. %H:%M}"
            sent.setdefault(when, []).append(scene.db.incidents[number].target.resource)
    return sorted((when, sorted(names)) for when, names in sent.items())


def told(scene: Scene) -> list[Reason]:
    """What the help desk was told."""
    return [reason for url, reason, _, _ in scene.sent if url == DESK]


def test_after_a_day_reminders_stop_and_one_line_a_day_begins() -> None:
    scene, truth = watched("2026-05-04T10:00")
    truth[phone(101)] = DOWN

    live_until(scene, truth, "2026-05-05T09:30")
    assert told(scene) == [Reason.OPENED, *[Reason.REMINDER] * 5]

    live_until(scene, truth, "2026-05-08T08:00")
    assert told(scene)[6:] == [Reason.LONG_GONE, Reason.LONG_GONE]
    assert lines(scene) == [("06. 09:00", ["101"]), ("07. 09:00", ["101"])]

    truth[phone(101)] = UP
    live_until(scene, truth, "2026-05-10T10:00")
    assert told(scene)[8:] == [Reason.RESOLVED]


def test_all_that_is_long_gone_is_told_at_one_moment() -> None:
    scene, truth = watched("2026-05-04T08:00")
    truth[phone(101)] = DOWN
    live_until(scene, truth, "2026-05-04T15:00")
    truth[phone(102)] = DOWN

    live_until(scene, truth, "2026-05-07T08:00")

    assert lines(scene) == [("05. 09:00", ["101"]), ("06. 09:00", ["101", "102"])]


@pytest.mark.parametrize("stopped_at", ["08:59", "09:00", "09:02"])
def test_restarts_neither_forget_nor_repeat_a_day(stopped_at: str) -> None:
    scene, truth = watched("2026-05-04T08:00")
    truth[phone(101)] = DOWN
    live_until(scene, truth, f"2026-05-05T{stopped_at}")

    scene = scene.restart(gap=120)
    live_until(scene, truth, "2026-05-05T12:00")
    scene = scene.restart()
    live_until(scene, truth, "2026-05-05T15:00")

    assert [day[:3] for day, _ in lines(scene)] == ["05."]


def test_a_day_on_which_healthmon_did_not_run_at_nine_is_told_when_it_does() -> None:
    scene, truth = watched("2026-05-04T08:00")
    truth[phone(101)] = DOWN
    live_until(scene, truth, "2026-05-05T08:00")

    scene = scene.restart(gap=5 * 3600)
    live_until(scene, truth, "2026-05-05T15:00")

    assert [day for day, _ in lines(scene)] == ["05. 13:00"]


def test_who_takes_note_hears_of_it_no_more_until_it_is_back() -> None:
    scene, truth = watched("2026-05-04T08:00")
    truth[phone(101)] = DOWN
    live_until(scene, truth, "2026-05-05T12:00")
    scene.acknowledge(scene.open(phone(101))[0])
    live_until(scene, truth, "2026-05-08T12:00")
    assert [day for day, _ in lines(scene)] == ["05. 09:00"]

    truth[phone(101)] = UP
    live_until(scene, truth, "2026-05-08T13:00")
    assert told(scene)[-1] is Reason.RESOLVED


def test_a_silence_holds_the_line_back() -> None:
    scene, truth = watched("2026-05-04T08:00")
    truth[phone(101)] = DOWN
    live_until(scene, truth, "2026-05-05T08:00")
    scene.silence(Matcher(), 2 * 3600)

    live_until(scene, truth, "2026-05-05T09:55")
    assert lines(scene) == []

    live_until(scene, truth, "2026-05-05T10:30")
    assert [day for day, _ in lines(scene)] == ["05. 10:00"]


def test_on_a_weekend_without_working_hours_there_is_no_line() -> None:
    hours = (Weekly(frozenset(range(5)), 8 * 60, 18 * 60, BERLIN),)
    scene, truth = watched("2026-05-07T10:00", patient(working_hours=hours, remind_every=()))
    truth[phone(101)] = DOWN

    live_until(scene, truth, "2026-05-12T12:00")

    assert [day for day, _ in lines(scene)] == ["11. 09:00", "12. 09:00"]


def test_what_was_told_this_morning_only_is_no_line_today() -> None:
    hours = (Weekly(frozenset(range(5)), 8 * 60, 18 * 60, BERLIN),)
    scene, truth = watched("2026-05-08T20:00", patient(working_hours=hours, remind_every=()))
    truth[phone(101)] = DOWN

    live_until(scene, truth, "2026-05-12T12:00")

    assert told(scene) == [Reason.OPENED, Reason.LONG_GONE]
    assert [day for day, _ in lines(scene)] == ["12. 09:00"]


def test_a_dead_channel_gets_one_line_when_it_is_back_not_one_for_each_day() -> None:
    scene, truth = watched("2026-05-04T08:00")
    truth[phone(101)] = DOWN
    live_until(scene, truth, "2026-05-05T08:00")
    for _ in range(3 * 288):
        scene.after(300)
        scene.answer_all(truth)

    assert len(lines(scene)) == 1


def test_the_clocks_change_moves_no_line_to_another_hour() -> None:
    scene, truth = watched("2026-03-27T08:00")
    truth[phone(101)] = DOWN

    live_until(scene, truth, "2026-03-30T12:00")

    assert [day for day, _ in lines(scene)] == ["28. 09:00", "29. 09:00", "30. 09:00"]


def test_a_clock_that_is_set_back_repeats_no_day() -> None:
    scene, truth = watched("2026-05-04T08:00")
    truth[phone(101)] = DOWN
    live_until(scene, truth, "2026-05-05T09:30")

    scene.set_clock(-3600)
    live_until(scene, truth, "2026-05-05T12:00")

    assert len(lines(scene)) == 1


def test_what_was_never_told_is_no_line() -> None:
    conf = replace(patient(), watches=(PROVIDERS, replace(PHONES, long_gone=AT_NINE, alert_singly=False)))
    scene, truth = watched("2026-05-04T08:00", conf)
    truth[phone(101)] = DOWN

    live_until(scene, truth, "2026-05-06T12:00")

    assert (lines(scene), told(scene)) == ([], [])


def test_without_reminders_there_is_the_line_all_the_same() -> None:
    scene, truth = watched("2026-05-04T08:00", patient(remind_every=()))
    truth[phone(101)] = DOWN

    live_until(scene, truth, "2026-05-06T12:00")

    assert [day for day, _ in lines(scene)] == ["05. 09:00", "06. 09:00"]
