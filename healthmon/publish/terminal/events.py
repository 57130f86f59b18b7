"""What has changed between two looks, as lines for people. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from healthmon.model import DisplayNames, Health, Target
from healthmon.report.formatting import full_name
from healthmon.report.status.rows import Status, TargetStatus


class StateChange(Struct, frozen=True):
    """Something stands otherwise than at the look before. ``at``: when that was seen (seconds UTC)."""

    at: float
    name: str
    before: Health | None
    after: Health
    reason: str


def changes_between(before: Status, now: Status) -> Iterator[StateChange]:
    """Find what stands otherwise now; what is new, or gone, is no change."""
    known = {row.target: row for row in _rows(before)}
    for row in _rows(now):
        was = known.get(row.target)
        if was is not None and was.state is not row.state:
            yield StateChange(now.now, name_of(row.target, now.names), was.state, row.state, row.reason)


def _rows(status: Status) -> Iterator[TargetStatus]:
    yield from (pbx.row for pbx in status.pbxs)
    yield from status.targets


def name_of(target: Target, names: DisplayNames) -> str:
    """Write a target with what people call it, and its PBX."""
    if target.is_pbx:
        return f"PBX {target.pbx}"
    return full_name(target, names)
