"""When the database cannot be written, the outbox cannot be used: somebody is told past it, at most once an hour."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable
from pathlib import Path

from healthmon.config.types import Config
from healthmon.notify.message import Message, Mood
from healthmon.notify.words import cut, dated_time, visible

log = logging.getLogger(__name__)

#: How long nobody is told again (seconds).
QUIET_FOR = 3600.0


class DirectAlert:
    """Says that the database cannot be written. ``tell()`` belongs to the engine thread, ``use()`` to the main thread.

    ``say`` hands a message to every receiver and returns at once. When somebody was last told is noted outside the
    database, as the time of an empty file: that can be changed even when the disk is full.
    """

    def __init__(
        self, config: Config, say: Callable[[Message], None], wall_clock: Callable[[], float] = time.time
    ) -> None:
        self._config = config
        self._say = say
        self._wall_clock = wall_clock
        self._told_at = float("-inf")
        self._note = _note_file(config.database)
        self._make_note_file()

    def use(self, config: Config) -> None:
        """Go on with another configuration."""
        self._config = config

    def tell(self, words: str) -> None:
        """Tell every receiver, unless that was done within the hour. Returns at once."""
        now = self._wall_clock()
        if 0 <= now - max(self._told_at, self._noted_at()) < QUIET_FOR:
            return
        self._told_at = now
        self._say(self._message(words, now))
        try:
            os.utime(self._note, (now, now))
        except OSError as error:
            log.warning("%s: cannot be written (%s); a restart may tell about the database again", self._note, error)

    def _noted_at(self) -> float:
        try:
            return self._note.stat().st_mtime
        except OSError:
            return float("-inf")

    def _make_note_file(self) -> None:
        """Make the file while the disk still has room; a time of 0 means never."""
        if self._note.exists():
            return
        try:
            self._note.touch(mode=0o640)
            os.utime(self._note, (0, 0))
        except OSError as error:
            log.warning("%s: cannot be made: %s", self._note, error)

    def _message(self, words: str, now: float) -> Message:
        body = [
            cut(visible(words), 500),
            "healthmon goes on watching and tries to write again every few seconds. Until then nothing new is booked, "
            "so no other alert is sent.",
            f"Look for free space, and at the rights of {visible(str(self._config.database.parent))}.",
            "You will hear of this again in an hour at the earliest.",
            f"Written {dated_time(now, self._config.timezone)}.",
        ]
        return Message("DOWN healthmon: its database cannot be written", "\n\n".join(body), Mood.FAILURE)


def _note_file(database: Path) -> Path:
    """Choose the runtime directory that systemd gives us, else the database's own."""
    runtime = os.environ.get("RUNTIME_DIRECTORY", "").partition(":")[0]
    folder = Path(runtime) if runtime else database.parent
    return folder / f"{database.name}.told-directly"
