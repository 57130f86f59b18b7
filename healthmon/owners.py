"""Whose a path is: who could change where it leads. Root works on a database as the user to whom its folder belongs.

What that user has planted there (a link to /etc/shadow, say) then leads no further than he could go himself.
"""

from __future__ import annotations

import errno
import os
import pwd
import stat
import struct
from pathlib import Path
from typing import NamedTuple

from healthmon.errors import StoreError

#: As many links are followed as Linux does; then they go in a circle.
MOST_LINKS = 40

#: A part of this program and one of Python: what is loaded only when it is needed, stands beside them.
PROGRAM: tuple[str, ...] = (__file__, os.__file__)


class Way(NamedTuple):
    """What a path leads through. ``folder`` is opened: nobody can put another one in its place."""

    folder: int
    #: The last name, which is no link, and what stands there at present; None: nothing.
    name: str
    found: os.stat_result | None
    #: Whom the links on the way belong to.
    link_owners: tuple[int, ...]


def way_of(path: Path) -> Way:
    """Go a path step by step, following its links. The caller closes the folder. Raises OSError."""
    walk = _Walk(path)
    try:
        found = walk.to_the_end()
        return Way(os.dup(walk.folders[-1]), walk.name, found, tuple(walk.link_owners))
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error
    finally:
        walk.close_all()


class Owner(NamedTuple):
    """Whom root becomes."""

    uid: int
    gid: int
    name: str
    groups: tuple[int, ...]
    #: It may still read every file, for the user may not read this program, or gets to the database by no other way.
    keeps_reading: bool = False


def whom_to_become(database: Path) -> Owner | None:
    """Say as whom root has to work on a database: the first on the way to it who is not root. None: as it is.

    He could have put links in the way; where all folders are root's alone, nobody could. Raises a StoreError where
    anybody could, and the file belongs to root.
    """
    if os.geteuid() != 0:
        return None
    walk = _Walk(database)
    try:
        found = walk.to_the_end()
    except OSError:
        # What is missing, the store says.
        found = None
    walk.look_at_the_last()
    walk.close_all()
    strangers = [passed for passed in walk.passed if passed.st_uid != 0]
    if not strangers and walk.open_folder is not None:
        strangers = [found] if found is not None and found.st_uid != 0 else []
        if not strangers:
            raise StoreError(database, _open_to_others(walk.open_folder))
    if strangers:
        return _owner(strangers[0])
    return None


def become_owner(database: Path) -> Owner | None:
    """Work as the one to whom a database belongs from now on, if this is root. There is no way back.

    Whatever only root may read has to be open by now: the configuration, secrets, the file for the output. Return whom
    this process has become, None: it stays what it is. Raises a StoreError where that cannot be.
    """
    owner = whom_to_become(database)
    if owner is None:
        return None
    try:
        os.setgroups(owner.groups)
        os.setegid(owner.gid)
        keeps_reading = not _may_go_on(owner, database)
        os.setresgid(owner.gid, owner.gid, owner.gid)
        if keeps_reading:
            _become_but_read(owner.uid)
        else:
            os.setresuid(owner.uid, owner.uid, owner.uid)
    except OSError as error:
        what = f"root works on it as {owner.name}, to whom its folder belongs, and cannot become that user"
        raise StoreError(database, f"{what}: {error.strerror}") from error
    return owner._replace(keeps_reading=keeps_reading)


def _may_go_on(owner: Owner, database: Path) -> bool:
    """Whether a user can load what is not loaded yet of Python and of this program, and gets to the database."""
    os.seteuid(owner.uid)
    needed = [(file, os.R_OK) for file in PROGRAM] + [(str(database.parent), os.X_OK)]
    may_go_on = all(os.access(file, right, effective_ids=True) for file, right in needed)
    os.seteuid(0)
    return may_go_on


def _become_but_read(uid: int) -> None:
    """Become a user who may read every file, and write only his own (capabilities(7), CAP_DAC_READ_SEARCH).

    So may what this process starts: it has to load the same program.
    """
    import ctypes  # noqa: PLC0415  (seldom needed)

    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_KEEPCAPS, 1, 0, 0, 0)
    os.setresuid(uid, uid, uid)
    kept = 1 << _CAP_DAC_READ_SEARCH
    header = struct.pack("Ii", _CAPABILITY_VERSION_3, 0)
    if libc.capset(header, struct.pack("6I", kept, kept, kept, 0, 0, 0)) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, _CAP_DAC_READ_SEARCH, 0, 0)


#: linux/prctl.h, linux/capability.h
_PR_SET_KEEPCAPS, _CAPABILITY_VERSION_3, _CAP_DAC_READ_SEARCH = 8, 0x20080522, 2
_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE = 47, 2


def _open_to_others(folder: Path) -> str:
    """Say why root does not work there, and what to do. /tmp and its like stay as they are: everybody needs them."""
    if folder.stat().st_mode & stat.S_ISVTX:
        what_to_do = "take a folder outside of it that belongs to root, or to the user that healthmon is to run as"
    else:
        from shlex import quote  # noqa: PLC0415  (only for an error)

        what_to_do = f"give it to the user that healthmon is to run as, or, as root: chmod go-w {quote(str(folder))}"
    return f"others may write into {folder}, and could put a link in the way of root; {what_to_do}"


def _owner(passed: os.stat_result) -> Owner:
    try:
        user = pwd.getpwuid(passed.st_uid)
    except KeyError:
        return Owner(passed.st_uid, passed.st_gid, f"user {passed.st_uid}", (passed.st_gid,))
    return Owner(user.pw_uid, user.pw_gid, user.pw_name, tuple(os.getgrouplist(user.pw_name, user.pw_gid)))


class _Walk:
    """The steps of one path."""

    def __init__(self, path: Path) -> None:
        self.folders = [os.open("/", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)]
        self.name = "."
        #: The folders and links on the way, from / on.
        self.passed: list[os.stat_result] = []
        self.link_owners: list[int] = []
        #: The first folder in which somebody else may change what names mean. None: there is none.
        self.open_folder: Path | None = None
        self._path = Path("/")
        #: Nobody but root gets to where it is.
        self._is_hidden = False
        self._names = list(reversed(path.absolute().parts[1:]))

    def to_the_end(self) -> os.stat_result | None:
        """Take all steps; return what stands at the end, None: nothing. Raises OSError."""
        while self._names:
            self.name = self._names.pop()
            if self.name == "..":
                self.name = "."
                if len(self.folders) > 1:
                    self._leave()
                continue
            try:
                entry = os.open(self.name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=self.folders[-1])
            except FileNotFoundError:
                if self._names:
                    raise
                return None
            found = os.fstat(entry)
            if stat.S_ISLNK(found.st_mode):
                self._follow(entry, found)
            elif self._names:
                self._enter(entry, found)
            else:
                os.close(entry)
                return found
        return os.fstat(self.folders[-1])

    def look_at_the_last(self) -> None:
        """Note whether somebody else may put a name into the last folder."""
        folder = self.folders[-1]
        if not self._is_hidden and _have_others(_WRITE, folder, os.fstat(folder)):
            self._note_open()

    def close_all(self) -> None:
        """Close what is open."""
        for folder in self.folders:
            os.close(folder)

    def _enter(self, entry: int, found: os.stat_result) -> None:
        self.folders.append(entry)
        self.passed.append(found)
        self._is_hidden = self._is_hidden or (found.st_uid == 0 and not _have_others(_ENTER, entry, found))
        # What is there stays there in a folder like /tmp, though new names can be put there.
        is_fixed = self._is_hidden or found.st_mode & stat.S_ISVTX
        self._path /= self.name
        if not is_fixed and _have_others(_WRITE, entry, found):
            self._note_open()

    def _note_open(self) -> None:
        if self.open_folder is None:
            self.open_folder = self._path

    def _follow(self, entry: int, found: os.stat_result) -> None:
        target = os.readlink("", dir_fd=entry)
        os.close(entry)
        self.passed.append(found)
        self.link_owners.append(found.st_uid)
        if len(self.link_owners) > MOST_LINKS:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
        while target.startswith("/") and len(self.folders) > 1:
            self._leave()
        self._names.extend(reversed([name for name in target.split("/") if name not in ("", ".")]))

    def _leave(self) -> None:
        os.close(self.folders.pop())
        self._path = self._path.parent


#: Rights to a folder, as the bits of others.
_WRITE, _ENTER = 0o002, 0o001


def _have_others(right: int, folder: int, found: os.stat_result) -> bool:
    """Whether somebody besides its owner and root has a right to a folder."""
    has_group = bool(found.st_mode & (right << 3))
    return bool(found.st_mode & right) or (has_group and (found.st_gid != 0 or _has_access_list(folder)))


def _has_access_list(folder: int) -> bool:
    """Whether single users have rights of their own: the bits of the group say what they have at most (acl(5))."""
    try:
        os.getxattr(f"/proc/self/fd/{folder}", "system.posix_acl_access")
    except OSError as error:
        return error.errno not in (errno.ENODATA, errno.ENOTSUP)
    return True
