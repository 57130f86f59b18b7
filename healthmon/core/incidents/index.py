"""The incidents that somebody may still have to hear of: by number, by what they are about, by what explains them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import product

from healthmon.core.orders.muting import is_for_now
from healthmon.model import ENDPOINT_CHECKS, Changes, Check, Incident, Target

#: The key of a check, and of what is open about it.
CheckKey = tuple[Target, str]


class Index:
    """All incidents that are open, or closed and not told to the end. Owned by the engine thread."""

    def __init__(self, incidents: Iterable[Incident], numbers: Iterator[int]) -> None:
        self._numbers = numbers
        self._known: dict[int, Incident] = {}
        self._open: dict[CheckKey, int] = {}
        self._open_behind: dict[str, set[int]] = {}
        #: Open or not, by the number of the bigger one that explains them.
        self._explained_by: dict[int, set[int]] = {}
        #: The endpoints of whose outage nobody is told because somebody asked for that; what of this is news.
        self._muted: set[Target] = set()
        self._muting: dict[Target, bool] = {}
        for incident in incidents:
            self._keep(incident)

    def next_number(self) -> int:
        """Return a number that no incident has or had: those are the store's."""
        return next(self._numbers)

    def book(self, incident: Incident, changes: Changes) -> None:
        """Keep an incident as it is now, and have it written down."""
        self._keep(incident)
        changes.incidents[incident.id] = incident

    def _keep(self, incident: Incident) -> None:
        before = self._known.get(incident.id)
        if before is not None and before.check != incident.check:
            # It goes on as the outage of another check.
            del self._open[before.target, before.check]
        self._known[incident.id] = incident
        key, behind = (incident.target, incident.check), self._open_behind.setdefault(incident.target.pbx, set())
        if incident.is_open:
            self._open[key] = incident.id
            behind.add(incident.id)
        elif incident.id in behind:
            del self._open[key]
            behind.discard(incident.id)
        if incident.explained_by is not None:
            self._explained_by.setdefault(incident.explained_by, set()).add(incident.id)
        if incident.target.is_endpoint and incident.check == Check.REACHABILITY:
            self._keep_muting(incident)

    def _keep_muting(self, incident: Incident) -> None:
        is_muted = incident.is_open and is_for_now(incident.muted_by)
        if is_muted == (incident.target in self._muted):
            return
        self._muting[incident.target] = is_muted
        if is_muted:
            self._muted.add(incident.target)
        else:
            self._muted.discard(incident.target)

    def take_muting(self) -> Mapping[Target, bool]:
        """Return, once, of which endpoints it has changed whether somebody asked not to be told of their outage."""
        muting, self._muting = self._muting, {}
        return muting

    def drop(self, incident: Incident) -> None:
        """Forget one that is closed, and told to the end."""
        self._known.pop(incident.id, None)
        if incident.explained_by is not None:
            self._explained_by.get(incident.explained_by, set()).discard(incident.id)

    def get(self, number: int | None) -> Incident | None:
        """Return the incident of this number as it is now, or None: it is forgotten, or there never was one."""
        if number is None:
            return None
        return self._known.get(number)

    def now(self, incident: Incident) -> Incident:
        """Return a known incident as it is now."""
        return self._known[incident.id]

    def open_about(self, target: Target, check: str) -> Incident | None:
        """Return the open incident of this check, or None."""
        return self.get(self._open.get((target, check)))

    def all_open(self) -> list[Incident]:
        """Return every open incident."""
        return [self._known[number] for number in self._open.values()]

    def all_closed(self) -> list[Incident]:
        """Return every incident that is closed, and not told to the end, in the order of their numbers."""
        return [incident for incident in self.everything() if not incident.is_open]

    def everything(self) -> list[Incident]:
        """Return every incident, in the order of their numbers."""
        return [self._known[number] for number in sorted(self._known)]

    def behind(self, pbx: str) -> set[int]:
        """Return the numbers of the open incidents of a PBX, and of all that is behind it."""
        return self._open_behind.get(pbx, set())

    def about(self, targets: Iterable[Target]) -> set[int]:
        """Return the numbers of the open incidents about any check of any of these endpoints."""
        keys = product(targets, ENDPOINT_CHECKS)
        return {number for key in keys if (number := self._open.get(key)) is not None}

    def explained_by(self, bigger: Incident) -> set[int]:
        """Return the numbers of the known incidents, open or not, that this one explains, or did."""
        return self._explained_by.get(bigger.id, set())
