"""What figures are made from: of each check its changes, its unknown periods, and the readings of its meter.

Each question is one look into an index. The rows are plain tuples: a year of 5,000 targets has millions of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from healthmon.history.measurements import Measured
from healthmon.model import (
    IN_MAINTENANCE_MODE,
    REGISTRATION,
    Check,
    Health,
    Kind,
    Length,
    Reading,
    Target,
    check_counts,
)
from healthmon.store.codec import named, target_row
from healthmon.store.read.buckets import read_measured
from healthmon.store.rows import HEALTH_CODES, HEALTHS, KINDS
from healthmon.store.schema import NO_END
from healthmon.store.session import Session

if TYPE_CHECKING:
    # What status does not need: it is how a report takes readings.
    from healthmon.history.day_values import DayReading

FOREVER = float("inf")

#: How long a bucket of ``measured_days`` is (seconds).
_DAY = 86400.0

#: One check of each target: reachability, a PBX's connection, and what a registration that belongs to nobody has.
_ONE_OF_EACH = f"""c.name = CASE c.technology WHEN '' THEN '{Check.CONNECTION}'
    WHEN '{REGISTRATION}' THEN '{Check.REGISTRATION}' ELSE '{Check.REACHABILITY}' END"""

#: Under this name, a PBX has what hides everything behind it; that is no check.
_HAS_METER = f"NOT (c.technology = '' AND c.name = '{Check.REACHABILITY}')"
_IS_CHECK = f"{_HAS_METER} AND c.name <> '{Check.ALL}'"

# What most checks do not have is asked of all at once: thousands of questions that find nothing take their time, too.
_CHECK = """c.id, c.pbx, c.technology, c.resource, c.name, c.kind, c.watch, c.watched_since, c.forgotten_at,
        s.watched_since, (SELECT MAX(until) FROM veils WHERE check_id = c.id),
        (SELECT MAX(at) FROM measured_days WHERE check_id = c.id),
        t.at, t.old_health, s.counts"""

_WITH_STATES_AND_FIRST_CHANGES = """checks c LEFT JOIN states s ON s.check_id = c.id
    LEFT JOIN transitions t ON t.rev = (SELECT rev FROM transitions WHERE check_id = c.id ORDER BY at, rev LIMIT 1)"""

CHECKS_WATCHED = f"""SELECT {_CHECK}
    FROM {_WITH_STATES_AND_FIRST_CHANGES}
    WHERE {_ONE_OF_EACH} AND c.watched_since < :until AND (c.forgotten_at IS NULL OR c.forgotten_at > :since)
    ORDER BY c.pbx, c.technology, c.resource"""  # noqa: S608 (constants of ours)

TARGETS_OF_KIND = """SELECT DISTINCT pbx, technology, resource FROM checks
    WHERE kind = :kind AND watched_since < :until AND (forgotten_at IS NULL OR forgotten_at > :since)
    ORDER BY pbx, technology, resource"""

#: The other checks of each target.
CHECKS_WATCHED_BESIDE = f"""SELECT {_CHECK}
    FROM {_WITH_STATES_AND_FIRST_CHANGES}
    WHERE NOT ({_ONE_OF_EACH}) AND {_IS_CHECK}
        AND c.watched_since < :until AND (c.forgotten_at IS NULL OR c.forgotten_at > :since)
    ORDER BY c.name, c.pbx, c.technology, c.resource"""  # noqa: S608 (constants of ours)

#: The next ones in the order of their numbers, watched or not, and the meters over all checks of a target.
CHECKS_AFTER = f"""SELECT {_CHECK}
    FROM {_WITH_STATES_AND_FIRST_CHANGES}
    WHERE c.id > :number AND {_HAS_METER} ORDER BY c.id LIMIT :limit"""  # noqa: S608

#: What else endpoints have, whenever that was: most have nothing.
CHECKS_BESIDE = f"""SELECT {_CHECK}
    FROM {_WITH_STATES_AND_FIRST_CHANGES}
    WHERE c.technology NOT IN ('', '{REGISTRATION}') AND c.name <> '{Check.REACHABILITY}' ORDER BY c.id"""  # noqa: S608

CHECKS_OF_TARGET = f"""SELECT {_CHECK}
    FROM {_WITH_STATES_AND_FIRST_CHANGES}
    WHERE c.pbx = :pbx AND c.technology = :technology AND c.resource = :resource ORDER BY c.id"""  # noqa: S608

CHANGES = """SELECT at, new_health FROM transitions
    WHERE check_id = :check_id AND at >= :since AND at < :until ORDER BY at, rev"""

UNKNOWN_PERIODS = """SELECT since, until FROM veils
    WHERE check_id = :check_id AND until > :since AND since < :until ORDER BY until"""

UNKNOWN_BEHIND_PBXS = f"""SELECT c.pbx, v.since, v.until FROM checks c CROSS JOIN veils v
    WHERE c.technology = '' AND c.name = '{Check.REACHABILITY}' AND v.check_id = c.id
        AND v.since < :until"""  # noqa: S608 (constants of ours)

#: Each has words of its own, for they say when it began; mostly there are none, and then nothing else is looked at.
WORDS_OF_MAINTENANCE_MODES = f"SELECT id FROM words WHERE text LIKE '{IN_MAINTENANCE_MODE}%'"  # noqa: S608

# By the checks: there are fewer of them than times in which something was not seen, which each has an index of.
MAINTENANCE_MODES = f"""SELECT c.pbx, c.technology, c.resource, v.since, v.until FROM checks c CROSS JOIN veils v
    WHERE c.name = '{Check.REACHABILITY}' AND v.check_id = c.id AND v.until > :since AND v.since < :until
        AND v.why IN ({WORDS_OF_MAINTENANCE_MODES})"""  # noqa: S608 (constants of ours)

_READING = """at, up_s, degraded_s, down_s, unknown_s, outages, longest_s, belief, was_used, is_out, out_s,
    outages_unseen_s, longest_unseen_s, out_unseen_s"""


READING_UNTIL = f"""SELECT {_READING} FROM daily
    WHERE check_id = :check_id AND at <= :at ORDER BY at DESC LIMIT 1"""  # noqa: S608

READING_AFTER = f"""SELECT {_READING} FROM daily
    WHERE check_id = :check_id AND at > :at ORDER BY at LIMIT 1"""  # noqa: S608

_LONGEST = f"""SELECT {_READING} FROM daily
    WHERE check_id = :check_id AND at > {{}} AND at <= :until ORDER BY longest_s DESC, longest_unseen_s DESC LIMIT 1"""  # noqa: S608

LONGEST = _LONGEST.format(":since")

DAY_READINGS = """SELECT at, up_s, degraded_s, down_s, unknown_s, belief, was_used FROM daily
    WHERE check_id = :check_id AND at > :since AND at < :until ORDER BY at"""

_FIRST_AFTER = "(SELECT at FROM daily WHERE check_id = :check_id AND at > :since ORDER BY at LIMIT 1)"

# One question instead of four: it is asked for each target.
READINGS_AROUND = f"""SELECT 0 AS place, * FROM (SELECT {_READING} FROM daily
        WHERE check_id = :check_id AND at <= :since ORDER BY at DESC LIMIT 1)
    UNION ALL SELECT 1, * FROM (SELECT {_READING} FROM daily
        WHERE check_id = :check_id AND at > :since ORDER BY at LIMIT 1)
    UNION ALL SELECT 2, * FROM (SELECT {_READING} FROM daily
        WHERE check_id = :check_id AND at <= :until ORDER BY at DESC LIMIT 1)
    UNION ALL SELECT 3, * FROM ({_LONGEST.format(_FIRST_AFTER)})"""  # noqa: S608

# Whatever was measured is in the bucket of its day, too.
HAS_MEASURED = "SELECT 1 FROM measured_days WHERE check_id = :check_id AND at > :since AND at < :until LIMIT 1"

_INSERT_READING = f"""INSERT INTO daily (check_id, {_READING}) VALUES (:check_id, :at, :up_s, :degraded_s, :down_s,
    :unknown_s, :outages, :longest_s, :belief, :was_used, :is_out, :out_s, :outages_unseen_s, :longest_unseen_s,
    :out_unseen_s)"""  # noqa: S608


#: The meter over all checks of a target is there as long as any of its history is; until it is read, it has no number.
_NOTE_SEVERAL = f"""INSERT INTO checks (pbx, technology, resource, name, kind, watch, watched_since, forgotten_at)
    SELECT pbx, technology, resource, '{Check.ALL}', kind, watch, :since, forgotten_at FROM checks
    WHERE pbx = :pbx AND technology = :technology AND resource = :resource AND name = '{Check.REACHABILITY}'
    ON CONFLICT (pbx, technology, resource, name) DO UPDATE SET
        kind = excluded.kind, watch = excluded.watch, forgotten_at = excluded.forgotten_at"""  # noqa: S608
_NO_NUMBER = 0


class Watched(NamedTuple):
    """One check that was watched in a window, or all checks of a target, and its number in the database."""

    id: int
    target: Target
    check: str
    kind: Kind
    watch: str
    #: When it was taken under watch: the first time, and the last time.
    watched_from: tuple[float, ...]
    forgotten_at: float | None
    #: When its last unknown period of its own ended, or will end; None: it never had one.
    unknown_until: float | None = None
    #: When its last day on which something was measured began; None: there is none.
    last_measured: float | None = None
    #: When the first change was that is still kept, and what was believed before; None: there is none.
    first_change: tuple[float, Health | None] | None = None
    #: Of all checks of a target: those that count, reachability first; empty: it is one check.
    checks: tuple[Watched, ...] = ()
    #: Whether it is a part of what its target is, as its watch section says; of what is forgotten that is not known.
    counts: bool = True
    #: Since when a target has several: until then it was what its first check was.
    several_since: float = -FOREVER

    def is_about(self, check: str) -> bool:
        """Whether this is that check, or one over it. What happens to any check of a PBX is said of the PBX."""
        return self.target.is_pbx or check in (self.check, *(each.check for each in self.checks))

    @property
    def makes_several(self) -> bool:
        """Whether this is a check beside reachability, so that the target needs a meter over all that count."""
        is_first = self.check in (Check.REACHABILITY, Check.ALL) or self.target.is_registration
        return self.target.is_endpoint and not is_first and self.counts and check_counts(self.check)


class Around(NamedTuple):
    """Readings around a window; None: there is none."""

    #: The last one up to its beginning.
    before: Reading | None
    #: The first one after that.
    after: Reading | None
    #: The last one up to its end.
    last: Reading | None
    #: The longest outage of those later than ``after``, up to ``last``, each counted from its own beginning.
    longest: Length


class Meters:
    """Answers for one check at a time. Used by the thread that owns the connection, inside of its transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._timeline = session.timeline
        self._shown = session.timeline.shown

    def _rows(self, sql: str, parameters: Mapping[str, object]) -> list[tuple[Any, ...]]:
        try:
            return self._session.plain.execute(sql, parameters).fetchall()
        except Exception:
            # A with block around each of 40,000 questions would take a tenth of a second.
            with self._session.errors_named():
                raise

    def watched(self, since: float, until: float) -> list[Watched]:
        """Return what was watched in a window, ordered by target: one check of each, or all where it has several."""
        firsts = [self._watched(row) for row in self._rows(CHECKS_WATCHED, self._span(since, until))]
        beside: dict[Target, list[Watched]] = {}
        for row in self._rows(CHECKS_BESIDE, {}):
            check = self._watched(row)
            beside.setdefault(check.target, []).append(check)
        if not beside:
            return firsts
        return [_all_checks(first, beside.get(first.target, ())) for first in firsts]

    def watched_of_kind(self, kind: Kind, since: float, until: float) -> list[Watched]:
        """Return those of one kind that were watched in a window, as ``watched`` does: where there are few of many."""
        rows = self._rows(TARGETS_OF_KIND, {"kind": kind, **self._span(since, until)})
        found = [self.of_target(named(*row)) for row in rows]
        return [watched for watched in found if watched is not None]

    def watched_beside(self, since: float, until: float) -> list[Watched]:
        """Return the other checks that were watched in a window, ordered by check and target."""
        rows = self._rows(CHECKS_WATCHED_BESIDE, self._span(since, until))
        return [self._watched(row) for row in rows]

    def checks_after(self, number: int, limit: int) -> list[Watched]:
        """Return the next checks in the order of their numbers, also those that are not watched any more.

        Among them are the meters over all checks of a target.
        """
        found = [self._watched(row) for row in self._rows(CHECKS_AFTER, {"number": number, "limit": limit})]
        return [self._with_its_checks(watched) for watched in found]

    def of_target(self, target: Target) -> Watched | None:
        """Return what there is of one target, as ``watched`` does; None: it was never watched."""
        found = [self._watched(row) for row in self._rows(CHECKS_OF_TARGET, target_row(target))]
        name = Check.REACHABILITY
        if target.is_pbx:
            name = Check.CONNECTION
        elif target.is_registration:
            name = Check.REGISTRATION
        firsts = [check for check in found if check.check == name]
        if not firsts or name != Check.REACHABILITY:
            return next(iter(firsts), None)
        return _all_checks(firsts[0], found)

    def _with_its_checks(self, watched: Watched) -> Watched:
        """Find the checks that a meter is over, if it is one over several."""
        if watched.check != Check.ALL:
            return watched
        found = [self._watched(row) for row in self._rows(CHECKS_OF_TARGET, target_row(watched.target))]
        firsts = [check for check in found if check.check == Check.REACHABILITY]
        if not firsts:
            return watched
        return _all_checks(firsts[0], found)

    def _watched(self, row: tuple[Any, ...]) -> Watched:
        number, pbx, technology, resource, check, kind, watch, first_since, forgotten_at, last_since, *news = row
        unknown_until, last_measured, changed_at, old_health, counts = news
        begins = (first_since,) if last_since is None or last_since == first_since else (first_since, last_since)
        return Watched(
            id=number,
            target=named(pbx, technology, resource),
            check=check,
            kind=KINDS[kind],
            watch=watch,
            watched_from=tuple(self._shown(at) for at in begins),
            forgotten_at=self._timeline.shown_or_none(forgotten_at),
            unknown_until=None if unknown_until is None else self._end(unknown_until),
            last_measured=self._timeline.shown_or_none(last_measured),
            first_change=None if changed_at is None else (self._shown(changed_at), HEALTHS[old_health]),
            counts=counts is None or bool(counts),
        )

    def changes(self, check_id: int, since: float, until: float) -> list[tuple[float, Health | None]]:
        """Return what was believed from when on, of the changes in a time, in their order."""
        rows = self._rows(CHANGES, {"check_id": check_id, **self._span(since, until)})
        if self._timeline.earlier:
            return [(self._shown(at), HEALTHS[new]) for at, new in rows]
        # There may be millions of them.
        shift = self._timeline.shift
        return [(at + shift, HEALTHS[new]) for at, new in rows]

    def unknown_periods(self, check_id: int, since: float, until: float) -> list[tuple[float, float]]:
        """Return when this check itself could not be seen, in the order of the ends; what lasts ends at infinity."""
        return [
            self._period(*row)
            for row in self._rows(UNKNOWN_PERIODS, {"check_id": check_id, **self._span(since, until)})
        ]

    def unknown_behind_pbxs(self, until: float) -> dict[str, list[tuple[float, float]]]:
        """Return, by PBX, when nothing behind it could be seen, up to a time."""
        unknown_periods: dict[str, list[tuple[float, float]]] = {}
        for pbx, start, end in self._rows(UNKNOWN_BEHIND_PBXS, self._span(0, until)):
            unknown_periods.setdefault(pbx, []).append(self._period(start, end))
        return unknown_periods

    def maintenance_modes(self, since: float, until: float) -> dict[Target, list[tuple[float, float]]]:
        """Return when Asterisk had which endpoint in maintenance mode, within a time."""
        modes: dict[Target, list[tuple[float, float]]] = {}
        if not list(self._rows(WORDS_OF_MAINTENANCE_MODES, {})):
            return modes
        for pbx, technology, resource, start, end in self._rows(MAINTENANCE_MODES, self._span(since, until)):
            modes.setdefault(Target(pbx, technology, resource), []).append(self._period(start, end))
        return modes

    def left_out(self) -> list[tuple[float, float]]:
        """Return what the wall clock left out when it was set forward."""
        return self._timeline.left_out()

    def _period(self, since: float, until: float) -> tuple[float, float]:
        return self._shown(since), self._end(until)

    def _end(self, until: float) -> float:
        if until == NO_END:
            return FOREVER
        return self._shown(until)

    def there_is(self, at: float) -> float:
        """Return a time as it is, or when the clock was set, if it left this time out."""
        return self._shown(self._timeline.stored(at))

    def has_measured(self, check_id: int, since: float, until: float) -> bool:
        """Whether anything may have been measured of a check in a window."""
        span = self._span(since - _DAY, until)
        return bool(self._rows(HAS_MEASURED, {"check_id": check_id, **span}))

    def measured(self, check_id: int, since: float, until: float) -> Measured:
        """Return what was measured of a check in a window, by metric, to the minute where that is still kept.

        Of what is older than the hours that are kept, only whole days of UTC count.
        """
        with self._session.errors_named():
            return read_measured(self._session, check_id, since, until)

    # ---------------------------------------------------------------- readings

    def reading_until(self, check_id: int, at: float) -> Reading | None:
        """Return the last reading up to a time, or None: there is none."""
        return self._reading(READING_UNTIL, check_id, at)

    def reading_after(self, check_id: int, at: float) -> Reading | None:
        """Return the first reading after a time, or None: there is none."""
        return self._reading(READING_AFTER, check_id, at)

    def readings_around(self, check_id: int, since: float, until: float) -> Around:
        """Return the readings at the edges of a window, and the longest outage of those within."""
        found: list[Reading | None] = [None, None, None, None]
        window = self._span(since, until)
        for place, *row in self._rows(READINGS_AROUND, {"check_id": check_id, **window}):
            found[place] = self._reading_of(row)
        before, after, last, longest = found
        return Around(before, after, last, Length() if longest is None else longest.longest)

    def day_readings(self, check_id: int, since: float, until: float) -> list[DayReading]:
        """Return what the meter showed at the end of each day within a window on which something happened, in order."""
        rows = self._rows(DAY_READINGS, {"check_id": check_id, **self._span(since, until)})
        return [
            (self._shown(at), (up_s, degraded_s, down_s, unknown_s), HEALTHS[belief], bool(was_used))
            for at, up_s, degraded_s, down_s, unknown_s, belief, was_used in rows
        ]

    def last_reading(self, check_id: int) -> Reading | None:
        """Return the newest reading, or None: there is none."""
        return self._reading(READING_UNTIL, check_id, FOREVER)

    def _reading(self, sql: str, check_id: int, at: float) -> Reading | None:
        rows = self._rows(sql, {"check_id": check_id, "at": self._timeline.stored(at)})
        if rows:
            return self._reading_of(rows[0])
        return None

    def _reading_of(self, row: Sequence[Any]) -> Reading:
        at, up_s, degraded_s, down_s, unknown_s, outages, longest_s, belief, was_used, is_out, out_s, *unseen = row
        return Reading(
            self._shown(at),
            up_s,
            degraded_s,
            down_s,
            unknown_s,
            outages,
            longest_s,
            HEALTHS[belief],
            bool(was_used),
            bool(is_out),
            out_s,
            *unseen,
        )

    def longest(self, check_id: int, since: float, until: float) -> Length:
        """Return the longest outage of the readings after a time, each counted from its own beginning."""
        rows = self._rows(LONGEST, {"check_id": check_id, **self._span(since, until)})
        if rows:
            return self._reading_of(rows[0]).longest
        return Length()

    def note_several(self, watched: Watched) -> None:
        """See to it that a target has a meter over all its checks, inside of the engine's transaction."""
        since = self._timeline.stored(watched.watched_from[0])
        self._session.execute(_NOTE_SEVERAL, {**target_row(watched.target), "since": since})

    def book(self, check_id: int, readings: Iterable[Reading]) -> None:
        """Write readings of one check, inside of the engine's transaction."""
        self._session.execute_many(
            _INSERT_READING,
            (
                {
                    "check_id": check_id,
                    "at": self._timeline.stored(reading.at),
                    "up_s": reading.up_s,
                    "degraded_s": reading.degraded_s,
                    "down_s": reading.down_s,
                    "unknown_s": reading.unknown_s,
                    "outages": reading.outages,
                    "longest_s": reading.longest_s,
                    "belief": HEALTH_CODES[reading.belief],
                    "was_used": reading.was_used,
                    "is_out": reading.is_out,
                    "out_s": reading.out_s,
                    "outages_unseen_s": reading.outages_unseen_s,
                    "longest_unseen_s": reading.longest_unseen_s,
                    "out_unseen_s": reading.out_unseen_s,
                }
                for reading in readings
            ),
        )

    def _span(self, since: float, until: float) -> dict[str, float]:
        return {"since": self._timeline.stored(since), "until": self._timeline.stored(until)}


def _all_checks(first: Watched, beside: Sequence[Watched]) -> Watched:
    """Say all checks of a target that count, where that is or was more than the first one."""
    others = [check for check in beside if check.makes_several]
    meters = [check for check in beside if check.check == Check.ALL]
    if not (others or meters):
        return first
    # Of a check that is gone for long only the meter still knows when it began.
    several_since = min(check.watched_from[0] for check in (*others, *meters))
    number = _NO_NUMBER
    if meters:
        number = meters[0].id
    checks = (first, *others)
    # All later changes of each of them are kept.
    removed = [check.first_change for check in checks if check.first_change and check.first_change[1] is not None]
    return first._replace(
        id=number,
        check=Check.ALL,
        unknown_until=None,
        last_measured=None,
        first_change=max(removed, default=None, key=itemgetter(0)),
        checks=checks,
        several_since=several_since,
    )
