"""Since when an endpoint stands as it does, where several of its checks count. Pure.

Its worst check may have been so for longer than the endpoint: that was worse meanwhile, by another check; or for a
shorter time, as another check was as bad before.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from operator import attrgetter

from healthmon.model import Health, Transition
from healthmon.report.status.rows import SEVERITY, TargetStatus


def needs_changes(row: TargetStatus) -> bool:
    """Whether only what changed can say it. Not where nobody sees how it is: that says since when itself."""
    is_seen = row.state is row.belief and row.state is not Health.UNKNOWN
    return is_seen and any(_may_matter(check, row) for check in _counting(row))


def _may_matter(check: TargetStatus, row: TargetStatus) -> bool:
    """Whether the endpoint may have become what it is at another time because of this check."""
    if check.check == row.check or check.belief is None:
        return False
    is_as_bad = check.belief is row.belief and row.belief is not Health.UP
    return is_as_bad or (check.since or 0.0) > (row.since or 0.0)


def holds_since(row: TargetStatus, changes: Iterable[Transition]) -> float | None:
    """Say since when it is believed to be so. ``changes`` of all its checks, the newest first, are taken back.

    That something could not be seen for a while is no change.
    """
    beliefs = {check.check: check.belief for check in _counting(row)}
    since = row.since
    for at, together in groupby(changes, key=attrgetter("at")):
        since = at
        beliefs |= {change.check: change.before for change in together if change.check in beliefs}
        known = [belief for belief in beliefs.values() if belief is not None and belief is not Health.UNKNOWN]
        if min(known, key=lambda belief: SEVERITY[belief], default=None) is not row.belief:
            break
    return since


def _counting(row: TargetStatus) -> Sequence[TargetStatus]:
    """Those of its checks that make its state."""
    return [check for check in row.checks if check.is_of_endpoint]
