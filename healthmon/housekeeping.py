"""What has time: round trips are added up, the meters are read each day, old history is removed.

The engine calls it between its batches, for the writing connection is the engine's.
"""

from __future__ import annotations

import logging
from zoneinfo import ZoneInfo

from healthmon.config.sections.history import HistoryConfig
from healthmon.errors import DatabaseUnwritable
from healthmon.report.availability.daily_readings import Roller
from healthmon.store.write.pruning import Cuts
from healthmon.store.write.writer import Writer

log = logging.getLogger(__name__)

#: How often old history is looked for (seconds).
PRUNE_EVERY = 3600.0
#: How often round-trip times are added up (seconds).
FOLD_EVERY = 60.0
#: Between two such pieces of work: while nothing else is to do, and under load (seconds).
PAUSE, PAUSE_UNDER_LOAD = 0.05, 1.0


class Housekeeping:
    """Does what has time, one small piece after the other. Owned by the engine thread."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._roller = Roller(writer)
        self._fold_due = self._prune_due = 0.0

    @property
    def due(self) -> float:
        """When something is to be done next."""
        return min(self._fold_due, self._prune_due)

    def shift(self, by: float) -> None:
        """Somebody set the clock: what is due moves with it."""
        self._fold_due += by
        self._prune_due += by

    def do_a_piece(self, keep: HistoryConfig, zone: ZoneInfo, now: float, *, is_busy: bool) -> None:
        """Do one small piece, if one is due. Under load seldom; but load that never ends must not fill the disk."""
        due_since = now
        if is_busy:
            due_since -= PAUSE_UNDER_LOAD
        if due_since >= self._fold_due:
            self._fold(now)
        elif due_since >= self._prune_due:
            self._prune(keep, zone, now)

    def _fold(self, now: float) -> None:
        """Add some of the round trips of the last minute up."""
        self._fold_due = now + FOLD_EVERY
        try:
            if self._writer.fold_round_trips():
                self._fold_due = now + PAUSE
        except DatabaseUnwritable as error:
            log.warning("%s; round-trip times are added up later", error)

    def _prune(self, keep: HistoryConfig, zone: ZoneInfo, now: float) -> None:
        """Read some meters, and when all are read remove one small batch of old history."""
        self._prune_due = now + PRUNE_EVERY
        try:
            # The day's readings come first: they are made from what goes then.
            if self._roller.step(now, zone) or self._writer.prune(Cuts.of(keep, now)):
                self._prune_due = now + PAUSE
        except DatabaseUnwritable as error:
            log.warning("%s; old history stays for now", error)
