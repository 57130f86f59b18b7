"""What happened in a window of time, streamed check by check in one pass over the indexes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import itemgetter
from typing import Any

from msgspec import Struct

from healthmon.model import Check, Kind, Target, Transition, UnknownPeriod
from healthmon.store.codec import target_of, target_row
from healthmon.store.rows import HEALTHS, KINDS
from healthmon.store.schema import NO_END
from healthmon.store.session import Session
from healthmon.store.sqlite.connect import Stored
from healthmon.store.timeline import Timeline


class TargetHistory(Struct, frozen=True):
    """What happened to one check of one target in a window.

    ``transitions`` are in the order of time and begin with the last one before the window, if there is one;
    ``unknown_periods`` are those that overlap it. ``watched_since`` is the first time ever; in between, a transition to
    None begins a time in which it was not watched.
    """

    target: Target
    check: str
    kind: Kind
    watch: str
    watched_since: float
    forgotten_at: float | None
    transitions: tuple[Transition, ...]
    unknown_periods: tuple[UnknownPeriod, ...]


# All that is behind a PBX is hidden by this check of the PBX, which has no history of its own.
_BEHIND_PBX = f"c.technology = '' AND c.name = '{Check.REACHABILITY}'"

_WATCHED = f"""c.watched_since < :until AND (c.forgotten_at IS NULL OR c.forgotten_at > :since)
    AND NOT ({_BEHIND_PBX}) AND c.name <> '{Check.ALL}'"""

_WANTED = f"""{_WATCHED}
    AND (:pbx IS NULL OR c.pbx = :pbx) AND (:watch IS NULL OR c.watch = :watch) AND (:kind IS NULL OR c.kind = :kind)"""

#: The checks of one target, found by the index of their names.
_NAMED = f"c.pbx = :pbx AND c.technology = :technology AND c.resource = :resource AND {_WATCHED}"

_ORDER = "c.pbx, c.technology, c.resource, c.name"


def _checks_where(which: str) -> str:
    return f"SELECT c.* FROM checks c WHERE {which} ORDER BY {_ORDER}"  # noqa: S608 (constants of ours)


def _transitions_where(which: str) -> str:
    # CROSS JOIN: the checks come first, in their order, and each finds its own by the index.
    return f"""SELECT c.id AS check_id, t.old_health, t.new_health, t.at, t.believed_at, w.text AS cause
    FROM checks c CROSS JOIN transitions t LEFT JOIN words w ON w.id = t.cause
    WHERE {which} AND t.check_id = c.id AND t.at < :until AND t.at >= COALESCE(
        (SELECT MAX(earlier.at) FROM transitions earlier WHERE earlier.check_id = c.id AND earlier.at < :since),
        :since)
    ORDER BY {_ORDER}, t.at, t.rev"""  # noqa: S608


def _unknown_where(which: str) -> str:
    return f"""SELECT c.id AS check_id, v.since, v.until, w.text AS why
    FROM checks c CROSS JOIN veils v LEFT JOIN words w ON w.id = v.why
    WHERE {which} AND v.check_id = c.id AND v.until > :since AND v.since < :until
    ORDER BY {_ORDER}, v.until"""  # noqa: S608


CHECKS_WANTED, TRANSITIONS_WANTED, UNKNOWN_WANTED = (
    _checks_where(_WANTED),
    _transitions_where(_WANTED),
    _unknown_where(_WANTED),
)
CHECKS_NAMED, TRANSITIONS_NAMED, UNKNOWN_NAMED = (
    _checks_where(_NAMED),
    _transitions_where(_NAMED),
    _unknown_where(_NAMED),
)

LAST_CHANGES = """SELECT c.name, t.old_health, t.new_health, t.at, t.believed_at, w.text AS cause
    FROM checks c CROSS JOIN transitions t LEFT JOIN words w ON w.id = t.cause
    WHERE c.pbx = :pbx AND c.technology = :technology AND c.resource = :resource AND t.check_id = c.id
    ORDER BY t.at DESC, t.rev DESC LIMIT :most"""

UNKNOWN_OF_PBXS_WANTED = f"""SELECT c.pbx, v.since, v.until, w.text AS why
    FROM checks c CROSS JOIN veils v LEFT JOIN words w ON w.id = v.why
    WHERE {_BEHIND_PBX} AND v.check_id = c.id AND v.until > :since AND v.since < :until
    ORDER BY c.pbx, v.until"""  # noqa: S608


def read_history(session: Session, wanted: dict[str, Any]) -> Iterator[TargetHistory]:
    """Stream the histories; ``wanted`` has since and until as stored, and pbx, watch and kind (None: all)."""
    return _read(session, wanted, (CHECKS_WANTED, TRANSITIONS_WANTED, UNKNOWN_WANTED))


def read_last_changes(session: Session, target: Target, most: int) -> Iterator[Transition]:
    """Read the last changes of all checks of one target, the newest first."""
    wanted = {**target_row(target), "most": most}
    for row in session.execute(LAST_CHANGES, wanted):
        yield _transition(row, target, row["name"], session.timeline)


def read_life(session: Session, wanted: dict[str, Any]) -> Iterator[TargetHistory]:
    """Stream the histories of one target's checks; ``wanted`` has since and until as stored, and the target's name."""
    return _read(session, wanted, (CHECKS_NAMED, TRANSITIONS_NAMED, UNKNOWN_NAMED))


def _read(session: Session, wanted: dict[str, Any], questions: tuple[str, str, str]) -> Iterator[TargetHistory]:
    timeline = session.timeline
    checks_question, transitions_question, unknown_question = questions
    transitions = _Following(session.execute(transitions_question, wanted))
    unknown_periods = _Following(session.execute(unknown_question, wanted))
    for check in session.execute(checks_question, wanted):
        number, target, name = check["id"], target_of(check), check["name"]
        rows = transitions.of(number)
        # One from before the window is kept: several may have happened at the same moment.
        before = sum(row["at"] < wanted["since"] for row in rows)
        rows = rows[max(0, before - 1) :]
        yield TargetHistory(
            target=target,
            check=name,
            kind=KINDS[check["kind"]],
            watch=check["watch"],
            watched_since=timeline.shown(check["watched_since"]),
            forgotten_at=timeline.shown_or_none(check["forgotten_at"]),
            transitions=tuple(_transition(row, target, name, timeline) for row in rows),
            unknown_periods=_unknown_periods(unknown_periods.of(number), target, name, timeline),
        )


def read_unknown_of_pbxs(session: Session, window: dict[str, Any]) -> dict[str, tuple[UnknownPeriod, ...]]:
    """Read when nothing behind a PBX could be seen, by PBX."""
    by_pbx = groupby(session.execute(UNKNOWN_OF_PBXS_WANTED, window), key=itemgetter("pbx"))
    return {pbx: _unknown_periods(rows, Target(pbx), Check.REACHABILITY, session.timeline) for pbx, rows in by_pbx}


def _transition(row: Stored, target: Target, check: str, timeline: Timeline) -> Transition:
    return Transition(
        target=target,
        check=check,
        before=HEALTHS[row["old_health"]],
        after=HEALTHS[row["new_health"]],
        at=timeline.shown(row["at"]),
        believed_at=timeline.shown(row["believed_at"]),
        cause=row["cause"] or "",
    )


def _unknown_periods(
    rows: Iterable[Stored], target: Target, check: str, timeline: Timeline
) -> tuple[UnknownPeriod, ...]:
    """Make the unknown periods in the order of their beginnings; the index gives them in that of their ends."""
    unknown_periods = (
        UnknownPeriod(
            target=target,
            check=check,
            since=timeline.shown(row["since"]),
            until=None if row["until"] == NO_END else timeline.shown(row["until"]),
            why=row["why"] or "",
        )
        for row in rows
    )
    return tuple(sorted(unknown_periods, key=lambda period: period.since))


class _Following:
    """Rows in the order of the checks, taken check by check while the checks go by."""

    def __init__(self, rows: Iterable[Stored]) -> None:
        self._groups = groupby(rows, key=itemgetter("check_id"))
        self._next = next(self._groups, None)

    def of(self, check_id: int) -> list[Stored]:
        """Return the rows of the next check; nothing if those that come are another's."""
        if self._next is None or self._next[0] != check_id:
            return []
        rows = list(self._next[1])
        self._next = next(self._groups, None)
        return rows
