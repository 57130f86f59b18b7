"""Which of Asterisk's words means what: one table, shown to administrators in docs/what-asterisk-says.md.

Seen on Asterisk 16 and 22; what chan_sip and chan_iax2 say beyond that is from their sources. A word that is not in
the table means nothing to healthmon, and changes nothing.
"""

from __future__ import annotations

from msgspec import Struct

from healthmon.model import Health, Loss

PEER_STATUS = "PeerStatusChange"
DEVICE_STATE = "DeviceStateChanged, /deviceStates"
ENDPOINT_STATE = "/endpoints"

#: Technologies whose device states are those of endpoints. Others (Custom, Queue, Local, Stasis …) are no endpoints.
TECHNOLOGIES = ("PJSIP", "SIP", "IAX2")


#: What chan_sip and chan_iax2 say only of a peer that they check.
_OF_CHECKS = ("Reachable", "Unreachable", "Lagged")


class Meaning(Struct, frozen=True):
    """What one word of Asterisk's says about an endpoint. ``health is None``: nothing."""

    where: str
    technologies: tuple[str, ...]
    word: str
    health: Health | None
    why: str
    #: The endpoint is no longer in Asterisk's configuration.
    is_removal: bool = False
    #: How the peer was lost.
    loss: Loss = Loss.NONE


_ALL = TECHNOLOGIES
_OLD = ("SIP", "IAX2")

MEANINGS: tuple[Meaning, ...] = (
    Meaning(PEER_STATUS, _ALL, "Reachable", Health.UP, "a contact answered OPTIONS, or registered without a check"),
    Meaning(PEER_STATUS, _ALL, "Unreachable", Health.DOWN, "no contact is left that answers"),
    Meaning(PEER_STATUS, _OLD, "Registered", Health.UP, "it registered"),
    Meaning(
        PEER_STATUS,
        _OLD,
        "Unregistered",
        Health.DOWN,
        "it unregistered, or its registration expired",
        loss=Loss.REGISTRATION_ENDED,
    ),
    Meaning(PEER_STATUS, _OLD, "Lagged", Health.DEGRADED, "it answers, later than its qualify setting allows"),
    Meaning(PEER_STATUS, _OLD, "Rejected", None, "somebody failed to register as it: says nothing about the peer"),
    Meaning(ENDPOINT_STATE, _ALL, "online", Health.UP, "it has a contact that is usable"),
    Meaning(ENDPOINT_STATE, _ALL, "offline", Health.DOWN, "it has none, or was removed: the device state tells which"),
    Meaning(ENDPOINT_STATE, _ALL, "unknown", Health.UNKNOWN, "not reported yet, or never checked"),
    Meaning(DEVICE_STATE, _ALL, "NOT_INUSE", Health.UP, "idle"),
    Meaning(DEVICE_STATE, _ALL, "INUSE", Health.UP, "in a call"),
    Meaning(DEVICE_STATE, _ALL, "BUSY", Health.UP, "busy"),
    Meaning(DEVICE_STATE, _ALL, "RINGING", Health.UP, "ringing"),
    Meaning(DEVICE_STATE, _ALL, "RINGINGINUSE", Health.UP, "in a call, and ringing"),
    Meaning(DEVICE_STATE, _ALL, "ONHOLD", Health.UP, "on hold"),
    Meaning(DEVICE_STATE, _ALL, "UNAVAILABLE", Health.DOWN, "no contact is left that answers"),
    Meaning(DEVICE_STATE, _ALL, "UNKNOWN", Health.UNKNOWN, "not reported yet"),
    Meaning(DEVICE_STATE, _ALL, "INVALID", None, "removed, or without its channel driver: asked for", is_removal=True),
)

_BY_WORD = {
    (meaning.where, technology, meaning.word): meaning for meaning in MEANINGS for technology in meaning.technologies
}


def peer_status(technology: str, word: str) -> Meaning | None:
    """What a PeerStatusChange says; None: nothing."""
    return _BY_WORD.get((PEER_STATUS, technology, word))


def is_of_check(technology: str, word: str) -> bool:
    """Whether a PeerStatusChange shows that the peer is qualified; PJSIP says the same of those that are not."""
    return technology in _OLD and word in _OF_CHECKS


def endpoint_state(word: str) -> Health:
    """What a state in /endpoints says; a word that is not known says unknown. The same for each technology."""
    meaning = _BY_WORD.get((ENDPOINT_STATE, "PJSIP", word))
    return (meaning.health if meaning else None) or Health.UNKNOWN


def device_state(technology: str, word: str) -> Meaning | None:
    """What a device state says; None: nothing, or it is the device of no endpoint."""
    return _BY_WORD.get((DEVICE_STATE, technology, word))


def is_removal(word: str) -> bool:
    """Whether this device state means that the endpoint is not in the configuration (any more)."""
    meaning = _BY_WORD.get((DEVICE_STATE, "PJSIP", word))
    return meaning is not None and meaning.is_removal


def table() -> str:
    """The whole as a Markdown table, for docs/what-asterisk-says.md."""
    lines = ["| where | technology | word | means | because |", "|---|---|---|---|---|"]
    for meaning in MEANINGS:
        means = "removed" if meaning.is_removal else str(meaning.health or "nothing")
        technologies = ", ".join(meaning.technologies)
        lines.append(f"| {meaning.where} | {technologies} | `{meaning.word}` | {means} | {meaning.why} |")
    return "\n".join(lines) + "\n"
