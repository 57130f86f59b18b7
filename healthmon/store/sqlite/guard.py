"""Notices that the database's files are no longer those that were opened: deleted, replaced, cut or overwritten.

SQLite does not: it goes on with the files that it has open, also when nobody else can find them any more.
"""

from __future__ import annotations

import os
from pathlib import Path

from msgspec import Struct

from healthmon.errors import DatabaseLoss, DatabaseLost
from healthmon.store.sqlite.beside import BESIDE, beside
from healthmon.store.sqlite.database import HEAD_SIZE, Head, has_log, head_of
from healthmon.store.sqlite.mark import newest_in


class Finding(Struct, frozen=True):
    """What is wrong with the files."""

    loss: DatabaseLoss
    what: str


_OVERWRITTEN = Finding(DatabaseLoss.OVERWRITTEN, "something else was written over it while healthmon used it")
#: That is never so while SQLite writes its log back, and the next time it does the mark is new again: no second look.
_OLDER = Finding(DatabaseLoss.OVERWRITTEN, "an older copy was written over it while healthmon used it")


class Marks(Struct, frozen=True):
    """What tells this run's database from its own copies and from all others: bytes that stand in a certain page."""

    page: int
    texts: frozenset[bytes]

    def found_in(self, file: int, page_size: int) -> FoundMarks:
        """Return those that stand there."""
        content = os.pread(file, page_size, (self.page - 1) * page_size)
        return FoundMarks(frozenset(text for text in self.texts if text in content), newest_in(content))


class FoundMarks(Struct, frozen=True):
    """The marks of this run that stand in the file itself, and the number of the newest that the engine set."""

    texts: frozenset[bytes]
    newest: int


class Guard:
    """Looks at the files from time to time; that costs some microseconds. Owned by the engine thread.

    What it sees is said when it sees the same again: while SQLite writes its log back, a file may be unlike itself.
    """

    def __init__(self, path: Path, marks: Marks) -> None:
        self._path = path
        self._marks = marks
        # Not closed before all connections are: that would free the locks that SQLite has on this file.
        self._file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self._identity = _identity(os.fstat(self._file))
        self._beside = {end: self._identity_of(end) for end in BESIDE}
        self._head = head_of(os.pread(self._file, HEAD_SIZE, 0))
        self._size = os.fstat(self._file).st_size
        #: A new mark stands in the log until that is written back.
        self._found_marks = marks.found_in(self._file, self._head.page_size)
        self._has_log = False
        self._seen: Finding | None = None

    def look(self) -> None:
        """Raise DatabaseLost if the same was wrong at the last look, too, or is wrong beyond doubt."""
        finding = self._look_at_name() or self._look_at_content() or self._look_at_log()
        if finding and finding in (self._seen, _OLDER):
            raise DatabaseLost(self._path, finding.what, finding.loss)
        self._seen = finding

    def close(self) -> None:
        """Look no more. Call it when all connections of this process are closed, or it ends."""
        os.close(self._file)

    def is_ours(self, end: str) -> bool:
        """Whether the file beside the database whose name ends so is still the one that was opened."""
        return self._beside[end] is not None and self._identity_of(end) == self._beside[end]

    def _look_at_name(self) -> Finding | None:
        try:
            found = self._path.stat()
        except (FileNotFoundError, NotADirectoryError):
            return Finding(DatabaseLoss.GONE, "it was deleted or renamed while healthmon used it")
        except OSError:
            # Somebody took away the right to look; what is open stays so.
            return None
        if _identity(found) != self._identity:
            return Finding(DatabaseLoss.REPLACED, "another file was put in its place while healthmon used it")
        return None

    def _look_at_content(self) -> Finding | None:
        before, self._size = self._size, os.fstat(self._file).st_size
        head = head_of(os.pread(self._file, HEAD_SIZE, 0))
        if self._size < HEAD_SIZE:
            return Finding(DatabaseLoss.OVERWRITTEN, "it was emptied while healthmon used it")
        if _unchanging(head) != _unchanging(self._head):
            return _OVERWRITTEN
        if head.changes < self._head.changes:
            return _OLDER
        if self._size < min(before, head.page_size * head.pages):
            # It stays "before": at the next look this is to be found again.
            self._size = before
            return Finding(DatabaseLoss.OVERWRITTEN, "its end was cut off while healthmon used it")
        finding = self._look_at_marks(head.page_size)
        if finding is None:
            self._head = head
        return finding

    def _look_at_marks(self, page_size: int) -> Finding | None:
        found = self._marks.found_in(self._file, page_size)
        if found.newest < self._found_marks.newest:
            # Unless it was being written in this moment.
            found = self._marks.found_in(self._file, page_size)
        if not found.texts >= self._found_marks.texts:
            return _OVERWRITTEN
        if found.newest < self._found_marks.newest:
            return _OLDER
        self._found_marks = found
        return None

    def _look_at_log(self) -> Finding | None:
        for end, identity in self._beside.items():
            if identity is not None and not self.is_ours(end):
                name = f"{self._path.name}{end}"
                return Finding(DatabaseLoss.LOG, f"its {name} was deleted or replaced while healthmon used it")
        # SQLite empties its log only when the daemon ends.
        if self._has_log and not has_log(self._path):
            return Finding(DatabaseLoss.OVERWRITTEN, f"its {self._path.name}-wal was emptied while healthmon used it")
        self._has_log = has_log(self._path)
        return None

    def _identity_of(self, end: str) -> tuple[int, int] | None:
        try:
            return _identity(beside(self._path, end).stat())
        except OSError:
            return None


def _identity(found: os.stat_result) -> tuple[int, int]:
    return found.st_dev, found.st_ino


def _unchanging(head: Head) -> tuple[object, ...]:
    """What stays as it is while a daemon runs."""
    return head.magic, head.page_size, head.modes, head.cookie, head.schema, head.application_id
