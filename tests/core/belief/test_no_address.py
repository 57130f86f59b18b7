"""Endpoints without an AOR: Asterisk has no address to check, calls them offline for ever, and they are never told."""

from __future__ import annotations

import pytest

from healthmon.model import Changes, Ending, EndpointSettings, Health, Target
from tests.core.scene import DOWN, START, UP, Scene, config, trunk, trunk_settings

CARRIER = trunk("carrier")
NO_AOR = "no AOR: Asterisk has no address to check"


def without_aor(**changes: object) -> EndpointSettings:
    """As Asterisk is configured for a carrier that only calls us."""
    return EndpointSettings(CARRIER, START, known=True, aors=0, **changes)  # type: ignore[arg-type]


def test_an_endpoint_without_an_aor_is_unknown_and_never_told_also_after_its_first_call() -> None:
    scene = Scene(config())
    scene.snapshot({CARRIER: DOWN})
    scene.see(without_aor())
    assert (scene.state(CARRIER).unknown_because, scene.belief(CARRIER)) == (NO_AOR, None)

    # A call, and its end.
    scene.device(CARRIER, UP)
    scene.live(60, {CARRIER: DOWN})
    scene.device(CARRIER, DOWN)
    scene.live(600, {CARRIER: DOWN})

    assert (scene.state(CARRIER).unknown_because, scene.belief(CARRIER)) == (NO_AOR, None)
    assert scene.db.incidents == {}


def test_an_aor_that_takes_no_contact_is_no_address_either() -> None:
    scene = Scene(config())
    scene.snapshot({CARRIER: DOWN})
    scene.see(EndpointSettings(CARRIER, START, known=True, qualify_frequency=60.0, aors=1))
    scene.live(600, {CARRIER: DOWN})

    assert scene.state(CARRIER).unknown_because == "its AOR takes no contact: Asterisk has no address to check"
    assert scene.db.incidents == {}


def test_a_restart_of_asterisk_gives_what_has_no_aor_no_grace() -> None:
    scene = Scene(config())
    scene.snapshot({CARRIER: DOWN})
    scene.see(without_aor())
    scene.after(60)
    scene.snapshot({CARRIER: DOWN}, startup="boot 2")
    scene.live(600, {CARRIER: DOWN})

    assert scene.state(CARRIER).unknown_because == NO_AOR
    assert scene.db.incidents == {}


@pytest.mark.parametrize("believed", [UP, DOWN])
def test_what_an_older_healthmon_believed_of_an_endpoint_without_an_aor_ends_without_a_message(
    believed: Health,
) -> None:
    scene = Scene(config())
    scene.snapshot({CARRIER: UP})
    if believed is DOWN:
        scene.event(CARRIER, DOWN)
        scene.live(300, {CARRIER: DOWN})
        assert [incident.target for incident in scene.open()] == [CARRIER]
    # The settings are there, and were never looked at that way.
    scene.db.commit(Changes(settings={CARRIER: without_aor()}), scene.now)
    told = len(scene.sent)

    later = scene.restart()
    later.live(600, {CARRIER: DOWN})

    assert later.open() == []
    assert [incident.ending for incident in later.db.incidents.values()] == [Ending.NO_ADDRESS] * (believed is DOWN)
    assert [reason for _, reason, _, said in later.sent[told:] if said] == []
    assert later.state(CARRIER).unknown_because == NO_AOR


@pytest.mark.parametrize(
    ("name", "is_told"), [("trunk-Bob & <b>Söhne</b>", False), ("trunk-two words", False), ("trunk-b", True)]
)
def test_a_name_to_which_asterisk_sends_no_options_is_unknown_and_no_outage(name: str, is_told: bool) -> None:
    carrier = Target("office", "PJSIP", name)
    scene = Scene(config())
    scene.snapshot({carrier: DOWN})
    scene.see(trunk_settings(carrier))
    scene.live(600, {carrier: DOWN})

    assert (
        scene.state(carrier).unknown_because.startswith("never checked: Asterisk sends no OPTIONS to a name")
        is not is_told
    )
    assert bool(scene.db.incidents) is is_told
