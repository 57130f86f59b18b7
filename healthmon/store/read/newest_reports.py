"""The newest report of each schedule, and what became of it."""

from __future__ import annotations

from msgspec import Struct

from healthmon.store.session import Session

_NEWEST = "SELECT * FROM reports WHERE id IN (SELECT MAX(id) FROM reports GROUP BY schedule)"
_DELIVERIES = "SELECT * FROM report_deliveries WHERE report_id = :id ORDER BY id"


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


def read_newest_reports(session: Session) -> dict[str, ReportFacts]:
    """Read the newest report of each schedule, with what became of it."""
    timeline = session.timeline
    return {
        row["schedule"]: ReportFacts(
            schedule=row["schedule"],
            day=row["day"],
            made_at=timeline.shown(row["made_at"]),
            trouble=row["trouble"],
            deliveries=tuple(
                ReportDelivery(each["url_id"], each["state"], timeline.shown_or_none(each["finished_at"]), each["why"])
                for each in session.execute(_DELIVERIES, {"id": row["id"]})
            ),
        )
        for row in session.rows(_NEWEST)
    }
