"""How everything stands for somebody who may see a part: the present without all that is not in their scope. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from msgspec.structs import replace

from healthmon.model import Check, Freshness, Health, Scope
from healthmon.publish.present import Present
from healthmon.report.status.rows import PbxStatus, Status, TargetStatus
from healthmon.store.read.scoped import seen_of, seen_of_muting
from healthmon.text.addresses import without_silent_addresses


def present_in(present: Present, scope: Scope) -> Present:
    """What is seen of a moment in a scope. What the daemon and its receivers do is nobody's but the operator's."""
    if scope.sees_everything:
        return present
    return Present(
        present.revision,
        _status_in(present.status, scope),
        tuple(
            seen_of(incident, scope) for incident in present.incidents if scope.sees(incident.target, incident.watch)
        ),
        is_whole=False,
    )


def _status_in(status: Status, scope: Scope) -> Status:
    rows = tuple(_row_in(row, scope) for row in status.targets if scope.sees(row.target, row.watch))
    pending_sites = status.pending_sites
    if pending_sites is not None:
        pending_sites = tuple(site for site in pending_sites if scope.sees_whole(site.target.pbx))
    return replace(
        status,
        pbxs=tuple(_pbx_in(pbx, rows, scope) for pbx in status.pbxs if scope.sees_of(pbx.name)),
        targets=rows,
        causes=tuple(
            replace(cause, muted_by=seen_of_muting(cause.muted_by))
            for cause in status.causes
            if scope.sees(cause.target, "")
        ),
        pending_sites=pending_sites,
        failing_urls=(),
        failing_addresses=(),
        quiet_urls=(),
    )


def _row_in(row: TargetStatus, scope: Scope) -> TargetStatus:
    explained_by = None
    if scope.sees_whole(row.target.pbx):
        explained_by = row.explained_by
    return replace(
        row,
        reason=without_silent_addresses(row.reason),
        remark=without_silent_addresses(row.remark),
        explained_by=explained_by,
        muted_by=seen_of_muting(row.muted_by),
        checks=tuple(_row_in(check, scope) for check in row.checks),
    )


def _pbx_in(pbx: PbxStatus, rows: Sequence[TargetStatus], scope: Scope) -> PbxStatus:
    """A PBX; where only a part of what is behind it is seen, how it is and how fresh that is, and no more."""
    if scope.sees_whole(pbx.name):
        return replace(pbx, row=_row_in(pbx.row, scope))
    row, counts = pbx.row, Counter[Health]()
    for behind in rows:
        if behind.target.pbx == pbx.name and not behind.is_unused:
            counts[behind.state] += 1
    if row.check != Check.CONNECTION:
        # Its other checks speak of endpoints.
        row = replace(row, reason="")
    row = replace(row, remark="", incident=None, acknowledged="", muted_by="", explained_by=None, checks=())
    fresh = pbx.freshness
    seen_at = Freshness(
        fresh.pbx, last_event_at=fresh.last_event_at, last_snapshot_at=fresh.last_snapshot_at, alive_at=fresh.alive_at
    )
    return PbxStatus(row=row, freshness=seen_at, version=pbx.version, old=pbx.old, endpoints=counts, is_whole=False)
