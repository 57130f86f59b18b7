"""INI text -> sections, options and the line of each. It knows the form of the file, not what the options mean.

The form is that of ``configparser(interpolation=None, delimiters="=", inline_comment_prefixes=None)``; a test holds
the two together. It is read here because configparser forgets the line numbers, stops at the first problem, and
puts whole lines of the file, passwords too, into its exceptions.
"""

from __future__ import annotations

import re
from pathlib import Path

from msgspec import Struct, field

from healthmon.config.findings import Findings, shown

#: A file longer than this is not a configuration (bytes).
LARGEST_FILE = 1_000_000

#: url, URL or Url. No digits and no mixed letters: names are shown, and tokens that lost their place look like that.
_OPTION_NAME = re.compile(r"[a-z_]{1,40}|[A-Z_]{1,40}|[A-Z][a-z_]{1,39}")

#: In [names] options are called like endpoints: ``PJSIP/103``, ``office:PJSIP/103``; or ``103`` by who forgot the rest;
#: or like a registration.
_ENDPOINT = re.compile(r"(?:[\w .+-]{1,64}:)?(?:[A-Za-z][A-Za-z0-9]{1,9}|REGISTRATION)/[^=]{1,200}|[0-9]{1,20}")
_NAMES = "names"


class Value(Struct):
    """The text of one option. Each line of it keeps its number."""

    line: int
    lines: list[tuple[int, str]] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The value as one text; the lines of a longer one are joined by newlines."""
        return "\n".join(text for _, text in self.lines)


class Section(Struct):
    """One section: ``[pbx office]`` has the kind "pbx" and the name "office"."""

    kind: str
    name: str
    line: int
    values: dict[str, Value] = field(default_factory=dict)

    @property
    def header(self) -> str:
        """What stands between the brackets."""
        return f"{self.kind} {self.name}".strip()


def read_text(path: Path, findings: Findings) -> str | None:
    """Read the file as UTF-8, with or without a byte order mark; None if it cannot be read at all."""
    try:
        with path.open("rb") as file:
            raw = file.read(LARGEST_FILE + 1)
    except (OSError, ValueError) as error:
        findings.problem(f"cannot be read: {why_unreadable(error)}")
        return None
    if len(raw) > LARGEST_FILE:
        findings.problem("is longer than 1 MB; is this the right file?")
        return None
    return _decode(raw, findings)


def why_unreadable(error: Exception) -> str:
    """Say in words why a file could not be read."""
    match error:
        case FileNotFoundError():
            return "there is no such file"
        case IsADirectoryError():
            return "this is a directory"
        case PermissionError():
            return "this user has no permission"
        case OSError():
            return error.strerror or type(error).__name__
        case _:
            return "this is not the name of a file"


def _decode(raw: bytes, findings: Findings) -> str:
    """Turn bytes into text; what is no text is noted with its line, and the rest is read on."""
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        findings.problem("holds bytes that are not UTF-8; save the file as UTF-8", line=line)
        text = raw.decode("utf-8-sig", errors="replace")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        findings.problem("holds a NUL byte; is this a text file?", line=line)
    return text


def read_sections(text: str, findings: Findings) -> list[Section]:
    """Take the text apart. A section that stands there twice is noted, and both are returned."""
    reading = _Reading(findings)
    for number, line in enumerate(text.split("\n"), start=1):
        reading.take(number, line)
    return reading.sections


class _Reading:
    """Where we are in the file: in which section, and in which option with which indentation."""

    def __init__(self, findings: Findings) -> None:
        self.findings = findings
        self.sections: list[Section] = []
        self.first_lines: dict[str, int] = {}
        self.value: Value | None = None
        self.indent = 0
        self.orphans = 0

    def take(self, number: int, line: str) -> None:
        """Read one line: a comment, more of a value, a section, or an option."""
        text = line.strip()
        if not text or text[0] in "#;":
            return
        indent = len(line) - len(line.lstrip())
        if self.value is not None and indent > self.indent:
            self.value.lines.append((number, text))
            return
        self.indent = indent
        self.value = None
        if text.startswith("["):
            self._section(number, text)
        else:
            self._option(number, text)

    def _section(self, number: int, text: str) -> None:
        """Begin a section. A broken header begins one too, so that its options are not blamed."""
        header, bracket, rest = text[1:].partition("]")
        if not bracket:
            self.findings.problem("this section header has no closing ]", line=number)
        elif rest.strip():
            self.findings.problem(
                "there is text after the ]; a comment stands on a line of its own", line=number, section=header
            )
        kind, _, name = " ".join(header.split()).partition(" ")
        section = Section(kind, name, number)
        first = self.first_lines.setdefault(section.header, number)
        if first != number:
            self.findings.problem(
                f"this section stands in the file twice; the first is in line {first}",
                line=number,
                section=section.header,
            )
        self.sections.append(section)

    def _option(self, number: int, text: str) -> None:
        """Begin an option. The text is never shown: a line that lost its place may be a URL with a password."""
        name, equals, rest = text.partition("=")
        name = name.strip()
        # What follows on indented lines belongs to this option even if it is not understood.
        self.value = Value(number)
        if rest.strip():
            self.value.lines.append((number, rest.strip()))
        if not self.sections:
            self._orphan(number)
            return
        section = self.sections[-1]
        known_as = _known_as(section, name)
        if not equals or not known_as:
            self.findings.problem(_no_option(text), line=number, section=section.header)
        elif known_as in section.values:
            first = section.values[known_as].line
            self.findings.problem(
                f"this option stands in the section twice; the first is in line {first}",
                line=number,
                section=section.header,
                option=known_as,
            )
        else:
            section.values[known_as] = self.value

    def _orphan(self, number: int) -> None:
        """Note the first of the lines that stand before any section; one sentence is enough."""
        self.orphans += 1
        if self.orphans == 1:
            self.findings.problem(
                "this line stands before the first section; the file begins with a line like [healthmon]", line=number
            )


def _known_as(section: Section, name: str) -> str:
    """Return the name of an option, in small letters but that of an endpoint; "": it can be none."""
    if section.kind == _NAMES and _ENDPOINT.fullmatch(name):
        return name
    if _OPTION_NAME.fullmatch(name):
        return name.lower()
    return ""


def _no_option(text: str) -> str:
    """Say what is missing in a line that is no option, without showing more of it than an option's name."""
    word, colon, _ = text.partition(":")
    if colon and _OPTION_NAME.fullmatch(word.strip()) and not text.startswith(f"{word}://"):
        return f"a value is written after =, not after a colon: {shown(word.strip())} = …"
    return "this line is no option (name = value); if it belongs to the option above, indent it"
