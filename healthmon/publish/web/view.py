"""What every route answers from: how everything stands, and what is in the database, as whoever asks may see it.

It is the only way from a route to either. What somebody may see is decided by their scope (``model/scope.py``), and
left out in two places: of the present by ``publish/scoped.py``, of the database by ``store/read/scoped.py``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from healthmon.model import Scope, Target
from healthmon.publish.present import Present
from healthmon.publish.scoped import present_in
from healthmon.publish.web.access.identity import asker
from healthmon.publish.web.live import Live
from healthmon.store.read.queries import Reader
from healthmon.store.read.scoped import reader_in

Found = TypeVar("Found")

#: So many scopes are remembered with what is seen in them now; then all are looked at anew.
MOST_KEPT = 50


class ScopedView:
    """What is seen by whoever asks. Used by all threads that answer; what two work out at once is worked out twice."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self._kept: dict[Scope, tuple[Present, Present]] = {}

    def now(self) -> float:
        """The wall clock, seconds UTC."""
        return self._live.now()

    @property
    def scope(self) -> Scope:
        """What whoever asks may see."""
        return asker().scope

    @property
    def present(self) -> Present:
        """How everything stands. Raises Unreadable."""
        present, scope = self._live.present, self.scope
        if scope.sees_everything:
            return present
        kept = self._kept.get(scope)
        # The same object: also a look at which nothing had changed makes another.
        if kept is not None and kept[0] is present:
            return kept[1]
        if len(self._kept) >= MOST_KEPT:
            self._kept.clear()
        seen = present_in(present, scope)
        self._kept[scope] = (present, seen)
        return seen

    @property
    def read_at(self) -> tuple[str, float]:
        """Which revision everybody sees now, and when it was read (seconds UTC). Raises Unreadable.

        It is the same in every scope.
        """
        present = self._live.present
        return present.revision, present.status.now

    def read(self, find: Callable[[Reader], Found]) -> Found:
        """Have something read of what is seen. Raises Unreadable, Busy, and what ``find`` raises."""
        scope = self.scope
        return self._live.read(lambda reader: find(reader_in(reader, scope)))

    def changed_since(self, revision: str) -> frozenset[Target] | None:
        """Return which of the targets that are seen, or were, have changed; None: that is not known any more."""
        changed, scope = self._live.changes.since(revision), self.scope
        if changed is None:
            return None
        return frozenset(target for target, watch in changed if scope.sees(target, watch))

    def wait_until(self, is_so: Callable[[Present], bool], seconds: float) -> None:
        """Wait until what was ordered can be seen, for so long at most (seconds)."""
        self._live.wait_until(is_so, seconds)
