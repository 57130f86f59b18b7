"""kill -9 of healthmon at random moments, judged by a checker that shares no code with it."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from tests.kills.stage import Script, Stage, playing, stage
from tests.system.daemon import wait_until

#: How long healthmon may take after the last kill until all is booked and told (seconds).
SETTLES_WITHIN = 90.0

#: Each thing falls once.
FOUR = Script(
    phones=12,
    providers=2,
    pbxs=1,
    kills=4,
    first=(0.0, 8.0),
    for_good=(0.0, 12.0),
    long=(10.0, 50.0),
    pause=(100.0, 100.0),
    lives=(0, 1, 3),
)
HUNDRED = Script(
    phones=30,
    providers=4,
    pbxs=2,
    kills=100,
    first=(0.0, 100.0),
    for_good=(0.0, 450.0),
    long=(30.0, 50.0),
    pause=(95.0, 130.0),
    lives=(0, 0, 1, 2, 6, 9),
)


def survive(folder: Path, script: Script) -> None:
    """Go through it all; the seed repeats the script, though not the scheduling of the machine."""
    seed = int(os.environ.get("HEALTHMON_SEED") or random.SystemRandom().randrange(2**32))
    print(f"seed {seed}")
    with stage(folder, script, seed) as built:
        with playing(built):
            built.kill_often()
        wait_until(
            lambda: not built.complaints(),
            f"all is as it was played (seed {seed})",
            SETTLES_WITHIN,
            explain=lambda: "\n".join([*built.complaints(), "--- log", built.daemon.log()[-20000:]]),
        )
        print(built.figures())
        assert_something_was_tried(built)
        assert "Traceback" not in built.daemon.log()


def assert_something_was_tried(built: Stage) -> None:
    """A play in which nothing was to be told proves nothing."""
    assert built.surely_told()
    assert all(sink.messages for sink in built.sinks.values())


def test_four_kills_every_outage_has_one_incident_and_is_told(tmp_path: Path) -> None:
    survive(tmp_path, FOUR)


@pytest.mark.soak
def test_soak_hundred_kills_every_outage_has_one_incident_and_is_told(tmp_path: Path) -> None:
    survive(tmp_path, HUNDRED)
