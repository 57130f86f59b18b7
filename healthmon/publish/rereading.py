"""Reads something of the database anew as soon as somebody has written, and now and then, for what grows old."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from healthmon.errors import UNREADABLE, StoreError, unreadable
from healthmon.store.read.follower import Watcher
from healthmon.store.read.queries import Reader

Found = TypeVar("Found")


class Rereading(Generic[Found]):
    """Looks whether it is time, and reads. Owned by one thread, that of the watcher."""

    def __init__(self, watcher: Watcher, read: Callable[[Reader], Found], now: Callable[[], float]) -> None:
        self._watcher = watcher
        self._read = read
        self._now = now
        self._read_at = self._due_at = float("-inf")
        #: Whether somebody has written since it was read the last time.
        self.has_changed = False
        #: Why it cannot be read; "": it can.
        self.trouble = "nothing was read yet"

    def look(self, *, after_change: float = 0.0) -> Found | None:
        """Read anew if it is time; None: it is not, or it cannot be read.

        ``after_change``: so long after somebody has written (seconds).
        """
        now = self._now()
        try:
            if self._watcher.has_changed():
                self.has_changed = True
                self._due_at = min(self._due_at, now + after_change)
            # Where it was set back, the clock says nothing of how old it is.
            if self._read_at <= now < self._due_at:
                return None
            with self._watcher.reading() as reader:
                found = self._read(reader)
            self._read_at = now
            self.trouble = ""
            return found
        except StoreError as error:
            self.trouble = str(error)
        except UNREADABLE as error:
            # SQLite has no check sums: a value may be none that could be.
            self.trouble = unreadable(error)
        return None

    def wait(self, seconds: float) -> None:
        """It was taken up: read it anew in so long at the latest."""
        self.has_changed = False
        self._due_at = self._now() + seconds
