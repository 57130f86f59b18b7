"""``healthmon report`` for programs: the JSON of ``docs/json.md``, and CSV that a spreadsheet opens right. Pure."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from io import StringIO
from typing import Any

from healthmon.model import Incident
from healthmon.report.accounts import Account, Line
from healthmon.report.availability import Figures
from healthmon.report.words import harmless, rfc3339


def report_json(account: Account) -> str:
    """Write an account as one JSON object."""
    document = {
        "from": rfc3339(account.window[0]),
        "to": rfc3339(account.window[1]),
        "overall": _figures(account.overall),
        "targets": [_target(line) for line in account.lines],
        "incidents": [incident_data(incident) for incident in account.incidents],
    }
    return json.dumps(document, indent=2, ensure_ascii=False)


def targets_csv(account: Account) -> str:
    """Write each target's figures as CSV (RFC 4180)."""
    fields = ["pbx", "endpoint", "kind", "watch", *_figures(Figures())]
    return _csv(fields, (_target(line) for line in account.lines))


def incidents_csv(account: Account) -> str:
    """Write the incidents as CSV (RFC 4180)."""
    fields = [
        "id",
        "target",
        "pbx",
        "endpoint",
        "kind",
        "watch",
        "severity",
        "check",
        "state",
        "opened_at",
        "closed_at",
        "ending",
    ]
    fields += [
        "cause",
        "site",
        "down",
        "of",
        "explained_by",
        "muted_by",
        "acknowledged_at",
        "acknowledged_by",
        "acknowledgement",
    ]
    return _csv(fields, (incident_data(incident) for incident in account.incidents))


def _csv(fields: list[str], rows: Iterable[dict[str, Any]]) -> str:
    file = StringIO()
    writer = csv.DictWriter(file, fields)
    writer.writeheader()
    writer.writerows({name: _harmless(value) for name, value in row.items()} for row in rows)
    return file.getvalue()


def _harmless(value: Any) -> Any:
    """Keep a text from being taken for a formula: names come from strangers. Numbers stay numbers."""
    if not isinstance(value, str):
        return value
    return harmless(value)


def _target(line: Line) -> dict[str, Any]:
    return {
        "pbx": line.target.pbx,
        "endpoint": line.target.endpoint,
        "kind": line.kind,
        "watch": line.watch,
        **_figures(line.figures),
    }


def _figures(figures: Figures) -> dict[str, Any]:
    share = figures.availability
    return {
        "availability": None if share is None else round(share, 6),
        "downtime_s": round(figures.down_s, 3),
        "unknown_s": round(figures.unknown_s, 3),
        "outages": figures.outages,
        "longest_s": round(figures.longest_s, 3),
        "degraded_s": round(figures.degraded_s, 3),
        "up_s": round(figures.up_s, 3),
    }


def incident_data(incident: Incident) -> dict[str, Any]:
    """Write an incident as the fields of ``docs/json.md``."""
    return {
        "id": incident.id,
        "target": str(incident.target),
        "pbx": incident.target.pbx,
        "endpoint": incident.target.endpoint,
        "kind": incident.kind,
        "watch": incident.watch,
        "severity": incident.severity,
        "check": incident.check,
        "state": incident.health,
        "opened_at": rfc3339(incident.opened_at),
        "closed_at": rfc3339(incident.closed_at),
        "ending": incident.ending,
        "cause": incident.cause,
        "site": incident.site or None,
        "down": incident.down if incident.kind.is_group else None,
        "of": incident.of or None,
        "explained_by": incident.explained_by,
        "muted_by": incident.muted_by or None,
        "acknowledged_at": rfc3339(incident.acked_at),
        "acknowledged_by": incident.acked_by or None,
        "acknowledgement": incident.ack_reason or None,
    }
