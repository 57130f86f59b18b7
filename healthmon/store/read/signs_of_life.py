"""What the database says of the watcher itself: for whoever watches the watcher."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from healthmon.model import Check, Health
from healthmon.store.read.remembered import read_freshness, read_pbx_states
from healthmon.store.session import Session
from healthmon.store.sqlite.connect import open_to_read
from healthmon.watchdog.pulse import Pulse

# Of what is down people are told; so they are of what only we cannot see, but that we are well must be proven: somebody
# has been reached. Where nobody is to be told, somebody wanted it so.
_ACCOUNTED_FOR = """SELECT c.pbx FROM checks c JOIN states s ON s.check_id = c.id
    WHERE c.technology = '' AND c.name = :connection AND (s.belief = :down OR (s.belief = :unknown AND EXISTS (
        SELECT 1 FROM incidents i WHERE i.closed_at IS NULL AND i.pbx = c.pbx AND i.technology = ''
        AND i.check_name = c.name AND (
            EXISTS (SELECT 1 FROM notifications n WHERE n.incident_id = i.id AND n.state = 'delivered')
            OR NOT EXISTS (SELECT 1 FROM notifications n WHERE n.incident_id = i.id)))))"""


def read_pulse(path: Path) -> Pulse:
    """Read when the engine last committed, and how every PBX stands. It waits for no writer.

    Raises DatabaseUnwritable where the file cannot be used now, or another StoreError.
    """
    session = Session(path, open_to_read(path))
    with closing(session), session.errors_named():
        session.execute("BEGIN")
        timeline = session.read_timeline()
        names = {"connection": Check.CONNECTION, "down": Health.DOWN, "unknown": Health.UNKNOWN}
        accounted_for = session.execute(_ACCOUNTED_FOR, names)
        return Pulse(
            alive_at=timeline.shown_or_none(session.of_daemon("alive_at")),
            freshness={freshness.pbx: freshness for freshness in read_freshness(session)},
            pbx_states={state.pbx: state for state in read_pbx_states(session)},
            accounted_for=frozenset(row["pbx"] for row in accounted_for),
        )
