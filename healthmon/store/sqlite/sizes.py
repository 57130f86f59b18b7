"""How large the database is, of what, and how many rows are added each day."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

from msgspec import Struct

from healthmon.store.sqlite.connect import errors_named
from healthmon.store.sqlite.disk import free_bytes
from healthmon.store.sqlite.readonly import connect_reader, schema_of
from healthmon.store.sqlite.space import can_shrink
from healthmon.store.timeline import Timeline, read_timeline

DAY = 86400.0

#: Growth is that of so many of the last days (seconds), or of fewer where the history is younger, but not of less
#: than one.
LOOKED_BACK, AT_LEAST = 30 * DAY, DAY

#: What grows with time, in the order of its numbers: the column of the number, and that of the time.
GROWING = {
    "transitions": ("rev", "at"),
    "veils": ("id", "since"),
    "incidents": ("id", "opened_at"),
    "notifications": ("id", "booked_at"),
    "missed": ("id", "booked_at"),
    "incident_notes": ("id", "at"),
    "contacts": ("id", "since"),
    "restarts": ("id", "at"),
}

#: What grows with time, and is kept by check: a row has the number of its check, and its time ``at``.
GROWING_BY_CHECK = ("daily", "rtt_minutes", "rtt_hours", "rtt_days")

#: Called with the name of each table.
OnTable = Callable[[str], None]


class TableSize(Struct, frozen=True):
    """One table with its indexes."""

    name: str
    rows: int
    #: Estimated from the rows where this SQLite cannot tell (it was built without dbstat).
    size_bytes: int
    #: Of late; None: it does not grow with time, or is too young to tell.
    rows_per_day: float | None = None
    oldest_at: float | None = None

    @property
    def bytes_per_day(self) -> float:
        """How much it grows, as long as nothing of it is pruned."""
        return self.size_bytes / self.rows * self.rows_per_day if self.rows and self.rows_per_day else 0.0


class Sizes(Struct, frozen=True):
    """The whole file."""

    path: Path
    size_bytes: int
    #: A part of the size: pages that hold nothing at present.
    free_bytes: int
    #: The log beside the file.
    log_bytes: int
    disk_free_bytes: int
    schema: int
    can_shrink: bool
    #: The largest first.
    tables: tuple[TableSize, ...]


def read_sizes(path: Path, now: float, on_table: OnTable) -> Sizes:
    """Measure the database as it is at this moment; reads all of it. Raises a StoreError."""
    connection, _ = connect_reader(path)
    log = path.with_name(path.name + "-wal")
    with closing(connection), errors_named(path):
        connection.execute("BEGIN")
        page_size, pages, free = (_number(connection, name) for name in ("page_size", "page_count", "freelist_count"))
        tables = list(_tables(connection, (pages - free) * page_size, now, on_table))
        return Sizes(
            path=path,
            size_bytes=pages * page_size,
            free_bytes=free * page_size,
            log_bytes=log.stat().st_size if log.exists() else 0,
            disk_free_bytes=free_bytes(path.parent),
            schema=schema_of(connection, path),
            can_shrink=can_shrink(connection),
            tables=tuple(sorted(tables, key=lambda table: (-table.size_bytes, table.name))),
        )


def _number(connection: sqlite3.Connection, pragma: str) -> int:
    number: int = connection.execute(f"PRAGMA {pragma}").fetchone()[0]
    return number


def _tables(connection: sqlite3.Connection, used_bytes: int, now: float, on_table: OnTable) -> Iterator[TableSize]:
    names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
    rows = {}
    for name in names:
        on_table(name)
        rows[name] = connection.execute(f"SELECT COUNT(*) FROM {name}").fetchone()[0]  # noqa: S608 (a name of ours)
    sizes = _measured(connection) or _estimated(rows, used_bytes)
    line = read_timeline(connection)
    for name in names:
        oldest, rate = _growth(connection, name, line, now)
        yield TableSize(name, rows[name], sizes.get(name, 0), rate, oldest)


def _measured(connection: sqlite3.Connection) -> dict[str, int]:
    """Ask SQLite for the pages of each table and its indexes; nothing if it cannot tell."""
    try:
        found = connection.execute(
            """SELECT m.tbl_name, SUM(s.pgsize) FROM dbstat s JOIN sqlite_master m ON m.name = s.name
            WHERE s.aggregate = TRUE GROUP BY m.tbl_name"""
        )
        return {row[0]: row[1] for row in found}
    except sqlite3.OperationalError:
        return {}


def _estimated(rows: dict[str, int], used_bytes: int) -> dict[str, int]:
    """Divide the file among all rows."""
    total = sum(rows.values()) or 1
    return {name: used_bytes * count // total for name, count in rows.items()}


def _growth(connection: sqlite3.Connection, name: str, line: Timeline, now: float) -> tuple[float | None, float | None]:
    """Say when the oldest row is of, and how many come a day."""
    first = _oldest(connection, name)
    if first is None:
        return None, None
    oldest = line.shown(first)
    span = min(LOOKED_BACK, now - oldest)
    if span < AT_LEAST:
        return oldest, None
    return oldest, _rows_since(connection, name, line.stored(now - span)) / (span / DAY)


def _oldest(connection: sqlite3.Connection, name: str) -> float | None:
    """Return the time of the oldest row; None: there is none, or the table does not grow with time."""
    if name in GROWING:
        key, at = GROWING[name]
        sql = f"SELECT {at} FROM {name} ORDER BY {key} LIMIT 1"  # noqa: S608 (names of ours, here and below)
    elif name in GROWING_BY_CHECK:
        sql = f"SELECT MIN((SELECT MIN(t.at) FROM {name} t WHERE t.check_id = c.id)) FROM checks c"  # noqa: S608
    else:
        return None
    found = connection.execute(sql).fetchone()
    return None if found is None else found[0]


def _rows_since(connection: sqlite3.Connection, name: str, since: float) -> int:
    """Count the rows from a time on."""
    if name in GROWING_BY_CHECK:
        of_checks = f"SELECT COUNT(*) FROM checks c CROSS JOIN {name} t WHERE t.check_id = c.id AND t.at >= :since"  # noqa: S608
        by_check: int = connection.execute(of_checks, {"since": since}).fetchone()[0]
        return by_check
    return _numbered_since(connection, name, since)


def _numbered_since(connection: sqlite3.Connection, name: str, since: float) -> int:
    """Count the rows from a time on. Their numbers are nearly in the order of time: halving finds the first."""
    key, at = GROWING[name]
    low, high = connection.execute(f"SELECT MIN({key}), MAX({key}) + 1 FROM {name}").fetchone()  # noqa: S608
    following = f"SELECT {at} FROM {name} WHERE {key} >= :number ORDER BY {key} LIMIT 1"  # noqa: S608
    while low < high:
        middle = (low + high) // 2
        found = connection.execute(following, {"number": middle}).fetchone()
        if found is None or found[0] >= since:
            high = middle
        else:
            low = middle + 1
    rows = f"SELECT COUNT(*) FROM {name} WHERE {key} >= :number"  # noqa: S608
    count: int = connection.execute(rows, {"number": low}).fetchone()[0]
    return count
