"""Whether healthmon does its work: it commits, and what it knows of every PBX is fresh. Pure.

``status`` says so, and the dead man's switch is fed only while it is so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import Struct, field

from healthmon.model import Freshness, PbxState

#: The engine books every 10 s that it lives; after so long without that it hangs, or cannot write (seconds).
COMMITS_WITHIN = 30.0

#: A PBX that answers gives a sign of life every 5 s, which is booked every 10 s; after so long nobody looks (seconds).
ALIVE_WITHIN = 60.0

#: A snapshot may be late by so much, and one may fail (seconds).
SNAPSHOT_LATE_BY = 60.0


class Pulse(Struct, frozen=True):
    """What the database says of the watcher itself, at one moment."""

    #: When the engine last committed that it lives; None: never.
    alive_at: float | None = None
    freshness: Mapping[str, Freshness] = field(default_factory=dict)
    pbx_states: Mapping[str, PbxState] = field(default_factory=dict)
    #: The PBXs whose connection is believed down; or not to be seen, and somebody was told so.
    accounted_for: frozenset[str] = frozenset()


def has_stopped_committing(alive_at: float | None, now: float) -> bool:
    """Whether the engine has booked nothing for too long."""
    return alive_at is None or now - alive_at > COMMITS_WITHIN


def is_stale(alive_at: float | None, now: float, *, is_running: bool) -> bool:
    """Whether no daemon keeps up what is known."""
    return not is_running or has_stopped_committing(alive_at, now)


def why_old(fresh: Freshness, now: float) -> str:
    """Say why what is known of a PBX is too old to be trusted, unless it is known to be down; "": it is fresh."""
    if fresh.alive_at is None or fresh.last_snapshot_at is None:
        return "not seen since the start"
    if now - fresh.alive_at > ALIVE_WITHIN:
        return f"no sign of life for {now - fresh.alive_at:.0f} s"
    if now - fresh.last_snapshot_at > 2 * fresh.poll_every + SNAPSHOT_LATE_BY:
        return f"no snapshot for {now - fresh.last_snapshot_at:.0f} s"
    return ""


def why_unwell(pulse: Pulse, pbxs: Iterable[str], now: float) -> str:
    """Say why nobody can rely on healthmon at present; "": it commits, and sees every PBX or told why not."""
    if has_stopped_committing(pulse.alive_at, now):
        if pulse.alive_at is None:
            return "nothing was committed yet"
        return f"nothing was committed for {now - pulse.alive_at:.0f} s"
    for name in pbxs:
        # One that is believed down, or of which people were told, is accounted for.
        if name in pulse.accounted_for:
            continue
        state = pulse.pbx_states.get(name)
        why = (state.blind_why if state else "") or why_old(pulse.freshness.get(name, Freshness(name)), now)
        if why:
            return f"pbx {name} is not seen, and nobody was told: {why}"
    return ""
