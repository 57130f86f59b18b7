"""The facts of a message, for programs: the form that ``docs/webhooks.md`` promises. Pure.

Fields are added, never renamed. What cannot be known is ``None``; every value is of JSON's own types.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from healthmon.model import DisplayNames, Incident, Severity
from healthmon.notify.compose.message_lines import MessageLine
from healthmon.notify.compose.voice import Voice
from healthmon.store.outbox.failing_channels import FailingChannel
from healthmon.times.clock import rfc3339

#: Counts changes that a reader must know of; fields that are new are none.
SCHEMA = 2

#: A message about more incidents than this names the worst of them, and says how many it left out; the same for what
#: one incident explains.
MOST_INCIDENTS = 1000


def facts_of(lines: Sequence[MessageLine], failing: Sequence[FailingChannel], voice: Voice) -> dict[str, Any]:
    """Say all that a message tells; ``lines`` are worst first, with those that are told inside of others."""
    told = [(line, outside) for outside in lines for line in outside.all]
    most = max(lines, key=lambda line: line.row.others_down)
    return {
        "schema": SCHEMA,
        "event": "alert",
        "written_at": rfc3339(voice.now),
        "word": lines[0].state,
        "severity": min((line.incident.severity for line, _ in told), key=list(Severity).index),
        "possibly_repeated": any(line.row.possibly_repeated for line, _ in told),
        "others_down": most.row.others_down,
        "also_down": [_named(incident, most.names) for incident in most.row.others],
        "also_failing": [{"url_id": channel.url_id, "since": rfc3339(channel.since)} for channel in failing],
        "incidents": [_told(line, outside, voice) for line, outside in told[:MOST_INCIDENTS]],
        "incidents_left_out": max(len(told) - MOST_INCIDENTS, 0),
    }


def facts_without_incidents(event: str, now: float) -> dict[str, Any]:
    """The same of a message that tells no incident. ``event``: what it is, ``test``, ``database`` or ``report``."""
    return {
        "schema": SCHEMA,
        "event": event,
        "written_at": rfc3339(now),
        "word": None,
        "severity": None,
        "possibly_repeated": False,
        "others_down": 0,
        "also_down": [],
        "also_failing": [],
        "incidents": [],
        "incidents_left_out": 0,
    }


def _told(line: MessageLine, outside: MessageLine, voice: Voice) -> dict[str, Any]:
    """One incident with the reason for which it is told."""
    incident, explained = line.incident, line.row.explained
    return {
        "booking": line.row.notification_id,
        "reason": line.row.reason,
        "word": line.state,
        "tells": line.row.says,
        **_named(incident, line.names),
        "watch": incident.watch,
        "severity": incident.severity,
        "check": incident.check,
        "flapping": bool(incident.flapping),
        "opened_at": rfc3339(incident.opened_at),
        "since": rfc3339(incident.since),
        "believed_at": rfc3339(incident.believed_at),
        "closed_at": rfc3339(incident.closed_at),
        "lasted_s": round(max(incident.lasted(voice.now), 0.0), 3),
        "unseen_s": round(incident.unseen_s, 3),
        "ending": incident.ending,
        "cause": incident.cause,
        "now": incident.closed_words or None,
        "cohort": incident.cohort or None,
        "site": incident.site or None,
        "down": incident.down,
        "of": incident.of or None,
        "not_back_yet": [
            {**_named(left, line.names), "check": left.check, "cause": left.cause} for left in line.row.not_back
        ],
        "explained_by": incident.explained_by,
        "told_inside_of": outside.incident.id if line is not outside else None,
        "explains": [
            {**_named(other, line.names), "closed_at": rfc3339(other.closed_at)} for other in explained[:MOST_INCIDENTS]
        ],
        "explains_left_out": max(len(explained) - MOST_INCIDENTS, 0),
        "acknowledged_at": rfc3339(incident.acked_at),
        "acknowledged_by": incident.acked_by or None,
        "acknowledgement": incident.ack_reason or None,
        "possibly_repeated": line.row.possibly_repeated,
    }


def _named(incident: Incident, names: DisplayNames) -> dict[str, Any]:
    """Which incident, and of what; ``called`` is there where people call it otherwise."""
    target, called = incident.target, {}
    if names.of(target):
        called = {"called": names.of(target)}
    return {
        "id": incident.id,
        "target": str(target),
        "pbx": target.pbx,
        "endpoint": target.endpoint,
        "name": target.resource or target.pbx,
        **called,
        "kind": incident.kind,
        "state": incident.state,
    }
