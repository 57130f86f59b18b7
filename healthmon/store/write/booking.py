"""How Changes become rows. Called inside the transaction of ``Writer.commit``, by the engine thread only."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from itertools import groupby, islice
from sys import intern
from typing import TypeVar

from healthmon.model import (
    Changes,
    Check,
    CheckState,
    ClockJump,
    Kind,
    Measurement,
    PlaceChange,
    Target,
    Transition,
    UnknownPeriod,
)
from healthmon.store.codec import Row, named, target_row, upsert
from healthmon.store.rows import (
    HEALTH_CODES,
    INCIDENTS,
    INSERT_NOTE,
    INSERT_RESTART,
    KINDS,
    NOTES,
    PBX_STATES,
    RESTARTS,
    SETTINGS,
    UPSERT_INCIDENT,
    UPSERT_PBX_STATE,
    UPSERT_SETTINGS,
    UPSERT_STATE,
    details_row,
    place_row,
    state_values,
)
from healthmon.store.schema import INSTANCE, NO_END
from healthmon.store.session import Session, Values, read_timeline
from healthmon.store.timeline import pause_as_jumps
from healthmon.times.clock import on_grain

_UPSERT_CHECK = """INSERT INTO checks (pbx, technology, resource, name, kind, watch, watched_since)
    VALUES (:pbx, :technology, :resource, :name, :kind, :watch, :watched_since)
    ON CONFLICT (pbx, technology, resource, name) DO UPDATE SET
        kind = excluded.kind, watch = excluded.watch, forgotten_at = NULL"""

_SELECT_CHECKS = "SELECT id, pbx, technology, resource, name, kind, watch FROM checks WHERE forgotten_at IS NULL"

_SELECT_CHECK = """SELECT id FROM checks
    WHERE pbx = :pbx AND technology = :technology AND resource = :resource AND name = :name"""

_NOTE_ALIVE = f"""UPDATE daemon SET alive_at = :at
    WHERE instance = '{INSTANCE}' AND (alive_at IS NULL OR alive_at < :at)"""  # noqa: S608 (a constant of ours)

#: "Until half past ten" is another time of the timeline when the clock is set; "for an hour" is not.
_MOVE_SILENCES = """UPDATE silences SET until = wall_until - :ahead
    WHERE by_wall AND (until > :at OR wall_until - :ahead > :at)"""

#: Readings are taken anew only where all that they were made from is surely there (seconds).
_CHANGES_ARE_KEPT = 31 * 86400.0

_DROP_READINGS = "DELETE FROM daily WHERE check_id IN (SELECT id FROM checks) AND at > :at"

_NOTE_NUMBER = f"""UPDATE daemon SET last_incident = :number
    WHERE instance = '{INSTANCE}' AND last_incident < :number"""  # noqa: S608 (a constant of ours)

_INSERT_TRANSITION = """INSERT INTO transitions (check_id, old_health, new_health, at, believed_at, cause)
    VALUES (:check_id, :old_health, :new_health, :at, :believed_at, :cause)"""

# The unique key over (incident, url, reason, serial) makes a second booking impossible (bookkeeping 4).
_INSERT_NOTIFICATION = """INSERT INTO notifications (incident_id, url_id, reason, serial, booked_at, due_at)
    VALUES (:incident_id, :url_id, :reason, :serial, :booked_at, :due_at)
    ON CONFLICT (incident_id, url_id, reason, serial) DO NOTHING"""

_THIS_PLACE = f"""pbx = :pbx AND technology = :technology AND resource = :resource AND address = :address
    AND until = {NO_END!r}"""
_LEAVE_PLACE = f"UPDATE contacts SET until = :at WHERE {_THIS_PLACE} AND user_agent = :user_agent"  # noqa: S608
# An event tells only the address of a contact; what program it is, its settings tell a moment later.
_NAME_USER_AGENT = f"UPDATE contacts SET user_agent = :user_agent WHERE {_THIS_PLACE} AND user_agent = ''"  # noqa: S608
_INSERT_PLACE = f"""INSERT INTO contacts (pbx, technology, resource, address, user_agent, since, until)
    SELECT :pbx, :technology, :resource, :address, :user_agent, :at, {NO_END!r}
    WHERE NOT EXISTS (SELECT 1 FROM contacts WHERE {_THIS_PLACE} AND user_agent = :user_agent)"""  # noqa: S608

_DETAIL_PLACE = f"""UPDATE contacts SET own_address = :own_address, expires_at = :expires_at
    WHERE {_THIS_PLACE} AND user_agent = :user_agent"""  # noqa: S608

_EXPLAIN_INCIDENT = "UPDATE incidents SET explained_by = :by WHERE id = :id"

# What is in doubt is not explained away: its reader may have it already.
_EXPLAIN_NOTIFICATION = """UPDATE notifications SET state = 'explained', why = :why
    WHERE incident_id = :id AND reason IN ('opened', 'escalated', 'changed', 'widened', 'reminder', 'long gone')
    AND state = 'waiting' AND in_doubt IS NULL"""

_DELAY = """UPDATE notifications SET due_at = :until WHERE incident_id = :id AND due_at > :after AND due_at < :until
    AND reason IN ('opened', 'escalated', 'changed', 'widened', 'reminder', 'long gone')
    AND state = 'waiting' AND in_doubt IS NULL"""

_RELEASE = """UPDATE notifications SET due_at = :until
    WHERE incident_id = :id AND due_at > :until AND state = 'waiting'"""

_OF_TARGET = "pbx = :pbx AND technology = :technology AND resource = :resource"
_ITS_CHECKS = f"(SELECT id FROM checks WHERE {_OF_TARGET})"  # noqa: S608 (a constant of ours, here and below)
_DROP_READINGS_OVER_ALL = f"""DELETE FROM daily WHERE at > :at
    AND check_id = (SELECT id FROM checks WHERE {_OF_TARGET} AND name = '{Check.ALL}')"""  # noqa: S608
# What begins to be watched has no state yet; what has one was counted.
_DROP_READINGS_WITHOUT = f"{_DROP_READINGS_OVER_ALL} AND NOT EXISTS (SELECT 1 FROM states WHERE check_id = :check_id)"  # noqa: S608
_FORGET = (
    f"DELETE FROM states WHERE check_id IN {_ITS_CHECKS}",  # noqa: S608
    f"UPDATE veils SET until = :at WHERE until = :no_end AND check_id IN {_ITS_CHECKS}",  # noqa: S608
    f"UPDATE contacts SET until = :at WHERE until = :no_end AND {_OF_TARGET}",  # noqa: S608
    f"UPDATE checks SET forgotten_at = :at WHERE {_OF_TARGET} AND forgotten_at IS NULL",  # noqa: S608
    f"DELETE FROM settings WHERE {_OF_TARGET}",  # noqa: S608
)

_ONE_CHECK = f"{_OF_TARGET} AND name = :name"
_THE_CHECK = f"(SELECT id FROM checks WHERE {_ONE_CHECK})"  # noqa: S608
_END_CHECK = (
    f"DELETE FROM states WHERE check_id IN {_THE_CHECK}",  # noqa: S608
    f"UPDATE veils SET until = :at WHERE until = :no_end AND check_id IN {_THE_CHECK}",  # noqa: S608
    f"UPDATE checks SET forgotten_at = :at WHERE {_ONE_CHECK} AND forgotten_at IS NULL",  # noqa: S608
)

_INSERT_MEASUREMENT = """INSERT INTO measurements (check_id, at, metric, value)
    VALUES (:check_id, :at, :metric, :value)"""

_UPSERT_WORD = upsert("words", ["text"], ["last_used"])

#: A word's ``last_used`` is refreshed when it is so much behind (seconds).
DAY = 86400.0

#: Words that are kept in memory; a PBX whose phones have new addresses every day must not fill it.
WORDS_IN_MEMORY = 10_000

T = TypeVar("T")

#: So many rows are made before they are written: all 20,000 of a first snapshot at once would be 15 MB, kept for ever.
ROWS_AT_ONCE = 500

#: Two unknown periods of one check never begin so close to each other (seconds); a clock jump moves times by less than
#: this grain's thousandth.
SAME_PERIOD = 0.001


class Bookkeeper:
    """Books Changes, and remembers the keys of checks and words. Owned by the engine thread."""

    def __init__(self, session: Session) -> None:
        #: Everything that is booked is on the database's timeline already.
        self._session = session
        self._checks: dict[tuple[Target, str], tuple[int, Kind, str]] = {}
        self._words: dict[str, tuple[int, float]] = {}
        #: No reading of a meter is later (on the database's timeline).
        self.rolled_until = 0.0
        self.late_bookings = 0

    def forget_keys(self) -> None:
        """Drop the remembered keys: after a rollback they may be those of rows that do not exist."""
        self._checks.clear()
        self._words.clear()

    def remember_keys(self) -> None:
        """Read the keys of all that is watched at once, rather than one by one."""
        for check_id, pbx, technology, resource, name, kind, watch in self._session.plain.execute(_SELECT_CHECKS):
            self._checks[named(pbx, technology, resource), intern(name)] = (check_id, KINDS[kind], intern(watch))

    def book(self, changes: Changes, now: float) -> None:
        """Write everything. ``now`` is used only for targets that leave without a transition that says when.

        Targets are forgotten first: a state of the same target in the same Changes means that it is watched again.
        """
        timeline = self._session.timeline
        self._book_jumps(changes.clock_jumps)
        if changes.transitions or changes.unknown_periods:
            self._drop_readings(changes)
        if changes.forgotten:
            self._forget(changes, now)
        if changes.ended_checks:
            self._end_checks(changes, now)
        states = changes.states.values()
        self._add_many_checks(states)
        self._write_values(UPSERT_STATE, (state_values(state, self._watched(state), timeline) for state in states))
        self._write(UPSERT_PBX_STATE, (PBX_STATES.row(state, timeline) for state in changes.pbx_states.values()))
        self._write(UPSERT_SETTINGS, (SETTINGS.row(settings, timeline) for settings in changes.settings.values()))
        if changes.transitions:
            self._write_values(_INSERT_TRANSITION, (self._transition_values(change) for change in changes.transitions))
            # Whoever books what it saw lives: a kill before the next sign of life does not hide what was seen till now.
            seen_until = max(change.believed_at for change in changes.transitions)
            self.note_alive(timeline.stored(seen_until))
        if changes.unknown_periods:
            self._book_unknown_periods(changes.unknown_periods.values())
        self._book_places(changes.places)
        self._write(_DETAIL_PLACE, [details_row(details) for details in changes.place_details])
        self._write(INSERT_RESTART, (RESTARTS.row(restart, timeline) for restart in changes.restarts))
        self._book_measurements(changes.measurements)
        if changes.is_of_incidents():
            self._book_incidents(changes)
            self._book_notifications(changes)

    def note_alive(self, at: float) -> None:
        """Note that the daemon lived then; what is noted never goes back."""
        self._session.execute(_NOTE_ALIVE, {"at": at})

    def _write(self, sql: str, rows: Iterable[Row]) -> None:
        for some in _in_pieces(rows):
            self._session.execute_many(sql, some)

    def _write_values(self, sql: str, rows: Iterable[Values]) -> None:
        for some in _in_pieces(rows):
            self._session.write_values(sql, some)

    def book_pause(self, at: float, lasted: float) -> None:
        """Book that nothing is known to have run for so long; or else the clock was set meanwhile."""
        self._insert_jumps(pause_as_jumps(at, lasted))

    def _insert_jumps(self, jumps: Iterable[tuple[float, float]]) -> None:
        rev = self._session.value("SELECT COALESCE(MAX(rev), 0) FROM transitions")
        rows: list[Row] = [{"at": at, "seconds": by, "rev": rev} for at, by in jumps]
        self._write("INSERT INTO clock_jumps (at, seconds, rev) VALUES (:at, :seconds, :rev)", rows)

    def _book_jumps(self, jumps: list[ClockJump]) -> None:
        if not jumps:
            return
        before = read_timeline(self._session)
        self._insert_jumps((jump.at, jump.by) for jump in jumps)
        ahead = self._session.of_daemon("clock_shift") + sum(on_grain(jump.by) for jump in jumps)
        self._session.note_of_daemon(clock_shift=ahead)
        self._session.execute(_MOVE_SILENCES, {"ahead": ahead, "at": jumps[-1].at})
        after = read_timeline(self._session)
        # Readings that have counted what never was are taken anew, and those that left out what a wrong clock had.
        for at in after.never_were_since(before) + before.leapt_unlike(after):
            if at > jumps[-1].at - _CHANGES_ARE_KEPT:
                self._session.execute(_DROP_READINGS, {"at": at})

    # ---------------------------------------------------------------- the keys of checks and words

    def _watched(self, state: CheckState) -> int:
        """Return the key of a state's check, and keep its kind and watch section up to date."""
        known = self._checks.get((state.target, state.check))
        if known is not None and known[1] is state.kind and known[2] == state.watch:
            return known[0]
        since = self._session.timeline.stored(state.watched_since)
        return self._add_check(state.target, state.check, state.kind, state.watch, since)

    def _add_many_checks(self, states: Collection[CheckState]) -> None:
        """Add the checks of a first snapshot together, and read their keys at once: one by one takes thrice as long."""
        new = [state for state in states if (state.target, state.check) not in self._checks]
        if len(new) <= len(self._checks):
            return
        stored = self._session.timeline.stored
        rows = (
            (*state.target, state.check, str(state.kind), state.watch, stored(state.watched_since)) for state in new
        )
        newest = {"newest": self._session.value("SELECT COALESCE(MAX(id), 0) FROM checks")}
        self._write_values(_UPSERT_CHECK, rows)
        added = self._session.plain.execute("SELECT id FROM checks WHERE id > :newest ORDER BY id", newest).fetchall()
        if len(added) < len(new):
            # Some were watched before, and have their old keys.
            self.remember_keys()
            return
        for state, (check_id,) in zip(new, added, strict=True):
            self._checks[state.target, state.check] = (check_id, state.kind, state.watch)

    def _add_check(self, target: Target, check: str, kind: Kind, watch: str, since: float) -> int:
        row = {**target_row(target), "name": check, "kind": kind, "watch": watch, "watched_since": since}
        check_id: int = self._session.rows(f"{_UPSERT_CHECK} RETURNING id", row)[0]["id"]
        if since < self.rolled_until:
            self._session.execute(_DROP_READINGS_WITHOUT, {**row, "check_id": check_id, "at": since})
        self._checks[target, check] = (check_id, kind, watch)
        return check_id

    def _check(self, target: Target, check: str, since: float) -> int:
        """Return the key of a check that may have no state: a forgotten one, or all that is behind a PBX."""
        known = self._checks.get((target, check))
        if known is not None:
            return known[0]
        found = self._session.row(_SELECT_CHECK, {**target_row(target), "name": check})
        if found is not None:
            return int(found["id"])
        kind = Kind.PHONE
        if target.is_pbx:
            kind = Kind.PBX
        return self._add_check(target, check, kind, "", since)

    def _word(self, text: str, at: float) -> int:
        known = self._words.get(text)
        if known is not None and at - known[1] < DAY:
            return known[0]
        if len(self._words) > WORDS_IN_MEMORY:
            self._words.clear()
        row = {"text": text, "last_used": at}
        self._session.execute(_UPSERT_WORD, row)
        word: int = self._session.value("SELECT id FROM words WHERE text = :text", row)
        self._words[text] = (word, at)
        return word

    # ---------------------------------------------------------------- what was seen

    def _transition_values(self, change: Transition) -> Values:
        timeline = self._session.timeline
        at, believed_at = timeline.stored(change.at), timeline.stored(change.believed_at)
        check_id, cause = self._check(change.target, change.check, at), self._word(change.cause, believed_at)
        return check_id, HEALTH_CODES[change.before], HEALTH_CODES[change.after], at, believed_at, cause

    def _book_places(self, changes: list[PlaceChange]) -> None:
        """In their order: a place may be left and found again within one batch."""
        for is_left, some in groupby(changes, key=lambda change: change.is_left):
            rows = [place_row(change, self._session.timeline) for change in some]
            if is_left:
                self._write(_LEAVE_PLACE, rows)
            else:
                self._write(_NAME_USER_AGENT, rows)
                self._write(_INSERT_PLACE, rows)

    def _book_measurements(self, measurements: list[Measurement]) -> None:
        rows = []
        for measured in measurements:
            at = self._session.timeline.stored(measured.at)
            check_id = self._check(measured.target, measured.check, at)
            rows.append({"check_id": check_id, "at": at, "metric": measured.metric, "value": measured.value})
        self._write(_INSERT_MEASUREMENT, rows)

    def _drop_readings(self, changes: Changes) -> None:
        """Remove the readings that become wrong: something is booked for a time before them."""
        timeline = self._session.timeline
        rows = [
            self._late_row(change.target, change.check, at)
            for change in changes.transitions
            if (at := timeline.stored(change.at)) < self.rolled_until
        ]
        for period in changes.unknown_periods.values():
            since = timeline.stored(period.since)
            if since >= self.rolled_until or self._is_only_lifted(period):
                continue
            if period.target.is_pbx and period.check == Check.REACHABILITY:
                self._session.execute(
                    "DELETE FROM daily WHERE at > :at AND check_id IN (SELECT id FROM checks WHERE pbx = :pbx)",
                    {"at": since, "pbx": period.target.pbx},
                )
            rows.append(self._late_row(period.target, period.check, since))
        self.late_bookings += bool(rows)
        self._write("DELETE FROM daily WHERE check_id = :check_id AND at > :at", rows)
        self._write(_DROP_READINGS_OVER_ALL, rows)

    def _late_row(self, target: Target, check: str, at: float) -> Row:
        return {**target_row(target), "check_id": self._check(target, check, at), "at": at}

    def _is_only_lifted(self, period: UnknownPeriod) -> bool:
        """Whether this period was booked before, and what is new is only an end that no reading has reached."""
        if period.until is None or self._session.timeline.stored(period.until) < self.rolled_until:
            return False
        return self._session.is_any(
            "SELECT 1 FROM veils WHERE check_id = :check_id AND since > :since_from AND since < :since_to",
            self._unknown_row(period),
        )

    def _book_unknown_periods(self, unknown_periods: Iterable[UnknownPeriod]) -> None:
        rows = [self._unknown_row(period) for period in unknown_periods]
        self._write("DELETE FROM veils WHERE check_id = :check_id AND since > :since_from AND since < :since_to", rows)
        self._write("INSERT INTO veils (check_id, since, until, why) VALUES (:check_id, :since, :until, :why)", rows)

    def _unknown_row(self, period: UnknownPeriod) -> Row:
        since, until = self._session.timeline.stored(period.since), NO_END
        if period.until is not None:
            until = self._session.timeline.stored(period.until)
        return {
            "check_id": self._check(period.target, period.check, since),
            "since": since,
            "since_from": since - SAME_PERIOD,
            "since_to": since + SAME_PERIOD,
            "until": until,
            "why": self._word(period.why, since),
        }

    # ---------------------------------------------------------------- incidents, and who is told

    def _book_incidents(self, changes: Changes) -> None:
        timeline = self._session.timeline
        if changes.incidents:
            self._session.execute(_NOTE_NUMBER, {"number": max(changes.incidents)})
        incidents = changes.incidents.values()
        self._write(UPSERT_INCIDENT, [{**INCIDENTS.row(incident, timeline), "telling": True} for incident in incidents])
        self._write(_EXPLAIN_INCIDENT, [{"id": smaller, "by": bigger} for smaller, bigger in changes.explained.items()])
        self._write(INSERT_NOTE, [NOTES.row(note, timeline) for note in changes.notes])

    def _book_notifications(self, changes: Changes) -> None:
        timeline = self._session.timeline
        self._write(
            _INSERT_NOTIFICATION,
            [
                {
                    "incident_id": notification.incident_id,
                    "url_id": notification.url_id,
                    "reason": notification.reason,
                    "serial": notification.serial,
                    "booked_at": timeline.stored(notification.booked_at),
                    "due_at": timeline.stored(notification.due_at),
                }
                for notification in changes.notifications
            ],
        )
        self._write(
            _EXPLAIN_NOTIFICATION,
            [
                {"id": smaller, "why": f"explained by incident {bigger}"}
                for smaller, bigger in changes.explained.items()
            ],
        )
        self._write(
            _DELAY,
            [
                {
                    "id": delay.incident_id,
                    "after": timeline.stored(delay.due_after),
                    "until": timeline.stored(delay.until),
                }
                for delay in changes.delays
            ],
        )
        self._write(
            _RELEASE,
            [{"id": release.incident_id, "until": timeline.stored(release.until)} for release in changes.releases],
        )

    # ---------------------------------------------------------------- what is watched no longer

    def _forget(self, changes: Changes, now: float) -> None:
        left_at = {change.target: change.at for change in changes.transitions if change.after is None}
        rows = []
        for target in changes.forgotten:
            at = self._session.timeline.stored(left_at.get(target, now))
            rows.append({**target_row(target), "at": at, "no_end": NO_END})
        for sql in _FORGET:
            self._write(sql, rows)
        pbxs = [{"pbx": target.pbx} for target in changes.forgotten if target.is_pbx]
        self._write("DELETE FROM pbx_states WHERE pbx = :pbx", pbxs)
        self._write("DELETE FROM freshness WHERE pbx = :pbx", pbxs)
        forgotten = set(changes.forgotten)
        self._checks = {key: known for key, known in self._checks.items() if key[0] not in forgotten}

    def _end_checks(self, changes: Changes, now: float) -> None:
        """Single checks are watched no longer, of targets that are."""
        left_at = {(change.target, change.check): change.at for change in changes.transitions if change.after is None}
        rows = []
        for target, check in changes.ended_checks:
            at = self._session.timeline.stored(left_at.get((target, check), now))
            rows.append({**target_row(target), "name": check, "at": at, "no_end": NO_END})
            self._checks.pop((target, check), None)
        for sql in _END_CHECK:
            self._write(sql, rows)


def _in_pieces(rows: Iterable[T]) -> Iterator[list[T]]:
    waiting = iter(rows)
    while some := list(islice(waiting, ROWS_AT_ONCE)):
        yield some
