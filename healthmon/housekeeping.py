"""What has time: what was measured is added up, the meters are read each day, old history is removed.

The engine calls it between its batches, for the writing connection is the engine's.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from zoneinfo import ZoneInfo

from healthmon.config.sections.history import HistoryConfig
from healthmon.errors import DatabaseUnwritable
from healthmon.report.availability.daily_readings import Roller
from healthmon.report.formatting import duration
from healthmon.store.write.writer import Writer
from healthmon.times.system_clock import synchronised_time

log = logging.getLogger(__name__)

#: How often old history is looked for (seconds).
PRUNE_EVERY = 3600.0
#: How often what was measured is added up (seconds).
FOLD_EVERY = 60.0
#: Two clocks agree that differ by no more than this: a PBX's is seldom set to the second (seconds).
CLOCKS_AGREE = 300.0
#: Between two such pieces of work: while nothing else is to do, and under load (seconds).
PAUSE, PAUSE_UNDER_LOAD = 0.05, 1.0

NOT_CONFIRMED = (
    "old history stays until the time is confirmed: the system does not say that its clock is synchronised, and no PBX "
    "on another machine shows the same time (within 5 minutes); if it is right, say so by healthmon db clock-is-right"
)


class Housekeeping:
    """Does what has time, one small piece after the other. Owned by the engine thread."""

    def __init__(self, writer: Writer, system_time: Callable[[], float | None] = synchronised_time) -> None:
        self._writer = writer
        self._system_time = system_time
        self._roller = Roller(writer)
        self._fold_due = self._prune_due = 0.0
        #: Somebody else has the same time; how often old history stayed because nobody had.
        self._is_time_confirmed = False
        self._times_unconfirmed = 0
        #: The PBXs of which it was said that their clock differs from ours.
        self._differing: set[str] = set()

    @property
    def due(self) -> float:
        """When something is to be done next."""
        return min(self._fold_due, self._prune_due)

    def clock_was_set(self) -> None:
        """Somebody set the wall clock: nobody has confirmed what it shows now."""
        self._is_time_confirmed = False
        self._differing.clear()

    def hear_time(self, pbx_time: float | None, wall: float) -> None:
        """A PBX on another machine says what time it is by its own clock. Is it ours, what is too old may go."""
        if self._is_time_confirmed or not agrees(pbx_time, wall):
            return
        self._is_time_confirmed = True
        self._prune_due = 0.0

    def compare_clocks(self, pbx: str, pbx_time: float | None, wall: float) -> None:
        """Say once of each PBX that its clock or ours is wrong; which one, nobody knows."""
        if pbx_time is not None and not agrees(pbx_time, wall) and pbx not in self._differing:
            self._differing.add(pbx)
            log.warning("pbx %s: its clock is %s; one of the two is wrong", pbx, ahead_of_ours(pbx_time - wall))

    def do_a_piece(self, keep: HistoryConfig, zone: ZoneInfo, now: float, wall: float, *, is_busy: bool) -> None:
        """Do one small piece, if one is due. Under load seldom; but load that never ends must not fill the disk.

        ``wall`` is what the wall clock shows: days end by it, and what is old is so by it.
        """
        due_since = now
        if is_busy:
            due_since -= PAUSE_UNDER_LOAD
        if due_since >= self._fold_due:
            self._fold(now)
        elif due_since >= self._prune_due:
            self._prune(keep, zone, now, wall)

    def _fold(self, now: float) -> None:
        """Add up some of what was measured in the last minute."""
        self._fold_due = now + FOLD_EVERY
        try:
            if self._writer.fold_measurements():
                self._fold_due = now + PAUSE
        except DatabaseUnwritable as error:
            log.warning("%s; round-trip times are added up later", error)

    def _prune(self, keep: HistoryConfig, zone: ZoneInfo, now: float, wall: float) -> None:
        """Read some meters, and when all are read remove one small batch of old history."""
        self._prune_due = now + PRUNE_EVERY
        try:
            # The day's readings come first: they are made from what goes then.
            if self._roller.step(wall, zone) or (self._may_prune(wall) and self._writer.prune_evenly(keep, wall)):
                self._prune_due = now + PAUSE
        except DatabaseUnwritable as error:
            log.warning("%s; old history stays for now", error)

    def _may_prune(self, wall: float) -> bool:
        """Whether the time is surely right: a clock that is years ahead would remove all history for good."""
        if self._is_time_confirmed or self._writer.is_time_confirmed() or agrees(self._system_time(), wall):
            self._is_time_confirmed = True
            return True
        self._times_unconfirmed += 1
        # At a start no PBX has been asked yet.
        if self._times_unconfirmed == 2:
            log.warning("%s", NOT_CONFIRMED)
        return False


def agrees(other_time: float | None, wall: float) -> bool:
    """Whether another clock says that ours is right; None: it does not tell."""
    return other_time is not None and abs(other_time - wall) <= CLOCKS_AGREE


def ahead_of_ours(seconds: float) -> str:
    """Say how far a PBX's clock is off: ``8 h behind ours``."""
    if seconds < 0:
        return f"{duration(-seconds)} behind ours"
    return f"{duration(seconds)} ahead of ours"
