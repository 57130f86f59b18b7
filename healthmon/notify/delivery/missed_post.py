"""Messages on their way to single addresses of a URL, which others of its addresses have already."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial

from msgspec.structs import replace

from healthmon.errors import DeliveredInPart, DeliveryError
from healthmon.notify.channels.sender import Sender
from healthmon.notify.compose.message import Message
from healthmon.notify.delivery.backoff import Backoff
from healthmon.notify.delivery.ledger import Ledger
from healthmon.store.outbox.outbox import Claim, MissedClaim, Outbox
from healthmon.times.clock import Clock

log = logging.getLogger(__name__)


class MissedPost:
    """Tells single addresses what they missed. Owned by its deliverer's thread.

    Each address has waits of its own: one whose mail server says "later" holds up none of the others.
    """

    def __init__(
        self,
        url_id: str,
        sender: Sender,
        ledger: Ledger,
        clock: Clock,
        *,
        new_pace: Callable[[], Backoff],
        give_up_after: float,
        compose: Callable[[Claim], Message],
    ) -> None:
        self._url_id = url_id
        self._sender = sender
        self._ledger = ledger
        self._clock = clock
        self._new_pace = new_pace
        self._give_up_after = give_up_after
        self._compose = compose
        self._paces: dict[str, Backoff] = {}
        #: Why the last attempt at each address failed.
        self._whys: dict[str, str] = {}

    def next_attempt(self, outbox: Outbox) -> tuple[float, str] | None:
        """Return when which address may be tried (on the steady clock, perhaps in the past); None: nobody waits."""
        waiting = outbox.missed.waiting(self._url_id, self._clock.wall())
        self._paces = {address: self._paces.get(address) or self._new_pace() for address in waiting}
        attempts = [(self._attempt_at(address, booked_at), address) for address, booked_at in waiting.items()]
        return min(attempts, default=None)

    def _attempt_at(self, address: str, booked_at: float) -> float:
        """What is booked since the last attempt is news, and may bring the next one forward."""
        pace, steady = self._paces[address], self._clock.steady()
        failed_at = None
        if pace.failed_at is not None:
            failed_at = self._clock.wall() - (steady - pace.failed_at)
        return pace.next_attempt(steady, is_urgent=failed_at is not None and booked_at > failed_at, now=steady)

    def send_one(self, outbox: Outbox, address: str) -> None:
        """Tell one address what it missed, as it is by now, and book what became of that."""
        now = self._clock.now()
        claim = outbox.missed.claim(self._url_id, address, now, give_up_before=now - self._give_up_after)
        if claim is None:
            return
        self._paces[address].begin(self._clock.steady())
        try:
            self._sender.send(replace(self._compose(claim.claim), only=frozenset((address,))))
        except DeliveredInPart as error:
            self._note_missed(outbox, claim, error)
        except DeliveryError as error:
            self._paces[address].failed(self._clock.steady(), retry_after=error.retry_after)
            self._ledger.book(partial(outbox.missed.failed, claim, error.why))
        else:
            log.info("%s: delivered what a single address had missed", self._url_id)
            self._whys.pop(address, None)
            self._paces[address].succeeded(self._clock.steady())
            self._ledger.book(partial(outbox.missed.delivered, claim, self._clock.wall()))

    def _note_missed(self, outbox: Outbox, claim: MissedClaim, error: DeliveredInPart) -> None:
        [missed] = error.missed
        if self._whys.get(claim.address) != error.why:
            log.warning("%s: %s", self._url_id, error.why)
        self._whys[claim.address] = error.why
        self._paces[claim.address].failed(self._clock.steady(), in_doubt=missed.in_doubt)
        self._ledger.book(partial(outbox.missed.not_delivered, claim, missed, self._clock.wall()))
