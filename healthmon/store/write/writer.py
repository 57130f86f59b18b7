"""The engine's connection: remembers everything, whole or not at all."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from secrets import token_hex

import msgspec

from healthmon import __version__
from healthmon.config.sections.history import HistoryConfig
from healthmon.core.alerting.decide import TELLING_ENDS_AFTER, is_finished
from healthmon.errors import DatabaseLoss, DatabaseLost, StoreError
from healthmon.model import (
    IDLE,
    Changes,
    ClockJump,
    Commands,
    Freshness,
    Incident,
    IncidentNumbers,
    Reading,
    Remembered,
    Told,
    UrlState,
    Workload,
)
from healthmon.store.read.meters import Meters, Watched
from healthmon.store.read.remembered import (
    read_commands,
    read_ended,
    read_pbx_states,
    read_places,
    read_restarts,
    read_settings,
    read_states,
    read_telling,
    read_told,
    read_urls,
)
from healthmon.store.rows import FRESHNESS, UPSERT_FRESHNESS
from healthmon.store.schema import INSTANCE
from healthmon.store.session import Session
from healthmon.store.sqlite.connect import unhurried
from healthmon.store.sqlite.copies import OnProgress
from healthmon.store.sqlite.database import OnMigrating, has_log, is_missing, open_database
from healthmon.store.sqlite.former import trace_of_former
from healthmon.store.sqlite.guard import Guard, Marks
from healthmon.store.sqlite.lock import Lock
from healthmon.store.sqlite.mark import Marker
from healthmon.store.sqlite.pragmas import data_version, page_of, write_log_back
from healthmon.store.sqlite.salvage import salvage, take_away_ours, write_back
from healthmon.store.write.booking import Bookkeeper
from healthmon.store.write.folding import fold
from healthmon.store.write.pruning import Cuts, Pruner
from healthmon.times.clock import GRAIN, on_grain
from healthmon.times.lengths import DAY

#: The clock was set back while no daemon ran, if what was done last lies so far in the future (seconds).
SET_BACK_TOLERANCE = 2.0
#: Whether nothing ran for longer than this, or the clock is wrong, nobody can tell (seconds): it counts as wrong.
SET_AHEAD_AFTER = 31 * 86400.0
#: From this on it counts as a pause that may turn out to be a clock that was set (seconds).
PAUSE_AFTER = 30.0

# When anything was done last: the sign of life is booked every ten seconds only, and the history goes on in between.
_DONE_LAST = f"""SELECT MAX(at) AS at FROM (
    SELECT alive_at AS at FROM daemon WHERE instance = '{INSTANCE}'
    UNION ALL SELECT believed_at FROM transitions WHERE rev = (SELECT MAX(rev) FROM transitions)
    UNION ALL SELECT believed_at FROM incidents WHERE id = (SELECT MAX(id) FROM incidents)
    UNION ALL SELECT since FROM veils WHERE id = (SELECT MAX(id) FROM veils)
    UNION ALL SELECT booked_at FROM notifications WHERE id = (SELECT MAX(id) FROM notifications)
    UNION ALL SELECT last_delivered_at FROM urls
    UNION ALL SELECT last_error_at FROM urls
    UNION ALL SELECT at FROM clock_jumps WHERE id = (SELECT MAX(id) FROM clock_jumps WHERE seconds <> 0)) AS done"""  # noqa: S608 (a constant of ours)

# A person's word is booked as a jump by nothing. It holds for this run, and until the clock is set again.
_IS_TIME_CONFIRMED = """SELECT 1 FROM clock_jumps WHERE seconds = 0 AND at >= :started_at
    AND id > (SELECT COALESCE(MAX(id), 0) FROM clock_jumps WHERE seconds <> 0)"""

#: Rows of one batch of pruning. Each may lie in another page of an index, so that a batch takes as long as a commit.
PRUNED_AT_ONCE = 50

#: Measured round trips that are folded at once: each may touch three buckets.
FOLDED_AT_ONCE = 25


def _say_nothing(sentence: str) -> None:
    """The caller does not want to know."""


def open_writer(path: Path, *, now: float, on_migrating: OnMigrating = _say_nothing) -> Writer:
    """Open the database as its one daemon: lock it, make or migrate it, and note that we started.

    ``now`` is what the wall clock shows. ``on_migrating`` is called with a sentence before and during a migration.
    Raises DatabaseLocked (another daemon), SchemaTooNew, ForeignDatabase, DatabaseUnwritable, or another StoreError.
    """
    if not path.parent.is_dir():
        what_to_do = "make it, for the user that healthmon is to run as (the service makes its own)"
        raise StoreError(path, f"the directory {path.parent} does not exist; {what_to_do}")
    if path.is_dir():
        raise StoreError(path, "this is a directory")
    lock = Lock(path)
    try:
        trace = None
        if is_missing(path):
            trace = trace_of_former(path)
        is_log_left = trace is None and has_log(path)
        set_right: list[str] = []
        connection = open_database(path, now=now, on_migrating=on_migrating, on_set_right=set_right.append)
        session = Session(path, connection)
        try:
            writer = Writer(session, lock.release, now)
            writer.trace_of_former = trace
            writer.set_right = tuple(set_right)
            writer.follows_a_kill = is_log_left
            writer.start()
        except BaseException:
            session.close()
            raise
        return writer
    except BaseException:
        lock.release()
        raise


class Writer:
    """The writing connection. Owned by the engine thread once it is opened.

    All times are on the database's timeline, unless it is said that they are those of the wall clock.
    """

    def __init__(self, session: Session, let_others_in: Callable[[], None], now: float) -> None:
        """Begin with a session of its own, and what the wall clock shows."""
        self.path = session.path
        #: By how much the clock was found set since the last daemon (seconds); 0.0: it was not.
        self.set_by = 0.0
        #: The last daemon was killed, or crashed with its machine: its log was left.
        self.follows_a_kill = False
        #: What was set right at the start, a sentence each: everybody is to be told.
        self.set_right: tuple[str, ...] = ()
        #: The database is a new one, and this file beside it tells that there was another before; None: it is not so.
        self.trace_of_former: Path | None = None
        self._session = Session(session.path, session.connection)
        #: For what has time: it goes by the days of the wall clock.
        self._by_wall = session
        self._let_others_in = let_others_in
        self._booking = Bookkeeper(self._session)
        self._pruner = Pruner(self._session, self._booking)
        with session.asking() as timeline:
            self._now = now - timeline.shift
            self._booking.rolled_until = session.of_daemon("rolled_until")
            self._seen_version = data_version(session.connection)
            self._marker = Marker(session.connection)
        self._guard: Guard | None = None
        #: When this daemon was started (on the database's timeline).
        self._started_at = 0.0
        self._is_given_up = False

    def start(self) -> None:
        """Note that a daemon has started, and watch over the files from now on. Once, and first of all."""
        self._go_on_from_newest()
        self._started_at = started_at = self._now
        # ``alive_at`` stays as the last daemon left it, until the gap has been booked.
        with self._session.transaction():
            self._session.note_of_daemon(started_at=started_at, version=__version__)
            if not self._session.of_daemon("identity"):
                self._session.note_of_daemon(identity=token_hex(8))
            self._marker.mark()
        # What was just noted is different in each database and each run, and is to stand in the file itself.
        with self._session.errors_named():
            identity = self._session.of_daemon("identity")
            page = page_of(self._session.connection, "daemon")
        texts = frozenset({identity.encode(), struct.pack(">d", started_at)})
        self._guard = Guard(self.path, Marks(page, texts))

    def _go_on_from_newest(self) -> None:
        """Go on from the database's newest time, where the clock was set while nobody ran (a dead battery, say)."""
        done_last = self._session.value(_DONE_LAST)
        if done_last is None:
            return
        ahead = self._now - done_last
        if -SET_BACK_TOLERANCE <= ahead <= SET_AHEAD_AFTER:
            if ahead >= PAUSE_AFTER:
                with self._session.transaction():
                    self._booking.book_pause(done_last, ahead)
                self._by_wall.read_timeline()
            return
        # A moment after it: what comes is shown by the clock as it is now.
        self.set_by = on_grain(ahead) - GRAIN
        self._now -= self.set_by
        self.commit(Changes(clock_jumps=[ClockJump(at=done_last, by=self.set_by)]))

    @property
    def ahead(self) -> float:
        """How far the wall clock is ahead of the database's timeline, as is booked (seconds)."""
        return self._by_wall.timeline.shift

    def load(self) -> Remembered:
        """Read all that the engine needs to go on."""
        session = self._session
        with session.errors_named():
            session.execute("BEGIN")
            try:
                self._booking.remember_keys()
                return Remembered(
                    states=tuple(read_states(session)),
                    pbx_states=tuple(read_pbx_states(session)),
                    settings=tuple(read_settings(session)),
                    incidents=tuple(read_telling(session)),
                    told=read_told(session),
                    incident_numbers=IncidentNumbers(session.of_daemon("last_incident") + 1),
                    alive_at=session.of_daemon("alive_at"),
                    commands=read_commands(session, self._now),
                    places=read_places(session),
                    ahead=self.ahead,
                    restarts=tuple(read_restarts(session, self._now - DAY)),
                )
            finally:
                session.connection.rollback()

    def commit(self, changes: Changes) -> None:
        """Book everything one batch changed, whole or not at all.

        Raises DatabaseUnwritable; then nothing is booked, and the same Changes can be tried again.
        """
        if not changes.is_to_book():
            return
        before = self._by_wall.timeline
        try:
            with self._session.transaction():
                self._booking.book(changes, self._now)
                self._marker.mark()
                if changes.clock_jumps:
                    self._by_wall.read_timeline()
        except BaseException:
            self._by_wall.timeline = before
            self._booking.forget_keys()
            raise

    def alive(self, now: float, freshness: Iterable[Freshness], workload: Workload = IDLE) -> None:
        """Note that the daemon lives, how fresh its view of each PBX is, and what it had to do. Every 10 s."""
        self._now = now
        timeline = self._session.timeline
        with self._session.transaction():
            self._session.note_of_daemon(alive_at=now, workload=msgspec.json.encode(workload).decode())
            self._session.execute_many(UPSERT_FRESHNESS, [FRESHNESS.row(of_pbx, timeline) for of_pbx in freshness])
            self._finish_telling(now)
            self._marker.mark()

    def watched_until(self, at: float) -> None:
        """Note that the daemon watched until then, and ends."""
        with self._session.transaction():
            self._booking.note_alive(at)
            self._marker.mark()

    def _finish_telling(self, now: float) -> None:
        closed = list(read_ended(self._session))
        if not closed:
            return
        told: dict[int, list[Told]] = {}
        for (number, _), by_url in read_told(self._session).items():
            told.setdefault(number, []).append(by_url)
        self._session.execute_many(
            "UPDATE incidents SET telling = FALSE WHERE id = :id",
            [{"id": incident.id} for incident in closed if self._is_told(incident, told.get(incident.id, []), now)],
        )

    def _is_told(self, incident: Incident, told: list[Told], now: float) -> bool:
        """Whether nobody waits to be told how a closed incident ended."""
        if any(by_url.waiting for by_url in told):
            return False
        if all(is_finished(incident, by_url) for by_url in told):
            return True
        # What a group explains is told with the end of the group, however long that lasts.
        lasts = "SELECT 1 FROM incidents WHERE id = :bigger AND closed_at IS NULL"
        waits = self._session.is_any(lasts, {"bigger": incident.explained_by})
        return not waits and now - (incident.closed_at or now) > TELLING_ENDS_AFTER

    def outside_changes(self) -> bool:
        """Whether somebody else has written since this was last asked (a deliverer, a command)."""
        with self._session.errors_named():
            version = data_version(self._session.connection)
        changed = version != self._seen_version
        self._seen_version = version
        return changed

    def told(self) -> dict[tuple[int, str], Told]:
        """Read what was told, by (incident, url_id): of open incidents, and of closed ones not finished."""
        with self._session.errors_named():
            return read_told(self._session)

    def urls(self) -> list[UrlState]:
        """Read how delivery to each URL stands that was ever used."""
        with self._session.errors_named():
            return list(read_urls(self._session))

    def commands(self, now: float) -> Commands:
        """Read what people ordered: silences that are not over, acknowledgements of open incidents."""
        with self._session.errors_named():
            return read_commands(self._session, now)

    # ---------------------------------------------------------------- readings of the meters

    def meters(self) -> Meters:
        """Return the questions about what the readings are made from; their times are those of the wall clock."""
        return Meters(self._by_wall)

    @property
    def late_bookings(self) -> int:
        """How often something was booked for a time before ``begin_readings``, which removed readings."""
        return self._booking.late_bookings

    def begin_readings(self, until: float) -> None:
        """Note that readings up to this time of the wall clock are taken.

        What is booked for an earlier time removes those after it.
        """
        stored = max(self._by_wall.timeline.stored(until), self._booking.rolled_until)
        with self._session.transaction():
            self._session.note_of_daemon(rolled_until=stored)
        self._booking.rolled_until = stored

    def book_readings(self, readings: Mapping[int, Iterable[Reading]], several: Iterable[Watched] = ()) -> None:
        """Book readings by the number of their check; none is later than the readings that were begun.

        What is watched by one of ``several`` gets a meter over all its checks, if it has none.
        """
        meters = self.meters()
        with unhurried(self._session.connection), self._session.transaction():
            for watched in several:
                meters.note_several(watched)
            for check_id, its_readings in readings.items():
                meters.book(check_id, its_readings)

    def fold_measurements(self, limit: int = FOLDED_AT_ONCE) -> int:
        """Move some of what was measured into the buckets of its minutes, hours and days; return how many."""
        with self._session.errors_named():
            if not self._session.is_any("SELECT 1 FROM measurements LIMIT 1"):
                return 0
        with unhurried(self._session.connection), self._session.transaction():
            return fold(self._by_wall, limit)

    def prune(self, cuts: Cuts, limit: int = PRUNED_AT_ONCE) -> int:
        """Look at the next ``limit`` rows of history from before the cuts, and remove what is not needed any more.

        The cuts are times of the wall clock. Return how many rows it looked at, or pages it gave back; 0: this round is
        finished. What held at a cut is kept: the last transition and reading of each check, unknown periods and
        incidents that were not over.
        """
        timeline = self._by_wall.timeline
        # By so much the clock was ahead once: what was booked before then looks older than it is.
        return self._prune(cuts.stored(timeline).earlier(timeline.moved_back_s), limit)

    def prune_evenly(self, keep: HistoryConfig, now: float, limit: int = PRUNED_AT_ONCE) -> int:
        """Like ``prune``, of what is older than it is to be kept; ``now`` is what the wall clock shows.

        A clock that was set, or is ahead since a start, makes nothing old: each day one day's worth gets so.
        """
        return self._prune(Cuts.kept_evenly(keep, now, self._by_wall.timeline), limit)

    def _prune(self, cuts: Cuts, limit: int) -> int:
        with unhurried(self._session.connection):
            return self._pruner.prune(cuts, limit)

    def is_time_confirmed(self) -> bool:
        """Whether a person has said, since this daemon was started, that its clock is right."""
        with self._session.errors_named():
            return self._session.is_any(_IS_TIME_CONFIRMED, {"started_at": self._started_at})

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
        now = self._by_wall.timeline.shown(self._now)
        if error.loss is DatabaseLoss.LOG:
            return write_back(self._session.connection, self.path, self._guard, now)
        outcome = salvage(self._session.connection, self.path, error.loss, now, on_progress)
        take_away_ours(self.path, self._guard, now)
        return outcome

    def close(self) -> None:
        """Write the log back into the file, and let another daemon in; nothing of it after ``give_up()``."""
        if self._is_given_up:
            return
        try:
            with self._session.errors_named():
                write_log_back(self._session.connection)
        finally:
            self._session.close()
            if self._guard is not None:
                self._guard.close()
            self._let_others_in()
