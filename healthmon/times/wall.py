"""What the clock on the wall shows at a time of healthmon's timeline: for working hours, and for what people read."""

from __future__ import annotations

from msgspec import Struct


class Wall(Struct):
    """How far the wall clock is ahead of the timeline, at present. Owned by the engine thread, which sets it."""

    ahead: float = 0.0

    def shown(self, time: float) -> float:
        """Return what the wall clock shows at a time of the timeline."""
        return time + self.ahead

    def when(self, shown: float) -> float:
        """Return when, on the timeline, the wall clock shows this."""
        return shown - self.ahead
