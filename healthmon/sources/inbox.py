"""The one queue between the sources and the engine."""

from __future__ import annotations

import logging
import time
from collections import defaultdict, deque
from threading import Event

from healthmon.model import (
    ConnectionReport,
    ContactList,
    MaintenanceList,
    RegistrationList,
    SettingsList,
    Sighting,
    Snapshot,
)
from healthmon.sources.signals import Signals

log = logging.getLogger(__name__)

#: What speaks of a PBX, or of several of its endpoints.
OF_A_PBX = (Snapshot, ContactList, SettingsList, RegistrationList, MaintenanceList, ConnectionReport)

#: How many sightings may wait.
DEFAULT_SIZE = 200_000
#: How many of one PBX may wait: so many are the events of 20,000 phones that fall at once.
SHARE_OF_A_PBX = 60_000
#: How many of one PBX are taken out at once: one that sends without end keeps the others waiting no longer than that
#: takes.
AT_ONCE_OF_A_PBX = 4000
#: More snapshots of one PBX than this need not wait: the newest says it all, and each may hold 20,000 endpoints.
WAITING_SNAPSHOTS = 2
#: What was dropped is said this often (seconds).
SAY_EVERY = 60.0


class Inbox:
    """A bounded queue: any thread offers and never waits, the engine drains.

    Without a lock of our own: a deque's ``append`` and ``popleft`` are atomic, and each counter has one writer.
    What is dropped is repaired by a snapshot, which is asked for at once.
    """

    def __init__(self, size: int = DEFAULT_SIZE, share: int = SHARE_OF_A_PBX) -> None:
        self._size = size
        self._share = share
        self._waiting: deque[Sighting] = deque()
        #: What was more than its PBX's turn at the last drain. Owned by the engine thread.
        self._left: list[Sighting] = []
        #: How many wait of each PBX, about: the engine counts anew when it drains, whoever counts meanwhile.
        self._waiting_of: defaultdict[str, int] = defaultdict(int)
        self._filled = Event()
        self._signals: dict[str, Signals] = {}
        self._snapshots_in: defaultdict[str, int] = defaultdict(int)
        self._snapshots_out: defaultdict[str, int] = defaultdict(int)
        #: Sightings dropped so far, by PBX. Each entry is written by the threads of that PBX.
        self.dropped: defaultdict[str, int] = defaultdict(int)
        self._said: dict[str, int] = {}
        self._say_again_at = float("-inf")
        #: Sightings drained so far. Written by the engine thread.
        self.drained = 0

    def connect(self, pbx: str, signals: Signals) -> None:
        """Say whom to ask for a snapshot when something of this PBX had to be dropped."""
        self._signals[pbx] = signals

    def offer(self, sighting: Sighting) -> bool:
        """Put a sighting in; False: it was dropped. Never waits. Any thread may call it."""
        if isinstance(sighting, Snapshot):
            return self._offer_snapshot(sighting)
        # A report comes only when something changes: a lost one would not come again.
        is_report = isinstance(sighting, ConnectionReport)
        room = self._size * 2 if is_report else self._size
        pbx = pbx_of(sighting)
        if len(self._waiting) >= room or (self._waiting_of[pbx] >= self._share and not is_report):
            self.dropped[pbx] += 1
            signals = self._signals.get(pbx)
            if signals:
                signals.want_snapshot()
            return False
        self._waiting_of[pbx] += 1
        self._waiting.append(sighting)
        self._wake()
        return True

    def _offer_snapshot(self, snapshot: Snapshot) -> bool:
        if self._snapshots_in[snapshot.pbx] - self._snapshots_out[snapshot.pbx] >= WAITING_SNAPSHOTS:
            self.dropped[snapshot.pbx] += 1
            return False
        self._snapshots_in[snapshot.pbx] += 1
        self._waiting.append(snapshot)
        self._wake()
        return True

    def _wake(self) -> None:
        # After the append: the engine clears the flag before it looks into the queue.
        if not self._filled.is_set():
            self._filled.set()

    def drain(self, timeout: float) -> list[Sighting]:
        """Return what waits; wait up to ``timeout`` seconds for the first. The engine thread only.

        Of a PBX of which very much waits, the rest comes next time.
        """
        if not self._waiting and not self._left:
            self._filled.wait(timeout)
        self._filled.clear()
        batch = self._each_in_turn([*self._left, *(self._waiting.popleft() for _ in range(len(self._waiting)))])
        for sighting in batch:
            if isinstance(sighting, Snapshot):
                self._snapshots_out[sighting.pbx] += 1
        self.drained += len(batch)
        self._say_what_was_dropped()
        return batch

    def _each_in_turn(self, waiting: list[Sighting]) -> list[Sighting]:
        """Return the first of each PBX, and keep the others; those of one PBX stay in their order."""
        if len(waiting) <= AT_ONCE_OF_A_PBX:
            self._left, self._waiting_of = [], defaultdict(int)
            return waiting
        batch: list[Sighting] = []
        left: list[Sighting] = []
        taken: defaultdict[str, int] = defaultdict(int)
        for sighting in waiting:
            pbx = pbx_of(sighting)
            taken[pbx] += 1
            (batch if taken[pbx] <= AT_ONCE_OF_A_PBX else left).append(sighting)
        self._left = left
        self._waiting_of = defaultdict(int, {pbx: max(0, number - AT_ONCE_OF_A_PBX) for pbx, number in taken.items()})
        return batch

    def _say_what_was_dropped(self) -> None:
        """Log what was dropped since this was last said, at most once a minute."""
        if not self.dropped or time.monotonic() < self._say_again_at:
            return
        for pbx, dropped in list(self.dropped.items()):
            if number := dropped - self._said.get(pbx, 0):
                self._said[pbx] = dropped
                self._say_again_at = time.monotonic() + SAY_EVERY
                log.warning(
                    "pbx %s: more happens than can be booked, %d observations were dropped; a snapshot repairs it",
                    pbx,
                    number,
                )

    def dropped_of(self, pbx: str) -> int:
        """How many sightings of a PBX were dropped so far. Any thread may call it."""
        return self.dropped.get(pbx, 0)

    def __len__(self) -> int:
        """How many sightings wait."""
        return len(self._waiting) + len(self._left)


def pbx_of(sighting: Sighting) -> str:
    """The name of the PBX that a sighting speaks of."""
    if isinstance(sighting, OF_A_PBX):
        return sighting.pbx
    return sighting.target.pbx
