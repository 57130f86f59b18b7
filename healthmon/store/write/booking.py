"""How Changes become rows. Called inside the transaction of ``Writer.commit``, by the engine thread only."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from itertools import groupby, islice
from sys import intern

from healthmon.model import (
    Changes,
    Check,
    CheckState,
    ClockJump,
    Kind,
    PlaceChange,
    RoundTrip,
    Target,
    Transition,
    UnknownPeriod,
)
from healthmon.store.read.round_trips import INSERT_ROUND_TRIP
from healthmon.store.rows import (
    HEALTH_CODES,
    KINDS,
    Row,
    incident_row,
    pbx_state_row,
    place_row,
    restart_row,
    settings_row,
    state_row,
    target_of,
    target_row,
    upsert,
)
from healthmon.store.schema import NO_END
from healthmon.store.timeline import Timeline

_UPSERT_CHECK = """INSERT INTO checks (pbx, technology, resource, name, kind, watch, watched_since)
    VALUES (:pbx, :technology, :resource, :name, :kind, :watch, :watched_since)
    ON CONFLICT (pbx, technology, resource, name) DO UPDATE SET
        kind = excluded.kind, watch = excluded.watch, forgotten_at = NULL
    RETURNING id"""

_SELECT_CHECK = """SELECT id FROM checks
    WHERE pbx = :pbx AND technology = :technology AND resource = :resource AND name = :name"""

_UPSERT_STATE = upsert(
    "states",
    "check_id",
    """watched_since belief since believed_at reason remark pending pending_since not_up_since down_since
    veil veiled_since ever_up is_flapping down_after flap_changes flapping_since cohort loss
    pending_hold pending_hold_why""",
)
_UPSERT_PBX_STATE = upsert("pbx_states", "pbx", "startup_time last_reload_time version blind_why blind_since was_seen")
_UPSERT_SETTINGS = upsert(
    "settings",
    "pbx technology resource",
    """read_at known qualify_frequency qualify_timeout has_static_contact has_unqualified_static_contact
    has_unqualified_registered_contact has_outbound_auth max_contacts aors outbound_proxy""",
)
_UPSERT_INCIDENT = upsert(
    "incidents",
    "id",
    """pbx technology resource check_name kind watch health opened_at believed_at cause cohort explained_by
    flapping flap_episodes closed_at ending closed_words muted_by acked_at acked_by ack_reason
    severity site watches down down_of peak was_down fell_at telling""",
)
_NOTE_ALIVE = "UPDATE daemon SET alive_at = MAX(COALESCE(alive_at, :at), :at)"

_INSERT_TRANSITION = """INSERT INTO transitions (check_id, old_health, new_health, at, believed_at, cause)
    VALUES (:check_id, :old_health, :new_health, :at, :believed_at, :cause)"""

_INSERT_RESTART = "INSERT INTO restarts (pbx, at, startup_time) VALUES (:pbx, :at, :startup_time)"

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

_UPSERT_WORD = upsert("words", "text", "last_used")

#: A word's ``last_used`` is refreshed when it is so much behind (seconds).
DAY = 86400.0

#: Words that are kept in memory; a PBX whose phones have new addresses every day must not fill it.
WORDS_IN_MEMORY = 10_000

#: So many rows are made before they are written: all 20,000 of a first snapshot at once would be 15 MB, kept for ever.
ROWS_AT_ONCE = 500

#: Two veils of one check never begin so close to each other (seconds); a clock jump moves times by less than this
#: grain's thousandth.
SAME_VEIL = 0.001


class Booking:
    """Books Changes, and remembers the keys of checks and words. Owned by the engine thread."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
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
        rows = self._connection.execute("SELECT * FROM checks WHERE forgotten_at IS NULL")
        for row in rows:
            key = (target_of(row), intern(row["name"]))
            self._checks[key] = (row["id"], KINDS[row["kind"]], intern(row["watch"]))

    def book(self, changes: Changes, line: Timeline, now: float) -> None:
        """Write everything. ``now`` is used only for targets that leave without a transition that says when.

        Targets are forgotten first: a state of the same target in the same Changes means that it is watched again.
        """
        self._book_jumps(changes.clock_jumps, line)
        self._drop_readings(changes, line)
        self._forget(changes, line, now)
        self._book_states(changes.states.values(), line)
        self._write_many(_UPSERT_PBX_STATE, (pbx_state_row(state, line) for state in changes.pbx_states.values()))
        self._write_many(_UPSERT_SETTINGS, (settings_row(settings, line) for settings in changes.settings.values()))
        self._write_many(_INSERT_TRANSITION, (self._transition_row(change, line) for change in changes.transitions))
        self._note_alive(changes, line)
        self._book_veils(changes.unknown_periods.values(), line)
        self._book_places(changes.places, line)
        self._write_many(_INSERT_RESTART, (restart_row(restart, line) for restart in changes.restarts))
        self._write_many(INSERT_ROUND_TRIP, [self._round_trip_row(one, line) for one in changes.round_trips])
        self._book_incidents(changes, line)

    def _note_alive(self, changes: Changes, line: Timeline) -> None:
        """Whoever books what it saw lives: a kill before the next sign of life does not hide what was seen till now."""
        if changes.transitions:
            seen_until = line.stored(max(change.believed_at for change in changes.transitions))
            self._connection.execute(_NOTE_ALIVE, {"at": seen_until})

    def _book_places(self, changes: list[PlaceChange], line: Timeline) -> None:
        """In their order: a place may be left and found again within one batch."""
        for is_left, some in groupby(changes, key=lambda change: change.is_left):
            rows = [place_row(change, line) for change in some]
            if is_left:
                self._write_many(_LEAVE_PLACE, rows)
            else:
                self._write_many(_NAME_USER_AGENT, rows)
                self._write_many(_INSERT_PLACE, rows)

    def _write_many(self, sql: str, rows: Iterable[Row]) -> None:
        waiting = iter(rows)
        while some := list(islice(waiting, ROWS_AT_ONCE)):
            self._connection.executemany(sql, some)

    def _book_jumps(self, jumps: list[ClockJump], line: Timeline) -> None:
        if not jumps:
            return
        rev = self._connection.execute("SELECT COALESCE(MAX(rev), 0) FROM transitions").fetchone()[0]
        self._write_many(
            "INSERT INTO clock_jumps (at, seconds, rev) VALUES (:at, :seconds, :rev)",
            [{"at": line.stored(jump.at), "seconds": jump.by, "rev": rev} for jump in jumps],
        )
        self._connection.execute("UPDATE daemon SET clock_shift = :shift", {"shift": line.shift})

    def _book_states(self, states: Iterable[CheckState], line: Timeline) -> None:
        self._write_many(_UPSERT_STATE, (state_row(self._watched(state, line), state, line) for state in states))

    def _watched(self, state: CheckState, line: Timeline) -> int:
        """Return the key of a state's check, and keep its kind and watch section up to date."""
        known = self._checks.get((state.target, state.check))
        if known is not None and known[1:] == (state.kind, state.watch):
            return known[0]
        return self._add_check(state.target, state.check, state.kind, state.watch, line.stored(state.watched_since))

    def _add_check(self, target: Target, check: str, kind: Kind, watch: str, since: float) -> int:
        row = {**target_row(target), "name": check, "kind": kind, "watch": watch, "watched_since": since}
        check_id: int = self._connection.execute(_UPSERT_CHECK, row).fetchall()[0][0]
        self._checks[target, check] = (check_id, kind, watch)
        return check_id

    def _check(self, target: Target, check: str, since: float) -> int:
        """Return the key of a check that may have no state: a forgotten one, or all that is behind a PBX."""
        known = self._checks.get((target, check))
        if known is not None:
            return known[0]
        found = self._connection.execute(_SELECT_CHECK, {**target_row(target), "name": check}).fetchone()
        if found is not None:
            return int(found[0])
        return self._add_check(target, check, Kind.PBX if target.is_pbx else Kind.PHONE, "", since)

    def _word(self, text: str, at: float) -> int:
        known = self._words.get(text)
        if known is not None and at - known[1] < DAY:
            return known[0]
        if len(self._words) > WORDS_IN_MEMORY:
            self._words.clear()
        row = {"text": text, "last_used": at}
        self._connection.execute(_UPSERT_WORD, row)
        word: int = self._connection.execute("SELECT id FROM words WHERE text = :text", row).fetchone()[0]
        self._words[text] = (word, at)
        return word

    def _transition_row(self, change: Transition, line: Timeline) -> Row:
        at, believed_at = line.stored(change.at), line.stored(change.believed_at)
        return {
            "check_id": self._check(change.target, change.check, at),
            "old_health": HEALTH_CODES[change.before],
            "new_health": HEALTH_CODES[change.after],
            "at": at,
            "believed_at": believed_at,
            "cause": self._word(change.cause, believed_at),
        }

    def _drop_readings(self, changes: Changes, line: Timeline) -> None:
        """Remove the readings that become wrong: something is booked for a time before them."""
        rows = [
            {"check_id": self._check(change.target, change.check, at), "at": at}
            for change in changes.transitions
            if (at := line.stored(change.at)) < self.rolled_until
        ]
        for veil in changes.unknown_periods.values():
            since = line.stored(veil.since)
            if since >= self.rolled_until or self._is_only_lifted(veil, line):
                continue
            if veil.target.is_pbx and veil.check == Check.REACHABILITY:
                self._connection.execute(
                    "DELETE FROM daily WHERE at > :at AND check_id IN (SELECT id FROM checks WHERE pbx = :pbx)",
                    {"at": since, "pbx": veil.target.pbx},
                )
            rows.append({"check_id": self._check(veil.target, veil.check, since), "at": since})
        self.late_bookings += bool(rows)
        self._write_many("DELETE FROM daily WHERE check_id = :check_id AND at > :at", rows)

    def _is_only_lifted(self, veil: UnknownPeriod, line: Timeline) -> bool:
        """Whether this veil was booked before, and what is new is only an end that no reading has reached."""
        if veil.until is None or line.stored(veil.until) < self.rolled_until:
            return False
        found = self._connection.execute(
            "SELECT 1 FROM veils WHERE check_id = :check_id AND since > :since_from AND since < :since_to",
            self._veil_row(veil, line),
        )
        return found.fetchone() is not None

    def _round_trip_row(self, one: RoundTrip, line: Timeline) -> Row:
        at = line.stored(one.at)
        return {"check_id": self._check(one.target, Check.REACHABILITY, at), "at": at, "ms": one.ms}

    def _book_veils(self, veils: Iterable[UnknownPeriod], line: Timeline) -> None:
        rows = [self._veil_row(veil, line) for veil in veils]
        self._write_many(
            "DELETE FROM veils WHERE check_id = :check_id AND since > :since_from AND since < :since_to", rows
        )
        self._write_many(
            "INSERT INTO veils (check_id, since, until, why) VALUES (:check_id, :since, :until, :why)", rows
        )

    def _veil_row(self, veil: UnknownPeriod, line: Timeline) -> Row:
        since = line.stored(veil.since)
        return {
            "check_id": self._check(veil.target, veil.check, since),
            "since": since,
            "since_from": since - SAME_VEIL,
            "since_to": since + SAME_VEIL,
            "until": NO_END if veil.until is None else line.stored(veil.until),
            "why": self._word(veil.why, since),
        }

    def _book_incidents(self, changes: Changes, line: Timeline) -> None:
        self._write_many(_UPSERT_INCIDENT, [incident_row(incident, line) for incident in changes.incidents.values()])
        self._write_many(
            _INSERT_NOTIFICATION,
            [
                {
                    "incident_id": booking.incident_id,
                    "url_id": booking.url_id,
                    "reason": booking.reason,
                    "serial": booking.serial,
                    "booked_at": line.stored(booking.booked_at),
                    "due_at": line.stored(booking.due_at),
                }
                for booking in changes.notifications
            ],
        )
        self._explain(changes.explained)
        self._write_many(
            """UPDATE notifications SET due_at = :until WHERE incident_id = :id AND due_at > :after AND due_at < :until
            AND reason IN ('opened', 'escalated') AND state = 'waiting' AND in_doubt IS NULL""",
            [
                {"id": one.incident_id, "after": line.stored(one.due_after), "until": line.stored(one.until)}
                for one in changes.delays
            ],
        )
        self._write_many(
            """UPDATE notifications SET due_at = :until
            WHERE incident_id = :id AND due_at > :until AND state = 'waiting'""",
            [{"id": one.incident_id, "until": line.stored(one.until)} for one in changes.releases],
        )
        self._write_many(
            "INSERT INTO incident_notes (incident_id, at, words) VALUES (:incident_id, :at, :words)",
            [
                {"incident_id": note.incident_id, "at": line.stored(note.at), "words": note.words}
                for note in changes.notes
            ],
        )

    def _explain(self, explained: dict[int, int]) -> None:
        """What is in doubt is not explained away: its reader may have it already."""
        rows = [{"id": small, "by": big, "why": f"explained by incident {big}"} for small, big in explained.items()]
        self._write_many("UPDATE incidents SET explained_by = :by WHERE id = :id", rows)
        self._write_many(
            """UPDATE notifications SET state = 'explained', why = :why
            WHERE incident_id = :id AND reason IN ('opened', 'escalated') AND state = 'waiting' AND in_doubt IS NULL""",
            rows,
        )

    def _forget(self, changes: Changes, line: Timeline, now: float) -> None:
        if not changes.forgotten:
            return
        left_at = {change.target: change.at for change in changes.transitions if change.after is None}
        rows = [
            {**target_row(target), "at": line.stored(left_at.get(target, now)), "no_end": NO_END}
            for target in changes.forgotten
        ]
        of_target = "pbx = :pbx AND technology = :technology AND resource = :resource"
        its_checks = f"(SELECT id FROM checks WHERE {of_target})"  # noqa: S608 (a constant of ours)
        self._write_many(f"DELETE FROM states WHERE check_id IN {its_checks}", rows)  # noqa: S608
        self._write_many(
            f"UPDATE veils SET until = :at WHERE until = :no_end AND check_id IN {its_checks}",  # noqa: S608
            rows,
        )
        self._write_many(f"UPDATE contacts SET until = :at WHERE until = :no_end AND {of_target}", rows)  # noqa: S608
        self._write_many(f"UPDATE checks SET forgotten_at = :at WHERE {of_target} AND forgotten_at IS NULL", rows)  # noqa: S608
        self._write_many(f"DELETE FROM settings WHERE {of_target}", rows)  # noqa: S608
        pbxs = [{"pbx": target.pbx} for target in changes.forgotten if target.is_pbx]
        self._write_many("DELETE FROM pbx_states WHERE pbx = :pbx", pbxs)
        self._write_many("DELETE FROM freshness WHERE pbx = :pbx", pbxs)
        forgotten = set(changes.forgotten)
        self._checks = {key: known for key, known in self._checks.items() if key[0] not in forgotten}
