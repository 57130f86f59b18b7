"""Does a PBX still list the endpoints that it had? A broken pjsip.conf looks like that (rule 3)."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from healthmon.model import Health, Kind, Target

#: What vanished within so many seconds vanished at once.
AT_ONCE = 10.0

#: Fewer phones than this may vanish from a small PBX without an alarm, and are no site that is down.
FEW = 3

#: More than one in so many is an alarm.
SHARE = 5

#: Whoever has not repaired it after so long meant it (seconds).
ACCEPTED_AFTER = 86400.0

#: What has not been listed for so long is no longer watched (seconds).
FORGOTTEN_AFTER = 7 * 86400.0

#: So many names are told.
NAMES = 5


class Vanished(Struct):
    """An endpoint that was known, and is not listed any more, or was removed."""

    target: Target
    kind: Kind
    was_up: bool
    at: float
    was_removed: bool


def at_once(vanished: Iterable[Vanished], alarm_since: float | None) -> list[Vanished]:
    """Those that vanished together: with the newest, or, once there is an alarm, since it began."""
    every = list(vanished)
    begin = alarm_since
    if begin is None:
        begin = max((endpoint.at for endpoint in every), default=0.0)
    return [endpoint for endpoint in every if endpoint.at >= begin - AT_ONCE]


def assess(vanished: list[Vanished], known: int) -> tuple[Health, str]:
    """Judge by those that vanished together, of so many ``known`` (they included)."""
    lost = len(vanished)
    is_many = lost >= FEW and lost * SHARE > known
    if not is_many and not any(endpoint.kind is Kind.PROVIDER and endpoint.was_up for endpoint in vanished):
        if lost:
            return Health.UP, "Asterisk lists its endpoints"
        return Health.UP, f"Asterisk lists all {known} endpoints"
    names = [
        endpoint.target.endpoint
        for endpoint in sorted(vanished, key=lambda endpoint: (endpoint.kind is Kind.PHONE, endpoint.target))
    ]
    words = f"Asterisk lists {known - lost} of {known} endpoints; missing: {', '.join(names[:NAMES])}"
    if lost > NAMES:
        words = f"{words}, and {lost - NAMES} more"
    if lost * 2 > known:
        return Health.DOWN, words
    return Health.DEGRADED, words
