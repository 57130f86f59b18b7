"""Two pairs of hands: root's, which gives commands, and those of the user to whom the database belongs."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from healthmon import owners
from healthmon.app.daemon import Daemon
from healthmon.cli.main import cli
from tests.report.builder import connection, stopped

#: Of nobody: the daemon's user and group, and another member of the group.
GROUP, USER, MEMBER = 54321, 54322, 54323

#: Then it hangs (seconds).
TAKES_AT_MOST = 60

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be attacked, or become another user")

#: As it is without ``tests.conftest``.
REAL = owners._owner


class Done(NamedTuple):
    """How a command ended, and all that it said."""

    code: int
    said: str


def in_a_child(work: Callable[[], object], *, uid: int = 0, gid: int = 0) -> Done:
    """Do something in a process of its own, as another user if that is wanted."""
    with tempfile.TemporaryFile() as said:
        code = _in_a_child(work, said.fileno(), uid, gid)
        said.seek(0)
        return Done(code, said.read().decode())


def _in_a_child(work: Callable[[], object], said: int, uid: int, gid: int) -> int:
    child = os.fork()
    if child == 0:
        code = 70
        signal.alarm(TAKES_AT_MOST)
        try:
            os.dup2(said, 1)
            os.dup2(said, 2)
            if uid:
                os.setgroups([])
                os.setgid(gid)
                os.setuid(uid)
            work()
            code = 0
        except SystemExit as ending:
            code = int(ending.code or 0)
        except BaseException:  # noqa: BLE001 (whatever it is, the parent must hear of it)
            os.write(2, traceback.format_exc().encode())
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def as_root(*arguments: str) -> Done:
    """Give a command as root, who may become somebody else then."""
    return in_a_child(lambda: command(*arguments))


def command(*arguments: str) -> None:
    """Give a command in this process. A daemon opens everything, and ends at once."""
    Daemon.run = lambda _self: 0  # type: ignore[method-assign, assignment]
    owners._owner = REAL
    sys.stdout, sys.stderr = os.fdopen(1, "w", closefd=False), os.fdopen(2, "w", closefd=False)
    cli(list(arguments), prog_name="healthmon")


@contextmanager
def held(path: Path, byte: int | None = None, *, uid: int = 0, gid: int = 0) -> Iterator[int]:
    """Have another process hold a shared lock meanwhile, on a byte or by flock(2); yields its number."""
    (answers, answer), (goes_on, end) = os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:
        # Nothing of ours, such as the lock of a daemon, stays open for it.
        os.dup2(goes_on, 0)
        os.dup2(answer, 1)
        os.closerange(3, 4096)
        signal.alarm(TAKES_AT_MOST)
        if uid:
            os.setgroups([])
            os.setgid(gid)
            os.setuid(uid)
        file = os.open(path, os.O_RDONLY)
        if byte is None:
            fcntl.flock(file, fcntl.LOCK_SH)
        else:
            fcntl.lockf(file, fcntl.LOCK_SH, 1, byte)
        os.write(1, b"held")
        os.read(0, 1)
        os._exit(0)
    os.close(answer)
    assert os.read(answers, 4) == b"held"
    yield child
    for number in (answers, goes_on, end):
        os.close(number)
    os.waitpid(child, 0)


class Scene:
    """/var/lib/healthmon with a database, its user's; and what belongs to root alone."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.library = folder / "library"
        self.database = self.library / "healthmon.db"
        self.roots = folder / "root"
        self.victim = self.roots / "victim"
        self.config = folder / "config.ini"
        for made in (self.library, self.roots):
            made.mkdir()
        stopped(self.database, [connection()])
        self.victim.write_text("secret of root")
        self.victim.chmod(0o600)
        self.roots.chmod(0o700)
        self.config.write_text(
            f"[healthmon]\ndatabase = {self.database}\n[pbx office]\nurl = http://127.0.0.1:9\nusername = u\n"
            "password = p\n[watch all]\nendpoints = *\n[receiver duty]\nurls = json://127.0.0.1:9/x\n"
            "[schedule monthly]\nat = 1st 07:00\nreceivers = duty\nreport = --last-month\n"
        )
        self.config.chmod(0o600)
        for each in (self.library, *self.library.iterdir()):
            os.chown(each, USER, GROUP)
        self.library.chmod(0o750)
        self._unharmed = self._facts()

    def plant(self, name: str, *, hard: bool = False) -> Path:
        """Put a link to the victim beside the database, in place of what is there."""
        link = self.library / name
        link.unlink(missing_ok=True)
        if hard:
            link.hardlink_to(self.victim)
        else:
            link.symlink_to(self.victim)
            os.chown(link, USER, GROUP, follow_symlinks=False)
        self._unharmed = self._facts()
        return link

    def is_unharmed(self) -> bool:
        """Whether the victim is what it was, and belongs to whom it did."""
        return self._facts() == self._unharmed

    def strangers(self) -> list[str]:
        """What is not the owner's in the folder of the database, links apart."""
        return [each.name for each in self.library.iterdir() if not each.is_symlink() and each.stat().st_uid != USER]

    def _facts(self) -> tuple[object, ...]:
        facts = self.victim.stat()
        return self.victim.read_bytes(), facts.st_uid, facts.st_gid, facts.st_mode, facts.st_nlink


@contextmanager
def scene_in_tmp() -> Iterator[Scene]:
    """Make the scene where other users can get to."""
    folder = Path(tempfile.mkdtemp(prefix="healthmon-hands-"))
    folder.chmod(0o755)
    yield Scene(folder)
    shutil.rmtree(folder)
