"""The deliverers' side of the database: claim what is due, book what became of it (bookkeeping 3 to 7).

A row goes ``waiting`` -> ``sending`` -> ``delivered``; from ``sending`` back to ``waiting`` when the attempt failed, or
when nobody knows whether it did: then it is *in doubt*, and is sent again, marked as possibly repeated. It ends
unsent as ``cancelled`` (nothing is left to say), ``explained`` (a bigger incident is told instead), ``given up`` or
``undeliverable``; ``why`` says so for people.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import msgspec

from healthmon.errors import Missed, StoreError
from healthmon.model import TOO_MANY_DEFECTS, Severity
from healthmon.store.outbox.addresses import MissedClaim, MissedOutbox, book_missed, recover_missed, retire_missed
from healthmon.store.outbox.claiming import NOT_HELD, NOT_QUIET, Claim, ClaimedRow, lasting_tickets, make_claim
from healthmon.store.outbox.report_deliveries import ReportClaim, ReportOutbox
from healthmon.store.session import Session
from healthmon.store.sqlite.connect import connect

__all__ = ["Claim", "ClaimedRow", "MissedClaim", "Outbox", "ReportClaim", "open_outbox"]

# A row waits for the earlier ones of its incident, which may be due later than itself.
_NEXT_DUE = f"""SELECT MIN(CASE WHEN n.due_at < u.quiet_until AND u.quiet_except NOT LIKE '%' || i.severity || '%'
        THEN u.quiet_until ELSE n.due_at END)
    FROM notifications n JOIN incidents i ON i.id = n.incident_id LEFT JOIN urls u ON u.url_id = n.url_id
    WHERE n.url_id = :url_id AND n.state = 'waiting' AND (:as_tickets OR n.reason <> 'ended')
    AND {NOT_HELD}
    AND NOT EXISTS (SELECT 1 FROM notifications earlier
        WHERE earlier.incident_id = n.incident_id AND earlier.url_id = n.url_id AND earlier.state = 'waiting'
        AND earlier.id < n.id AND earlier.due_at > n.due_at)"""  # noqa: S608 (a constant of ours)

_URGENT = f"""SELECT 1 FROM notifications n JOIN incidents i ON i.id = n.incident_id
    WHERE n.url_id = :url_id AND n.state = 'waiting' AND n.due_at <= :now AND n.booked_at >= :since
    AND n.reason = 'opened' AND i.severity = 'critical' AND i.muted_by = ''
    AND {NOT_QUIET} LIMIT 1"""  # noqa: S608 (a constant of ours)

_RECOVER = """UPDATE notifications SET state = 'waiting', in_doubt = says, says = NULL, why = :why
    WHERE url_id = :url_id AND state = 'sending'"""

_RETIRE = """UPDATE notifications SET state = 'cancelled', in_doubt = COALESCE(says, in_doubt), says = NULL,
        finished_at = :now, why = 'its URL is no longer configured'
    WHERE url_id = :url_id AND (state = 'waiting' OR state = 'sending')"""

# Every result is booked only for the attempt that it belongs to.
_DELIVERED = """UPDATE notifications SET state = 'delivered', attempts = attempts + 1, finished_at = :now, why = '',
    subject = :subject WHERE id = :id AND state = 'sending' AND claim = :claim"""

_FAILED = """UPDATE notifications SET state = 'waiting', attempts = attempts + 1, says = NULL, why = :why
    WHERE id = :id AND state = 'sending' AND claim = :claim"""

_IN_DOUBT = """UPDATE notifications SET state = 'waiting', attempts = attempts + 1, in_doubt = says, says = NULL,
    why = :why WHERE id = :id AND state = 'sending' AND claim = :claim"""

_UNDELIVERABLE = """UPDATE notifications SET state = 'undeliverable', attempts = attempts + 1, says = NULL,
    finished_at = :now, why = :why WHERE id = :id AND state = 'sending' AND claim = :claim"""

_KEEP_QUIET = """INSERT INTO urls (url_id, quiet_until, quiet_except) VALUES (:url_id, :until, :exceptions)
    ON CONFLICT (url_id) DO UPDATE SET quiet_until = excluded.quiet_until, quiet_except = excluded.quiet_except"""

_URL_FAILS = """INSERT INTO urls (url_id, failing_since, attempts, last_error, last_error_at)
    VALUES (:url_id, :now, 1, :why, :now)
    ON CONFLICT (url_id) DO UPDATE SET failing_since = COALESCE(urls.failing_since, excluded.failing_since),
        attempts = urls.attempts + 1, last_error = excluded.last_error, last_error_at = excluded.last_error_at"""

_URL_WORKS = """INSERT INTO urls (url_id, last_delivered_at) VALUES (:url_id, :now)
    ON CONFLICT (url_id) DO UPDATE SET last_delivered_at = excluded.last_delivered_at,
        failing_since = NULL, attempts = 0"""
#: One cause is one message, however many it hits; claiming so many holds the writing lock for about a second.
MOST_AT_ONCE = 10_000


def open_outbox(path: Path) -> Outbox:
    """Open the outbox of an existing database. Raises a StoreError where there is none."""
    if not path.is_file():
        raise StoreError(path, "there is no such file")
    return Outbox(Session(path, connect(path)))


class Outbox:
    """A deliverer's connection: one per thread, used by that thread only. All methods raise DatabaseUnwritable.

    Where a result is booked, ``rows`` may name a part of the claim (a half of a message that was not accepted as a
    whole); None means all of it.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        #: Reports that wait for the same URLs.
        self.reports = ReportOutbox(session)
        #: What single addresses of these URLs were not told.
        self.missed = MissedOutbox(session)

    def close(self) -> None:
        """Close the connection."""
        self._session.close()

    # ---------------------------------------------------------------- at start

    def recover(self, url_ids: Collection[str], now: float) -> int:
        """Put rows that were left in the middle of being sent into doubt: due again. Return how many.

        Call it once, before any deliverer starts: a row that is being sent right now looks the same.
        """
        why = f"healthmon ended while it was being sent (found at {now:.0f})"
        with self._session.writing():
            rows = [{"url_id": url_id, "why": why} for url_id in url_ids]
            return self._session.execute_many(_RECOVER, rows) + recover_missed(self._session, rows)

    def note_defect(self, url_id: str, now: float, why: str) -> None:
        """A defect of ours has ended the deliverer of this URL: it fails, and what it was sending is in doubt.

        Call it before that deliverer begins anew.
        """
        with self._session.writing() as timeline:
            at, row = timeline.stored(now), {"url_id": url_id, "why": why}
            self._session.execute(_RECOVER, row)
            recover_missed(self._session, [row])
            self._session.execute(_URL_FAILS, {**row, "now": at})
            # Kept is when the last ones were, as many as make an incident.
            earlier = self._session.value("SELECT defects_at FROM urls WHERE url_id = :url_id", {"url_id": url_id})
            last = [*msgspec.json.decode(earlier), at][-TOO_MANY_DEFECTS:]
            facts = {"url_id": url_id, "defects_at": msgspec.json.encode(last).decode()}
            self._session.execute("UPDATE urls SET defects_at = :defects_at WHERE url_id = :url_id", facts)
        self.reports.recover([url_id])

    def retire_others(self, url_ids: Collection[str], now: float) -> int:
        """Cancel what waits for URLs that are no longer configured. Return how many rows."""
        with self._session.writing() as timeline:
            known = self._session.rows(
                """SELECT url_id FROM urls
                UNION SELECT url_id FROM notifications WHERE state = 'waiting'
                UNION SELECT url_id FROM notifications WHERE state = 'sending'"""
            )
            gone = [
                {"url_id": row["url_id"], "now": timeline.stored(now)} for row in known if row["url_id"] not in url_ids
            ]
            self._session.execute_many("DELETE FROM urls WHERE url_id = :url_id", gone)
            retire_missed(self._session, url_ids, timeline.stored(now))
            return self._session.execute_many(_RETIRE, gone)

    # ---------------------------------------------------------------- what is due

    def keep_quiet(self, url_id: str, until: float | None, exceptions: Collection[Severity] = ()) -> None:
        """Leave this URL alone until a time, except for outages of these severities; None: its quiet time is over.

        Writes only where that is news: it may be called as often as one likes.
        """
        nothing: tuple[float | None, str] = (None, "")
        wanted, known = nothing, nothing
        if until:
            wanted = (until, " ".join(sorted(exceptions)))
        with self._session.asking() as timeline:
            row = self._session.row("SELECT * FROM urls WHERE url_id = :url_id", {"url_id": url_id})
            if row is not None:
                known = (timeline.shown_or_none(row["quiet_until"]), row["quiet_except"])
        if known == wanted:
            return
        with self._session.writing() as timeline:
            until, loud = wanted
            facts = {"url_id": url_id, "until": timeline.stored_or_none(until), "exceptions": loud}
            self._session.execute(_KEEP_QUIET, facts)

    def next_due(self, url_id: str, *, as_tickets: bool = False) -> float | None:
        """Return when something falls due for this URL, perhaps in the past, or None: nothing waits.

        ``as_tickets``: an incident that ended without a recovery causes a message too, for its ticket is open.
        """
        with self._session.asking() as timeline:
            due_at = self._session.value(_NEXT_DUE, {"url_id": url_id, "as_tickets": as_tickets})
            return timeline.shown_or_none(due_at)

    def has_urgent(self, url_id: str, since: float, now: float) -> bool:
        """Whether a critical outage was booked for this URL at or after a time, and is due."""
        with self._session.asking() as timeline:
            times = {
                "since": timeline.stored_ago(now, now - since),
                "now": timeline.stored(now),
                "moment": timeline.stored(now),
            }
            return self._session.is_any(_URGENT, {"url_id": url_id, **times})

    def claim(
        self, url_id: str, now: float, limit: int = MOST_AT_ONCE, *, joining: float = 0.0, as_tickets: bool = False
    ) -> Claim | None:
        """Take what is due for this URL, and fix what each row says by the facts of this moment.

        Once something is due, what falls due within ``joining`` seconds goes with it: one cause, one message.
        From here until its result is booked every row counts as told. Rows that have nothing to say any more are
        cancelled. None: there is nothing to send (ask ``next_due`` whether more waits). ``as_tickets``: each row will
        be sent by itself, and has a key.

        ``now`` is healthmon's own time, not the wall clock's: that may be set, and what was asked of it a moment ago is
        not what the database shows any more.
        """
        with self._session.writing() as timeline:
            wall = now + timeline.shift
            return make_claim(self._session, url_id, wall, limit=limit, joining=joining, as_tickets=as_tickets)

    def lasting_tickets(self, url_id: str) -> tuple[ClaimedRow, ...]:
        """Return what this URL believes to last, and does, as it is now. Nothing is booked."""
        with self._session.asking():
            return lasting_tickets(self._session, url_id)

    # ---------------------------------------------------------------- what became of it

    def delivered(
        self,
        claim: Claim,
        now: float,
        subject: str = "",
        rows: Collection[ClaimedRow] | None = None,
        *,
        missed: Collection[Missed] = (),
    ) -> None:
        """Book that the channel accepted the message; the subject is kept for people.

        ``missed``: addresses of the URL that do not have it, while others do.
        """
        with self._session.writing() as timeline:
            at, told = timeline.stored(now), _chosen(claim, rows)
            book_missed(self._session, claim.url_id, [row.notification_id for row in told], missed, at)
            self._book(_DELIVERED, claim, told, {"now": at, "subject": subject})
            self._book_ends(_DELIVERED, claim, told, {"now": at, "subject": subject})
            self._session.execute(_URL_WORKS, {"url_id": claim.url_id, "now": at})

    def failed(self, claim: Claim, now: float, why: str, rows: Collection[ClaimedRow] | None = None) -> None:
        """Book that the channel refused: nothing was said, the rows are due again. ``why`` holds no secret."""
        self._book_failure(_FAILED, claim, now, why, rows)

    def in_doubt(self, claim: Claim, now: float, why: str, rows: Collection[ClaimedRow] | None = None) -> None:
        """Book that nobody knows whether it was sent (a time-out): due again, marked as possibly repeated."""
        self._book_failure(_IN_DOUBT, claim, now, why, rows)

    def undeliverable(self, claim: Claim, rows: Collection[ClaimedRow], now: float, why: str) -> None:
        """Book that these rows are never accepted: they end here, and are shown with the reason."""
        with self._session.writing() as timeline:
            self._book(_UNDELIVERABLE, claim, rows, {"now": timeline.stored(now), "why": why})
            # What would have ended with them has not.
            self._book_ends(_FAILED, claim, rows, {"why": why})

    def _book_failure(self, sql: str, claim: Claim, now: float, why: str, rows: Collection[ClaimedRow] | None) -> None:
        with self._session.writing() as timeline:
            self._book(sql, claim, _chosen(claim, rows), {"why": why})
            self._book_ends(sql, claim, _chosen(claim, rows), {"why": why})
            self._session.execute(_URL_FAILS, {"url_id": claim.url_id, "now": timeline.stored(now), "why": why})

    def _book(self, sql: str, claim: Claim, rows: Collection[ClaimedRow], facts: dict[str, object]) -> None:
        self._session.execute_many(sql, [{"id": row.notification_id, "claim": claim.id, **facts} for row in rows])

    def _book_ends(self, sql: str, claim: Claim, rows: Collection[ClaimedRow], facts: dict[str, object]) -> None:
        """Book what became of the notifications that have no line of their own in these rows' message."""
        ends = [number for row in rows for number in row.ends]
        self._session.execute_many(sql, [{"id": number, "claim": claim.id, **facts} for number in ends])

    def give_up(self, url_id: str, before: float, now: float) -> int:
        """Give up what waits about incidents that were over before a time. Return how many rows.

        What is still down is never given up.
        """
        with self._session.writing() as timeline:
            return self._session.execute(
                """UPDATE notifications SET state = 'given up', finished_at = :now, why = 'given up: ' || why
                WHERE url_id = :url_id AND state = 'waiting' AND EXISTS (
                    SELECT 1 FROM incidents i WHERE i.id = notifications.incident_id AND i.closed_at < :before)""",
                {"url_id": url_id, "before": timeline.stored_ago(now, now - before), "now": timeline.stored(now)},
            ).rowcount


def _chosen(claim: Claim, rows: Collection[ClaimedRow] | None) -> Collection[ClaimedRow]:
    """Return the rows of a claim that a result is about: all, or those that are given."""
    if rows is None:
        return claim.rows
    return rows
