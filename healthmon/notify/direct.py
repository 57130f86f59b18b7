"""When the database cannot be written, the outbox cannot be used: somebody is told past it, at most once an hour."""

from __future__ import annotations

import hashlib
import logging
import os
import socket
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from healthmon.model import Severity
from healthmon.notify.facts import facts_without_incidents
from healthmon.notify.message import Draft, Message, Mood
from healthmon.notify.tickets.ticket import Action, Ticket, passing_ticket
from healthmon.notify.voice import Voice
from healthmon.notify.words import cut, visible

log = logging.getLogger(__name__)

#: How long nobody is told again (seconds).
QUIET_FOR = 3600.0


class DirectAlert:
    """Says that the database cannot be written. Owned by the engine thread.

    ``say`` hands a message to every receiver, each in its language, and returns at once. When somebody was last told
    is noted outside the database, as the time of an empty file: that can be changed even when the disk is full.
    """

    def __init__(
        self, database: Path, say: Callable[[Draft], None], wall_clock: Callable[[], float] = time.time
    ) -> None:
        self._folder = database.parent
        self._say = say
        self._wall_clock = wall_clock
        self._told_at = float("-inf")
        self._note = _note_file(database)
        self._make_note_file()

    def tell(self, words: str) -> None:
        """Tell every receiver, unless that was done within the hour. Returns at once."""
        now = self._wall_clock()
        if 0 <= now - max(self._told_at, self._noted_at()) < QUIET_FOR:
            return
        self._told_at = now
        self._say(partial(_message, words, self._folder))
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


def _note_file(database: Path) -> Path:
    """Choose the runtime directory that systemd gives us, else the database's own."""
    runtime = os.environ.get("RUNTIME_DIRECTORY", "").partition(":")[0]
    folder = Path(runtime) if runtime else database.parent
    return folder / f"{database.name}.told-directly"


def _message(words: str, folder: Path, voice: Voice) -> Message:
    body = [
        cut(visible(words), 500),
        voice.text(
            "healthmon goes on watching and tries to write again every few seconds. Until then nothing new is booked, "
            "so no other alert is sent."
        ),
        voice.text("Look for free space, and at the rights of {folder}.", folder=visible(str(folder))),
        voice.text("You will hear of this again in an hour at the earliest."),
        voice.text("Written {time}.", time=voice.dated_time(voice.now)),
    ]
    subject = voice.text("DOWN healthmon: its database cannot be written")
    facts = facts_without_incidents("database", voice.now)
    return Message(subject, "\n\n".join(body), Mood.FAILURE, facts, ticket=_ticket(folder, voice.now))


def _ticket(folder: Path, now: float) -> Ticket:
    """Its key is the same at each repetition, and another on another machine. The database cannot be asked for one."""
    place = f"{socket.gethostname()}:{folder.absolute()}"
    key = f"healthmon-database-{hashlib.sha256(place.encode()).hexdigest()[:16]}"
    return passing_ticket(key, now, Severity.CRITICAL, (Action.TRIGGER,), name="healthmon's database")
