"""The engine's connection: remembers everything, whole or not at all."""

from __future__ import annotations

import sqlite3
import struct
from collections.abc import Iterable, Mapping
from pathlib import Path
from secrets import token_hex

from healthmon import __version__
from healthmon.core.alerting.decide import TELLING_ENDS_AFTER, is_finished
from healthmon.errors import DatabaseLost, Loss, StoreError
from healthmon.model import Changes, ClockJump, Commands, Freshness, Incident, Reading, Remembered, Told, UrlState
from healthmon.store.read.meters import Meters
from healthmon.store.read.remembered import (
    read_commands,
    read_ended,
    read_pbx_states,
    read_places,
    read_settings,
    read_states,
    read_telling,
    read_told,
    read_urls,
)
from healthmon.store.read.round_trips import fold
from healthmon.store.rows import freshness_row, upsert
from healthmon.store.sqlite.connect import errors_named, transaction, unhurried
from healthmon.store.sqlite.copies import OnProgress
from healthmon.store.sqlite.database import OnMigrating, is_missing, open_database
from healthmon.store.sqlite.former import trace_of_former
from healthmon.store.sqlite.guard import Guard, Marks
from healthmon.store.sqlite.lock import Lock
from healthmon.store.sqlite.mark import Marker
from healthmon.store.sqlite.salvage import salvage, take_away_ours, write_back
from healthmon.store.timeline import read_timeline
from healthmon.store.write.booking import Booking
from healthmon.store.write.pruning import Cuts, Pruner

#: The clock was set back while no daemon ran, if what was done last lies so far in the future (seconds).
SET_BACK_TOLERANCE = 2.0

# When anything was done last: the sign of life is booked every ten seconds only, and the history goes on in between.
_DONE_LAST = """SELECT MAX(at) AS at FROM (
    SELECT alive_at AS at FROM daemon
    UNION ALL SELECT believed_at FROM transitions WHERE rev = (SELECT MAX(rev) FROM transitions)
    UNION ALL SELECT believed_at FROM incidents WHERE id = (SELECT MAX(id) FROM incidents)
    UNION ALL SELECT since FROM veils WHERE id = (SELECT MAX(id) FROM veils)
    UNION ALL SELECT booked_at FROM notifications WHERE id = (SELECT MAX(id) FROM notifications)
    UNION ALL SELECT last_delivered_at FROM urls
    UNION ALL SELECT last_error_at FROM urls) AS done"""

#: Rows of one batch of pruning. Each may lie in another page of an index, so that a batch takes as long as a commit.
PRUNED_AT_ONCE = 50

#: Measured round trips that are folded at once: each may touch three buckets.
FOLDED_AT_ONCE = 25

_UPSERT_FRESHNESS = upsert("freshness", "pbx", "last_event_at last_snapshot_at alive_at poll_every")


def open_writer(path: Path, *, now: float, on_migrating: OnMigrating | None = None) -> Writer:
    """Open the database as its one daemon: lock it, make or migrate it, and note that we started.

    ``on_migrating`` is called with a sentence before and during a migration. Raises DatabaseLocked (another daemon),
    SchemaTooNew, ForeignDatabase, DatabaseUnwritable, or another StoreError.
    """
    if not path.parent.is_dir():
        what_to_do = "make it, for the user that healthmon is to run as (the service makes its own)"
        raise StoreError(path, f"the directory {path.parent} does not exist; {what_to_do}")
    if path.is_dir():
        raise StoreError(path, "this is a directory")
    lock = Lock(path)
    try:
        trace = trace_of_former(path) if is_missing(path) else None
        set_right: list[str] = []
        connection = open_database(
            path, now=now, on_migrating=on_migrating or _say_nothing, on_set_right=set_right.append
        )
        try:
            writer = Writer(path, connection, lock, now)
            writer.trace_of_former = trace
            writer.set_right = tuple(set_right)
            writer.start()
        except BaseException:
            connection.close()
            raise
        return writer
    except BaseException:
        lock.release()
        raise


def _say_nothing(sentence: str) -> None:
    """The caller does not want to know."""


class Writer:
    """The writing connection. Owned by the engine thread once it is opened."""

    def __init__(self, path: Path, connection: sqlite3.Connection, lock: Lock, now: float) -> None:
        self.path = path
        #: How far the clock was found set back since the last daemon (negative seconds); 0.0: it was not.
        self.set_back_by = 0.0
        #: What was set right at the start, a sentence each: everybody is to be told.
        self.set_right: tuple[str, ...] = ()
        #: The database is a new one, and this file beside it tells that there was another before; None: it is not so.
        self.trace_of_former: Path | None = None
        self._connection = connection
        self._lock = lock
        self._now = now
        self._booking = Booking(connection)
        self._pruner = Pruner(connection, path, self._booking)
        with errors_named(path):
            self._line = read_timeline(connection)
            self._marker = Marker(connection)
            self._booking.rolled_until = connection.execute("SELECT rolled_until FROM daemon").fetchone()[0]
            self._seen_version = self._data_version()
        self._guard: Guard | None = None
        self._is_given_up = False

    def start(self) -> None:
        """Note that a daemon has started, and watch over the files from now on. Once, and first of all."""
        self._set_back(self._now)
        self._note_start(self._now)
        self._guard = Guard(self.path, self._marks())

    def _marks(self) -> Marks:
        """What was just noted, and is different in each database and each run, is to stand in the file itself."""
        with errors_named(self.path):
            self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
            row = self._connection.execute("SELECT identity, started_at FROM daemon").fetchone()
            page = self._connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'daemon'").fetchone()
        return Marks(page["rootpage"], frozenset({row["identity"].encode(), struct.pack(">d", row["started_at"])}))

    def _set_back(self, now: float) -> None:
        """Keep the order of the history when the clock was set back while nobody ran (a dead battery, say)."""
        done_last = self._line.shown_or_none(self._connection.execute(_DONE_LAST).fetchone()["at"])
        if done_last is not None and done_last > now + SET_BACK_TOLERANCE:
            self.set_back_by = now - done_last
            self.commit(Changes(clock_jumps=[ClockJump(at=now, by=self.set_back_by)]))

    def _note_start(self, now: float) -> None:
        """``alive_at`` stays as the last daemon left it, until the gap has been booked."""
        with transaction(self._connection, self.path):
            self._connection.execute(
                "UPDATE daemon SET started_at = :now, version = :version",
                {"now": self._line.stored(now), "version": __version__},
            )
            self._connection.execute(
                "UPDATE daemon SET identity = :identity WHERE identity = ''", {"identity": token_hex(8)}
            )
            self._marker.mark()

    def load(self) -> Remembered:
        """Read all that the engine needs to go on."""
        with errors_named(self.path):
            self._connection.execute("BEGIN")
            try:
                return self._load()
            finally:
                self._connection.rollback()

    def _load(self) -> Remembered:
        connection, line = self._connection, self._line
        self._booking.remember_keys()
        newest = connection.execute("SELECT COALESCE(MAX(id), 0) FROM incidents").fetchone()[0]
        alive_at = connection.execute("SELECT alive_at FROM daemon").fetchone()[0]
        return Remembered(
            states=tuple(read_states(connection, line)),
            pbx_states=tuple(read_pbx_states(connection, line)),
            settings=tuple(read_settings(connection, line)),
            incidents=tuple(read_telling(connection, line)),
            told=read_told(connection, line),
            next_incident_id=newest + 1,
            alive_at=line.shown_or_none(alive_at),
            commands=read_commands(connection, line, self._now),
            places=read_places(connection),
        )

    def commit(self, changes: Changes) -> None:
        """Book everything one batch changed, whole or not at all.

        All times in it, and the keys of its veils, are those of the clock after its ``clock_jumps``. Raises
        DatabaseUnwritable; then nothing is booked, and the same Changes can be tried again.
        """
        if not changes.is_to_book():
            return
        line = self._line
        for jump in changes.clock_jumps:
            line = line.moved(jump.by)
        try:
            with transaction(self._connection, self.path):
                self._booking.book(changes, line, self._now)
                self._marker.mark()
        except BaseException:
            self._booking.forget_keys()
            raise
        self._line = line

    def alive(self, now: float, freshness: Iterable[Freshness]) -> None:
        """Note that the daemon lives, and how fresh its view of each PBX is. Every 10 s."""
        self._now = now
        rows = [freshness_row(each, self._line) for each in freshness]
        with transaction(self._connection, self.path):
            self._connection.execute("UPDATE daemon SET alive_at = :now", {"now": self._line.stored(now)})
            self._connection.executemany(_UPSERT_FRESHNESS, rows)
            self._finish_telling(now)
            self._marker.mark()

    def _finish_telling(self, now: float) -> None:
        closed = list(read_ended(self._connection, self._line))
        if not closed:
            return
        told: dict[int, list[Told]] = {}
        for (number, _), one in read_told(self._connection, self._line).items():
            told.setdefault(number, []).append(one)
        self._connection.executemany(
            "UPDATE incidents SET telling = FALSE WHERE id = :id",
            [{"id": incident.id} for incident in closed if self._is_told(incident, told.get(incident.id, []), now)],
        )

    def _is_told(self, incident: Incident, told: list[Told], now: float) -> bool:
        """Whether nobody waits to be told how a closed incident ended."""
        if any(each.waiting for each in told):
            return False
        if all(is_finished(incident, each) for each in told):
            return True
        # What a group explains is told with the end of the group, however long that lasts.
        lasts = "SELECT 1 FROM incidents WHERE id = :bigger AND closed_at IS NULL"
        waits = self._connection.execute(lasts, {"bigger": incident.explained_by}).fetchone() is not None
        return not waits and now - (incident.closed_at or now) > TELLING_ENDS_AFTER

    def outside_changes(self) -> bool:
        """Whether somebody else has written since this was last asked (a deliverer, a command)."""
        version = self._data_version()
        changed = version != self._seen_version
        self._seen_version = version
        return changed

    def _data_version(self) -> int:
        with errors_named(self.path):
            version: int = self._connection.execute("PRAGMA data_version").fetchone()[0]
            return version

    def told(self) -> dict[tuple[int, str], Told]:
        """Read what was told, by (incident, url_id): of open incidents, and of closed ones not finished."""
        with errors_named(self.path):
            return read_told(self._connection, self._line)

    def urls(self) -> list[UrlState]:
        """Read how delivery to each URL stands that was ever used."""
        with errors_named(self.path):
            return list(read_urls(self._connection, self._line))

    def commands(self, now: float) -> Commands:
        """Read what people ordered: silences that are not over, acknowledgements of open incidents."""
        with errors_named(self.path):
            return read_commands(self._connection, self._line, now)

    # ---------------------------------------------------------------- readings of the meters

    def meters(self) -> Meters:
        """Return the questions about what the readings are made from."""
        return Meters(self._connection, self.path, self._line)

    @property
    def late_bookings(self) -> int:
        """How often something was booked for a time before ``begin_readings``, which removed readings."""
        return self._booking.late_bookings

    def begin_readings(self, until: float) -> None:
        """Note that readings up to this time are taken: what is booked for an earlier time removes those after it."""
        stored = max(self._line.stored(until), self._booking.rolled_until)
        with transaction(self._connection, self.path):
            self._connection.execute("UPDATE daemon SET rolled_until = :until", {"until": stored})
        self._booking.rolled_until = stored

    def book_readings(self, readings: Mapping[int, Iterable[Reading]]) -> None:
        """Book readings by the number of their check; none is later than the readings that were begun."""
        meters = self.meters()
        with unhurried(self._connection), transaction(self._connection, self.path):
            for check_id, its_readings in readings.items():
                meters.book(check_id, its_readings)

    def fold_round_trips(self, limit: int = FOLDED_AT_ONCE) -> int:
        """Move some of the measured round trips into the buckets of their minutes, hours and days; return how many."""
        with errors_named(self.path):
            if self._connection.execute("SELECT 1 FROM round_trips LIMIT 1").fetchone() is None:
                return 0
        with unhurried(self._connection), transaction(self._connection, self.path):
            return fold(self._connection, self._line, limit)

    def prune(self, cuts: Cuts, limit: int = PRUNED_AT_ONCE) -> int:
        """Look at the next ``limit`` rows of history from before the cuts, and remove what is not needed any more.

        Return how many rows it looked at, or pages it gave back; 0: this round is finished. What held at a cut is
        kept: the last transition and reading of each check, veils and incidents that were not over.
        """
        with unhurried(self._connection):
            return self._pruner.prune(cuts.stored(self._line), limit)

    def look_at_files(self) -> None:
        """Raise DatabaseLost when the files are no longer those that were opened. Every few seconds."""
        if self._guard is not None:
            self._guard.look()

    def give_up(self, error: StoreError, on_progress: OnProgress) -> str:
        """Keep what can be kept of a database that cannot be used any more; return what became of it, in a sentence.

        Whatever else stands under its name is left as it is. Then the process must end without closing anything.
        """
        self._is_given_up = True
        if not isinstance(error, DatabaseLost) or self._guard is None:
            return "it was left as it is"
        if error.loss is Loss.LOG:
            return write_back(self._connection, self.path, self._guard, self._now)
        outcome = salvage(self._connection, self.path, error.loss, self._now, on_progress)
        take_away_ours(self.path, self._guard, self._now)
        return outcome

    def close(self) -> None:
        """Write the log back into the file, and let another daemon in; nothing of it after ``give_up()``."""
        if self._is_given_up:
            return
        try:
            with errors_named(self.path):
                self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            self._connection.close()
            if self._guard is not None:
                self._guard.close()
            self._lock.release()
