"""``healthmon status --json``, and all that other forms show of the present. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from healthmon.model import ENDPOINT_CHECKS, Check, Health
from healthmon.report.formatting import called_data, rfc3339, written
from healthmon.report.status.rows import (
    CANNOT_SEE,
    LOGGED_OUT,
    NEVER_UP,
    FailingAddress,
    FailingUrl,
    GroupOutage,
    PbxStatus,
    PendingSite,
    QuietUrl,
    RoundTrips,
    Status,
    TargetStatus,
    count_unknown,
)

if TYPE_CHECKING:
    from healthmon.report.status.fields import (
        AddressFields,
        BeliefFields,
        CauseFields,
        CheckFields,
        ChecksFields,
        FailingFields,
        IncidentFields,
        NeverAskedFields,
        PbxFields,
        PendingSiteFields,
        QuietFields,
        RoundTripFields,
        StateFields,
        StatusFields,
        SummaryFields,
        TargetFields,
    )


def status_data(status: Status, targets: Sequence[TargetStatus] | None = None) -> StatusFields:
    """Write how everything stands. ``targets``: only these of them are listed; PBXs all are."""
    if targets is None:
        targets = status.targets
    pending_sites = None
    if status.pending_sites is not None:
        pending_sites = [_pending_site(site, status) for site in status.pending_sites]
    data: StatusFields = {
        "daemon": {
            "running": status.is_running,
            "stale": status.is_stale,
            "why": status.why_stale or None,
            "alive_at": rfc3339(status.alive_at),
            "now": written(status.now),
        },
        "summary": _summary(status),
        "pbxs": [_pbx(pbx, status) for pbx in status.pbxs],
        "targets": [_target(row, status) for row in targets],
        "causes": [_cause(cause, status) for cause in status.causes],
        "pending_sites": pending_sites,
        "failing_receivers": [_failing(url) for url in status.failing_urls],
        "failing_addresses": [_address(address) for address in status.failing_addresses],
        "quiet_receivers": [_quiet(url) for url in status.quiet_urls],
    }
    if status.unseen_urls:
        data["waiting_for_sight"] = [{"receiver": url.url_id, "waiting": url.waiting} for url in status.unseen_urls]
    return data


def _summary(status: Status) -> SummaryFields:
    used = [row.state for row in status.targets if not row.is_unused]
    fields: SummaryFields = {
        "pbxs": _counts(Counter(pbx.row.state for pbx in status.pbxs)),
        "endpoints": _counts(Counter(used)),
        "never_up": len(status.targets) - len(used),
    }
    unknown = count_unknown(status.targets)
    if unknown:
        fields["unknown_checks"] = dict(unknown)
    return fields


def _counts(counts: Mapping[Health, int]) -> dict[str, int]:
    """How many are in each state, none included."""
    return {health: counts.get(health, 0) for health in Health}


def _pbx(pbx: PbxStatus, status: Status) -> PbxFields:
    fresh = pbx.freshness
    return {
        "name": pbx.name,
        **_belief(pbx.row, status),
        "last_event_at": rfc3339(fresh.last_event_at),
        "last_snapshot_at": rfc3339(fresh.last_snapshot_at),
        "alive_at": rfc3339(fresh.alive_at),
        "version": pbx.version or None,
        "old": pbx.old or None,
        "last_event_ago_s": _lasted(fresh.last_event_at, status),
        "last_snapshot_ago_s": _lasted(fresh.last_snapshot_at, status),
        "alive_ago_s": _lasted(fresh.alive_at, status),
        "endpoints": _counts(pbx.endpoints),
        **_never_asked(pbx),
    }


def _never_asked(pbx: PbxStatus) -> NeverAskedFields:
    """Say why nobody ever knew how its registrations are."""
    if pbx.no_registrations:
        return {"no_registrations": pbx.no_registrations}
    return {}


def _target(row: TargetStatus, status: Status) -> TargetFields:
    return {
        "pbx": row.target.pbx,
        "endpoint": row.target.endpoint,
        **called_data(row.target, status.names),
        "kind": row.kind,
        "watch": row.watch,
        **_belief(row, status),
        "ever_up": row.ever_up,
        **_checks(row, status),
        **_round_trips(status.round_trips.get(row.target)),
    }


def _round_trips(measured: RoundTrips | None) -> RoundTripFields:
    """Say how quickly it answered lately, where that was measured."""
    if measured is None:
        return {}
    return {"rtt_p50_ms": round(measured.p50, 3), "rtt_p95_ms": round(measured.p95, 3)}


def _checks(row: TargetStatus, status: Status) -> ChecksFields:
    """Say how each check stands, where there are several; and which it is, where it is not the usual one."""
    if row.checks:
        fields: ChecksFields = {"check": row.check, "checks": [_check(check, status) for check in row.checks]}
        if row.unknown_checks:
            fields["unknown_checks"] = [check.check for check in row.unknown_checks]
        return fields
    if row.check != Check.REACHABILITY:
        return {"check": row.check}
    return {}


def _check(check: TargetStatus, status: Status) -> CheckFields:
    return {
        "check": check.check,
        **_state(check, status),
        "witness": ENDPOINT_CHECKS[check.check].asked_by,
        "counts": check.counts,
    }


def _belief(row: TargetStatus, status: Status) -> BeliefFields:
    """What PBXs and endpoints have in common."""
    return {
        **_state(row, status),
        **_incident(row),
        "explained_by": row.explained_by,
        "alarm": row.is_alarm,
    }


def _state(row: TargetStatus, status: Status) -> StateFields:
    pending_for_s = None
    if row.pending is not None:
        pending_for_s = _lasted(row.pending_since, status)
    return {
        "state": row.state,
        "since": rfc3339(row.since or None),
        "pending": row.pending,
        "pending_hold": row.pending_hold or None,
        "pending_hold_why": row.pending_hold_why or None,
        "reason": row.reason,
        "remark": row.remark,
        "shown": _shown(row),
        "belief": row.belief,
        "pending_for_s": pending_for_s,
        "changing": row.is_changing,
        "flapping": row.is_flapping,
    }


def _shown(row: TargetStatus) -> str:
    """Say how it stands in the word for people."""
    if row.is_unused:
        return NEVER_UP
    if row.is_logged_out:
        return LOGGED_OUT
    if row.is_unseen:
        return CANNOT_SEE
    return row.state


def _incident(of: TargetStatus | GroupOutage | FailingUrl) -> IncidentFields:
    return {"incident": of.incident, "acknowledged": of.acknowledged or None, "muted_by": of.muted_by or None}


def _cause(cause: GroupOutage, status: Status) -> CauseFields:
    return {
        "pbx": cause.target.pbx,
        "kind": cause.kind,
        "name": cause.target.resource,
        "since": written(cause.since),
        "down": cause.down,
        "of": cause.of or None,
        **_incident(cause),
        "title": cause.name,
        "extent": cause.extent,
        "lasted_s": round(status.lasted_s(cause.since), 3),
    }


def _pending_site(site: PendingSite, status: Status) -> PendingSiteFields:
    return {
        "pbx": site.target.pbx,
        "name": site.target.resource,
        "since": written(site.since),
        "down": site.down,
        "of": site.of,
        "pending_for_s": round(status.lasted_s(site.since), 3),
        "pending_hold": site.hold,
        "title": site.name,
    }


def _failing(url: FailingUrl) -> FailingFields:
    return {
        "receiver": url.url_id,
        "since": rfc3339(url.since),
        "why": url.why,
        "waiting": url.waiting,
        **_incident(url),
        "accepted_at": rfc3339(url.accepted_at),
    }


def _address(address: FailingAddress) -> AddressFields:
    return {
        "receiver": address.url_id,
        "address": address.place,
        "since": written(address.since),
        "why": address.why,
        "tried_again": not address.is_final,
    }


def _quiet(url: QuietUrl) -> QuietFields:
    until, exceptions = written(url.until), list(url.exceptions)
    return {"receiver": url.url_id, "until": until, "except": exceptions, "waiting": url.waiting}


def _lasted(since: float | None, status: Status) -> float | None:
    """How long something has lasted (seconds); what the clock left out is no part of it."""
    if since is None:
        return None
    return round(status.lasted_s(since), 3)
