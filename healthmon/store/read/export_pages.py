"""What happened, row by row, for other programs. In pages: constant memory, and nobody waits for a slow reader."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from enum import Enum
from pathlib import Path
from typing import Any, NamedTuple

from msgspec import Struct

from healthmon.store.rows import HEALTHS, incident_of
from healthmon.store.schema import NO_END
from healthmon.store.sqlite.connect import errors_named
from healthmon.store.sqlite.readonly import connect_again, connect_reader
from healthmon.store.timeline import Timeline, read_timeline

#: So many rows are read at once, and are in memory.
ROWS_AT_ONCE = 5_000

#: Transitions are booked in the order in which they are believed, but for this (seconds): a clock that drifted.
_DISORDER = 3600.0

#: One row, in the order of the columns; times are seconds, UTC.
Row = tuple[Any, ...]


class Sort(Enum):
    """What a column holds. Anything may be missing, but for what the key is made of."""

    TEXT = "text"
    INTEGER = "integer"
    TIME = "time"


class Column(NamedTuple):
    """One column of an export. Its name and meaning never change."""

    name: str
    sort: Sort


class Export(Struct, frozen=True):
    """One sort of rows. The first column is the key, by which the pages follow each other."""

    columns: tuple[Column, ...]
    #: Has the parameters after, last, since, until, limit.
    sql: str
    newest: str
    row: Callable[[Any, Timeline], Row]
    #: Rows are read by name; that is slower.
    is_by_name: bool = False
    #: Finds a key before which nothing can be in a window that begins at a (stored) time.
    skip: Callable[[sqlite3.Connection, float], int] = lambda _connection, _since: 0


def pages(path: Path, what: str, since: float, until: float, *, limit: int = ROWS_AT_ONCE) -> Iterator[list[Row]]:
    """Yield the rows of a window as they were when the first page was read, in the order of booking.

    Each page is a moment of its own, so that a consumer that stalls keeps nothing from the daemon. All times are on
    the clock as it was at the first page. Raises a StoreError.
    """
    export, after, last, line = EXPORTS[what], 0, 0, None
    while line is None or after < last:
        opened = connect_reader(path) if line is None else connect_again(path)
        with closing(opened[0]) as connection, errors_named(path):
            connection.execute("BEGIN")
            if line is None:
                line = read_timeline(connection)
                last = connection.execute(export.newest).fetchone()[0] or 0
                after = export.skip(connection, line.stored(since))
            wanted = {"since": line.stored(since), "until": line.stored(until), "limit": limit}
            connection.row_factory = sqlite3.Row if export.is_by_name else None
            found = connection.execute(export.sql, {**wanted, "after": after, "last": last})
            rows = [export.row(row, line) for row in found]
        after = rows[-1][0] if len(rows) == limit else last
        if rows:
            yield rows


def _columns(words: str) -> tuple[Column, ...]:
    """Read ``name`` (a text), ``name:integer``, ``name:time``."""
    split = (word.partition(":") for word in words.split())
    return tuple(Column(name, Sort(sort or "text")) for name, _, sort in split)


_TARGET = "pbx technology resource kind watch check"
_OF_CHECK = "c.pbx, c.technology, c.resource, c.kind, c.watch, c.name AS check_name"


def _transition(row: Row, line: Timeline) -> Row:
    rev, pbx, technology, resource, kind, watch, check, old, new, at, believed_at, cause = row
    believed = line.shown(believed_at)
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
        line.shown(at),
        believed,
        cause,
    )


def _first_believed_since(connection: sqlite3.Connection, since: float) -> int:
    """Find the newest transition that was believed too early to be of interest, without reading them all."""
    # Two questions: both ends at once would be looked for through all rows.
    low = connection.execute("SELECT COALESCE(MIN(rev), 1) - 1 FROM transitions").fetchone()[0]
    high = connection.execute("SELECT COALESCE(MAX(rev), 0) FROM transitions").fetchone()[0]
    while low < high:
        middle = (low + high + 1) // 2
        rev, believed_at = connection.execute(
            "SELECT rev, believed_at FROM transitions WHERE rev >= :middle ORDER BY rev LIMIT 1", {"middle": middle}
        ).fetchone()
        if believed_at < since - _DISORDER:
            low = rev
        else:
            high = middle - 1
    return int(low)


def _veil(row: Row, line: Timeline) -> Row:
    *facts, since, until, why = row
    return *facts, line.shown(since), None if until == NO_END else line.shown(until), why


def _incident(row: sqlite3.Row, line: Timeline) -> Row:
    one = incident_of(row, line)
    return (
        one.id,
        *one.target,
        one.kind,
        one.watch,
        one.check,
        one.severity,
        one.health,
        one.opened_at,
        one.believed_at,
        one.closed_at,
        one.ending,
        one.cause,
        one.explained_by,
        one.muted_by or None,
        one.acked_at,
        one.acked_by or None,
        one.ack_reason or None,
        one.site or None,
        one.since,
    )


def _notification(row: Row, line: Timeline) -> Row:
    *facts, booked_at, due_at, finished_at, state, attempts, why, subject = row
    times = line.shown(booked_at), line.shown(due_at), line.shown_or_none(finished_at)
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
        _veil,
    ),
}
