"""An Asterisk whose clock is wrong by more than a day: its time stamps are for people, ours decide."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.lab.endpoints import phone
from tests.lab.fixtures import Lab, need
from tests.lab.others import clock_off_by
from tests.lab.phones import Phone
from tests.system.scene import CHECKED_OFTEN, set_scene

#: How far the PBX's clock is ahead (seconds).
OFF_BY = 30 * 3600


@pytest.mark.lab
def test_the_clock_of_a_pbx_changes_no_belief_and_no_length(lab22: Lab) -> None:
    pbx = lab22.asterisk(phone("101", **CHECKED_OFTEN), start=False)  # type: ignore[arg-type]
    pbx.environment = clock_off_by(need("faketime"), OFF_BY)
    pbx.start()
    one = lab22.add(Phone(pbx.sip, "101"))
    assert one.register() == 200
    scene = set_scene(lab22, pbx, lab22.folder("daemon"), options={"down_after": "10s"})
    scene.daemon.wait_for_state("PJSIP/101", "up")
    started_at = datetime.fromisoformat(str(pbx.started_at()))
    assert abs((started_at - datetime.now(UTC)).total_seconds() - OFF_BY) < 600

    one.vanish()
    scene.wait_told("DOWN phone 101 (office) since ")
    one.come_back()
    scene.wait_told("DOWN phone 101 (office) since ", "UP phone 101 (office) after ")
    # The clock is set right while it restarts: startup_time goes back by more than a day.
    pbx.stop()
    pbx.environment = {}
    pbx.start()
    scene.daemon.wait(lambda: "Asterisk was restarted" in scene.daemon.log(), "the restart is noticed")
    scene.daemon.wait_for_state("PJSIP/101", "up")

    row = scene.daemon.report("--since", "1h")["targets"][0]
    assert (row["outages"], len(scene.subjects)) == (1, 2)
    assert 0 < row["downtime_s"] < 60
    opened_at = datetime.fromisoformat(str(scene.incidents()[0]["opened_at"]))
    assert abs(opened_at - datetime.now(UTC)) < timedelta(minutes=5)
