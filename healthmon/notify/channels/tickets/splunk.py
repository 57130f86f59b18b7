"""Splunk On-Call (VictorOps), by its REST endpoint: ``splunk://ROUTINGKEY@APIKEY``, as apprise writes it.

https://help.splunk.com/en/splunk-enterprise/alert-and-respond/splunk-on-call
"""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import quote

from healthmon.model import Severity
from healthmon.notify.channels.http_calls import HttpAnswer
from healthmon.notify.channels.tickets.service import Service, TicketEvent
from healthmon.notify.channels.tickets.ticket_url import TicketUrl
from healthmon.notify.channels.webhook_url import WrongUrl
from healthmon.notify.compose.message import Message
from healthmon.notify.compose.ticket import Action, Ticket
from healthmon.text.longtext import cut
from healthmon.text.visible import visible

_ADDRESS = "https://alert.victorops.com/integrations/generic/20131114/alert"
#: What apprise calls our severities in ``:failure=WARNING``, and what they are without that.
_TYPES = {
    Severity.CRITICAL: ("failure", "CRITICAL"),
    Severity.WARNING: ("warning", "WARNING"),
    Severity.INFO: ("info", "INFO"),
}
_MESSAGE_TYPES = ("CRITICAL", "WARNING", "ACKNOWLEDGEMENT", "INFO", "RECOVERY")

OBEYED = ("apikey", "routing_key", "route")


class SplunkOnCall(Service):
    """One routing key of Splunk On-Call. Raises WrongUrl."""

    def __init__(self, url: TicketUrl) -> None:
        options = url.options
        api_key = options.get("apikey") or url.host
        routing_key = options.get("routing_key") or options.get("route") or url.user
        if not all(re.fullmatch(r"[A-Za-z0-9_-]+", key) for key in (api_key, routing_key)):
            raise WrongUrl("it looks like splunk://ROUTINGKEY@APIKEY, both of letters, digits, - and _")
        self._types = {name.lower(): value.upper() for name, value in url.fields.items()}
        if not set(self._types.values()) <= set(_MESSAGE_TYPES):
            raise WrongUrl(f"one of its :failure=, :warning=, :info= is none of {', '.join(_MESSAGE_TYPES)}")
        self._where = url.call(f"{_ADDRESS}/{quote(api_key)}/{quote(routing_key)}")

    def event(self, action: Action, ticket: Ticket, message: Message) -> TicketEvent:
        """Write an event: the entity's id is the ticket's key."""
        body: dict[str, Any] = {
            "message_type": self._message_type(action, ticket),
            "entity_id": ticket.key,
            "entity_display_name": message.subject,
            "state_message": message.body,
            "state_start_time": int(ticket.opened_at),
            "monitoring_tool": "healthmon",
            "healthmon_target": ticket.target,
            "healthmon_severity": ticket.severity.value,
        }
        if ticket.called:
            body["healthmon_called"] = ticket.called
        if action is Action.ACKNOWLEDGE:
            body["ack_author"] = ticket.acknowledged_by
        return TicketEvent(self._where, body)

    def _message_type(self, action: Action, ticket: Ticket) -> str:
        if action is Action.RESOLVE:
            return "RECOVERY"
        if action is Action.ACKNOWLEDGE:
            return "ACKNOWLEDGEMENT"
        name, usual = _TYPES[ticket.severity]
        return self._types.get(name, usual)

    def why_not(self, answer: HttpAnswer) -> str:
        """It answers 200 also where it did not take the event, and says so in the body."""
        try:
            said = json.loads(answer.body)
        except ValueError:
            said = None
        if isinstance(said, dict) and said.get("result") == "success":
            return ""
        return f"it did not take it; it answered: {cut(visible(' '.join(answer.body.split())), 200)}"
