"""Old history goes in small batches, so that the engine never waits long for it; then the file gets shorter."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from healthmon.config.sections.history import HistoryConfig
from healthmon.store.codec import Row
from healthmon.store.session import Session
from healthmon.store.sqlite.connect import Stored
from healthmon.store.sqlite.space import give_back
from healthmon.store.timeline import Timeline
from healthmon.store.write.booking import DAY, Bookkeeper

#: A word is kept so much longer than the history that used it (seconds): what is believed late has an early ``at``.
WORDS_KEPT_LONGER = 30 * DAY


# What was measured and waits is folded long before a check is forgotten for good.
_NOTHING_LEFT = " ".join(
    f"AND NOT EXISTS (SELECT 1 FROM {table} t WHERE t.check_id = c.id)"  # noqa: S608 (names of ours)
    for table in ("transitions", "veils", "daily", "measured_days", "measured_hours", "measured_minutes")
)


class Cuts(NamedTuple):
    """What is older than these times goes."""

    #: Transitions, unknown periods, places, silences, closed incidents.
    transitions: float
    #: Readings of the meters, and what was measured by the day.
    daily: float
    measured_minutes: float
    measured_hours: float

    @classmethod
    def of(cls, keep: HistoryConfig, now: float) -> Cuts:
        """Work them out from how long what is kept."""
        return cls(now - keep.transitions, now - keep.daily, now - keep.rtt_minutes, now - keep.rtt_hours)

    @classmethod
    def at(cls, before: float) -> Cuts:
        """Cut everything at one time."""
        return cls(before, before, before, before)

    @classmethod
    def kept_evenly(cls, keep: HistoryConfig, now: float, line: Timeline) -> Cuts:
        """Work them out on the database's timeline, which no setting of the clock moves on.

        So each day one day's worth gets old enough, whatever was done to the clock. What it was once ahead does not
        count, for what was booked before then looks older than it is; nor does a pause that has not been made up for.
        """
        uncounted = line.moved_back_s + line.not_run_off_s(now)
        kept = cls(keep.transitions, keep.daily, keep.rtt_minutes, keep.rtt_hours)
        return cls(*(line.stored_ago(now, seconds + uncounted) for seconds in kept))

    def earlier(self, by: float) -> Cuts:
        """Return cuts that lie so many seconds earlier."""
        return Cuts(*(cut - by for cut in self))

    def stored(self, line: Timeline) -> Cuts:
        """Return them on the database's timeline."""
        return Cuts(*(line.stored(cut) for cut in self))


class Pruner:
    """Removes what is older than the cuts (on the database's timeline). Owned by the engine thread."""

    def __init__(self, session: Session, booking: Bookkeeper) -> None:
        self._session = session
        self._booking = booking
        self._rev = 0
        self._period = 0
        self._check = 0
        self._is_giving_back = False
        self._steps = (
            self._transitions,
            self._unknown_periods,
            self._incidents,
            self._silences,
            self._places,
            self._restarts,
            self._figures,
            self._checks,
            self._words,
        )

    def prune(self, cuts: Cuts, limit: int) -> int:
        """Look at the next ``limit`` rows of this round, and remove what can go; then give free pages back.

        Return how many rows or pages that were; 0: the round is finished.
        """
        if not self._is_giving_back:
            for step in self._steps:
                seen = step(cuts, limit)
                if seen:
                    return seen
        self._rev = self._period = self._check = 0
        given = give_back(self._session.connection, self._session.path)
        self._is_giving_back = given > 0
        return given

    def _transitions(self, cuts: Cuts, limit: int) -> int:
        """The last one before the cut stays for each check, unless the check is forgotten since then."""
        rows = self._session.rows(
            """SELECT t.rev AS number, t.cause AS word, w.last_used, t.at < :before AS is_old,
                EXISTS (SELECT 1 FROM transitions later
                    WHERE later.check_id = t.check_id AND later.at < :before AND later.at >= t.at AND later.rev > t.rev)
                OR EXISTS (SELECT 1 FROM checks c WHERE c.id = t.check_id AND c.forgotten_at < :before) AS can_go
            FROM transitions t LEFT JOIN words w ON w.id = t.cause WHERE t.rev > :rev ORDER BY t.rev LIMIT :limit""",
            {"before": cuts.transitions, "rev": self._rev, "limit": limit},
        )
        # Revisions are in the order of time, nearly: what was believed late is left to a later round.
        old = _while_old(rows)
        if old:
            self._rev = old[-1]["number"]
        self._remove("DELETE FROM transitions WHERE rev = :number", old, cuts.transitions)
        return len(old)

    def _unknown_periods(self, cuts: Cuts, limit: int) -> int:
        """What reaches over the cut stays."""
        rows = self._session.rows(
            """SELECT v.id AS number, v.why AS word, w.last_used,
                v.since < :before AS is_old, v.until < :before AS can_go
            FROM veils v LEFT JOIN words w ON w.id = v.why WHERE v.id > :id ORDER BY v.id LIMIT :limit""",
            {"before": cuts.transitions, "id": self._period, "limit": limit},
        )
        old = _while_old(rows)
        if old:
            self._period = old[-1]["number"]
        self._remove("DELETE FROM veils WHERE id = :number", old, cuts.transitions)
        return len(old)

    def _remove(self, sql: str, rows: list[Stored], before: float) -> None:
        """Remove the rows that can go, and keep the words of those that stay."""
        gone = [{"number": row["number"]} for row in rows if row["can_go"]]
        kept = {row["word"] for row in rows if not row["can_go"] and (row["last_used"] or before) < before - DAY}
        if not gone and not kept:
            return
        with self._session.transaction():
            self._session.execute_many(sql, gone)
            self._session.execute_many(
                "UPDATE words SET last_used = :before WHERE id = :word",
                [{"word": word, "before": before} for word in kept],
            )

    def _incidents(self, cuts: Cuts, limit: int) -> int:
        """What is over and told."""
        return self._delete_found(
            "SELECT id FROM incidents WHERE closed_at < :before AND NOT telling ORDER BY closed_at LIMIT :limit",
            {"before": cuts.transitions, "limit": limit},
            "DELETE FROM missed WHERE notification_id IN (SELECT id FROM notifications WHERE incident_id = :id)",
            "DELETE FROM notifications WHERE incident_id = :id",
            "DELETE FROM incident_notes WHERE incident_id = :id",
            "DELETE FROM acknowledgements WHERE incident_id = :id",
            "DELETE FROM incidents WHERE id = :id",
        )

    def _silences(self, cuts: Cuts, limit: int) -> int:
        """Silences that were over before the cut."""
        return self._delete_found(
            "SELECT id FROM silences WHERE until < :before ORDER BY until LIMIT :limit",
            {"before": cuts.transitions, "limit": limit},
            "DELETE FROM silences WHERE id = :id",
        )

    def _places(self, cuts: Cuts, limit: int) -> int:
        """Places that were left before the cut."""
        return self._delete_found(
            "SELECT id FROM contacts WHERE until < :before ORDER BY until LIMIT :limit",
            {"before": cuts.transitions, "limit": limit},
            "DELETE FROM contacts WHERE id = :id",
        )

    def _restarts(self, cuts: Cuts, limit: int) -> int:
        """Restarts of Asterisk before the cut."""
        return self._delete_found(
            "SELECT id FROM restarts WHERE at < :before ORDER BY at LIMIT :limit",
            {"before": cuts.transitions, "limit": limit},
            "DELETE FROM restarts WHERE id = :id",
        )

    def _figures(self, cuts: Cuts, limit: int) -> int:
        """Readings and what was measured, check by check. Of the readings before the cut the last one stays.

        Return how many checks or rows that were.
        """
        checks = self._session.rows(
            """SELECT c.id, CASE WHEN c.forgotten_at < :before THEN :before
                ELSE (SELECT MAX(d.at) FROM daily d WHERE d.check_id = c.id AND d.at < :before) END AS first_reading
            FROM checks c WHERE c.id > :check ORDER BY c.id LIMIT :limit""",
            {"before": cuts.daily, "check": self._check, "limit": limit},
        )
        gone: list[tuple[str, Row]] = []
        for check in checks:
            gone += islice(self._old_figures(check, cuts, limit), limit - len(gone))
            if len(gone) >= limit:
                # There may be more of this check: it comes again.
                break
            self._check = check["id"]
        if gone:
            with self._session.transaction():
                for table, row in gone:
                    self._session.execute(f"DELETE FROM {table} WHERE check_id = :id AND at = :at", row)  # noqa: S608
        return len(gone) or len(checks)

    def _old_figures(self, check: Stored, cuts: Cuts, limit: int) -> Iterator[tuple[str, Row]]:
        """Find what can go of one check: table and key."""
        ends = {
            "daily": check["first_reading"],
            "measured_days": cuts.daily,
            "measured_hours": cuts.measured_hours,
            "measured_minutes": cuts.measured_minutes,
        }
        for table, end in ends.items():
            found = self._session.execute(
                f"SELECT DISTINCT at FROM {table} WHERE check_id = :id AND at < :end ORDER BY at LIMIT :limit",  # noqa: S608
                {"id": check["id"], "end": end, "limit": limit},
            )
            yield from ((table, {"id": check["id"], "at": row["at"]}) for row in found)

    def _checks(self, cuts: Cuts, limit: int) -> int:
        """Checks that were forgotten so long ago that nothing of their history is left."""
        return self._delete_found(
            f"SELECT c.id FROM checks c WHERE c.forgotten_at < :before {_NOTHING_LEFT} LIMIT :limit",  # noqa: S608 (ours)
            {"before": cuts.transitions, "limit": limit},
            "DELETE FROM checks WHERE id = :id",
        )

    def _words(self, cuts: Cuts, limit: int) -> int:
        """Words that nothing has used for long: each row that stays keeps its word young."""
        removed = self._delete_found(
            "SELECT id FROM words WHERE last_used < :before ORDER BY last_used LIMIT :limit",
            {"before": cuts.transitions - WORDS_KEPT_LONGER, "limit": limit},
            "DELETE FROM words WHERE id = :id",
        )
        if removed:
            self._booking.forget_keys()
        return removed

    def _delete_found(self, find: str, parameters: dict[str, float], *deletes: str) -> int:
        """Find ids, and delete by each of them; no transaction where there is nothing to do."""
        found = [{"id": row["id"]} for row in self._session.execute(find, parameters)]
        if found:
            with self._session.transaction():
                for delete in deletes:
                    self._session.execute_many(delete, found)
        return len(found)


def _while_old(rows: list[Stored]) -> list[Stored]:
    """The rows before the first one that is not old."""
    for number, row in enumerate(rows):
        if not row["is_old"]:
            return rows[:number]
    return rows
