"""``healthmon report`` for programs: the fields of ``docs/json.md``, and CSV that a spreadsheet opens right. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from healthmon.history.figures import Figures
from healthmon.history.measurements import Measured, Summary
from healthmon.history.metrics import METRICS, Metric
from healthmon.model import NO_NAMES, DisplayNames, Incident
from healthmon.report.availability.account import Account, By, Counting, GroupFigures, TargetFigures
from healthmon.report.formatting import called_data, harmless, rfc3339, rounded, rounded_down

if TYPE_CHECKING:
    from healthmon.report.availability.fields import (
        ChecksFiguresFields,
        FiguresFields,
        IncidentRecordFields,
        MeasuredFields,
        OneGroupFields,
        TargetFiguresFields,
    )

#: Digits of a share after the point.
_SHARE_DIGITS = 6


def report_data(account: Account, top: int | None = None) -> dict[str, Any]:
    """Write an account as the fields of ``docs/json.md``. ``top``: so many of the worst, and no more.

    Its groups, targets and incidents are iterators, to be gone through once: a month may have hundreds of thousands.
    """
    counting = account.counting
    groups, lines = _listed(account, top)
    watched_from, causes = None, None
    if account.lines:
        watched_from = rfc3339(account.watched[0])
    if account.counts_causes or not account.outages:
        causes = account.outages
    return {
        "from": rfc3339(account.window[0]),
        "to": rfc3339(account.window[1]),
        "watched_from": watched_from,
        "by": account.by,
        "unknown_counts_as": counting.unknown_as,
        "maintenance_excluded": counting.excludes_maintenance,
        "sla": rounded(counting.promised, 8),
        "causes": causes,
        "overall": _figures(account.overall, account.in_hours, counting),
        "groups": (_group(group, counting) for group in groups),
        "targets": (_target(line, account) for line in lines),
        "incidents": (incident_data(incident, account.names) for incident in account.incidents),
    }


def _listed(account: Account, top: int | None) -> tuple[list[GroupFigures], Sequence[TargetFigures]]:
    """Choose the groups and the targets; those of a report by groups are all listed."""
    chosen = account.worst(top)
    groups = [entry for entry in chosen if isinstance(entry, GroupFigures)]
    if account.by is By.TARGET:
        return groups, [entry for entry in chosen if isinstance(entry, TargetFigures)]
    return groups, account.lines


def entries_csv(account: Account, top: int | None = None) -> Iterator[str]:
    """Write the figures of each target, or of what they are grouped by, as CSV (RFC 4180)."""
    rows: Sequence[Mapping[str, object]]
    if account.by is By.TARGET:
        rows = [_target(entry, account) for entry in account.worst(top) if isinstance(entry, TargetFigures)]
        names = ["pbx", "endpoint", "kind", "watch", "site"]
    else:
        rows = [_group(entry, account.counting) for entry in account.worst(top) if isinstance(entry, GroupFigures)]
        names = ["name", "from", "to", "targets"]
    fields = [*names, *_figures(Figures(), None, account.counting), "sla_missed"]
    if any("called" in row for row in rows):
        fields.append("called")
    return _csv(fields, rows)


def incidents_csv(account: Account) -> Iterator[str]:
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
        "lasted_s",
        "unseen_s",
        "since",
    ]
    if account.names:
        fields.append("called")
    return _csv(fields, (incident_data(incident, account.names) for incident in account.incidents))


def _csv(fields: list[str], rows: Iterable[Mapping[str, object]]) -> Iterator[str]:
    import csv  # noqa: PLC0415  (JSON does not need it)

    writer = csv.writer(_Handed())
    yield writer.writerow(fields)
    for row in rows:
        yield writer.writerow([_harmless(row.get(name)) for name in fields])


class _Handed:
    """A file that hands each line back, which a writer of CSV returns then."""

    def write(self, line: str) -> str:
        return line


def _harmless(value: Any) -> Any:
    """Keep a text from being taken for a formula: names come from strangers. Numbers stay numbers."""
    if not isinstance(value, str):
        return value
    return harmless(value)


def _target(line: TargetFigures, account: Account) -> TargetFiguresFields:
    counting = account.counting
    return {
        "pbx": line.target.pbx,
        "endpoint": line.target.endpoint,
        **called_data(line.target, account.names),
        "kind": line.kind,
        "watch": line.watch,
        "site": line.site or None,
        **_figures(line.figures, line.in_hours, counting),
        "sla_missed": _is_missed(line.figures, counting),
        **_checks(line, counting),
    }


def _checks(line: TargetFigures, counting: Counting) -> ChecksFiguresFields:
    if not line.checks:
        return {}
    return {
        "checks": [{"check": check.check, **_figures(check.figures, check.in_hours, counting)} for check in line.checks]
    }


def _group(group: GroupFigures, counting: Counting) -> OneGroupFields:
    since, until = group.span or (None, None)
    return {
        "name": group.name,
        "from": rfc3339(since),
        "to": rfc3339(until),
        "targets": group.targets,
        **_figures(group.figures, group.in_hours, counting),
        "sla_missed": _is_missed(group.figures, counting),
    }


def _is_missed(figures: Figures, counting: Counting) -> bool | None:
    if counting.promised is None or counting.share(figures) is None:
        return None
    return counting.is_missed(figures)


def _figures(figures: Figures, in_hours: Figures | None, counting: Counting) -> FiguresFields:
    share_in_hours = down_in_hours_s = None
    if in_hours is not None:
        share_in_hours = _rounded_down(counting.share(in_hours))
        down_in_hours_s = round(in_hours.down_s, 3)
    return {
        "availability": _rounded_down(counting.share(figures)),
        "downtime_s": round(figures.down_s, 3),
        "unknown_s": round(figures.unknown_s, 3),
        "outages": figures.outages,
        "longest_s": round(figures.longest_s, 3),
        "degraded_s": round(figures.degraded_s, 3),
        "up_s": round(figures.up_s, 3),
        "maintenance_s": round(figures.maintenance_s, 3),
        "silenced_s": round(figures.silenced_s, 3),
        "mttr_s": rounded(figures.mean_repair_s, 3),
        "mtbf_s": rounded(figures.mean_between_s, 3),
        "flaps": figures.flaps,
        "restarts": figures.restarts,
        **measured_data(figures.measured),
        "availability_in_hours": share_in_hours,
        "downtime_in_hours_s": down_in_hours_s,
        "longest_unseen_s": round(figures.longest_unseen_s, 3),
        "outages_unseen_s": round(figures.outages_unseen_s, 3),
    }


def measured_data(measured: Measured) -> MeasuredFields:
    """Write what was measured, four values of each metric."""
    fields: dict[str, float | None] = {}
    for metric in METRICS.values():
        fields.update(_values(metric, measured.get(metric.key)))
    return cast("MeasuredFields", fields)


def _values(metric: Metric, summary: Summary | None) -> dict[str, float | None]:
    """Write four values of a metric: ``rtt_p50_ms`` and so on."""
    p50 = p95 = least = most = None
    if summary is not None:
        p50, p95 = metric.percentile(summary, 0.5), metric.percentile(summary, 0.95)
        least, most = summary.min, summary.max
    name, _, unit = metric.key.rpartition("_")
    return {
        f"{name}_p50_{unit}": rounded(p50, 3),
        f"{name}_p95_{unit}": rounded(p95, 3),
        f"{name}_min_{unit}": rounded(least, 3),
        f"{name}_max_{unit}": rounded(most, 3),
    }


def _rounded_down(share: float | None) -> float | None:
    if share is None:
        return None
    return rounded_down(share, _SHARE_DIGITS)


def incident_data(incident: Incident, names: DisplayNames = NO_NAMES) -> IncidentRecordFields:
    """Write an incident as the fields of ``docs/json.md``."""
    down = lasted_s = None
    if incident.kind.is_group:
        down = incident.down
    if incident.closed_at is not None:
        lasted_s = round(incident.lasted(incident.closed_at), 3)
    return {
        "id": incident.id,
        "target": str(incident.target),
        "pbx": incident.target.pbx,
        "endpoint": incident.target.endpoint,
        **called_data(incident.target, names),
        "kind": incident.kind,
        "watch": incident.watch,
        "severity": incident.severity,
        "check": incident.check,
        "state": incident.state,
        "opened_at": rfc3339(incident.opened_at),
        "closed_at": rfc3339(incident.closed_at),
        "ending": incident.ending,
        "cause": incident.cause,
        "site": incident.site or None,
        "down": down,
        "of": incident.of or None,
        "explained_by": incident.explained_by,
        "muted_by": incident.muted_by or None,
        "acknowledged_at": rfc3339(incident.acked_at),
        "acknowledged_by": incident.acked_by or None,
        "acknowledgement": incident.ack_reason or None,
        "lasted_s": lasted_s,
        "unseen_s": round(incident.unseen_s, 3),
        "since": rfc3339(incident.since),
    }
