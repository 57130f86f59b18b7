"""An on-call service that keeps tickets in memory only hears again and again of what lasts."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from healthmon.notify.channels.tickets.service import TicketSender
from healthmon.notify.compose.message import Message
from healthmon.store.outbox.outbox import ClaimedRow

NEVER = float("inf")


class Refreshing:
    """Says again what lasts. Owned by one deliverer's thread; times are of ``Clock.steady``."""

    def __init__(self, sender: object) -> None:
        self._sender = sender if isinstance(sender, TicketSender) else None
        self._every = (self._sender.refresh_every if self._sender else None) or NEVER
        self._due_at = 0.0 if self._every < NEVER else NEVER

    def wait(self, now: float) -> float:
        """Return in how many seconds it is due."""
        return max(self._due_at - now, 0.0)

    def do(self, lasting: Sequence[ClaimedRow], write: Callable[[ClaimedRow], Message], now: float) -> None:
        """Say what lasts. Raises DeliveryError; it is due anew all the same."""
        self._due_at = now + self._every
        if self._sender is not None and lasting:
            self._sender.refresh([write(row) for row in lasting])
