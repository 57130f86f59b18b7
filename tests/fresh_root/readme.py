"""The commands of the README, in their order."""

from __future__ import annotations

import re

from .root import REPOSITORY

README = (REPOSITORY / "README.md").read_text(encoding="utf-8")

_BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"`([^`\n]+)`")
_PROGRAMS = ("apt ", "asterisk ", "curl ", "healthmon ", "usermod ")


def blocks() -> list[list[str]]:
    """The commands of each block, without comments; those that are joined by && apart."""
    return [_commands(match[1]) for match in _BLOCK.finditer(README)]


def spans() -> list[str]:
    """The commands that stand within sentences and tables, each once."""
    text = re.sub(r"^```.*?^```$", "", README, flags=re.MULTILINE | re.DOTALL)
    found = [span for span in _SPAN.findall(text) if span.startswith(_PROGRAMS)]
    return list(dict.fromkeys(found))


def _commands(block: str) -> list[str]:
    lines = (re.sub(r"(^|\s)#.*", "", line).strip() for line in block.splitlines())
    return [command.strip() for line in lines if line for command in line.split("&&")]
