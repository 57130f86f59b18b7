"""Where the size of the database is heading: what is added, what goes when it is old enough, and the disk. Pure."""

from __future__ import annotations

from msgspec import Struct

from healthmon.config.sections.history import HistoryConfig
from healthmon.store.read.sizes import DAY, Sizes, TableSize


class Outlook(Struct, frozen=True):
    """What comes, if everything goes on as in the last days."""

    #: What is added each day, before anything goes.
    added_bytes_per_day: float
    #: How much larger the file is each day at present.
    growth_bytes_per_day: float
    #: When the disk is full; None: never, as far as it depends on this file.
    disk_full_at: float | None
    #: Where it then ends.
    final_bytes: float


def outlook(sizes: Sizes, keep: HistoryConfig, now: float) -> Outlook:
    """Let each table grow until its oldest row is old enough to go, and see whether the disk is full before."""
    growing = [table for table in sizes.tables if table.bytes_per_day > 0]
    ends = sorted((max(_full_grown_at(table, keep), now), table.bytes_per_day) for table in growing)
    at, added, room = now, 0.0, float(sizes.disk_free_bytes + sizes.free_bytes)
    full_at = None
    rate = sum(per_day for _, per_day in ends)
    growth = sum(per_day for until, per_day in ends if until > now)
    for until, per_day in ends:
        step = rate * (until - at) / DAY
        if full_at is None and added + step > room:
            full_at = at + (room - added) / rate * DAY
        added, at, rate = added + step, until, rate - per_day
    return Outlook(
        added_bytes_per_day=sum(per_day for _, per_day in ends),
        growth_bytes_per_day=growth,
        disk_full_at=full_at,
        final_bytes=sizes.size_bytes - sizes.free_bytes + added,
    )


def _full_grown_at(table: TableSize, keep: HistoryConfig) -> float:
    """When as much of it goes as comes."""
    assert table.oldest_at is not None, table.name  # noqa: S101  (it has a rate)
    return table.oldest_at + kept_for(table.name, keep)


def kept_for(table: str, keep: HistoryConfig) -> float:
    """For how long the rows of a table are kept, seconds."""
    of_their_own = {
        "daily": keep.daily,
        "measured_days": keep.daily,
        "measured_hours": keep.rtt_hours,
        "measured_minutes": keep.rtt_minutes,
    }
    return of_their_own.get(table, keep.transitions)
