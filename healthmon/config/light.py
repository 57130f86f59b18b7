"""The two things that ``status`` and ``report`` need from a configuration: where the database is, and the time zone.

No secret is read, for these commands are also for people who may not read them; and problems elsewhere in the file
do not stop anybody from looking at what is known.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from healthmon.config.findings import Findings
from healthmon.config.options import HEALTHMON
from healthmon.config.reader import Section, read_sections, read_text
from healthmon.config.timezones import system_timezone
from healthmon.config.values import Unsuitable
from healthmon.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Place:
    """Where to look, and in which zone to print."""

    database: Path
    timezone: ZoneInfo


def load_place(path: Path, environ: Mapping[str, str]) -> Place:
    """Read ``database`` and ``timezone`` from a configuration. Raises ConfigError if one of them is wrong."""
    # Problems of the file's form are for check-config; here they go to findings of their own, and are let pass.
    text, findings = _text(path), Findings(str(path))
    section = next((one for one in read_sections(text, Findings(str(path))) if one.header == HEALTHMON.kind), None)
    database = _option("database", section, findings)
    timezone = _option("timezone", section, findings)
    if findings.problems:
        raise ConfigError(findings.problems)
    return Place(path.absolute().parent / database, timezone or system_timezone(environ))


def _text(path: Path) -> str:
    """Read the file, or raise ConfigError."""
    findings = Findings(str(path))
    text = read_text(path, findings)
    if text is None:
        raise ConfigError(findings.problems)
    return text


def _option(name: str, section: Section | None, findings: Findings) -> Any:
    """Read one option of [healthmon], or its default; None if there is neither, or a problem was noted."""
    option = HEALTHMON.option(name)
    assert option is not None, name  # noqa: S101  (the table of options has it)
    given = section.values.get(name) if section else None
    text = (given.text if given else "") or option.default
    try:
        return option.parse(text) if text else None
    except Unsuitable as unsuitable:
        findings.problem(
            str(unsuitable),
            line=given.line if given else 0,
            section=HEALTHMON.kind,
            option=name,
            suggestion=unsuitable.suggestion,
        )
        return None
