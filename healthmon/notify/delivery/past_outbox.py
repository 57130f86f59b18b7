"""What must be said when the outbox cannot be used: somebody is told past it, at most once an hour.

``DirectAlert`` speaks while the daemon runs; the drafts are for one that ends, or does not start, too.
"""

from __future__ import annotations

import hashlib
import socket
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from healthmon.model import Severity
from healthmon.notify.compose.message import Draft, Message, Mood
from healthmon.notify.compose.message_facts import facts_without_incidents
from healthmon.notify.compose.ticket import Action, Ticket, passing_ticket
from healthmon.notify.compose.voice import Voice
from healthmon.notify.delivery.told_note import QUIET_FOR, ToldNote
from healthmon.text.longtext import cut
from healthmon.text.visible import visible

#: So much is said of what is wrong.
MOST_WORDS = 500


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
        self, database: Path, say: Callable[[Draft], None], wall_clock: Callable[[], float] = time.time
    ) -> None:
        self._folder = database.parent
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
        self._say(partial(unwritable, words, self._folder))
        self._note.note(now)

    def begins_anew(self, words: str) -> None:
        """Tell every receiver that the database was gone. The main thread calls it, when it has made a new one."""
        self._say(partial(anew, words, self._folder))

    def was_set_right(self, words: str) -> None:
        """Tell every receiver what was wrong with the database at the start, and is not any more. As above."""
        self._say(partial(set_right, words, self._folder))

    def runs_well(self) -> None:
        """Tell every receiver that healthmon runs again, if they were told that it does not."""
        lasting = [note for note in self._fatal if note.lasts()]
        if lasting:
            self._say(partial(again, self._folder))
        for note in lasting:
            note.note_end(self._wall_clock())


# ---------------------------------------------------------------- what is said


def unwritable(words: str, folder: Path, voice: Voice) -> Message:
    """Say that nothing can be booked."""
    subject = voice.text("DOWN healthmon: its database cannot be written")
    body = [
        _quoted(words),
        voice.text(
            "healthmon goes on watching and tries to write again every few seconds. Until then nothing new is booked, "
            "so no other alert is sent."
        ),
        _look_at(folder, voice),
        _not_again(voice),
    ]
    return _message(subject, body, Mood.FAILURE, _ticket("database", folder, Action.TRIGGER, voice=voice), voice)


def lost(words: str, folder: Path, voice: Voice) -> Message:
    """Say that the database was lost while it was used, and that healthmon ends."""
    subject = voice.text("DOWN healthmon: its database cannot be used any more")
    body = [
        _quoted(words),
        voice.text(
            "healthmon has stopped on {host}. The service starts it again within seconds, with what is there then; if "
            "it does not start, you hear of that, too. An alert that was on its way may come twice.",
            host=visible(socket.gethostname()),
        ),
        _not_again(voice),
    ]
    return _message(subject, body, Mood.FAILURE, _ticket("stopped", folder, Action.TRIGGER, voice=voice), voice)


def refused(words: str, folder: Path, voice: Voice, *, for_its_database: bool = True) -> Message:
    """Say that healthmon does not start, for its database or for something else."""
    subject = voice.text("DOWN healthmon: it does not start, nothing is watched")
    body = [
        _quoted(words),
        voice.text(
            "healthmon does not run on {host}: nothing is watched, and no other alert is sent. The service tries to "
            "start it again every few seconds.",
            host=visible(socket.gethostname()),
        ),
        *([_look_at(folder, voice)] if for_its_database else []),
        _not_again(voice),
    ]
    return _message(subject, body, Mood.FAILURE, _ticket("stopped", folder, Action.TRIGGER, voice=voice), voice)


def anew(words: str, folder: Path, voice: Voice) -> Message:
    """Say that the history begins anew."""
    subject = voice.text("healthmon: its database was gone, a new one begins")
    body = [
        _quoted(words),
        voice.text(
            "healthmon watches on. It does not know any more what was down, told or silenced; a phone that is down now "
            "is told of only after it was up. To go on with a backup, stop healthmon and put it in place."
        ),
    ]
    # Nobody is called for it at night: it is opened, and resolved at once.
    actions = (Action.TRIGGER, Action.RESOLVE)
    return _message(subject, body, Mood.WARNING, _ticket("anew", folder, *actions, voice=voice), voice)


def set_right(words: str, folder: Path, voice: Voice) -> Message:
    """Say what was wrong with the database when healthmon started."""
    subject = voice.text("healthmon: its database was not in order, and was set right")
    body = [
        _quoted(words),
        voice.text(
            "healthmon watches on, with what the database holds now. What was set aside is kept beside it. "
            "healthmon db check looks through all of it."
        ),
    ]
    # Nobody is called for it at night: it is opened, and resolved at once.
    actions = (Action.TRIGGER, Action.RESOLVE)
    return _message(subject, body, Mood.WARNING, _ticket("set-right", folder, *actions, voice=voice), voice)


def again(folder: Path, voice: Voice) -> Message:
    """Say that healthmon runs again."""
    subject = voice.text("UP healthmon: it runs again")
    body = [
        voice.text("It has its database, and watches; what happened meanwhile and was not told yet is told by itself.")
    ]
    return _message(subject, body, Mood.SUCCESS, _ticket("stopped", folder, Action.RESOLVE, voice=voice), voice)


def _quoted(words: str) -> str:
    return cut(visible(words), MOST_WORDS)


def _look_at(folder: Path, voice: Voice) -> str:
    return voice.text("Look for free space, and at the rights of {folder}.", folder=visible(str(folder)))


def _not_again(voice: Voice) -> str:
    return voice.text("You will hear of this again in an hour at the earliest.")


def _message(subject: str, body: list[str], mood: Mood, ticket: Ticket, voice: Voice) -> Message:
    body = [*body, voice.text("Written {time}.", time=voice.dated_time(voice.now))]
    facts = facts_without_incidents("database", voice.now)
    return Message(subject, "\n\n".join(body), mood, facts, ticket=ticket)


def _ticket(trouble: str, folder: Path, *actions: Action, voice: Voice) -> Ticket:
    """Its key is the same at each repetition, and another on another machine. The database cannot be asked for one."""
    place = f"{socket.gethostname()}:{folder.absolute()}"
    key = f"healthmon-{trouble}-{hashlib.sha256(place.encode()).hexdigest()[:16]}"
    return passing_ticket(key, voice.now, Severity.CRITICAL, actions, name="healthmon's database")
