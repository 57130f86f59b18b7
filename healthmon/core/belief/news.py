"""What belief tells the stages after it: values, in the order in which they happened."""

from __future__ import annotations

from msgspec import Struct

from healthmon.core.belief.reachability import Reachability
from healthmon.model import CheckState, Ending, Restart, Target, Transition


class EndpointNoted(Struct, frozen=True):
    """Something about an endpoint may have changed: what is believed or pending, its kind, its place.

    The one thing that is handed on as it lives, for speed: decision 63. Whoever gets it only reads it.
    """

    reachability: Reachability


class EndpointForgotten(Struct, frozen=True):
    """An endpoint is watched no longer."""

    target: Target


class CheckChanged(Struct, frozen=True):
    """What is believed of a check has changed, or may have: as it is now."""

    state: CheckState
    transition: Transition | None
    #: Whether people want to hear of it when it is degraded.
    degraded_counts: bool


class CheckSeen(Struct, frozen=True):
    """A check that could not be seen can be seen again."""

    target: Target
    check: str


class PbxSeen(Struct, frozen=True):
    """What is behind a PBX can be seen again, and was looked at."""

    target: Target


class CheckEnded(Struct, frozen=True):
    """What is open about a check ends for another reason than its recovery; what is to be said of it in the log."""

    target: Target
    check: str
    ending: Ending
    words: str


class PbxRestarted(Struct, frozen=True):
    """Asterisk was started anew, and people want to be told so."""

    target: Target
    restart: Restart


class MaintenanceModeChanged(Struct, frozen=True):
    """Endpoints of a PBX were put into Asterisk's maintenance mode, or taken out of it."""

    target: Target
    endpoints: tuple[Target, ...]
    at: float
    is_over: bool


News = (
    EndpointNoted
    | EndpointForgotten
    | CheckChanged
    | CheckSeen
    | PbxSeen
    | CheckEnded
    | PbxRestarted
    | MaintenanceModeChanged
)
