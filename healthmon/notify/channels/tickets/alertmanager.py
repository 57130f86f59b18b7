"""Alertmanager, by its API v2: ``alertmanager://HOST:9093/PREFIX``, ``alertmanagers://`` with TLS.

https://prometheus.io/docs/alerting/latest/alerts_api/

An alert is what its labels are, so these never change while it lasts; what may change is an annotation. Alertmanager
keeps alerts in memory only, and wants to hear again of those that last.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from healthmon.notify.channels.tickets.service import Service, TicketEvent
from healthmon.notify.channels.tickets.ticket_url import TicketUrl
from healthmon.notify.channels.webhook_url import WrongUrl, login_header, refuse_odd_headers
from healthmon.notify.compose.message import Message
from healthmon.notify.compose.ticket import Action, Ticket, called_field
from healthmon.times.clock import rfc3339

#: What lasts is said again so often (seconds).
_REFRESH_EVERY = 60.0
#: Without a word from us an alert ends after so long (seconds). Not sooner: that healthmon is silent is no recovery.
_ENDS_AFTER = 30 * 86400.0
_PORTS = {"alertmanager": ("http", "9093"), "alertmanagers": ("https", "443")}

OBEYED = ()


class Alertmanager(Service):
    """One Alertmanager. Raises WrongUrl."""

    refresh_every = _REFRESH_EVERY

    def __init__(self, url: TicketUrl) -> None:
        if not re.fullmatch(r"[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]", url.host):
            raise WrongUrl("names no host; it looks like alertmanager://127.0.0.1:9093")
        scheme, port = _PORTS[url.scheme]
        prefix = "".join(f"/{segment}" for segment in url.segments)
        headers = login_header(url.user, url.password) | dict(url.extras)
        refuse_odd_headers(headers)
        self._where = url.call(f"{scheme}://{url.host}:{url.port or port}{prefix}/api/v2/alerts", headers=headers)
        self._labels = dict(url.fields)
        if not all(re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name) for name in self._labels):
            raise WrongUrl("one of its :NAME= is no name of a label; such a name has letters, digits and _")

    def event(self, action: Action, ticket: Ticket, message: Message) -> TicketEvent:
        """Write an alert. That somebody took note is an annotation: Alertmanager has no such state."""
        return TicketEvent(self._where, [self._alert(ticket, message)])

    def _alert(self, ticket: Ticket, message: Message) -> dict[str, Any]:
        start = ticket.opened_at
        end = ticket.now + _ENDS_AFTER
        if ticket.closed_at is not None:
            end = ticket.closed_at
        return {
            "labels": self._labels_of(ticket),
            "annotations": {
                "summary": message.subject,
                "description": message.body,
                **called_field(ticket),
                **({"acknowledged_by": ticket.acknowledged_by} if ticket.acknowledged_by else {}),
            },
            "startsAt": rfc3339(start),
            # It must not end before it began.
            "endsAt": rfc3339(max(end, start + 0.001)),
        }

    def _labels_of(self, ticket: Ticket) -> dict[str, str]:
        labels = {
            "alertname": "healthmon",
            "incident": ticket.key,
            "pbx": ticket.pbx,
            "kind": ticket.kind,
            "target": ticket.target,
            "name": ticket.name,
            "check": ticket.check,
            "severity": ticket.first_severity.value,
            **self._labels,
        }
        # To Alertmanager an empty label is none.
        return {name: value for name, value in labels.items() if value}

    def together(self, events: Sequence[TicketEvent]) -> Sequence[TicketEvent]:
        """Post all alerts at once."""
        if events:
            return [TicketEvent(self._where, [alert for event in events for alert in event.body])]
        return []
