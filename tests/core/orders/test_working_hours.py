"""Working hours: outside of them things are watched and not told; at their start, what is still down is told once."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from healthmon.config.sections.shared import Hold
from healthmon.config.sections.watch import WatchConfig
from healthmon.core.orders.muting import OUTSIDE_HOURS, Muting
from healthmon.errors import Trouble
from healthmon.model import Check, Health, Incident, Kind, Reason, Target
from healthmon.times.wall import Wall
from healthmon.times.weekly import Weekly
from tests.core.grouping.test_causes import HOME, Town, phones, site
from tests.core.scene import DOWN, PHONES, PROVIDERS, UP, Scene, config, phone, trunk, trunk_settings

DESK = "helpdesk/mail"
BERLIN = ZoneInfo("Europe/Berlin")
WORKDAYS = Weekly(frozenset(range(5)), 8 * 60, 18 * 60, BERLIN)
OFFICE_HOURS = config(watches=(PROVIDERS, replace(PHONES, working_hours=(WORKDAYS,), remind_every=(3600.0,))))


def at(text: str) -> float:
    """A moment in Berlin."""
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN).timestamp()


def on(text: str) -> tuple[Scene, dict[Target, Health]]:
    """A provider and a phone that are up, on a day at a time."""
    scene = Scene(OFFICE_HOURS, now=at(text))
    scene.see(trunk_settings(trunk("a")))
    truth = {trunk("a"): UP, phone(101): UP}
    scene.live(60, truth, step=20)
    return scene, truth


def live_until(scene: Scene, truth: dict[Target, Health], text: str) -> None:
    """Let time pass until a moment, in steps that suit its length."""
    seconds = at(text) - scene.now
    scene.live(seconds, truth, step=min(600.0, max(5.0, seconds / 60)))


def told(scene: Scene) -> list[Reason]:
    """What the help desk was told, one after the other."""
    return [reason for url, reason, _, _ in scene.sent if url == DESK]


def test_what_is_still_down_in_the_morning_is_told_then_and_once() -> None:
    scene, truth = on("2026-05-04T19:00")
    truth[phone(101)] = DOWN
    live_until(scene, truth, "2026-05-05T07:59")
    assert told(scene) == []
    assert scene.open(phone(101))[0].muted_by == OUTSIDE_HOURS

    live_until(scene, truth, "2026-05-05T08:10")

    assert told(scene) == [Reason.OPENED]
    assert [note.words for note in scene.db.notes] == [
        "outside working hours: from now on nobody is told",
        "working hours have begun",
    ]


def test_what_is_over_by_the_morning_is_recorded_and_not_told() -> None:
    scene, truth = on("2026-05-04T19:00")
    truth[phone(101)] = DOWN
    live_until(scene, truth, "2026-05-04T20:00")
    truth[phone(101)] = UP
    live_until(scene, truth, "2026-05-05T12:00")

    assert told(scene) == []
    assert [one.muted_by for one in scene.db.incidents.values()] == [OUTSIDE_HOURS]


def test_a_friday_night_lasts_until_monday_also_where_the_clock_is_set_meanwhile() -> None:
    scene, truth = on("2026-03-27T19:00")
    truth[phone(101)] = DOWN

    live_until(scene, truth, "2026-03-30T07:58")
    assert told(scene) == []

    live_until(scene, truth, "2026-03-30T08:10")
    assert told(scene) == [Reason.OPENED]


def test_whoever_was_told_down_hears_of_the_recovery_at_night() -> None:
    scene, truth = on("2026-05-04T17:30")
    truth[phone(101)] = DOWN
    live_until(scene, truth, "2026-05-04T17:50")
    assert told(scene) == [Reason.OPENED]

    live_until(scene, truth, "2026-05-04T22:00")
    truth[phone(101)] = UP
    live_until(scene, truth, "2026-05-04T22:30")

    assert told(scene) == [Reason.OPENED, Reason.RESOLVED]


def test_reminders_wait_for_the_morning() -> None:
    scene, truth = on("2026-05-04T17:30")
    truth[phone(101)] = DOWN
    live_until(scene, truth, "2026-05-05T07:59")
    assert told(scene) == [Reason.OPENED]

    live_until(scene, truth, "2026-05-05T08:30")

    assert told(scene) == [Reason.OPENED, Reason.REMINDER]


def test_the_night_outlives_a_restart_of_healthmon() -> None:
    scene, truth = on("2026-05-04T19:00")
    truth[phone(101)] = DOWN
    live_until(scene, truth, "2026-05-04T20:00")

    scene = scene.restart(gap=600)
    live_until(scene, truth, "2026-05-05T07:50")
    assert told(scene) == []

    scene = scene.restart(gap=1200)
    live_until(scene, truth, "2026-05-05T08:20")
    assert told(scene) == [Reason.OPENED]


def test_a_clock_that_is_set_into_the_hours_begins_them() -> None:
    scene, truth = on("2026-05-04T05:00")
    truth[phone(101)] = DOWN
    live_until(scene, truth, "2026-05-04T06:00")
    assert told(scene) == []

    scene.set_clock(3 * 3600)
    scene.live(60, truth)

    assert told(scene) == [Reason.OPENED]


def test_other_sections_and_the_pbx_itself_keep_no_hours() -> None:
    scene, truth = on("2026-05-04T19:00")
    truth[trunk("a")] = DOWN
    scene.live(120, truth)
    scene.report(Trouble.REFUSED)
    scene.after(60).report(Trouble.REFUSED)
    scene.after(10).deliver()

    assert [(url, reason) for url, reason, _, _ in scene.sent] == [("oncall/boss", Reason.OPENED)] * 2


def test_a_group_is_told_while_anybody_works_who_cares_for_a_part_of_it() -> None:
    site = Incident(
        1, Target("office", "site", "10.0.0.0/24"), Check.REACHABILITY, Kind.SITE, "", DOWN, 0.0, 0.0, "cut off"
    )
    mutes, night = Muting(OFFICE_HOURS, (), Wall()), at("2026-05-04T19:00")

    assert mutes.muted_by(replace(site, watches=("phones",)), night) == OUTSIDE_HOURS
    assert mutes.muted_by(replace(site, watches=("phones", "providers")), night) == ""


def test_a_site_that_went_down_at_night_is_one_message_in_the_morning() -> None:
    watches = (PROVIDERS, replace(PHONES, working_hours=(WORKDAYS,), hold=Hold(10, 10, 10)))
    town = Town(config(watches=watches), now=at("2026-05-05T07:30")).settle(dict.fromkeys(phones(101, 110), HOME))
    town.die(phones(101, 110))
    town.go_on(300)
    assert town.told() == []

    town.live(at("2026-05-05T08:10") - town.now, town.truth)

    assert town.told() == [(Reason.OPENED, str(site()), "down")]


def test_outside_its_working_hours_a_watch_is_no_reason_to_tell_its_receivers_of_a_site() -> None:
    day = WatchConfig("day", ("PJSIP/1*",), hold=Hold(10, 10, 10), receivers=("helpdesk",), working_hours=(WORKDAYS,))
    always = WatchConfig("always", ("PJSIP/2*",), hold=Hold(10, 10, 10), receivers=("oncall",))
    town = Town(config(watches=(day, always)), now=at("2026-05-04T19:00"))
    places = dict.fromkeys([*phones(101, 110), *phones(201, 204)], HOME)
    town.settle(places)

    town.die(places)
    town.go_on(120)

    assert {url for url, *_ in town.sent} == {"oncall/boss"}
    assert town.incident_of(site()).watches == ("always",)
