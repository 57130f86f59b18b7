"""The configuration while it is being checked: sections whose options are read, some of them perhaps wrong."""

from __future__ import annotations

from typing import Any

from msgspec import Struct, field

from healthmon.config.findings import Findings
from healthmon.config.options import SectionKind
from healthmon.config.reader import Section


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
        return value.line if value else self.section.line

    def problem(self, option: str, what: str, *, suggestion: str = "", line: int = 0, file: str = "") -> None:
        """Note a problem with one of the options; ``file``: it stands in another file, in that line of it."""
        self.findings.problem(
            what, line=line or self.line(option), section=self.header, option=option, suggestion=suggestion, file=file
        )

    def warning(self, option: str, what: str) -> None:
        """Note something to know about one of the options."""
        self.findings.warning(what, line=self.line(option), section=self.header, option=option)


class Draft(Struct):
    """All sections that are known by kind and name, in the order of the file, each once."""

    sections: list[DraftSection]
    findings: Findings

    def of(self, kind: str) -> list[DraftSection]:
        """The sections of one kind."""
        return [section for section in self.sections if section.kind.kind == kind]

    def names(self, kind: str) -> list[str]:
        """The names of the sections of one kind, also of those that have problems."""
        return [section.name for section in self.of(kind)]
