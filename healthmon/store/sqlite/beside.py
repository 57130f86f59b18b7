"""What stands beside a database, by name."""

from __future__ import annotations

from pathlib import Path

#: What SQLite keeps beside a database. While one connection is open, these files stay the same ones.
BESIDE = ("-wal", "-shm")


def beside(database: Path, end: str) -> Path:
    """Return where one of SQLite's files is: where the database is a link, it is beside what that leads to."""
    where = database.resolve()
    return where.with_name(where.name + end)


def lock_path(database: Path) -> Path:
    """Return where the lock of a database is."""
    return database.with_name(database.name + ".lock")
