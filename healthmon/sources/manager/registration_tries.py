"""What the pace of its attempts tells of a registration that fails: why it does, and that nobody tries any more. Pure.

Asterisk says "Rejected" of an answer and of no answer alike, and says nothing when it gives up.
"""

from __future__ import annotations

import re

from msgspec import Struct

from healthmon.ami.registrations import REGISTERED, REJECTED, OutboundRegistration
from healthmon.model import (
    NOT_ANSWERED,
    NOT_KNOWN_WHY,
    NOT_SENT,
    NOT_TRIED,
    REGISTERED_AT,
    STOPPED_TRYING,
    WAITS,
    Health,
)
from healthmon.text.longtext import cut
from healthmon.text.sipuri import host_of, is_over_connection

#: For so long an attempt goes on that nobody answers (RFC 3261's timer F, as res_pjsip has it; seconds).
UNANSWERED = 32.0
#: Asterisk is so punctual (seconds).
PUNCTUAL = 3.0
#: Nothing that begins late is later: a first attempt waits up to 10 s (seconds).
LATE = 13.0
#: Where a name has several addresses, each is tried for ``UNANSWERED``, one after the other; hardly more than these.
MOST_ADDRESSES = 5
#: An address is no name of one: there is one to try.
_ADDRESS = re.compile(r"[0-9.]+|[0-9a-f.]*:[0-9a-f.:]*")

#: Asterisk's word for a cause that was not told.
NO_CAUSE = "<unknown>"
#: Of what Asterisk says no word that says anything.
NO_STATE = "manager interface: no state of the registration at {server} that is known ({said})"
#: A word for a state is shorter.
LONGEST_STATE = 40
#: Of what is known by events alone: they tell of attempts, and not of how many there will be.
CANNOT_TELL = "whether Asterisk still tries cannot be seen with events only"
#: What it means; at the end of what is said, for messages are cut.
AFFECTED = "incoming calls are affected"


class Tries(Struct):
    """The attempts of one registration, as events told of them. Owned by the thread that hears them."""

    #: When the last attempt ended; before any did: since when events would have told of one.
    heard_at: float
    #: So many failed in a row.
    failed: int = 0
    #: The time between the ends of the last two that failed (seconds).
    pace: float | None = None
    #: More of them than there are retries: there will be none any more.
    has_given_up: bool = False
    #: The next one should have come by now. It never will, or the provider said in its answer (Retry-After) when to ask
    #: again, which only Asterisk knows.
    is_overdue: bool = False
    #: What Asterisk's console shows: that no attempt is to come, or that one is; None: neither, or nobody may ask it.
    has_stopped: bool | None = None
    #: It was heard when the first of them failed: no others did before.
    is_counted: bool = False

    def hear(self, status: str, at: float, max_retries: int) -> None:
        """An attempt has ended so."""
        before, self.heard_at = self.heard_at, at
        was_over = self.is_over or self.is_overdue
        self.is_overdue, self.has_stopped = False, None
        if status != REJECTED:
            self.failed, self.pace, self.has_given_up = 0, None, False
            self.is_counted = True
            return
        if self.failed:
            self.pace = at - before
        if was_over:
            # It was told to try again, and counts anew: how long ago the last one was tells nothing.
            self.failed, self.has_given_up, self.pace = 0, False, None
        self.failed += 1
        self.has_given_up = self.failed > max_retries

    @property
    def is_over(self) -> bool:
        """Whether it is known that Asterisk does not try any more."""
        return self.has_given_up or self.has_stopped is True

    def has_let_go(self, registration: OutboundRegistration) -> bool:
        """Whether it is overdue where nobody answers: who does not answer tells nobody to wait."""
        is_overdue = self.is_overdue and self.has_stopped is None
        return is_overdue and self.why_failed(registration) == NOT_ANSWERED

    def see_next(self, registration: OutboundRegistration, due: int | None, now: float) -> None:
        """Take what the console shows of one that is rejected: in how many seconds it is tried; None: nothing."""
        self.has_stopped = None
        if due is None:
            return
        self.has_stopped = stopped_by_now(registration, due)
        is_slow = all(wait == 0 or wait > PUNCTUAL for wait in registration.waits)
        has_ended = self.failed > 0 and now + due - PUNCTUAL / 2 <= self.heard_at < now - PUNCTUAL
        if due < 0 and is_slow and has_ended:
            # The attempt that began then is the one that was heard to fail, and none is to follow.
            self.has_stopped = True

    def look(self, registration: OutboundRegistration, now: float) -> None:
        """See whether an attempt is overdue."""
        if registration.status == REJECTED:
            overdue = self.heard_at + max(registration.waits) + UNANSWERED + LATE
            self.is_overdue = now > overdue
        elif not self.failed:
            self.is_counted = True

    def _lasted(self, seconds: float) -> bool:
        """Whether the last two that failed ended so long after each other."""
        return self.pace is not None and abs(self.pace - seconds) < PUNCTUAL

    def why_failed(self, registration: OutboundRegistration) -> str:
        """Whether it was rejected or not answered, where the pace tells."""
        after_no_answer, *after_rejections = registration.waits
        if self._lasted(after_no_answer + UNANSWERED):
            return NOT_ANSWERED
        if any(self._lasted(wait) for wait in registration.waits if wait):
            return _why_at_once(registration)
        if any(self._lasted(wait + UNANSWERED) for wait in after_rejections if wait):
            # The one before was rejected.
            return NOT_ANSWERED
        has_retries_left = self.is_counted and 0 < self.failed <= registration.max_retries
        if (self.is_overdue or self.has_stopped) and has_retries_left and registration.waits[0]:
            # Only an answer that is final, or says when to ask again, makes it stop so soon.
            return "rejected"
        return NOT_KNOWN_WHY


def _why_at_once(registration: OutboundRegistration) -> str:
    """Why an attempt fails at once: over UDP to an address only an answer does that."""
    next_hop = registration.outbound_proxy or registration.server_uri
    if is_over_connection(next_hop) or not _ADDRESS.fullmatch(host_of(next_hop)):
        return NOT_SENT
    return "rejected"


def stopped_by_now(registration: OutboundRegistration, due: int) -> bool | None:
    """Whether one that is rejected is not tried any more, by when its next try is due (seconds); None: it is open.

    Less than 0: its last one began so long ago.
    """
    if due >= 0:
        return False
    addresses = MOST_ADDRESSES
    if _ADDRESS.fullmatch(host_of(registration.outbound_proxy or registration.server_uri)):
        addresses = 1
    if -due > addresses * UNANSWERED + PUNCTUAL:
        return True
    return None


def health_of(registration: OutboundRegistration) -> Health:
    """What Asterisk's word for a registration means; UNKNOWN: it is none of its words."""
    if registration.status == REGISTERED:
        return Health.UP
    if registration.is_known:
        return Health.DOWN
    return Health.UNKNOWN


def in_words(registration: OutboundRegistration, tries: Tries) -> str:
    """Say how a registration stands, for people."""
    server = host_of(registration.server_uri) or registration.server_uri
    if registration.status == REGISTERED:
        return f"{REGISTERED_AT}{server}"
    if not registration.is_known:
        return NO_STATE.format(said=cut(registration.status, LONGEST_STATE) or "nothing", server=server)
    if registration.technology != "PJSIP":
        said = registration.status
        if said == REJECTED and registration.cause not in ("", NO_CAUSE):
            said += f": {registration.cause}"
        why = f" (Asterisk: {said})"
        if registration.needs_a_push:
            why += f"; {STOPPED_TRYING}: it needs 'sip reload'"
        return f"not registered at {server}{why}; {AFFECTED}"
    if registration.status != REJECTED:
        why = f" (Asterisk: {registration.status}): {NOT_TRIED}"
    else:
        why = f": {tries.why_failed(registration)}"
    command = f"'pjsip send register {registration.name}'"
    if registration.status == REJECTED and (tries.is_over or tries.has_let_go(registration)):
        why += f"; {STOPPED_TRYING}: it needs {command}, or a reload"
    elif registration.status == REJECTED and tries.is_overdue and tries.has_stopped is None:
        why += f"; {WAITS}; {command} makes it try at once"
    elif registration.status == REJECTED and not registration.is_listed:
        why += f"; {CANNOT_TELL}"
    return f"not registered at {server}{why}; {AFFECTED}"
