"""Scheduled reports on their way to one URL, when no alert has to be sent there."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial

from msgspec.structs import replace

from healthmon.errors import DeliveredInPart, DeliveryError, DeliveryUnsure
from healthmon.notify.channels.sender import Sender
from healthmon.notify.compose.message import Message
from healthmon.notify.compose.report_message import compose_report
from healthmon.notify.compose.voice import Voice
from healthmon.notify.delivery.backoff import Backoff
from healthmon.notify.delivery.ledger import Ledger
from healthmon.notify.delivery.lookout import Lookout
from healthmon.store.outbox.outbox import Outbox, ReportClaim
from healthmon.times.clock import Clock

log = logging.getLogger(__name__)

#: A file that was refused so often, or of which nobody knows whether it arrived, goes on as a text without it …
TEXT_AFTER = 2
#: … and that is given up after so often in all.
MOST_REFUSALS = 4


class ReportPost:
    """Sends the reports of one URL, one at a time. Owned by its deliverer's thread.

    It has waits of its own: a file that a channel does not take must not make an alert wait.
    """

    def __init__(
        self,
        url_id: str,
        sender: Sender,
        ledger: Ledger,
        clock: Clock,
        *,
        jitter: Callable[[float, float], float],
        lookout: Lookout,
    ) -> None:
        self._url_id = url_id
        self._sender = sender
        self._ledger = ledger
        self._clock = clock
        self._pace = Backoff(0.0, jitter)
        self._lookout = lookout

    def returned(self, now: float) -> None:
        """The channel can be reached again: try at once."""
        self._pace.returned(now)

    def next_attempt(self, outbox: Outbox, channel: Backoff) -> float | None:
        """Return when a report may be sent (on the steady clock, perhaps in the past); None: none waits."""
        if not outbox.reports.is_waiting(self._url_id, self._clock.wall()):
            return None
        now = self._clock.steady()
        return max(pace.next_attempt(now, is_urgent=False, now=now) for pace in (self._pace, channel))

    def send_one(self, outbox: Outbox, channel: Backoff, voice: Voice) -> None:
        """Send the oldest report that waits, and book what became of it."""
        claim = outbox.reports.claim(self._url_id, self._clock.wall())
        if claim is None:
            return
        try:
            message = replace(self._compose(claim, voice), only=claim.only)
            self._sender.send(message)
        except DeliveredInPart as part:
            channel.succeeded(self._clock.steady())
            self._note_missed(outbox, claim, part)
        except DeliveryError as error:
            self._note_failed(outbox, claim, error, channel)
        else:
            self._pace.succeeded(self._clock.steady())
            channel.succeeded(self._clock.steady())
            self._lookout.attempt_succeeded()
            log.info("%s: delivered: %s", self._url_id, message.subject)
            self._ledger.book(partial(outbox.reports.delivered, claim, self._clock.wall()))

    def _compose(self, claim: ReportClaim, voice: Voice) -> Message:
        return compose_report(
            claim.report,
            voice,
            most_characters=self._sender.most_characters,
            attaches=claim.refusals < TEXT_AFTER and self._sender.takes_attachments,
            possibly_repeated=claim.possibly_repeated,
        )

    def _note_missed(self, outbox: Outbox, claim: ReportClaim, part: DeliveredInPart) -> None:
        """Book who does not have it: those that may still take it get it alone."""
        later = [missed.address for missed in part.missed if not missed.is_final]
        in_doubt = any(missed.in_doubt for missed in part.missed)
        log.warning("%s: report %s of %s: %s", self._url_id, claim.report.schedule, claim.report.day, part.why)
        if not later or (in_doubt and claim.refusals + 1 >= MOST_REFUSALS):
            self._ledger.book(partial(outbox.reports.delivered, claim, self._clock.wall(), part.why))
            return
        self._pace.failed(self._clock.steady(), in_doubt=in_doubt)
        self._ledger.book(partial(outbox.reports.waits_for, claim, later, part.why, in_doubt=in_doubt))

    def _note_failed(self, outbox: Outbox, claim: ReportClaim, error: DeliveryError, channel: Backoff) -> None:
        now, is_unsure = self._clock.steady(), isinstance(error, DeliveryUnsure)
        name = f"report {claim.report.schedule} of {claim.report.day}"
        self._pace.failed(now, in_doubt=is_unsure)
        self._lookout.attempt_failed(error.no_connection, now)
        if error.retry_after is not None:
            channel.failed(now, retry_after=error.retry_after)
        if (error.refused or is_unsure) and claim.refusals + 1 >= MOST_REFUSALS:
            log.error("%s: %s is undeliverable: %s", self._url_id, name, error.why)
            self._ledger.book(partial(outbox.reports.undeliverable, claim, self._clock.wall(), error.why))
            return
        log.warning("%s: %s not delivered, tried again: %s", self._url_id, name, error.why)
        again = partial(outbox.reports.failed, claim, error.why, refused=error.refused, in_doubt=is_unsure)
        self._ledger.book(again)
