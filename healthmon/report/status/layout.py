"""What the reader of ``healthmon status`` asked for, and how times are written for them."""

from __future__ import annotations

from typing import NamedTuple
from zoneinfo import ZoneInfo

from msgspec import Struct

from healthmon.report.formatting import full, local, of_written


class StatusLayout(Struct, frozen=True):
    """``--down`` and ``--all``."""

    only_down: bool = False
    everything: bool = False


class WrittenTimes(NamedTuple):
    """Writes for people the times of the data for programs, as seen at this one."""

    zone: ZoneInfo
    now: float

    def short(self, written: str) -> str:
        """``14:02:11``, ``1 May 14:02``."""
        return local(of_written(written), self.zone, self.now)

    def full(self, written: str) -> str:
        """``Fri 2026-05-01 14:02 CEST``."""
        return full(of_written(written), self.zone)
