"""What every way out can do: carry messages to one URL."""

from __future__ import annotations

from typing import Protocol

from healthmon.notify.compose.message import Message


class Sender(Protocol):
    """Something that carries messages to one URL. Owned by one thread."""

    @property
    def min_interval(self) -> float:
        """How long to wait between two messages (seconds)."""

    @property
    def most_characters(self) -> int:
        """How long a body may be."""

    @property
    def takes_tickets(self) -> bool:
        """Whether each incident is a message of its own, with a ticket."""

    @property
    def takes_attachments(self) -> bool:
        """Whether a file may go along."""

    def send(self, message: Message) -> None:
        """Send, and return when it is accepted.

        Raises DeliveryError when it was not, DeliveryUnsure when nobody knows, DeliveredInPart when some addresses of
        the URL have it.
        """
