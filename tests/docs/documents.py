"""Finds what the documentation claims: commands, options, links, files, make targets."""

import re
from collections.abc import Iterator
from pathlib import Path

import click

from healthmon.cli.main import cli

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted(
    path for path in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "config.example.ini") if path.is_file()
)
#: What the manual is made of; decisions and the changelog speak of the past.
MANUAL = [path for path in DOCUMENTS if "decisions" not in path.parts and path.name != "CHANGELOG.md"]

_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
#: A call of the program: in a code span, or a line of a code block.
_CALL = re.compile(r"(?:`|^\s*(?:\$ )?|&& )healthmon((?: +[^\s`|&;#…]+)+)", re.MULTILINE)
_MAKE = re.compile(r"(?:`|^\s*)make ([a-z]+)", re.MULTILINE)
_CODE_PATH = re.compile(r"`((?:healthmon|tests|docs|systemd|config|core|store|ari|notify|report|cli|sources)/[\w./]*)`")


def name_of(path: Path) -> str:
    """A document's path, as tests print it."""
    return str(path.relative_to(ROOT))


def commands() -> dict[str, click.Command]:
    """Every command, loaded."""
    context = click.Context(cli)
    found = {name: cli.get_command(context, name) for name in cli.list_commands(context)}
    return {name: command for name, command in found.items() if command is not None}


def options(command: click.Command) -> set[str]:
    """The options of a command, in every spelling."""
    own = {name for parameter in command.params if isinstance(parameter, click.Option) for name in parameter.opts}
    below = command.commands.values() if isinstance(command, click.Group) else ()
    return own.union(*(options(one) for one in below))


def links(path: Path) -> Iterator[str]:
    """What this document points to within the repository."""
    for target in _LINK.findall(path.read_text()):
        if not target.startswith(("http://", "https://", "mailto:")):
            yield target


def anchors(path: Path) -> set[str]:
    """The anchors that a web page of this document has, as GitHub makes them."""
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in _HEADING.findall(path.read_text())}


def calls(path: Path) -> Iterator[list[str]]:
    """The words of each call of healthmon in this document, without the program itself."""
    known = cli.list_commands(click.Context(cli))
    for match in _CALL.finditer(path.read_text()):
        words = match[1].split()
        # A sentence that begins with "healthmon" is no call.
        if match[0].startswith("`") or words[0] in known or words[0].startswith("-"):
            yield words


def make_targets_called(path: Path) -> set[str]:
    """The targets of make that this document names."""
    return set(_MAKE.findall(path.read_text()))


def make_targets() -> set[str]:
    """The targets that the Makefile declares."""
    phony = re.search(r"^\.PHONY: (.+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    return set(phony[1].split()) if phony else set()


def code_paths(path: Path) -> set[str]:
    """The files and folders of the program that this document names."""
    return set(_CODE_PATH.findall(path.read_text()))
