"""Which of the channels that should tell the same cannot."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from msgspec import Struct

from healthmon.core.belief.delivery import HANGING_AFTER
from healthmon.store.timeline import Timeline

_FAILING = """SELECT u.url_id, COALESCE(u.failing_since, (SELECT MIN(n.claimed_at) FROM notifications n
        WHERE n.url_id = u.url_id AND n.state = 'sending' AND n.claimed_at <= :hanging)) AS since
    FROM urls u WHERE u.url_id <> :url_id ORDER BY u.url_id"""

_TELLS_THE_SAME = "SELECT 1 FROM notifications WHERE incident_id = :incident_id AND url_id = :url_id LIMIT 1"


class FailingChannel(Struct, frozen=True):
    """A URL that takes no messages, by its name, and since when."""

    url_id: str
    since: float


def channels_that_fail(
    connection: sqlite3.Connection, line: Timeline, url_id: str, incidents: Iterable[int], now: float
) -> tuple[FailingChannel, ...]:
    """The other URLs that are told of one of these incidents, and fail or hang at present."""
    asked = {"url_id": url_id, "hanging": line.stored(now - HANGING_AFTER)}
    failing = [row for row in connection.execute(_FAILING, asked) if row["since"] is not None]
    numbers = list(incidents) if failing else []

    def tells_the_same(other: str) -> bool:
        keys = ({"incident_id": number, "url_id": other} for number in numbers)
        return any(connection.execute(_TELLS_THE_SAME, key).fetchone() for key in keys)

    return tuple(
        FailingChannel(row["url_id"], line.shown(row["since"])) for row in failing if tells_the_same(row["url_id"])
    )
