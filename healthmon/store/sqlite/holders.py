"""Who holds SQLite's locks: whoever may read the database may take them, and can so keep the daemon from writing.

In WAL mode they are locks on single bytes of ``-shm`` (sqlite.org/walformat.html, "WAL Locks").
"""

from __future__ import annotations

import fcntl
import os
import struct
from pathlib import Path

from healthmon.store.sqlite.beside import beside

#: One of these is held by whoever writes, checkpoints or recovers.
WRITE_LOCKS = range(120, 123)

#: ``struct flock`` of fcntl(2): type, whence, start, length, process.
_FLOCK = struct.Struct("hhqqi0q")

#: Opened once, and never closed: that would free the locks that SQLite has on the same file in this process.
_opened: dict[tuple[int, int], int] = {}


def who_holds(database: Path) -> str:
    """Say in words which other process holds a lock that a writer needs."""
    index = beside(database, "-shm")
    try:
        pids = {_holder(_open_for_good(index), byte) for byte in WRITE_LOCKS} - {None}
    except OSError:
        pids = set()
    found = [_in_words(pid) for pid in sorted(pid for pid in pids if pid is not None and pid > 0)]
    if found:
        return f"{' and '.join(found)} holds the lock"
    from shlex import quote  # noqa: PLC0415  (only for an error)

    return f"as root, fuser -v {quote(str(database))}* names who has it open"


def _holder(file: int, byte: int) -> int | None:
    """Return the process that holds a lock on a byte, 0 or less if it cannot be told; None: no other process does."""
    asked = _FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, byte, 1, 0)
    kind, _, _, _, pid = _FLOCK.unpack(fcntl.fcntl(file, fcntl.F_GETLK, asked))
    if kind == fcntl.F_UNLCK:
        return None
    return int(pid)


def _open_for_good(path: Path) -> int:
    found = path.stat()
    key = (found.st_dev, found.st_ino)
    if key not in _opened:
        _opened[key] = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    return _opened[key]


def _in_words(pid: int) -> str:
    """Name a process, and its program where that can be seen: the service does not see those of others."""
    try:
        program = Path(f"/proc/{pid}/comm").read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return f"process {pid}"
    return f"process {pid} ({program})"
