"""A script of outages of known length on a real Asterisk, then the report: every figure is within one poll of it."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime

import pytest

from tests.lab.endpoints import trunk
from tests.lab.fixtures import Lab
from tests.lab.provider import Provider
from tests.system.scene import CHECKED_OFTEN, Scene, set_scene

#: How long the provider is gone, one outage after the other, and how long it works in between (seconds).
SCRIPT = ((9.0, 6.0), (14.0, 6.0))

#: ``poll_every`` of the scene.
POLL = 5.0


@pytest.fixture
def provider(lab: Lab) -> Provider:
    one = lab.add(Provider(lab.address()))
    one.come_back()
    return one


@pytest.fixture
def scene(lab: Lab, provider: Provider) -> Scene:
    pbx = lab.asterisk(trunk("trunk-a", f"sip:{provider.address}:{provider.port}", **CHECKED_OFTEN))  # type: ignore[arg-type]
    scene = set_scene(lab, pbx, lab.folder("daemon"))
    scene.daemon.wait_for_state("PJSIP/trunk-a", "up")
    return scene


def test_every_figure_is_within_one_poll_of_what_was_done(scene: Scene, provider: Provider) -> None:
    began = time.time()
    gone = []
    for down_s, up_s in SCRIPT:
        left = time.time()
        provider.ignore("OPTIONS")
        scene.daemon.wait_for_state("PJSIP/trunk-a", "down")
        # The script, not a wait for a result.
        time.sleep(max(0.0, down_s - (time.time() - left)))
        provider.answer("OPTIONS", 200)
        gone.append(time.time() - left)
        scene.daemon.wait_for_state("PJSIP/trunk-a", "up")
        time.sleep(up_s)
    scene.wait_told(*(f"{word} provider trunk-a (office) " for _ in SCRIPT for word in ("DOWN", "UP")))

    # However long a command takes to start, its report begins with the script.
    window = ("--from", datetime.fromtimestamp(began, UTC).isoformat())
    asked_after = time.time() - began
    row = next(one for one in scene.daemon.report(*window)["targets"] if one["endpoint"] == "PJSIP/trunk-a")
    answered_after = time.time() - began

    assert row["outages"] == len(gone)
    assert row["downtime_s"] == pytest.approx(sum(gone), abs=POLL)
    assert row["longest_s"] == pytest.approx(max(gone), abs=POLL)
    assert row["mttr_s"] == pytest.approx(sum(gone) / len(gone), abs=POLL)
    in_all = row["up_s"] + row["downtime_s"] + row["unknown_s"]
    assert asked_after - POLL <= in_all <= answered_after + POLL
    assert row["unknown_s"] < POLL

    # The same by day, and as a page.
    done = scene.daemon.command("report", *window, "--by", "day", "--kind", "provider", "--format", "json")
    assert sum(group["downtime_s"] for group in json.loads(done.stdout)["groups"]) == pytest.approx(sum(gone), abs=POLL)
    page = scene.daemon.command("report", *window, "--format", "html", "--sla", "99.9")
    assert page.returncode == 1, page.stderr
    assert "two outages" in page.stdout
