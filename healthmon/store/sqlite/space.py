"""The pages of the file that hold nothing any more: given back to the disk in small steps.

SQLite keeps what was deleted as free pages, and uses them again. A file that was made for it (``auto_vacuum =
INCREMENTAL``) can be cut shorter page by page; one of an older healthmon must be written anew for that, once.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

from healthmon.errors import DatabaseUnwritable
from healthmon.store.sqlite.connect import errors_named, transaction
from healthmon.store.sqlite.disk import free_bytes
from healthmon.store.sqlite.pragmas import number_of, write_log_back

#: SQLite's number for ``auto_vacuum = INCREMENTAL``.
INCREMENTAL = 2

#: A step writes so many pages, each of them to another place of the file.
PAGES_AT_ONCE = 25

#: Free pages are of use to what will be written next: so many always stay, or this part of the file.
SPARE_PAGES, SPARE_PART = 256, 0.05

#: A file of this size is written anew in a few seconds, which a start may take (bytes).
REWRITTEN_AT_START = 64 * 1024 * 1024


def can_shrink(connection: sqlite3.Connection) -> bool:
    """Whether the file can be cut shorter page by page."""
    return number_of(connection, "auto_vacuum") == INCREMENTAL


def give_back(connection: sqlite3.Connection, path: Path) -> int:
    """Cut some free pages off the file, if there are more than will soon be used; return how many."""
    if not can_shrink(connection):
        return 0
    spare = max(SPARE_PAGES, int(number_of(connection, "page_count") * SPARE_PART))
    count = min(PAGES_AT_ONCE, number_of(connection, "freelist_count") - spare)
    if count <= 0:
        return 0
    with transaction(connection, path):
        for _ in range(count):
            # Of more than one page at once, the sqlite3 module would cut off the first, and forget the rest.
            connection.execute("PRAGMA incremental_vacuum(1)")
    return count


def rewrite(connection: sqlite3.Connection, path: Path) -> None:
    """Write the whole file anew, without free pages, so that it can shrink from now on. Nobody else may write.

    Raises DatabaseUnwritable: then it is as it was. SQLite makes its copy in the folder for temporary files.
    """
    with errors_named(path):
        connection.execute(f"PRAGMA auto_vacuum = {INCREMENTAL}")
        connection.execute("VACUUM")
        write_log_back(connection)


def space_to_rewrite(path: Path) -> int:
    """How many bytes of the disk it takes meanwhile: a copy, and the log."""
    return 2 * path.stat().st_size + 1024 * 1024


def rewrite_if_small(
    connection: sqlite3.Connection, path: Path, say: Callable[[str], None], most: int = REWRITTEN_AT_START
) -> None:
    """Let the file of an older healthmon shrink from now on, if that is done in a few seconds."""
    with errors_named(path):
        if can_shrink(connection) or path.stat().st_size > most:
            return
    if free_bytes(path.parent) > space_to_rewrite(path):
        say(f"{path}: writing it anew, once, so that its free space can be given back")
        try:
            rewrite(connection, path)
        except DatabaseUnwritable as error:
            say(f"{path}: it stays as it is, which does no harm: {error.what}")
