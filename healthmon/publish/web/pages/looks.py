"""How states look: a word that the stylesheet knows. Nothing is green of which nobody can be sure. Pure."""

from __future__ import annotations

from healthmon.model import Health, Incident
from healthmon.publish.present import Present
from healthmon.report.availability.account import Strip
from healthmon.report.availability.html.strips import StripPart, stretches
from healthmon.report.status.rows import TargetStatus
from healthmon.times.spans import Span

#: How it looks that something was up when it was last seen, and nobody can say so now.
UNSURE = "unsure"


class Looks:
    """Says how things look at one moment."""

    def __init__(self, present: Present) -> None:
        self._is_stale = present.status.is_stale
        self._old = {pbx.name for pbx in present.status.pbxs if pbx.old}

    def of(self, row: TargetStatus) -> str:
        """How a target looks, or one of its checks."""
        if row.state is not Health.UP:
            return row.state
        if self._is_stale or row.target.pbx in self._old:
            return UNSURE
        return Health.UP

    def of_pbx(self, name: str, health: Health) -> str:
        """How something of this health looks behind a PBX."""
        if health is Health.UP and (self._is_stale or name in self._old):
            return UNSURE
        return health


def look_of_incident(incident: Incident) -> str:
    """How an incident looks; what is over is not red."""
    if not incident.is_open:
        return "over"
    return incident.state


def parts_of(strip: Strip, window: Span) -> list[StripPart]:
    """Cut a strip into what is drawn."""
    return [part for part in stretches(strip.segments, window, strip.left_out) if part.shows is not None]
