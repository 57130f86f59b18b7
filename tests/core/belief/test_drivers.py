"""A PBX whose endpoints have no channel driver: an incident of the PBX, and nothing is known of the endpoints."""

from __future__ import annotations

from healthmon.errors import Trouble
from healthmon.model import Check, Ending, EndpointSettings, Health, Reason, Target
from tests.core.scene import DOWN, START, UP, Scene, config, phone, settings, trunk, trunk_settings

TRUNK, PEER = trunk(), Target("office", "IAX2", "branch")
NO_PJSIP = "Asterisk has no PJSIP channel driver"
TRUTH: dict[Target, Health] = {TRUNK: UP, phone(): UP}
DAY = 86400.0


def watched(truth: dict[Target, Health] | None = None) -> Scene:
    """A PBX that is watched, with a trunk and a phone that are up, and perhaps an IAX2 peer, which is a provider."""
    scene = Scene(config())
    scene.snapshot(truth or TRUTH)
    for target in (TRUNK, phone()):
        scene.see(trunk_settings(target) if target == TRUNK else settings(target))
    if PEER in (truth or {}):
        scene.see(EndpointSettings(PEER, START, known=False))
    return scene


def test_a_missing_channel_driver_is_an_incident_of_the_pbx_seen_twice_and_over_when_it_is_back() -> None:
    scene = watched()
    scene.after(60)

    scene.missing_drivers = ("PJSIP",)
    scene.snapshot(TRUTH)
    assert scene.open() == []
    scene.after(11)
    scene.missing_drivers = ("PJSIP",)
    scene.snapshot(TRUTH)

    (incident,) = scene.open()
    assert (incident.target, incident.check, incident.opened_at) == (Target("office"), Check.DRIVERS, START + 60)
    assert incident.cause == f"{NO_PJSIP}: no call over PJSIP is possible"

    scene.after(60)
    scene.missing_drivers = ()
    scene.snapshot(TRUTH)
    assert scene.open() == []
    assert scene.db.incidents[1].ending is Ending.RECOVERED


def test_what_lacks_its_channel_driver_is_unknown_whatever_asterisk_says_of_it() -> None:
    scene = watched()
    scene.after(60)
    scene.missing_drivers = ("PJSIP",)
    scene.snapshot(TRUTH)

    # Without chan_pjsip endpoints stay "online" at run time, and are offline and INVALID after a restart.
    for health in (UP, DOWN):
        scene.event(TRUNK, health)
        assert (scene.state(TRUNK).unknown_because, scene.belief(TRUNK)) == (NO_PJSIP, UP)
    scene.invalid(TRUNK)
    scene.missing_drivers = ("PJSIP",)
    scene.live(600, {TRUNK: DOWN, phone(): DOWN}, step=60)
    assert [one.check for one in scene.open()] == [Check.DRIVERS]
    assert scene.state(phone()).unknown_because == NO_PJSIP

    scene.missing_drivers = ()
    scene.snapshot(TRUTH)
    assert (scene.state(TRUNK).unknown_because, scene.belief(TRUNK)) == ("", UP)


def test_iax_peers_that_are_not_listed_without_their_driver_are_no_second_incident() -> None:
    scene = watched({**TRUTH, PEER: UP})
    scene.after(60)

    scene.missing_drivers = ("IAX2",)
    scene.live(60, TRUTH, step=15)

    assert [one.check for one in scene.open()] == [Check.DRIVERS]
    assert scene.state(PEER).unknown_because == "Asterisk has no IAX2 channel driver"
    assert scene.state(TRUNK).unknown_because == ""


def test_a_peer_that_is_not_listed_once_its_driver_is_back_has_vanished() -> None:
    scene = watched({**TRUTH, PEER: UP})
    scene.after(60)
    scene.missing_drivers = ("IAX2",)
    scene.snapshot(TRUTH)
    scene.after(60)

    scene.missing_drivers = ()
    scene.live(70, TRUTH, step=15)

    assert [one.check for one in scene.open()] == [Check.INVENTORY]
    assert scene.state(PEER).unknown_because == "not listed"


def test_who_takes_a_driver_away_on_purpose_is_told_for_a_day() -> None:
    scene = watched({**TRUTH, PEER: UP})
    scene.after(60)

    scene.missing_drivers = ("IAX2",)
    scene.live(DAY + 120, TRUTH, step=60)

    assert scene.open() == []
    assert [one.check for one in scene.db.incidents.values()] == [Check.DRIVERS]


def test_a_driver_of_which_no_endpoint_is_watched_is_missed_by_nobody() -> None:
    scene = watched()
    scene.after(60)

    scene.missing_drivers = ("IAX2", "SIP")
    scene.live(60, TRUTH, step=15)

    assert scene.open() == []


def test_a_driver_that_was_missing_before_healthmon_was_restarted_is_told_once() -> None:
    scene = watched()
    scene.after(60)
    scene.missing_drivers = ("PJSIP",)
    scene.live(30, TRUTH, step=15)
    scene.deliver()
    scene = scene.restart()
    scene.missing_drivers = ("PJSIP",)
    scene.live(30, TRUTH, step=15)
    assert [one.check for one in scene.open()] == [Check.DRIVERS]

    scene.missing_drivers = ()
    scene.live(60, TRUTH, step=15)

    assert [(one.reason, one.incident_id) for one in scene.db.notifications.values()] == [
        (Reason.OPENED, 1),
        (Reason.RESOLVED, 1),
    ]
    assert scene.state(TRUNK).unknown_because == ""


def test_a_technology_that_cannot_be_listed_has_not_vanished() -> None:
    scene = watched({**TRUTH, PEER: UP})
    scene.after(60)

    scene.unlisted = ("IAX2",)
    scene.live(60, TRUTH, step=15)

    assert scene.open() == []
    assert scene.state(PEER).unknown_because == "not listed"
    scene.unlisted = ()
    scene.snapshot({**TRUTH, PEER: UP})
    assert scene.state(PEER).unknown_because == ""


def test_what_was_lost_before_its_technology_could_not_be_listed_is_looked_at_once_it_can() -> None:
    scene = watched()
    scene.after(60)
    # Of its contacts nothing is heard, so that its settings are to be read again before this is believed.
    scene.event(TRUNK, DOWN)
    scene.after(5)
    scene.unlisted = ("PJSIP",)
    scene.snapshot({})

    scene.after(5)
    scene.unlisted = ()
    scene.snapshot({TRUNK: DOWN, phone(): UP})

    assert (scene.state(TRUNK).unknown_because, scene.state(TRUNK).pending) == ("", DOWN)
    scene.live(120, {TRUNK: DOWN, phone(): UP})
    assert scene.belief(TRUNK) is DOWN


def test_rule_14a_the_end_of_missing_drivers_waits_for_that_of_the_outage_of_their_pbx() -> None:
    scene = Scene(config(group_wait=30.0))
    scene.snapshot(TRUTH)
    scene.after(60)
    for _ in range(8):
        scene.missing_drivers = ("PJSIP",)
        scene.snapshot(TRUTH)
        scene.after(6)
        scene.deliver()
    for _ in range(12):
        scene.report(Trouble.REFUSED)
        scene.after(5)
        scene.deliver()
    assert [(reason, said) for _, reason, _, said in scene.sent] == [
        (Reason.OPENED, "degraded"),
        (Reason.OPENED, "down"),
    ]

    # It comes back with its drivers: these are there at once, the PBX is believed after ten seconds.
    scene.missing_drivers = ()
    together = []
    for _ in range(20):
        scene.snapshot(TRUTH)
        scene.after(1)
        if sent := scene.deliver():
            together.append([reason for _, reason, _, _ in sent])

    assert together == [[Reason.RESOLVED, Reason.RESOLVED]]
