"""How large the database is, of what, and how many rows are added each day."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

from msgspec import Struct

from healthmon.store.session import Session
from healthmon.store.sqlite.database import size_of_log
from healthmon.store.sqlite.disk import free_bytes
from healthmon.store.sqlite.pragmas import number_of, sizes_of_tables, tables_of
from healthmon.store.sqlite.readonly import connect_reader, schema_of
from healthmon.store.sqlite.space import can_shrink

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
GROWING_BY_CHECK = ("daily", "measured_minutes", "measured_hours", "measured_days")

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
        if self.rows and self.rows_per_day:
            return self.size_bytes / self.rows * self.rows_per_day
        return 0.0


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
    session = Session(path, connection)
    with closing(session), session.errors_named():
        session.execute("BEGIN")
        session.read_timeline()
        page_size = number_of(connection, "page_size")
        pages, free = number_of(connection, "page_count"), number_of(connection, "freelist_count")
        tables = list(_tables(session, (pages - free) * page_size, now, on_table))
        return Sizes(
            path=path,
            size_bytes=pages * page_size,
            free_bytes=free * page_size,
            log_bytes=size_of_log(path),
            disk_free_bytes=free_bytes(path.parent),
            schema=schema_of(connection, path),
            can_shrink=can_shrink(connection),
            tables=tuple(sorted(tables, key=lambda table: (-table.size_bytes, table.name))),
        )


def _tables(session: Session, used_bytes: int, now: float, on_table: OnTable) -> Iterator[TableSize]:
    rows = {}
    for name in tables_of(session.connection):
        on_table(name)
        rows[name] = session.value(f"SELECT COUNT(*) FROM {name}")  # noqa: S608 (a name of ours)
    sizes = sizes_of_tables(session.connection)
    if not sizes:
        # The file is divided among all rows.
        total = max(sum(rows.values()), 1)
        sizes = {name: used_bytes * count // total for name, count in rows.items()}
    for name, count in rows.items():
        oldest, rate = _growth(session, name, now)
        yield TableSize(name, count, sizes.get(name, 0), rate, oldest)


def _growth(session: Session, name: str, now: float) -> tuple[float | None, float | None]:
    """Say when the oldest row is of, and how many come a day."""
    first = _oldest(session, name)
    if first is None:
        return None, None
    oldest = session.timeline.shown(first)
    span = min(LOOKED_BACK, now - oldest)
    if span < AT_LEAST:
        return oldest, None
    since = session.timeline.stored(now - span)
    if name in GROWING_BY_CHECK:
        of_checks = f"SELECT COUNT(*) FROM checks c CROSS JOIN {name} t WHERE t.check_id = c.id AND t.at >= :since"  # noqa: S608
        count = session.value(of_checks, {"since": since})
    else:
        count = _numbered_since(session, name, since)
    return oldest, count / (span / DAY)


def _oldest(session: Session, name: str) -> float | None:
    """Return the time of the oldest row; None: there is none, or the table does not grow with time."""
    if name in GROWING:
        key, column = GROWING[name]
        sql = f"SELECT {column} FROM {name} ORDER BY {key} LIMIT 1"  # noqa: S608 (names of ours, here and below)
    elif name in GROWING_BY_CHECK:
        sql = f"SELECT MIN((SELECT MIN(t.at) FROM {name} t WHERE t.check_id = c.id)) FROM checks c"  # noqa: S608
    else:
        return None
    found = session.row(sql)
    if found is None:
        return None
    at: float | None = found[0]
    return at


def _numbered_since(session: Session, name: str, since: float) -> int:
    """Count the rows from a time on. Their numbers are nearly in the order of time: halving finds the first."""
    key, at = GROWING[name]
    low, last = session.plain.execute(f"SELECT MIN({key}), MAX({key}) FROM {name}").fetchone()  # noqa: S608
    # Not by the database: its numbers end somewhere, and what a damaged row has may be the last one.
    high = last + 1
    following = f"SELECT {at} FROM {name} WHERE {key} >= :number ORDER BY {key} LIMIT 1"  # noqa: S608
    while low < high:
        middle = (low + high) // 2
        found = session.row(following, {"number": middle})
        if found is None or found[0] >= since:
            high = middle
        else:
            low = middle + 1
    if low > last:
        return 0
    rows = f"SELECT COUNT(*) FROM {name} WHERE {key} >= :number"  # noqa: S608
    return int(session.value(rows, {"number": low}))
