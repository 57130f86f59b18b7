"""The mark by which a database and its log are known to belong together: SQLite writes any log into any file.

Each commit of the engine sets a new mark, and keeps the one before beside it, in the same row. So the first mark in a
log names the one that stood in the file when the log was begun, and a file whose own mark is nowhere in the log is
another one than that: an older copy mostly.
"""

from __future__ import annotations

import os
import re
import sqlite3
import struct
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import BinaryIO

from healthmon.store.sqlite.beside import beside
from healthmon.store.sqlite.connect import open_connection

#: A mark: how many there were before it, and what only one run of the daemon has. The one before follows it.
_MARK = re.compile(rb"<([0-9a-f]{12})-[0-9a-f]{8}>")

#: What stands in a database that was never marked.
NEVER_MARKED = "<000000000000-00000000>"

_SET = f"UPDATE daemon SET mark = :mark || substr(mark, 1, {len(NEVER_MARKED)})"  # noqa: S608 (a number of ours)

#: The log's head and that of each page in it (sqlite.org/fileformat.html, "The Write-Ahead Log").
_LOG_HEAD = struct.Struct(">IIII 8s 8x")
_FRAME_HEAD = struct.Struct(">I 4x 8s 8x")
_LOG_BEGINS_WITH = (0x377F0682, 0x377F0683)


class Marker:
    """Sets the marks of one run of the daemon. Owned by whoever owns the connection."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        before = connection.execute("SELECT mark FROM daemon").fetchone()[0]
        self._count = newest_in(before.encode())
        self._run = os.urandom(4).hex()

    def mark(self) -> None:
        """Set the next mark. Call it inside a transaction."""
        self._count += 1
        self._connection.execute(_SET, {"mark": f"<{self._count:012x}-{self._run}>"})


def newest_in(page: bytes) -> int:
    """Return the number of the newest mark in some bytes; 0: there is none."""
    return max((int(number, 16) for number in _MARK.findall(page)), default=0)


def is_log_of_another(database: Path) -> bool:
    """Whether the log beside a file is surely that of another file. Nobody may write meanwhile."""
    try:
        found = _mark_of(database)
        if found is None:
            return False
        mark, page = found
        with beside(database, "-wal").open("rb") as log:
            marks = {match.group() for content in _pages(log, page) for match in _MARK.finditer(content)}
    except OSError:
        # Whoever opens it next says what is wrong with it.
        return False
    return bool(marks) and mark.encode() not in marks


def _mark_of(database: Path) -> tuple[str, int] | None:
    """Return the mark in the file itself, and in which page that is; None: what is there cannot be understood."""
    try:
        with closing(open_connection(database, "mode=ro&immutable=1")) as connection:
            page = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'daemon'").fetchone()
            columns = {row["name"] for row in connection.execute("PRAGMA table_info(daemon)")}
            if page is None or "mark" not in columns:
                # One of an older schema was never marked.
                if page:
                    return (NEVER_MARKED, page[0])
                return None
            mark = connection.execute("SELECT substr(mark, 1, :size) FROM daemon", {"size": len(NEVER_MARKED)})
            text = str(mark.fetchone()[0])
    except (sqlite3.Error, TypeError):
        return None
    if _MARK.fullmatch(text.encode()):
        return (text, page[0])
    return None


def _pages(log: BinaryIO, number: int) -> Iterator[bytes]:
    """Give all states of one page in a log, the oldest first; what is left of an earlier log is no part of it."""
    head = log.read(_LOG_HEAD.size)
    if len(head) < _LOG_HEAD.size:
        return
    magic, _version, page_size, _checkpoints, salt = _LOG_HEAD.unpack(head)
    if magic not in _LOG_BEGINS_WITH:
        return
    while len(frame := log.read(_FRAME_HEAD.size)) == _FRAME_HEAD.size:
        page, frame_salt = _FRAME_HEAD.unpack(frame)
        if frame_salt != salt:
            return
        content = log.read(page_size)
        if page == number:
            yield content
