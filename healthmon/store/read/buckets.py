"""What was measured, as it is kept: added up in the buckets of its minute, its hour and its day of UTC."""

from __future__ import annotations

import math

import msgspec

from healthmon.history.measurements import Measured, Summary, added_up
from healthmon.model import Target
from healthmon.store.codec import Row, target_row
from healthmon.store.session import Session
from healthmon.store.sqlite.connect import Stored

#: The tables of the buckets, and how long one bucket is (seconds).
BUCKETS = {"measured_minutes": 60.0, "measured_hours": 3600.0, "measured_days": 86400.0}

#: What a bucket holds.
COLUMNS = "count, sum, min, max, histogram"

_HISTOGRAM = msgspec.json.Decoder(dict[int, int])

#: A table, and from when to when.
_Piece = tuple[str, float, float]


def row_of(summary: Summary) -> Row:
    """Make the columns of a summary."""
    return {
        "count": summary.count,
        "sum": summary.sum,
        "min": summary.min,
        "max": summary.max,
        "histogram": msgspec.json.encode(summary.histogram).decode(),
    }


def summary_of(row: Stored) -> Summary:
    """Read a summary."""
    histogram = _HISTOGRAM.decode(row["histogram"])
    return Summary(row["count"], row["sum"], row["min"], row["max"], histogram)


def read_measured(session: Session, check_id: int, since: float, until: float) -> Measured:
    """Add up what lies between two times, each metric by itself, as far as its buckets are still kept."""
    timeline, found = session.timeline, []
    for table, first, end in pieces(since, until):
        rows = session.execute(
            f"""SELECT metric, {COLUMNS} FROM {table}
            WHERE check_id = :check_id AND at >= :first AND at < :end""",  # noqa: S608 (names of ours)
            {"check_id": check_id, "first": timeline.stored(first), "end": timeline.stored(end)},
        )
        found += [{row["metric"]: summary_of(row)} for row in rows]
    return added_up(found)


def measured_of_target(session: Session, target: Target, since: float, until: float) -> dict[str, Measured]:
    """Add up what was measured of each check of a target; those of which nothing was are left out."""
    checks = session.execute(
        """SELECT id, name FROM checks WHERE pbx = :pbx AND technology = :technology AND resource = :resource
        ORDER BY id""",
        target_row(target),
    )
    found = {row["name"]: read_measured(session, row["id"], since, until) for row in checks}
    return {check: measured for check, measured in found.items() if measured}


def newest_measured(session: Session, check: str, metric: str, since: float) -> dict[Target, Summary]:
    """Add up what was measured of each target's check in the hours from ``since`` on."""
    # In this order: SQLite, which goes by it, would else look through all hours that are kept of all targets.
    rows = session.execute(
        f"""SELECT c.pbx, c.technology, c.resource, {COLUMNS}
        FROM checks c CROSS JOIN measured_hours m
        WHERE m.check_id = c.id AND c.name = :check AND m.at >= :since AND m.metric = :metric""",  # noqa: S608 (names of ours)
        {"check": check, "since": session.timeline.stored(since), "metric": metric},
    )
    found: dict[Target, Summary] = {}
    for row in rows:
        target = Target(row["pbx"], row["technology"], row["resource"])
        found[target] = found.get(target, Summary()) + summary_of(row)
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
