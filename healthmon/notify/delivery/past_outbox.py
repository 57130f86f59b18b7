"""What must be said when the outbox cannot be used: somebody is told past it, at most once an hour.

``DirectAlert`` speaks while the daemon runs; ``app/farewell.py`` for one that ends, or does not start.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from healthmon.notify.compose.message import MessageDraft
from healthmon.notify.compose.own_trouble import Here, again, anew, set_right, unwritable
from healthmon.notify.delivery.told_note import QUIET_FOR, ToldNote


def here(database: Path) -> Here:
    """Say where we are: what is told past the outbox names it."""
    return Here(socket.gethostname(), database.parent.absolute())


def note_of_lost(database: Path) -> ToldNote:
    """When somebody was last told that the database was lost while it was used."""
    return ToldNote(database, "told-lost")


def note_of_refused(database: Path) -> ToldNote:
    """When somebody was last told that healthmon does not start."""
    return ToldNote(database, "told-not-started")


class DirectAlert:
    """What a running daemon says past the outbox. Owned by the engine thread, but for what the main thread says.

    ``say`` hands a message to every receiver, each in its language, and returns at once.
    """

    def __init__(
        self, database: Path, say: Callable[[MessageDraft], None], wall_clock: Callable[[], float] = time.time
    ) -> None:
        self._here = here(database)
        self._say = say
        self._wall_clock = wall_clock
        self._told_at = float("-inf")
        self._note = ToldNote(database, "told-directly")
        self._fatal = (note_of_lost(database), note_of_refused(database))
        for note in (self._note, *self._fatal):
            note.make()

    def tell(self, words: str) -> None:
        """Tell every receiver that the database cannot be written, unless that was done within the hour.

        Returns at once.
        """
        now = self._wall_clock()
        if 0 <= now - self._told_at < QUIET_FOR or self._note.is_quiet(now):
            return
        self._told_at = now
        self._say(partial(unwritable, words, self._here))
        self._note.note(now)

    def begins_anew(self, words: str) -> None:
        """Tell every receiver that the database was gone. The main thread calls it, when it has made a new one."""
        self._say(partial(anew, words, self._here))

    def was_set_right(self, words: str) -> None:
        """Tell every receiver what was wrong with the database at the start, and is not any more. As above."""
        self._say(partial(set_right, words, self._here))

    def runs_well(self) -> None:
        """Tell every receiver that healthmon runs again, if they were told that it does not."""
        lasting = [note for note in self._fatal if note.lasts()]
        if lasting:
            self._say(partial(again, self._here))
        for note in lasting:
            note.note_end(self._wall_clock())
