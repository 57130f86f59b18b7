"""Several checks of a target become one history: at each moment the worst of them, so that nothing counts twice. Pure.

``up < degraded < unknown < down``: a target of which one check is down is down, whatever is known of the others; it is
not known to work while one of them cannot be seen. A check of which nothing is known (Asterisk does not check a
provider, or it has never answered our own OPTIONS) says nothing, as long as another is known.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from math import inf
from operator import attrgetter
from typing import NamedTuple

from healthmon.history.availability import WORKS, Change, History, marks_of
from healthmon.model import Health, Reading
from healthmon.times.spans import Span, merged

_BADNESS = {None: 0, Health.UP: 1, Health.DEGRADED: 2, Health.UNKNOWN: 3, Health.DOWN: 4}

#: Not watched, and not known.
_NOTHING = (None, Health.UNKNOWN)

_AT = attrgetter("at")


class _Event(NamedTuple):
    """What changed in one of the checks, by its number."""

    at: float
    check: int
    #: What is believed from then on.
    health: Health | None = None
    #: Or whether it cannot be seen; None: it is a belief that changed.
    is_hidden: bool | None = None


def history_of_all(checks: Sequence[History], reading: Reading | None) -> History:
    """Make one history of those of a target's checks, from a reading of the meter over all of them on.

    ``checks`` may begin earlier than that: what was believed of each of them at the reading must be known.
    """
    since = -inf
    if reading is not None:
        since = reading.at
    events = sorted((event for number, check in enumerate(checks) for event in _events(number, check)), key=_AT)
    first = bisect_left(events, since, key=_AT)
    merging = _Merging(len(checks))
    for event in events[:first]:
        merging.take(event)
    if reading is not None:
        merging.begin(reading)
    for event in events[first:]:
        merging.take(event)
        merging.note(event)
    return History(
        kind=checks[0].kind,
        changes=merging.changes,
        unknown_spans=merged(merging.unknown_spans),
        # When it was watched is among the changes.
        watched_from=(),
        reading=reading,
        was_used=any(check.was_used for check in checks),
        left_out=checks[0].left_out,
    )


def _events(number: int, check: History) -> Iterator[_Event]:
    marks = marks_of(check)
    if check.reading is not None:
        # How it stood at its own reading is how it begins: that is nothing new at that moment.
        yield _Event(-inf, number, check.reading.belief)
        marks = marks[1:]
    yield from (_Event(at, number, health) for at, health in marks)
    for since, until in check.unknown_spans:
        yield _Event(since, number, is_hidden=True)
        yield _Event(until, number, is_hidden=False)


class _Merging:
    """How each check is at a moment, and what has become of all together so far."""

    def __init__(self, checks: int) -> None:
        self.changes: list[Change] = []
        self.unknown_spans: list[Span] = []
        self._believed: list[Health | None] = [None] * checks
        self._hidden = [False] * checks
        self._was_used = False
        #: None: it can be seen.
        self._unseen_since: float | None = None

    def take(self, event: _Event) -> None:
        """From now on this check is so."""
        if event.is_hidden is None:
            self._believed[event.check] = event.health
        else:
            self._hidden[event.check] = event.is_hidden

    def begin(self, reading: Reading) -> None:
        """Go on from here: what was taken so far is how it stood at the reading."""
        self._was_used = reading.was_used
        if self._is_unseen():
            self._unseen_since = reading.at
        if self._worst() is not reading.belief:
            self._change(reading.at)

    def note(self, event: _Event) -> None:
        """Write down what follows from the last event."""
        # Also where the worst stays the same: the meter over all is read on each day on which that of a check is.
        if event.is_hidden is None:
            self._change(event.at)
        is_unseen = self._is_unseen()
        if is_unseen and self._unseen_since is None:
            self._unseen_since = event.at
        elif not is_unseen and self._unseen_since is not None:
            self.unknown_spans.append((self._unseen_since, event.at))
            self._unseen_since = None

    def _change(self, at: float) -> None:
        worst, works = self._worst(), any(health in WORKS for health in self._believed)
        if works and not self._was_used and worst not in WORKS:
            # A phone is in use as soon as any of its checks works; for no time at all it is up.
            self.changes.append((at, Health.UP))
        self.changes.append((at, worst))
        self._was_used = works or (self._was_used and worst is not None)

    def _worst(self) -> Health | None:
        known = [health for health in self._believed if health not in _NOTHING]
        return max(known or self._believed, key=_BADNESS.__getitem__)

    def _is_unseen(self) -> bool:
        """Whether one of those of which anything is known cannot be seen, and none is seen to be down."""
        known = list(zip(self._believed, self._hidden, strict=True))
        if (Health.DOWN, False) in known:
            return False
        return any(is_hidden and health not in _NOTHING for health, is_hidden in known)
