"""The deliverers' side of single addresses: what one of them was not told while others of its URL were.

A row of ``missed`` begins as ``waiting``, or as ``refused`` where the mail server does not know the address (then it
ends there). It goes ``waiting`` -> ``sending`` -> ``delivered``, or back; it ends untold as ``over`` (nothing is left
to say), ``refused``, ``given up`` or ``cancelled``.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Iterable
from contextlib import AbstractContextManager
from itertools import groupby
from operator import itemgetter
from pathlib import Path

from msgspec import Struct

from healthmon.errors import Missed
from healthmon.model import Said
from healthmon.store.outbox.claiming import NOT_HELD, NOT_QUIET, Choice, Claim, ClaimedRow, choose, with_facts
from healthmon.store.read.remembered import SAID
from healthmon.store.rows import incident_of
from healthmon.store.sqlite.connect import errors_named
from healthmon.store.timeline import Timeline, read_timeline

_BOOK = """INSERT INTO missed (notification_id, url_id, address, place, state, booked_at, in_doubt, attempts,
        finished_at, why)
    SELECT n.id, n.url_id, :address, :place, :state, :now, CASE WHEN :in_doubt THEN n.says END, :attempts,
        :finished_at, :why
    FROM notifications n WHERE n.id = :id
    ON CONFLICT (notification_id, address) DO NOTHING"""

_MAY_BE_TOLD = f"""FROM missed m JOIN notifications n ON n.id = m.notification_id
    WHERE m.url_id = :url_id AND m.finished_at IS NULL AND m.state = 'waiting'
    AND {NOT_HELD} AND {NOT_QUIET}"""

# What an address was told: what its URL was, unless it missed that.
_NEWEST_SAID = f"""SELECT said, size FROM (
        SELECT n.claim, n.id, n.size, CASE WHEN m.id IS NULL THEN n.said
            WHEN m.state IN ('sending', 'delivered') THEN m.says ELSE m.in_doubt END AS said
        FROM (SELECT *, {SAID} AS said FROM notifications WHERE incident_id = :incident_id AND url_id = :url_id) n
        LEFT JOIN missed m ON m.notification_id = n.id AND m.address = :address)
    WHERE said IS NOT NULL ORDER BY claim DESC, id DESC LIMIT 1"""  # noqa: S608 (a constant of ours)

_GIVE_UP = """UPDATE missed SET state = 'given up', finished_at = :now, why = 'given up: ' || why
    WHERE url_id = :url_id AND address = :address AND finished_at IS NULL AND state = 'waiting' AND EXISTS (
        SELECT 1 FROM notifications n JOIN incidents i ON i.id = n.incident_id
        WHERE n.id = missed.notification_id AND i.closed_at < :before)"""

_SEND = """UPDATE missed SET state = 'sending', says = :says, in_doubt = :in_doubt
    WHERE notification_id = :id AND address = :address"""

_END = """UPDATE missed SET state = :state, finished_at = :now, why = :why, attempts = attempts + :attempts
    WHERE notification_id = :id AND address = :address"""

_AGAIN = """UPDATE missed SET state = 'waiting', attempts = attempts + 1, why = :why,
        in_doubt = CASE WHEN :in_doubt THEN says ELSE in_doubt END, says = NULL
    WHERE notification_id = :id AND address = :address AND state = 'sending'"""

_RECOVER = """UPDATE missed SET state = 'waiting', in_doubt = says, says = NULL,
        why = 'healthmon ended while it was being sent'
    WHERE url_id = :url_id AND finished_at IS NULL AND state = 'sending'"""

_RETIRE = """UPDATE missed SET state = 'cancelled', finished_at = :now, why = 'its URL is no longer configured'
    WHERE url_id = :url_id AND finished_at IS NULL"""

_FAILS = """INSERT INTO recipients (url_id, address, place, failing_since, is_final, last_error)
    VALUES (:url_id, :address, :place, :now, :is_final, :why)
    ON CONFLICT (url_id, address) DO UPDATE SET place = excluded.place, is_final = excluded.is_final,
        last_error = excluded.last_error"""


class MissedClaim(Struct, frozen=True):
    """What one address must be told, with the facts of this moment."""

    url_id: str
    address: str
    rows: tuple[ClaimedRow, ...]

    @property
    def claim(self) -> Claim:
        """The same in the form of a claim of the whole URL."""
        return Claim(0, self.url_id, self.rows)


class MissedOutbox:
    """A part of a deliverer's Outbox: its connection, its thread. All methods raise DatabaseUnwritable."""

    def __init__(
        self, path: Path, connection: sqlite3.Connection, writing: Callable[[], AbstractContextManager[Timeline]]
    ) -> None:
        self._path = path
        self._connection = connection
        self._writing = writing

    # ---------------------------------------------------------------- what is due

    def addresses(self, url_id: str) -> frozenset[str]:
        """Name the addresses that do not have everything yet, by their keys."""
        with errors_named(self._path):
            rows = self._connection.execute(
                "SELECT DISTINCT address FROM missed WHERE url_id = :url_id AND finished_at IS NULL", {"url_id": url_id}
            )
            return frozenset(row["address"] for row in rows)

    def waiting(self, url_id: str, now: float) -> dict[str, float]:
        """Name the addresses that may be told something now, and when the newest of it was booked."""
        with errors_named(self._path):
            line = read_timeline(self._connection)
            rows = self._connection.execute(
                f"SELECT m.address, MAX(m.booked_at) AS booked_at {_MAY_BE_TOLD} GROUP BY m.address",
                {"url_id": url_id, "moment": line.stored(now)},
            )
            return {row["address"]: line.shown(row["booked_at"]) for row in rows}

    def claim(self, url_id: str, address: str, now: float, *, give_up_before: float) -> MissedClaim | None:
        """Take what one address must be told, with the facts of now; None: nothing is left to say."""
        with self._writing() as line:
            moment, before = line.stored(now), line.stored(give_up_before)
            key = {"url_id": url_id, "address": address, "now": moment, "moment": moment, "before": before}
            self._connection.execute(_GIVE_UP, key)
            due = self._connection.execute(
                f"""SELECT n.id, n.incident_id, n.reason, m.in_doubt {_MAY_BE_TOLD} AND m.address = :address
                ORDER BY n.incident_id, n.id""",
                key,
            ).fetchall()
            choice = Choice.all_of(
                [self._choice(line, rows, key) for _, rows in groupby(due, itemgetter("incident_id"))]
            )
            ended = [
                {"id": number, "state": "over", "why": why, "attempts": 0, **key} for number, why in choice.cancelled
            ]
            self._connection.executemany(_END, ended)
            sent = [{"id": row.id, "says": row.says, "in_doubt": row.in_doubt, **key} for row in choice.lines]
            self._connection.executemany(_SEND, sent)
            rows = with_facts(self._connection, choice.lines, url_id, line, now)
        return MissedClaim(url_id, address, rows) if rows else None

    def _choice(self, line: Timeline, rows: Iterable[sqlite3.Row], key: dict[str, object]) -> Choice:
        of_incident = list(rows)
        about = {**key, "incident_id": of_incident[0]["incident_id"]}
        row = self._connection.execute("SELECT * FROM incidents WHERE id = :incident_id", about).fetchone()
        newest = self._connection.execute(_NEWEST_SAID, about).fetchone()
        said, size = (Said(newest["said"]), newest["size"]) if newest else (None, 0)
        return choose(incident_of(row, line), of_incident, said, size)

    # ---------------------------------------------------------------- what became of it

    def delivered(self, claim: MissedClaim, now: float) -> None:
        """Book that the address has it."""
        with self._writing() as line:
            self._end(claim, "delivered", "", line.stored(now))
            self._forget(claim)

    def not_delivered(self, claim: MissedClaim, missed: Missed, now: float) -> None:
        """Book that it does not, for good or for now."""
        with self._writing() as line:
            if missed.is_final:
                self._end(claim, "refused" if missed.was_tried else "cancelled", missed.why, line.stored(now))
            else:
                self._wait(claim, missed.why, in_doubt=missed.in_doubt)
            if missed.was_tried:
                note_failing(self._connection, claim.url_id, missed, line.stored(now))
            else:
                self._forget(claim)

    def failed(self, claim: MissedClaim, why: str) -> None:
        """Book that it waits again."""
        with self._writing():
            self._wait(claim, why, in_doubt=False)

    def _end(self, claim: MissedClaim, state: str, why: str, now: float) -> None:
        facts = {"address": claim.address, "state": state, "why": why, "now": now, "attempts": 1}
        self._connection.executemany(_END, [{"id": row.notification_id, **facts} for row in claim.rows])

    def _wait(self, claim: MissedClaim, why: str, *, in_doubt: bool) -> None:
        facts = {"address": claim.address, "why": why, "in_doubt": in_doubt}
        self._connection.executemany(_AGAIN, [{"id": row.notification_id, **facts} for row in claim.rows])

    def _forget(self, claim: MissedClaim) -> None:
        self._connection.execute(
            "DELETE FROM recipients WHERE url_id = :url_id AND address = :address",
            {"url_id": claim.url_id, "address": claim.address},
        )


def recover_missed(connection: sqlite3.Connection, urls: Collection[dict[str, str]]) -> int:
    """Put what was left in the middle of being sent into doubt, and return how many. In a writing transaction."""
    return connection.executemany(_RECOVER, urls).rowcount if urls else 0


def retire_missed(connection: sqlite3.Connection, url_ids: Collection[str], now: float) -> None:
    """Cancel what waits for URLs that are no longer configured. Call it inside a writing transaction."""
    known = connection.execute(
        "SELECT url_id FROM missed WHERE finished_at IS NULL UNION SELECT url_id FROM recipients"
    ).fetchall()
    gone = [{"url_id": row["url_id"], "now": now} for row in known if row["url_id"] not in url_ids]
    connection.executemany(_RETIRE, gone)
    connection.executemany("DELETE FROM recipients WHERE url_id = :url_id", gone)


def book_missed(
    connection: sqlite3.Connection, url_id: str, notifications: Iterable[int], missed: Collection[Missed], now: float
) -> None:
    """Book who does not have a message that others of the URL have. Call it inside a writing transaction."""
    _keep_failing(connection, url_id, {one.address for one in missed})
    for one in missed:
        facts = {
            "address": one.address,
            "place": one.place,
            "state": "refused" if one.is_final else "waiting",
            "now": now,
            "in_doubt": one.in_doubt,
            "attempts": int(one.was_tried),
            "finished_at": now if one.is_final else None,
            "why": one.why,
        }
        connection.executemany(_BOOK, [{"id": number, **facts} for number in notifications])
        if one.was_tried:
            note_failing(connection, url_id, one, now)


def _keep_failing(connection: sqlite3.Connection, url_id: str, missed: Collection[str]) -> None:
    """Forget the failures of all other addresses: they have it."""
    known = connection.execute("SELECT address FROM recipients WHERE url_id = :url_id", {"url_id": url_id}).fetchall()
    connection.executemany(
        "DELETE FROM recipients WHERE url_id = :url_id AND address = :address",
        [{"url_id": url_id, "address": row["address"]} for row in known if row["address"] not in missed],
    )


def note_failing(connection: sqlite3.Connection, url_id: str, missed: Missed, now: float) -> None:
    """Note that an address does not take messages at present; since when is kept."""
    connection.execute(
        _FAILS,
        {
            "url_id": url_id,
            "address": missed.address,
            "place": missed.place,
            "is_final": missed.is_final,
            "why": missed.why,
            "now": now,
        },
    )
