"""Sessions on the disk, so that whoever has logged in stays so when the web process begins anew.

A file for each, which is called by the hash of what the cookie holds: whoever reads it gets in by nothing of it.
To end a session is to remove its file: no process that has the same folder writes it again.
"""

from __future__ import annotations

import logging
import os
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import msgspec
from msgspec import Struct

from healthmon.files import make_new

log = logging.getLogger(__name__)


class KeptSession(Struct, frozen=True):
    """One session, as it was when it was read."""

    #: SHA-256 of what the cookie holds.
    key: bytes
    user: str
    #: What tells the password that it was begun with from a later one (``mark_of``).
    login: str
    #: So long ago it began, and somebody did something (seconds).
    age: float
    idle: float


class _Content(Struct, frozen=True, forbid_unknown_fields=True):
    """What stands in a file. When somebody did something is the time at which it was changed."""

    user: str
    login: str
    #: Seconds UTC.
    since: float


class SessionFiles:
    """The folder with all of them, of which only healthmon's user may read anything. Any thread may use it.

    What cannot be written is said in the log: such a session ends with the process.
    """

    def __init__(self, folder: Path, wall: Callable[[], float]) -> None:
        """``folder``: is made when it is needed; ``wall``: seconds UTC."""
        self._folder = folder
        self._wall = wall

    def read(self) -> list[KeptSession]:
        """Read all, the oldest first. What is no session, or is of the future, is removed."""
        found = []
        try:
            self._look_whose()
            for file in list(self._folder.iterdir()):
                kept = self._session(file)
                if kept is None:
                    file.unlink(missing_ok=True)
                else:
                    found.append(kept)
        except FileNotFoundError:
            # Nobody has ever logged in.
            return []
        except OSError as error:
            log.warning("%s: whoever had logged in has to do so again: %s", self._folder, error.strerror)
            return []
        return sorted(found, key=lambda kept: -kept.age)

    def _session(self, file: Path) -> KeptSession | None:
        """Read a file; None: it is no session, or was cut short when the machine ended."""
        now = self._wall()
        try:
            key = bytes.fromhex(file.name)
            content = msgspec.json.decode(file.read_bytes(), type=_Content)
            active_at = file.stat().st_mtime
        except (ValueError, msgspec.MsgspecError):
            return None
        # Where the clock was set back it is not known how old a session is.
        if max(content.since, active_at) > now:
            return None
        return KeptSession(key, content.user, content.login, now - content.since, now - active_at)

    def add(self, key: bytes, user: str, login: str) -> None:
        """Keep a session that begins now."""
        now, path = self._wall(), self._path(key)
        try:
            self._folder.mkdir(0o700, exist_ok=True)
            self._look_whose()
            file = make_new(path, 0o600)
            with os.fdopen(file, "wb") as writing:
                writing.write(msgspec.json.encode(_Content(user, login, now)))
            os.utime(path, (now, now))
        except OSError as error:
            log.warning("%s: a session is not kept, and ends with this process: %s", self._folder, error.strerror)
            with suppress(OSError):
                path.unlink()

    def note_active(self, key: bytes) -> None:
        """Somebody did something. One that another process has ended, or that was never kept, stays away."""
        now = self._wall()
        try:
            with suppress(FileNotFoundError):
                os.utime(self._path(key), (now, now), follow_symlinks=False)
        except OSError as error:
            log.warning("%s: that a session is used is not kept: %s", self._folder, error.strerror)

    def remove(self, key: bytes) -> None:
        """End a session for good: when this has returned, a power cut does not bring it back, either."""
        try:
            self._path(key).unlink()
            folder = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        except FileNotFoundError:
            return
        except OSError as error:
            log.error(
                "%s: a session that has ended cannot be removed (%s): remove the folder before the next start",
                self._folder,
                error.strerror,
            )

    def _path(self, key: bytes) -> Path:
        return self._folder / key.hex()

    def _look_whose(self) -> None:
        """Make sure that nobody else can write a session. Raises OSError."""
        found = self._folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o077:
            raise PermissionError(1, "it must be a folder of healthmon's user, with nobody else in it (chmod 700)")
