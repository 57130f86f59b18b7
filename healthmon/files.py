"""Files are opened for writing here, and nowhere else: a link that somebody has put under a name is never followed.

What SQLite opens by itself (``-wal``, ``-shm``, ``-journal``) is safe for another reason: root works on a database as
its owner (``owners``).
"""

from __future__ import annotations

import errno
import os
import pwd
import signal
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NoReturn

from healthmon.owners import way_of

_FLAGS = os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK

#: What the process that stays root is told; any other end of the pipe means: remove it.
_PUT_IN_PLACE = b"P"


class NotOurs(OSError):
    """Something stands under a name that is no plain file of this user's. It was left untouched."""


def open_ours(path: Path, mode: int) -> int:
    """Open a file of ours for reading and writing; make it where there is none. Raises OSError, NotOurs."""
    try:
        return make_new(path, mode)
    except FileExistsError:
        return open_existing(path)


def make_new(path: Path, mode: int) -> int:
    """Make a file with exactly these rights, and open it. Raises OSError, FileExistsError whatever is there."""
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | _FLAGS, mode)
    os.fchmod(file, mode)
    return file


def open_existing(path: Path) -> int:
    """Open a file of ours that is there, for reading and writing. Raises OSError, NotOurs."""
    try:
        file = os.open(path, os.O_RDWR | _FLAGS)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise NotOurs(errno.ELOOP, "it is a link", str(path)) from error
        raise
    why = _why_not_ours(os.fstat(file))
    if why:
        os.close(file)
        raise NotOurs(errno.EPERM, why, str(path))
    return file


def _why_not_ours(found: os.stat_result) -> str:
    if not stat.S_ISREG(found.st_mode):
        return "it is no plain file"
    if found.st_nlink != 1:
        return f"it has {found.st_nlink} names (hard links)"
    if found.st_uid == os.geteuid():
        return ""
    return f"it belongs to {user_name(found.st_uid)}"


def user_name(uid: int) -> str:
    """Name a user, by the number where there is no name."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"


class NewFile:
    """A file that gets its name, perhaps in place of another, when it is whole; until then it has another name."""

    def __init__(self, path: Path, partial: str, *, replaces: bool = True) -> None:
        """Make it, with the name ``partial`` for now. Raises OSError, NotOurs: the path leads over another's link."""
        way = way_of(path)
        self._path, self._partial, self._replaces = path, partial, replaces
        self._folder, self._name = way.folder, way.name
        try:
            _refuse_links_of_others(path, way.link_owners)
            _remove(partial, way.folder)
            flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            self.file = os.open(partial, flags, 0o600, dir_fd=way.folder)
        except OSError as error:
            os.close(way.folder)
            raise type(error)(error.errno, error.strerror, str(path)) from error
        _take_rights(self.file, way.found)
        self._keeper: _Keeper | None = None

    def keep_rights(self) -> None:
        """Have a child of this process give it its name in the end: this process is about to become another user."""
        self._keeper = _Keeper(self._rename, self._unlink)

    def put_in_place(self) -> None:
        """Give it its name, so that a power cut leaves either what was there before, or all of it.

        Raises OSError; FileExistsError if it may not replace what has that name by now.
        """
        try:
            os.fsync(self.file)
            if self._keeper is None:
                self._rename()
            else:
                self._keeper.put_in_place()
        except OSError as error:
            raise type(error)(error.errno, error.strerror, str(self._path)) from error

    def discard(self) -> None:
        """Remove what was not finished. The child does so by itself."""
        if self._keeper is None:
            self._unlink()

    def close(self) -> None:
        """Close it. It is not to be used any more."""
        if self._keeper is not None:
            self._keeper.end()
        os.close(self.file)
        os.close(self._folder)

    def _rename(self) -> None:
        if self._replaces:
            os.rename(self._partial, self._name, src_dir_fd=self._folder, dst_dir_fd=self._folder)
        else:
            # A second name refuses to take the place of another file, which a new name does not.
            os.link(self._partial, self._name, src_dir_fd=self._folder, dst_dir_fd=self._folder)
            self._unlink()
        # Who may write into a folder may perhaps not read it; then the file is there, and its name not yet on the disk.
        with suppress(PermissionError):
            folder = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=self._folder)
            os.fsync(folder)
            os.close(folder)

    def _unlink(self) -> None:
        _remove(self._partial, self._folder)


@contextmanager
def new_file(path: Path, *, keeps_rights: bool, replaces: bool = True) -> Iterator[NewFile]:
    """Yield a file that gets its name at the end, and vanishes if something is raised. Raises OSError, NotOurs.

    ``keeps_rights``: this process is about to become another user, who may perhaps not write there. ``replaces``: what
    has that name at the end; else FileExistsError is raised, however late it came.
    """
    new = NewFile(path, f".{path.name}.{os.urandom(4).hex()}.partial", replaces=replaces)
    try:
        if keeps_rights:
            new.keep_rights()
        yield new
        new.put_in_place()
    except BaseException:
        new.discard()
        raise
    finally:
        new.close()


def open_as_it_is(path: Path) -> int:
    """Open a pipe or a device for writing. Raises OSError, NotOurs."""
    way = way_of(path)
    try:
        _refuse_links_of_others(path, way.link_owners)
        file = os.open(way.name, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=way.folder)
    finally:
        os.close(way.folder)
    if stat.S_ISREG(os.fstat(file).st_mode):
        os.close(file)
        raise NotOurs(errno.EPERM, "it was put there a moment ago", str(path))
    return file


def _refuse_links_of_others(path: Path, owners: Iterable[int]) -> None:
    for owner in owners:
        if owner not in (0, os.geteuid()):
            raise NotOurs(errno.ELOOP, f"the way there leads over a link of {user_name(owner)}", str(path))


def _take_rights(file: int, found: os.stat_result | None) -> None:
    """A new file is for us and our group, as far as the umask lets it be; one of ours keeps its group and rights."""
    if found is None or found.st_uid != os.geteuid():
        mask = os.umask(0o777)
        os.umask(mask)
        os.fchmod(file, 0o640 & ~mask)
        return
    if os.fstat(file).st_gid != found.st_gid:
        try:
            os.fchown(file, -1, found.st_gid)
        except OSError:
            # Not our group any more: the rights that were for it are not for another one.
            os.fchmod(file, found.st_mode & 0o707)
            return
    os.fchmod(file, found.st_mode & 0o777)


def _remove(name: str, folder: int) -> None:
    with suppress(FileNotFoundError):
        os.unlink(name, dir_fd=folder)


class _Keeper:
    """A child of this process that stays root and does one thing at the end: one of two, or this if we are killed."""

    def __init__(self, put_in_place: Callable[[], None], remove: Callable[[], None]) -> None:
        orders, self._orders = os.pipe()
        self._answers, answers = os.pipe()
        self._child = os.fork()
        if self._child == 0:
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE):
                signal.signal(number, signal.SIG_IGN)
            os.close(self._orders)
            _obey(orders, answers, put_in_place, remove)
        os.close(orders)
        os.close(answers)

    def put_in_place(self) -> None:
        """Have it done. Raises OSError."""
        os.write(self._orders, _PUT_IN_PLACE)
        answer = os.read(self._answers, 1)
        number = answer[0] if answer else errno.EIO
        if number:
            raise OSError(number, os.strerror(number))

    def end(self) -> None:
        """Let it remove what was not put in place."""
        os.close(self._orders)
        os.close(self._answers)
        os.waitpid(self._child, 0)


def _obey(orders: int, answers: int, put_in_place: Callable[[], None], remove: Callable[[], None]) -> NoReturn:
    """Wait for the one order, and end. The other end of the pipe is closed also by the death of who would give it."""
    try:
        if os.read(orders, 1) == _PUT_IN_PLACE:
            os.write(answers, bytes([_error_of(put_in_place)]))
        remove()
    finally:
        os._exit(0)


def _error_of(work: Callable[[], None]) -> int:
    try:
        work()
    except OSError as error:
        return error.errno or errno.EIO
    return 0
