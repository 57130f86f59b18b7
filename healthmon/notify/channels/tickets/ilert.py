"""ilert, by its events API: ``ilert://INTEGRATIONKEY``, as apprise writes it.

https://docs.ilert.com/developer-docs/rest-api/api-reference/events
"""

from __future__ import annotations

import re
from typing import Any

from healthmon.model import Severity
from healthmon.notify.channels.tickets.service import Service, TicketEvent
from healthmon.notify.channels.tickets.ticket_url import TicketUrl
from healthmon.notify.channels.webhook_url import WrongUrl
from healthmon.notify.compose.message import Message
from healthmon.notify.compose.ticket import Action, Ticket, called_field

_ADDRESS = "https://api.ilert.com/api/events"
_EVENT_TYPES = {Action.TRIGGER: "ALERT", Action.ACKNOWLEDGE: "ACCEPT", Action.RESOLVE: "RESOLVE"}
#: With LOW nobody is called again and again; what is a warning goes by the settings of the alert source.
_PRIORITIES = {Severity.CRITICAL: "HIGH", Severity.INFO: "LOW"}

OBEYED = ("key", "priority", "route", "click")


class Ilert(Service):
    """One alert source of ilert. Raises WrongUrl."""

    def __init__(self, url: TicketUrl) -> None:
        options = url.options
        self._key = options.get("key") or url.host
        if not re.fullmatch(r"[A-Za-z0-9_.-]+", self._key):
            raise WrongUrl("ilert:// needs the integration key of an alert source of the type API")
        self._priority = options.get("priority", "").upper()
        if self._priority not in ("", "HIGH", "LOW"):
            raise WrongUrl("priority must be high or low")
        self._where = url.call(_ADDRESS)
        self._options = options
        self._labels = dict(url.extras)

    def event(self, action: Action, ticket: Ticket, message: Message) -> TicketEvent:
        """Write an event."""
        body: dict[str, Any] = {
            "integrationKey": self._key,
            "eventType": _EVENT_TYPES[action],
            "summary": message.subject,
            "alertKey": ticket.key,
        }
        if action is Action.TRIGGER:
            body |= self._of_alert(ticket, message)
        return TicketEvent(self._where, body)

    def _of_alert(self, ticket: Ticket, message: Message) -> dict[str, Any]:
        priority = self._priority or _PRIORITIES.get(ticket.severity, "")
        facts = {"pbx": ticket.pbx, "kind": ticket.kind, "target": ticket.target, "severity": ticket.severity.value}
        alert: dict[str, Any] = {"details": message.body, "customDetails": facts | called_field(ticket)}
        if priority:
            alert["priority"] = priority
        if route := self._options.get("route"):
            alert["routingKey"] = route
        if click := self._options.get("click"):
            alert["links"] = [{"href": click}]
        if self._labels:
            alert["labels"] = self._labels
        return alert
