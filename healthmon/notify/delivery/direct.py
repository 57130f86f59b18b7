"""What one URL is to be told past the outbox: it waits here, and outlives a deliverer that has a defect."""

from __future__ import annotations

from collections import deque

from msgspec import Struct

from healthmon.notify.compose.message import Message


class DirectMessage(Struct, frozen=True):
    """A message that waits to be sent, and that no database keeps."""

    message: Message
    #: Sending it has met with a defect of ours once. Another one, and it is given up: it may be the cause.
    has_met_defect: bool = False


class DirectQueue:
    """Messages past the outbox. Any thread may ``put()``; the rest is the thread's that sends them."""

    def __init__(self) -> None:
        self._waiting: deque[DirectMessage] = deque()
        #: What was opened as a ticket, and has to be resolved when the outbox can be used again.
        self.ticket: Message | None = None

    def put(self, message: Message) -> None:
        """Have it sent after all others."""
        self._waiting.append(DirectMessage(message))

    def is_empty(self) -> bool:
        """Whether nothing waits."""
        return not self._waiting

    def take(self) -> DirectMessage:
        """Return the first that waits, which is then under way."""
        return self._waiting.popleft()

    def met_defect(self, under_way: DirectMessage) -> None:
        """Sending it met with a defect: have it tried once more, before all others."""
        if not under_way.has_met_defect:
            self._waiting.appendleft(DirectMessage(under_way.message, has_met_defect=True))
