"""``healthmon status --json``: the form that ``docs/json.md`` promises. Fields are added, never renamed. Pure."""

from __future__ import annotations

from typing import Any

from healthmon.model import ENDPOINT_CHECKS
from healthmon.report.formatting import called_data, rfc3339
from healthmon.report.status.rows import (
    FailingAddress,
    FailingUrl,
    GroupOutage,
    PbxStatus,
    QuietUrl,
    RoundTrips,
    Status,
    TargetStatus,
)


def status_data(status: Status, *, only_down: bool = False) -> dict[str, Any]:
    """Write how everything stands. ``only_down`` leaves out targets, never PBXs."""
    targets = status.targets
    if only_down:
        targets = status.alarms
    return {
        "daemon": {
            "running": status.is_running,
            "stale": status.is_stale,
            "why": status.why_stale or None,
            "alive_at": rfc3339(status.alive_at),
            "now": rfc3339(status.now),
        },
        "pbxs": [_pbx(pbx) for pbx in status.pbxs],
        "targets": [_target(row, status) for row in targets],
        "causes": [_cause(cause) for cause in status.causes],
        "failing_receivers": [_failing(url) for url in status.failing_urls],
        "failing_addresses": [_address(address) for address in status.failing_addresses],
        "quiet_receivers": [_quiet(url) for url in status.quiet_urls],
    }


def _pbx(pbx: PbxStatus) -> dict[str, Any]:
    return {
        "name": pbx.name,
        **_belief(pbx.row),
        "last_event_at": rfc3339(pbx.freshness.last_event_at),
        "last_snapshot_at": rfc3339(pbx.freshness.last_snapshot_at),
        "alive_at": rfc3339(pbx.freshness.alive_at),
        "version": pbx.version or None,
        "old": pbx.old or None,
    }


def _target(row: TargetStatus, status: Status) -> dict[str, Any]:
    return {
        "pbx": row.target.pbx,
        "endpoint": row.target.endpoint,
        **called_data(row.target, status.names),
        "kind": row.kind,
        "watch": row.watch,
        **_belief(row),
        "ever_up": row.ever_up,
        "flapping": row.is_flapping,
        **_checks(row),
        **_round_trips(status.round_trips.get(row.target)),
    }


def _round_trips(measured: RoundTrips | None) -> dict[str, Any]:
    """Say how quickly it answered lately, where that was measured."""
    if measured is None:
        return {}
    return {"rtt_p50_ms": round(measured.p50, 3), "rtt_p95_ms": round(measured.p95, 3)}


def _checks(row: TargetStatus) -> dict[str, Any]:
    """Say how each check stands, where there are several."""
    if not row.checks:
        return {}
    every = [
        {"check": check.check, **_state(check), "witness": ENDPOINT_CHECKS[check.check].asked_by}
        for check in row.checks
    ]
    return {"check": row.check, "checks": every}


def _belief(row: TargetStatus) -> dict[str, Any]:
    """What PBXs and endpoints have in common."""
    return {
        **_state(row),
        "incident": row.incident,
        "acknowledged": row.acknowledged or None,
        "muted_by": row.muted_by or None,
        "explained_by": row.explained_by,
    }


def _state(row: TargetStatus) -> dict[str, Any]:
    return {
        "state": row.state,
        "since": rfc3339(row.since or None),
        "pending": row.pending,
        "pending_hold": row.pending_hold or None,
        "pending_hold_why": row.pending_hold_why or None,
        "reason": row.reason,
        "remark": row.remark,
    }


def _cause(cause: GroupOutage) -> dict[str, Any]:
    return {
        "pbx": cause.target.pbx,
        "kind": cause.kind,
        "name": cause.target.resource,
        "since": rfc3339(cause.since),
        "down": cause.down,
        "of": cause.of or None,
        "incident": cause.incident,
        "acknowledged": cause.acknowledged or None,
        "muted_by": cause.muted_by or None,
    }


def _failing(url: FailingUrl) -> dict[str, Any]:
    return {
        "receiver": url.url_id,
        "since": rfc3339(url.since),
        "why": url.why,
        "waiting": url.waiting,
        "incident": url.incident,
        "acknowledged": url.acknowledged or None,
        "muted_by": url.muted_by or None,
    }


def _address(address: FailingAddress) -> dict[str, Any]:
    return {
        "receiver": address.url_id,
        "address": address.place,
        "since": rfc3339(address.since),
        "why": address.why,
        "tried_again": not address.is_final,
    }


def _quiet(url: QuietUrl) -> dict[str, Any]:
    until, exceptions = rfc3339(url.until), list(url.exceptions)
    return {"receiver": url.url_id, "until": until, "except": exceptions, "waiting": url.waiting}
