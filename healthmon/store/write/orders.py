"""The commands' side of the database: silences and acknowledgements, which the engine reads when it sees the change."""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType

from msgspec.structs import replace

from healthmon.errors import DatabaseUnwritable, ExitCode, HealthmonError
from healthmon.model import Incident, Matcher, Silence
from healthmon.store.rows import INCIDENTS, SILENCES
from healthmon.store.session import Session
from healthmon.store.sqlite.connect import connect
from healthmon.store.sqlite.database import recognise
from healthmon.store.sqlite.readonly import refuse_missing, refuse_older, schema_of

_INSERT_SILENCE = """INSERT INTO silences (matcher, since, until, author, reason, by_wall, wall_until)
    VALUES (:matcher, :since, :until, :author, :reason, :by_wall, :wall_until)
    RETURNING id"""

_ACKNOWLEDGE = """INSERT INTO acknowledgements (incident_id, at, author, reason) VALUES (:id, :at, :author, :reason)
    ON CONFLICT (incident_id) DO UPDATE SET at = excluded.at, author = excluded.author,
        reason = CASE excluded.reason WHEN '' THEN acknowledgements.reason ELSE excluded.reason END"""

_ACCEPTED = """UPDATE urls SET failing_since = NULL, attempts = 0, last_delivered_at = :at
    WHERE url_id = :url_id AND failing_since IS NOT NULL"""


_CLOCK_IS_RIGHT = """INSERT INTO clock_jumps (at, seconds, rev)
    SELECT :at, 0, COALESCE(MAX(rev), 0) FROM transitions"""


class OrderRefused(HealthmonError):
    """What was ordered makes no sense: there is no such silence or incident, or it is over."""

    exit_code = ExitCode.USAGE


def open_commander(path: Path) -> Commander:
    """Open an existing database for orders. Raises a StoreError with one clear sentence where that cannot be done."""
    return Commander(connect_to_write(path))


def connect_to_write(path: Path) -> Session:
    """Open a session that writes, to a whole database of the present schema. Raises a StoreError."""
    refuse_missing(path)
    recognise(path)
    refuse_reader(path)
    connection = connect(path)
    try:
        refuse_older(path, schema_of(connection, path))
    except BaseException:
        connection.close()
        raise
    return Session(path, connection)


def refuse_reader(path: Path) -> None:
    """Refuse who may read a database and not write it: a member of its group. Raises DatabaseUnwritable."""
    may_write = all(os.access(needed, os.W_OK, effective_ids=True) for needed in (path, path.parent))
    if os.access(path, os.R_OK, effective_ids=True) and not may_write:
        raise DatabaseUnwritable(
            path, "this user may only read it; give this order as root, or as the user that the daemon runs as"
        )


class Commander:
    """The connection of one command. Each order is one transaction; the daemon obeys within half a second."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def __enter__(self) -> Commander:
        """Use it in a ``with`` statement."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Close the connection."""
        self._session.close()

    def silence(
        self, matcher: Matcher, *, since: float, until: float, author: str, reason: str, by_wall: bool = False
    ) -> Silence:
        """Book a silence, and return it with its number."""
        with self._session.writing() as timeline:
            silence = Silence(0, matcher, since, until, author, reason, by_wall)
            shown = {"wall_until": until if by_wall else None}
            [row] = self._session.rows(_INSERT_SILENCE, SILENCES.row(silence, timeline) | shown)
        return replace(silence, id=row["id"])

    def end_silence(self, number: int, now: float) -> Silence:
        """End a silence now. Raises OrderRefused if there is none of that number, or it is over."""
        with self._session.writing() as timeline:
            key = {"id": number, "now": timeline.stored(now)}
            row = self._session.row("SELECT * FROM silences WHERE id = :id", key)
            if row is None:
                raise OrderRefused(f"there is no silence {number}; healthmon silence list shows them")
            if row["until"] <= key["now"]:
                raise OrderRefused(f"silence {number} is over already")
            # It stays ended, whatever is done to the clock.
            self._session.execute("UPDATE silences SET until = :now, by_wall = FALSE WHERE id = :id", key)
            return replace(SILENCES.of(row, timeline), until=now)

    def acknowledge(self, number: int, *, at: float, author: str, reason: str) -> Incident:
        """Take note of an open incident. Raises OrderRefused if there is none of that number, or it is over."""
        with self._session.writing() as timeline:
            order = {"id": number, "at": timeline.stored(at), "author": author, "reason": reason}
            row = self._session.row("SELECT * FROM incidents WHERE id = :id", order)
            if row is None:
                raise OrderRefused(f"there is no incident {number}; healthmon incidents --open shows what lasts")
            incident = INCIDENTS.of(row, timeline)
            if not incident.is_open:
                raise OrderRefused(f"incident {number} is over already")
            self._session.execute(_ACKNOWLEDGE, order)
            return incident

    def clock_is_right(self, at: float) -> None:
        """Book that a person has looked at the clock, and that it is right: a jump by nothing."""
        with self._session.writing() as timeline:
            self._session.execute(_CLOCK_IS_RIGHT, {"at": timeline.stored(at)})

    def accepted(self, url_id: str, at: float, *, in_full: bool = True) -> bool:
        """Book that a URL has accepted a test message; return whether it counted as failing until then.

        ``in_full``: for each of its addresses.
        """
        with self._session.writing() as timeline:
            facts = {"url_id": url_id, "at": timeline.stored(at)}
            if in_full:
                self._session.execute("DELETE FROM recipients WHERE url_id = :url_id", facts)
            return self._session.execute(_ACCEPTED, facts).rowcount > 0
