"""What the commands that only look need from a configuration: where the database is, the zone, how long what is kept.

No secret is read, for these commands are also for people who may not read them; and problems elsewhere in the file
do not stop anybody from looking at what is known.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from msgspec import Struct, field

from healthmon.config.findings import Findings, nearest, shown
from healthmon.config.options import HEALTHMON, HISTORY, PBX, SectionKind
from healthmon.config.reader import Section, read_sections, read_text
from healthmon.config.types import HistoryConfig
from healthmon.config.values import Unsuitable
from healthmon.errors import ConfigError, Problem
from healthmon.times.zones import system_timezone


class Place(Struct, frozen=True):
    """Where to look, and in which zone to print."""

    database: Path
    timezone: ZoneInfo
    history: HistoryConfig = field(default_factory=HistoryConfig)
    #: Mistakes that were let pass.
    warnings: tuple[str, ...] = ()


def load_place(path: Path, environ: Mapping[str, str], *, is_strict: bool = False) -> Place:
    """Read ``database``, ``timezone`` and [history] from a configuration. Raises ConfigError.

    A file that does not say where the database is leads to the default one only if it is certain that it says nothing.
    ``is_strict``: for what writes; then the whole file must have the form of a configuration, and these options must be
    right. What only looks lets mistakes elsewhere pass.
    """
    form, findings = Findings(str(path)), Findings(str(path))
    sections = _sections(path, form)
    general = next((section for section in sections if section.header == HEALTHMON.kind), None)
    _refuse(form.problems if is_strict else [])
    database = _option(HEALTHMON, "database", general, findings)
    _refuse(findings.problems)
    if general is None or "database" not in general.values:
        _refuse([*_where_it_may_be_hidden(form), *_misplaced(path, sections)])
    timezone = _option(HEALTHMON, "timezone", general, findings)
    history = _history(sections, general, findings)
    _refuse(findings.problems if is_strict else [])
    warnings = tuple(str(problem) for problem in findings.problems)
    return Place(path.absolute().parent / database, timezone or system_timezone(environ), history, warnings)


def _sections(path: Path, form: Findings) -> list[Section]:
    """Read the file, or raise ConfigError: it cannot be read, or is no configuration of healthmon."""
    text = read_text(path, form)
    if text is None:
        raise ConfigError(form.problems)
    sections = read_sections(text, form)
    if not any(section.header == HEALTHMON.kind or section.kind == PBX.kind for section in sections):
        what = "holds neither [healthmon] nor a [pbx …] section; is this the right file?"
        raise ConfigError([Problem(str(path), 0, "", "", what)])
    return sections


def _refuse(problems: list[Problem]) -> None:
    if problems:
        raise ConfigError(problems)


def _where_it_may_be_hidden(form: Findings) -> list[Problem]:
    """Return what could not be read where ``database`` may stand: in [healthmon], or outside of all sections."""
    return [problem for problem in form.problems if problem.section in ("", HEALTHMON.kind)]


def _misplaced(path: Path, sections: list[Section]) -> Iterator[Problem]:
    """Find options that were meant to be ``database`` of [healthmon]."""
    known = [option.name for option in HEALTHMON.options]
    for section in sections:
        for name, value in section.values.items():
            is_misspelt = section.kind == HEALTHMON.kind and name not in known and nearest(name, known) == "database"
            if is_misspelt:
                yield Problem(str(path), value.line, section.header, shown(name), "unknown option", "database")
            elif name == "database" and section.kind != HEALTHMON.kind:
                yield Problem(str(path), value.line, shown(section.header), name, "belongs to [healthmon]")


def _history(sections: list[Section], general: Section | None, findings: Findings) -> HistoryConfig:
    """Read how long what is kept; what is wrong has its default."""
    section = next((section for section in sections if section.header == HISTORY.kind), None)
    kept = {option.name: _option(HISTORY, option.name, section, findings) for option in HISTORY.options}
    older_name = _option(HEALTHMON, "keep_history", general, findings)
    if older_name is not None:
        kept["transitions"] = older_name
    return HistoryConfig(**{name: value for name, value in kept.items() if value is not None})


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
