"""Asterisk's own files, where it runs on this machine: what ARI does not show of http.conf and ari.conf.

Only what is asked for is kept; a password is never.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from msgspec import Struct

#: No more files are read, however they include each other.
MOST_FILES = 200
#: No number of Asterisk's has more.
_MOST_DIGITS = 9
#: Asterisk's own.
DEFAULT_SESSION_LIMIT, DEFAULT_WRITE_TIMEOUT = 100, 100

_SECTION = re.compile(r"\[([^\]]+)\](?:\(([^)]*)\))?")
_INCLUDE = re.compile(r"#\s*(?:try)?include\s+[\"<]?([^\">;]+)[\">]?", re.IGNORECASE)
#: The options of a user that admit some addresses only.
_ACCESS = ("acl", "permit", "deny")


class AsteriskFiles(Struct, frozen=True):
    """What the files say."""

    folder: Path
    #: How many HTTP connections Asterisk takes at once.
    session_limit: int
    #: For how long a write to a WebSocket may be stuck, milliseconds.
    websocket_write_timeout: float
    #: Whether our user may come from certain addresses only.
    user_has_acl: bool


class FilesLook(NamedTuple):
    """What the files say, or why that is not known."""

    files: AsteriskFiles | None
    why_not: str


def look_at_files(folder: Path, username: str) -> FilesLook:
    """Read the files of the Asterisk that has this ARI user."""
    try:
        http = _sections(folder / "http.conf")
        ari = _sections(folder / "ari.conf")
    except (OSError, ValueError) as error:
        # A pattern of an #include may be none that there is.
        return FilesLook(None, f"{folder}: {getattr(error, 'strerror', None) or type(error).__name__}")
    user = ari.get(username)
    if user is None:
        return FilesLook(None, f"{folder}/ari.conf has no user {username}: it is another Asterisk's, or made elsewhere")
    general = ari.get("general", {})
    return FilesLook(
        AsteriskFiles(
            folder,
            _number(http.get("general", {}), "sessionlimit", DEFAULT_SESSION_LIMIT),
            _number(general, "websocket_write_timeout", DEFAULT_WRITE_TIMEOUT),
            any(user.get(option) for option in _ACCESS),
        ),
        "",
    )


def _number(section: dict[str, str], option: str, default: int) -> int:
    value = section.get(option, "")
    if value.isdecimal() and len(value) <= _MOST_DIGITS:
        return int(value)
    return default


def _sections(path: Path) -> dict[str, dict[str, str]]:
    """Read a file of Asterisk's form: the options of each section; of those given twice the last."""
    sections: dict[str, dict[str, str]] = {}
    options: dict[str, str] = {}
    for line in _lines(path, set()):
        section = _SECTION.match(line)
        if section:
            options = sections.setdefault(section[1], {})
            # In parentheses behind its name stand its templates, or "+" for one that goes on.
            for template in (section[2] or "").split(","):
                options.update(sections.get(template.strip(), {}))
            continue
        option, divider, value = line.partition("=")
        if divider and "password" not in option:
            options[option.strip()] = value.removeprefix(">").strip()
    return sections


def _lines(path: Path, read: set[Path]) -> Iterator[str]:
    """The lines of a file and of those that it includes, without comments. None of those in ``read`` is read again."""
    read.add(path)
    text = path.read_text(encoding="utf-8", errors="surrogateescape")
    for written in re.sub(r";--.*?--;", "", text, flags=re.DOTALL).splitlines():
        # A comment follows a ``;``, but not a ``\;``, or stands between ``;--`` and ``--;``.
        line = re.split(r"(?<!\\);", written, maxsplit=1)[0].strip()
        include = _INCLUDE.match(line)
        if include is None:
            yield line
            continue
        for included in _included(path.parent, include[1].strip()):
            if included not in read and len(read) < MOST_FILES:
                yield from _lines(included, read)


def _included(folder: Path, pattern: str) -> list[Path]:
    """The files that an include names, by a path within the folder or by a whole one; a pattern may name several."""
    if pattern.startswith("/"):
        folder, pattern = Path("/"), pattern.lstrip("/")
    if not pattern:
        return []
    return sorted(path for path in folder.glob(pattern) if path.is_file())
