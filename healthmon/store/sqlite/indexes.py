"""Indexes that do not hold what their tables hold: found at the start, and written anew from the tables.

SQLite's quick check passes over that, and whoever asks by such an index is told what is not so.
"""

from __future__ import annotations

import re
import sqlite3
import time
from pathlib import Path

from healthmon.errors import ForeignDatabase
from healthmon.store.sqlite.connect import errors_named

#: So long a start may take to look for that (seconds).
WITHIN = 2.0

#: So many steps of SQLite's machine are a millisecond or less.
_STEPS = 10_000

#: What SQLite says of an index: "row 7 missing from index i", "wrong # of entries in index i".
_OF_INDEX = r" index (\w+)$"

_TABLES = """SELECT t.name FROM sqlite_master t WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%'
    AND EXISTS (SELECT 1 FROM sqlite_master i WHERE i.type = 'index' AND i.tbl_name = t.name)"""


def mend_indexes(connection: sqlite3.Connection, path: Path, within: float = WITHIN) -> tuple[str, ...]:
    """Write anew what is wrong, as far as it is found in that time; return the names of these indexes.

    Raises ForeignDatabase where that is not enough.
    """
    with errors_named(path):
        broken = _broken_indexes(connection, within)
        for name, table in broken.items():
            try:
                connection.execute(f"REINDEX {name}")
            except sqlite3.IntegrityError as error:
                raise ForeignDatabase(path, f"the file is damaged (the table {table} holds rows twice)") from error
            findings = _findings(connection, table)
            if findings:
                raise ForeignDatabase(path, f"the file is damaged ({' '.join(findings[0].split())})")
    return tuple(sorted(broken))


def _broken_indexes(connection: sqlite3.Connection, within: float) -> dict[str, str]:
    """Return the indexes that were found wrong, each with its table."""
    deadline = time.monotonic() + within
    connection.set_progress_handler(lambda: time.monotonic() > deadline, _STEPS)
    broken = {}
    try:
        for (table,) in connection.execute(_TABLES).fetchall():
            for finding in _findings(connection, table):
                if named := re.search(_OF_INDEX, finding):
                    broken[named[1]] = table
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
            raise
    finally:
        connection.set_progress_handler(None, 0)
    return broken


def _findings(connection: sqlite3.Connection, table: str) -> list[str]:
    return [row[0] for row in connection.execute(f"PRAGMA integrity_check({table})") if row[0] != "ok"]
