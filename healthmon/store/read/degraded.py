"""Since when something is degraded that was down before: people are told that, and not when it went down."""

from __future__ import annotations

from msgspec.structs import replace

from healthmon.model import Health, Incident
from healthmon.store.read.remembered import read_states_of
from healthmon.store.session import Session


def with_degraded_since(session: Session, incident: Incident) -> Incident:
    """Return an incident with the time since which it is degraded, if it is, and was down or flapping before."""
    is_degraded = incident.is_open and incident.health is Health.DEGRADED and not incident.flapping
    if not is_degraded or not incident.target.is_endpoint:
        return incident
    for state in read_states_of(session, incident.target):
        if (state.check, state.belief) == (incident.check, Health.DEGRADED) and state.since > incident.since:
            return replace(incident, degraded_since=state.since)
    return incident
