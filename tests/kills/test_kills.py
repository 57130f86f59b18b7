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

FOUR = Script(phones=6, kills=4, long=(14.0, 18.0), pause=(6.0, 8.0), lives=(0, 2, 6))
HUNDRED = Script(phones=20, kills=100, long=(20.0, 40.0), pause=(15.0, 35.0), lives=(0, 0, 1, 2, 7))


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
    assert built.played.outages
    assert all(sink.messages for sink in built.sinks.values())


@pytest.mark.soak
def test_soak_four_kills_every_outage_has_one_incident_and_is_told(tmp_path: Path) -> None:
    survive(tmp_path, FOUR)


@pytest.mark.soak
def test_soak_hundred_kills_every_outage_has_one_incident_and_is_told(tmp_path: Path) -> None:
    survive(tmp_path, HUNDRED)
