"""What the database says of the watcher itself: for whoever watches the watcher."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from healthmon.core.pulse import Pulse
from healthmon.model import Check, Health
from healthmon.store.connect import errors_named, open_connection
from healthmon.store.reading import read_freshness, read_pbx_states
from healthmon.store.timeline import read_timeline

_DOWN = """SELECT c.pbx FROM checks c JOIN states s ON s.check_id = c.id
    WHERE c.technology = '' AND c.name = :connection AND s.belief = :down"""


def read_pulse(path: Path) -> Pulse:
    """Read when the engine last committed, and how every PBX stands. It waits for no writer.

    Raises DatabaseUnwritable where the file cannot be used now, or another StoreError.
    """
    with errors_named(path), closing(open_connection(path, "mode=ro")) as connection:
        connection.execute("BEGIN")
        line = read_timeline(connection)
        alive_at = connection.execute("SELECT alive_at FROM daemon").fetchone()[0]
        down = connection.execute(_DOWN, {"connection": Check.CONNECTION, "down": Health.DOWN})
        return Pulse(
            alive_at=line.shown_or_none(alive_at),
            freshness={each.pbx: each for each in read_freshness(connection, line)},
            pbx_states={each.pbx: each for each in read_pbx_states(connection, line)},
            down=frozenset(row["pbx"] for row in down),
        )
