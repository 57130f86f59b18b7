"""What the commands that only look need from a configuration: where the database is, the zone, how long what is kept.

No secret is read, for these commands are also for people who may not read them; and problems elsewhere in the file
do not stop anybody from looking at what is known.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from msgspec import Struct, field

from healthmon.config.findings import Findings
from healthmon.config.options import HEALTHMON, HISTORY, SectionKind
from healthmon.config.reader import Section, read_sections, read_text
from healthmon.config.timezones import system_timezone
from healthmon.config.types import HistoryConfig
from healthmon.config.values import Unsuitable
from healthmon.errors import ConfigError


class Place(Struct, frozen=True):
    """Where to look, and in which zone to print."""

    database: Path
    timezone: ZoneInfo
    history: HistoryConfig = field(default_factory=HistoryConfig)


def load_place(path: Path, environ: Mapping[str, str]) -> Place:
    """Read ``database``, ``timezone`` and [history] from a configuration. Raises ConfigError if one is wrong."""
    # Problems of the file's form are for check-config; here they go to findings of their own, and are let pass.
    text, findings = _text(path), Findings(str(path))
    sections = {one.header: one for one in reversed(read_sections(text, Findings(str(path))))}
    general, history = sections.get(HEALTHMON.kind), sections.get(HISTORY.kind)
    database = _option(HEALTHMON, "database", general, findings)
    timezone = _option(HEALTHMON, "timezone", general, findings)
    kept = {option.name: _option(HISTORY, option.name, history, findings) for option in HISTORY.options}
    older_name = _option(HEALTHMON, "keep_history", general, findings)
    if findings.problems:
        raise ConfigError(findings.problems)
    if older_name is not None:
        kept["transitions"] = older_name
    return Place(path.absolute().parent / database, timezone or system_timezone(environ), HistoryConfig(**kept))


def _text(path: Path) -> str:
    """Read the file, or raise ConfigError."""
    findings = Findings(str(path))
    text = read_text(path, findings)
    if text is None:
        raise ConfigError(findings.problems)
    return text


def _option(kind: SectionKind, name: str, section: Section | None, findings: Findings) -> Any:
    """Read one option, or its default; None if there is neither, or a problem was noted."""
    option = kind.option(name)
    assert option is not None, name  # noqa: S101  (the table of options has it)
    given = section.values.get(name) if section else None
    text = (given.text if given else "") or option.default
    try:
        return option.parse(text) if text else None
    except Unsuitable as unsuitable:
        findings.problem(
            str(unsuitable),
            line=given.line if given else 0,
            section=kind.kind,
            option=name,
            suggestion=unsuitable.suggestion,
        )
        return None
