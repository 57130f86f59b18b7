"""What healthmon says of itself past the outbox: its database is lost, it does not start, it runs again. Pure."""

from __future__ import annotations

import hashlib
from pathlib import Path

from msgspec import Struct

from healthmon.model import Severity
from healthmon.notify.compose.message import Message, Mood
from healthmon.notify.compose.message_facts import facts_without_incidents
from healthmon.notify.compose.ticket import Action, Ticket, passing_ticket
from healthmon.notify.compose.voice import Voice
from healthmon.text.longtext import cut
from healthmon.text.visible import visible

#: So much is said of what is wrong.
MOST_WORDS = 500


class Here(Struct, frozen=True):
    """Where this healthmon is: the machine, and the folder of its database."""

    host: str
    folder: Path


def unwritable(words: str, here: Here, voice: Voice) -> Message:
    """Say that nothing can be booked."""
    subject = voice.text("DOWN healthmon: its database cannot be written")
    body = [
        _quoted(words),
        voice.text(
            "healthmon goes on watching and tries to write again every few seconds. Until then nothing new is booked, "
            "so no other alert is sent."
        ),
        _look_at(here, voice),
        _not_again(voice),
    ]
    return _message(subject, body, Mood.FAILURE, _ticket("database", here, Action.TRIGGER, voice=voice), voice)


def lost(words: str, here: Here, voice: Voice) -> Message:
    """Say that the database was lost while it was used, and that healthmon ends."""
    subject = voice.text("DOWN healthmon: its database cannot be used any more")
    body = [
        _quoted(words),
        voice.text(
            "healthmon has stopped on {host}. The service starts it again within seconds, with what is there then; if "
            "it does not start, you hear of that, too. An alert that was on its way may come twice.",
            host=visible(here.host),
        ),
        _not_again(voice),
    ]
    return _message(subject, body, Mood.FAILURE, _ticket("stopped", here, Action.TRIGGER, voice=voice), voice)


def refused(words: str, here: Here, voice: Voice, *, for_its_database: bool = True) -> Message:
    """Say that healthmon does not start, for its database or for something else."""
    subject = voice.text("DOWN healthmon: it does not start, nothing is watched")
    body = [
        _quoted(words),
        voice.text(
            "healthmon does not run on {host}: nothing is watched, and no other alert is sent. The service tries to "
            "start it again every few seconds.",
            host=visible(here.host),
        ),
        *([_look_at(here, voice)] if for_its_database else []),
        _not_again(voice),
    ]
    return _message(subject, body, Mood.FAILURE, _ticket("stopped", here, Action.TRIGGER, voice=voice), voice)


def anew(words: str, here: Here, voice: Voice) -> Message:
    """Say that the history begins anew."""
    subject = voice.text("healthmon: its database was gone, a new one begins")
    body = [
        _quoted(words),
        voice.text(
            "healthmon watches on. It does not know any more what was down, told or silenced; a phone that is down now "
            "is told of only after it was up. To go on with a backup, stop healthmon and put it in place."
        ),
    ]
    return _told_for_the_day(subject, body, "anew", here, voice)


def set_right(words: str, here: Here, voice: Voice) -> Message:
    """Say what was wrong with the database when healthmon started."""
    subject = voice.text("healthmon: its database was not in order, and was set right")
    body = [
        _quoted(words),
        voice.text(
            "healthmon watches on, with what the database holds now. What was set aside is kept beside it. "
            "healthmon db check looks through all of it."
        ),
    ]
    return _told_for_the_day(subject, body, "set-right", here, voice)


def again(here: Here, voice: Voice) -> Message:
    """Say that healthmon runs again."""
    subject = voice.text("UP healthmon: it runs again")
    body = [
        voice.text("It has its database, and watches; what happened meanwhile and was not told yet is told by itself.")
    ]
    return _message(subject, body, Mood.SUCCESS, _ticket("stopped", here, Action.RESOLVE, voice=voice), voice)


def _told_for_the_day(subject: str, body: list[str], trouble: str, here: Here, voice: Voice) -> Message:
    """What is over already: nobody is called for it at night, the ticket is opened, and resolved at once."""
    ticket = _ticket(trouble, here, Action.TRIGGER, Action.RESOLVE, voice=voice)
    return _message(subject, body, Mood.WARNING, ticket, voice)


def _quoted(words: str) -> str:
    return cut(visible(words), MOST_WORDS)


def _look_at(here: Here, voice: Voice) -> str:
    return voice.text("Look for free space, and at the rights of {folder}.", folder=visible(str(here.folder)))


def _not_again(voice: Voice) -> str:
    return voice.text("You will hear of this again in an hour at the earliest.")


def _message(subject: str, body: list[str], mood: Mood, ticket: Ticket, voice: Voice) -> Message:
    body = [*body, voice.text("Written {time}.", time=voice.dated_time(voice.now))]
    facts = facts_without_incidents("database", voice.now)
    return Message(subject, "\n\n".join(body), mood, facts, ticket=ticket)


def _ticket(trouble: str, here: Here, *actions: Action, voice: Voice) -> Ticket:
    """Its key is the same at each repetition, and another on another machine. The database cannot be asked for one."""
    place = f"{here.host}:{here.folder}"
    key = f"healthmon-{trouble}-{hashlib.sha256(place.encode()).hexdigest()[:16]}"
    return passing_ticket(key, voice.now, Severity.CRITICAL, actions, name="healthmon's database")
