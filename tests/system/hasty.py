"""``python -m tests.system.hasty FILE …``: healthmon whose engine is stuck for as long as FILE exists.

It also notices within seconds what takes half a minute otherwise, begins its heartbeat at once, and soon says that it
runs well.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path

import healthmon.app.daemon
import healthmon.app.heartbeat
import healthmon.engine
import healthmon.watchdog.pulse
from healthmon.cli import main
from healthmon.engine import Engine
from healthmon.model import Sighting

#: After so long without a commit the engine is stuck (seconds).
COMMITS_WITHIN = 4.0


def get_stuck_while(path: Path) -> None:
    """Have each round of the engine wait until there is no such file."""
    step = Engine.step

    def stuck(engine: Engine, batch: Sequence[Sighting]) -> None:
        while path.exists():
            time.sleep(0.05)
        step(engine, batch)

    setattr(Engine, "step", stuck)  # noqa: B010 - mypy takes it for a method of this module otherwise


if __name__ == "__main__":
    get_stuck_while(Path(sys.argv.pop(1)))
    healthmon.engine.ALIVE_EVERY = 1.0
    healthmon.watchdog.pulse.COMMITS_WITHIN = COMMITS_WITHIN
    healthmon.app.heartbeat.FIRST_IN = 0.1
    healthmon.app.daemon.RUNS_WELL_AFTER = 1.0
    main()
