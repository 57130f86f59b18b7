"""What each cell of the calendar amounts to, over all targets: by the readings of the meters where cells are days.

A meter is read at the end of each day on which something happened. What lies between two readings is their difference,
and where there is none the meter simply ran on: nobody has to go through the changes themselves.
"""

from __future__ import annotations

from collections.abc import Sequence

from healthmon.history.day_values import Seconds
from healthmon.history.figures import Figures
from healthmon.report.availability.account import GroupFigures, period_group
from healthmon.times.periods import Period

#: Less than this is what floats lose (seconds).
_EXACT_S = 1e-3


class Cells:
    """Adds up how long everything was what, cell by cell. Owned by the measuring of one report."""

    def __init__(self, periods: Sequence[Period]) -> None:
        self.periods = periods
        self._sums = [_CellSum() for _ in periods]

    def add_values(self, values: Sequence[Seconds]) -> None:
        """Count a target by what its meter showed at the beginning of the first period, and at the end of each."""
        for cell, before, after in zip(self._sums, values, values[1:], strict=False):
            if before != after:
                up_s, degraded_s, down_s, unknown_s = before
                cell.add(after[0] - up_s, after[1] - degraded_s, after[2] - down_s, after[3] - unknown_s)

    def add(self, number: int, seconds: Seconds) -> None:
        """Count a target in one period."""
        self._sums[number].add(*seconds)

    def groups(self) -> tuple[GroupFigures, ...]:
        """Say what each period amounts to. How many outages there were is not counted."""
        return tuple(cell.group(period) for cell, period in zip(self._sums, self.periods, strict=True))


class _CellSum:
    """What the targets so far amount to in one period."""

    def __init__(self) -> None:
        self._up_s = self._degraded_s = self._down_s = self._unknown_s = 0.0
        self._targets = 0

    def add(self, up_s: float, degraded_s: float, down_s: float, unknown_s: float) -> None:
        """Count one target more, if it was watched."""
        if up_s + degraded_s + down_s + unknown_s < _EXACT_S:
            return
        self._targets += 1
        self._up_s += up_s
        self._degraded_s += degraded_s
        self._unknown_s += unknown_s
        if down_s >= _EXACT_S:
            self._down_s += down_s

    def group(self, period: Period) -> GroupFigures:
        """Return their sum, as a cell of the calendar."""
        figures = Figures(up_s=self._up_s, degraded_s=self._degraded_s, down_s=self._down_s, unknown_s=self._unknown_s)
        return period_group(period, figures, None, self._targets)
