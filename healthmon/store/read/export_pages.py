"""What happened, row by row, for other programs. In pages: constant memory, and nobody waits for a slow reader."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from enum import Enum
from pathlib import Path
from typing import Any, NamedTuple

from msgspec import Struct

from healthmon.store.rows import HEALTHS, INCIDENTS
from healthmon.store.schema import NO_END
from healthmon.store.session import Session
from healthmon.store.sqlite.connect import Stored
from healthmon.store.sqlite.readonly import connect_again, connect_reader
from healthmon.store.timeline import Timeline

#: So many rows are read at once, and are in memory.
ROWS_AT_ONCE = 5_000

#: Transitions are booked in the order in which they are believed, but for this (seconds): a clock that drifted.
_DISORDER = 3600.0

#: One row, in the order of the columns; times are seconds, UTC.
ExportRow = tuple[Any, ...]


class ColumnType(Enum):
    """What a column holds. Anything may be missing, but for what the key is made of."""

    TEXT = "text"
    INTEGER = "integer"
    TIME = "time"


class ExportColumn(NamedTuple):
    """One column of an export. Its name and meaning never change."""

    name: str
    sort: ColumnType


class Export(Struct, frozen=True):
    """One sort of rows. The first column is the key, by which the pages follow each other."""

    columns: tuple[ExportColumn, ...]
    #: Has the parameters after, last, since, until, limit.
    sql: str
    newest: str
    row: Callable[[Any, Timeline], ExportRow]
    #: Rows are read by name; that is slower.
    is_by_name: bool = False
    #: Finds a key before which nothing can be in a window that begins at a (stored) time.
    skip: Callable[[Session, float], int] = lambda _session, _since: 0


def pages(path: Path, what: str, since: float, until: float, *, limit: int = ROWS_AT_ONCE) -> Iterator[list[ExportRow]]:
    """Yield the rows of a window as they were when the first page was read, in the order of booking.

    Each page is a moment of its own, so that a consumer that stalls keeps nothing from the daemon. All times are on
    the clock as it was at the first page. Raises a StoreError.
    """
    export = EXPORTS[what]
    connection, _ = connect_reader(path)
    session = Session(path, connection)
    with closing(session), session.errors_named():
        session.execute("BEGIN")
        timeline = session.read_timeline()
        last = session.value(export.newest) or 0
        after = export.skip(session, timeline.stored(since))
        window = {"since": timeline.stored(since), "until": timeline.stored(until), "limit": limit, "last": last}
        rows = _page(session, export, {**window, "after": after})
    while rows:
        yield rows
        after = rows[-1][0]
        if len(rows) < limit or after >= last:
            return
        connection, _ = connect_again(path)
        session = Session(path, connection, timeline)
        with closing(session), session.errors_named():
            rows = _page(session, export, {**window, "after": after})


def _page(session: Session, export: Export, wanted: dict[str, Any]) -> list[ExportRow]:
    """Read the next rows, all of one moment."""
    if export.is_by_name:
        found = session.execute(export.sql, wanted)
    else:
        found = session.plain.execute(export.sql, wanted)
    return [export.row(row, session.timeline) for row in found]


def _columns(words: str) -> tuple[ExportColumn, ...]:
    """Read ``name`` (a text), ``name:integer``, ``name:time``."""
    split = (word.partition(":") for word in words.split())
    return tuple(ExportColumn(name, ColumnType(sort or "text")) for name, _, sort in split)


_TARGET = "pbx technology resource kind watch check"
_OF_CHECK = "c.pbx, c.technology, c.resource, c.kind, c.watch, c.name AS check_name"


def _transition(row: ExportRow, timeline: Timeline) -> ExportRow:
    rev, pbx, technology, resource, kind, watch, check, old, new, at, believed_at, cause = row
    believed = timeline.shown(believed_at)
    return (
        rev,
        pbx,
        technology,
        resource,
        kind,
        watch,
        check,
        HEALTHS[old],
        HEALTHS[new],
        timeline.shown(at),
        believed,
        cause,
    )


def _first_believed_since(session: Session, since: float) -> int:
    """Find the newest transition that was believed too early to be of interest, without reading them all."""
    # Two questions: both ends at once would be looked for through all rows.
    low = session.value("SELECT COALESCE(MIN(rev), 1) - 1 FROM transitions")
    high = session.value("SELECT COALESCE(MAX(rev), 0) FROM transitions")
    while low < high:
        middle = (low + high + 1) // 2
        rev, believed_at = session.plain.execute(
            "SELECT rev, believed_at FROM transitions WHERE rev >= :middle ORDER BY rev LIMIT 1", {"middle": middle}
        ).fetchone()
        if believed_at < since - _DISORDER:
            low = rev
        else:
            high = middle - 1
    return int(low)


def _period(row: ExportRow, timeline: Timeline) -> ExportRow:
    *facts, since, until, why = row
    return *facts, timeline.shown(since), None if until == NO_END else timeline.shown(until), why


def _incident(row: Stored, timeline: Timeline) -> ExportRow:
    incident = INCIDENTS.of(row, timeline)
    return (
        incident.id,
        *incident.target,
        incident.kind,
        incident.watch,
        incident.check,
        incident.severity,
        incident.health,
        incident.opened_at,
        incident.believed_at,
        incident.closed_at,
        incident.ending,
        incident.cause,
        incident.explained_by,
        incident.muted_by or None,
        incident.acked_at,
        incident.acked_by or None,
        incident.ack_reason or None,
        incident.site or None,
        incident.since,
    )


def _notification(row: ExportRow, timeline: Timeline) -> ExportRow:
    *facts, booked_at, due_at, finished_at, state, attempts, why, subject = row
    times = timeline.shown(booked_at), timeline.shown(due_at), timeline.shown_or_none(finished_at)
    return *facts, *times, state, attempts, why or None, subject or None


EXPORTS = {
    "transitions": Export(
        _columns(f"rev:integer {_TARGET} before after at:time believed_at:time cause"),
        f"""SELECT t.rev, {_OF_CHECK}, t.old_health, t.new_health, t.at, t.believed_at, w.text
        FROM transitions t CROSS JOIN checks c LEFT JOIN words w ON w.id = t.cause
        WHERE t.rev > :after AND t.rev <= :last AND t.at >= :since AND t.at < :until AND c.id = t.check_id
        ORDER BY t.rev LIMIT :limit""",  # noqa: S608 (a constant of ours)
        "SELECT MAX(rev) FROM transitions",
        _transition,
        skip=_first_believed_since,
    ),
    "incidents": Export(
        _columns(
            f"""id:integer {_TARGET} severity state opened_at:time believed_at:time closed_at:time ending cause
            explained_by:integer muted_by acknowledged_at:time acknowledged_by acknowledgement site since:time"""
        ),
        """SELECT * FROM incidents WHERE id > :after AND id <= :last AND opened_at < :until
        AND (closed_at IS NULL OR closed_at > :since) ORDER BY id LIMIT :limit""",
        "SELECT MAX(id) FROM incidents",
        _incident,
        is_by_name=True,
    ),
    "notifications": Export(
        _columns(
            f"""id:integer incident:integer {_TARGET} receiver reason serial:integer booked_at:time due_at:time
            finished_at:time state attempts:integer why subject"""
        ),
        """SELECT n.id, n.incident_id, i.pbx, i.technology, i.resource, i.kind, i.watch, i.check_name, n.url_id,
            n.reason, n.serial, n.booked_at, n.due_at, n.finished_at, n.state, n.attempts, n.why, n.subject
        FROM notifications n CROSS JOIN incidents i
        WHERE n.id > :after AND n.id <= :last AND n.booked_at >= :since AND n.booked_at < :until
        AND i.id = n.incident_id
        ORDER BY n.id LIMIT :limit""",
        "SELECT MAX(id) FROM notifications",
        _notification,
    ),
    "veils": Export(
        _columns(f"id:integer {_TARGET} since:time until:time why"),
        f"""SELECT v.id, {_OF_CHECK}, v.since, v.until, w.text
        FROM veils v CROSS JOIN checks c LEFT JOIN words w ON w.id = v.why
        WHERE v.id > :after AND v.id <= :last AND v.until > :since AND v.since < :until AND c.id = v.check_id
        ORDER BY v.id LIMIT :limit""",  # noqa: S608 (a constant of ours)
        "SELECT MAX(id) FROM veils",
        _period,
    ),
}
