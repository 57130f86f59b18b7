"""Providers on a real Asterisk: what is believed, what is told and how often, what the report says."""

from __future__ import annotations

import pytest

from tests.lab.endpoints import trunk
from tests.lab.fixtures import Lab
from tests.lab.provider import Provider
from tests.system.scene import CHECKED_OFTEN, Scene, set_scene


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
