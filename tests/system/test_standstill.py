"""The process is stopped for a while (SIGSTOP, a frozen machine): that time is unknown, and what fell in it is told."""

from __future__ import annotations

import os
import signal
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from healthmon.core.belief.pbx import STOOD_STILL
from healthmon.store.read.queries import open_reader
from tests.system.fake_scene import fake_scene, phones

#: How long it is stopped (seconds).
STOPPED = 11.5


def test_time_in_which_the_daemon_was_stopped_is_unknown_and_a_phone_that_fell_in_it_is_told(tmp_path: Path) -> None:
    with fake_scene(tmp_path, phones(3)) as scene:
        daemon = scene.daemon
        os.kill(daemon.pid, signal.SIGSTOP)
        stopped_at = time.time()
        scene.pbx.phone_down("PJSIP/101")
        scene.pbx.phone_down("PJSIP/102")
        time.sleep(STOPPED)
        scene.pbx.phone_up("PJSIP/101")
        os.kill(daemon.pid, signal.SIGCONT)
        went_on_at = time.time()

        daemon.wait_for_state("PJSIP/102", "down")
        scene.sink.wait_for(1)
        daemon.wait_for_state("PJSIP/101", "up")

        assert [subject.split(" (office)")[0] for subject in scene.subjects] == ["DOWN phone 102"]
        assert "healthmon stood still for" in daemon.log()
        assert "Traceback" not in daemon.log()
        since, until = unknown(daemon.database)
        assert until is not None
        assert stopped_at - 1 < since < stopped_at + 0.1
        assert went_on_at - 0.1 < until < went_on_at + 5
        rows = {row["endpoint"]: row for row in daemon.report("--since", "1h")["targets"]}
        assert all(rows[f"PJSIP/{name}"]["unknown_s"] == pytest.approx(until - since, abs=1) for name in (101, 103))
        assert rows["PJSIP/101"]["outages"] == 0


def test_phone_is_told_on_a_disk_on_which_each_commit_takes_longer_than_a_standstill(tmp_path: Path) -> None:
    program = (sys.executable, "-m", "tests.system.slow_disk")
    environ = {"PYTHONPATH": str(Path(__file__).parents[2])}
    with fake_scene(tmp_path, phones(3), program=program, environ=environ) as scene:
        scene.pbx.phone_down("PJSIP/101")

        scene.sink.wait_for(1)

        assert [subject.split(" (office)")[0] for subject in scene.subjects] == ["DOWN phone 101"]
        assert "stood still" not in scene.daemon.log()


def unknown(database: Path) -> tuple[float, float | None]:
    """When the time begins and ends in which the daemon stood still, as it is booked."""
    with closing(open_reader(database)) as reader:
        unknown_periods = reader.unknown_of_pbxs(0.0, time.time())["office"]
    [period] = [period for period in unknown_periods if period.why == STOOD_STILL]
    return period.since, period.until
