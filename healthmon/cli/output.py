"""Where output goes that may be long: to stdout, or into a file that appears only when it is complete."""

from __future__ import annotations

import os
import stat
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

import click

from healthmon.errors import HealthmonError
from healthmon.store.files import is_part_of

_STDOUT = 1

output_option = click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write into this file; it appears, or is replaced, when all is written.",
)


def form_of_file(path: Path | None, endings: Mapping[str, str], default: str) -> str:
    """Say which form a file has by its ending: ``april.html`` is HTML; ``default`` where that says nothing."""
    return default if path is None else endings.get(path.suffix.lower(), default)


class OutputFailed(HealthmonError):
    """The file cannot be written."""


@contextmanager
def output_to(path: Path | None, database: Path) -> Iterator[BinaryIO]:
    """Yield a binary file to write to. Raises OutputFailed; then what was at ``path`` before is still there."""
    if path is not None and is_part_of(path, database):
        raise OutputFailed(f"{path}: this belongs to the database itself")
    if path is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    try:
        with _replaced(path.resolve()) if _is_plain(path) else path.open("wb") as file:
            yield file
    except OSError as error:
        raise OutputFailed(f"{path}: cannot be written: {error.strerror or error}") from error


def is_seen(path: Path | None) -> bool:
    """Whether somebody may look on while it is written: at a terminal, or through a pager."""
    return path is None and not stat.S_ISREG(os.fstat(_STDOUT).st_mode)


def _is_plain(path: Path) -> bool:
    """Whether it is a file, or nothing yet: a pipe or a device is written to as it is."""
    return path.is_file() or not path.exists()


@contextmanager
def _replaced(path: Path) -> Iterator[BinaryIO]:
    """Write beside the file, and take its place at the end, so that a power cut leaves the old one or the new one."""
    number, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".partial")
    try:
        with os.fdopen(number, "wb") as file:
            yield file
            file.flush()
            os.fchmod(file.fileno(), _mode(path))
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        with suppress(FileNotFoundError):
            Path(name).unlink()
        raise


def _mode(path: Path) -> int:
    """The rights that the file has, or those that a new one gets."""
    if path.exists():
        return path.stat().st_mode & 0o777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
