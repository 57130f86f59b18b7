"""The incidents that a report lists: chosen, counted and put in order by SQLite, so that nobody has all in memory."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import lru_cache

from msgspec import Struct
from msgspec.structs import replace

from healthmon.model import (
    ENDPOINT_CHECKS,
    EVENTS_OF_A_PBX,
    OUR_TECHNOLOGIES,
    SETTLES_S,
    Check,
    Health,
    Incident,
    Kind,
    Target,
    check_counts,
)
from healthmon.store.codec import named
from healthmon.store.read.unseen import with_unseen
from healthmon.store.rows import INCIDENTS, KINDS
from healthmon.store.session import Session
from healthmon.store.sqlite.connect import Connection, Cursor
from healthmon.store.sqlite.readonly import connect_again

#: So many incidents are read at once, and are in memory.
INCIDENTS_AT_ONCE = 1_000

#: So many different targets are decided about once, and not for each of their incidents.
_TARGETS_REMEMBERED = 50_000

#: Whether what happens to this target, of this kind and watch section, is wanted.
Wants = Callable[[Target, Kind, str], bool]


class Wanted(Struct, frozen=True):
    """Which incidents are asked for: those that overlap a window, of the targets that are wanted."""

    since: float
    until: float
    #: None: all are.
    wants: Wants | None = None
    #: Also those that another one of these explains.
    with_explained: bool = True
    #: What ended later lasted still.
    known_at: float = float("inf")


def _wanted(alias: str) -> str:
    names = ", ".join(f"{alias}.{name}" for name in ("pbx", "technology", "resource", "kind", "watch"))
    return f"(:wants_all OR CHOSEN({names}))"


def _that(ended: str) -> str:
    """Incidents that ended so; each end has an index of its own."""
    return f"""SELECT one.id, one.opened_at FROM incidents one
    WHERE {ended} AND one.opened_at < :until AND one.check_name NOT IN {EVENTS_OF_A_PBX} AND {_wanted("one")}
        AND (:with_explained OR one.explained_by IS NULL OR NOT EXISTS (
            SELECT 1 FROM incidents bigger WHERE bigger.id = one.explained_by AND bigger.opened_at < :until
            AND (bigger.closed_at IS NULL OR bigger.closed_at > :since
                AND one.closed_at <= bigger.closed_at + {SETTLES_S}) AND {_wanted("bigger")}))"""  # noqa: S608


_THOSE = f"{_that('one.closed_at IS NULL')} UNION ALL {_that('one.closed_at > :since')}"

COUNT = f"SELECT COUNT(*) FROM ({_THOSE}) AS those"  # noqa: S608 (constants of ours, here and below)

#: As the most that are wanted.
ALL = -1

NEWEST = f"SELECT id FROM ({_THOSE}) AS those ORDER BY opened_at DESC, id DESC LIMIT :most"  # noqa: S608

_OURS = ", ".join(f"'{word}'" for word in sorted(OUR_TECHNOLOGIES))


#: Its watch section may leave out a check of its endpoints.
_COUNTS_HERE = """NOT EXISTS (SELECT 1 FROM checks c JOIN states s ON s.check_id = c.id
            WHERE c.pbx = one.pbx AND c.technology = one.technology AND c.resource = one.resource
            AND c.name = one.check_name AND NOT s.counts)"""


def _causes_of(these: str) -> str:
    """What explains outages in the end: a phone's its site, a site's the line of its PBX. ``these``: of which."""

    def that(ended: str) -> str:
        return f"""SELECT COALESCE(third.id, second.id, first.id, one.id) AS cause FROM incidents one
        LEFT JOIN incidents first ON first.id = one.explained_by
        LEFT JOIN incidents second ON second.id = first.explained_by
        LEFT JOIN incidents third ON third.id = second.explained_by
    WHERE {ended} AND one.opened_at < :until AND {_wanted("one")} AND {these}
        AND (one.health = '{Health.DOWN}' OR one.was_down OR one.flap_episodes > 0)"""  # noqa: S608

    return f"{that('one.closed_at IS NULL')} UNION ALL {that('one.closed_at > :since')}"


_COUNTING = ", ".join(f"'{check}'" for check in (Check.CONNECTION, *filter(check_counts, ENDPOINT_CHECKS)))
_OF_SINGLE = _causes_of(f"one.check_name IN ({_COUNTING}) AND {_COUNTS_HERE} AND one.technology NOT IN ({_OURS})")

_GROUPS = ", ".join(f"'{kind}'" for kind in Kind if kind.is_group)
_OF_GROUPS = _causes_of(f"one.kind IN ({_GROUPS}) AND NOT (:leaves_out AND one.muted_by LIKE 'maintenance%')")

CAUSES = f"SELECT COUNT(DISTINCT cause) FROM ({_OF_SINGLE}) AS causes"  # noqa: S608

#: The outages of groups to which no outage of a single target goes back.
GROUPS_ALONE = f"""SELECT COUNT(DISTINCT cause) FROM ({_OF_GROUPS}) AS groups_alone
    WHERE cause NOT IN (SELECT cause FROM ({_OF_SINGLE}) AS causes)"""  # noqa: S608


NUMBERED = "SELECT * FROM incidents WHERE id = :id"


def _of_sites(ended: str) -> str:
    return f"""SELECT one.* FROM incidents one
    WHERE {ended} AND one.opened_at < :until AND one.kind = '{Kind.SITE}' AND {_wanted("one")}"""  # noqa: S608


OF_SITES = f"{_of_sites('one.closed_at IS NULL')} UNION ALL {_of_sites('one.closed_at > :since')}"


def count(session: Session, wanted: Wanted) -> int:
    """Count those that are wanted."""
    return int(_ask(session, COUNT, wanted).fetchone()[0])


def count_causes(session: Session, wanted: Wanted) -> int:
    """Count what the outages of those that are wanted go back to; what one thing took with it is one."""
    return int(_ask(session, CAUSES, wanted).fetchone()[0])


def count_groups_alone(session: Session, wanted: Wanted, *, without_maintenance: bool) -> int:
    """Count the outages of sites and lines to the world to which none of a single target goes back."""
    return int(_ask(session, GROUPS_ALONE, wanted, leaves_out=without_maintenance).fetchone()[0])


def newest(session: Session, wanted: Wanted, most: int | None = None) -> array[int]:
    """Return the numbers of those that are wanted, the newest first; at most so many."""
    if most is None:
        most = ALL
    found = _ask(session, NEWEST, wanted, most=most)
    return array("q", (row["id"] for row in found))


def of_sites(session: Session, wanted: Wanted) -> Iterator[Incident]:
    """Read those of sites, in no order."""
    return (as_it_was(INCIDENTS.of(row, session.timeline), wanted.known_at) for row in _ask(session, OF_SITES, wanted))


def numbered(session: Session, wanted: Wanted, numbers: array[int]) -> Iterator[Incident]:
    """Read incidents by their numbers, in the order of these, as they were known."""
    for number in numbers:
        row = session.row(NUMBERED, {"id": number})
        if row is not None:
            yield with_unseen(session, as_it_was(INCIDENTS.of(row, session.timeline), wanted.known_at), wanted.until)


def as_it_was(incident: Incident, now: float) -> Incident:
    """Say of an incident what was known then: its end, and that somebody took note, may have come later."""
    if incident.acked_at is not None and incident.acked_at > now:
        incident = replace(incident, acked_at=None, acked_by="", ack_reason="")
    if incident.closed_at is not None and incident.closed_at > now:
        incident = replace(incident, closed_at=None, ending=None, closed_words="")
    return incident


def _ask(session: Session, sql: str, wanted: Wanted, **more: int) -> Cursor:
    let_choose(session.connection, wanted.wants)
    parameters = {
        "since": session.timeline.stored(wanted.since),
        "until": session.timeline.stored(wanted.until),
        "wants_all": wanted.wants is None,
        "with_explained": wanted.with_explained,
        **more,
    }
    return session.execute(sql, parameters)


def let_choose(connection: Connection, wants: Wants | None) -> None:
    """Teach SQLite which targets are wanted: shell patterns mean the same here as for the targets of a report."""

    @lru_cache(_TARGETS_REMEMBERED)
    def is_chosen(pbx: str, technology: str, resource: str, kind: str, watch: str) -> bool:
        return wants is None or wants(named(pbx, technology, resource), KINDS[kind], watch)

    connection.create_function("CHOSEN", 5, is_chosen, deterministic=True)


class StoredIncidents:
    """Incidents by their numbers, read again each time that they are gone through, a page at a time.

    Each page is a moment of its own, so that a consumer that stalls keeps nothing from the daemon. What was pruned in
    the meantime is missing. Not to be read while a reader of this process is open (``connect_reader``).
    """

    def __init__(self, session: Session, wanted: Wanted, numbers: array[int]) -> None:
        self._path = session.path
        self._timeline = session.timeline
        self._wanted = wanted
        self._numbers = numbers

    def __len__(self) -> int:
        """How many there are."""
        return len(self._numbers)

    def __iter__(self) -> Iterator[Incident]:
        """Read them in their order. Raises a StoreError."""
        for first in range(0, len(self._numbers), INCIDENTS_AT_ONCE):
            connection, _ = connect_again(self._path)
            session = Session(self._path, connection, self._timeline)
            with closing(session), session.errors_named():
                numbers = self._numbers[first : first + INCIDENTS_AT_ONCE]
                page = list(numbered(session, self._wanted, numbers))
            yield from page
