"""What has changed from one look to the next, for programs that follow. Pure. Owned by the thread that reads."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

from msgspec import Struct

from healthmon.model import Target
from healthmon.report.status.rows import Status, TargetStatus

#: So many looks back it is known what has changed since; who asks for an older one gets everything.
KEPT = 500


class RevisionChanges(Struct, frozen=True):
    """What was otherwise at a revision than at the one before it."""

    revision: str
    #: Each with its watch section: with two, where that has changed, too.
    targets: frozenset[tuple[Target, str]]


class ChangeLog:
    """Remembers what changed at each of the last revisions."""

    def __init__(self) -> None:
        self._steps: deque[RevisionChanges] = deque(maxlen=KEPT)
        self._rows: Mapping[Target, TargetStatus] = {}

    def note(self, revision: str, status: Status) -> None:
        """Note how everything stands at a new revision."""
        rows = {row.target: row for row in status.targets}
        before = self._rows
        now_otherwise = [row for target, row in rows.items() if before.get(target) != row]
        was_otherwise = [row for target, row in before.items() if rows.get(target) != row]
        changed = frozenset((row.target, row.watch) for row in (*now_otherwise, *was_otherwise))
        self._steps.append(RevisionChanges(revision, changed))
        self._rows = rows

    def since(self, revision: str) -> frozenset[tuple[Target, str]] | None:
        """Return what has changed since a revision, with its watch section; None: that is not known any more."""
        steps = list(self._steps)
        known = next((number for number, step in enumerate(steps) if step.revision == revision), None)
        if known is None:
            return None
        return frozenset(target for step in steps[known + 1 :] for target in step.targets)
