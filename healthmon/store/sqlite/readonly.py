"""Opens the database for somebody who only looks, as any user of the daemon's group, and creates no file."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from healthmon.errors import StoreError
from healthmon.store.schema import MIGRATIONS
from healthmon.store.sqlite.connect import errors_named, open_connection
from healthmon.store.sqlite.database import check_not_too_new, has_log, recognise, schema_version
from healthmon.store.sqlite.lock import LockFacts, has_shared_log, look_at_lock


def connect_reader(path: Path) -> tuple[sqlite3.Connection, LockFacts]:
    """Open a connection to a whole database of the present schema. Raises a StoreError.

    Not while this process has another connection to the file: looking at the file's head frees that one's locks.
    """
    refuse_missing(path)
    recognise(path)
    return connect_again(path)


def connect_again(path: Path) -> tuple[sqlite3.Connection, LockFacts]:
    """Open a connection to what was found whole a moment ago: looking through a file takes its time."""
    lock = look_at_lock(path)
    refuse_missing(path)
    connection = connect_to_look(path)
    try:
        refuse_older(path, schema_of(connection, path))
        return connection, lock
    except BaseException:
        connection.close()
        raise


def refuse_missing(path: Path) -> None:
    """Raise a StoreError where there is no file."""
    if path.is_dir():
        raise StoreError(path, "this is a directory")
    if not path.is_file():
        raise StoreError(path, "there is no database here yet; the daemon makes it when it first runs")


def connect_to_look(path: Path) -> sqlite3.Connection:
    """Open a connection that reads, whatever the file holds. Raises a StoreError."""
    with errors_named(path):
        if has_shared_log(path):
            return open_connection(path, "mode=ro&readonly_shm=1")
        if has_log(path):
            # After a power cut; only who may write can make its index anew.
            raise StoreError(path, "the daemon ended without writing its log back; start it once, and it will")
        # After a clean stop there is no log to share, and a WAL database without one cannot be opened by somebody who
        # may not create it.
        return open_connection(path, "mode=ro&immutable=1")


def schema_of(connection: sqlite3.Connection, path: Path) -> int:
    """Return the number of the schema. Raises SchemaTooNew."""
    with errors_named(path):
        version = schema_version(connection)
    check_not_too_new(path, version, len(MIGRATIONS))
    return version


def refuse_older(path: Path, schema: int) -> None:
    """Raise a StoreError for a database that the daemon has yet to migrate."""
    if schema < len(MIGRATIONS):
        raise StoreError(path, "it was written by an older healthmon; start the daemon once to bring it up to date")
