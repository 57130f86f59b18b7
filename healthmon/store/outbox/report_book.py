"""The schedule thread's side of the database: which reports were made, and who is to get them."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path

from msgspec import Struct

from healthmon.store.session import Session
from healthmon.store.sqlite.connect import connect

#: What became of a report is kept so long (seconds).
KEPT = 400 * 86400.0

_TAKE = """INSERT INTO schedules (name, at, taken) VALUES (:name, :at, :taken)
    ON CONFLICT (name) DO UPDATE SET at = excluded.at, taken = excluded.taken"""

_REPORT = """INSERT INTO reports (schedule, day, made_at, trouble, command, text, file_name, media_type, content)
    VALUES (:schedule, :day, :now, :trouble, :command, :text, :file_name, :media_type, :content)
    RETURNING id"""

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
        self._session = Session(path, connect(path))

    def close(self) -> None:
        """Close the connection."""
        self._session.close()

    def taken(self, name: str, at: str) -> str | None:
        """Return the day of the newest occasion that was seen to; None: nothing is known of such a schedule."""
        with self._session.errors_named():
            question = "SELECT taken FROM schedules WHERE name = :name AND at = :at"
            found = self._session.row(question, {"name": name, "at": at})
        if found is None:
            return None
        return str(found["taken"])

    def let_pass(self, name: str, at: str, day: str) -> None:
        """Note that everything up to a day needs nothing to be done."""
        with self._session.transaction():
            self._session.execute(_TAKE, {"name": name, "at": at, "taken": day})

    def forget_others(self, names: Collection[str]) -> None:
        """Forget the schedules that are no longer configured: one that comes back begins anew."""
        with self._session.errors_named():
            known = [row["name"] for row in self._session.execute("SELECT name FROM schedules")]
        gone = [{"name": name} for name in known if name not in names]
        if gone:
            with self._session.transaction():
                self._session.execute_many("DELETE FROM schedules WHERE name = :name", gone)

    def book(self, report: MadeReport, at: str, url_ids: Iterable[str], now: float) -> None:
        """Book a report for these URLs, and that its occasion was seen to: whole or not at all."""
        with self._session.writing() as timeline:
            times = {"now": timeline.stored(now)}
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
            number = self._session.rows(_REPORT, {**facts, **times})[0]["id"]
            rows = [{"report_id": number, "url_id": url_id, **times} for url_id in url_ids]
            self._session.execute_many(_DELIVERY, rows)
            self._session.execute(_TAKE, {"name": report.schedule, "at": at, "taken": report.day})

    def tidy(self, now: float) -> None:
        """Drop the contents that nobody waits for, and what is known of reports of long ago."""
        with self._session.asking() as timeline:
            old = {"before": timeline.stored_ago(now, KEPT)}
            is_untidy = self._session.is_any(
                f"SELECT 1 FROM reports WHERE made_at < :before OR ({_NOBODY_WAITS}) LIMIT 1",  # noqa: S608
                old,
            )
        if not is_untidy:
            return
        with self._session.transaction():
            self._session.execute(f"UPDATE reports SET content = NULL, text = '' WHERE {_NOBODY_WAITS}")  # noqa: S608
            self._session.execute(
                "DELETE FROM report_deliveries WHERE report_id IN (SELECT id FROM reports WHERE made_at < :before)", old
            )
            self._session.execute("DELETE FROM reports WHERE made_at < :before", old)
