"""The fields of ``healthmon report --format json``, as ``docs/json.md`` promises them: never renamed.

A time is a text (RFC 3339), a duration a number of seconds. They are for type checkers and for the description of the
API: to make classes of them takes longer than a command should.
"""

from __future__ import annotations

from typing import TypedDict

from healthmon.report.status.fields import CalledFields


class IncidentRecordFields(CalledFields):
    """An incident, open or closed."""

    id: int
    target: str
    pbx: str
    endpoint: str
    kind: str
    watch: str
    severity: str
    check: str
    state: str
    opened_at: str | None
    closed_at: str | None
    ending: str | None
    cause: str
    #: Of a phone: its site, where it is known.
    site: str | None
    #: Of what is down together: how many are, and of how many.
    down: int | None
    of: int | None
    explained_by: int | None
    muted_by: str | None
    acknowledged_at: str | None
    acknowledged_by: str | None
    acknowledgement: str | None
    lasted_s: float | None
    #: For so long of it nobody could see how things were.
    unseen_s: float
    since: str | None


class MeasuredFields(TypedDict):
    """What was measured: null where nothing was."""

    rtt_p50_ms: float | None
    rtt_p95_ms: float | None
    rtt_min_ms: float | None
    rtt_max_ms: float | None


class FiguresFields(MeasuredFields):
    """How long something was in which state, and how often it was down."""

    availability: float | None
    downtime_s: float
    unknown_s: float
    outages: int
    longest_s: float
    degraded_s: float
    up_s: float
    maintenance_s: float
    silenced_s: float
    mttr_s: float | None
    mtbf_s: float | None
    flaps: int
    restarts: int
    availability_in_hours: float | None
    downtime_in_hours_s: float | None
    longest_unseen_s: float
    outages_unseen_s: float


class CheckFiguresFields(FiguresFields):
    """Those of one check of a target that has several."""

    check: str


class ChecksFiguresFields(TypedDict, total=False):
    """Those of each check of a target, where it has several."""

    checks: list[CheckFiguresFields]


class TargetFiguresFields(FiguresFields, CalledFields, ChecksFiguresFields):
    """Those of a provider or a phone."""

    pbx: str
    endpoint: str
    kind: str
    watch: str
    site: str | None
    sla_missed: bool | None


#: Those of several targets, or of a time.
GroupFiguresFields = TypedDict(
    "GroupFiguresFields", {"name": str, "from": str | None, "to": str | None, "targets": int, "sla_missed": bool | None}
)


class OneGroupFields(FiguresFields, GroupFiguresFields):
    """A group of a report, and its figures."""


#: From when to when a report is.
SpanFields = TypedDict("SpanFields", {"from": str | None, "to": str | None})


class ReportFields(SpanFields):
    """A report."""

    #: Null: nothing was watched.
    watched_from: str | None
    by: str
    unknown_counts_as: str
    maintenance_excluded: bool
    sla: float | None
    #: How many things went down by themselves; null: of these targets nobody can say.
    causes: int | None
    overall: FiguresFields
    groups: list[OneGroupFields]
    targets: list[TargetFiguresFields]
    incidents: list[IncidentRecordFields]
