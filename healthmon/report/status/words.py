"""What is said of an endpoint's checks beside its state, wherever people look at it. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from zoneinfo import ZoneInfo

from healthmon.model import Check, Health
from healthmon.report.formatting import local
from healthmon.report.status.rows import TargetStatus

#: How the reason begins where the manager interface cannot be asked; the whole sentence is in the row of the PBX.
_OF_MANAGER = "manager interface: "
#: Behind one of these stands what else is to be said.
_MORE = re.compile(r"[;:] ")


def unknown_check(check: str, since: str, why: str) -> str:
    """Say of what is up that one of its checks is not known, since when, and why."""
    return f"{check} unknown since {since} ({in_short(why)})"


def unknown_checks(row: TargetStatus, zone: ZoneInfo, now: float) -> list[str]:
    """Say it of each that is not known."""
    return [
        unknown_check(check.check, local(check.since or now, zone, now), check.reason) for check in row.unknown_checks
    ]


def how_many_unknown(counts: Mapping[str, int]) -> str:
    """Say of how many that are up a check is not known: ``2 with registration unknown``; "": of none."""
    return ", ".join(f"{number:,} with {check} unknown" for check, number in counts.items())


def in_short(why: str, said: str = "") -> str:
    """Say why the manager interface cannot be asked, in few words; any other reason as it is.

    ``said``: the same reason in another language.
    """
    said = said or why
    if not why.startswith(_OF_MANAGER):
        return said
    interface, colon, reason = said.partition(": ")
    return interface + colon + _MORE.split(reason, maxsplit=1)[0]


def seems(check: str, state: str, pending: str | None) -> str:
    """Say what is about to be believed: ``seems down``; of what is up also of which other check."""
    words = f"seems {pending}"
    if state == Health.UP and check != Check.REACHABILITY:
        return f"{check} {words}"
    return words
