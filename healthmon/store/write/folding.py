"""Measured round-trip times are folded into the buckets of their minute, their hour and their day.

Folding moves some of them in one transaction: they are added to the three buckets, and are gone. So none is counted
twice, or lost, whenever it is interrupted. Buckets begin at full minutes, hours and days of UTC.
"""

from __future__ import annotations

import math
from collections import defaultdict

from healthmon.history.round_trips import RoundTrips
from healthmon.store.codec import upsert
from healthmon.store.read.buckets import BUCKETS, COLUMNS, round_trips_of, row_of
from healthmon.store.session import Session

_WAITING = "SELECT id, check_id, at, ms FROM round_trips ORDER BY id LIMIT :limit"
_FOLDED = "DELETE FROM round_trips WHERE id = :id"

_UPSERT = {table: upsert(table, ["check_id", "at"], COLUMNS.split(", ")) for table in BUCKETS}
_BUCKET = {
    table: f"SELECT {COLUMNS} FROM {table} WHERE check_id = :check_id AND at = :at"  # noqa: S608 (names of ours)
    for table in BUCKETS
}


def fold(session: Session, limit: int) -> int:
    """Add the oldest that wait to their buckets; return how many. Call it inside a writing transaction."""
    waiting = session.rows(_WAITING, {"limit": limit})
    # By table, check, and when the bucket begins.
    more: defaultdict[tuple[str, int, float], RoundTrips] = defaultdict(RoundTrips)
    for row in waiting:
        at = session.timeline.shown(row["at"])
        for table, length in BUCKETS.items():
            begin = session.timeline.stored(math.floor(at / length) * length)
            more[table, row["check_id"], begin] += RoundTrips.of(row["ms"])
    for (table, check_id, begin), added in more.items():
        key = {"check_id": check_id, "at": begin}
        bucket = session.row(_BUCKET[table], key)
        before = RoundTrips()
        if bucket is not None:
            before = round_trips_of(bucket)
        session.execute(_UPSERT[table], {**key, **row_of(before + added)})
    session.execute_many(_FOLDED, [{"id": row["id"]} for row in waiting])
    return len(waiting)
