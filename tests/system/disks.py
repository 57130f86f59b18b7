"""Places for a database that can be made unwritable while a daemon uses it."""

from __future__ import annotations

import os
import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.tmpfs import mounted_tmpfs


@dataclass
class Disk:
    """Where the database is, and a way to make it unwritable."""

    folder: Path
    #: Given the process of the daemon.
    fail: Callable[[int], None]
    recover: Callable[[int], None]
    #: What the log says about it.
    words: str


@contextmanager
def small_tmpfs(tmp_path: Path) -> Iterator[Disk]:
    """A file system of 2 MB that can really be full."""
    folder = tmp_path / "disk"
    folder.mkdir()
    filler = folder / "filler"
    with mounted_tmpfs(folder, "2m"):
        yield Disk(folder, lambda _pid: fill(filler), lambda _pid: filler.unlink(), "the disk is full")


def fill(filler: Path) -> None:
    """Leave no free byte."""
    file = os.open(filler, os.O_WRONLY | os.O_CREAT)
    with suppress(OSError):
        while True:
            os.write(file, b"x" * 4096)
    os.close(file)


@contextmanager
def quota(tmp_path: Path) -> Iterator[Disk]:
    """No file of the process may grow, as under a quota (RLIMIT_FSIZE); works for everybody."""
    folder = tmp_path / "disk"
    folder.mkdir()

    def allow(pid: int, most: int) -> None:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))

    # The log of the daemon is a file too, and must go on: it is far smaller than the database's.
    yield Disk(
        folder,
        lambda pid: allow(pid, (folder / "healthmon.db-wal").stat().st_size),
        lambda pid: allow(pid, resource.RLIM_INFINITY),
        "reading or writing failed",
    )
