"""Which [watch …] section decides about an endpoint, asked for each of 20,000: the patterns are sorted out once.

Nearly all patterns are a name (``PJSIP/101``) or a beginning (``PJSIP/1*``, ``*``), and these are looked up. The others
become one regular expression.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from fnmatch import translate

from healthmon.config.sections.watch import WatchConfig
from healthmon.config.values import WILDCARDS
from healthmon.model import Target


class WatchIndex:
    """The sections in the order in which they decide, sorted out for each PBX when it is first asked for.

    Any thread may ask: what two threads make at the same time is the same.
    """

    def __init__(self, watches: Sequence[WatchConfig]) -> None:
        self._watches = watches
        self._by_pbx: dict[str, _Patterns] = {}

    def watch_for(self, target: Target) -> WatchConfig | None:
        """The first section that speaks of this endpoint, or None: it is not watched, or is no endpoint."""
        name = target.endpoint
        if not name:
            return None
        patterns = self._by_pbx.get(target.pbx)
        if patterns is None:
            patterns = _Patterns([watch for watch in self._watches if watch.is_on(target.pbx)])
            self._by_pbx[target.pbx] = patterns
        return patterns.watch_for(name)


class _Patterns:
    """The patterns of the sections that speak of one PBX, each with the position of its section."""

    def __init__(self, watches: Sequence[WatchConfig]) -> None:
        self._watches = watches
        self._nobody = len(watches)
        self._names: dict[str, int] = {}
        self._beginnings: dict[str, int] = {}
        others: dict[int, list[str]] = {}
        for position, watch in enumerate(watches):
            for pattern in watch.endpoints:
                if WILDCARDS.isdisjoint(pattern):
                    self._names.setdefault(pattern, position)
                elif pattern[-1] == "*" and WILDCARDS.isdisjoint(pattern[:-1]):
                    self._beginnings.setdefault(pattern[:-1], position)
                else:
                    others.setdefault(position, []).append(translate(pattern))
        self._lengths = sorted({len(beginning) for beginning in self._beginnings})
        # One group for each section: the number of the group that matched tells the section.
        self._positions = list(others)
        groups = "|".join(f"({'|'.join(patterns)})" for patterns in others.values())
        self._others = None
        if others:
            self._others = re.compile(groups).match

    def watch_for(self, name: str) -> WatchConfig | None:
        """The first section that speaks of the endpoint of this name."""
        position = self._first(name)
        if position == self._nobody:
            return None
        watch = self._watches[position]
        if not watch.exclude or watch.takes(name):
            return watch
        later = self._watches[position + 1 :]
        return next((watch for watch in later if watch.takes(name)), None)

    def _first(self, name: str) -> int:
        """The position of the first section with a pattern for this name, whatever it excludes."""
        nobody = self._nobody
        first = self._names.get(name, nobody)
        for length in self._lengths:
            position = self._beginnings.get(name[:length], nobody)
            # min() would take as long as all the rest of this.
            if position < first:  # noqa: PLR1730
                first = position
        if self._others is not None:
            match = self._others(name)
            if match is not None and match.lastindex is not None:
                first = min(first, self._positions[match.lastindex - 1])
        return first
