"""How much the daemon had to do, for those who watch it."""

from __future__ import annotations

from msgspec import Struct, field


class Workload(Struct, frozen=True):
    """How much the engine had to do since the daemon was started."""

    #: How many sightings waited for it when this was booked.
    waiting: int = 0
    #: The most that waited at once since this was booked before.
    most_waiting: int = 0
    #: How many transactions it has booked, and how long all of them took together (seconds).
    commits: int = 0
    commit_s: float = 0.0
    #: How many of them took no longer than so many seconds.
    commits_within: dict[float, int] = field(default_factory=dict)


#: Of a daemon that has not done anything yet.
IDLE = Workload()
