"""What to type where a database belongs to somebody else: mostly root tried the daemon, and left it behind."""

from __future__ import annotations

import grp
import os
import pwd
import stat
from pathlib import Path
from shlex import quote

#: The database and what stands beside it, by the ends of their names.
_PARTS = ("", "-wal", "-shm", ".lock")


def what_to_type(database: Path) -> str:
    """Return ``; it belongs to root: chown …``, if that is why this user cannot use a database; "": it is not."""
    try:
        folder = database.parent.stat()
        for part in (database.with_name(database.name + end) for end in _PARTS):
            # Links are left out, and not followed by what is to be typed: they may lead to what is root's.
            is_file = os.path.lexists(part) and stat.S_ISREG(part.lstat().st_mode)
            if (
                is_file
                and not os.access(part, os.R_OK | os.W_OK, effective_ids=True)
                and part.stat().st_uid != folder.st_uid
            ):
                owner = f"{_user(folder.st_uid)}:{_group(folder.st_gid)}"
                whose = f"{part.name} belongs to {_user(part.stat().st_uid)}, and its folder to {_user(folder.st_uid)}"
                return f"; {whose}; as root: {_give_away(database, owner)}"
    except OSError:
        # Who may not even look into the folder cannot say whose it is.
        return ""
    return ""


def _give_away(database: Path, owner: str) -> str:
    """Only plain files with one name: whoever owns the folder may have put other names of root's files there."""
    found = f"find {quote(str(database.absolute().parent))} -maxdepth 1 -name {quote(database.name + '*')}"
    return f"{found} -type f -links 1 -exec chown -h {quote(owner)} {{}} +"


def _user(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


def _group(number: int) -> str:
    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return str(number)
