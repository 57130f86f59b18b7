"""What nobody can see is neither reminded of nor told for the first time; once it can be seen, what lasts is told."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from healthmon.errors import Trouble
from healthmon.model import Check, Ending, Health, Matcher, Observation, Reason, Said, Source, Target, Witness
from tests.core.scene import (
    DOWN,
    PHONES,
    PROVIDERS,
    UP,
    Scene,
    config,
    pbx_config,
    phone,
    trunk,
    trunk_settings,
)

TRUNK, OFFICE = trunk(), Target("office")
BOSS = "oncall/boss"
#: Providers are reminded of each five minutes.
REMINDED = replace(PROVIDERS, remind_every=(300.0,))


def watched(watch: object = REMINDED) -> tuple[Scene, dict[Target, Health]]:
    """A trunk and a phone that are up; the trunk's watch section is this."""
    scene = Scene(config(pbx_config(remind_every=()), watches=(watch, PHONES)))  # type: ignore[arg-type]
    scene.see(trunk_settings(TRUNK))
    truth = {TRUNK: UP, phone(): UP}
    scene.live(60, truth)
    return scene, truth


def falls(scene: Scene, truth: dict[Target, Health]) -> None:
    """The trunk is lost, and believed down."""
    truth[TRUNK] = DOWN
    scene.lose(TRUNK)
    scene.live(60, truth)
    assert scene.belief(TRUNK) is DOWN


def live_until_reminded_soon(scene: Scene, truth: dict[Target, Health]) -> None:
    """Let time pass until a moment before the first reminder falls due."""
    [opened] = scene.booked(Reason.OPENED)
    scene.live(opened.booked_at + 297 - scene.now, truth)
    assert told(scene) == [(Reason.OPENED, Said.DOWN)]


def unseen(scene: Scene, seconds: float, trouble: Trouble = Trouble.DENIED) -> None:
    """Every look fails for so long."""
    end = scene.now + seconds
    while scene.now < end:
        scene.report(trouble)
        scene.questions.clear()
        scene.after(min(5.0, end - scene.now))
        scene.deliver()


def told(scene: Scene, target: Target = TRUNK) -> list[tuple[Reason, str]]:
    """What the boss was told of a target, and what that made him believe."""
    about = {incident.id for incident in scene.db.incidents.values() if incident.target == target}
    return [(reason, said) for url, reason, number, said in scene.sent if url == BOSS and number in about]


def test_whoever_sends_looks_again_once_an_incident_can_be_seen_that_single_addresses_may_have_missed() -> None:
    scene, truth = watched()
    falls(scene, truth)
    assert told(scene) == [(Reason.OPENED, Said.DOWN)]
    unseen(scene, 12)

    assert scene.snapshot({phone(): UP, TRUNK: DOWN}).is_seen_again


def test_a_reminder_that_falls_due_in_a_moment_in_which_nobody_could_see_is_told_right_after_it() -> None:
    scene, truth = watched()
    falls(scene, truth)
    live_until_reminded_soon(scene, truth)

    # So short that nothing is told of the PBX.
    unseen(scene, 12)
    assert told(scene) == [(Reason.OPENED, Said.DOWN)]
    scene.live(5, truth)

    assert told(scene) == [(Reason.OPENED, Said.DOWN), (Reason.REMINDER, Said.DOWN)]
    assert told(scene, OFFICE) == []


def test_what_was_seen_to_be_back_after_that_moment_is_not_reminded_of() -> None:
    scene, truth = watched()
    falls(scene, truth)
    live_until_reminded_soon(scene, truth)

    unseen(scene, 12)
    truth[TRUNK] = UP
    scene.live(60, truth)

    assert told(scene) == [(Reason.OPENED, Said.DOWN), (Reason.RESOLVED, Said.UP)]


def test_a_silence_that_ends_while_nobody_can_see_tells_nothing_of_what_is_seen_to_be_back_soon_after() -> None:
    scene, truth = watched(replace(PROVIDERS, hold=replace(PROVIDERS.hold, up_after=60.0)))
    scene.silence(Matcher(endpoints=("PJSIP/trunk-a",)), 200)
    falls(scene, truth)
    unseen(scene, 300)
    assert told(scene) == []

    truth[TRUNK] = UP
    scene.snapshot(truth)
    # The PBX is believed to be back long before the provider is.
    scene.live(40, truth)
    assert told(scene, OFFICE)[-1] == (Reason.RESOLVED, Said.UP)
    assert told(scene) == []
    scene.live(60, truth)

    assert told(scene) == [(Reason.OPENED, Said.WAS_DOWN)]


def test_it_is_told_to_be_down_when_it_was_back_for_a_moment_only() -> None:
    scene, truth = watched(replace(PROVIDERS, hold=replace(PROVIDERS.hold, up_after=60.0)))
    scene.silence(Matcher(endpoints=("PJSIP/trunk-a",)), 200)
    falls(scene, truth)
    unseen(scene, 300)
    truth[TRUNK] = UP
    scene.live(40, truth)

    truth[TRUNK] = DOWN
    scene.lose(TRUNK)
    scene.after(1)
    scene.deliver()

    assert told(scene) == [(Reason.OPENED, Said.DOWN)]


def test_a_message_that_waits_for_a_channel_waits_on_while_nobody_can_see() -> None:
    scene, truth = watched()
    scene.db.dead_urls.add(BOSS)
    falls(scene, truth)
    scene.report(Trouble.DENIED)
    scene.db.dead_urls.clear()

    unseen(scene, 60)
    assert told(scene) == []
    assert told(scene, OFFICE) == [(Reason.OPENED, Said.UNSEEN)]
    scene.live(30, truth)

    assert told(scene) == [(Reason.OPENED, Said.DOWN)]


def test_healthmon_restarted_reminds_of_nothing_before_it_has_looked() -> None:
    scene, truth = watched()
    falls(scene, truth)
    live_until_reminded_soon(scene, truth)

    again = scene.restart(gap=30)
    unseen(again, 20)
    assert told(again) == []
    again.live(90, truth)

    assert told(again) == [(Reason.REMINDER, Said.DOWN)]


@pytest.mark.parametrize("health", [UP, DOWN])
def test_healthmon_restarted_while_nobody_can_see_tells_what_its_silence_held_back_once_it_is_seen(
    health: Health,
) -> None:
    scene, truth = watched()
    scene.silence(Matcher(endpoints=("PJSIP/trunk-a",)), 200)
    falls(scene, truth)
    unseen(scene, 300)

    again = scene.restart()
    unseen(again, 60)
    assert told(again) == []
    truth[TRUNK] = health
    again.live(120, truth)

    said = Said.DOWN if health is DOWN else Said.WAS_DOWN
    assert told(again) == [(Reason.OPENED, said)]


def test_what_is_not_listed_any_more_is_not_reminded_of() -> None:
    scene, truth = watched()
    falls(scene, truth)
    del truth[TRUNK]
    scene.live(60, truth)
    assert scene.state(TRUNK).unknown_because

    scene.live(900, truth)
    assert Reason.REMINDER not in [reason for reason, _ in told(scene)]
    truth[TRUNK] = DOWN
    scene.live(70, truth)

    assert told(scene)[-1] == (Reason.REMINDER, Said.DOWN)


def test_a_pbx_that_listed_too_little_is_not_reminded_of_while_it_cannot_be_seen() -> None:
    scene = Scene(config(pbx_config(remind_every=(300.0,))))
    truth = {phone(number): UP for number in range(101, 111)}
    scene.live(60, truth)
    few = dict(list(truth.items())[:3])
    scene.live(120, few)
    assert [incident.check for incident in scene.open()] == [Check.INVENTORY]
    before = len(told(scene, OFFICE))

    unseen(scene, 600)

    reminded = [number for _, reason, number, _ in scene.sent[before:] if reason is Reason.REMINDER]
    assert {scene.db.incidents[number].check for number in reminded} == {Check.CONNECTION}


def test_what_flapped_is_not_stable_because_nobody_sees_it() -> None:
    scene, truth = watched()
    for _ in range(4):
        for health in (DOWN, UP):
            truth[TRUNK] = health
            scene.event(TRUNK, health)
            scene.live(20, truth)
    assert told(scene)[-1][0] is Reason.FLAPPING

    unseen(scene, 2 * 3600)
    [incident] = scene.open(TRUNK)
    assert incident.flapping
    assert told(scene)[-1][0] is Reason.FLAPPING
    scene.live(60, truth)

    [incident] = [
        incident for incident in scene.db.incidents.values() if incident.target == TRUNK and incident.flap_episodes
    ]
    assert incident.ending is Ending.STABLE
    assert told(scene)[-1] == (Reason.STABLE, Said.UP)


def test_a_reminder_that_waits_for_a_quiet_time_is_not_sent_when_something_explains_the_outage_meanwhile() -> None:
    scene = Scene(config(pbx_config(ami="tcp://127.0.0.1:5038"), watches=(REMINDED, PHONES)))
    scene.see(trunk_settings(TRUNK))
    truth = {TRUNK: UP, phone(): UP}
    scene.live(60, truth)

    def registration_is_down() -> None:
        at, words = scene.now, "not registered"
        for source in (Source.EVENT, Source.SNAPSHOT):
            scene.see(Observation(TRUNK, DOWN, at, source, Witness.MANAGER, words, check=Check.REGISTRATION))

    for _ in range(4):
        registration_is_down()
        scene.live(20, truth)
    assert told(scene) == [(Reason.OPENED, Said.DOWN)]
    scene.db.dead_urls.add(BOSS)
    scene.live(400, truth)
    assert [booked.reason for booked in scene.booked(Reason.REMINDER)] == [Reason.REMINDER]

    falls(scene, truth)
    scene.db.dead_urls.clear()
    scene.live(10, truth)

    assert told(scene) == [(Reason.OPENED, Said.DOWN)] * 2
    incidents = [scene.db.incidents[number] for url, _, number, _ in scene.sent if url == BOSS]
    assert [incident.check for incident in incidents] == [Check.REGISTRATION, Check.REACHABILITY]
