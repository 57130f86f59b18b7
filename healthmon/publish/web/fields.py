"""The fields of what the API alone answers; the others are those of the commands (docs/json.md)."""

from __future__ import annotations

from typing import TypedDict

from healthmon.report.status.fields import StatusFields, TargetFields


class TargetsFields(TypedDict):
    """A page of the targets that were asked for, worst first."""

    revision: str
    #: How many there are in all.
    total: int
    targets: list[TargetFields]


class GoneFields(TypedDict):
    """A target that is no longer watched."""

    pbx: str
    endpoint: str


class ChangesFields(StatusFields):
    """How everything stands, with only those targets that are otherwise than at a revision."""

    #: What to ask with next time.
    revision: str
    #: Whether all targets are there.
    complete: bool
    gone: list[GoneFields]
