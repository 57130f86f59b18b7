"""Makes a database that holds years of history, quickly, and the same one for the same arguments.

``python -m tests.bench.years FILE [--targets N] [--transitions N] [--days N] [--seed N]`` keeps one to look at.

The store itself makes the tables and books the targets. The history is put in as rows, in the order in which it would
have been booked and with all indexes in place, so that the file is as large as that of a daemon that ran all the time.
"""

from __future__ import annotations

import argparse
import heapq
import sqlite3
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path
from random import Random
from typing import NamedTuple
from zoneinfo import ZoneInfo

from msgspec import Struct
from msgspec.structs import replace

from healthmon.model import Changes, Check, CheckState, Health, Kind, PbxState, Target
from healthmon.report.availability.daily_readings import Roller
from healthmon.store.rows import HEALTH_CODES
from healthmon.store.write.writer import open_writer

DAY = 86400.0
#: By whose clock the meters are read at the end of each day.
ZONE = ZoneInfo("Europe/Berlin")
ROWS_AT_ONCE = 50_000

#: An outage lasts three minutes, or much longer; the natural logarithm of its length is normally distributed.
MEDIAN_LENGTH, SPREAD, LONGEST = 180.0, 1.3, 3 * DAY
#: A PBX cannot be seen about every second week, for so long at most (seconds).
BLIND_EVERY, BLIND_FOR = 14 * DAY, 600.0

_UP, _DOWN = HEALTH_CODES[Health.UP], HEALTH_CODES[Health.DOWN]
_REACHABLE, _UNREACHABLE = "contact reachable", "peer status Unreachable"

_INSERT_WORD = "INSERT INTO words (text, last_used) VALUES (?, ?) RETURNING id"
_INSERT_TRANSITION = """INSERT INTO transitions (check_id, old_health, new_health, at, believed_at, cause)
    VALUES (?, ?, ?, ?, ?, ?)"""
_INSERT_UNKNOWN = "INSERT INTO veils (check_id, since, until, why) VALUES (?, ?, ?, ?)"
_INSERT_INCIDENT = f"""INSERT INTO incidents (pbx, technology, resource, check_name, kind, watch, health, opened_at,
        believed_at, cause, cohort, explained_by, flapping, flap_episodes, closed_at, ending, closed_words, telling)
    VALUES (?, ?, ?, '{Check.REACHABILITY}', ?, ?, 'down', ?, ?, '{_UNREACHABLE}', '', NULL, 0, 0, ?, 'recovered',
        '{_REACHABLE}', FALSE)"""
_INSERT_CHECK = """INSERT INTO checks (pbx, technology, resource, name, kind, watch, watched_since)
    VALUES (?, '', '', ?, 'pbx', '', ?) RETURNING id"""


class Years(Struct, frozen=True):
    """How much happened before ``until``. Each outage is two transitions and an incident that nobody was told of."""

    until: float
    targets: int = 5_000
    transitions: int = 10_000_000
    days: int = 730
    seed: int = 1
    pbxs: int = 10
    #: So many of each PBX's targets; the others are phones.
    providers: int = 10

    @property
    def since(self) -> float:
        """When everything was first watched."""
        return self.until - self.days * DAY

    @property
    def outages(self) -> int:
        """Besides them, each target and each PBX has one transition: when it was first seen."""
        return (self.transitions - self.targets - self.pbxs) // 2


class Outage(NamedTuple):
    """One target, named by its place in the list, is down from ``since`` until ``until``."""

    place: int
    since: float
    until: float


def make_years(path: Path, years: Years) -> None:
    """Make the database; ten million transitions take some minutes."""
    states = list(_states(years))
    _book(path, years, states)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        # Nobody needs what a crash leaves of it.
        for pragma in ("synchronous = OFF", "cache_size = -1000000"):
            connection.execute(f"PRAGMA {pragma}")
        _fill(connection, years, states)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    _read_meters(path, years)


def _read_meters(path: Path, years: Years) -> None:
    """Take the readings of all days, as a daemon does, but many at once."""
    writer = open_writer(path, now=years.until)
    writer._session.connection.execute("PRAGMA synchronous = OFF")
    roller = Roller(writer, ROWS_AT_ONCE)
    while roller.step(years.until, ZONE):
        pass
    writer.close()


def _states(years: Years) -> Iterator[CheckState]:
    """All are up at the end."""
    for pbx in (f"pbx{number:02}" for number in range(years.pbxs)):
        for place in range(years.targets // years.pbxs):
            is_provider = place < years.providers
            name, kind, watch = (
                (f"trunk-{place:02}", Kind.PROVIDER, "providers")
                if is_provider
                else (f"{1000 + place}", Kind.PHONE, "phones")
            )
            yield _up(Target(pbx, "PJSIP", name), Check.REACHABILITY, kind, watch, years)
    for number in range(years.pbxs):
        yield _up(Target(f"pbx{number:02}"), Check.CONNECTION, Kind.PBX, "", years)


def _up(target: Target, check: str, kind: Kind, watch: str, years: Years) -> CheckState:
    at = years.until - DAY
    return CheckState(target, check, kind, watch, years.since, Health.UP, at, at, _REACHABLE, ever_up=True)


def _book(path: Path, years: Years, states: Sequence[CheckState]) -> None:
    writer = open_writer(path, now=years.since)
    pbxs = {state.target.pbx: PbxState(state.target.pbx, was_seen=True) for state in states}
    writer.commit(Changes(states={(state.target, state.check): state for state in states}, pbx_states=pbxs))
    writer.alive(years.until, [])
    writer.close()


def _fill(connection: sqlite3.Connection, years: Years, states: Sequence[CheckState]) -> None:
    ids = {
        tuple(row[1:]): row[0] for row in connection.execute("SELECT id, pbx, technology, resource, name FROM checks")
    }
    checks = [ids[*state.target, state.check] for state in states]
    words = {
        text: connection.execute(_INSERT_WORD, (text, years.until)).fetchall()[0][0]
        for text in (_REACHABLE, _UNREACHABLE, "no answer")
    }
    _insert(connection, _INSERT_TRANSITION, _transitions(years, checks, words[_REACHABLE], words[_UNREACHABLE]))
    _insert(connection, _INSERT_INCIDENT, _incidents(years, states))
    _insert(connection, _INSERT_UNKNOWN, _blindness(connection, years, words["no answer"]))


def _insert(connection: sqlite3.Connection, sql: str, rows: Iterable[Sequence[object]]) -> None:
    waiting = iter(rows)
    while some := list(islice(waiting, ROWS_AT_ONCE)):
        connection.execute("BEGIN")
        connection.executemany(sql, some)
        connection.execute("COMMIT")


def _outages(years: Years) -> Iterator[Outage]:
    """In the order of their beginnings. Some targets have many more than others; each has one at a time."""
    random = Random(years.seed)
    free_at = [years.since + 60] * years.targets
    for day in range(years.days):
        count = years.outages * (day + 1) // years.days - years.outages * day // years.days
        begins = years.since + day * DAY + 120
        for since in sorted(begins + random.random() * (DAY - 240) for _ in range(count)):
            place = int(random.random() ** 1.5 * years.targets)
            while free_at[place] > since:
                place = (place + 1) % years.targets
            length = min(random.lognormvariate(0, SPREAD) * MEDIAN_LENGTH, LONGEST)
            until = min(since + length, years.until - 60)
            free_at[place] = until + 1
            yield Outage(place, since, until)


def _transitions(years: Years, checks: Sequence[int], reachable: int, unreachable: int) -> Iterator[tuple[object, ...]]:
    """In the order of time."""
    for check in checks:
        yield check, None, _UP, years.since + 1, years.since + 1, reachable
    ends: list[tuple[float, int]] = []
    for outage in _outages(years):
        while ends and ends[0][0] <= outage.since:
            until, check = heapq.heappop(ends)
            yield check, _DOWN, _UP, until, until + 10, reachable
        check = checks[outage.place]
        yield check, _UP, _DOWN, outage.since, outage.since + 30, unreachable
        heapq.heappush(ends, (outage.until, check))
    for until, check in sorted(ends):
        yield check, _DOWN, _UP, until, until + 10, reachable


def _incidents(years: Years, states: Sequence[CheckState]) -> Iterator[tuple[object, ...]]:
    for outage in _outages(years):
        state = states[outage.place]
        since, until = outage.since, outage.until
        yield *state.target, state.kind, state.watch, since, since + 30, until


def _blindness(connection: sqlite3.Connection, years: Years, why: int) -> Iterator[tuple[object, ...]]:
    """All that is behind a PBX is veiled now and then."""
    random = Random(years.seed)
    for number in range(years.pbxs):
        row = (f"pbx{number:02}", Check.REACHABILITY, years.since)
        check = connection.execute(_INSERT_CHECK, row).fetchall()[0][0]
        for turn in range(int(years.days * DAY / BLIND_EVERY)):
            since = years.since + turn * BLIND_EVERY + random.random() * (BLIND_EVERY - BLIND_FOR)
            yield check, since, since + random.uniform(5, BLIND_FOR), why


def main(arguments: Sequence[str]) -> None:
    """Make one, and say how long that took."""
    usual = Years(until=time.time())
    parser = argparse.ArgumentParser(prog="python -m tests.bench.years", description="Make years of history.")
    parser.add_argument("file", type=Path)
    for name in ("targets", "transitions", "days", "seed"):
        parser.add_argument(f"--{name}", type=int, default=getattr(usual, name))
    asked = vars(parser.parse_args(arguments))
    path: Path = asked.pop("file")
    if path.exists():
        parser.error(f"{path} is there already")
    begun = time.monotonic()
    make_years(path, replace(usual, **asked))
    print(f"{path}: {path.stat().st_size / 1e6:,.0f} MB in {time.monotonic() - begun:.0f} s")


if __name__ == "__main__":
    main(sys.argv[1:])
