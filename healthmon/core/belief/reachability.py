"""Can Asterisk reach this endpoint? What its witnesses' words amount to, given what is known of the endpoint."""

from __future__ import annotations

from healthmon.config.sections.shared import Hold
from healthmon.core.belief.endpoint_check import EndpointCheck
from healthmon.core.belief.endpoint_facts import EndpointFacts
from healthmon.core.belief.evidence import (
    NOT_LISTED,
    RESTARTED,
    effective_hold,
    loss_of_last_contact,
    losses_in_words,
    outlasting_a_cycle,
    remark_for,
    why_down,
    why_unknown,
)
from healthmon.core.belief.machine import ONE_FALL
from healthmon.model import LIVING, Check, ContactChange, ContactStatus, Health, Loss, Observation


class Reachability(EndpointCheck):
    """The reachability of one endpoint. Owned by the engine thread."""

    __slots__ = ("loss_said", "words_for")

    def __init__(self, endpoint: EndpointFacts, watched_since: float) -> None:
        super().__init__(endpoint, Check.REACHABILITY, watched_since)
        #: For which reading the last words were said.
        self.words_for: Health | None = None
        #: Asterisk's word for how the last of its contacts was lost.
        self.loss_said = ""

    def usual_hold(self) -> Hold:
        """One lost OPTIONS is no outage: a cycle of checks at least (rule 9)."""
        return effective_hold(self.endpoint.policy.hold, self.endpoint.settings)

    def plain_hold(self) -> Hold:
        """What is in use must last a cycle of checks at least."""
        endpoint = self.endpoint
        return self.hold if not endpoint.is_offline_in_use else outlasting_a_cycle(self.hold, endpoint.settings)

    def why_held(self, pending: Health) -> str:
        """One lost OPTIONS is an outage to Asterisk until its next check (rule 9)."""
        settings = self.endpoint.settings
        is_longer = self.plain_hold() != self.endpoint.policy.hold and pending is not Health.UP
        return f"Asterisk checks it every {settings.qualify_frequency:g} s" if is_longer and settings else ""

    # ------------------------------------------------------------ how it was lost

    def hear_loss(self, observation: Observation) -> None:
        """Take how it was lost, where the endpoint's own word tells; what is up is not lost."""
        if observation.health is Health.UP:
            self.forget_loss()
        if observation.loss:
            self.loss, self.loss_said = observation.loss, observation.words

    def forget_loss(self) -> None:
        """It is not lost."""
        self.loss, self.loss_said = Loss.NONE, ""

    def note_loss(self, change: ContactChange, before: ContactStatus) -> None:
        """Keep in mind how the last contact was lost; ``before``: how the contact was that is spoken of."""
        endpoint, loss = self.endpoint, self.loss
        if change.status in LIVING:
            # What logs in again has logged out until it is checked: it did not fall.
            is_back = loss is not Loss.LOGGED_OUT or endpoint.word is not Health.DOWN
            loss = Loss.NONE if is_back else loss
        elif change.status is ContactStatus.UNREACHABLE and endpoint.has_lost_all_contacts():
            loss = Loss.NO_ANSWER
        elif change.status is ContactStatus.REMOVED and not endpoint.contacts:
            if before is ContactStatus.UNKNOWN and not self._was_up_until(change.at):
                return
            loss = loss_of_last_contact(change.uri, before, endpoint.settings)
        if loss is not self.loss:
            self.loss, self.loss_said = loss, f"contact {change.status}"

    def _was_up_until(self, at: float) -> bool:
        """Whether it was not offline before: of the events of one loss that of the contact may be the last."""
        if self.endpoint.word is not Health.DOWN:
            return True
        # In a grace the clock of what is down does not run; after a restart of healthmon it tells of earlier.
        offline_since = self.endpoint.offline_since
        since = offline_since if self.down_since is None else min(self.down_since, offline_since)
        return at - since < ONE_FALL

    @property
    def is_loss_unjudged(self) -> bool:
        """Whether its contact was removed, and only its settings will tell whether it logged out."""
        return self.loss is Loss.REGISTRATION_ENDED and self.endpoint.settings is None

    @property
    def is_logged_out(self) -> bool:
        """Whether this is a phone that took back its registration, and was not lost."""
        return self.loss is Loss.LOGGED_OUT and self.kind.is_device

    def needs_settings(self, configured_at: float) -> bool:
        """Whether its settings must be read before it is believed down: they tell whether it is, or how it was lost."""
        return self.is_loss_unjudged or self.endpoint.may_be_unchecked(configured_at)

    # ------------------------------------------------------------ what it amounts to

    def reading(self) -> Health | None:
        """Up or down as far as the witnesses go. None: nothing heard yet.

        Online with a contact that is lost, or slow, is degraded. Offline, and yet in use, is down like any other
        offline; it must only last for longer, see ``hold_in_force()``.
        """
        endpoint = self.endpoint
        is_odd = endpoint.lost or endpoint.slow or endpoint.presumed
        if is_odd and endpoint.word is Health.UP and self.why_degraded():
            return Health.DEGRADED
        return endpoint.word

    def why_degraded(self) -> str:
        """Say what is the matter with contacts of an endpoint that is online; "": nothing is."""
        endpoint = self.endpoint
        known = len(endpoint.contacts or ())
        losses = losses_in_words(endpoint.lost, known, may_have_more=endpoint.may_have_several_contacts())
        if losses or endpoint.presumed or not endpoint.slow:
            return losses or endpoint.presumed
        return f"round trip {max(endpoint.slow.values()):.0f} ms, more than {endpoint.policy.rtt_warn_ms:.0f} ms"

    def why_unknown(self, now: float) -> str:
        """Why what was heard says nothing at present, or "" if it does."""
        endpoint, health = self.endpoint, self.reading()
        if endpoint.not_usable:
            return endpoint.not_usable
        if not endpoint.is_listed:
            return NOT_LISTED
        if health is None:
            return self.unknown_because
        why = why_unknown(health, endpoint.settings)
        if not why and health is Health.DOWN and endpoint.is_in_grace(now):
            return endpoint.grace_why
        return why

    def is_reason_outdated(self, at: float) -> bool:
        """Whether it is unknown for a reason that is over: it is listed, or has its driver. A grace ends by itself."""
        return self.unknown_because not in ("", self.endpoint.grace_why, self.why_unknown(at))

    def why(self) -> str:
        """Say why it is as it reads, in words for people, with Asterisk's own behind."""
        reading = self.reading()
        if reading is Health.UP and self.words_for is Health.DEGRADED:
            # A restart of Asterisk, or new settings: what was heard of its contacts counts no more.
            return "nothing is known any more that is the matter with its contacts"
        if reading is not Health.DOWN:
            return self.words
        return why_down(self.loss, self.loss_said or self.words, self.endpoint.settings)

    def say(self, words: str) -> None:
        """Keep the words for what it amounts to now."""
        self.words, self.words_for = words, self.reading()

    def correct_reason(self) -> None:
        """What had logged out logged in again, and was lost before it could be believed up."""
        is_lost = self.belief is Health.DOWN and self.loss not in (Loss.NONE, Loss.LOGGED_OUT)
        if is_lost and self.reason.startswith(Loss.LOGGED_OUT):
            self.reason = self.why()

    def remark_beside(self) -> str:
        """What is not said by what is believed and why."""
        if self.unknown_because:
            return ""
        health = self.reading()
        if health is Health.DEGRADED:
            why = self.why_degraded()
            return "" if self.belief is Health.DEGRADED and why == self.reason else why
        if health is not Health.UP:
            return ""
        return remark_for(self.endpoint.settings, is_check_seen=self.endpoint.is_check_seen)

    def may_be_believed(self) -> bool:
        """Whether the second witness was heard, as far as that is needed (rule 3)."""
        return self.endpoint.device is not None or self.reading() is not Health.DOWN

    # ------------------------------------------------------------ after a restart of Asterisk

    @property
    def is_awaited(self) -> bool:
        """Whether it was up when Asterisk was restarted, has not come back, and is not believed down yet."""
        return self.belief is Health.UP and (self.is_waited_for_after_restart or bool(self.cohort))

    @property
    def is_waited_for_after_restart(self) -> bool:
        """Whether Asterisk was restarted a moment ago, and it has not come back."""
        if self.endpoint.is_back:
            return False
        grace_why = self.endpoint.grace_why
        return self.unknown_because == grace_why and grace_why.startswith(RESTARTED)

    def fell_with(self, at: float) -> bool:
        """Whether what was first seen down at ``at`` did not come back from the same restart as this one."""
        return self.is_awaited and (self.unknown_since <= at if self.unknown_because else at <= self.pending_since)
