"""The schedule thread's side of the database: which reports were made, and who is to get them."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable
from pathlib import Path

from msgspec import Struct

from healthmon.store.sqlite.connect import connect, errors_named, transaction
from healthmon.store.timeline import read_timeline

#: What became of a report is kept so long (seconds).
KEPT = 400 * 86400.0

_TAKE = """INSERT INTO schedules (name, at, taken) VALUES (:name, :at, :taken)
    ON CONFLICT (name) DO UPDATE SET at = excluded.at, taken = excluded.taken"""

_REPORT = """INSERT INTO reports (schedule, day, made_at, trouble, command, text, file_name, media_type, content)
    VALUES (:schedule, :day, :now, :trouble, :command, :text, :file_name, :media_type, :content)"""

_DELIVERY = "INSERT INTO report_deliveries (report_id, url_id, booked_at) VALUES (:report_id, :url_id, :now)"

_NOBODY_WAITS = """content IS NOT NULL AND NOT EXISTS (SELECT 1 FROM report_deliveries d
    WHERE d.report_id = reports.id AND d.finished_at IS NULL)"""


class MadeReport(Struct, frozen=True):
    """A report as it is sent: a text for channels that take no file, and the file for those that do."""

    schedule: str
    #: Of the occasion, as ISO 8601 writes it.
    day: str
    text: str = ""
    file_name: str = ""
    media_type: str = ""
    content: str = ""
    #: How to see it oneself: ``healthmon report --last-month``.
    command: str = ""
    #: Why it could not be made; then there is nothing else.
    trouble: str = ""


class ReportBook:
    """Owned by the schedule thread. All methods raise DatabaseUnwritable."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection = connect(path)

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def taken(self, name: str, at: str) -> str | None:
        """Return the day of the newest occasion that was seen to; None: nothing is known of such a schedule."""
        with errors_named(self._path):
            question = "SELECT taken FROM schedules WHERE name = :name AND at = :at"
            found = self._connection.execute(question, {"name": name, "at": at}).fetchone()
        return None if found is None else str(found["taken"])

    def let_pass(self, name: str, at: str, day: str) -> None:
        """Note that everything up to a day needs nothing to be done."""
        with transaction(self._connection, self._path):
            self._connection.execute(_TAKE, {"name": name, "at": at, "taken": day})

    def forget_others(self, names: Collection[str]) -> None:
        """Forget the schedules that are no longer configured: one that comes back begins anew."""
        with errors_named(self._path):
            known = [row["name"] for row in self._connection.execute("SELECT name FROM schedules")]
        gone = [{"name": name} for name in known if name not in names]
        if gone:
            with transaction(self._connection, self._path):
                self._connection.executemany("DELETE FROM schedules WHERE name = :name", gone)

    def book(self, report: MadeReport, at: str, url_ids: Iterable[str], now: float) -> None:
        """Book a report for these URLs, and that its occasion was seen to: whole or not at all."""
        with transaction(self._connection, self._path):
            line = read_timeline(self._connection)
            times = {"now": line.stored(now)}
            facts = {
                "schedule": report.schedule,
                "day": report.day,
                "trouble": report.trouble,
                "command": report.command,
                "text": report.text,
                "file_name": report.file_name,
                "media_type": report.media_type,
                "content": report.content or None,
            }
            number = self._connection.execute(_REPORT, {**facts, **times}).lastrowid
            rows = [{"report_id": number, "url_id": url_id, **times} for url_id in url_ids]
            self._connection.executemany(_DELIVERY, rows)
            self._connection.execute(_TAKE, {"name": report.schedule, "at": at, "taken": report.day})

    def tidy(self, now: float) -> None:
        """Drop the contents that nobody waits for, and what is known of reports of long ago."""
        with errors_named(self._path):
            before = read_timeline(self._connection).stored(now - KEPT)
            old = {"before": before}
            is_untidy = self._connection.execute(
                f"SELECT 1 FROM reports WHERE made_at < :before OR ({_NOBODY_WAITS}) LIMIT 1",  # noqa: S608
                old,
            ).fetchone()
        if is_untidy is None:
            return
        with transaction(self._connection, self._path):
            self._connection.execute(f"UPDATE reports SET content = NULL, text = '' WHERE {_NOBODY_WAITS}")  # noqa: S608
            self._connection.execute(
                "DELETE FROM report_deliveries WHERE report_id IN (SELECT id FROM reports WHERE made_at < :before)", old
            )
            self._connection.execute("DELETE FROM reports WHERE made_at < :before", old)


class ReportDelivery(Struct, frozen=True):
    """What became of one report at one URL; ``at`` is when it ended, None: it has not."""

    url_id: str
    state: str
    at: float | None
    why: str


class ReportFacts(Struct, frozen=True):
    """The newest report of a schedule. ``trouble``: why it could not be made."""

    schedule: str
    day: str
    made_at: float
    trouble: str
    deliveries: tuple[ReportDelivery, ...]


def read_newest_reports(connection: sqlite3.Connection) -> dict[str, ReportFacts]:
    """Read the newest report of each schedule, with what became of it."""
    line = read_timeline(connection)
    newest = "SELECT * FROM reports WHERE id IN (SELECT MAX(id) FROM reports GROUP BY schedule)"
    deliveries = "SELECT * FROM report_deliveries WHERE report_id = :id ORDER BY id"
    return {
        row["schedule"]: ReportFacts(
            schedule=row["schedule"],
            day=row["day"],
            made_at=line.shown(row["made_at"]),
            trouble=row["trouble"],
            deliveries=tuple(
                ReportDelivery(each["url_id"], each["state"], line.shown_or_none(each["finished_at"]), each["why"])
                for each in connection.execute(deliveries, {"id": row["id"]})
            ),
        )
        for row in connection.execute(newest).fetchall()
    }
