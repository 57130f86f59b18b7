"""What is not well yet of something that can be reached again. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from healthmon.model import Check, Incident, why_alone
from healthmon.notify.compose.message_lines import MessageLine, named
from healthmon.notify.compose.naming import LIST_CHARACTERS, said
from healthmon.notify.compose.voice import Voice
from healthmon.text.callerid import beside
from healthmon.text.lists import listed
from healthmon.text.longtext import cut
from healthmon.text.natural import natural
from healthmon.text.visible import visible

#: No cause is longer than this.
_LONGEST_CAUSE = 100


def not_back(line: MessageLine, voice: Voice) -> Iterator[str]:
    """Say which other checks of an endpoint are not well yet; of a group: of which of its endpoints."""
    if not line.incident.target.is_endpoint:
        yield from _of_many(line, voice)
        return
    if line.row.unknown_registrations:
        yield voice.text("its registration is unknown: the manager interface does not let us look")
    for incident in line.row.not_back:
        if incident.check == Check.REGISTRATION:
            yield voice.text("its registration is not back yet: {why}", why=_why(incident, voice))
        else:
            yield voice.text("our own OPTIONS are not answered as they should be yet: {why}", why=_why(incident, voice))


def _of_many(line: MessageLine, voice: Voice) -> Iterator[str]:
    if line.row.unknown_registrations:
        unknown = sorted(line.row.unknown_registrations, key=lambda target: natural(target.resource))
        shown = [beside(visible(target.resource), line.names.of(target)) for target in unknown]
        yield voice.text(
            "registrations that are unknown, as the manager interface does not let us look: {names}",
            names=listed(shown, LIST_CHARACTERS),
        )
    for check in (Check.REGISTRATION, Check.OPTIONS):
        of_it = (incident for incident in line.row.not_back if incident.check == check)
        names = [said(incident.kind, named(incident, line.names).full_name, voice) for incident in of_it]
        if names and check == Check.REGISTRATION:
            yield voice.text("registrations that are not back yet: {names}", names=listed(names, LIST_CHARACTERS))
        elif names:
            yield voice.text("not yet well by our own OPTIONS: {names}", names=listed(names, LIST_CHARACTERS))


def _why(incident: Incident, voice: Voice) -> str:
    """Why it is not well, in few words: ``rejected``, ``answers 503 Service Unavailable``."""
    words = incident.cause.partition(";")[0]
    if incident.check == Check.REGISTRATION:
        words = why_alone(incident.cause)
    return cut(visible(voice.language.retold(words)), _LONGEST_CAUSE)
