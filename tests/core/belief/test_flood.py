"""A PBX that sends more events than can be taken in is not seen whole: that is told if it lasts, and so is its end."""

from __future__ import annotations

from healthmon.model import Channel, Check, Health, Target
from tests.core.scene import UP, Scene, phone

FLOOD = "more events than can be taken in: 6,400 a second, 52,000 were dropped since 14:02:11 UTC"
LATER = "more events than can be taken in: 6,100 a second, 913,000 were dropped since 14:02:11 UTC"
CERTIFICATE = "the certificate ends in 9 days"
PBX = Target("office")


def test_a_flood_that_lasts_is_an_incident_of_the_pbx_in_the_words_of_its_beginning_and_ends_with_it() -> None:
    scene = Scene()
    scene.live(10, {phone(): UP})

    scene.report(channel=Channel.EVENTS, remark=FLOOD)
    scene.live(30, {phone(): UP})
    scene.report(channel=Channel.EVENTS, remark=LATER)

    (incident,) = scene.open(PBX)
    assert (incident.check, incident.health, incident.cause) == (Check.CONNECTION, Health.DEGRADED, FLOOD)
    assert scene.state(PBX, Check.CONNECTION).remark == LATER
    assert scene.belief(phone()) is UP

    scene.report(channel=Channel.EVENTS, remark="")
    scene.live(30, {phone(): UP})

    assert not scene.open(PBX)
    assert [said for _, _, incident_id, said in scene.sent if incident_id == incident.id] == ["degraded", "up"]


def test_a_moment_in_which_events_were_dropped_is_told_to_nobody() -> None:
    scene = Scene()
    scene.live(10, {phone(): UP})

    scene.report(channel=Channel.EVENTS, remark=FLOOD)
    scene.live(10, {phone(): UP})
    scene.report(channel=Channel.EVENTS, remark="")
    scene.live(120, {phone(): UP})

    assert not scene.db.incidents


def test_a_flood_is_said_beside_what_else_is_the_matter() -> None:
    scene = Scene()
    scene.live(10, {phone(): UP})

    scene.report(remark=CERTIFICATE)
    scene.report(channel=Channel.EVENTS, remark=FLOOD)

    assert scene.state(PBX, Check.CONNECTION).remark == f"{CERTIFICATE}; {FLOOD}"
