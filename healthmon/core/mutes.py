"""Silences and maintenance windows: what nobody is told of at present, and until when that may hold."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from healthmon.config.types import Config
from healthmon.core.windows import is_open, next_change
from healthmon.model import Incident, Matcher, Silence


class Mutes:
    """What is in force now, looked up once for each change. Owned by the engine thread."""

    def __init__(self, config: Config, silences: Iterable[Silence]) -> None:
        self._silences = tuple(silences)
        self.use(config)

    def use(self, config: Config) -> None:
        """Take a new configuration."""
        self._windows = config.maintenance
        self._forget()

    def take(self, silences: Iterable[Silence]) -> None:
        """Take the silences as people ordered them."""
        self._silences = tuple(silences)
        self._forget()

    def shift(self, by: float) -> None:
        """Somebody set the clock: silences last as long as they were to last; windows follow the clock on the wall."""
        self._silences = tuple(replace(one, since=one.since + by, until=one.until + by) for one in self._silences)
        self._forget()

    def _forget(self) -> None:
        self._in_force: tuple[tuple[str, Matcher], ...] = ()
        self._looked_at = self._changes_at = 0.0

    def muted_by(self, incident: Incident, now: float) -> str:
        """Name what mutes an incident, ``silence 12`` or ``maintenance backup``; "": nothing does."""
        target, kind, watch = incident.target, incident.kind, incident.watch
        names = (name for name, matcher in self._now(now) if matcher.matches(target, kind, watch))
        return next(names, "")

    def next_change(self, now: float) -> float | None:
        """When a silence or window begins or ends next; None: never."""
        self._now(now)
        return None if self._changes_at == float("inf") else self._changes_at

    def _now(self, now: float) -> tuple[tuple[str, Matcher], ...]:
        if not self._looked_at <= now < self._changes_at:
            silences = [one for one in self._silences if now < one.until]
            windows = [(f"maintenance {one.name}", one.matcher) for one in self._windows if is_open(one, now)]
            self._in_force = (*((f"silence {one.id}", one.matcher) for one in silences), *windows)
            edges = [*(one.until for one in silences), *(next_change(one, now) for one in self._windows)]
            self._looked_at, self._changes_at = now, min(edges, default=float("inf"))
        return self._in_force
