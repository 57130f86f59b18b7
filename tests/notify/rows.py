"""Claimed rows for tests: what the outbox hands to a deliverer."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from healthmon.languages import language
from healthmon.model import Check, Ending, Health, Incident, Kind, Reason, Said, Target
from healthmon.notify.compose.voice import Voice
from healthmon.store.outbox.outbox import ClaimedRow

BERLIN = ZoneInfo("Europe/Berlin")


def berlin(text: str, fold: int = 0) -> float:
    """Read ``2026-05-01 14:02:11`` as Berlin's local time; ``fold=1``: the second time on the 25-hour day."""
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN, fold=fold).timestamp()


#: "Now" in most tests: Friday the first of May, five minutes past two in the afternoon.
NOW = berlin("2026-05-01 14:05:00")
SINCE = berlin("2026-05-01 14:02:11")

ENGLISH = Voice(language("en"), BERLIN, NOW)

TELEKOM = Target("office", "PJSIP", "Telekom")
OFFICE = Target("office")


def phone(name: str, pbx: str = "office") -> Target:
    """A phone's name."""
    return Target(pbx, "PJSIP", name)


def incident(target: Target, number: int = 840, kind: Kind | None = None, **facts: Any) -> Incident:
    """An outage that began at SINCE and lasts; ``facts`` say what is different."""
    chosen = kind or (Kind.PBX if target.is_pbx else Kind.PROVIDER if target == TELEKOM else Kind.PHONE)
    values: dict[str, Any] = {
        "id": number,
        "target": target,
        "check": Check.CONNECTION if target.is_pbx else Check.REACHABILITY,
        "kind": chosen,
        "watch": "" if target.is_pbx else "phones",
        "health": Health.DOWN,
        "opened_at": SINCE,
        "believed_at": facts.get("opened_at", SINCE) + 30,
        "cause": "does not answer OPTIONS (contact Unreachable)",
        "severity": chosen.usual_severity,
    }
    return Incident(**{**values, **facts})


def closed(target: Target, number: int = 840, ending: Ending = Ending.RECOVERED, **facts: Any) -> Incident:
    """An outage that is over."""
    return incident(target, number, **{"closed_at": SINCE + 720, "ending": ending, **facts})


def row(
    about: Incident,
    reason: Reason = Reason.OPENED,
    says: Said = Said.DOWN,
    *,
    repeated: bool = False,
    explained: tuple[Incident, ...] = (),
    others: int = 0,
    worst: tuple[Incident, ...] = (),
    knows: bool = True,
    told_before: frozenset[int] = frozenset(),
    not_back: tuple[Incident, ...] = (),
    unknown: tuple[Target, ...] = (),
) -> ClaimedRow:
    """One line of a message; ``knows``: its reader is told of what is left of it."""
    left = frozenset(one.id for one in explained if one.is_open and not about.is_open and knows)
    told = told_before | left
    others = others or len(worst)
    unnamed = (Kind.PHONE,) * (others - len(worst))
    return ClaimedRow(
        about.id,
        reason,
        says,
        about,
        repeated,
        explained,
        told,
        not_back,
        others,
        worst,
        others_unnamed=unnamed,
        unknown_registrations=unknown,
    )


def up(about: Incident, **options: Any) -> ClaimedRow:
    """It is over, to somebody who was told."""
    return row(about, Reason.RESOLVED, Said.UP, **options)
