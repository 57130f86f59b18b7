"""A message as channels take it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any

from msgspec import Struct, field

from healthmon.notify.compose.ticket import Ticket
from healthmon.notify.compose.voice import Voice

#: All channels together take so many characters (Telegram 4,096, and some of them count markup).
MOST_CHARACTERS = 3500
#: A phone's lock screen shows so much of a subject.
SUBJECT_CHARACTERS = 60


class Mood(StrEnum):
    """How a channel that has colours shows a message (apprise's notify types)."""

    FAILURE = "failure"
    WARNING = "warning"
    SUCCESS = "success"
    INFO = "info"


class Attachment(Struct, frozen=True):
    """A file that goes along with a message."""

    name: str
    media_type: str
    content: bytes


class Message(Struct, frozen=True):
    """What is sent to one URL: plain text, and the same as facts for programs."""

    subject: str
    body: str
    mood: Mood = Mood.INFO
    #: What ``docs/webhooks.md`` promises, of JSON's own types.
    facts: Mapping[str, Any] = field(default_factory=dict)
    #: The conversations that it belongs to, each by a name that is the same in all messages about one incident; the
    #: one that it answers comes last.
    threads: tuple[str, ...] = ()
    #: Only for a channel that takes one.
    attachment: Attachment | None = None
    #: What an on-call service is to do.
    ticket: Ticket | None = None
    #: Of a URL with several addresses only these get it, by their keys; None: all.
    only: frozenset[str] | None = None
    #: … and these do not: they wait for what they do not have yet.
    without: frozenset[str] = frozenset()


#: A message that every receiver reads in its own language.
MessageDraft = Callable[[Voice], Message]
