"""Files that appear under their names only when they are whole."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from healthmon.files import make_new, open_existing
from healthmon.store.sqlite.beside import BESIDE, beside, lock_path
from healthmon.store.sqlite.connect import errors_named, open_connection

#: The daemon's group may read, nobody else.
FILE_MODE = 0o640

#: A copy is made in steps of so many pages (40 MB).
PAGES_AT_ONCE = 10_000

#: What a database that keeps no log says, and where (sqlite.org/fileformat.html).
PLAIN = (b"\1\1", 18)

#: Called with how many pages are copied, and of how many.
OnProgress = Callable[[int, int], None]


def stamp(now: float) -> str:
    """Write a time as it stands in the names of files; they sort by it."""
    return time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now))


def set_aside(path: Path, end: str, now: float) -> None:
    """Take what SQLite kept for one database away from another of the same name: it would be written into that.

    What stood in its log is kept, under another name. Raises OSError.
    """
    leftover = beside(path, end)
    if end == "-wal" and leftover.exists() and leftover.stat().st_size:
        leftover.rename(path.with_name(f"{leftover.name}.{stamp(now)}.leftover"))
    else:
        leftover.unlink(missing_ok=True)


def is_part_of(path: Path, database: Path) -> bool:
    """Whether a file is a database, or one of those that SQLite and the daemon keep beside it."""
    parts = (database, lock_path(database), *(beside(database, end) for end in BESIDE))
    return path.exists() and any(part.exists() and path.samefile(part) for part in parts)


def make_empty(path: Path) -> None:
    """Make an empty file, in place of one that was left over. Raises OSError."""
    for leftover in (path, path.with_name(path.name + "-journal")):
        leftover.unlink(missing_ok=True)
    os.close(make_new(path, FILE_MODE))


def save_copy(connection: sqlite3.Connection, copy: Path, on_progress: OnProgress) -> None:
    """Copy a database, with what stands in its log, into one plain file. Raises OSError, or a StoreError."""
    make_empty(copy)
    with errors_named(copy), closing(open_connection(copy, "mode=rw")) as target:
        fill_copy(connection, target, on_progress)
    make_plain(copy)


def fill_copy(connection: sqlite3.Connection, target: sqlite3.Connection, on_progress: OnProgress) -> None:
    """Copy a database, with what stands in its log, into an empty file, and open no other file by its name for that."""
    # Nobody looks at the copy before it is whole: it needs no journal.
    target.execute("PRAGMA journal_mode = OFF")
    connection.backup(
        target, pages=PAGES_AT_ONCE, progress=lambda _status, left, total: on_progress(total - left, total)
    )


def make_plain(copy: Path) -> None:
    """Note in a copy that there is no log beside it. Raises OSError."""
    file = open_existing(copy)
    try:
        os.pwrite(file, *PLAIN)
    finally:
        os.close(file)


def put_in_place(new: Path, path: Path) -> None:
    """Rename, so that a power cut leaves either nothing or the whole file. Raises OSError."""
    _flush(new, path.parent)
    new.replace(path)


def put_where_nothing_is(new: Path, path: Path) -> None:
    """The same, but never over something that is there. Raises OSError, FileExistsError."""
    _flush(new, path.parent)
    os.link(new, path)
    new.unlink()


def _flush(*paths: Path) -> None:
    for path in paths:
        file = os.open(path, os.O_RDONLY)
        os.fsync(file)
        os.close(file)
