"""What becomes of a database whose files are no longer ours: what was booked is kept, what is there is not touched."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from healthmon.errors import DatabaseLoss, StoreError
from healthmon.store.sqlite.beside import BESIDE
from healthmon.store.sqlite.connect import errors_named
from healthmon.store.sqlite.copies import OnProgress, put_where_nothing_is, save_copy, set_aside, stamp
from healthmon.store.sqlite.guard import Guard
from healthmon.store.sqlite.pragmas import write_log_back


def salvage(connection: sqlite3.Connection, path: Path, loss: DatabaseLoss, now: float, on_progress: OnProgress) -> str:
    """Keep what can be kept, and say in a sentence what became of it.

    The connection must not be closed afterwards: SQLite would write its log into whatever is there now.
    """
    if loss is DatabaseLoss.GONE:
        return _put_back(connection, path, now, on_progress)
    if loss is not DatabaseLoss.REPLACED:
        return "what it held before is lost, unless there is a backup"
    kept = path.with_name(f"{path.name}.{stamp(now)}.replaced")
    try:
        save_copy(connection, kept, on_progress)
    except (OSError, StoreError) as error:
        kept.unlink(missing_ok=True)
        return f"what the one before held could not be kept: {error}"
    return f"what the one before held is kept in {kept.name}"


def take_away_ours(path: Path, guard: Guard, now: float) -> None:
    """Take the log that is ours away from a file that is not: SQLite would write it into that at the next start."""
    for end in BESIDE:
        if guard.is_ours(end):
            set_aside(path, end, now)


def _put_back(connection: sqlite3.Connection, path: Path, now: float, on_progress: OnProgress) -> str:
    """Write what was deleted to its place again, unless something is there by now. What stands in the log is in it."""
    partial = path.with_name(f"{path.name}.partial")
    try:
        save_copy(connection, partial, on_progress)
        if path.exists():
            return "it could not be put back: something else is in its place by now"
        for end in BESIDE:
            set_aside(path, end, now)
        put_where_nothing_is(partial, path)
    except (OSError, StoreError) as error:
        return f"it could not be put back: {error}"
    finally:
        partial.unlink(missing_ok=True)
    return "it was put back with all that it held, and the next start goes on with it"


def write_back(connection: sqlite3.Connection, path: Path, guard: Guard, now: float) -> str:
    """Write the log, which is open, into the file, which is ours. What stands beside it now belongs to nothing."""
    with errors_named(path):
        write_log_back(connection)
    for end in BESIDE:
        if not guard.is_ours(end):
            set_aside(path, end, now)
    return "all that was booked stands in the file itself, and the next start goes on with it"
