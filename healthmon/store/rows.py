"""Which struct of the model is kept in which columns: the only place that knows where the two differ."""

from __future__ import annotations

from sys import intern
from typing import Any

from healthmon.model import (
    Acknowledgement,
    CheckState,
    EndpointSettings,
    Freshness,
    Health,
    Incident,
    Kind,
    Note,
    PbxState,
    Place,
    PlaceChange,
    PlaceDetails,
    PlacePeriod,
    Reason,
    Restart,
    Silence,
    UrlState,
)
from healthmon.store.codec import TARGET, Codec, Meanings, Row, insert, target_of, target_row, upsert
from healthmon.store.schema import NO_END
from healthmon.store.sqlite.connect import Stored
from healthmon.store.timeline import Timeline

#: The numbers that stand for healths in ``transitions``. Never change one: they are in people's files.
HEALTH_CODES = {Health.UP: 1, Health.DEGRADED: 2, Health.DOWN: 3, Health.UNKNOWN: 4, None: None}
HEALTHS = Meanings({code: health for health, code in HEALTH_CODES.items()})

# Looking into a dictionary is ten times faster than asking an enum.
KINDS = Meanings({str(kind): kind for kind in Kind})
REASONS = Meanings({str(reason): reason for reason in Reason})

ACKNOWLEDGEMENTS = Codec(Acknowledgement)
FRESHNESS = Codec(Freshness, is_checked=True)
NOTES = Codec(Note)
PBX_STATES = Codec(PbxState, is_checked=True)
RESTARTS = Codec(Restart)
#: The places of an endpoint are rows of their own.
SETTINGS = Codec(EndpointSettings, left_out=("places", "is_partial"), shared=("outbound_proxy",))
SILENCES = Codec(Silence)
URLS = Codec(UrlState)

#: What nobody saw of an incident is worked out when it is asked for.
INCIDENTS = Codec(
    Incident, renamed={"check": "check_name", "of": "down_of"}, left_out=("unseen_s", "left_out_s", "degraded_since")
)

#: What is known of a check is in ``checks``, as long as there is any history of it, and what is believed in ``states``.
STATE_NAMES = {"check": "name", "unknown_because": "veil", "unknown_since": "veiled_since"}
STATES = Codec(CheckState, renamed=STATE_NAMES, shared=("check", "watch"))
OF_CHECK = (*TARGET, "name", "kind", "watch")
#: The first columns are those of the check.
OF_STATE = STATES.columns[len(OF_CHECK) :]

#: The columns of ``checks c`` joined with ``states s``, in the order of CheckState's fields.
STATE_COLUMNS = ", ".join([*(f"c.{column}" for column in OF_CHECK), *(f"s.{column}" for column in OF_STATE)])

UPSERT_STATE = upsert("states", ["check_id"], OF_STATE)
UPSERT_PBX_STATE = upsert("pbx_states", ["pbx"], PBX_STATES.columns)
UPSERT_SETTINGS = upsert("settings", TARGET, SETTINGS.columns)
UPSERT_FRESHNESS = upsert("freshness", ["pbx"], FRESHNESS.columns)
#: What is booked of an incident is to be told, also of its end.
UPSERT_INCIDENT = upsert("incidents", ["id"], [*INCIDENTS.columns, "telling"])
INSERT_RESTART = insert("restarts", RESTARTS.columns)
INSERT_NOTE = insert("incident_notes", NOTES.columns)


def state_values(state: CheckState, check_id: int, timeline: Timeline) -> list[Any]:
    """Make the values of ``UPSERT_STATE``, in the order of its parameters."""
    values = STATES.values(state, timeline)
    values[: len(OF_CHECK)] = [check_id]
    return values


def place_row(change: PlaceChange, timeline: Timeline) -> Row:
    """Make the row of a place that was found or left."""
    return {**target_row(change.target), **change.place._asdict(), "at": timeline.stored(change.at)}


def details_row(details: PlaceDetails) -> Row:
    """Make what is kept of the contact at a place. When it expires is by another clock than ours."""
    named = {**target_row(details.target), **details.place._asdict()}
    return {**named, "own_address": details.own_address, "expires_at": details.expires_at}


def place_of(row: Stored) -> Place:
    """Read a place; the texts are shared, since many endpoints have the same."""
    return Place(intern(row["address"]), intern(row["user_agent"]))


def place_period_of(row: Stored, timeline: Timeline) -> PlacePeriod:
    """Read from when to when a contact was at a place."""
    until = None
    if row["until"] != NO_END:
        until = timeline.shown(row["until"])
    since, own_address, expires_at = timeline.shown(row["since"]), row["own_address"], row["expires_at"]
    return PlacePeriod(target_of(row), place_of(row), since, until, own_address, expires_at)
