"""What SQLite knows of a file, and does with it, when it is asked by a PRAGMA."""

from __future__ import annotations

import sqlite3

from healthmon.store.sqlite.connect import Connection


def number_of(connection: Connection, pragma: str) -> int:
    """Ask for a number: ``page_count``, ``page_size``, ``freelist_count``, ``auto_vacuum``."""
    number: int = connection.execute(f"PRAGMA {pragma}").fetchone()[0]
    return number


def size_of(connection: Connection) -> int:
    """Return the size of the file, as it is once the log is written back (bytes)."""
    return number_of(connection, "page_count") * number_of(connection, "page_size")


def data_version(connection: Connection) -> int:
    """Return a number that is another one after each commit of somebody else. A look costs some microseconds."""
    return number_of(connection, "data_version")


def write_log_back(connection: Connection) -> None:
    """Write the log back into the file, and empty it."""
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def page_of(connection: Connection, table: str) -> int:
    """Write what was booked so far into the file, as far as nobody reads, and return the first page of a table."""
    connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
    page: int = connection.execute(
        "SELECT rootpage FROM sqlite_master WHERE name = :table", {"table": table}
    ).fetchone()[0]
    return page


def tables_of(connection: Connection) -> list[str]:
    """Name the tables of a database."""
    found = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
    return [row["name"] for row in found]


def sizes_of_tables(connection: Connection) -> dict[str, int]:
    """Return how large each table is with its indexes (bytes); nothing where this SQLite was built without dbstat."""
    try:
        found = connection.execute(
            """SELECT m.tbl_name, SUM(s.pgsize) FROM dbstat s JOIN sqlite_master m ON m.name = s.name
            WHERE s.aggregate = TRUE GROUP BY m.tbl_name"""
        )
        return {row[0]: row[1] for row in found}
    except sqlite3.OperationalError:
        return {}
