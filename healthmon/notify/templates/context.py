"""What a template of the user's can write about: plain values, documented in ``docs/messages.md``. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from healthmon.notify.compose.message import Message
from healthmon.notify.compose.message_lines import MessageLine
from healthmon.notify.compose.naming import headline
from healthmon.notify.compose.voice import Voice
from healthmon.text.visible import visible


def context_of(message: Message, lines: Sequence[MessageLine], voice: Voice) -> dict[str, Any]:
    """The facts of a message, harmless, with the words for them in its language; ``lines`` are those of its facts."""
    facts: dict[str, Any] = _harmless(message.facts)
    told = [line for outside in lines for line in outside.all]
    incidents = [fact | _words(line, voice) for fact, line in zip(facts["incidents"], told, strict=False)]
    return facts | {
        "subject": message.subject,
        "body": message.body,
        "mood": message.mood.value,
        "language": voice.language.code,
        "written": voice.dated_time(voice.now),
        "incidents": incidents,
    }


def _words(line: MessageLine, voice: Voice) -> dict[str, str]:
    incident, until = line.incident, ""
    if incident.closed_at is not None:
        until = voice.full_time(incident.closed_at)
    return {
        "headline": headline(line, voice),
        "called": line.called,
        "since": voice.full_time(incident.since),
        "until": until,
        "lasted": voice.lasted(incident.lasted(voice.now), incident.unseen_s),
        "why": visible(voice.language.retold(incident.cause)),
    }


def _harmless(value: Any) -> Any:
    """The same of plain types, and without letters that could turn or break a message."""
    if isinstance(value, dict):
        return {name: _harmless(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_harmless(inner) for inner in value]
    if isinstance(value, str):
        return visible(str(value))
    return value
