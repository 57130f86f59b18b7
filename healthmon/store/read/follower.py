"""Notices that somebody wrote into the database, for a command that goes on showing what is new."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

from healthmon.errors import StoreError
from healthmon.store.read.queries import Reader, open_reader
from healthmon.store.sqlite.connect import errors_named
from healthmon.store.sqlite.lock import look_at_lock
from healthmon.store.sqlite.readonly import connect_reader


class Watcher:
    """Looks at the database from time to time, for as long as daemons come and go. Used by one thread.

    While a daemon runs there is one connection, which reads and is asked whether another has written: closing a
    second one of this process would free the locks of the first, and the log would be removed under it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None
        self._file = 0
        self._seen: tuple[int, int] | None = None

    def __enter__(self) -> Watcher:
        """Use it in a ``with`` statement."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close the connection."""
        self._close()

    @property
    def has_daemon(self) -> bool:
        """Whether a daemon was running at the last look."""
        return self._seen is not None

    def has_changed(self) -> bool:
        """Whether something was committed, or a daemon came or went, since the last look.

        Raises a StoreError where the file cannot be read.
        """
        before, self._seen = self._seen, self._look()
        return self._seen != before

    @contextmanager
    def reading(self) -> Iterator[Reader]:
        """Ask as any reader does, of one moment. Raises a StoreError; then the next look finds the change again."""
        try:
            with self._reader() as reader:
                yield reader
        except StoreError:
            self._seen = None
            raise

    @contextmanager
    def _reader(self) -> Iterator[Reader]:
        if self._connection is None:
            with open_reader(self._path) as reader:
                yield reader
            return
        reader = Reader(self._path, self._connection, look_at_lock(self._path))
        try:
            yield reader
        finally:
            reader.end()

    def _look(self) -> tuple[int, int] | None:
        """Return what is another after each commit of somebody else; None: no daemon runs."""
        if not look_at_lock(self._path).is_held:
            self._close()
            return None
        file = self._path.stat().st_ino if self._path.exists() else 0
        if self._connection is None or file != self._file:
            self._close()
            self._connection, self._file = connect_reader(self._path)[0], file
        with errors_named(self._path):
            return file, self._connection.execute("PRAGMA data_version").fetchone()[0]

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
