"""Which of the channels that should tell the same cannot."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from healthmon.core.belief.delivery import HANGING_AFTER
from healthmon.store.session import Session

_FAILING = """SELECT u.url_id, COALESCE(u.failing_since, (SELECT MIN(n.claimed_at) FROM notifications n
        WHERE n.url_id = u.url_id AND n.state = 'sending' AND n.claimed_at <= :hanging)) AS since
    FROM urls u WHERE u.url_id <> :url_id ORDER BY u.url_id"""

_TELLS_THE_SAME = "SELECT 1 FROM notifications WHERE incident_id = :incident_id AND url_id = :url_id LIMIT 1"


class FailingChannel(Struct, frozen=True):
    """A URL that takes no messages, by its name, and since when."""

    url_id: str
    since: float


def channels_that_fail(
    session: Session, url_id: str, incidents: Iterable[int], now: float
) -> tuple[FailingChannel, ...]:
    """The other URLs that are told of one of these incidents, and fail or hang at present."""
    asked = {"url_id": url_id, "hanging": session.timeline.stored_ago(now, HANGING_AFTER)}
    numbers = tuple(incidents)
    found = []
    for row in session.rows(_FAILING, asked):
        other, since = row["url_id"], row["since"]
        if since is None:
            continue
        keys = ({"incident_id": number, "url_id": other} for number in numbers)
        if any(session.is_any(_TELLS_THE_SAME, key) for key in keys):
            found.append(FailingChannel(other, session.timeline.shown(since)))
    return tuple(found)
