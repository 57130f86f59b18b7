"""The lock beside the database: one daemon at a time. Freed by the kernel however the daemon ends."""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path

from msgspec import Struct

from healthmon.errors import DatabaseLocked, DatabaseUnwritable, StoreError

#: A reader that looks whether the lock is held holds it for some microseconds: try again this long (seconds).
PATIENCE = 1.0


def lock_path(database: Path) -> Path:
    """Return where the lock of a database is."""
    return database.with_name(database.name + ".lock")


class Lock:
    """Held as long as this object is not released. The file stays: removing it would race with the next daemon."""

    def __init__(self, database: Path) -> None:
        path = lock_path(database)
        try:
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
            os.fchmod(self._file, 0o640)
            _give_to_owner(self._file, database)
        except OSError as error:
            raise DatabaseUnwritable(database, f"the lock {path} cannot be made: {error.strerror}") from error
        if not self._taken_in_time():
            pid = _pid_in(self._file)
            os.close(self._file)
            raise DatabaseLocked(database, f"another healthmon (process {pid or 'unknown'}) is using this database")
        try:
            os.ftruncate(self._file, 0)
            os.pwrite(self._file, f"{os.getpid()}\n".encode(), 0)
        except OSError as error:
            os.close(self._file)
            raise DatabaseUnwritable(database, f"the lock {path} cannot be written: {error.strerror}") from error

    def _taken_in_time(self) -> bool:
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > deadline:
                    return False
                time.sleep(0.02)
            else:
                return True

    def release(self) -> None:
        """Let another daemon in."""
        os.close(self._file)


def _give_to_owner(file: int, database: Path) -> None:
    """Let whom the database belongs to take the lock later, also when root was the first to take it."""
    if os.geteuid() == 0 and database.exists():
        owner = database.stat()
        os.fchown(file, owner.st_uid, owner.st_gid)


class LockFacts(Struct, frozen=True):
    """Whether a daemon holds the lock, and its process, if it has said so."""

    is_held: bool
    pid: int | None = None


def look_at_lock(database: Path) -> LockFacts:
    """Say whether a daemon is running, without getting in its way. Needs no right to write."""
    try:
        file = os.open(lock_path(database), os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return LockFacts(is_held=False)
    except OSError as error:
        raise StoreError(database, f"its lock cannot be read: {error.strerror}") from error
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return LockFacts(is_held=True, pid=_pid_in(file))
    else:
        return LockFacts(is_held=False)
    finally:
        os.close(file)


def _pid_in(file: int) -> int | None:
    text = os.pread(file, 20, 0).strip()
    return int(text) if text.isdigit() else None
