"""Round-trip times: which events tell one."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from healthmon.model import Check, ContactChange, ContactStatus, Measurement, Target
from tests.core.scene import UP, Scene, phone

HOME, OTHER = "sip:101@203.0.113.7:5060", "sip:101@203.0.113.7:5062"


def heard(scene: Scene, status: ContactStatus, rtt_ms: float | None = None, uri: str = HOME) -> list[Measurement]:
    """Hear of a contact; return what that tells of the line."""
    return scene.see(ContactChange(phone(), uri, status, scene.now, rtt_ms)).measurements


@pytest.fixture
def scene() -> Scene:
    scene = Scene()
    scene.snapshot({phone(): UP})
    scene.after(10)
    return scene


def test_a_phone_that_registers_is_asked_once_and_the_answer_is_measured(scene: Scene) -> None:
    assert heard(scene, ContactStatus.NON_QUALIFIED) == []

    assert heard(scene, ContactStatus.REACHABLE, 12.5) == [
        Measurement(phone(), Check.REACHABILITY, "rtt_ms", 12.5, scene.now)
    ]


def test_after_an_outage_the_time_holds_repetitions_and_is_not_taken(scene: Scene) -> None:
    heard(scene, ContactStatus.NON_QUALIFIED)
    heard(scene, ContactStatus.UNREACHABLE)

    assert heard(scene, ContactStatus.REACHABLE, 1512.0) == []


def test_of_a_contact_of_which_nothing_was_heard_nobody_knows_what_came_before(scene: Scene) -> None:
    assert heard(scene, ContactStatus.REACHABLE, 12.5) == []


def test_each_contact_counts_for_itself(scene: Scene) -> None:
    heard(scene, ContactStatus.UNREACHABLE, uri=HOME)
    heard(scene, ContactStatus.NON_QUALIFIED, uri=OTHER)

    assert len(heard(scene, ContactStatus.REACHABLE, 9.0, uri=OTHER)) == 1
    assert heard(scene, ContactStatus.REACHABLE, 9.0, uri=HOME) == []


def test_without_a_time_nothing_is_measured(scene: Scene) -> None:
    heard(scene, ContactStatus.NON_QUALIFIED)

    assert heard(scene, ContactStatus.REACHABLE) == []


def test_an_endpoint_that_nobody_watches_is_not_measured(scene: Scene) -> None:
    stranger = ContactChange(Target("office", "SIP", "101"), HOME, ContactStatus.NON_QUALIFIED, scene.now)
    scene.see(stranger)

    assert scene.see(replace(stranger, status=ContactStatus.REACHABLE, rtt_ms=5.0)).measurements == []


@pytest.mark.parametrize("ms", [0.0, -1.0, float("nan"), float("inf"), float("-inf"), 1e300])
def test_what_cannot_have_been_measured_is_not_taken(scene: Scene, ms: float) -> None:
    heard(scene, ContactStatus.NON_QUALIFIED)

    assert heard(scene, ContactStatus.REACHABLE, ms) == []
    assert heard(scene, ContactStatus.REACHABLE, 12.5) != []
