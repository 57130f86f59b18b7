"""Connections to the database file, transactions, and SQLite's errors as our own."""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from urllib.parse import quote

import msgspec

from healthmon.errors import DatabaseBusy, DatabaseUnwritable, ForeignDatabase, TookTooLong
from healthmon.store.sqlite.disk import free_bytes
from healthmon.store.sqlite.holders import who_holds

#: What the rest of the store calls these: another kind of database would have its own.
Connection = sqlite3.Connection
Cursor = sqlite3.Cursor
Stored = sqlite3.Row

_PARAMETER = re.compile(r":\w+")

#: How long a writer waits for another one before it gives up (seconds).
BUSY_TIMEOUT = 5.0

#: SQLite looks after 1, 2, 5, 10 ms, … and at last every 100 ms whether that one has ended: who has waited for long
#: misses the short gaps that the engine leaves in a storm. It is told to begin anew after so long (milliseconds).
LOOKS_FOR = 3

#: So many steps of its machine SQLite makes between two looks at the clock: well below a millisecond.
STEPS_BETWEEN_LOOKS = 10_000

#: Once a commit has returned, a power cut does no harm to it.
DURABLE = "FULL"

#: The write-ahead log is cut back to this size after a storm (bytes).
WAL_SIZE_LIMIT_BYTES = 64 * 1024 * 1024

#: With less free space than a small commit needs nothing is booked.
SMALL_COMMIT_BYTES = 64 * 1024

#: SQLite's primary result codes that mean "not now": what was to be written is kept and tried again.
UNWRITABLE = {
    sqlite3.SQLITE_FULL: "the disk is full",
    sqlite3.SQLITE_READONLY: "the file, or the file system that it is on, is read-only",
    sqlite3.SQLITE_IOERR: "reading or writing failed",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened",
    sqlite3.SQLITE_PERM: "permission denied",
}

#: The second: a lock kept this connection from making the index of the log anew, which the first one after a kill does.
LOCKED = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_PROTOCOL}

BUSY = f"another process has kept it locked for more than {BUSY_TIMEOUT:g} s"

DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


@contextmanager
def errors_named(path: Path) -> Iterator[None]:
    """Turn SQLite's errors about the file into StoreErrors; an error in our SQL is a bug and stays what it is."""
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
        if code == sqlite3.SQLITE_INTERRUPT:
            raise TookTooLong(path, f"what was asked took too long (SQLite: {error})") from error
        if code in LOCKED:
            raise DatabaseBusy(path, f"{BUSY}: {who_holds(path)} (SQLite: {error})") from error
        if code in UNWRITABLE:
            why = UNWRITABLE[sqlite3.SQLITE_FULL if code == sqlite3.SQLITE_IOERR and _is_full(path) else code]
            raise DatabaseUnwritable(path, f"{why} (SQLite: {error})") from error
        if code in DAMAGED or "decode to UTF-8" in str(error):
            raise ForeignDatabase(path, f"the file is damaged (SQLite: {error})") from error
        raise
    except UnicodeDecodeError as error:
        # SQLite's words about a damaged schema hold what it found there.
        raise ForeignDatabase(path, f"the file is damaged (SQLite: {ascii(error.object)[2:-1]})") from error
    except msgspec.DecodeError as error:
        # Of a long text a part may be overwritten, and SQLite keeps no checksums.
        raise ForeignDatabase(path, f"the file is damaged (a value in it cannot be read: {error})") from error


def _is_full(path: Path) -> bool:
    """Whether no room is left: of its index of the log SQLite then says only that writing failed."""
    try:
        return free_bytes(path.parent) < SMALL_COMMIT_BYTES
    except OSError:
        return False


def uri_of(path: Path, options: str) -> str:
    """Name a file as SQLite wants it, also with ``?``, ``#`` or ``%`` in its name."""
    return f"file:{quote(str(path.absolute()))}?{options}"


def open_connection(path: Path, options: str) -> sqlite3.Connection:
    """Open a connection that begins no transaction by itself; ``options`` are SQLite's URI parameters."""
    connection = sqlite3.connect(
        uri_of(path, options),
        uri=True,
        timeout=BUSY_TIMEOUT,
        isolation_level=None,
        # A connection is opened by the main thread and then owned by one other.
        check_same_thread=False,
    )
    connection.row_factory = sqlite3.Row
    return connection


def give_up_after(connection: Connection, seconds: float) -> None:
    """Raise TookTooLong from what is asked of a connection so much later (seconds)."""
    until = time.monotonic() + seconds
    connection.set_progress_handler(lambda: time.monotonic() > until, STEPS_BETWEEN_LOOKS)


def never_give_up(connection: Connection) -> None:
    """Let what is asked take as long as it takes."""
    connection.set_progress_handler(None, 0)


def open_to_read(path: Path) -> sqlite3.Connection:
    """Open a connection that only reads, while a daemon writes."""
    with errors_named(path):
        return open_connection(path, "mode=ro")


def connect(path: Path) -> sqlite3.Connection:
    """Open an existing database for reading and writing, so that a commit survives a power cut."""
    with errors_named(path):
        connection = open_connection(path, "mode=rw")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(f"PRAGMA synchronous = {DURABLE}")
        connection.execute(f"PRAGMA journal_size_limit = {WAL_SIZE_LIMIT_BYTES}")
        return connection


@lru_cache(maxsize=32)
def by_place(sql: str) -> str:
    """The same statement for parameters in the order of their names."""
    return _PARAMETER.sub("?", sql)


@contextmanager
def unhurried(connection: sqlite3.Connection) -> Iterator[None]:
    """Let commits return before they are on the disk: for work that is simply done again after a power cut.

    The next commit outside takes them along. Nothing that was booked before is at risk.
    """
    connection.execute("PRAGMA synchronous = NORMAL")
    try:
        yield
    finally:
        connection.execute(f"PRAGMA synchronous = {DURABLE}")


@contextmanager
def transaction(connection: sqlite3.Connection, path: Path, *, in_gaps: bool = False) -> Iterator[None]:
    """Write whole or not at all: everything inside is committed at the end, or undone by any exception.

    ``in_gaps``: another connection may write again and again, with short gaps only, of which one is to be found. That
    costs some statements more, and each of them may let another thread have the interpreter.
    """
    with errors_named(path):
        if in_gaps:
            _begin_in_a_gap(connection)
        else:
            connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            connection.execute("COMMIT")
        except BaseException:
            # SQLite has already rolled back by itself when the disk was full.
            connection.rollback()
            raise


def _begin_in_a_gap(connection: sqlite3.Connection) -> None:
    """Begin to write once nobody else does. How long that is waited for is the connection's own time-out."""
    patience = connection.execute("PRAGMA busy_timeout").fetchone()[0]
    give_up_at = time.monotonic() + patience / 1000
    connection.execute(f"PRAGMA busy_timeout = {min(patience, LOOKS_FOR)}")
    try:
        while True:
            try:
                connection.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                is_busy = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
                if not is_busy or time.monotonic() >= give_up_at:
                    raise
            else:
                return
    finally:
        connection.execute(f"PRAGMA busy_timeout = {patience}")
