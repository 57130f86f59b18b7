"""Round-trip times: each measured one waits until it is folded into the buckets of its minute, its hour and its day.

Folding moves some of them in one transaction: they are added to the three buckets, and are gone. So none is counted
twice, or lost, whenever it is interrupted. Buckets begin at full minutes, hours and days of UTC.
"""

from __future__ import annotations

import json
import math
import sqlite3
from collections import defaultdict

from healthmon.history.round_trips import RoundTrips, added_up
from healthmon.store.rows import Row, upsert
from healthmon.store.timeline import Timeline

#: The tables of the buckets, and how long one bucket is (seconds).
BUCKETS = {"rtt_minutes": 60.0, "rtt_hours": 3600.0, "rtt_days": 86400.0}

INSERT_ROUND_TRIP = "INSERT INTO round_trips (check_id, at, ms) VALUES (:check_id, :at, :ms)"

_WAITING = "SELECT id, check_id, at, ms FROM round_trips ORDER BY id LIMIT :limit"
_FOLDED = "DELETE FROM round_trips WHERE id = :id"

_COLUMNS = "count, sum_ms, min_ms, max_ms, histogram"

#: A table, and from when to when.
_Piece = tuple[str, float, float]

#: One bucket: its table, the check, and when it begins.
_Key = tuple[str, int, float]


def fold(connection: sqlite3.Connection, line: Timeline, limit: int) -> int:
    """Add the oldest that wait to their buckets; return how many. Call it inside a writing transaction."""
    waiting = connection.execute(_WAITING, {"limit": limit}).fetchall()
    more: defaultdict[_Key, RoundTrips] = defaultdict(RoundTrips)
    for row in waiting:
        at = line.shown(row["at"])
        for table, length in BUCKETS.items():
            more[table, row["check_id"], line.stored(math.floor(at / length) * length)] += RoundTrips.of(row["ms"])
    for key, sums in more.items():
        _write(connection, key, _bucket(connection, key) + sums)
    connection.executemany(_FOLDED, [{"id": row["id"]} for row in waiting])
    return len(waiting)


def _bucket(connection: sqlite3.Connection, key: _Key) -> RoundTrips:
    table, check_id, at = key
    row = connection.execute(
        f"SELECT {_COLUMNS} FROM {table} WHERE check_id = :check_id AND at = :at",  # noqa: S608 (names of ours)
        {"check_id": check_id, "at": at},
    ).fetchone()
    return RoundTrips() if row is None else round_trips_of(row)


def _write(connection: sqlite3.Connection, key: _Key, sums: RoundTrips) -> None:
    table, check_id, at = key
    connection.execute(
        upsert(table, "check_id at", _COLUMNS.replace(",", "")), {"check_id": check_id, "at": at, **row_of(sums)}
    )


def row_of(sums: RoundTrips) -> Row:
    """Make the columns of some round trips."""
    return {
        "count": sums.count,
        "sum_ms": sums.sum_ms,
        "min_ms": sums.min_ms,
        "max_ms": sums.max_ms,
        "histogram": json.dumps({str(step): count for step, count in sums.histogram.items()}, separators=(",", ":")),
    }


def round_trips_of(row: sqlite3.Row) -> RoundTrips:
    """Read some round trips."""
    histogram = {int(step): count for step, count in json.loads(row["histogram"]).items()}
    return RoundTrips(row["count"], row["sum_ms"], row["min_ms"], row["max_ms"], histogram)


def read_round_trips(
    connection: sqlite3.Connection, line: Timeline, check_id: int, since: float, until: float
) -> RoundTrips:
    """Add up what lies between two times, as far as its buckets are still kept."""
    found = RoundTrips()
    for table, first, end in pieces(since, until):
        rows = connection.execute(
            f"SELECT {_COLUMNS} FROM {table} WHERE check_id = :check_id AND at >= :first AND at < :end",  # noqa: S608
            {"check_id": check_id, "first": line.stored(first), "end": line.stored(end)},
        )
        found += added_up(round_trips_of(row) for row in rows)
    return found


def pieces(since: float, until: float, finest_first: tuple[str, ...] = tuple(BUCKETS)) -> list[_Piece]:
    """Cut a time into whole days, at its edges whole hours, at theirs whole minutes."""
    *finer, table = finest_first
    first, end = math.ceil(since / BUCKETS[table]) * BUCKETS[table], math.floor(until / BUCKETS[table]) * BUCKETS[table]
    if first >= end:
        return pieces(since, until, tuple(finer)) if finer else []
    if not finer:
        return [(table, first, end)]
    return [*pieces(since, first, tuple(finer)), (table, first, end), *pieces(end, until, tuple(finer))]
