"""Holds what healthmon booked and told against what was really played. It shares no code with healthmon.

All it reads is a table of outages that were played, the database as plain rows of SQLite, and the JSON that webhooks
were sent, as docs/webhooks.md describes it.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from math import inf
from pathlib import Path
from typing import Any, NamedTuple

#: So long after the end of an outage healthmon may first have noted it, on a machine that has a lot to do; and so long
#: before its beginning it may have asked for the answer that tells of it, for that is its time. Two outages of one
#: thing are much further apart (seconds).
SLACK = 5.0

#: What is told of an outage that lasts or has lasted, and of one that is over.
BAD_NEWS, OVER = ("down", "was down"), ("up", "was down")


class Outage(NamedTuple):
    """What was played: one thing was gone from then until then (seconds, UTC); None: it still is."""

    pbx: str
    #: ``PJSIP/101``; "" for the PBX itself.
    endpoint: str
    gone_at: float
    back_at: float | None

    @property
    def thing(self) -> tuple[str, str]:
        """Whose outage it is."""
        return self.pbx, self.endpoint


class Incident(NamedTuple):
    """A row of the table ``incidents``."""

    number: int
    pbx: str
    endpoint: str
    opened_at: float
    closed_at: float | None

    @property
    def thing(self) -> tuple[str, str]:
        """Whose incident it is."""
        return self.pbx, self.endpoint


class Telling(NamedTuple):
    """What one message to one URL said of one incident."""

    number: int
    pbx: str
    endpoint: str
    tells: str
    is_marked: bool


#: The times at which one daemon, between its start and its end, asked the PBX for all its endpoints, in their order.
Looks = Sequence[float]


class Promise(NamedTuple):
    """What must be told in any case, and what never.

    An outage, or what lies between two, was surely seen if one daemon looked so often meanwhile. What has changed
    within the last ``flap_window`` seconds may have to last longer. An outage of no more than ``never_told`` seconds
    is none.
    """

    looks: int
    never_told: float
    flap_window: float


class Played(NamedTuple):
    """All that really happened."""

    outages: Sequence[Outage]
    daemons: Sequence[Looks]

    def surely_told(self, promise: Promise) -> list[Outage]:
        """The outages that must have an incident each: seen for long enough, after up was seen for long."""
        found = []
        for outages in _by_thing(self.outages).values():
            up_since = 0.0
            for outage in outages:
                was_up = up_since == 0.0 or self._is_seen(up_since, outage.gone_at - promise.flap_window, promise)
                if was_up and self._is_seen(outage.gone_at, outage.back_at or inf, promise):
                    found.append(outage)
                up_since = outage.back_at or inf
        return found

    def _is_seen(self, begin: float, end: float, promise: Promise) -> bool:
        """Whether one daemon has looked often enough from then until then."""
        return any(sum(begin < at < end for at in looks) >= promise.looks for looks in self.daemons)


def read_incidents(database: Path) -> list[Incident]:
    """Read all incidents, oldest first."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        rows = connection.execute(
            "SELECT id, pbx, technology, resource, opened_at, closed_at FROM incidents ORDER BY opened_at"
        ).fetchall()
    return [
        Incident(number, pbx, f"{technology}/{resource}" if technology else "", opened_at, closed_at)
        for number, pbx, technology, resource, opened_at, closed_at in rows
    ]


def read_tellings(bodies: Sequence[Mapping[str, Any]]) -> list[Telling]:
    """Read what one URL was told of each incident, in the order in which it arrived."""
    return [
        Telling(told["id"], told["pbx"], told["endpoint"], told["tells"], told["possibly_repeated"])
        for body in bodies
        for told in body["healthmon"]["incidents"]
    ]


def complaints(
    played: Played, incidents: Sequence[Incident], told: Mapping[str, Sequence[Telling]], promise: Promise
) -> list[str]:
    """Say everything that is not as it must be; ``told``: by the name of the URL. Empty: all is well."""
    found = [*wrong_bookings(played, incidents, promise)]
    for url, tellings in told.items():
        found += (f"{url}: {why}" for why in wrong_tellings(incidents, tellings))
        found += (f"{url}: {why}" for why in wrong_endings(played.outages, tellings))
    return found


# ---------------------------------------------------------------- what was booked


def wrong_bookings(played: Played, incidents: Sequence[Incident], promise: Promise) -> Iterator[str]:
    """Each outage that was surely seen has one incident of its own; each incident is of an outage, and ends with it."""
    outages_of, incidents_of = _by_thing(played.outages), _by_thing(incidents)
    surely = set(played.surely_told(promise))
    for outage in played.outages:
        number = sum(_is_of(incident, outage) for incident in incidents_of[outage.thing])
        if number > 1 or (number == 0 and outage in surely):
            yield f"{outage} has {number} incidents"
    for incident in incidents:
        met = [outage for outage in outages_of[incident.thing] if _is_of(incident, outage)]
        if not any(_lasted(outage) > promise.never_told for outage in met):
            yield f"{incident} is of no outage that is worth one: {met}"
        elif (incident.closed_at is None) != (met[-1].back_at is None):
            yield f"{incident} does not end as {met[-1]} does"


def _by_thing(records: Sequence[Any]) -> dict[tuple[str, str], list[Any]]:
    found: dict[tuple[str, str], list[Any]] = defaultdict(list)
    for record in records:
        found[record.thing].append(record)
    return found


def _is_of(incident: Incident, outage: Outage) -> bool:
    """Whether it was opened while that lasted."""
    end = inf if outage.back_at is None else outage.back_at
    return outage.gone_at - SLACK <= incident.opened_at <= end + SLACK


def _lasted(outage: Outage) -> float:
    return inf if outage.back_at is None else outage.back_at - outage.gone_at


# ---------------------------------------------------------------- what was told


def wrong_tellings(incidents: Sequence[Incident], tellings: Sequence[Telling]) -> Iterator[str]:
    """Each incident is told, in the right order, and twice only with the mark."""
    of_incident: dict[int, list[Telling]] = defaultdict(list)
    for telling in tellings:
        of_incident[telling.number].append(telling)
    for incident in incidents:
        told = of_incident.pop(incident.number, [])
        if why := _wrong_story(told, is_over=incident.closed_at is not None):
            yield f"{incident}: {why}: {told}"
    for number in of_incident:
        yield f"incident {number} was told, and nobody booked it"


def _wrong_story(told: Sequence[Telling], *, is_over: bool) -> str:
    if not told:
        return "never told"
    if told[0].tells not in BAD_NEWS:
        return "told of its end only"
    if (told[-1].tells in OVER) != is_over:
        return "the last message about it is not the truth"
    repeats = [*_repeats(told, BAD_NEWS), *_repeats(told, OVER)]
    return "told twice without the mark" if any(not telling.is_marked for telling in repeats) else ""


def _repeats(told: Sequence[Telling], kind: Sequence[str]) -> list[Telling]:
    """All that say again what was said: that it is down, or that it is over."""
    return [telling for telling in told if telling.tells in kind][1:]


def wrong_endings(outages: Sequence[Outage], tellings: Sequence[Telling]) -> Iterator[str]:
    """The last that was told of each thing is how it is."""
    down = {outage.thing for outage in outages if outage.back_at is None}
    last = {(telling.pbx, telling.endpoint): telling for telling in tellings}
    for thing in down - last.keys():
        yield f"{thing} is down, and nobody was told"
    for thing, telling in last.items():
        if (telling.tells in OVER) is (thing in down):
            yield f"the last that was told of {thing} is not the truth: {telling}"
