"""Small helpers to make a database as the daemon would leave it, through the store's own writer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from healthmon.model import (
    Changes,
    Check,
    CheckState,
    Ending,
    Freshness,
    Health,
    Incident,
    Kind,
    Notification,
    PbxState,
    Place,
    PlaceChange,
    Reason,
    Target,
    Transition,
    UnknownPeriod,
)
from healthmon.store.outbox.outbox import Claim, open_outbox
from healthmon.store.write.writer import Writer, open_writer

#: A Friday noon, UTC.
NOW = datetime(2026, 5, 1, 12, 0, tzinfo=UTC).timestamp()
MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0

REASONS = {
    Health.UNKNOWN: "ARI password refused",
    Health.DOWN: "peer status Unreachable",
    Health.UP: "peer status Reachable",
    Health.DEGRADED: "one contact lost",
}

#: No contact is known.
NOWHERE: Mapping[Target, Iterable[str]] = {}

#: (when, what was believed from then on)
Step = tuple[float, Health | None]


def endpoint(target: Target, kind: Kind, belief: Health | None = Health.UP, **facts: Any) -> CheckState:
    """An endpoint's state: watched for 30 days, and as it is since yesterday."""
    state = CheckState(
        target,
        Check.REACHABILITY,
        kind,
        watch=f"{kind}s",
        watched_since=NOW - 30 * DAY,
        belief=belief,
        since=NOW - DAY if belief else 0.0,
        believed_at=NOW - DAY if belief else 0.0,
        reason=REASONS[belief] if belief else "",
        ever_up=belief is not None,
    )
    return replace(state, **facts)


def phone(name: str, belief: Health | None = Health.UP, pbx: str = "office", **facts: Any) -> CheckState:
    """A phone."""
    return endpoint(Target(pbx, "PJSIP", name), Kind.PHONE, belief, **facts)


def provider(name: str, belief: Health | None = Health.UP, pbx: str = "office", **facts: Any) -> CheckState:
    """A provider."""
    return endpoint(Target(pbx, "PJSIP", name), Kind.PROVIDER, belief, **facts)


def connection(pbx: str = "office", belief: Health | None = Health.UP, **facts: Any) -> CheckState:
    """The connection to a PBX, or with ``check`` another of its checks."""
    reason = "connected" if belief is Health.UP else "connection refused"
    state = endpoint(Target(pbx), Kind.PBX, belief, check=Check.CONNECTION, watch="", reason=reason)
    return replace(state, **facts)


def blind(pbx: str = "office", why: str = "connection refused", since: float = NOW - 5 * MINUTE) -> PbxState:
    """A PBX that cannot be seen."""
    return PbxState(pbx, version="22.5.2", blind_why=why, blind_since=since, was_seen=True)


def outage(number: int, state: CheckState, opened_at: float, closed_at: float | None = None, **facts: Any) -> Incident:
    """An incident of this target."""
    incident = Incident(
        number,
        state.target,
        state.check,
        state.kind,
        state.watch,
        Health.DOWN,
        opened_at,
        opened_at,
        "peer status Unreachable",
        closed_at=closed_at,
        ending=Ending.RECOVERED if closed_at else None,
    )
    return replace(incident, **facts)


def steps(state: CheckState, *changes: Step) -> list[Transition]:
    """What was believed of this target, one after another."""
    befores = [None, *(after for _, after in changes)]
    return [
        Transition(state.target, state.check, before, after, at, at, "test")
        for before, (at, after) in zip(befores, changes, strict=False)
    ]


def unknown(target: Target, since: float, until: float | None, check: str = Check.REACHABILITY) -> UnknownPeriod:
    """A time of not seeing; of a PBX with its default check: everything behind it."""
    return UnknownPeriod(target, check, since, until, "connection refused")


@contextmanager
def running(
    path: Path,
    states: Iterable[CheckState] = (),
    *,
    pbx_states: Iterable[PbxState] = (),
    history: Sequence[Transition] = (),
    unknown_periods: Iterable[UnknownPeriod] = (),
    incidents: Iterable[Incident] = (),
    alive_at: float | None = NOW - 3,
    fresh: Iterable[Freshness] = (),
    places: Mapping[Target, Iterable[str]] = NOWHERE,
) -> Iterator[Writer]:
    """A database with these in it, and a daemon that holds its lock inside; ``fresh``: not the usual freshness.

    ``places``: the addresses of the contacts of endpoints.
    """
    states = list(states)
    changes = Changes(
        states={(state.target, state.check): state for state in states},
        pbx_states={state.pbx: state for state in pbx_states},
        transitions=list(history),
        unknown_periods={(each.target, each.check, each.since): each for each in unknown_periods},
        incidents={incident.id: incident for incident in incidents},
        places=[
            PlaceChange(target, Place(address, "Yealink SIP-T46U"), NOW - DAY, False)
            for target, addresses in places.items()
            for address in addresses
        ],
    )
    pbxs = sorted({state.target.pbx for state in states})
    # What was booked before was booked at the tests' own time.
    writer = open_writer(path, now=NOW)
    try:
        writer.commit(changes)
        if alive_at is not None:
            usual = [Freshness(pbx, alive_at - 11, alive_at - 38, alive_at) for pbx in pbxs]
            writer.alive(alive_at, [*usual, *fresh])
        yield writer
    finally:
        writer.close()


def begin_to_tell(path: Path, incident: Incident, url_id: str, at: float) -> Claim:
    """Book that this URL is to be told of the incident, and begin to send the message."""
    opened = Notification(incident.id, url_id, Reason.OPENED, serial=0, booked_at=at - 1, due_at=at - 1)
    with closing(open_writer(path, now=at)) as writer, closing(open_outbox(path)) as outbox:
        writer.commit(Changes(incidents={incident.id: incident}, notifications=[opened]))
        claim = outbox.claim(url_id, at - writer.ahead)
    assert claim is not None
    return claim


def fail_to_tell(path: Path, incident: Incident, url_id: str, at: float) -> None:
    """Book that this URL is to be told of the incident, and that its channel does not take the message."""
    claim = begin_to_tell(path, incident, url_id, at)
    with closing(open_outbox(path)) as outbox:
        outbox.failed(claim, at, "no answer from mail.example.org")


def stopped(path: Path, states: Iterable[CheckState] = (), **facts: Any) -> None:
    """A database with these in it, and no daemon."""
    with running(path, states, **facts):
        pass
