"""A copy of the database for an administrator: made while the daemon writes, and looked through."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import NamedTuple

from msgspec import Struct

from healthmon.errors import ExitCode, ForeignDatabase, HealthmonError, StoreError
from healthmon.files import NewFile
from healthmon.owners import Owner, become_owner, whom_to_become
from healthmon.store.sqlite.connect import errors_named, open_connection
from healthmon.store.sqlite.copies import PLAIN, OnProgress, fill_copy, is_part_of
from healthmon.store.sqlite.database import recognise
from healthmon.store.sqlite.disk import free_bytes
from healthmon.store.sqlite.readonly import connect_to_look, refuse_missing, schema_of


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

    The daemon goes on meanwhile; its log grows until the copy is made. Root makes the file, and reads the database as
    whom it belongs to. Raises BackupRefused, or a StoreError.
    """
    _refuse(path, target, overwrite=overwrite)
    owner = _refuse_folder_of_others(path, target)
    if owner is not None:
        become_owner(path)
    try:
        with _copy(target) as copy:
            if whom_to_become(path) is not None:
                copy.file.keep_rights()
                become_owner(path)
            refuse_missing(path)
            recognise(path)
            schema = _fill(path, copy, on_progress)
            size = os.fstat(copy.file.file).st_size
            copy.file.put_in_place()
    except OSError as error:
        if error.filename not in (None, str(target)):
            # What goes wrong with the database.
            raise
        raise BackupRefused(f"{target}: it cannot be written: {error.strerror}") from error
    return Backup(target, size, schema)


class Copy(NamedTuple):
    """A copy that is being made: its file, and two connections to it that were opened when it was empty."""

    path: Path
    file: NewFile
    target: sqlite3.Connection
    checker: sqlite3.Connection


@contextmanager
def _copy(path: Path) -> Iterator[Copy]:
    """Make an empty copy, with a name for now. SQLite opens files by their names: whoever reads may not do so."""
    partial = path.with_name(path.name + ".partial")
    with ExitStack() as ends:
        file = NewFile(path, partial.name)
        ends.callback(file.close)
        ends.callback(file.discard)
        target, checker = open_connection(partial, "mode=rw"), open_connection(partial, "mode=ro")
        ends.callback(target.close)
        ends.callback(checker.close)
        yield Copy(path, file, target, checker)


def _fill(path: Path, copy: Copy, on_progress: OnProgress) -> int:
    """Copy the database, and look through the copy; return the number of its form."""
    with closing(connect_to_look(path)) as connection:
        schema = schema_of(connection, path)
        with errors_named(path):
            # All steps read from one moment: else each commit of the daemon would make the copy begin anew.
            connection.execute("BEGIN")
            connection.execute("SELECT instance FROM daemon").fetchone()
        _refuse_small_disk(connection, copy)
        with errors_named(copy.path):
            fill_copy(connection, copy.target, on_progress)
    os.pwrite(copy.file.file, *PLAIN)
    with errors_named(copy.path):
        finding = copy.checker.execute("PRAGMA quick_check(1)").fetchone()[0]
    if finding != "ok":
        raise ForeignDatabase(
            copy.path, f"the copy is damaged, and so may be the database ({' '.join(finding.split())})"
        )
    return schema


def _refuse_folder_of_others(path: Path, target: Path) -> Owner | None:
    """Refuse root a folder where somebody else could put a link in its way; return whose it is, None: root's."""
    try:
        owner = whom_to_become(target)
    except StoreError as error:
        raise BackupRefused(f"{target}: {error.what}") from error
    if owner not in (None, whom_to_become(path)):
        raise BackupRefused(f"{target}: its folder belongs to {owner.name}, who could put a link in the way of root")
    return owner


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


def _refuse_small_disk(connection: sqlite3.Connection, copy: Copy) -> None:
    pages, page_size = (connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "page_size"))
    needed, free = pages * page_size, free_bytes(copy.file.file)
    if free < needed:
        raise BackupRefused(
            f"{copy.path}: the copy needs {needed / 1e6:,.0f} MB, and {free / 1e6:,.0f} MB are free in "
            f"{copy.path.parent}"
        )
