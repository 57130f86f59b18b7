"""``healthmon doctor --json`` (docs/json.md)."""

from __future__ import annotations

from typing import Any

from healthmon.report.doctor.diagnosis import Diagnosis
from healthmon.report.doctor.finding import DoctorFinding
from healthmon.report.doctor.qualify import Noticing
from healthmon.sources.examination import PbxLook


def doctor_data(diagnosis: Diagnosis) -> dict[str, Any]:
    """Write what was found as fields."""
    return {
        "pbxs": [_pbx(look, diagnosis) for look in diagnosis.looks],
        "findings": [_finding(finding) for finding in diagnosis.findings],
        "not_looked_at": list(diagnosis.unseen),
    }


def _pbx(look: PbxLook, diagnosis: Diagnosis) -> dict[str, Any]:
    version = None
    if look.survey is not None:
        version = look.survey.info.version
    return {
        "name": look.pbx.name,
        "url": look.pbx.url,
        "looked_at": look.survey is not None,
        "version": version,
        "checks": [_noticing(row) for row in diagnosis.noticing[look.pbx.name]],
    }


def _noticing(row: Noticing) -> dict[str, Any]:
    worst = None
    if row.qualify_frequency:
        worst = row.qualify_frequency + row.qualify_timeout
    return {
        "watch": row.watch,
        "endpoints": row.endpoints,
        "qualify_frequency_s": row.qualify_frequency,
        "qualify_timeout_s": row.qualify_timeout,
        "noticed_within_s": worst,
    }


def _finding(finding: DoctorFinding) -> dict[str, Any]:
    called = {}
    if finding.called:
        called = {"called": dict(finding.called)}
    return {
        "name": finding.name,
        "gravity": finding.gravity,
        "pbx": finding.pbx or None,
        "means": finding.means,
        "why": finding.why,
        "endpoints": list(finding.endpoints),
        **called,
        "remedies": [
            {"file": remedy.file or None, "lines": list(remedy.lines), "commands": list(remedy.commands)}
            for remedy in finding.remedies
        ],
        "freepbx": finding.freepbx or None,
    }
