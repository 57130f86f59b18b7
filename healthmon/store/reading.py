"""What the writer, the deliverers and the readers all ask of the tables. Call it inside a transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from healthmon.model import CheckState, EndpointSettings, Freshness, Incident, PbxState, Reason, Said, Told
from healthmon.store.rows import freshness_of, incident_of, pbx_state_of, settings_of, state_of
from healthmon.store.timeline import Timeline

#: What a row has told, or may have told: a row in doubt keeps what it said until another attempt has a result.
SAID = "CASE WHEN state IN ('sending', 'delivered') THEN says ELSE in_doubt END"


def read_states(connection: sqlite3.Connection, line: Timeline) -> Iterator[CheckState]:
    """Read every state, ordered by target."""
    rows = connection.execute(
        """SELECT s.*, c.pbx, c.technology, c.resource, c.name, c.kind, c.watch
        FROM checks c JOIN states s ON s.check_id = c.id
        ORDER BY c.pbx, c.technology, c.resource, c.name"""
    )
    return (state_of(row, line) for row in rows)


def read_pbx_states(connection: sqlite3.Connection, line: Timeline) -> Iterator[PbxState]:
    """Read the state of every PBX, ordered by name."""
    return (pbx_state_of(row, line) for row in connection.execute("SELECT * FROM pbx_states ORDER BY pbx"))


def read_settings(connection: sqlite3.Connection, line: Timeline) -> Iterator[EndpointSettings]:
    """Read every endpoint's settings."""
    return (settings_of(row, line) for row in connection.execute("SELECT * FROM settings"))


def read_freshness(connection: sqlite3.Connection, line: Timeline) -> Iterator[Freshness]:
    """Read how fresh our view of each PBX is, ordered by name."""
    return (freshness_of(row, line) for row in connection.execute("SELECT * FROM freshness ORDER BY pbx"))


def read_telling(connection: sqlite3.Connection, line: Timeline) -> Iterator[Incident]:
    """Read the open incidents, and the closed ones whose telling is not finished, ordered by number."""
    rows = connection.execute("SELECT * FROM incidents WHERE telling ORDER BY id")
    return (incident_of(row, line) for row in rows)


def read_told(connection: sqlite3.Connection, line: Timeline) -> dict[tuple[int, str], Told]:
    """Read what each URL was told about each incident whose telling is not finished."""
    rows = connection.execute(
        f"""SELECT n.incident_id, n.url_id, n.reason, n.serial, n.state, n.claimed_at, n.finished_at, {SAID} AS said
        FROM incidents i JOIN notifications n ON n.incident_id = i.id
        WHERE i.telling ORDER BY n.incident_id, n.url_id, n.claim, n.id"""  # noqa: S608 (a constant of ours)
    )
    gathered: dict[tuple[int, str], _Gathered] = {}
    for row in rows:
        gathered.setdefault((row["incident_id"], row["url_id"]), _Gathered()).add(row, line)
    return {key: told.as_told() for key, told in gathered.items()}


class _Gathered:
    """Told, while its rows are being read in the order of their attempts."""

    def __init__(self) -> None:
        self.said: Said | None = None
        self.said_at = 0.0
        self.booked: set[tuple[Reason, int]] = set()
        self.waiting: set[tuple[Reason, int]] = set()

    def add(self, row: sqlite3.Row, line: Timeline) -> None:
        key = (Reason(row["reason"]), row["serial"])
        self.booked.add(key)
        if row["state"] == "waiting":
            self.waiting.add(key)
        if row["said"] is not None:
            self.said = Said(row["said"])
            at = row["finished_at"] if row["state"] == "delivered" else row["claimed_at"]
            self.said_at = line.shown(at)

    def as_told(self) -> Told:
        return Told(self.said, self.said_at, frozenset(self.booked), frozenset(self.waiting))
