"""What the senders of tickets have in common: a service says what to call, and one loop calls."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Protocol

from msgspec import Struct

from healthmon.config.sections.shared import Secret
from healthmon.errors import DeliveryError
from healthmon.notify.channels.http_calls import Call, Caller, HttpAnswer
from healthmon.notify.channels.redact import Redactor
from healthmon.notify.compose.message import MOST_CHARACTERS, Message
from healthmon.notify.compose.ticket import Action, Ticket

#: A message without a ticket: a report, say.
NO_TICKET = "an on-call service takes tickets only"


class TicketEvent(Struct, frozen=True):
    """What is posted about one ticket."""

    where: Call
    #: To be written as JSON.
    body: Any


class Service(Protocol):
    """One on-call service, as one URL names it."""

    #: How often what lasts must be said again (seconds); None: once is enough.
    refresh_every: float | None = None

    def event(self, action: Action, ticket: Ticket, message: Message) -> TicketEvent:
        """Say what to post so that this is done."""

    def together(self, events: Sequence[TicketEvent]) -> Sequence[TicketEvent]:
        """Join events that can be posted at once."""
        return events

    def why_not(self, answer: HttpAnswer) -> str:
        """Say why the event was not taken though the answer is 2xx; "": it was taken."""
        if answer.is_accepted:
            return ""
        return answer.reason


class TicketSender:
    """Sends to one URL of an on-call service. Owned by one thread."""

    #: A program takes what comes.
    min_interval = 0.0
    most_characters = MOST_CHARACTERS
    takes_attachments = False
    takes_tickets = True

    def __init__(self, url_id: str, url: Secret, service: Service) -> None:
        self.url_id = url_id
        self._redact = Redactor([url])
        self._service = service
        self._caller = Caller(url_id, self._redact)

    @property
    def refresh_every(self) -> float | None:
        """How often what lasts must be said again (seconds)."""
        return self._service.refresh_every

    def send(self, message: Message) -> None:
        """Do all that the ticket of a message wants. Raises DeliveryError, or DeliveryUnsure.

        What was done before it failed is done again at the next attempt, which is harmless.
        """
        if message.ticket is None:
            raise DeliveryError(self.url_id, NO_TICKET)
        for action in message.ticket.actions:
            self._post(self._service.event(action, message.ticket, message))

    def refresh(self, messages: Sequence[Message]) -> None:
        """Say again what lasts."""
        events = [
            self._service.event(Action.TRIGGER, message.ticket, message)
            for message in messages
            if message.ticket is not None
        ]
        for event in self._service.together(events):
            self._post(event)

    def _post(self, event: TicketEvent) -> None:
        answer = self._caller.call(event.where, json.dumps(event.body).encode())
        if why := self._service.why_not(answer):
            raise DeliveryError(self.url_id, self._redact(why))
