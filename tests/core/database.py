"""The real store in memory: what the daemon's threads and people's commands use, over one connection."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Collection
from functools import lru_cache
from operator import attrgetter
from pathlib import Path
from typing import Any, TypeVar

from healthmon.model import (
    Changes,
    CheckState,
    Commands,
    EndpointSettings,
    Incident,
    Matcher,
    Note,
    Notification,
    PbxState,
    Place,
    Reason,
    Remembered,
    Restart,
    Severity,
    Target,
    Told,
    Transition,
    UnknownPeriod,
    UrlState,
)
from healthmon.store.codec import Row, target_of
from healthmon.store.outbox.outbox import Outbox
from healthmon.store.read.remembered import read_pbx_states, read_places, read_settings, read_states, read_told
from healthmon.store.rows import HEALTHS, INCIDENTS, NOTES, RESTARTS, URLS
from healthmon.store.schema import MIGRATIONS, NO_END
from healthmon.store.session import Session
from healthmon.store.sqlite.connect import Connection, open_connection
from healthmon.store.write.orders import Commander
from healthmon.store.write.writer import Writer

T = TypeVar("T")

#: The name in its errors; nothing is ever there.
NOWHERE = Path("in memory")
#: Longer than any scene (seconds).
FOR_EVER = 1e9
#: From one sign of life to the next (seconds); the engine gives one every ten.
ALIVE_EVERY = 600.0


def in_memory() -> Connection:
    """Open an empty database that ends with its connection."""
    return open_connection(NOWHERE, "mode=memory")


@lru_cache
def template() -> Connection:
    """A database of the present schema; to make one takes as long as a whole scene."""
    connection = in_memory()
    for migration in MIGRATIONS:
        for statement in migration:
            connection.execute(statement)
    return connection


def hold_nothing() -> None:
    """There is no file that another daemon could open."""


class Database:
    """Books, claims and reads by the store's own functions; what a test reads is read again after each change.

    All times here are on the timeline; people and deliverers speak of the wall clock.
    """

    def __init__(self, alive_at: float | None = None) -> None:
        connection = in_memory()
        template().backup(connection)
        self._session = Session(NOWHERE, connection)
        self._by_wall = session = Session(NOWHERE, connection)
        weakref.finalize(self, connection.close)
        self._writer = Writer(session, hold_nothing, 0.0)
        self._outbox = Outbox(session)
        self._people = Commander(session)
        self._read: dict[str, tuple[int, Any]] = {}
        self._booked: set[tuple[int, str, Reason, int]] = set()
        self._alive_due = 0.0
        #: When the daemon was last seen to live; it is booked now and then, and at its end.
        self.alive_at = alive_at
        #: These take no messages at present.
        self.dead_urls: set[str] = set()
        #: These are left alone at present, but for what is critical.
        self.quiet_urls: set[str] = set()
        self._urls: dict[str, Row] = {}

    # ---------------------------------------------------------------- the daemon

    def start(self, now: float) -> Remembered:
        """The last daemon has ended in peace; return what the next one knows."""
        if self.alive_at is not None:
            self._writer.alive(self.alive_at, ())
        self._writer = Writer(self._by_wall, hold_nothing, self._shown(now))
        return self._writer.load()

    def _shown(self, now: float) -> float:
        """What the wall clock shows."""
        return now + self._writer.ahead

    def commit(self, changes: Changes, now: float) -> None:
        """Book one batch."""
        for booked in changes.notifications:
            key = (booked.incident_id, booked.url_id, booked.reason, booked.serial)
            # The store would leave out the second.
            assert key not in self._booked, f"booked twice: {key}"
            self._booked.add(key)
        self._writer.commit(changes)
        if now >= self._alive_due:
            self._writer.alive(now, ())
            self._alive_due = now + ALIVE_EVERY
        self.alive_at = now

    def hear(self) -> dict[tuple[int, str], Told]:
        """What the engine reads of what was delivered."""
        return self._writer.told()

    def commands(self, now: float) -> Commands:
        """What people want."""
        return self._writer.commands(now)

    # ---------------------------------------------------------------- the deliverers

    def deliver(self, now: float) -> list[tuple[str, Reason, int, str]]:
        """Send whatever is due by now; return (url_id, reason, incident, said) of what went out."""
        waiting = "SELECT url_id FROM notifications WHERE state = 'waiting' GROUP BY url_id ORDER BY MIN(id)"
        urls = [row["url_id"] for row in self._session.rows(waiting)]
        return [sent for url_id in urls if url_id not in self.dead_urls for sent in self._deliver(url_id, now)]

    def _deliver(self, url_id: str, now: float) -> list[tuple[str, Reason, int, str]]:
        quiet_until = self._shown(now) + FOR_EVER if url_id in self.quiet_urls else None
        self._outbox.keep_quiet(url_id, quiet_until, (Severity.CRITICAL,))
        sent, shown = [], self._shown(now)
        while claim := self._outbox.claim(url_id, now):
            in_the_order_of_booking = sorted(claim.rows, key=attrgetter("notification_id"))
            sent += [(url_id, row.reason, row.incident.id, str(row.says)) for row in in_the_order_of_booking]
            self._outbox.delivered(claim, shown)
        return sent

    def note_urls(self, urls: Collection[UrlState]) -> None:
        """A test says how delivery to these URLs stands: attempts that last have no message here."""
        timeline = self._session.timeline
        self._urls.update({url.url_id: URLS.row(url, timeline) for url in urls})

    @property
    def urls(self) -> dict[str, UrlState]:
        """How delivery to each URL stands, as far as a test has said it."""
        timeline = self._session.timeline
        return {url_id: URLS.of(row, timeline) for url_id, row in self._urls.items()}  # type: ignore[arg-type]

    # ---------------------------------------------------------------- people

    def silence(self, matcher: Matcher, now: float, until: float) -> None:
        """``healthmon silence add``."""
        since, until = self._shown(now), self._shown(until)
        self._people.silence(matcher, since=since, until=until, author="anna", reason="building works")

    def end_silences(self, now: float) -> None:
        """``healthmon silence end``, for each that is not over."""
        for silence in self.commands(now).silences:
            self._people.end_silence(silence.id, self._shown(now))

    def acknowledge(self, incident: Incident, now: float) -> None:
        """``healthmon ack``."""
        self._people.acknowledge(incident.id, at=self._shown(now), author="anna", reason="called them")

    # ---------------------------------------------------------------- what is booked

    @property
    def changes(self) -> int:
        """How many rows were ever written."""
        return self._session.connection.total_changes

    def _known(self, what: str, read: Callable[[], T]) -> T:
        changes, known = self._read.get(what, (-1, None))
        if known is None or changes != self.changes:
            known = read()
            self._read[what] = (self.changes, known)
        value: T = known
        return value

    @property
    def states(self) -> dict[tuple[Target, str], CheckState]:
        """What is believed of each check."""
        return self._known(
            "states", lambda: {(state.target, state.check): state for state in read_states(self._session)}
        )

    @property
    def pbx_states(self) -> dict[str, PbxState]:
        """How each PBX is seen."""
        return self._known("PBXs", lambda: {state.pbx: state for state in read_pbx_states(self._session)})

    @property
    def settings(self) -> dict[Target, EndpointSettings]:
        """The settings of each endpoint."""
        return self._known("settings", lambda: {one.target: one for one in read_settings(self._session)})

    @property
    def places(self) -> dict[Target, tuple[Place, ...]]:
        """Where the contacts of each endpoint are."""
        return self._known("places", lambda: read_places(self._session))

    @property
    def incidents(self) -> dict[int, Incident]:
        """All incidents, by their numbers."""
        return self._known("incidents", self._incidents)

    def _incidents(self) -> dict[int, Incident]:
        rows = self._session.rows("SELECT * FROM incidents ORDER BY id")
        return {row["id"]: INCIDENTS.of(row, self._session.timeline) for row in rows}

    @property
    def notes(self) -> list[Note]:
        """Decisions that left no message, in the order of booking."""
        return self._known("notes", self._notes)

    def _notes(self) -> list[Note]:
        rows = self._session.rows("SELECT * FROM incident_notes ORDER BY id")
        return [NOTES.of(row, self._session.timeline) for row in rows]

    @property
    def restarts(self) -> list[Restart]:
        """All restarts of Asterisk."""
        return self._known("restarts", self._restarts)

    def _restarts(self) -> list[Restart]:
        rows = self._session.rows("SELECT * FROM restarts ORDER BY at, id")
        return [RESTARTS.of(row, self._session.timeline) for row in rows]

    @property
    def transitions(self) -> list[Transition]:
        """All changes of what is believed, in the order of booking."""
        return self._known("transitions", self._transitions)

    def _transitions(self) -> list[Transition]:
        shown = self._session.timeline.shown
        rows = self._session.rows(
            """SELECT c.*, t.old_health, t.new_health, t.at, t.believed_at, w.text AS cause
            FROM transitions t JOIN checks c ON c.id = t.check_id LEFT JOIN words w ON w.id = t.cause ORDER BY t.rev"""
        )
        return [
            Transition(
                target_of(row),
                row["name"],
                HEALTHS[row["old_health"]],
                HEALTHS[row["new_health"]],
                shown(row["at"]),
                shown(row["believed_at"]),
                row["cause"] or "",
            )
            for row in rows
        ]

    @property
    def unknown_periods(self) -> dict[tuple[Target, str, float], UnknownPeriod]:
        """All times that nobody saw, by check and beginning."""
        return self._known("unknown periods", self._unknown_periods)

    def _unknown_periods(self) -> dict[tuple[Target, str, float], UnknownPeriod]:
        shown = self._session.timeline.shown
        rows = self._session.rows(
            """SELECT c.*, v.since, v.until, w.text AS why
            FROM veils v JOIN checks c ON c.id = v.check_id LEFT JOIN words w ON w.id = v.why ORDER BY v.id"""
        )
        periods = [
            UnknownPeriod(
                target_of(row),
                row["name"],
                shown(row["since"]),
                None if row["until"] == NO_END else shown(row["until"]),
                row["why"] or "",
            )
            for row in rows
        ]
        return {(period.target, period.check, period.since): period for period in periods}

    @property
    def notifications(self) -> dict[tuple[int, str, Reason, int], Notification]:
        """All that was ever booked to be told, in the order of booking."""
        return self._known("notifications", self._notifications)

    def _notifications(self) -> dict[tuple[int, str, Reason, int], Notification]:
        shown = self._session.timeline.shown
        booked = [
            Notification(
                row["incident_id"],
                row["url_id"],
                Reason(row["reason"]),
                row["serial"],
                shown(row["booked_at"]),
                shown(row["due_at"]),
            )
            for row in self._session.rows("SELECT * FROM notifications ORDER BY id")
        ]
        return {(row.incident_id, row.url_id, row.reason, row.serial): row for row in booked}

    @property
    def told(self) -> dict[tuple[int, str], Told]:
        """What each URL was told of each incident, also of those whose telling has ended."""
        return self._known("told", self._told)

    def _told(self) -> dict[tuple[int, str], Told]:
        self._session.execute("BEGIN")
        try:
            self._session.execute("UPDATE incidents SET telling = TRUE")
            return read_told(self._session)
        finally:
            self._session.connection.rollback()
