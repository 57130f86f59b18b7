"""How a length of time is divided for people, in every language: into two units at most. Pure."""

from __future__ import annotations

from enum import StrEnum

MINUTE, HOUR, DAY = 60, 3600, 86400


class Unit(StrEnum):
    """What a length is counted in."""

    SECOND = "s"
    MINUTE = "min"
    HOUR = "h"
    DAY = "day"


def divided(seconds: float) -> list[tuple[int, Unit]]:
    """Divide a length: 41 s; 9 min 3 s; 12 min; 2 h 5 min; 3 days 4 h. What there is none of is left out."""
    whole = max(round(seconds), 0)
    if whole < MINUTE:
        return [(whole, Unit.SECOND)]
    if whole < 10 * MINUTE:
        return _without_none((whole // MINUTE, Unit.MINUTE), (whole % MINUTE, Unit.SECOND))
    if whole < HOUR:
        return [(whole // MINUTE, Unit.MINUTE)]
    if whole < DAY:
        return _without_none((whole // HOUR, Unit.HOUR), (whole % HOUR // MINUTE, Unit.MINUTE))
    return _without_none((whole // DAY, Unit.DAY), (whole % DAY // HOUR, Unit.HOUR))


def _without_none(*parts: tuple[int, Unit]) -> list[tuple[int, Unit]]:
    return [(number, unit) for number, unit in parts if number]
