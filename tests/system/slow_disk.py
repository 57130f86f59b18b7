"""``python -m tests.system.slow_disk …``: healthmon on a disk on which each commit takes longer than a standstill."""

from __future__ import annotations

import time

import healthmon.times.rounds
from healthmon.cli import main
from healthmon.model import Changes
from healthmon.store.write.writer import Writer

#: No round for so long is a standstill here, and a commit takes so long (seconds).
STANDSTILL, COMMIT_TAKES = 2.5, 3.0


def slow_down() -> None:
    """Have each commit wait for its disk."""
    commit = Writer.commit

    def slow_commit(writer: Writer, changes: Changes) -> None:
        time.sleep(COMMIT_TAKES)
        commit(writer, changes)

    setattr(Writer, "commit", slow_commit)  # noqa: B010 - mypy takes it for a method of this module otherwise


if __name__ == "__main__":
    slow_down()
    healthmon.times.rounds.STANDSTILL = STANDSTILL
    main()
