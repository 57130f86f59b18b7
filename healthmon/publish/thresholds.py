"""The ranges of the Monitoring Plugins Development Guidelines ("Threshold and Ranges"). Pure."""

from __future__ import annotations

import math
import re

from msgspec import Struct

from healthmon.errors import HealthmonError

#: ``10``, ``5:``, ``~:10``, ``@5:10``.
_RANGE = re.compile(r"(?P<inside>@?)(?:(?P<low>~|\d+(?:\.\d+)?):)?(?P<high>\d+(?:\.\d+)?)?", re.ASCII)


class BadRange(HealthmonError):
    """A threshold that is none; the sentence says what one looks like."""


class Range(Struct, frozen=True):
    """An alert is raised outside of it, or with ``is_inside`` in it; both ends belong to it. ``text``: as given."""

    low: float
    high: float
    is_inside: bool
    text: str

    def raises_alert(self, value: float) -> bool:
        """Whether this value is an alert."""
        return (self.low <= value <= self.high) == self.is_inside


def range_of(text: str) -> Range:
    """Read a range: ``10`` is 0 to 10, ``5:`` from 5 on, ``~:10`` up to 10, ``@5:10`` raises an alert from 5 to 10.

    Raises BadRange.
    """
    found = _RANGE.fullmatch(text)
    if found is None or not text.strip("@"):
        raise BadRange(f"'{text}' is no range, like 10 (more than 10), 5: (less than 5) or @5:10 (from 5 to 10)")
    low, high = -math.inf, math.inf
    if found["low"] != "~":
        low = float(found["low"] or 0)
    if found["high"] is not None:
        high = float(found["high"])
    if low > high:
        raise BadRange(f"'{text}' is no range: it begins above its end")
    return Range(low, high, bool(found["inside"]), text)
