"""What has changed from one look to the next, for programs that follow. Pure. Owned by the thread that reads."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

from msgspec import Struct
from msgspec.structs import replace

from healthmon.model import Target
from healthmon.report.status.rows import Status, TargetStatus

#: So many looks back it is known what has changed since, and so many targets at most are remembered for that; who asks
#: for an older one gets everything.
KEPT, MOST_REMEMBERED = 500, 20_000


class RevisionChanges(Struct, frozen=True):
    """What was otherwise at a revision than at the one before it."""

    revision: str
    #: Each with its watch section: with two, where that has changed, too.
    targets: frozenset[tuple[Target, str]]


class ChangeLog:
    """Remembers what changed at each of the last revisions."""

    def __init__(self) -> None:
        self._steps: deque[RevisionChanges] = deque(maxlen=KEPT)
        #: How many targets stand in the steps.
        self._size = 0
        self._rows: Mapping[Target, TargetStatus] = {}

    def note(self, revision: str, status: Status) -> None:
        """Note how everything stands at a new revision."""
        rows = {row.target: row for row in status.targets}
        before = self._rows
        changed: frozenset[tuple[Target, str]] = frozenset()
        # Nobody asks what has changed up to the first of all.
        if self._steps:
            now_otherwise = [row for target, row in rows.items() if before.get(target) != row]
            was_otherwise = [row for target, row in before.items() if rows.get(target) != row]
            changed = frozenset((row.target, row.watch) for row in (*now_otherwise, *was_otherwise))
        self._steps.append(RevisionChanges(revision, changed))
        self._rows = rows
        self._size += len(changed)
        while self._size > MOST_REMEMBERED and len(self._steps) > 1:
            # Nobody needs that of the first that is left.
            self._size -= len(self._steps.popleft().targets)

    def as_known(self, status: Status) -> Status:
        """Return the same, made of the remembered rows where these are the same: of 20,000 there is one copy."""
        rows = list(status.targets)
        for number, row in enumerate(rows):
            known = self._rows.get(row.target)
            if known is not None and known == row:
                rows[number] = known
        return replace(status, targets=tuple(rows))

    def since(self, revision: str) -> frozenset[tuple[Target, str]] | None:
        """Return what has changed since a revision, with its watch section; None: that is not known any more."""
        steps = list(self._steps)
        known = next((number for number, step in enumerate(steps) if step.revision == revision), None)
        if known is None:
            return None
        return frozenset(target for step in steps[known + 1 :] for target in step.targets)
