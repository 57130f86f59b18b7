"""The lock beside the database: one daemon at a time. Freed by the kernel however the daemon ends."""

from __future__ import annotations

import errno
import fcntl
import os
import time
from pathlib import Path

from msgspec import Struct

from healthmon.errors import DatabaseLocked, DatabaseUnwritable, StoreError
from healthmon.files import open_ours
from healthmon.store.sqlite.beside import beside, lock_path

#: A reader that looks whether the lock is held holds it for some microseconds: try again this long (seconds).
PATIENCE = 1.0


#: Only whom the daemon runs as may open it: whoever can, can keep a daemon from starting.
MODE = 0o600


def has_shared_log(database: Path) -> bool:
    """Whether SQLite's index of the log is there: from the start of a daemon to its orderly end."""
    return beside(database, "-shm").exists()


class Lock:
    """Held as long as this object is not released. The file stays: removing it would race with the next daemon."""

    def __init__(self, database: Path) -> None:
        path = lock_path(database)
        try:
            self._file = _taken(database, path)
        except OSError as error:
            raise DatabaseUnwritable(database, f"the lock {path} cannot be opened: {error.strerror}") from error
        try:
            _write_pid(self._file)
        except OSError as error:
            os.close(self._file)
            raise DatabaseUnwritable(database, f"the lock {path} cannot be written: {error.strerror}") from error

    def release(self) -> None:
        """Let another daemon in."""
        os.close(self._file)


def _taken(database: Path, path: Path) -> int:
    """Return the lock, opened and held. Raises OSError, or DatabaseLocked."""
    while True:
        file = open_ours(path, MODE)
        try:
            if not _flock(file, PATIENCE) and _is_held_by_a_daemon(file):
                who = f"process {_pid_in(file) or 'unknown'}"
                raise DatabaseLocked(database, f"another healthmon ({who}) is using this database")
            if _is_open_to_others(file):
                file = _replaced(file, path)
            if os.path.samestat(os.fstat(file), path.lstat()):
                return file
        except BaseException:
            os.close(file)
            raise
        # Another daemon has put a new one in its place meanwhile.
        os.close(file)


def _flock(file: int, patience: float) -> bool:
    deadline = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        else:
            return True


def _is_open_to_others(file: int) -> bool:
    """Whether it is the lock of an older healthmon, which its group may open, and hold as well as a daemon."""
    return bool(os.fstat(file).st_mode & 0o077)


def _is_held_by_a_daemon(file: int) -> bool:
    """Whether a daemon of ours holds a lock that is held. One that others may open names its process."""
    if not _is_open_to_others(file):
        return True
    pid = _pid_in(file)
    if pid is None:
        return False
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def _replaced(file: int, path: Path) -> int:
    """Put a lock that nobody else can open in the place of an old one, and hold it; the old one is closed.

    The old one may be open elsewhere, and would be taken when we end. Raises OSError.
    """
    # An older daemon that starts now finds the old one held, and this process in it.
    _write_pid(file)
    new = path.with_name(path.name + ".new")
    made = open_ours(new, MODE)
    try:
        fcntl.flock(made, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(file), path.lstat()):
            new.replace(path)
        else:
            new.unlink()
    except BaseException:
        os.close(made)
        raise
    os.close(file)
    return made


def _write_pid(file: int) -> None:
    os.ftruncate(file, 0)
    os.pwrite(file, f"{os.getpid()}\n".encode(), 0)


class LockFacts(Struct, frozen=True):
    """Whether a daemon holds the lock, and its process, if it has said so.

    ``is_seen``: this user may look at it, as only the daemon's may; for the others one seems to run while there is a
    log to share. Whether it does anything, ``alive_at`` tells.
    """

    is_held: bool
    pid: int | None = None
    is_seen: bool = True


def look_at_lock(database: Path) -> LockFacts:
    """Say whether a daemon is running, without getting in its way."""
    try:
        file = os.open(lock_path(database), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return LockFacts(is_held=False)
    except PermissionError as error:
        if not os.access(database.parent, os.X_OK, effective_ids=True):
            raise StoreError(database, f"its folder cannot be read: {error.strerror}") from error
        return LockFacts(is_held=has_shared_log(database), is_seen=False)
    except OSError as error:
        why = "it is a link" if error.errno == errno.ELOOP else error.strerror
        raise StoreError(database, f"its lock {lock_path(database)} cannot be read: {why}") from error
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
    if text.isdigit():
        return int(text)
    return None
