"""Values of the model as rows, and back. The only place that knows both spellings."""

from __future__ import annotations

import json
import sqlite3
from sys import intern
from typing import Any

from healthmon.model import (
    Acknowledgement,
    CheckState,
    Ending,
    EndpointSettings,
    Freshness,
    Health,
    Incident,
    Kind,
    Loss,
    Matcher,
    Note,
    PbxState,
    Place,
    PlaceChange,
    PlacePeriod,
    Restart,
    Severity,
    Silence,
    Target,
)
from healthmon.store.schema import NO_END
from healthmon.store.timeline import Timeline

Row = dict[str, Any]

#: The numbers that stand for healths in ``transitions``. Never change one: they are in people's files.
HEALTH_CODES = {Health.UP: 1, Health.DEGRADED: 2, Health.DOWN: 3, Health.UNKNOWN: 4, None: None}
HEALTHS = {code: health for health, code in HEALTH_CODES.items()}

# Looking into a dictionary is ten times faster than asking an enum.
KINDS = {str(kind): kind for kind in Kind}
LOSSES = {str(loss): loss for loss in Loss}
BELIEFS: dict[str | None, Health | None] = {None: None, **{str(health): health for health in Health}}


def upsert(table: str, key: str, columns: str) -> str:
    """Make the SQL that writes a row, new or not; the parameters are named like the columns."""
    names = key.split() + columns.split()
    values = ", ".join(f":{name}" for name in names)
    changes = ", ".join(f"{name} = excluded.{name}" for name in columns.split())
    conflict = ", ".join(key.split())
    return (
        f"INSERT INTO {table} ({', '.join(names)}) VALUES ({values}) "  # noqa: S608 (names of ours)
        f"ON CONFLICT ({conflict}) DO UPDATE SET {changes}"
    )


def state_row(check_id: int, state: CheckState, line: Timeline) -> Row:
    """Make the row of a state; kind and watch are kept in ``checks``."""
    return {
        "check_id": check_id,
        "watched_since": line.stored(state.watched_since),
        "belief": state.belief,
        "since": line.stored(state.since),
        "believed_at": line.stored(state.believed_at),
        "reason": state.reason,
        "remark": state.remark,
        "pending": state.pending,
        "pending_since": line.stored(state.pending_since),
        "not_up_since": line.stored_or_none(state.not_up_since),
        "down_since": line.stored_or_none(state.down_since),
        "veil": state.unknown_because,
        "veiled_since": line.stored(state.unknown_since),
        "ever_up": state.ever_up,
        "is_flapping": state.is_flapping,
        "down_after": state.down_after,
        "flap_changes": _times_row(state.flap_changes, line),
        "flapping_since": line.stored(state.flapping_since),
        "cohort": state.cohort,
        "loss": state.loss,
        "pending_hold": state.pending_hold,
        "pending_hold_why": state.pending_hold_why,
    }


#: How an empty list of times is kept: most of them are.
_NO_TIMES = "[]"


def _times_row(times: tuple[float, ...], line: Timeline) -> str:
    return json.dumps([line.stored(at) for at in times]) if times else _NO_TIMES


def _times_of(text: str, line: Timeline) -> tuple[float, ...]:
    return () if text == _NO_TIMES else tuple(line.shown(at) for at in json.loads(text))


#: The columns of ``checks c`` joined with ``states s``, in the order of CheckState's fields.
STATE_COLUMNS = """c.pbx, c.technology, c.resource, c.name, c.kind, c.watch, s.watched_since, s.belief, s.since,
    s.believed_at, s.reason, s.remark, s.pending, s.pending_since, s.not_up_since, s.down_since, s.veil,
    s.veiled_since, s.ever_up, s.is_flapping, s.down_after, s.flap_changes, s.flapping_since,
    s.cohort, s.loss, s.pending_hold, s.pending_hold_why"""


def state_of(row: sqlite3.Row, line: Timeline) -> CheckState:
    """Read a state from STATE_COLUMNS. By position: there may be 20,000 of them at a start."""
    pbx, technology, resource, check, kind, watch, watched_since, belief, since, believed_at, *facts = row
    reason, remark, pending, pending_since, not_up_since, down_since, veil, veiled_since, *marks = facts
    ever_up, is_flapping, down_after, flap_changes, flapping_since, cohort, loss, *held = marks
    pending_hold, pending_hold_why = held
    return CheckState(
        target=named(pbx, technology, resource),
        check=check,
        kind=KINDS[kind],
        watch=intern(watch),
        watched_since=line.shown(watched_since),
        belief=BELIEFS[belief],
        since=line.shown(since),
        believed_at=line.shown(believed_at),
        reason=reason,
        remark=remark,
        pending=BELIEFS[pending],
        pending_since=line.shown(pending_since),
        not_up_since=line.shown_or_none(not_up_since),
        down_since=line.shown_or_none(down_since),
        unknown_because=veil,
        unknown_since=line.shown(veiled_since),
        ever_up=bool(ever_up),
        is_flapping=bool(is_flapping),
        down_after=down_after,
        flap_changes=_times_of(flap_changes, line),
        flapping_since=line.shown(flapping_since),
        cohort=cohort,
        loss=LOSSES[loss],
        pending_hold=pending_hold,
        pending_hold_why=pending_hold_why,
    )


def pbx_state_row(state: PbxState, line: Timeline) -> Row:
    """Make the row of a PBX's state."""
    return {
        "pbx": state.pbx,
        "startup_time": state.startup_time,
        "last_reload_time": state.last_reload_time,
        "version": state.version,
        "blind_why": state.blind_why,
        "blind_since": line.stored(state.blind_since),
        "was_seen": state.was_seen,
    }


def pbx_state_of(row: sqlite3.Row, line: Timeline) -> PbxState:
    """Read a PBX's state."""
    return PbxState(
        pbx=row["pbx"],
        startup_time=row["startup_time"],
        last_reload_time=row["last_reload_time"],
        version=row["version"],
        blind_why=row["blind_why"],
        blind_since=line.shown(row["blind_since"]),
        was_seen=bool(row["was_seen"]),
    )


def restart_row(restart: Restart, line: Timeline) -> Row:
    """Make the row of a restart."""
    return {"pbx": restart.pbx, "at": line.stored(restart.at), "startup_time": restart.startup_time}


def restart_of(row: sqlite3.Row, line: Timeline) -> Restart:
    """Read a restart."""
    return Restart(row["pbx"], line.shown(row["at"]), row["startup_time"])


def settings_row(settings: EndpointSettings, line: Timeline) -> Row:
    """Make the row of an endpoint's settings."""
    return {
        **target_row(settings.target),
        "read_at": line.stored(settings.read_at),
        "known": settings.known,
        "qualify_frequency": settings.qualify_frequency,
        "qualify_timeout": settings.qualify_timeout,
        "has_static_contact": settings.has_static_contact,
        "has_unqualified_static_contact": settings.has_unqualified_static_contact,
        "has_unqualified_registered_contact": settings.has_unqualified_registered_contact,
        "has_outbound_auth": settings.has_outbound_auth,
        "max_contacts": settings.max_contacts,
        "aors": settings.aors,
        "outbound_proxy": settings.outbound_proxy,
    }


def settings_of(row: sqlite3.Row, line: Timeline) -> EndpointSettings:
    """Read an endpoint's settings."""
    return EndpointSettings(
        target=target_of(row),
        read_at=line.shown(row["read_at"]),
        known=bool(row["known"]),
        qualify_frequency=row["qualify_frequency"],
        qualify_timeout=row["qualify_timeout"],
        has_static_contact=bool(row["has_static_contact"]),
        has_unqualified_static_contact=bool(row["has_unqualified_static_contact"]),
        has_unqualified_registered_contact=bool(row["has_unqualified_registered_contact"]),
        has_outbound_auth=bool(row["has_outbound_auth"]),
        max_contacts=row["max_contacts"],
        aors=row["aors"],
        outbound_proxy=intern(row["outbound_proxy"]),
    )


def place_row(change: PlaceChange, line: Timeline) -> Row:
    """Make the row of a place that was found or left."""
    return {**target_row(change.target), **change.place._asdict(), "at": line.stored(change.at)}


def place_of(row: sqlite3.Row) -> Place:
    """Read a place; the texts are shared, since many endpoints have the same."""
    return Place(intern(row["address"]), intern(row["user_agent"]))


def place_period_of(row: sqlite3.Row, line: Timeline) -> PlacePeriod:
    """Read from when to when a contact was at a place."""
    until = None if row["until"] == NO_END else line.shown(row["until"])
    return PlacePeriod(target_of(row), place_of(row), line.shown(row["since"]), until)


def incident_row(incident: Incident, line: Timeline) -> Row:
    """Make the row of an incident; its telling is not finished."""
    return {
        "id": incident.id,
        **target_row(incident.target),
        "check_name": incident.check,
        "kind": incident.kind,
        "watch": incident.watch,
        "health": incident.health,
        "opened_at": line.stored(incident.opened_at),
        "believed_at": line.stored(incident.believed_at),
        "cause": incident.cause,
        "cohort": incident.cohort,
        "explained_by": incident.explained_by,
        "flapping": incident.flapping,
        "flap_episodes": incident.flap_episodes,
        "closed_at": line.stored_or_none(incident.closed_at),
        "ending": incident.ending,
        "closed_words": incident.closed_words,
        "muted_by": incident.muted_by,
        "acked_at": line.stored_or_none(incident.acked_at),
        "acked_by": incident.acked_by,
        "ack_reason": incident.ack_reason,
        "severity": incident.severity,
        "site": incident.site,
        "watches": json.dumps(incident.watches),
        "down": incident.down,
        "down_of": incident.of,
        "peak": incident.peak,
        "was_down": incident.was_down,
        "fell_at": line.stored_or_none(incident.fell_at),
        "telling": True,
    }


def incident_of(row: sqlite3.Row, line: Timeline) -> Incident:
    """Read an incident."""
    return Incident(
        id=row["id"],
        target=target_of(row),
        check=row["check_name"],
        kind=Kind(row["kind"]),
        watch=row["watch"],
        health=Health(row["health"]),
        opened_at=line.shown(row["opened_at"]),
        believed_at=line.shown(row["believed_at"]),
        cause=row["cause"],
        cohort=row["cohort"],
        explained_by=row["explained_by"],
        flapping=row["flapping"],
        flap_episodes=row["flap_episodes"],
        closed_at=line.shown_or_none(row["closed_at"]),
        ending=None if row["ending"] is None else Ending(row["ending"]),
        closed_words=row["closed_words"],
        muted_by=row["muted_by"],
        acked_at=line.shown_or_none(row["acked_at"]),
        acked_by=row["acked_by"],
        ack_reason=row["ack_reason"],
        severity=Severity(row["severity"]),
        site=row["site"],
        watches=tuple(json.loads(row["watches"])),
        down=row["down"],
        of=row["down_of"],
        peak=row["peak"],
        was_down=bool(row["was_down"]),
        fell_at=line.shown_or_none(row["fell_at"]),
    )


def silence_row(silence: Silence, line: Timeline) -> Row:
    """Make the row of a silence; its number is the database's."""
    matcher = silence.matcher
    patterns = {
        "pbxs": matcher.pbxs,
        "kinds": matcher.kinds,
        "watches": matcher.watches,
        "endpoints": matcher.endpoints,
        "sites": matcher.sites,
    }
    return {
        "matcher": json.dumps(patterns),
        "since": line.stored(silence.since),
        "until": line.stored(silence.until),
        "author": silence.author,
        "reason": silence.reason,
    }


def silence_of(row: sqlite3.Row, line: Timeline) -> Silence:
    """Read a silence."""
    patterns = json.loads(row["matcher"])
    return Silence(
        id=row["id"],
        matcher=Matcher(
            pbxs=tuple(patterns["pbxs"]),
            kinds=tuple(Kind(kind) for kind in patterns["kinds"]),
            watches=tuple(patterns["watches"]),
            endpoints=tuple(patterns["endpoints"]),
            sites=tuple(patterns.get("sites", ())),
        ),
        since=line.shown(row["since"]),
        until=line.shown(row["until"]),
        author=row["author"],
        reason=row["reason"],
    )


def url_fields(row: sqlite3.Row, line: Timeline) -> Row:
    """Read the fields of a UrlState."""
    return {
        "url_id": row["url_id"],
        "failing_since": line.shown_or_none(row["failing_since"]),
        "last_error": row["last_error"],
        "last_error_at": line.shown_or_none(row["last_error_at"]),
        "last_delivered_at": line.shown_or_none(row["last_delivered_at"]),
        "sending_since": line.shown_or_none(row["sending_since"]),
    }


def acknowledgement_of(row: sqlite3.Row, line: Timeline) -> Acknowledgement:
    """Read an acknowledgement."""
    return Acknowledgement(row["incident_id"], line.shown(row["at"]), row["author"], row["reason"])


def note_of(row: sqlite3.Row, line: Timeline) -> Note:
    """Read a line of an incident's story."""
    return Note(row["incident_id"], line.shown(row["at"]), row["words"])


def freshness_row(freshness: Freshness, line: Timeline) -> Row:
    """Make the row of how fresh our view of a PBX is."""
    return {
        "pbx": freshness.pbx,
        "last_event_at": line.stored_or_none(freshness.last_event_at),
        "last_snapshot_at": line.stored_or_none(freshness.last_snapshot_at),
        "alive_at": line.stored_or_none(freshness.alive_at),
        "poll_every": freshness.poll_every,
    }


def freshness_of(row: sqlite3.Row, line: Timeline) -> Freshness:
    """Read how fresh our view of a PBX is."""
    return Freshness(
        pbx=row["pbx"],
        last_event_at=line.shown_or_none(row["last_event_at"]),
        last_snapshot_at=line.shown_or_none(row["last_snapshot_at"]),
        alive_at=line.shown_or_none(row["alive_at"]),
        poll_every=row["poll_every"],
    )


def target_row(target: Target) -> Row:
    """Name a target by its three columns."""
    return {"pbx": target.pbx, "technology": target.technology, "resource": target.resource}


def target_of(row: sqlite3.Row) -> Target:
    """Read a target from its three columns."""
    return named(row["pbx"], row["technology"], row["resource"])


def named(pbx: str, technology: str, resource: str) -> Target:
    """Make a target whose texts are shared: SQLite makes each anew, and a daemon may hold 20,000 targets for years."""
    return Target(intern(pbx), intern(technology), intern(resource))
