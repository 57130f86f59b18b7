"""The deliverers' side of reports: claim one, and book what became of it.

A row goes ``waiting`` -> ``sending`` -> ``delivered``, or back to ``waiting`` when the attempt failed. What was
refused, or ended without an answer, again and again ends as ``undeliverable``: a report is no alert.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from msgspec import Struct

from healthmon.store.outbox.report_book import MadeReport
from healthmon.store.session import Session

#: A channel that is dead for so long misses the report (seconds).
GIVE_UP_AFTER = 7 * 86400.0

_WAITING = """FROM report_deliveries d JOIN reports r ON r.id = d.report_id
    WHERE d.url_id = :url_id AND d.finished_at IS NULL AND d.state = 'waiting'
    AND NOT EXISTS (SELECT 1 FROM urls u WHERE u.url_id = d.url_id AND u.quiet_until > :now)"""

# A report that a single address still misses holds up no other.
_IN_ORDER = "ORDER BY d.addresses <> '', d.id"

_FINISHED = """UPDATE report_deliveries SET state = :state, attempts = attempts + 1, finished_at = :now, why = :why
    WHERE id = :id AND state = 'sending'"""

_AGAIN = """UPDATE report_deliveries SET state = 'waiting', attempts = attempts + 1, refusals = refusals + :refusals,
    in_doubt = in_doubt OR :in_doubt, why = :why WHERE id = :id AND state = 'sending'"""


_RECOVER = """UPDATE report_deliveries SET state = 'waiting', in_doubt = TRUE, refusals = refusals + 1, why = :why
    WHERE url_id = :url_id AND finished_at IS NULL AND state = 'sending'"""

_RETIRE = """UPDATE report_deliveries SET state = 'cancelled', finished_at = :now,
        why = 'its URL is no longer configured'
    WHERE url_id = :url_id AND finished_at IS NULL"""


class ReportClaim(Struct, frozen=True):
    """One report that is being sent to one URL. ``refusals``: so often the channel did not take it, or did not say."""

    id: int
    report: MadeReport
    booked_at: float
    refusals: int
    #: The same may have arrived already.
    possibly_repeated: bool
    #: It goes to these addresses of the URL only, by their keys; None: to all.
    only: frozenset[str] | None = None


class ReportOutbox:
    """A part of a deliverer's Outbox: its connection, its thread. All methods raise DatabaseUnwritable."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def recover(self, url_ids: Collection[str]) -> int:
        """Put what was left in the middle of being sent into doubt. Return how many. Before any deliverer starts."""
        rows = [{"url_id": url_id, "why": "healthmon ended while it was being sent"} for url_id in url_ids]
        with self._session.writing():
            return self._session.execute_many(_RECOVER, rows)

    def retire_others(self, url_ids: Collection[str], now: float) -> int:
        """Cancel what waits for URLs that are no longer configured. Return how many rows."""
        with self._session.writing() as timeline:
            known = self._session.rows("SELECT DISTINCT url_id FROM report_deliveries WHERE finished_at IS NULL")
            gone = [
                {"url_id": row["url_id"], "now": timeline.stored(now)} for row in known if row["url_id"] not in url_ids
            ]
            return self._session.execute_many(_RETIRE, gone)

    def is_waiting(self, url_id: str, now: float) -> bool:
        """Whether a report may be sent to this URL now: outside of its quiet time."""
        with self._session.asking() as timeline:
            key = {"url_id": url_id, "now": timeline.stored(now)}
            return self._session.is_any(f"SELECT 1 {_WAITING} LIMIT 1", key)

    def claim(self, url_id: str, now: float) -> ReportClaim | None:
        """Take the oldest report that waits for this URL; None: there is none. Those of long ago are given up."""
        with self._session.writing() as timeline:
            key = {"url_id": url_id, "now": timeline.stored(now), "before": timeline.stored_ago(now, GIVE_UP_AFTER)}
            self._session.execute(
                """UPDATE report_deliveries SET state = 'given up', finished_at = :now, why = 'given up: ' || why
                WHERE url_id = :url_id AND finished_at IS NULL AND state = 'waiting' AND booked_at < :before""",
                key,
            )
            row = self._session.row(
                f"""SELECT r.*, d.id AS delivery, d.booked_at, d.refusals, d.in_doubt, d.addresses
                {_WAITING} {_IN_ORDER} LIMIT 1""",
                key,
            )
            if row is None:
                return None
            self._session.execute(
                "UPDATE report_deliveries SET state = 'sending' WHERE id = :id", {"id": row["delivery"]}
            )
        return ReportClaim(
            id=row["delivery"],
            report=MadeReport(
                schedule=row["schedule"],
                day=row["day"],
                text=row["text"],
                file_name=row["file_name"],
                media_type=row["media_type"],
                content=row["content"] or "",
                command=row["command"],
                trouble=row["trouble"],
            ),
            booked_at=timeline.shown(row["booked_at"]),
            refusals=row["refusals"],
            possibly_repeated=bool(row["in_doubt"]),
            only=frozenset(row["addresses"].split()) or None,
        )

    def delivered(self, claim: ReportClaim, now: float, why: str = "") -> None:
        """Book that the channel accepted it; ``why`` some addresses of its URL did not."""
        self._finish(claim, now, "delivered", why)

    def waits_for(self, claim: ReportClaim, addresses: Iterable[str], why: str, *, in_doubt: bool) -> None:
        """Book that it goes to these addresses once more, by their keys: the others have it."""
        with self._session.writing():
            self._session.execute(
                "UPDATE report_deliveries SET addresses = :addresses WHERE id = :id",
                {"id": claim.id, "addresses": " ".join(addresses)},
            )
            self._session.execute(_AGAIN, {"id": claim.id, "why": why, "refusals": int(in_doubt), "in_doubt": in_doubt})

    def undeliverable(self, claim: ReportClaim, now: float, why: str) -> None:
        """Book that it is never accepted."""
        self._finish(claim, now, "undeliverable", why)

    def _finish(self, claim: ReportClaim, now: float, state: str, why: str) -> None:
        with self._session.writing() as timeline:
            self._session.execute(_FINISHED, {"id": claim.id, "now": timeline.stored(now), "state": state, "why": why})

    def failed(self, claim: ReportClaim, why: str, *, refused: bool = False, in_doubt: bool = False) -> None:
        """Book that it waits again: the channel was dead, or did not want it, or did not say."""
        facts = {"id": claim.id, "why": why, "refusals": int(refused or in_doubt), "in_doubt": in_doubt}
        with self._session.writing():
            self._session.execute(_AGAIN, facts)
