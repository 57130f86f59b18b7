"""One thread for each receiver URL: claim what is due, send it, book what became of it, wait.

The decisions are made elsewhere (``backoff.py``, ``pieces.py``, ``compose/digest.py``); this loop is dull.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Sequence
from functools import partial
from threading import Event
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from healthmon.config.sections.receiver import ReceiverConfig
from healthmon.errors import DatabaseUnwritable, DeliveredInPart, DeliveryError, DeliveryUnsure, Missed
from healthmon.languages import language
from healthmon.model import NO_NAMES, DisplayNames, Severity
from healthmon.notify.channels.sender import Sender
from healthmon.notify.compose.message import Message, MessageDraft
from healthmon.notify.compose.ticket import Action
from healthmon.notify.compose.voice import Voice
from healthmon.notify.delivery.backoff import Backoff
from healthmon.notify.delivery.direct import DirectQueue
from healthmon.notify.delivery.ledger import Ledger
from healthmon.notify.delivery.lookout import Lookout
from healthmon.notify.delivery.missed_post import MissedPost
from healthmon.notify.delivery.pieces import PATIENCE, Attempt, Rows, Suspects, pieces
from healthmon.notify.delivery.refreshing import Refreshing
from healthmon.notify.delivery.report_post import ReportPost
from healthmon.notify.templates.rendering import Rendering
from healthmon.notify.templates.user_words import Templates
from healthmon.store.outbox.failing_channels import FailingChannel
from healthmon.store.outbox.outbox import Claim, ClaimedRow, Outbox
from healthmon.times.clock import Clock
from healthmon.times.weekly import end_of

log = logging.getLogger(__name__)

#: The outbox is looked at so often even if nobody wakes us (seconds).
LOOK_EVERY = 30.0
#: So many tickets are sent in a row, then what is due is looked at anew.
MOST_TICKETS = 100
#: A pause where nothing came of a look (seconds).
BREATH = 1.0
#: How long to wait between attempts to write a database that cannot be written (seconds).
UNWRITABLE_WAIT = 1.0


class Deliverer:
    """The work of one URL's thread. Others may set ``zone`` and ``names``, and ``say()``."""

    def __init__(
        self,
        url_id: str,
        receiver: ReceiverConfig,
        *,
        sender: Sender,
        open_outbox: Callable[[], Outbox],
        zone: ZoneInfo,
        clock: Clock,
        wake: Event,
        stop: Event,
        jitter: Callable[[float, float], float] = random.uniform,
        lookout: Lookout | None = None,
        on_return: Callable[[], None] = lambda: None,
        rendering: Rendering | None = None,
        direct: DirectQueue | None = None,
        names: DisplayNames = NO_NAMES,
    ) -> None:
        self.url_id = url_id
        self.zone = zone
        #: What the configuration calls endpoints.
        self.names = names
        #: Why the last attempt failed; empty: it did not.
        self.fails_because = ""
        self._receiver = receiver
        self._language = language(receiver.language)
        self._templates = Templates(receiver, rendering or Rendering())
        self._sender = sender
        self._open_outbox = open_outbox
        self._clock = clock
        self._wake = wake
        self._stop = stop
        new_pace = partial(Backoff, sender.min_interval, jitter, receiver.longest_pause)
        self._pace = new_pace()
        self._lookout = lookout or Lookout()
        self._on_return = on_return
        self._others_returned = Event()
        self._suspects = Suspects()
        self._direct = direct or DirectQueue()
        self._ledger = Ledger(url_id)
        self._refreshing = Refreshing(sender)
        #: It has no quiet time, and that is noted: a run before may have had one.
        self._is_loud_noted = False
        #: Addresses of this URL that wait for what they do not have yet.
        self._behind: frozenset[str] = frozenset()
        self._missed = MissedPost(
            url_id,
            sender,
            self._ledger,
            clock,
            new_pace=new_pace,
            give_up_after=receiver.give_up_after,
            compose=lambda claim: self._compose(claim.rows, claim),
        )
        self._reports = ReportPost(url_id, sender, self._ledger, clock, jitter=jitter, lookout=self._lookout)

    # ---------------------------------------------------------------- for other threads

    def say(self, draft: MessageDraft) -> None:
        """Send a message past the outbox, once. Returns at once."""
        self._direct.put(draft(self._voice(self._clock.wall())))
        self._wake.set()

    def look_again(self) -> None:
        """Another channel that could not be reached takes messages again: perhaps this one does, too."""
        self._others_returned.set()
        self._wake.set()

    # ---------------------------------------------------------------- the thread

    def run(self) -> None:
        """Deliver until ``stop`` is set. What is being sent then is finished first."""
        outbox = self._opened()
        if outbox is None:
            return
        try:
            while not self._stop.is_set():
                self._wake.clear()
                wait = self.step(outbox)
                if not self._stop.is_set():
                    self._wake.wait(wait)
        finally:
            self._ledger.close()
            outbox.close()

    def _opened(self) -> Outbox | None:
        """Open the outbox, however long that takes; None: told to stop first."""
        while not self._stop.is_set():
            try:
                return self._open_outbox()
            except DatabaseUnwritable as error:
                self._ledger.note_unwritable(error)
                self._send_direct()
                self._wake.wait(UNWRITABLE_WAIT)
        return None

    def step(self, outbox: Outbox) -> float:
        """Do what can be done now; return how many seconds to wait for more, unless woken."""
        self._look_out()
        self._send_direct()
        try:
            self._ledger.catch_up()
            wait = self._deliver(outbox)
            if wait > 0:
                wait = min(wait, self._deliver_missed(outbox))
            if wait > 0:
                wait = min(wait, self._deliver_report(outbox))
            self._refresh_tickets(outbox)
            steady = self._clock.steady()
            wait = min(wait, self._lookout.wait(steady), max(self._refreshing.wait(steady), BREATH))
        except DatabaseUnwritable as error:
            self._ledger.note_unwritable(error)
            return UNWRITABLE_WAIT
        self._ledger.note_writable()
        self._end_direct_ticket()
        return wait

    def _look_out(self) -> None:
        """Try again at once if the channel could not be reached, and now it can."""
        if self._others_returned.is_set():
            self._others_returned.clear()
            self._lookout.others_returned(self._clock.steady())
        if self._lookout.sees_it_return(self._clock.steady()):
            log.info("%s: can perhaps be reached again", self.url_id)
            self._pace.returned(self._clock.steady())
            self._reports.returned(self._clock.steady())

    def _keep_quiet(self, outbox: Outbox, now: float) -> None:
        """Note whether this receiver wants to be left alone now; what is claimed goes by that."""
        quiet = self._receiver.quiet
        if quiet is None and self._is_loud_noted:
            return
        outbox.keep_quiet(self.url_id, self._quiet_until(now), quiet.exceptions if quiet else ())
        self._is_loud_noted = quiet is None

    def _quiet_until(self, now: float) -> float | None:
        if self._receiver.quiet:
            return end_of(self._receiver.quiet.times, now)
        return None

    def _deliver(self, outbox: Outbox) -> float:
        now, steady = self._clock.wall(), self._clock.steady()
        self._keep_quiet(outbox, now)
        due_at = outbox.next_due(self.url_id, as_tickets=self._sender.takes_tickets)
        if due_at is None:
            return LOOK_EVERY
        at = self._pace.next_attempt(steady + due_at - now, is_urgent=self._has_news(outbox), now=steady)
        if at > steady:
            return min(at - steady, LOOK_EVERY)
        # A ticket that nobody resolves stays open for ever.
        if self._pace.failures and not self._sender.takes_tickets:
            self._give_up_old(outbox, now)
        self._behind = outbox.missed.addresses(self.url_id)
        # What waits for others has waited enough once the first of them is due.
        claim = self._claim(outbox)
        if claim is None:
            # What was due had nothing to say any more, and was cancelled.
            return BREATH
        self._pace.begin(steady)
        self._attempt(outbox, claim)
        return 0.0

    def _claim(self, outbox: Outbox) -> Claim | None:
        """Take what is due: all of it for one message, or some of it for as many tickets."""
        now = self._clock.now()
        if self._sender.takes_tickets:
            return outbox.claim(self.url_id, now, MOST_TICKETS, joining=self._receiver.group_wait, as_tickets=True)
        return outbox.claim(self.url_id, now, joining=self._receiver.group_wait)

    def _refresh_tickets(self, outbox: Outbox) -> None:
        """Say again what lasts, if the service needs that and can be reached."""
        steady = self._clock.steady()
        if self._refreshing.wait(steady) or self._pace.failures:
            return
        try:
            lasting, voice = outbox.lasting_tickets(self.url_id), self._voice(self._clock.wall())
            self._refreshing.do(lasting, lambda row: self._compose_rows((row,), voice), steady)
        except DeliveryError as error:
            log.warning("%s: what lasts could not be said again: %s", self.url_id, error.why)

    def _deliver_missed(self, outbox: Outbox) -> float:
        """Tell one address what others of this URL have; return how many seconds to wait for more."""
        next_attempt, steady = self._missed.next_attempt(outbox), self._clock.steady()
        if next_attempt is None:
            return LOOK_EVERY
        at, address = next_attempt
        if at > steady:
            return at - steady
        self._missed.send_one(outbox, address)
        return 0.0

    def _deliver_report(self, outbox: Outbox) -> float:
        """Send a report, if no alert has to be sent first; return how many seconds to wait for more."""
        at, steady = self._reports.next_attempt(outbox, self._pace), self._clock.steady()
        if at is None or self._quiet_until(self._clock.wall()) is not None:
            return LOOK_EVERY
        if at > steady:
            return at - steady
        self._reports.send_one(outbox, self._pace, self._voice(self._clock.wall()))
        return 0.0

    def _has_news(self, outbox: Outbox) -> bool:
        if self._pace.failed_at is None:
            return False
        now = self._clock.wall()
        failed_at = now - (self._clock.steady() - self._pace.failed_at)
        return outbox.has_urgent(self.url_id, failed_at, now)

    def _give_up_old(self, outbox: Outbox, now: float) -> None:
        given_up = outbox.give_up(self.url_id, now - self._receiver.give_up_after, now)
        if given_up:
            log.warning("%s: gave up %d messages about outages that are long over", self.url_id, given_up)

    # ---------------------------------------------------------------- one attempt

    def _attempt(self, outbox: Outbox, claim: Claim) -> None:
        """Send all that was claimed, in one message or, where that fails again and again, in pieces; or as tickets."""
        if self._sender.takes_tickets:
            # First those that failed least often, of these the most urgent.
            severities, times_failed = list(Severity), self._suspects.times_failed
            in_turn = sorted(claim.rows, key=lambda row: (times_failed(row), severities.index(row.incident.severity)))
            attempt = self._send_all(outbox, claim, [(row,) for row in in_turn])
        else:
            attempt = self._send_all(outbox, claim, [claim.rows])
        is_whole = not self._sender.takes_tickets
        if is_whole and attempt.failed and not attempt.is_hopeless and (cut := pieces(claim.rows, self._pace.failures)):
            attempt = self._send_all(outbox, claim, cut)
        self._suspects.attempt_ended(attempt.failed_alone, something_delivered=attempt.delivered > 0)
        self._note_failed(outbox, claim, attempt.not_sent)
        self._note_pace(attempt)

    def _send_all(self, outbox: Outbox, claim: Claim, messages: Sequence[Rows]) -> Attempt:
        """Send one message after the other, while there is hope."""
        attempt = Attempt()
        for number, rows in enumerate(messages):
            if number and (self._stop.is_set() or attempt.is_hopeless):
                attempt.untried.append(rows)
            else:
                self._send_rows(outbox, claim, rows, attempt)
        return attempt

    def _send_rows(self, outbox: Outbox, claim: Claim, rows: Rows, attempt: Attempt) -> None:
        """Send one message, and book at once that it arrived, or may have arrived."""
        try:
            message = replace(self._compose(rows, claim), without=self._behind | claim.unaware)
            self._sender.send(message)
        except DeliveredInPart as part:
            self._note_delivered(outbox, claim, rows, message, attempt=attempt, missed=part.missed)
        except DeliveryUnsure as error:
            attempt.in_doubt = True
            self._note_error(error)
            self._ledger.book(partial(outbox.in_doubt, claim, self._clock.wall(), error.why, rows))
        except DeliveryError as error:
            attempt.failed.append(rows)
            attempt.retry_after = error.retry_after
            attempt.is_unreachable = error.no_connection is not None
            self._note_error(error)
            if len(rows) == 1:
                self._suspects.failed_alone(rows[0], refused=error.refused)
        else:
            self._note_delivered(outbox, claim, rows, message, attempt=attempt)

    def _note_delivered(
        self,
        outbox: Outbox,
        claim: Claim,
        rows: Rows,
        message: Message,
        *,
        attempt: Attempt,
        missed: tuple[Missed, ...] = (),
    ) -> None:
        """Book that it was accepted; ``missed``: not by these addresses, which are told by themselves."""
        attempt.delivered += 1
        self._suspects.forget(rows)
        log.info("%s: delivered: %s", self.url_id, message.subject)
        for address in missed:
            log.warning("%s: not delivered to %s: %s", self.url_id, address.place, address.why)
        now = self._clock.wall()
        self._ledger.book(partial(outbox.delivered, claim, now, message.subject, rows, missed=missed))

    def _compose(self, rows: Rows, claim: Claim) -> Message:
        # By the wall clock that the facts of the claim are told by: it may be set at any moment.
        return self._compose_rows(rows, self._voice(self._clock.now() + claim.ahead), claim.failing)

    def _compose_rows(self, rows: Rows, voice: Voice, failing: Sequence[FailingChannel] = ()) -> Message:
        return self._templates.compose(rows, voice, failing=failing, most_characters=self._sender.most_characters)

    def _voice(self, now: float) -> Voice:
        return Voice(self._language, self.zone, now, self.names)

    def _note_failed(self, outbox: Outbox, claim: Claim, failed: Sequence[ClaimedRow]) -> None:
        """Book the rows that must be sent again, and those that never will be accepted."""
        now, why = self._clock.wall(), self.fails_because
        guilty = self._suspects.guilty(failed)
        again = [row for row in failed if row not in guilty]
        if again:
            self._ledger.book(partial(outbox.failed, claim, now, why, again))
        if guilty:
            numbers = ", ".join(str(row.incident.id) for row in guilty)
            log.error("%s: undeliverable, while others are accepted: incident %s: %s", self.url_id, numbers, why)
            self._ledger.book(partial(outbox.undeliverable, claim, guilty, now, why))
            self._suspects.forget(guilty)

    def _note_pace(self, attempt: Attempt) -> None:
        now = self._clock.steady()
        if attempt.in_doubt or (attempt.failed and not attempt.delivered):
            # The double of a message is to be rare; that of a ticket's event harms nobody.
            is_rare = attempt.in_doubt and not self._sender.takes_tickets
            self._pace.failed(now, in_doubt=is_rare, retry_after=attempt.retry_after)
        elif attempt.failed:
            self._pace.partly_failed(now, PATIENCE, retry_after=attempt.retry_after)
        else:
            if self._pace.failures:
                log.warning("%s: recovered after %d failures", self.url_id, self._pace.failures)
            was_gone, self.fails_because = self._lookout.is_gone, ""
            self._lookout.attempt_succeeded()
            self._pace.succeeded(now)
            if was_gone:
                self._on_return()

    def _note_error(self, error: DeliveryError) -> None:
        """Log an error once; the same one again is only counted."""
        if error.why != self.fails_because:
            log.warning("%s: not delivered: %s", self.url_id, error.why)
        self.fails_because = error.why
        self._lookout.attempt_failed(error.no_connection, self._clock.steady())

    # ---------------------------------------------------------------- past the outbox

    def _send_direct(self) -> None:
        """Send what the engine wants said while the database cannot be written, until it is accepted."""
        now = self._clock.steady()
        if self._direct.is_empty() or self._pace.next_attempt(now, is_urgent=False, now=now) > now:
            return
        under_way = self._direct.take()
        try:
            self._say_directly(under_way.message, now)
        except Exception:
            self._direct.met_defect(under_way)
            raise
        if not self._direct.is_empty():
            # The next one is not to wait until somebody wakes us.
            self._wake.set()

    def _say_directly(self, message: Message, now: float) -> None:
        is_opened = message.ticket is not None and Action.TRIGGER in message.ticket.actions
        self._direct.ticket = message if is_opened and self._sender.takes_tickets else None
        try:
            self._sender.send(message)
        except DeliveredInPart as part:
            log.warning("%s: told directly: %s; %s", self.url_id, message.subject, part.why)
        except DeliveryUnsure as error:
            self._note_error(error)
            self._pace.failed(now, in_doubt=True)
        except DeliveryError as error:
            self._note_error(error)
            self._pace.failed(now, retry_after=error.retry_after)
            self._direct.put(message)
        else:
            log.warning("%s: told directly: %s", self.url_id, message.subject)

    def _end_direct_ticket(self) -> None:
        """The database can be used again: resolve the ticket that says that it cannot."""
        message, self._direct.ticket = self._direct.ticket, None
        if message is not None and message.ticket is not None:
            ticket = replace(message.ticket, actions=(Action.RESOLVE,), closed_at=self._clock.wall())
            self._direct.put(replace(message, ticket=ticket))
            self._wake.set()
