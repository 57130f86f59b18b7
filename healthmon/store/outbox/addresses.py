"""The deliverers' side of single addresses: what one of them was not told while others of its URL were.

A row of ``missed`` begins as ``waiting``, or as ``refused`` where the mail server does not know the address (then it
ends there). It goes ``waiting`` -> ``sending`` -> ``delivered``, or back; it ends untold as ``over`` (nothing is left
to say), ``refused``, ``given up`` or ``cancelled``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from itertools import groupby
from operator import itemgetter

from msgspec import Struct

from healthmon.errors import Missed
from healthmon.model import Said
from healthmon.store.outbox.claiming import NOT_HELD, NOT_QUIET, Choice, Claim, ClaimedRow, choose, with_facts
from healthmon.store.read.remembered import SAID, read_incident
from healthmon.store.session import Session
from healthmon.store.sqlite.connect import Stored

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

_WORKS = "DELETE FROM recipients WHERE url_id = :url_id AND address = :address"


class MissedClaim(Struct, frozen=True):
    """What one address must be told, with the facts of this moment."""

    url_id: str
    address: str
    rows: tuple[ClaimedRow, ...]
    #: By how much the wall clock was ahead of healthmon's own time when these facts were read.
    ahead: float

    @property
    def claim(self) -> Claim:
        """The same in the form of a claim of the whole URL."""
        return Claim(0, self.url_id, self.rows, ahead=self.ahead)


class MissedOutbox:
    """A part of a deliverer's Outbox: its connection, its thread. All methods raise DatabaseUnwritable."""

    def __init__(self, session: Session) -> None:
        self._session = session

    # ---------------------------------------------------------------- what is due

    def addresses(self, url_id: str) -> frozenset[str]:
        """Name the addresses that do not have everything yet, by their keys."""
        with self._session.errors_named():
            rows = self._session.execute(
                "SELECT DISTINCT address FROM missed WHERE url_id = :url_id AND finished_at IS NULL", {"url_id": url_id}
            )
            return frozenset(row["address"] for row in rows)

    def waiting(self, url_id: str, now: float) -> dict[str, float]:
        """Name the addresses that may be told something now, and when the newest of it was booked."""
        with self._session.asking() as timeline:
            rows = self._session.execute(
                f"SELECT m.address, MAX(m.booked_at) AS booked_at {_MAY_BE_TOLD} GROUP BY m.address",
                {"url_id": url_id, "moment": timeline.stored(now)},
            )
            return {row["address"]: timeline.shown(row["booked_at"]) for row in rows}

    def claim(self, url_id: str, address: str, now: float, *, give_up_before: float) -> MissedClaim | None:
        """Take what one address must be told, with the facts of now; None: nothing is left to say.

        ``now`` and ``give_up_before`` are healthmon's own time, as in ``Outbox.claim``.
        """
        with self._session.writing() as timeline:
            wall = now + timeline.shift
            moment, before = timeline.stored(wall), timeline.stored_ago(wall, now - give_up_before)
            key = {"url_id": url_id, "address": address, "now": moment, "moment": moment, "before": before}
            self._session.execute(_GIVE_UP, key)
            due = self._session.rows(
                f"""SELECT n.id, n.incident_id, n.reason, m.in_doubt {_MAY_BE_TOLD} AND m.address = :address
                ORDER BY n.incident_id, n.id""",
                key,
            )
            choice = Choice.all_of(
                [self._choice(number, list(rows), key) for number, rows in groupby(due, itemgetter("incident_id"))]
            )
            ended = [
                {"id": number, "state": "over", "why": why, "attempts": 0, **key} for number, why in choice.cancelled
            ]
            self._session.execute_many(_END, ended)
            sent = [{"id": row.id, "says": row.says, "in_doubt": row.in_doubt, **key} for row in choice.lines]
            self._session.execute_many(_SEND, sent)
            rows = with_facts(self._session, choice.lines, url_id, wall)
        if not rows:
            return None
        return MissedClaim(url_id, address, rows, timeline.shift)

    def _choice(self, incident_id: int, rows: list[Stored], key: dict[str, object]) -> Choice:
        """Choose what of the rows of one incident is said to an address."""
        about = {**key, "incident_id": incident_id}
        newest = self._session.row(_NEWEST_SAID, about)
        incident = read_incident(self._session, incident_id)
        if newest is None:
            return choose(incident, rows, None, 0)
        return choose(incident, rows, Said(newest["said"]), newest["size"])

    # ---------------------------------------------------------------- what became of it

    def delivered(self, claim: MissedClaim, now: float) -> None:
        """Book that the address has it."""
        with self._session.writing() as timeline:
            self._end(claim, "delivered", "", timeline.stored(now))
            self._forget(claim)

    def not_delivered(self, claim: MissedClaim, missed: Missed, now: float) -> None:
        """Book that it does not, for good or for now."""
        with self._session.writing() as timeline:
            at = timeline.stored(now)
            if not missed.is_final:
                self._wait(claim, missed.why, in_doubt=missed.in_doubt)
            elif missed.was_tried:
                self._end(claim, "refused", missed.why, at)
            else:
                self._end(claim, "cancelled", missed.why, at)
            if missed.was_tried:
                note_failing(self._session, claim.url_id, missed, at)
            else:
                self._forget(claim)

    def failed(self, claim: MissedClaim, why: str) -> None:
        """Book that it waits again."""
        with self._session.writing():
            self._wait(claim, why, in_doubt=False)

    def _end(self, claim: MissedClaim, state: str, why: str, now: float) -> None:
        facts = {"address": claim.address, "state": state, "why": why, "now": now, "attempts": 1}
        self._session.execute_many(_END, [{"id": row.notification_id, **facts} for row in claim.rows])

    def _wait(self, claim: MissedClaim, why: str, *, in_doubt: bool) -> None:
        facts = {"address": claim.address, "why": why, "in_doubt": in_doubt}
        self._session.execute_many(_AGAIN, [{"id": row.notification_id, **facts} for row in claim.rows])

    def _forget(self, claim: MissedClaim) -> None:
        self._session.execute(_WORKS, {"url_id": claim.url_id, "address": claim.address})


def recover_missed(session: Session, urls: Collection[dict[str, str]]) -> int:
    """Put what was left in the middle of being sent into doubt, and return how many. In a writing transaction."""
    return session.execute_many(_RECOVER, urls)


def retire_missed(session: Session, url_ids: Collection[str], now: float) -> None:
    """Cancel what waits for URLs that are no longer configured. Call it inside a writing transaction."""
    known = session.rows("SELECT url_id FROM missed WHERE finished_at IS NULL UNION SELECT url_id FROM recipients")
    gone = [{"url_id": row["url_id"], "now": now} for row in known if row["url_id"] not in url_ids]
    session.execute_many(_RETIRE, gone)
    session.execute_many("DELETE FROM recipients WHERE url_id = :url_id", gone)


def book_missed(
    session: Session, url_id: str, notifications: Iterable[int], missed: Collection[Missed], now: float
) -> None:
    """Book who does not have a message that others of the URL have. Call it inside a writing transaction."""
    # All other addresses have it: their failures are over.
    missing = {address.address for address in missed}
    known = session.rows("SELECT address FROM recipients WHERE url_id = :url_id", {"url_id": url_id})
    session.execute_many(
        _WORKS, [{"url_id": url_id, "address": row["address"]} for row in known if row["address"] not in missing]
    )
    for address in missed:
        facts = {
            "address": address.address,
            "place": address.place,
            "state": "waiting",
            "now": now,
            "in_doubt": address.in_doubt,
            "attempts": int(address.was_tried),
            "finished_at": None,
            "why": address.why,
        }
        if address.is_final:
            facts |= {"state": "refused", "finished_at": now}
        session.execute_many(_BOOK, [{"id": number, **facts} for number in notifications])
        if address.was_tried:
            note_failing(session, url_id, address, now)


def note_failing(session: Session, url_id: str, missed: Missed, now: float) -> None:
    """Note that an address does not take messages at present; since when is kept."""
    session.execute(
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
