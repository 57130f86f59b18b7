"""Is any contact of this endpoint lost, or slow? Of one that has several, whatever becomes of the others."""

from __future__ import annotations

from healthmon.core.belief.endpoint_facts import QUICK_AGAIN, EndpointFacts
from healthmon.core.belief.evidence import CONTACT_IS_BACK, losses_in_words
from healthmon.core.belief.qualified_check import QualifiedCheck
from healthmon.model import Check, ContactChange, ContactStatus, Health, Transition

#: What is said of an endpoint before the first of its contacts is lost, or slow.
IN_ORDER = "nothing was the matter with its contacts"
#: A restart of Asterisk, new settings, or events that were missed: what was heard of its contacts counts no more.
NOT_KNOWN = "nothing is known any more that is the matter with its contacts"

#: How it begins that a contact is slow; and what is said when none is any more.
SLOW = "round trip"
QUICK_ENOUGH = "round trips are short enough again"


class Contacts(QualifiedCheck):
    """The contacts of one endpoint: degraded or up, never down. Owned by the engine thread.

    It is degraded also while all of them are lost, or an endpoint that loses one and all in turns would never be
    (rule 8); its reachability, which is down then, explains that (rule 2c).
    """

    __slots__ = ()

    def __init__(self, endpoint: EndpointFacts, watched_since: float) -> None:
        super().__init__(endpoint, Check.CONTACTS, watched_since)
        self.words = NOT_KNOWN

    def begin(self, at: float, now: float) -> Transition:
        """Have it up until now: what is the matter with it was seen to begin."""
        self.seen, self.pending_since = Health.UP, at
        return self.believe(Health.UP, at, now, IN_ORDER)

    def note(self, change: ContactChange, *, was_degraded: bool) -> None:
        """Keep the words for how it ended, once the change is noted."""
        if self.reading() is Health.DEGRADED:
            self.words = NOT_KNOWN
        elif was_degraded and change.status is ContactStatus.REACHABLE:
            self.words = CONTACT_IS_BACK
        elif was_degraded:
            self.words = "the contact that was lost is no longer registered"

    def reading(self) -> Health | None:
        """Degraded or up, as far as events have told. None: nothing was heard of the endpoint yet."""
        if self.endpoint.word is None:
            return None
        if self.why_degraded():
            return Health.DEGRADED
        return Health.UP

    def why_degraded(self) -> str:
        """Say what is the matter with its contacts; "": nothing is."""
        endpoint = self.endpoint
        # What is offline has no other contact that would answer.
        may_have_more = endpoint.word is Health.DOWN or endpoint.may_have_several_contacts()
        losses = losses_in_words(endpoint.lost, len(endpoint.contacts or ()), may_have_more=may_have_more)
        if losses or endpoint.presumed or not endpoint.slow:
            return losses or endpoint.presumed
        slowest, limit = max(endpoint.slow.values()), endpoint.policy.rtt_warn_ms or 0.0
        if slowest > limit:
            return f"{SLOW} {slowest:.0f} ms, more than {limit:.0f} ms"
        return f"{SLOW} {slowest:.0f} ms, still more than {limit * QUICK_AGAIN:.0f} ms (80 % of {limit:.0f} ms)"

    def why(self) -> str:
        """Say why it is as it reads, in words for people."""
        return self.why_degraded() or self.words

    def remark_beside(self) -> str:
        """How it stands now, where that is not what is believed and why."""
        why = self.why_degraded()
        is_said = self.belief is Health.DEGRADED and why == self.reason
        if self.unknown_because or is_said:
            return ""
        return why
