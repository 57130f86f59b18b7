"""Round-trip times as they are kept: added up in the buckets of their minute, their hour and their day of UTC."""

from __future__ import annotations

import json
import math

from healthmon.history.round_trips import RoundTrips, added_up
from healthmon.store.codec import Row
from healthmon.store.session import Session
from healthmon.store.sqlite.connect import Stored

#: The tables of the buckets, and how long one bucket is (seconds).
BUCKETS = {"rtt_minutes": 60.0, "rtt_hours": 3600.0, "rtt_days": 86400.0}

#: What a bucket holds.
COLUMNS = "count, sum_ms, min_ms, max_ms, histogram"

#: A table, and from when to when.
_Piece = tuple[str, float, float]


def row_of(sums: RoundTrips) -> Row:
    """Make the columns of some round trips."""
    return {
        "count": sums.count,
        "sum_ms": sums.sum_ms,
        "min_ms": sums.min_ms,
        "max_ms": sums.max_ms,
        "histogram": json.dumps({str(step): count for step, count in sums.histogram.items()}, separators=(",", ":")),
    }


def round_trips_of(row: Stored) -> RoundTrips:
    """Read some round trips."""
    histogram = {int(step): count for step, count in json.loads(row["histogram"]).items()}
    return RoundTrips(row["count"], row["sum_ms"], row["min_ms"], row["max_ms"], histogram)


def read_round_trips(session: Session, check_id: int, since: float, until: float) -> RoundTrips:
    """Add up what lies between two times, as far as its buckets are still kept."""
    timeline, found = session.timeline, RoundTrips()
    for table, first, end in pieces(since, until):
        rows = session.execute(
            f"SELECT {COLUMNS} FROM {table} WHERE check_id = :check_id AND at >= :first AND at < :end",  # noqa: S608
            {"check_id": check_id, "first": timeline.stored(first), "end": timeline.stored(end)},
        )
        found += added_up(round_trips_of(row) for row in rows)
    return found


def pieces(since: float, until: float, finest_first: tuple[str, ...] = tuple(BUCKETS)) -> list[_Piece]:
    """Cut a time into whole days, at its edges whole hours, at theirs whole minutes."""
    if not finest_first:
        return []
    *finer, table = finest_first
    length = BUCKETS[table]
    first, end = math.ceil(since / length) * length, math.floor(until / length) * length
    if first >= end:
        return pieces(since, until, tuple(finer))
    return [*pieces(since, first, tuple(finer)), (table, first, end), *pieces(end, until, tuple(finer))]
