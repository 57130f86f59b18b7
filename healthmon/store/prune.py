"""Old history goes in small batches, so that the engine never waits long for it."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from healthmon.store.booking import DAY, Booking
from healthmon.store.connect import transaction

#: A word is kept so much longer than the history that used it (seconds): what is believed late has an early ``at``.
WORDS_KEPT_LONGER = 30 * DAY


class Pruner:
    """Removes what is older than a time (on the database's timeline). Owned by the engine thread."""

    def __init__(self, connection: sqlite3.Connection, path: Path, booking: Booking) -> None:
        self._connection = connection
        self._path = path
        self._booking = booking
        self._rev = 0
        self._veil = 0

    def prune(self, before: float, limit: int) -> int:
        """Remove at most ``limit`` rows, the next ones of this round; 0: the round is finished."""
        for step in (self._transitions, self._veils, self._incidents, self._checks, self._words):
            removed = step(before, limit)
            if removed:
                return removed
        self._rev = self._veil = 0
        return 0

    def _transitions(self, before: float, limit: int) -> int:
        """Look at ``limit`` rows after another, until some of them can go."""
        while rows := self._next_transitions(before, limit):
            self._rev = rows[-1]["number"]
            if removed := self._remove("transitions", "rev", rows, before):
                return removed
        return 0

    def _next_transitions(self, before: float, limit: int) -> list[sqlite3.Row]:
        rows = self._connection.execute(
            """SELECT t.rev AS number, t.cause AS word, t.at < :before AS is_old,
                EXISTS (SELECT 1 FROM transitions later
                    WHERE later.check_id = t.check_id AND later.at < :before AND later.at >= t.at AND later.rev > t.rev)
                OR EXISTS (SELECT 1 FROM checks c WHERE c.id = t.check_id AND c.forgotten_at < :before) AS can_go
            FROM transitions t WHERE t.rev > :rev ORDER BY t.rev LIMIT :limit""",
            {"before": before, "rev": self._rev, "limit": limit},
        ).fetchall()
        # Revisions are in the order of time, nearly: what is believed late is left to a later round.
        return _while_old(rows)

    def _veils(self, before: float, limit: int) -> int:
        while rows := self._next_veils(before, limit):
            self._veil = rows[-1]["number"]
            if removed := self._remove("veils", "id", rows, before):
                return removed
        return 0

    def _next_veils(self, before: float, limit: int) -> list[sqlite3.Row]:
        rows = self._connection.execute(
            """SELECT id AS number, why AS word, since < :before AS is_old, until < :before AS can_go
            FROM veils WHERE id > :id ORDER BY id LIMIT :limit""",
            {"before": before, "id": self._veil, "limit": limit},
        ).fetchall()
        return _while_old(rows)

    def _remove(self, table: str, key: str, rows: list[sqlite3.Row], before: float) -> int:
        """Remove the rows that can go, and keep the words of those that stay."""
        gone = [{"number": row["number"]} for row in rows if row["can_go"]]
        kept = [{"word": row["word"], "before": before} for row in rows if not row["can_go"]]
        with transaction(self._connection, self._path):
            self._connection.executemany(f"DELETE FROM {table} WHERE {key} = :number", gone)  # noqa: S608
            self._connection.executemany(
                "UPDATE words SET last_used = :before WHERE id = :word AND last_used < :before", kept
            )
        return len(gone)

    def _incidents(self, before: float, limit: int) -> int:
        rows = self._connection.execute(
            "SELECT id FROM incidents WHERE closed_at < :before AND NOT telling ORDER BY closed_at LIMIT :limit",
            {"before": before, "limit": limit},
        ).fetchall()
        if not rows:
            return 0
        gone = [{"id": row["id"]} for row in rows]
        with transaction(self._connection, self._path):
            self._connection.executemany("DELETE FROM notifications WHERE incident_id = :id", gone)
            self._connection.executemany("DELETE FROM incidents WHERE id = :id", gone)
        return len(gone)

    def _checks(self, before: float, limit: int) -> int:
        """Checks that were forgotten so long ago that nothing of their history is left."""
        with transaction(self._connection, self._path):
            return self._connection.execute(
                """DELETE FROM checks WHERE id IN (
                    SELECT c.id FROM checks c WHERE c.forgotten_at < :before
                    AND NOT EXISTS (SELECT 1 FROM transitions t WHERE t.check_id = c.id)
                    AND NOT EXISTS (SELECT 1 FROM veils v WHERE v.check_id = c.id) LIMIT :limit)""",
                {"before": before, "limit": limit},
            ).rowcount

    def _words(self, before: float, limit: int) -> int:
        with transaction(self._connection, self._path):
            removed = self._connection.execute(
                """DELETE FROM words WHERE id IN (
                    SELECT id FROM words WHERE last_used < :before ORDER BY last_used LIMIT :limit)""",
                {"before": before - WORDS_KEPT_LONGER, "limit": limit},
            ).rowcount
        if removed:
            self._booking.forget_keys()
        return removed


def _while_old(rows: list[sqlite3.Row]) -> list[sqlite3.Row]:
    """The rows before the first one that is not old."""
    for number, row in enumerate(rows):
        if not row["is_old"]:
            return rows[:number]
    return rows
