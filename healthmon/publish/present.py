"""How everything stands now, read from the database once for all who ask."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from healthmon.model import IDLE, Incident, Workload
from healthmon.report.status.query import read_status
from healthmon.report.status.rows import Status
from healthmon.store.read.queries import Reader, UrlFacts


class Present(Struct, frozen=True):
    """One moment. ``revision`` is another one after each change."""

    revision: str
    status: Status
    #: What lasts, oldest first.
    incidents: tuple[Incident, ...] = ()
    #: The highest number that an incident has had: so many there were.
    incidents_so_far: int = 0
    #: How delivery to each URL stands.
    urls: tuple[UrlFacts, ...] = ()
    #: What the daemon's engine had to do.
    workload: Workload = IDLE
    #: Whether this is all there is, and not what somebody sees who may see a part.
    is_whole: bool = True


def read_present(reader: Reader, now: float, names: Mapping[str, str], revision: str) -> Present:
    """Read how everything stands. ``names``: what the configuration calls endpoints."""
    return Present(
        revision,
        read_status(reader, now, names),
        tuple(reader.open_incidents()),
        reader.last_incident_number(),
        tuple(reader.urls()),
        reader.daemon().workload,
    )
