"""What keeps a daemon from working, seen from another process: for ``healthmon status``."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

from healthmon.store.sqlite.connect import SMALL_COMMIT_BYTES
from healthmon.store.sqlite.disk import free_bytes
from healthmon.store.sqlite.lock import LockFacts


class Hindrance(StrEnum):
    """Why a daemon that seems to run does nothing."""

    STOPPED = "the daemon is stopped (SIGSTOP); kill -CONT lets it go on"
    DISK_FULL = "the disk of the database is full"
    UNSEEN = "the daemon was killed, hangs, or cannot write its database"


def look_for_hindrance(database: Path, lock: LockFacts) -> Hindrance | None:
    """Say what probably keeps the daemon from working; None: nothing that can be seen from here."""
    if lock.pid is not None and _is_stopped(lock.pid):
        return Hindrance.STOPPED
    if free_bytes(database.parent) < SMALL_COMMIT_BYTES:
        return Hindrance.DISK_FULL
    if lock.is_seen:
        return None
    return Hindrance.UNSEEN


def _is_stopped(pid: int) -> bool:
    """Whether a process is stopped, by a signal or a debugger (proc(5)). One that cannot be looked at is not."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    # Its name stands in parentheses, and may hold anything.
    return stat.rpartition(")")[2].split()[:1] in (["T"], ["t"])
