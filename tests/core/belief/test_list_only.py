"""Endpoints that exist in Asterisk's list only: deleted since its start, or made by a module at each start."""

from __future__ import annotations

import pytest

from healthmon.model import Check, ContactStatus
from tests.core.scene import DOWN, START, UP, Scene, config, phone, settings, trunk, trunk_settings

GHOST = trunk("5e0f-made-by-a-module")


def looked_at() -> Scene:
    """A PBX that lists a phone, and a ghost."""
    scene = Scene(config())
    scene.snapshot({phone(): UP, GHOST: DOWN})
    return scene


def test_what_is_in_the_list_only_is_not_watched_and_leaves_no_trace() -> None:
    scene = looked_at()
    scene.after(1)
    scene.removed(GHOST)

    scene.live(600, {phone(): UP, GHOST: DOWN})
    scene.snapshot({phone(): UP, GHOST: DOWN}, startup="boot 2")
    scene.after(1)
    scene.removed(GHOST)
    scene.live(600, {phone(): UP, GHOST: DOWN})

    assert (GHOST, Check.REACHABILITY) not in scene.db.states
    assert [period.target for period in scene.db.unknown_periods.values() if period.target == GHOST] == []
    assert scene.transitions(GHOST) == []
    assert scene.db.incidents == {}


def test_what_turns_out_to_be_configured_is_watched_from_when_it_was_first_seen() -> None:
    scene = looked_at()
    scene.live(20, {phone(): UP, GHOST: DOWN})
    assert (GHOST, Check.REACHABILITY) not in scene.db.states

    scene.see(trunk_settings(GHOST))
    scene.live(60, {phone(): UP, GHOST: DOWN})

    (incident,) = scene.open()
    assert (incident.target, incident.opened_at, incident.cohort) == (GHOST, START, "found down at first look")


def test_what_nobody_can_tell_to_be_configured_is_watched_after_ten_minutes() -> None:
    scene = looked_at()

    scene.live(660, {phone(): UP, GHOST: DOWN})

    assert (GHOST, Check.REACHABILITY) in scene.db.states


@pytest.mark.parametrize("status", [ContactStatus.UNREACHABLE, ContactStatus.REACHABLE])
def test_what_has_a_contact_is_watched_at_once(status: ContactStatus) -> None:
    scene = looked_at()
    scene.after(1)

    scene.contact(GHOST, status)

    assert (GHOST, Check.REACHABILITY) in scene.db.states


def test_what_is_listed_no_longer_is_forgotten() -> None:
    scene = looked_at()
    scene.after(60)
    scene.snapshot({phone(): UP})

    assert scene.monitor.known.pbxs["office"].candidates == {}


def test_what_was_removed_and_is_configured_again_is_watched_again_though_it_is_offline() -> None:
    scene = looked_at()
    scene.after(60)
    scene.removed(phone())
    scene.live(60, {phone(): DOWN})
    assert (phone(), Check.REACHABILITY) not in scene.db.states

    # A reload has brought it back, and its settings are read.
    scene.see(settings(phone(), read_at=scene.now))
    scene.answer_all({phone(): DOWN})

    assert (phone(), Check.REACHABILITY) in scene.db.states
