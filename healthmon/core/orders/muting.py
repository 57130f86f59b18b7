"""Silences, maintenance, working hours, what is not told singly: why nobody is told, and until when that may hold."""

from __future__ import annotations

from collections.abc import Iterable

from healthmon.config.configuration import Config
from healthmon.model import Incident, Kind, Matcher, Silence
from healthmon.times.wall import Wall
from healthmon.times.weekly import is_within, next_change

OUTSIDE_HOURS = "outside working hours"
#: Asterisk has the endpoint in maintenance mode.
MAINTENANCE_MODE = "maintenance mode at Asterisk"


#: Why nobody is told of a single thing, but of a group to which it belongs.
NOT_SINGLY = {
    Kind.PROVIDER: "providers are not told singly",
    Kind.GATEWAY: "gateways are not told singly",
    Kind.PHONE: "phones are not told singly",
    Kind.ATA: "ATAs are not told singly",
    Kind.SOFTPHONE: "softphones are not told singly",
    Kind.MOBILE: "mobile phones are not told singly",
}


#: Why nobody is told of one that comes and goes with its user.
LOGS_OUT = {
    Kind.SOFTPHONE: "softphones that log out are not told",
    Kind.MOBILE: "mobile phones that log out are not told",
}

_FOR_GOOD = frozenset((*NOT_SINGLY.values(), *LOGS_OUT.values()))


def is_for_now(muted_by: str) -> bool:
    """Whether this speaks of a time, and not of what sort of thing it is."""
    return bool(muted_by) and muted_by not in _FOR_GOOD


def its_begin(muted_by: str) -> str:
    """Say that something mutes an incident now: ``silence 12: from now on nobody is told``."""
    if is_for_now(muted_by):
        return f"{muted_by}: from now on nobody is told"
    return f"nobody is told: {muted_by}"


def its_end(muted_by: str) -> str:
    """Say that what muted an incident does so no longer: ``silence 12 is over``."""
    if muted_by == OUTSIDE_HOURS:
        return "working hours have begun"
    if is_for_now(muted_by):
        return f"{muted_by} is over"
    return "from now on it is told singly"


class Muting:
    """What is in force now, looked up once for each change. Owned by the engine thread."""

    def __init__(self, config: Config, silences: Iterable[Silence], wall: Wall) -> None:
        self._silences = tuple(silences)
        self._wall = wall
        self.use(config)

    def use(self, config: Config) -> None:
        """Take a new configuration."""
        self._windows = config.maintenance
        self._watches = {watch.name: watch for watch in config.watches}
        self._hours = {watch.name: watch.working_hours for watch in config.watches if watch.working_hours}
        self._forget()

    def take(self, silences: Iterable[Silence]) -> None:
        """Take the silences as people ordered them."""
        self._silences = tuple(silences)
        self._forget()

    def _forget(self) -> None:
        self._in_force: tuple[tuple[str, Matcher], ...] = ()
        #: The watch sections whose working hours are over.
        self._off_work: frozenset[str] = frozenset()
        self._looked_at = self._changes_at = self._looked_by = 0.0

    def muted_by(self, incident: Incident, now: float) -> str:
        """Name what mutes an incident, ``silence 12`` or ``outside working hours``; "": nothing does."""
        self._look(now)
        names = [name for name, matcher in self._in_force if _speaks_of(matcher, incident)]
        if self._off_work.issuperset(incident.watches or (incident.watch,)):
            # Nobody works who cares for it; for that of a group, nobody who cares for any part of it.
            names.append(OUTSIDE_HOURS)
        return next(iter(names), self._never_told(incident))

    def _never_told(self, incident: Incident) -> str:
        """Say why such a thing is not told at any time; "": it is."""
        if incident.is_logged_out and incident.kind in LOGS_OUT:
            return LOGS_OUT[incident.kind]
        watch = self._watches.get(incident.watch)
        if incident.kind not in NOT_SINGLY or watch is None or watch.is_told_singly(incident.kind):
            return ""
        return NOT_SINGLY[incident.kind]

    def next_change(self, now: float) -> float | None:
        """When a silence, maintenance or working hours begin or end next; None: never."""
        self._look(now)
        if self._changes_at == float("inf"):
            return None
        return self._changes_at

    def _look(self, now: float) -> None:
        """Find out what is in force, unless that is known since the last look."""
        if self._looked_at <= now < self._changes_at and self._looked_by == self._wall.ahead:
            return
        shown = self._wall.shown(now)
        silences = [silence for silence in self._silences if now < silence.until]
        windows = [
            (f"maintenance {window.name}", window.matcher) for window in self._windows if is_within(window.when, shown)
        ]
        self._in_force = (*((f"silence {silence.id}", silence.matcher) for silence in silences), *windows)
        self._off_work = frozenset(watch for watch, hours in self._hours.items() if not is_within(hours, shown))
        times = [*(window.when for window in self._windows), *self._hours.values()]
        edges = [next_change(each, shown) for each in times]
        ends = [*(silence.until for silence in silences), *(self._wall.when(edge) for edge in edges if edge)]
        self._looked_at, self._looked_by = now, self._wall.ahead
        self._changes_at = min(ends, default=float("inf"))


def _speaks_of(matcher: Matcher, incident: Incident) -> bool:
    """Of a group that is told in several watch sections, it must speak of each."""
    target, kind, site = incident.target, incident.kind, incident.site
    return all(matcher.matches(target, kind, watch, site) for watch in incident.watches or (incident.watch,))
