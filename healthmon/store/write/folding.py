"""What was measured is folded into the buckets of its minute, its hour and its day.

Folding moves some of the values in one transaction: they are added to the three buckets, and are gone. So none is
counted twice, or lost, whenever it is interrupted. Buckets begin at full minutes, hours and days of UTC.
"""

from __future__ import annotations

import math
from collections import defaultdict
from typing import NamedTuple

from healthmon.history.measurements import Summary
from healthmon.history.metrics import METRICS
from healthmon.store.codec import upsert
from healthmon.store.read.buckets import BUCKETS, COLUMNS, row_of, summary_of
from healthmon.store.session import Session

_WAITING = "SELECT id, check_id, at, metric, value FROM measurements ORDER BY id LIMIT :limit"
_FOLDED = "DELETE FROM measurements WHERE id = :id"

_UPSERT = {table: upsert(table, ["check_id", "at", "metric"], COLUMNS.split(", ")) for table in BUCKETS}
_BUCKET = {
    table: f"SELECT {COLUMNS} FROM {table} WHERE check_id = :check_id AND at = :at AND metric = :metric"  # noqa: S608 (names of ours)
    for table in BUCKETS
}


class _Bucket(NamedTuple):
    """One bucket of one metric: its table, and when it begins."""

    table: str
    check_id: int
    at: float
    metric: str


def fold(session: Session, limit: int) -> int:
    """Add the oldest that wait to their buckets; return how many. Call it inside a writing transaction."""
    waiting = session.rows(_WAITING, {"limit": limit})
    more: defaultdict[_Bucket, Summary] = defaultdict(Summary)
    for row in waiting:
        metric = METRICS.get(row["metric"])
        if metric is None or not metric.accepts(row["value"]):
            # A newer healthmon measured it, and nobody knows what; or an older one took what is no value.
            continue
        at = session.timeline.shown(row["at"])
        for table, length in BUCKETS.items():
            begin = session.timeline.stored(math.floor(at / length) * length)
            more[_Bucket(table, row["check_id"], begin, metric.key)] += metric.summary(row["value"])
    for bucket, added in more.items():
        _add(session, bucket, added)
    session.execute_many(_FOLDED, [{"id": row["id"]} for row in waiting])
    return len(waiting)


def _add(session: Session, bucket: _Bucket, added: Summary) -> None:
    key = {"check_id": bucket.check_id, "at": bucket.at, "metric": bucket.metric}
    kept = session.row(_BUCKET[bucket.table], key)
    before = Summary()
    if kept is not None:
        before = summary_of(kept)
    session.execute(_UPSERT[bucket.table], {**key, **row_of(before + added)})
