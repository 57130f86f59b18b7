"""When somebody was last told of a trouble past the outbox: kept outside of the database, over restarts."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import NamedTuple

from healthmon.files import open_ours

log = logging.getLogger(__name__)

#: How long nobody is told again (seconds).
QUIET_FOR = 3600.0


class NoteTimes(NamedTuple):
    """When somebody was told (seconds, UTC; 0: never), and, if that is later, when that it is over."""

    told_at: float
    ended_at: float


NEVER = NoteTimes(0.0, 0.0)


class ToldNote:
    """Remembers by the times of an empty file, which can be changed even when the disk is full.

    Its time of change is ``told_at``, its time of access ``ended_at``. One file is beside the database, another in the
    runtime directory that systemd gives us: the newer one counts.
    """

    def __init__(self, database: Path, name: str) -> None:
        runtime = os.environ.get("RUNTIME_DIRECTORY", "").partition(":")[0]
        folders = [Path(runtime), database.parent] if runtime else [database.parent]
        self._paths = [folder / f"{database.name}.{name}" for folder in folders]

    def make(self) -> None:
        """Make the files while the disk still has room."""
        for path in self._paths:
            if not os.path.lexists(path):
                try:
                    _write_times(path, NEVER)
                except OSError as error:
                    log.warning("%s: cannot be made: %s", path, error)

    def is_quiet(self, now: float) -> bool:
        """Whether somebody was told within the hour."""
        return 0 <= now - self.times().told_at < QUIET_FOR

    def lasts(self) -> bool:
        """Whether somebody was told, and not yet that it is over."""
        told_at, ended_at = self.times()
        return told_at > 0 and ended_at <= told_at

    def note(self, now: float) -> bool:
        """Remember that somebody is told now; False: it cannot be remembered."""
        return self.set_times(NoteTimes(now, now))

    def note_end(self, now: float) -> None:
        """Remember that they were told that it is over. The hour goes on."""
        told_at = self.times().told_at
        self.set_times(NoteTimes(told_at, max(now, told_at + 1)))

    def times(self) -> NoteTimes:
        """Return what is remembered."""
        return max(_read_times(path) for path in self._paths)

    def set_times(self, times: NoteTimes) -> bool:
        """Remember something else; False: it cannot be remembered anywhere."""
        written = [self._write_times(path, times) for path in self._paths]
        return any(written)

    def _write_times(self, path: Path, times: NoteTimes) -> bool:
        try:
            _write_times(path, times)
        except OSError as error:
            log.warning("%s: cannot be written (%s); a restart may tell about it again", path, error)
            return False
        return True


def _read_times(path: Path) -> NoteTimes:
    try:
        found = path.lstat()
    except OSError:
        return NEVER
    return NoteTimes(found.st_mtime, found.st_atime)


def _write_times(path: Path, times: NoteTimes) -> None:
    file = open_ours(path, 0o640)
    try:
        os.utime(file, (times.ended_at, times.told_at))
    finally:
        os.close(file)
