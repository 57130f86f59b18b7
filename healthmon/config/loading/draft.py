"""The configuration while it is being checked: sections whose options are read, some of them perhaps wrong."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from healthmon.config import values
from healthmon.config.findings import Findings, nearest, shown
from healthmon.config.loading.ini import Section, Value, read_sections, read_text
from healthmon.config.options import FILE, Lines, Option, SectionKind
from healthmon.config.values import ALL, NOBODY, Unsuitable
from healthmon.errors import ConfigError

#: ``${NAME}`` stands for an environment variable.
VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


class DraftSection(Struct):
    """One section. ``values`` holds what was understood, and the defaults; a wrong option is missing there."""

    section: Section
    kind: SectionKind
    findings: Findings
    values: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The name of the section, "office"."""
        return self.section.name

    @property
    def header(self) -> str:
        """What stands between the brackets, "pbx office"."""
        return self.section.header

    def is_given(self, option: str) -> bool:
        """Whether this option stands in the file, right or wrong."""
        return option in self.section.values

    def line(self, option: str = "") -> int:
        """The line of an option; of the section's header if the option does not stand there."""
        value = self.section.values.get(option)
        if value is None:
            return self.section.line
        return value.line

    def problem(self, option: str, what: str, *, suggestion: str = "", line: int = 0, file: str = "") -> None:
        """Note a problem with one of the options; ``file``: it stands in another file, in that line of it."""
        self.findings.problem(
            what, line=line or self.line(option), section=self.header, option=option, suggestion=suggestion, file=file
        )

    def warning(self, option: str, what: str) -> None:
        """Note something to know about one of the options."""
        self.findings.warning(what, line=self.line(option), section=self.header, option=option)

    def record(self) -> Any:
        """Make what the section becomes; what is wrong has its default."""
        if self.kind.is_named:
            return self.kind.record_of(self.values, name=self.name)
        return self.kind.record_of(self.values)


class Draft(Struct):
    """All sections that are known by kind and name, in the order of the file, each once."""

    sections: list[DraftSection]
    findings: Findings

    @property
    def general(self) -> DraftSection:
        """The section [healthmon]; it is also there if it does not stand in the file."""
        return self.of("healthmon")[0]

    def of(self, kind: str) -> list[DraftSection]:
        """The sections of one kind."""
        return [section for section in self.sections if section.kind.kind == kind]

    def names(self, kind: str) -> list[str]:
        """The names of the sections of one kind, also of those that have problems."""
        return [section.name for section in self.of(kind)]

    def records(self, kind: str) -> tuple[Any, ...]:
        """What the sections of one kind become."""
        return tuple(section.record() for section in self.of(kind))


def read_file(path: Path, findings: Findings) -> list[Section]:
    """Take a file apart. Raises ConfigError if it cannot be read at all; what is wrong in it is noted."""
    text = read_text(path, findings)
    if text is None:
        raise ConfigError(findings.problems)
    return read_sections(text, findings)


def draft_of(sections: Sequence[Section], kinds: Mapping[str, SectionKind], findings: Findings) -> Draft:
    """Keep what is known by kind and name, each once, and read the options."""
    known: dict[str, DraftSection] = {}
    for section in sections:
        kind = _kind(section, kinds, findings)
        if kind:
            draft = DraftSection(section, kind, findings)
            _read_options(draft, is_repeated=section.header in known)
            known.setdefault(section.header, draft)
    for kind in kinds.values():
        if not kind.is_named and kind.kind not in known:
            known[kind.kind] = DraftSection(Section(kind.kind, "", 0), kind, findings)
            _read_options(known[kind.kind])
    return Draft(list(known.values()), findings)


def _kind(section: Section, kinds: Mapping[str, SectionKind], findings: Findings) -> SectionKind | None:
    """Find the kind of a section, and check whether it has a name as it should."""
    kind = kinds.get(section.kind)
    what, suggestion = "", ""
    if kind is None:
        guess = nearest(section.kind, kinds)
        what = f"unknown section; the sections are {', '.join(map(_form, kinds.values()))}"
        if guess:
            header = f"{guess} {shown(section.name)}".strip()
            suggestion = f"[{header}]"
    elif not kind.is_named and section.name:
        what = f"there is only one such section, {_form(kind)}"
    elif kind.is_named and not section.name:
        what = f"this section needs a name: {_form(kind)}"
    elif kind.is_named and not values.is_name(section.name):
        what = values.NAMES
    elif section.kind == "receiver" and section.name in (ALL, NOBODY):
        what = f"{section.name} has a meaning of its own; choose another name"
    if what:
        findings.problem(what, line=section.line, section=section.header, suggestion=suggestion)
        return None
    return kind


def _form(kind: SectionKind) -> str:
    if kind.is_named:
        return f"[{kind.kind} NAME]"
    return f"[{kind.kind}]"


def _read_options(draft: DraftSection, *, is_repeated: bool = False) -> None:
    """Read each option by itself, fill in the defaults, and note what is unknown, missing or wrong.

    A section that repeats another misses nothing: what to do about it was said already.
    """
    for name, value in draft.section.values.items():
        option = draft.kind.option(name)
        if draft.kind.lines:
            _read_line(draft, draft.kind.lines, name, value)
        elif option:
            _read_option(draft, option, value)
        else:
            _unknown_option(draft, name)
    for option in draft.kind.options:
        given = draft.section.values.get(option.name)
        if option.default and (given is None or not given.text):
            draft.values[option.name] = option()
        if option.required and given is None and not is_repeated:
            draft.problem(option.name, "is missing")


def _read_line(draft: DraftSection, lines: Lines, name: str, value: Value) -> None:
    """Read a line whose name the user has chosen."""
    try:
        chosen = lines.name_of(name)
    except Unsuitable as unsuitable:
        draft.problem(name, str(unsuitable), suggestion=unsuitable.suggestion)
        return
    _read_option(draft, replace(lines.line, name=chosen), value)


def _unknown_option(draft: DraftSection, name: str) -> None:
    """Suggest the nearest name, or say in which section an option of this name stands."""
    from healthmon.config.kinds import KINDS  # noqa: PLC0415 (who reads a part of a file needs no others)

    guess = nearest(name, [option.name for option in draft.kind.options])
    elsewhere = [_form(kind) for kind in KINDS.values() if kind.option(name)]
    if elsewhere:
        draft.problem(name, f"unknown option; it belongs in {' or '.join(elsewhere)}")
    elif draft.section.kind == "receiver" and not guess:
        draft.problem(name, "unknown option; a line of urls is indented")
    else:
        draft.problem(name, "unknown option", suggestion=guess)


def _read_option(draft: DraftSection, option: Option, value: Value) -> None:
    """Read the value of a known option. Nothing of a secret is shown."""
    if not value.text:
        draft.problem(option.name, f"is empty; {_instead(option)}")
    elif len(value.lines) > 1 and not option.is_list:
        draft.problem(
            option.name,
            f"this line is indented, so it continues {option.name}; begin it at the margin",
            line=value.lines[1][0],
        )
    elif VARIABLE.search(value.text) and not option.is_secret and not option.name.endswith(FILE):
        draft.problem(
            option.name, "${…} is filled in only in password, urls, heartbeat_url and the options that end in _file"
        )
    else:
        try:
            draft.values[option.name] = option.parse(value.text)
        except Unsuitable as unsuitable:
            for wrong in (unsuitable, *unsuitable.also):
                draft.problem(option.name, str(wrong), suggestion=wrong.suggestion)


def _instead(option: Option) -> str:
    if option.required or option.is_secret:
        return "give it a value"
    return f"without this line it is {option.default or option.otherwise}"
