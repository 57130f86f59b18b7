"""Traces of a database that was here before: a new history in its place is never begun without a word."""

from __future__ import annotations

from pathlib import Path

from healthmon.store.sqlite.beside import beside
from healthmon.store.sqlite.database import BACKUP_END, has_log


def note_path(database: Path) -> Path:
    """Return where a daemon notes, once it has a database, when somebody was told of it past its outbox."""
    return database.with_name(f"{database.name}.told-directly")


def trace_of_former(database: Path) -> Path | None:
    """Name a file that tells that there was a database of this name; None: nothing tells of one.

    The lock tells nothing: it is there before the first database is.
    """
    if has_log(database):
        return beside(database, "-wal")
    if note_path(database).exists():
        return note_path(database)
    backups = database.parent.glob(f"{database.name}.*{BACKUP_END}")
    return max(backups, default=None)
