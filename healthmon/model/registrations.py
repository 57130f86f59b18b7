"""What ties a registration to an endpoint; and what is said of one that is not there, where it decides what is kept."""

from __future__ import annotations

import re
from typing import NamedTuple

#: What is said of one that is there, before its server.
REGISTERED_AT = "registered at "
#: An attempt has failed, and nothing tells why.
NOT_KNOWN_WHY = "rejected, or not answered"
#: An attempt has failed at once: so it does, too, where the name cannot be looked up, or the connection is refused.
NOT_SENT = "rejected, or the request could not be sent"
#: Nobody has answered it.
NOT_ANSWERED = "not answered"
#: No attempt was heard of.
NOT_TRIED = "not tried yet, or taken back on purpose"
#: What the pace of attempts may tell.
_KNOWN_WHYS = (NOT_SENT, "rejected", NOT_ANSWERED)
#: What is said after the server of one that failed, or was not tried.
_WHYS = (NOT_KNOWN_WHY, NOT_TRIED, *_KNOWN_WHYS)
#: The words of an older driver, which says more.
_SAID = re.compile(r"\(Asterisk: (.+?)\)")
#: Why a manager user who may only read tells nothing of most registrations for up to an hour.
UNTIL_ITS_NEXT_EVENT = "each registration is unknown until its next event"
#: It will not come back by itself.
STOPPED_TRYING = "Asterisk has stopped trying"
#: … or not soon: a provider that is overloaded may say after how long it wants to be asked again.
WAITS = "Asterisk does not try again by now: it has stopped, or was told to wait (Retry-After)"


class EndpointIdentity(NamedTuple):
    """What of an endpoint's settings a registration may have, too."""

    name: str
    outbound_auth: str = ""
    from_user: str = ""
    #: The hosts of its contacts in the configuration, in small letters.
    hosts: tuple[str, ...] = ()


def tells_more(words: str, than: str) -> bool:
    """Whether these words tell more of why a registration is not there than the others: a mere failure tells least."""
    return _worth(words) > _worth(than)


def registered_at(words: str) -> str:
    """The server at which one is registered, as these words say; "": they do not."""
    _, says_so, server = words.partition(REGISTERED_AT)
    if says_so and words.startswith(REGISTERED_AT):
        return server
    return ""


def as_we_find(words: str, view: str) -> str:
    """These words, where they leave it open, with what our own OPTIONS find: that nothing can be sent to that server.

    ``view``: what they find of the endpoint.
    """
    for unsure in (NOT_SENT, NOT_KNOWN_WHY):
        start, is_unsure, rest = words.partition(f": {unsure};")
        server = start.rpartition("not registered at ")[2]
        if is_unsure and says_not_sent(view) and server in view:
            return f"{start}: {view};{rest}"
    return words


def says_not_sent(view: str) -> bool:
    """Whether our own OPTIONS find that nothing can be sent: no such name, or nobody takes the connection."""
    return view.startswith(("the name ", "refuses the connection"))


def asks_for_help(words: str) -> bool:
    """Whether somebody has to have it tried again."""
    return STOPPED_TRYING in words or WAITS in words


def tells_nothing(words: str) -> bool:
    """Whether these words tell no more than that a registration is not there."""
    return _worth(words) <= _worth(NOT_KNOWN_WHY)


def why_alone(words: str) -> str:
    """What these words say of why a registration is not there, without the server: ``rejected``."""
    known = next((why for why in _WHYS if f": {why}" in words), "")
    said = _SAID.search(words)
    if known or said is None:
        return known or words
    return said[1]


def with_known_why(words: str, before: str) -> str:
    """These words, and why the attempt failed as it was known before, where they are of the same and do not tell."""
    start, _, rest = words.partition(f": {NOT_KNOWN_WHY}")
    why = next((known for known in _KNOWN_WHYS if rest and before.startswith(f"{start}: {known};")), "")
    if why:
        return f"{start}: {why}{rest}"
    return words


def as_remembered(words: str, before: str) -> str:
    """What was known before healthmon was restarted, where these words are of the same registration and tell less."""
    start, says_not_why, _ = words.partition(f": {NOT_KNOWN_WHY}")
    if says_not_why and before.startswith(f"{start}: ") and tells_more(before, words):
        return before
    return with_known_why(words, before)


def _worth(words: str) -> int:
    if STOPPED_TRYING in words:
        return 4
    if WAITS in words:
        return 3
    if NOT_TRIED in words:
        return 0
    if NOT_KNOWN_WHY in words:
        return 1
    return 2
