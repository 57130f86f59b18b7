"""What a manager user may do, as far as Asterisk shows it to him: for people who ask once. Pure."""

from __future__ import annotations

from collections.abc import Collection

from msgspec import Struct

#: What healthmon never asks for, by an action that needs the right to it.
POWERS = {
    "Originate": "make calls",
    "Command": "give commands as on Asterisk's console",
    "UpdateConfig": "change Asterisk's configuration",
    "PJSIPShowAuths": "read the passwords of all phones and trunks",
}
#: The right to this one alone (``system``) also lists contacts and settings: it is no more than some need.
USEFUL_TOO = frozenset({"PJSIPShowAuths"})
#: What it costs to hear events, and not to ask for lists; for people who set it up.
UNKNOWN_BY_EVENTS = (
    "By events alone a registration is unknown until its next one, up to an hour and again after each login; round "
    "trips, where contacts are, maintenance mode and registrations of IAX2 stay unknown."
)


class ManagerRights(Struct, frozen=True):
    """What a manager user may do."""

    reads_events: bool = True
    #: What he could do that healthmon never does, in words; empty: no more than is useful.
    powers: tuple[str, ...] = ()


def powers_of(actions: Collection[str]) -> tuple[str, ...]:
    """Say what somebody could do who may use these actions; empty: nothing that healthmon has no use for."""
    powers = [action for action in POWERS if action in actions]
    if USEFUL_TOO.issuperset(powers):
        return ()
    return tuple(POWERS[action] for action in powers)
