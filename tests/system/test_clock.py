"""The clock of healthmon's machine is set by an hour, forward and back: nothing is believed or told because of it.

The machine is a process whose ``time.time`` is set; that it has not slept, its other clocks tell.
"""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from healthmon.store.read.queries import open_reader
from tests.lab.fixtures import need
from tests.lab.others import clock_set_by
from tests.system.accounts import booked, wrong_incidents, wrong_tellings
from tests.system.fake_scene import FakeScene, fake_scene, phones

HOUR = 3600.0
ROOT = Path(__file__).parents[2]


@dataclass
class Machine:
    """A scene on a machine whose clock can be set."""

    scene: FakeScene
    file: Path
    shift: float = 0.0

    def set_clock(self, by: float) -> None:
        """Set the clock of the daemon, and of the commands."""
        self.shift += by
        # As a whole, never empty: the daemon may read it in this moment.
        new = self.file.with_suffix(".new")
        new.write_text(repr(self.shift), encoding="ascii")
        new.rename(self.file)

    def now(self) -> float:
        """What its clock shows."""
        return time.time() + self.shift

    def jumps(self) -> int:
        """How many jumps the log tells of."""
        return self.scene.daemon.log().count("the wall clock was set by")


@contextmanager
def machine(folder: Path) -> Iterator[Machine]:
    """A daemon with five phones that are up, on a machine whose clock is right so far."""
    file = folder / "clock"
    file.write_text("0.0", encoding="ascii")
    program = (sys.executable, "-m", "tests.system.wall_clock", str(file))
    environ = {"PYTHONPATH": str(ROOT)}
    with fake_scene(folder, phones(5), program=program, environ=environ) as scene:
        yield Machine(scene, file)


@pytest.mark.parametrize("by", [HOUR, -HOUR], ids=["forward", "back"])
def test_clock_that_is_set_by_an_hour_changes_no_belief_and_no_length(tmp_path: Path, by: float) -> None:
    with machine(tmp_path) as here:
        scene, daemon = here.scene, here.scene.daemon
        began = time.monotonic()
        scene.down("101")
        scene.sink.wait_for(1)
        # Its hold has begun, and is not over: the jump neither ends nor restarts it.
        scene.pbx.phone_down("PJSIP/102")
        daemon.wait(lambda: daemon.target("PJSIP/102")["pending"], "102 is pending")
        here.set_clock(by)
        daemon.wait(lambda: here.jumps() == 1, "the jump is noticed")
        daemon.wait_for_state("PJSIP/102", "down", timeout=10)
        scene.sink.wait_for(2)
        scene.up("101")
        scene.sink.wait_for(3)
        lasted = time.monotonic() - began

        assert here.jumps() == 1
        assert [subject.split(" (office)")[0] for subject in scene.subjects] == [
            "DOWN phone 101",
            "DOWN phone 102",
            "UP phone 101",
        ]
        incidents = booked(daemon.database)
        assert [*wrong_incidents(incidents), *wrong_tellings(incidents, scene.sink.messages)] == []
        states = {row["endpoint"]: row["state"] for row in daemon.status()["targets"]}
        assert [states[f"PJSIP/{name}"] for name in range(101, 106)] == ["up", "down", "up", "up", "up"]
        over = next(one for one in incidents if one.target.resource == "101")
        assert over.closed_at is not None
        assert 2.0 <= over.closed_at - over.opened_at - max(by, 0.0) <= lasted
        # What is booked before a clock is set forward stays; one that is set back moves it along.
        assert all(abs(one.opened_at - here.now() + max(by, 0.0)) < lasted + 5 for one in incidents)
        # The hour that was left out is no part of the outage.
        assert re.search(r"after \d+ s$", scene.subjects[2])
        row = next(one for one in daemon.report("--since", "3h")["targets"] if one["endpoint"] == "PJSIP/101")
        assert row["outages"] == 1
        assert 2.0 <= row["downtime_s"] <= lasted
        assert daemon.status()["daemon"]["stale"] is False
        assert clock_jumps(daemon.database) == [pytest.approx(by, abs=1)]
        assert "Traceback" not in daemon.log()


def test_clock_set_back_while_healthmon_does_not_run_keeps_the_order_of_the_history(tmp_path: Path) -> None:
    with machine(tmp_path) as here:
        scene, daemon = here.scene, here.scene.daemon
        scene.down("101")
        scene.sink.wait_for(1)
        daemon.stop()
        here.set_clock(-HOUR)
        daemon.start()
        scene.up("101")
        scene.sink.wait_for(2)

        [incident] = booked(daemon.database)
        assert incident.closed_at is not None
        assert 0 < incident.closed_at - incident.opened_at < 60
        assert abs(incident.closed_at - here.now()) < 60
        assert scene.subjects[1].startswith("UP phone 101 (office) after ")
        assert "the clock was set back by" in daemon.log()


@pytest.mark.parametrize("is_running", [True, False], ids=["while it runs", "before the next start"])
def test_start_with_a_clock_eight_hours_ahead_moves_no_history(tmp_path: Path, is_running: bool) -> None:
    with machine(tmp_path) as here:
        scene, daemon = here.scene, here.scene.daemon
        scene.down("101")
        scene.sink.wait_for(1)
        scene.up("101")
        scene.sink.wait_for(2)
        before = booked(daemon.database)
        daemon.stop()
        here.set_clock(8 * HOUR)
        daemon.start()
        assert booked(daemon.database) == before
        if is_running:
            here.set_clock(-8 * HOUR)
            daemon.wait(lambda: here.jumps() == 1, "the jump is noticed")
        else:
            daemon.stop()
            here.set_clock(-8 * HOUR)
            daemon.start()

        assert booked(daemon.database) == before
        row = next(row for row in daemon.report("--since", "2h")["targets"] if row["endpoint"] == "PJSIP/101")
        assert (row["outages"], len(scene.subjects)) == (1, 2)
        assert row["unknown_s"] < 600


@pytest.mark.lab
def test_clock_that_is_set_right_in_the_morning_leaves_the_evening_where_it_was(tmp_path: Path) -> None:
    """A board without a battery starts with the time of the evening, and is set right during an outage."""
    night = 8 * HOUR
    file = tmp_path / "clock"
    file.write_text("+0", encoding="ascii")
    environ = clock_set_by(need("faketime"), file)
    with fake_scene(tmp_path, phones(3), environ=environ) as scene:
        daemon, began = scene.daemon, time.time()
        scene.down("101")
        scene.sink.wait_for(1)
        file.write_text(f"+{night:.0f}", encoding="ascii")
        daemon.wait(lambda: "the wall clock was set by +28800.0 s" in daemon.log(), "the step is noticed")
        scene.up("101")
        scene.sink.wait_for(2)

        [over] = booked(daemon.database)
        assert abs(over.opened_at - began) < 60
        assert over.closed_at is not None
        assert abs(over.closed_at - time.time() - night) < 60
        assert re.search(r"^UP phone 101 \(office\) after \d+ s$", scene.subjects[1])
        rows = {row["endpoint"]: row for row in daemon.report("--since", "10h")["targets"]}
        assert rows["PJSIP/102"]["unknown_s"] == pytest.approx(night, abs=60)
        assert rows["PJSIP/101"]["downtime_s"] < 60
        assert "Traceback" not in daemon.log()


def clock_jumps(database: Path) -> list[float]:
    """The jumps that are booked (seconds)."""
    with closing(open_reader(database)) as reader:
        return [row["seconds"] for row in reader._rows("SELECT seconds FROM clock_jumps ORDER BY id")]
