"""What is said of a registration that is not there, where it decides which words are kept."""

from __future__ import annotations

import re

#: An attempt has failed, and nothing tells why.
NOT_KNOWN_WHY = "rejected, or not answered"
#: No attempt was heard of.
NOT_TRIED = "not tried yet, or taken back on purpose"
#: What is said after the server of one that failed, or was not tried.
_WHYS = (NOT_KNOWN_WHY, NOT_TRIED, "rejected", "not answered")
#: The words of an older driver, which says more.
_SAID = re.compile(r"\(Asterisk: (.+?)\)")
#: It will not come back by itself.
STOPPED_TRYING = "Asterisk has stopped trying"
#: … or not soon: a provider that is overloaded may say after how long it wants to be asked again.
WAITS = "Asterisk does not try again by now: it has stopped, or was told to wait (Retry-After)"


def tells_more(words: str, than: str) -> bool:
    """Whether these words tell more of why a registration is not there than the others: a mere failure tells least."""
    return _worth(words) > _worth(than)


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
