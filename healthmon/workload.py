"""Counts what the engine has to do."""

from __future__ import annotations

from healthmon.model import Workload

#: Transactions are counted by whether they took no longer than each of these (seconds).
COMMITTED_WITHIN = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


class WorkCounter:
    """Counts sightings that wait, and how long transactions take. Owned by the engine thread."""

    def __init__(self) -> None:
        self._most_waiting = 0
        self._commits = 0
        self._commit_s = 0.0
        self._commits_within = dict.fromkeys(COMMITTED_WITHIN, 0)

    def waited(self, sightings: int) -> None:
        """So many sightings waited at once."""
        self._most_waiting = max(self._most_waiting, sightings)

    def booked(self, seconds: float) -> None:
        """A transaction took so long."""
        self._commits += 1
        self._commit_s += seconds
        for bound in COMMITTED_WITHIN:
            if seconds <= bound:
                self._commits_within[bound] += 1

    def take(self, waiting: int) -> Workload:
        """Return what was counted. ``waiting``: so many sightings wait now."""
        most, self._most_waiting = self._most_waiting, waiting
        return Workload(waiting, most, self._commits, self._commit_s, dict(self._commits_within))
