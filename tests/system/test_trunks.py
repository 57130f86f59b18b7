"""Providers on a real Asterisk: what is believed, what is told and how often, what the report says."""

from __future__ import annotations

import time

import pytest

from tests.lab.endpoints import trunk
from tests.lab.fixtures import Lab
from tests.lab.provider import Provider
from tests.system.daemon import PATIENCE
from tests.system.scene import CHECKED_OFTEN, WATCHES, Scene, set_scene


@pytest.fixture
def provider(lab: Lab) -> Provider:
    one = lab.add(Provider(lab.address()))
    one.come_back()
    return one


@pytest.fixture
def scene(lab: Lab, provider: Provider) -> Scene:
    contact = f"sip:{provider.address}:{provider.port}"
    pbx = lab.asterisk(
        trunk("trunk-a", contact, **CHECKED_OFTEN),  # type: ignore[arg-type]
        trunk("trunk-unchecked", "sip:127.0.0.99:5060", qualify_frequency=0),
    )
    scene = set_scene(lab, pbx, lab.folder("daemon"))
    scene.daemon.wait_for_state("PJSIP/trunk-a", "up")
    return scene


def test_provider_dies_and_returns_is_two_messages_and_one_outage(scene: Scene, provider: Provider) -> None:
    scene.daemon.wait(lambda: scene.daemon.target("PJSIP/trunk-a")["kind"] == "provider", "its settings are read")

    provider.ignore("OPTIONS")
    scene.wait_told("DOWN provider trunk-a (office) since ")
    provider.answer("OPTIONS", 200)
    scene.wait_told("DOWN provider trunk-a (office) since ", "UP provider trunk-a (office) after ")

    row = next(row for row in scene.daemon.report("--since", "1h")["targets"] if row["endpoint"] == "PJSIP/trunk-a")
    assert (row["kind"], row["outages"]) == ("provider", 1)
    assert 0 < row["downtime_s"] == row["longest_s"] < 30


def test_flapping_hides_no_outage_the_second_and_third_of_a_provider_are_told_after_its_own_hold(
    lab: Lab, provider: Provider
) -> None:
    pbx = lab.asterisk(trunk("trunk-a", f"sip:{provider.address}:{provider.port}", **CHECKED_OFTEN))  # type: ignore[arg-type]
    # Each end lasts long enough to count as a change.
    patient = WATCHES.replace("down_after = 1s\nup_after = 500ms", "down_after = 4s\nup_after = 2500ms")
    scene = set_scene(lab, pbx, lab.folder("daemon"), config=patient)
    scene.daemon.wait_for_state("PJSIP/trunk-a", "up")
    subjects: list[str] = []

    for _ in range(3):
        died_at = time.time()
        provider.ignore("OPTIONS")
        subjects.append("DOWN provider trunk-a (office) since ")
        scene.wait_told(*subjects)
        # Asterisk notices within a second and a half; the hold is 4 s each time, not 12 s and 20 s.
        assert scene.sink.messages[-1].at - died_at <= 1.5 + 4 + 2
        provider.answer("OPTIONS", 200)
        # The third end is its sixth change within ten minutes.
        subjects.append("FLAPPING provider trunk-a" if len(subjects) == 5 else "UP provider trunk-a (office) after ")
        scene.wait_told(*subjects)


def test_a_reminder_waits_while_up_is_pending(lab: Lab, provider: Provider) -> None:
    pbx = lab.asterisk(trunk("trunk-a", f"sip:{provider.address}:{provider.port}", **CHECKED_OFTEN))  # type: ignore[arg-type]
    patient = WATCHES.replace("down_after = 1s\nup_after = 500ms", "down_after = 1s\nup_after = 8s\nremind_every = 1m")
    scene = set_scene(lab, pbx, lab.folder("daemon"), config=patient)
    scene.daemon.wait_for_state("PJSIP/trunk-a", "up")
    provider.ignore("OPTIONS")
    scene.wait_told("DOWN provider trunk-a (office) since ")

    # It answers again 4 s before the reminder is due, and is believed up 3 s after that at the earliest.
    scene.daemon.wait(
        lambda: time.time() >= scene.sink.messages[0].at + 56, "the reminder is nearly due", timeout=PATIENCE + 60
    )
    provider.answer("OPTIONS", 200)

    scene.daemon.wait(lambda: len(scene.subjects) == 2, "told once more")
    scene.wait_told("DOWN provider trunk-a (office) since ", "UP provider trunk-a (office) after ")


def test_provider_that_answers_503_to_options_is_reachable(scene: Scene, provider: Provider) -> None:
    provider.answer("OPTIONS", 503)
    asked = provider.seen["OPTIONS"]

    scene.daemon.wait(lambda: provider.seen["OPTIONS"] > asked + 3, "Asterisk has asked a few times more")

    assert scene.daemon.state("PJSIP/trunk-a") == "up"
    assert scene.subjects == []


def test_static_contact_that_is_not_checked_is_never_green(scene: Scene) -> None:
    scene.daemon.wait_for_state("PJSIP/trunk-unchecked", "unknown")

    assert scene.daemon.target("PJSIP/trunk-unchecked")["reason"] == "not qualified: Asterisk does not check it"
    report = scene.daemon.report("--since", "1h", "--endpoint", "PJSIP/trunk-unchecked")["targets"]
    assert [row["availability"] for row in report] == [None]
    assert scene.subjects == []
