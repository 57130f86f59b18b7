"""``python -m tests.config.reference`` writes config.example.ini and the tables of docs/configuration.md anew.

Both are made from the declarations of the options; a test compares.
"""

from __future__ import annotations

import itertools
import re
from pathlib import Path

from healthmon.config.kinds import KINDS
from healthmon.config.options import Option, SectionKind

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "config.example.ini"
DOCS = ROOT / "docs" / "configuration.md"

ABOVE = """\
# Configuration of healthmon.
#
# Every option is here with its sentence. A line like "#poll_every = 60s" shows the default, or an example where there \
is
# none: take the # away to change it. A comment stands on a line of its own, because a password may contain # and ;.
# Durations carry a unit: 500ms, 30s, 5m, 2h, 7d, 2y. Lists are divided by commas.
#
# After each change:  healthmon check-config --connect
# then:               systemctl reload healthmon
"""

#: Besides the section that shows every option.
MORE_SECTIONS = {
    "watch": """\
# A phone may be away for longer before somebody should care.
[watch phones]
endpoints = PJSIP/*
down_after = 3m
up_after = 30s
"""
}

#: Options that have to be filled in, or at least looked at, though they are not all required.
FILLED_IN = {"pbx": ("url", "username", "password"), "watch": ("endpoints",), "receiver": ("urls",)}


def example() -> str:
    """Write the example file."""
    parts = [ABOVE]
    for kind in KINDS.values():
        parts.append(section_of_example(kind))
        if kind.kind in MORE_SECTIONS:
            parts.append(MORE_SECTIONS[kind.kind])
    return "\n".join(parts)


def section_of_example(kind: SectionKind) -> str:
    """Write a section of the example file, with every option that it may have."""
    header = f"[{kind.kind} {kind.example_name}]".replace(" ]", "]")
    if not kind.is_in_example:
        header = f"#{header}"
    options = "\n".join(_option(kind, option) for option in kind.options)
    return f"{_comment(kind.about)}{header}\n{options}"


def _option(kind: SectionKind, option: Option) -> str:
    sentence = option.sentence
    is_alternative = kind.option(option.otherwise) is not None
    if option.otherwise and not is_alternative:
        sentence = f"{sentence} Default: {option.otherwise}."
    line = f"{option.name} = {option.example or option.default}"
    if option.name in FILLED_IN.get(kind.kind, ()):
        line = line.replace("= \n", "=\n").replace("\n", "\n    ")
    else:
        line = f"#{line}"
    return f"# {sentence}\n{line}\n"


def _comment(text: str) -> str:
    """Write a text as comments."""
    return "".join(f"# {line}\n" for line in text.splitlines())


def reference(docs: str) -> str:
    """Write the tables of the reference anew, and leave everything else as it is."""
    for kind in KINDS.values():
        header = f"\n## `[{kind.kind}]`\n\n"
        if kind.is_named:
            header = f"\n## `[{kind.kind} NAME]`\n\n"
        before, found, after = docs.partition(header)
        assert found, f"docs/configuration.md has no part about [{kind.kind}]"
        lines = after.splitlines(keepends=True)
        rest = "".join(itertools.dropwhile(lambda line: line.startswith("|"), lines))
        docs = f"{before}{header}{table(kind)}{rest}"
    return docs


def table(kind: SectionKind) -> str:
    """Write the table of a kind's options."""
    rows = [
        f"| `{option.name}` | {_default(kind, option)} | {option.sentence.replace('<hostname>', 'HOSTNAME')} |\n"
        for option in kind.options
    ]
    return "".join(["| option | default | meaning |\n", "|---|---|---|\n", *rows])


def _default(kind: SectionKind, option: Option) -> str:
    if option.required:
        return "required"
    if option.default:
        return f"`{option.default}`"
    if kind.option(option.otherwise):
        return f"this or `{option.otherwise}`"
    return re.sub(r"(\[\w+\])", r"`\1`", option.otherwise).replace("<hostname>", "HOSTNAME")


def main() -> None:
    """Write both files."""
    EXAMPLE.write_text(example(), encoding="utf-8")
    DOCS.write_text(reference(DOCS.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
