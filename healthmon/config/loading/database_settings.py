"""What the commands that only look need from a configuration: where the database is, the zone, how long what is kept.

No secret is read, for these commands are also for people who may not read them; and problems elsewhere in the file
do not stop anybody from looking at what is known.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from zoneinfo import ZoneInfo

from msgspec import Struct, field

from healthmon.config.findings import Findings, nearest, shown
from healthmon.config.loading.draft import draft_of, read_file
from healthmon.config.loading.ini import Section
from healthmon.config.sections.general import HEALTHMON, kept
from healthmon.config.sections.history import HISTORY, HistoryConfig
from healthmon.config.sections.names import NAMES
from healthmon.errors import ConfigError, Problem
from healthmon.times.zones import system_timezone

#: The options that are asked for; what is wrong with others does not matter here.
_ASKED_FOR = frozenset(("database", "timezone", "keep_history", *(option.name for option in HISTORY.options)))


class DatabaseSettings(Struct, frozen=True):
    """Where to look, and in which zone to print."""

    database: Path
    timezone: ZoneInfo
    history: HistoryConfig = field(default_factory=HistoryConfig)
    #: What people call endpoints, by ``PJSIP/103`` or ``office:PJSIP/103``.
    names: Mapping[str, str] = field(default_factory=dict)
    #: Mistakes that were let pass.
    warnings: tuple[str, ...] = ()


def load_database_settings(path: Path, environ: Mapping[str, str], *, is_strict: bool = False) -> DatabaseSettings:
    """Read ``database``, ``timezone`` and [history] from a configuration. Raises ConfigError.

    A file that does not say where the database is leads to the default one only if it is certain that it says nothing.
    ``is_strict``: for what writes; then the whole file must have the form of a configuration, and these options must be
    right. What only looks lets mistakes elsewhere pass.
    """
    form, findings = Findings(str(path)), Findings(str(path))
    sections = read_file(path, form)
    _refuse_another_file(path, sections)
    kinds = {kind.kind: kind for kind in (HEALTHMON, HISTORY, NAMES)}
    draft = draft_of([section for section in sections if section.kind in kinds], kinds, findings)
    problems = [problem for problem in findings.problems if problem.option in _ASKED_FOR]
    if is_strict:
        _refuse(form.problems)
    general = draft.general
    if "database" not in general.values:
        _refuse([problem for problem in problems if problem.option == "database"])
    if not general.is_given("database"):
        # It may stand in what could not be read: in [healthmon], or outside of all sections.
        unread = [problem for problem in form.problems if problem.section in ("", HEALTHMON.kind)]
        _refuse([*unread, *_misplaced(path, sections)])
    if is_strict:
        _refuse(problems)
    return DatabaseSettings(
        database=path.absolute().parent / general.values["database"],
        timezone=general.values.get("timezone") or system_timezone(environ),
        history=kept(general.values.get("keep_history"), draft.of(HISTORY.kind)[0].record()),
        names=draft.of(NAMES.kind)[0].record().given,
        warnings=tuple(map(str, problems)),
    )


def _refuse(problems: list[Problem]) -> None:
    if problems:
        raise ConfigError(problems)


def _refuse_another_file(path: Path, sections: Sequence[Section]) -> None:
    """Raise ConfigError if this is no configuration of healthmon."""
    if not any(section.header == HEALTHMON.kind or section.kind == "pbx" for section in sections):
        what = "holds neither [healthmon] nor a [pbx …] section; is this the right file?"
        raise ConfigError([Problem(str(path), 0, "", "", what)])


def _misplaced(path: Path, sections: Sequence[Section]) -> Iterator[Problem]:
    """Find options that were meant to be ``database`` of [healthmon]."""
    known = [option.name for option in HEALTHMON.options]
    for section in sections:
        for name, value in section.values.items():
            is_misspelt = section.kind == HEALTHMON.kind and name not in known and nearest(name, known) == "database"
            if is_misspelt:
                yield Problem(str(path), value.line, section.header, shown(name), "unknown option", "database")
            elif name == "database" and section.kind != HEALTHMON.kind:
                yield Problem(str(path), value.line, shown(section.header), name, "belongs to [healthmon]")
