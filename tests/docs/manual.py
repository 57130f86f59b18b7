"""``python -m tests.docs.manual`` writes docs/healthmon.1, the man page, anew: from the commands' own help.

A test compares. The form is that of man(7).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click

from healthmon import __version__
from healthmon.cli.main import COMMANDS, cli

PAGE = Path(__file__).parents[2] / "docs/healthmon.1"

FILES = {
    "/etc/healthmon/config.ini": "The configuration; config.example.ini has each option with its sentence.",
    "/var/lib/healthmon/healthmon.db": "The database, unless the configuration names another one.",
}


def page() -> str:
    """Write the whole page."""
    return "\n".join([*_head(), *_commands(), *_tail()]) + "\n"


def _head() -> Iterator[str]:
    context = click.Context(cli, info_name="healthmon", **cli.context_settings)
    yield f'.TH HEALTHMON 1 "" "healthmon {__version__}" "User Commands"'
    yield ".SH NAME"
    yield f"healthmon \\- {_text(_sentence(cli)).rstrip('.')}"
    yield ".SH SYNOPSIS"
    yield ".B healthmon"
    yield "[\\fIOPTION\\fR] \\fICOMMAND\\fR [\\fIARGUMENT\\fR]..."
    yield ".SH OPTIONS"
    yield from _options(cli, context)


def _commands() -> Iterator[str]:
    yield ".SH COMMANDS"
    context = click.Context(cli, info_name="healthmon", **cli.context_settings)
    for name in COMMANDS:
        command = cli.get_command(context, name)
        assert command is not None, name
        yield from _command(command, name, context)


def _command(command: click.Command, name: str, parent: click.Context) -> Iterator[str]:
    """A command, and those below it."""
    context = click.Context(command, info_name=name, parent=parent)
    usage = " ".join(command.collect_usage_pieces(context))
    path = context.command_path.removeprefix("healthmon ")
    yield f'.SS "{_text(path)} {_text(usage)}"'
    for paragraph in (command.help or "").split("\n\n"):
        yield ".PP"
        yield _text(" ".join(paragraph.split()))
    yield from _options(command, context)
    if isinstance(command, click.Group):
        for below in command.list_commands(context):
            found = command.get_command(context, below)
            assert found is not None, below
            yield from _command(found, below, context)


def _options(command: click.Command, context: click.Context) -> Iterator[str]:
    for parameter in command.get_params(context):
        record = parameter.get_help_record(context)
        if record is not None and "--help" not in parameter.opts:
            words, about = record
            yield ".TP"
            yield f"\\fB{_text(words)}\\fR"
            yield _text(" ".join(about.split()))


def _tail() -> Iterator[str]:
    yield ".SH FILES"
    for path, about in FILES.items():
        yield from (".TP", f"\\fI{_text(path)}\\fR", _text(about))
    yield from (
        ".SH SEE ALSO",
        "The README and docs/ of the source: what each exit code means, every option of the file,",
    )
    yield from ("every message. systemctl(1), asterisk(8)",)


def _sentence(command: click.Command) -> str:
    return (command.help or "").splitlines()[0]


def _text(words: str) -> str:
    """Write words so that roff takes nothing in them for a request, and a hyphen can be typed again."""
    escaped = words.replace("\\", "\\e").replace("-", "\\-").replace('"', "\\(dq")
    return re.sub(r"^([.'])", r"\\&\1", escaped)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
