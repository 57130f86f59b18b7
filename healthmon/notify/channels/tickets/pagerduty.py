"""PagerDuty, by its Events API v2: ``pagerduty://INTEGRATIONKEY@APIKEY/SOURCE/COMPONENT``, as apprise writes it.

https://developer.pagerduty.com/docs/events-api-v2/overview/
"""

from __future__ import annotations

import re
from typing import Any

from healthmon.notify.channels.tickets.service import Service, TicketEvent
from healthmon.notify.channels.tickets.ticket_url import TicketUrl
from healthmon.notify.channels.webhook_url import WrongUrl
from healthmon.notify.compose.message import Message
from healthmon.notify.compose.ticket import Action, Ticket, called_field
from healthmon.text.longtext import cut
from healthmon.times.clock import rfc3339

_ADDRESSES = {"us": "https://events.pagerduty.com/v2/enqueue", "eu": "https://events.eu.pagerduty.com/v2/enqueue"}
_SEVERITIES = ("critical", "error", "warning", "info")
#: The limits of the API.
_SUMMARY, _KEY = 1024, 255

OBEYED = ("integrationkey", "apikey", "region", "source", "component", "group", "class", "severity", "click")


class PagerDuty(Service):
    """One integration of a PagerDuty service. Raises WrongUrl."""

    def __init__(self, url: TicketUrl) -> None:
        options = url.options
        # The API key is not needed; a URL without it is shorter.
        self._routing_key = options.get("integrationkey") or url.user or url.host
        if not re.fullmatch(r"[A-Za-z0-9]{32}", self._routing_key):
            raise WrongUrl("the integration key of PagerDuty's Events API v2 has 32 letters and digits")
        region = options.get("region", "us").lower()
        if region not in _ADDRESSES:
            raise WrongUrl("region must be us or eu")
        self._severity = options.get("severity", "").lower()
        if self._severity and self._severity not in _SEVERITIES:
            raise WrongUrl(f"severity must be one of {', '.join(_SEVERITIES)}")
        self._where = url.call(_ADDRESSES[region])
        self._source, self._component = (*url.segments, "", "")[:2]
        self._source = options.get("source", self._source)
        self._component = options.get("component", self._component)
        self._options = options
        self._details = dict(url.extras)

    def event(self, action: Action, ticket: Ticket, message: Message) -> TicketEvent:
        """Write an event; an acknowledgement and an end need the key alone."""
        body: dict[str, Any] = {
            "routing_key": self._routing_key,
            "event_action": action.value,
            "dedup_key": ticket.key[:_KEY],
        }
        if action is Action.TRIGGER:
            links = []
            if click := self._options.get("click"):
                links.append({"href": click})
            body |= {"client": "healthmon", "payload": self._payload(ticket, message), "links": links}
        return TicketEvent(self._where, body)

    def _payload(self, ticket: Ticket, message: Message) -> dict[str, Any]:
        return {
            "summary": cut(message.subject, _SUMMARY),
            "source": self._source or ticket.pbx or "healthmon",
            "severity": self._severity or ticket.severity.value,
            "timestamp": rfc3339(ticket.opened_at),
            "component": self._component or ticket.name,
            "group": self._options.get("group", ticket.site),
            "class": self._options.get("class", ticket.kind),
            "custom_details": {
                "message": message.body,
                "target": ticket.target,
                **called_field(ticket),
                **self._details,
            },
        }
