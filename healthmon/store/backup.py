"""A copy of the database for an administrator: made while the daemon writes, and looked through."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from msgspec import Struct

from healthmon.errors import ExitCode, ForeignDatabase, HealthmonError
from healthmon.store.connect import errors_named, open_connection
from healthmon.store.database import recognise
from healthmon.store.files import OnProgress, is_part_of, put_in_place, save_copy
from healthmon.store.lock import look_at_lock
from healthmon.store.readonly import connect_to_look, refuse_missing, schema_of


class BackupRefused(HealthmonError):
    """The copy would overwrite something, or cannot be put where it is wanted."""

    exit_code = ExitCode.USAGE


class Backup(Struct, frozen=True):
    """A copy that was made; ``schema`` is the number of its form."""

    path: Path
    size_bytes: int
    schema: int


def back_up(path: Path, target: Path, *, overwrite: bool, on_progress: OnProgress) -> Backup:
    """Copy the database as it is at this moment into a plain file, and look through that.

    The daemon goes on meanwhile; its log grows until the copy is made. Raises BackupRefused, or a StoreError.
    """
    _refuse(path, target, overwrite=overwrite)
    lock = look_at_lock(path)
    refuse_missing(path)
    recognise(path)
    partial = target.with_name(target.name + ".partial")
    try:
        with closing(connect_to_look(path, lock)) as connection:
            schema = schema_of(connection, path)
            _hold_the_moment(connection, path)
            _refuse_small_disk(connection, target)
            save_copy(connection, partial, on_progress)
        _look_through(partial)
        put_in_place(partial, target)
    except OSError as error:
        raise BackupRefused(f"{target}: it cannot be written: {error.strerror}") from error
    finally:
        partial.unlink(missing_ok=True)
    return Backup(target, target.stat().st_size, schema)


def _refuse(path: Path, target: Path, *, overwrite: bool) -> None:
    if not target.parent.is_dir():
        raise BackupRefused(f"{target}: the directory {target.parent} does not exist")
    if is_part_of(target, path):
        what = "is" if target.samefile(path) else "belongs to"
        raise BackupRefused(f"{target}: this {what} the database itself")
    if target.is_dir():
        raise BackupRefused(f"{target}: this is a directory; name the file")
    if target.exists() and not overwrite:
        raise BackupRefused(f"{target}: this file exists; --overwrite replaces it")


def _hold_the_moment(connection: sqlite3.Connection, path: Path) -> None:
    """Read from one moment in all steps: else each commit of the daemon would make the copy begin anew."""
    with errors_named(path):
        connection.execute("BEGIN")
        connection.execute("SELECT one FROM daemon").fetchone()


def _refuse_small_disk(connection: sqlite3.Connection, target: Path) -> None:
    pages, page_size = (connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "page_size"))
    needed, free = pages * page_size, shutil.disk_usage(target.parent).free
    if free < needed:
        raise BackupRefused(
            f"{target}: the copy needs {needed / 1e6:,.0f} MB, and {free / 1e6:,.0f} MB are free in {target.parent}"
        )


def _look_through(copy: Path) -> None:
    with errors_named(copy), closing(open_connection(copy, "mode=ro&immutable=1")) as connection:
        finding = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if finding != "ok":
        raise ForeignDatabase(copy, f"the copy is damaged, and so may be the database ({' '.join(finding.split())})")
