"""Where output goes that may be long: to stdout, or into a file that appears only when it is complete."""

from __future__ import annotations

import os
import re
import stat
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import BinaryIO

import click

from healthmon.errors import HealthmonError
from healthmon.files import new_file, open_as_it_is
from healthmon.owners import become_owner, whom_to_become
from healthmon.store.sqlite.copies import is_part_of

_STDOUT = 1

#: The names of what this process has open.
_OPEN_ALREADY = re.compile(r"/dev/(stdout|stderr)|/(?:dev|proc/self)/fd/([0-9]+)")
_STANDARD = {"stdout": _STDOUT, "stderr": 2}


class _Output(click.Path):
    """The path of a file; ``-`` is standard output, as everywhere, and ``./-`` is a file of that name."""

    def convert(
        self, value: str | os.PathLike[str], param: click.Parameter | None, ctx: click.Context | None
    ) -> str | bytes | os.PathLike[str]:
        """Read it; None: standard output."""
        if value == "-":
            # click knows no type of an option that may be none.
            return None  # type: ignore[return-value]
        return super().convert(value, param, ctx)


output_option = click.option(
    "-o",
    "--output",
    type=_Output(path_type=Path, dir_okay=False),
    help="Write into this file; it appears, or is replaced, when all is written.  [default: -, standard output]",
)


def form_of_file(path: Path | None, endings: Mapping[str, str], default: str) -> str:
    """Say which form a file has by its ending: ``april.html`` is HTML; ``default`` where that says nothing."""
    if path is None:
        return default
    return endings.get(path.suffix.lower(), default)


class OutputFailed(HealthmonError):
    """The file cannot be written."""


@contextmanager
def output_to(path: Path | None, database: Path) -> Iterator[BinaryIO]:
    """Yield a binary file to write to. Raises OutputFailed; then what was at ``path`` before is still there.

    From then on root is whom the database belongs to: it is to be read inside of this.
    """
    if path is not None and is_part_of(path, database):
        raise OutputFailed(f"{path}: this belongs to the database itself")
    with _opened(path, database) if path is not None else nullcontext(sys.stdout.buffer) as file:
        become_owner(database)
        yield file
        file.flush()


@contextmanager
def _opened(path: Path, database: Path) -> Iterator[BinaryIO]:
    try:
        # A pipe or a device is written to as it is, and so is what is open already.
        is_plain = not _OPEN_ALREADY.fullmatch(str(path)) and (path.is_file() or not path.exists())
        with _to_be_placed(path, database) if is_plain else os.fdopen(_number(path), "wb") as file:
            yield file
    except OSError as error:
        if error.filename not in (None, str(path)):
            # What goes wrong with the database meanwhile.
            raise
        raise OutputFailed(f"{path}: cannot be written: {error.strerror or error}") from error


def is_seen(path: Path | None) -> bool:
    """Whether somebody may look on while it is written: at a terminal, or through a pager."""
    return path is None and not stat.S_ISREG(os.fstat(_STDOUT).st_mode)


def _number(path: Path) -> int:
    """Open what is no file. What is open already is taken as it is: it may belong to anybody."""
    already = _OPEN_ALREADY.fullmatch(str(path))
    if already is None:
        return open_as_it_is(path)
    return os.dup(_STANDARD.get(already[1]) or int(already[2]))


@contextmanager
def _to_be_placed(path: Path, database: Path) -> Iterator[BinaryIO]:
    """Write beside the file, and take its place at the end."""
    keeps_rights = whom_to_become(database) is not None
    with new_file(path, keeps_rights=keeps_rights) as new, os.fdopen(new.file, "wb", closefd=False) as file:
        yield file
        file.flush()
