"""The database file itself: recognise it, make it, bring it to the newest schema, keep a backup before."""

from __future__ import annotations

import sqlite3
import struct
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from msgspec import Struct

from healthmon.errors import DatabaseUnwritable, ForeignDatabase, SchemaTooNew, StoreError
from healthmon.store.schema import APPLICATION_ID, MIGRATIONS
from healthmon.store.sqlite.beside import BESIDE, beside
from healthmon.store.sqlite.connect import connect, errors_named, open_connection, transaction
from healthmon.store.sqlite.copies import PLAIN, make_empty, put_in_place, save_copy, set_aside, stamp
from healthmon.store.sqlite.disk import free_bytes
from healthmon.store.sqlite.indexes import mend_indexes
from healthmon.store.sqlite.lock import look_at_lock
from healthmon.store.sqlite.mark import is_log_of_another
from healthmon.store.sqlite.space import INCREMENTAL, rewrite_if_small

#: Called with a sentence, now and then, while a migration takes its time.
OnMigrating = Callable[[str], None]
#: Called with a sentence about what was wrong with the files, and is not any more.
OnSetRight = Callable[[str], None]

BACKUPS_KEPT = 2
#: How the name of a backup ends that was made before an upgrade.
BACKUP_END = ".backup"

#: Looking through a file of this size takes about a second; a bigger one is looked at only where it is used.
CHECKED_UP_TO_BYTES = 256 * 1024 * 1024

_HEADER = struct.Struct(">16s H 2s 4x I I 8x I 16x I 4x I 28x")
#: How many bytes of a file say whose it is.
HEAD_SIZE = _HEADER.size
#: What each SQLite file begins with.
MAGIC = b"SQLite format 3\0"


def recognise(path: Path) -> None:
    """Make sure that an existing file is a whole database of healthmon, without changing or creating anything.

    Raises ForeignDatabase, or StoreError if it cannot be read.
    """
    head = recognise_head(path)
    refuse_strange_log(path)
    if has_log(path):
        # The last daemon was killed: what counts is the file together with its log, and SQLite repairs that.
        return
    size = path.stat().st_size
    if size < head.page_size * head.pages:
        raise ForeignDatabase(path, "the file is damaged: its end is missing; it was left untouched")
    if size <= CHECKED_UP_TO_BYTES:
        _look_through(path)


def _look_through(path: Path) -> None:
    with errors_named(path), closing(open_connection(path, "mode=ro&immutable=1")) as connection:
        _refuse_damage(connection, path, "; it was left untouched")


def refuse_strange_log(path: Path) -> None:
    """Raise ForeignDatabase where a copy was put in the place of a killed daemon's file, and its log is still there."""
    if not has_log(path) or look_at_lock(path).is_held:
        # While a daemon runs both change at any moment, and the daemon looks itself.
        return
    if _is_log_strange(path) and not look_at_lock(path).is_held:
        log = beside(path, "-wal").name
        raise ForeignDatabase(path, f"{log} is the log of another file; the daemon takes it away when it starts")


def _is_log_strange(path: Path) -> bool:
    """Whether SQLite would write the log of another file into this one."""
    return is_plain(recognise_head(path)) or is_log_of_another(path)


def recognise_head(path: Path) -> Head:
    """Make sure by its first bytes that a file is healthmon's. Raises ForeignDatabase, or StoreError."""
    head = read_head(path)
    if head.magic != MAGIC:
        raise ForeignDatabase(path, "this is not a database, or it is damaged; it was left untouched")
    if head.application_id != APPLICATION_ID:
        raise ForeignDatabase(path, "this is a database of another program; it was left untouched")
    return head


def has_log(path: Path) -> bool:
    """Whether a write-ahead log with something in it stands beside the database."""
    return size_of_log(path) > 0


def size_of_log(path: Path) -> int:
    """Return the size of the write-ahead log beside the database (bytes)."""
    try:
        return beside(path, "-wal").stat().st_size
    except FileNotFoundError:
        return 0


def is_plain(head: Head) -> bool:
    """Whether a file keeps no log: a copy that ``db backup`` made, and that no daemon has opened yet."""
    return head.modes == PLAIN[0]


class Head(Struct, frozen=True):
    """The fields of a SQLite file's first 100 bytes that tell whose it is (sqlite.org/fileformat.html)."""

    magic: bytes
    page_size: int
    #: Which of its two ways of writing SQLite uses here: a rollback journal, or a log.
    modes: bytes
    #: Grows whenever the file does, and now and then besides.
    changes: int
    pages: int
    #: Another one after each change of the tables.
    cookie: int
    schema: int
    application_id: int


def head_of(start: bytes) -> Head:
    """Read the first bytes of a file; what is missing is 0."""
    magic, page_size, *others = _HEADER.unpack(start[:HEAD_SIZE].ljust(HEAD_SIZE, b"\0"))
    # 64 KiB does not fit into the field's two bytes, and is written as 1.
    return Head(magic, 65536 if page_size == 1 else page_size, *others)


def read_head(path: Path) -> Head:
    """Read what a file's first bytes say, whatever it is; what is missing is 0. Raises StoreError."""
    try:
        if not path.is_file():
            raise StoreError(path, "this is not a file" if path.exists() else "there is no such file")
        with path.open("rb") as file:
            return head_of(file.read(HEAD_SIZE))
    except OSError as error:
        raise StoreError(path, f"it cannot be read: {error.strerror}") from error


def _refuse_damage(connection: sqlite3.Connection, path: Path, and_then: str = "") -> None:
    with errors_named(path):
        finding = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if finding != "ok":
        raise ForeignDatabase(path, f"the file is damaged ({' '.join(finding.split())}){and_then}")


def open_database(
    path: Path,
    *,
    now: float,
    on_migrating: OnMigrating,
    on_set_right: OnSetRight | None = None,
    migrations: tuple[tuple[str, ...], ...] = MIGRATIONS,
) -> sqlite3.Connection:
    """Open the database for writing; make it if it is missing or empty, migrate it if it is old.

    Call this with the lock held. Raises SchemaTooNew, ForeignDatabase, DatabaseUnwritable.
    """

    def set_right(words: str) -> None:
        on_migrating(words)
        if on_set_right:
            on_set_right(words)

    if is_missing(path):
        _set_leftovers_aside(path, now)
        create_database(path, migrations)
    else:
        if has_log(path) and _is_log_strange(path):
            # A copy was put in the place of a killed daemon's file: go on from the copy, and say so.
            _set_leftovers_aside(path, now)
            set_right(f"{path}: a copy has been put back; the log of the file before it is set aside")
        recognise(path)
    is_repaired = has_log(path)
    connection = connect(path)
    try:
        with errors_named(path):
            version = schema_version(connection)
        check_not_too_new(path, version, len(migrations))
        if path.stat().st_size <= CHECKED_UP_TO_BYTES:
            if is_repaired:
                # It is not left untouched: SQLite writes the log into it when the connection is closed.
                _refuse_damage(connection, path)
            for name in mend_indexes(connection, path):
                set_right(f"{path}: the index {name} did not hold what its table holds, and was written anew")
        if version < len(migrations):
            _back_up(connection, path, version, now, on_migrating)
            on_migrating(f"{path}: migrating from schema {version} to {len(migrations)}")
            _migrate(connection, path, version, migrations)
            _remove_old_backups(path)
        rewrite_if_small(connection, path, on_migrating)
    except BaseException:
        connection.close()
        raise
    return connection


def is_missing(path: Path) -> bool:
    """Whether there is no database yet, or an empty file."""
    return not path.exists() or (path.is_file() and path.stat().st_size == 0)


def _set_leftovers_aside(path: Path, now: float) -> None:
    """SQLite would write the log of the database that was here before into the new one."""
    try:
        for end in BESIDE:
            set_aside(path, end, now)
    except OSError as error:
        raise DatabaseUnwritable(path, f"what is left of an earlier one is in the way: {error}") from error


def schema_version(connection: sqlite3.Connection) -> int:
    """Read the number of the newest migration that was applied."""
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    return version


def check_not_too_new(path: Path, version: int, newest: int) -> None:
    """Refuse what a newer healthmon wrote."""
    if version > newest:
        raise SchemaTooNew(
            path,
            f"it was written by a newer healthmon (schema {version}; this one knows up to {newest}). "
            "Install that version again, or put back the backup that was made beside the file before the upgrade",
        )


def create_database(path: Path, migrations: tuple[tuple[str, ...], ...] = MIGRATIONS) -> None:
    """Make a new database. It appears under its name only when it is complete."""
    new = path.with_name(path.name + ".new")
    try:
        make_empty(new)
        with errors_named(path), closing(open_connection(new, "mode=rw")) as connection:
            connection.execute(f"PRAGMA auto_vacuum = {INCREMENTAL}")
            _migrate(connection, path, 0, migrations)
            connection.execute("PRAGMA journal_mode = WAL")
        put_in_place(new, path)
    except OSError as error:
        raise DatabaseUnwritable(path, f"it cannot be made: {error.strerror}") from error


def _migrate(connection: sqlite3.Connection, path: Path, version: int, migrations: tuple[tuple[str, ...], ...]) -> None:
    """Apply what is missing, each migration in one transaction."""
    for number, statements in enumerate(migrations[version:], start=version + 1):
        with transaction(connection, path):
            for statement in statements:
                connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {number}")


def _back_up(connection: sqlite3.Connection, path: Path, version: int, now: float, on_migrating: OnMigrating) -> None:
    size = path.stat().st_size
    # The backup, the log and what the migration rewrites may each need as much as the file has now.
    needed, free = 3 * size + 1024 * 1024, free_bytes(path.parent)
    if free < needed:
        raise DatabaseUnwritable(
            path,
            f"an upgrade of the database needs {needed / 1e6:.0f} MB of free space in {path.parent}, "
            f"and there are {free / 1e6:.0f} MB",
        )
    backup = path.with_name(f"{path.name}.{stamp(now)}.schema{version}{BACKUP_END}")
    on_migrating(f"{path}: saving a backup as {backup.name}")
    _save_backup(connection, path, backup, on_migrating)


def _save_backup(connection: sqlite3.Connection, path: Path, backup: Path, on_migrating: OnMigrating) -> None:
    partial = backup.with_name(backup.name + ".partial")

    def on_progress(done: int, total: int) -> None:
        on_migrating(f"{path}: {total - done} of {total} pages left")

    try:
        save_copy(connection, partial, on_progress)
        put_in_place(partial, backup)
    except OSError as error:
        raise DatabaseUnwritable(path, f"its backup cannot be made: {error.strerror}") from error


def _remove_old_backups(path: Path) -> None:
    beside = path.parent.iterdir()
    backups = [file for file in beside if file.name.startswith(f"{path.name}.") and file.name.endswith(BACKUP_END)]
    # Their names sort by time.
    for old in sorted(backups)[:-BACKUPS_KEPT]:
        old.unlink()
