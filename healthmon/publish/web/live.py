"""The present that all requests share: one thread reads it anew, any thread asks."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Mapping

from healthmon.errors import HealthmonError, StoreError
from healthmon.publish.present import Present, read_present
from healthmon.store.read.follower import Watcher

log = logging.getLogger(__name__)

#: What grows old is seen by reading anew, also where nothing was written (seconds).
READ_AT_LEAST_EVERY = 5.0
#: What was read so long ago is not the present any more: the disk hangs, say (seconds).
OLD_AFTER = 20.0


class Unreadable(HealthmonError):
    """How things stand is not known."""


class Live:
    """How everything stands. ``look()`` is for one thread alone; any thread may ask for the present."""

    def __init__(self, watcher: Watcher, names: Mapping[str, str], wall: Callable[[], float]) -> None:
        self._watcher = watcher
        self._names = names
        self._wall = wall
        #: Revisions of another process are none of ours.
        self._run = secrets.token_hex(4)
        self._number = 0
        self._read_at = float("-inf")
        self._present: Present | None = None
        #: Why the database cannot be read; "": it can.
        self._trouble = "nothing was read yet"

    @property
    def present(self) -> Present:
        """How everything stands. Raises Unreadable."""
        present, trouble = self._present, self._trouble
        if trouble or present is None:
            raise Unreadable(trouble)
        age = self._wall() - present.status.now
        if age > OLD_AFTER:
            raise Unreadable(f"the database was read {age:.0f} s ago for the last time")
        return present

    def look(self) -> None:
        """Read anew if somebody has written, or some time has passed."""
        now = self._wall()
        try:
            has_changed = self._watcher.has_changed()
            is_due = not 0 <= now - self._read_at < READ_AT_LEAST_EVERY
            if has_changed or is_due:
                self._read(now, has_changed=has_changed)
        except StoreError as error:
            if str(error) != self._trouble:
                log.warning("%s", error)
            self._trouble = str(error)

    def _read(self, now: float, *, has_changed: bool) -> None:
        if has_changed:
            self._number += 1
        with self._watcher.reading() as reader:
            self._present = read_present(reader, now, self._names, f"{self._run}-{self._number}")
        self._read_at = now
        self._trouble = ""
