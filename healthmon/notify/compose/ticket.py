"""What an on-call service is to do about one incident. Pure."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from healthmon.model import Reason, Said, Severity
from healthmon.store.outbox.outbox import ClaimedRow


class Action(StrEnum):
    """What becomes of a ticket."""

    TRIGGER = "trigger"
    ACKNOWLEDGE = "acknowledge"
    RESOLVE = "resolve"


class Ticket(Struct, frozen=True):
    """One ticket, and what is to be done with it, in this order.

    Whatever is done twice with the same key is harmless: it is opened once, and resolved once.
    """

    key: str
    actions: tuple[Action, ...]
    severity: Severity
    #: As it was when the ticket was opened.
    first_severity: Severity
    #: When this is written, and when the outage began.
    now: float
    opened_at: float
    closed_at: float | None = None
    acknowledged_by: str = ""
    pbx: str = ""
    kind: str = ""
    #: ``PJSIP/trunk-telekom on office``, and the name alone.
    target: str = ""
    name: str = ""
    check: str = ""
    site: str = ""
    #: What people call it; "": it has no other name.
    called: str = ""


def ticket_of(row: ClaimedRow, now: float, called: str) -> Ticket | None:
    """Say what is to be done about one claimed row; None: it was not claimed for an on-call service."""
    incident, target = row.incident, row.incident.target
    if not row.key:
        return None
    return Ticket(
        key=row.key,
        actions=_actions(row),
        # Nobody is called for what is over: it is opened as the least urgent, and resolved at once.
        severity=Severity.INFO if row.says is Said.WAS_DOWN else incident.severity,
        first_severity=row.first_severity or incident.severity,
        now=now,
        opened_at=incident.opened_at,
        closed_at=incident.closed_at,
        acknowledged_by=incident.acked_by,
        pbx=target.pbx,
        kind=incident.kind.value,
        target=str(target),
        name=target.resource or target.pbx,
        check=incident.check,
        site=incident.site,
        called=called,
    )


def _actions(row: ClaimedRow) -> tuple[Action, ...]:
    if row.says is Said.UP:
        return (Action.RESOLVE,)
    if row.says is Said.WAS_DOWN:
        return Action.TRIGGER, Action.RESOLVE
    if row.reason is Reason.ACKNOWLEDGED:
        return (Action.ACKNOWLEDGE,)
    # Somebody took note before the service could be reached.
    if row.incident.acked_at is not None:
        return (Action.TRIGGER, Action.ACKNOWLEDGE)
    return (Action.TRIGGER,)


def called_field(ticket: Ticket) -> dict[str, str]:
    """What people call it, as a field for a service; nothing where it has no other name."""
    if ticket.called:
        return {"called": ticket.called}
    return {}


def passing_ticket(key: str, now: float, severity: Severity, actions: tuple[Action, ...], name: str) -> Ticket:
    """A ticket that is about no incident: a test, or healthmon's own trouble."""
    return Ticket(key, actions, severity, severity, now, now, now, kind="healthmon", target=name, name=name)
