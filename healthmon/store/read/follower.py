"""Notices that somebody wrote into the database, for a command that goes on showing what is new."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

from healthmon.errors import StoreError
from healthmon.store.read.queries import Reader, open_reader
from healthmon.store.session import Session
from healthmon.store.sqlite.lock import look_at_lock
from healthmon.store.sqlite.pragmas import data_version
from healthmon.store.sqlite.readonly import connect_reader


class Watcher:
    """Looks at the database from time to time, for as long as daemons come and go. Used by one thread.

    While a daemon runs there is one connection, which reads and is asked whether another has written: closing a
    second one of this process would free the locks of the first, and the log would be removed under it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._session: Session | None = None
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
        if self._session is None:
            with open_reader(self._path) as reader:
                yield reader
            return
        reader = Reader(self._session, look_at_lock(self._path))
        try:
            yield reader
        finally:
            reader.end()

    def _look(self) -> tuple[int, int] | None:
        """Return what is another after each commit of somebody else; None: no daemon runs."""
        if not look_at_lock(self._path).is_held:
            self._close()
            return None
        file = 0
        if self._path.exists():
            file = self._path.stat().st_ino
        if self._session is None or file != self._file:
            self._close()
            connection, _ = connect_reader(self._path)
            self._session, self._file = Session(self._path, connection), file
        with self._session.errors_named():
            return file, data_version(self._session.connection)

    def _close(self) -> None:
        if self._session is not None:
            self._session.close()
            self._session = None
