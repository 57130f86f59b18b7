"""``python -m tests.system.wall_clock FILE …``: healthmon, whose wall clock is set by so many seconds as FILE says.

Only this process sees it: ``time.time`` is replaced before healthmon is imported. A test changes the file at any time,
as somebody sets the clock of a machine at any time. Libraries and log lines see the same clock; the monotonic one runs
on, as in a real machine.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

_real = time.time


def set_by(path: Path) -> None:
    """Set this process's clock by what the file says."""

    def wall() -> float:
        return _real() + float(path.read_text(encoding="ascii") or 0)

    time.time = wall


if __name__ == "__main__":
    set_by(Path(sys.argv.pop(1)))
    from healthmon.cli import main

    main()
