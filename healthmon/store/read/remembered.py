"""What the writer, the deliverers and the readers all ask of the tables. Call it inside a transaction."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from itertools import chain, groupby
from operator import itemgetter

from healthmon.core.alerting.decide import opened_at
from healthmon.model import (
    CheckState,
    Commands,
    EndpointSettings,
    Freshness,
    Incident,
    PbxState,
    Place,
    Reason,
    Restart,
    Said,
    Target,
    Told,
    UrlState,
)
from healthmon.store.codec import target_of, target_row
from healthmon.store.rows import (
    ACKNOWLEDGEMENTS,
    FRESHNESS,
    INCIDENTS,
    PBX_STATES,
    RESTARTS,
    SETTINGS,
    SILENCES,
    STATE_COLUMNS,
    STATES,
    URLS,
    place_of,
)
from healthmon.store.schema import NO_END
from healthmon.store.session import Session
from healthmon.store.sqlite.connect import Stored
from healthmon.store.timeline import Timeline

#: What a row has told, or may have told: a row in doubt keeps what it said until another attempt has a result.
SAID = "CASE WHEN state IN ('sending', 'delivered') THEN says ELSE in_doubt END"

#: Since when a message is being sent to ``urls u`` of which no result is booked.
SENDING_SINCE = """(SELECT MIN(n.claimed_at) FROM notifications n
    WHERE n.url_id = u.url_id AND n.state = 'sending') AS sending_since"""

TOLD = f"""SELECT n.incident_id, n.url_id, n.reason, n.serial, n.state, {SAID} AS said,
        CASE WHEN n.state = 'delivered' THEN n.finished_at ELSE n.claimed_at END AS said_at,
        n.booked_at, n.size
    FROM incidents i CROSS JOIN notifications n
    WHERE i.telling AND n.incident_id = i.id ORDER BY i.id, n.url_id, n.claim, n.id"""  # noqa: S608 (a constant of ours)

# A dictionary is ten times faster than asking the enum, and a storm has many rows.
_REASONS = {str(reason): reason for reason in Reason}
_SAIDS = {str(said): said for said in Said}


_STATES = f"SELECT {STATE_COLUMNS} FROM checks c JOIN states s ON s.check_id = c.id"  # noqa: S608 (a constant of ours)
_BY_TARGET = "ORDER BY c.pbx, c.technology, c.resource, c.name"


def read_states(session: Session) -> Iterator[CheckState]:
    """Read every state, ordered by target."""
    return (STATES.of_values(list(row), session.timeline) for row in session.execute(f"{_STATES} {_BY_TARGET}"))


def read_states_of(session: Session, target: Target) -> Iterator[CheckState]:
    """Read the states of one target's checks."""
    rows = session.execute(
        f"{_STATES} WHERE c.pbx = :pbx AND c.technology = :technology AND c.resource = :resource {_BY_TARGET}",
        target_row(target),
    )
    return (STATES.of_values(list(row), session.timeline) for row in rows)


def read_pbx_states(session: Session) -> Iterator[PbxState]:
    """Read the state of every PBX, ordered by name."""
    return (PBX_STATES.of(row, session.timeline) for row in session.execute("SELECT * FROM pbx_states ORDER BY pbx"))


def read_settings(session: Session) -> Iterator[EndpointSettings]:
    """Read every endpoint's settings."""
    return (SETTINGS.of(row, session.timeline) for row in session.execute("SELECT * FROM settings"))


def read_outbound_auth(session: Session, pbxs: Iterable[str]) -> frozenset[Target]:
    """Read which endpoints of these PBXs have an ``outbound_auth``."""
    rows = (
        row
        for pbx in pbxs
        for row in session.execute(
            "SELECT pbx, technology, resource FROM settings WHERE pbx = :pbx AND has_outbound_auth", {"pbx": pbx}
        )
    )
    return frozenset(Target(*row) for row in rows)


#: Of so many endpoints it takes longer to ask for each name than to read all names.
_FEW = 200

_CALLER_NAMES = "SELECT pbx, technology, resource, caller_name FROM settings WHERE caller_name <> ''"
_CALLER_NAME = f"{_CALLER_NAMES} AND pbx = :pbx AND technology = :technology AND resource = :resource"


def read_caller_names(session: Session, wanted: Collection[Target] | None = None) -> dict[Target, str]:
    """Read the names in the caller ids of endpoints, at least of those that are wanted; None: of all."""
    rows: Iterable[Stored]
    if wanted is not None and len(wanted) <= _FEW:
        rows = chain.from_iterable(session.rows(_CALLER_NAME, target_row(target)) for target in wanted)
    else:
        rows = session.execute(_CALLER_NAMES)
    # Of all 20,000 endpoints this is a third of the time that rows by the names of their columns take.
    return {Target(pbx, technology, resource): name for pbx, technology, resource, name in rows}


def read_places(session: Session) -> dict[Target, tuple[Place, ...]]:
    """Read where the contacts of each endpoint were seen last, the newest at the end."""
    rows = session.execute(
        "SELECT * FROM contacts WHERE until = :no_end ORDER BY pbx, technology, resource, since, id", {"no_end": NO_END}
    )
    return {target: tuple(map(place_of, its_rows)) for target, its_rows in groupby(rows, key=target_of)}


def read_freshness(session: Session) -> Iterator[Freshness]:
    """Read how fresh our view of each PBX is, ordered by name."""
    return (FRESHNESS.of(row, session.timeline) for row in session.execute("SELECT * FROM freshness ORDER BY pbx"))


def read_incident(session: Session, number: int) -> Incident:
    """Read the incident of this number, which must be there."""
    [row] = session.rows("SELECT * FROM incidents WHERE id = :id", {"id": number})
    return INCIDENTS.of(row, session.timeline)


def read_telling(session: Session) -> Iterator[Incident]:
    """Read the open incidents, and the closed ones whose telling is not finished, ordered by number."""
    rows = session.execute("SELECT * FROM incidents WHERE telling ORDER BY id")
    return (INCIDENTS.of(row, session.timeline) for row in rows)


def read_ended(session: Session) -> Iterator[Incident]:
    """Read the closed ones of these: few, also while thousands are open."""
    rows = session.execute("SELECT * FROM incidents WHERE telling AND closed_at IS NOT NULL ORDER BY id")
    return (INCIDENTS.of(row, session.timeline) for row in rows)


def read_restarts(session: Session, since: float) -> Iterator[Restart]:
    """Read the restarts of Asterisk since a time, the oldest first."""
    rows = session.execute(
        "SELECT * FROM restarts WHERE at >= :since ORDER BY at, id", {"since": session.timeline.stored(since)}
    )
    return (RESTARTS.of(row, session.timeline) for row in rows)


def read_commands(session: Session, now: float) -> Commands:
    """Read the silences that are not over at ``now``, and the acknowledgements of open incidents."""
    silences = session.execute(
        "SELECT * FROM silences WHERE until > :now ORDER BY id", {"now": session.timeline.stored(now)}
    )
    acknowledgements = session.execute(
        """SELECT a.* FROM incidents i CROSS JOIN acknowledgements a
        WHERE i.closed_at IS NULL AND a.incident_id = i.id ORDER BY a.incident_id"""
    )
    return Commands(
        tuple(SILENCES.of(row, session.timeline) for row in silences),
        tuple(ACKNOWLEDGEMENTS.of(row, session.timeline) for row in acknowledgements),
    )


def read_urls(session: Session) -> Iterator[UrlState]:
    """Read how delivery to each URL stands that was ever used, ordered by name."""
    rows = session.execute(f"SELECT u.*, {SENDING_SINCE} FROM urls u ORDER BY u.url_id")  # noqa: S608 (a constant)
    return (URLS.of(row, session.timeline) for row in rows)


def read_told(session: Session) -> dict[tuple[int, str], Told]:
    """Read what each URL was told about each incident whose telling is not finished."""
    rows = session.execute(TOLD)
    return {key: _told(list(its_rows), session.timeline) for key, its_rows in groupby(rows, key=itemgetter(0, 1))}


def _told(rows: list[Stored], timeline: Timeline) -> Told:
    """Sum up the rows of one incident and URL, which come in the order of their newest attempts."""
    said: Said | None = None
    said_at, size = 0.0, 0
    booked, waiting = {}, []
    for _, _, reason, serial, state, row_said, row_said_at, booked_at, row_size in rows:
        key = (_REASONS[reason], serial)
        booked[key] = booked_at
        if state == "waiting":
            waiting.append(key)
        if row_said is not None:
            said, said_at, size = _SAIDS[row_said], timeline.shown(row_said_at), row_size
    return Told(said, said_at, frozenset(booked), frozenset(waiting), timeline.shown(opened_at(booked)), size)
