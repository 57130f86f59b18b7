"""A reader for somebody who may see a part only: what is not in their scope is not there, whatever is asked.

What belongs to single targets (places, changes, measurements) is asked for by targets that were found here before.
Figures need all silences, sites and times of blindness; these are matched with targets, and never shown themselves.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from msgspec.structs import replace

from healthmon.model import CheckState, Incident, Kind, Note, PbxState, Restart, Scope, Silence, Target, Transition
from healthmon.store.read.histories import TargetHistory
from healthmon.store.read.incident_lists import StoredIncidents, Wanted
from healthmon.store.read.known_targets import KnownTarget
from healthmon.store.read.meters import Meters, Watched
from healthmon.store.read.queries import Missing, NotificationRecord, Reader, UrlFacts
from healthmon.store.session import Session
from healthmon.text.addresses import without_silent_addresses

#: Who was told is not said to those who see a part: receivers are the operator's.
SOMEBODY = "somebody"
#: So begins the reason where nobody is told because of a maintenance window.
_MAINTENANCE = "maintenance "


class ScopedMeters(Meters):
    """Figures of what is in a scope."""

    def __init__(self, session: Session, scope: Scope) -> None:
        super().__init__(session)
        self._scope = scope

    def watched(self, since: float, until: float) -> list[Watched]:
        """As of everything, but for what is not seen."""
        return [watched for watched in super().watched(since, until) if self._sees(watched)]

    def watched_beside(self, since: float, until: float) -> list[Watched]:
        """As of everything, but for what is not seen."""
        return [watched for watched in super().watched_beside(since, until) if self._sees(watched)]

    def of_target(self, target: Target) -> Watched | None:
        """None also of what is not seen."""
        watched = super().of_target(target)
        if watched is None or not self._sees(watched):
            return None
        return watched

    def _sees(self, watched: Watched) -> bool:
        return self._scope.sees(watched.target, watched.watch)


class ScopedReader(Reader):
    """Answers of the same moment as another reader, which owns the connection and closes it."""

    def __init__(self, reader: Reader, scope: Scope) -> None:
        vars(self).update(vars(reader))
        self._scope = scope

    # ---------------------------------------------------------------- now

    def states(self) -> list[CheckState]:
        """Those that are seen."""
        return [_seen_of_state(state) for state in super().states() if self._scope.sees(state.target, state.watch)]

    def states_of(self, target: Target) -> list[CheckState]:
        """None of a target that is not seen."""
        states = super().states_of(target)
        return [_seen_of_state(state) for state in states if self._scope.sees(state.target, state.watch)]

    def pbx_states(self) -> list[PbxState]:
        """Those of PBXs of which anything is seen."""
        return [state for state in super().pbx_states() if self._scope.sees_of(state.pbx)]

    def urls(self) -> list[UrlFacts]:
        """None: receivers are the operator's."""
        return []

    # ---------------------------------------------------------------- incidents

    def open_incidents(self) -> list[Incident]:
        """Those that are seen."""
        return self._seen(super().open_incidents())

    def incidents(self, since: float, until: float) -> list[Incident]:
        """Those that are seen."""
        return self._seen(super().incidents(since, until))

    def incident(self, number: int) -> Incident | None:
        """None also of one that is not seen."""
        found = super().incident(number)
        if found is None:
            return None
        return next(iter(self._seen([found])), None)

    def explained(self, number: int) -> list[Incident]:
        """Those that are seen."""
        return self._seen(super().explained(number))

    def incidents_of(self, target: Target, since: float, until: float) -> list[Incident]:
        """Those that are seen: an endpoint may have been another's."""
        return self._seen(super().incidents_of(target, since, until))

    def last_incident_number(self) -> int:
        """That of the last one that lasts, of those that are seen."""
        return max((incident.id for incident in self.open_incidents()), default=0)

    def count_incidents(self, wanted: Wanted) -> int:
        """Those that are seen."""
        return super().count_incidents(self._narrowed(wanted))

    def count_causes(self, wanted: Wanted) -> int:
        """Those of what is seen."""
        return super().count_causes(self._narrowed(wanted))

    def count_groups_alone(self, wanted: Wanted, *, without_maintenance: bool = False) -> int:
        """Those that are seen."""
        return super().count_groups_alone(self._narrowed(wanted), without_maintenance=without_maintenance)

    def newest_incidents(self, wanted: Wanted, most: int | None = None) -> list[Incident]:
        """Those that are seen."""
        return self._seen(super().newest_incidents(self._narrowed(wanted), most))

    def stored_incidents(self, wanted: Wanted) -> StoredIncidents:
        """Those that are seen."""
        return ScopedIncidents(super().stored_incidents(self._narrowed(wanted)), self._scope)

    def site_incidents(self, wanted: Wanted) -> Iterator[Incident]:
        """Those that are seen."""
        yield from self._seen(super().site_incidents(self._narrowed(wanted)))

    def flaps(self, since: float, until: float) -> list[tuple[Target, float, str, int]]:
        """Those of what is seen now."""
        seen = {known.target for known in self.known_targets()}
        return [flap for flap in super().flaps(since, until) if flap[0] in seen]

    def restarts(self, since: float, until: float, pbx: str | None = None) -> list[Restart]:
        """Those of PBXs of which anything is seen."""
        return [restart for restart in super().restarts(since, until, pbx) if self._scope.sees_of(restart.pbx)]

    def notes(self, incident_id: int) -> list[Note]:
        """None: decisions name receivers, and what else is told at the same time."""
        del incident_id
        return []

    def tellings(self, incident_id: int) -> list[NotificationRecord]:
        """That somebody was told, and when: not who, nor what else stood in the message."""
        return [replace(telling, url_id=SOMEBODY, why="", subject="") for telling in super().tellings(incident_id)]

    def missed(self, incident_id: int) -> list[Missing]:
        """None: they name receivers."""
        del incident_id
        return []

    # ---------------------------------------------------------------- silences

    def silences(self, after: float) -> list[Silence]:
        """Those that speak of nothing but what is seen."""
        return self._covered(super().silences(after))

    def silences_to_show(self, since: float, until: float) -> list[Silence]:
        """Those that speak of nothing but what is seen."""
        return self._covered(super().silences_to_show(since, until))

    # ---------------------------------------------------------------- history

    def life(self, target: Target, since: float, until: float) -> list[TargetHistory]:
        """Of a target that was found here; without the silent addresses of a provider."""
        return [
            replace(history, transitions=tuple(map(_seen_of_change, history.transitions)))
            for history in super().life(target, since, until)
        ]

    def last_changes(self, target: Target, most: int = 100) -> list[Transition]:
        """Of a target that was found here; without the silent addresses of a provider."""
        return [_seen_of_change(change) for change in super().last_changes(target, most)]

    def known_targets(self) -> list[KnownTarget]:
        """Those that are seen."""
        return [known for known in super().known_targets() if self._scope.sees(known.target, known.watch)]

    def meters(self) -> Meters:
        """Figures of what is seen."""
        return ScopedMeters(self._session, self._scope)

    # ----------------------------------------------------------------

    def _seen(self, incidents: Iterable[Incident]) -> list[Incident]:
        return [
            seen_of(incident, self._scope)
            for incident in incidents
            if self._scope.sees(incident.target, incident.watch)
        ]

    def _narrowed(self, wanted: Wanted) -> Wanted:
        def wants(target: Target, kind: Kind, watch: str) -> bool:
            is_wanted = wanted.wants is None or wanted.wants(target, kind, watch)
            return is_wanted and self._scope.sees(target, watch)

        return replace(wanted, wants=wants)

    def _covered(self, silences: Collection[Silence]) -> list[Silence]:
        if not silences:
            return []
        seen = [known.target for known in self.known_targets()]
        return [silence for silence in silences if self._scope.covers(silence.matcher, seen)]


def reader_in(reader: Reader, scope: Scope) -> Reader:
    """The same reader, for whoever sees everything; else one for their scope."""
    if scope.sees_everything:
        return reader
    return ScopedReader(reader, scope)


class ScopedIncidents(StoredIncidents):
    """Those of a scope, as they are seen in it."""

    def __init__(self, stored: StoredIncidents, scope: Scope) -> None:
        vars(self).update(vars(stored))
        self._scope = scope

    def __iter__(self) -> Iterator[Incident]:
        """Read them in their order. Raises a StoreError."""
        for incident in super().__iter__():
            yield seen_of(incident, self._scope)


def seen_of(incident: Incident, scope: Scope) -> Incident:
    """What is seen of an incident in a scope: nothing that may be another's.

    What explains an endpoint's outage is its PBX's, or that of a site where others' phones are, too. Which addresses of
    a provider are silent is the operator's.
    """
    if scope.sees_everything:
        return incident
    explained_by = None
    if scope.sees_whole(incident.target.pbx):
        explained_by = incident.explained_by
    return replace(
        incident,
        cause=without_silent_addresses(incident.cause),
        closed_words=without_silent_addresses(incident.closed_words),
        explained_by=explained_by,
        muted_by=seen_of_muting(incident.muted_by),
    )


def _seen_of_state(state: CheckState) -> CheckState:
    reason, remark = without_silent_addresses(state.reason), without_silent_addresses(state.remark)
    return replace(state, reason=reason, remark=remark)


def _seen_of_change(change: Transition) -> Transition:
    return replace(change, cause=without_silent_addresses(change.cause))


def seen_of_muting(muted_by: str) -> str:
    """Why nobody is told: a maintenance window may be called after another customer."""
    if muted_by.startswith(_MAINTENANCE):
        return _MAINTENANCE.strip()
    return muted_by
