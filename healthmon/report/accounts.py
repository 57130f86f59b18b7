"""The account of a window: each target's figures, worst first, the overall figures, and the incidents. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from healthmon.model import Incident, Kind, Target
from healthmon.report.availability import Figures, Span, overall


@dataclass(frozen=True, slots=True)
class Line:
    """One target's figures."""

    target: Target
    kind: Kind
    watch: str
    figures: Figures
    #: A phone that was never seen up counts no downtime.
    was_used: bool = True


@dataclass(frozen=True, slots=True)
class Account:
    """All that a report says."""

    window: Span
    #: Worst first.
    lines: tuple[Line, ...]
    #: Newest first.
    incidents: tuple[Incident, ...]

    @property
    def overall(self) -> Figures:
        """All targets together."""
        return overall(line.figures for line in self.lines)


def worst_first(lines: Iterable[Line]) -> tuple[Line, ...]:
    """Order by availability, then by downtime and outages; what has no figure comes last."""
    return tuple(sorted(lines, key=_badness))


def _badness(line: Line) -> tuple[object, ...]:
    share = line.figures.availability
    return (
        share is None,
        share,
        -line.figures.down_s,
        -line.figures.outages,
        -line.figures.unknown_s,
        line.target,
    )
