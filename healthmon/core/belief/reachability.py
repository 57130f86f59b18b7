"""Can Asterisk reach this endpoint? What its witnesses' words amount to, given what is known of the endpoint."""

from __future__ import annotations

from msgspec.structs import replace

from healthmon.config.sections.shared import Hold
from healthmon.core.belief.endpoint_facts import EndpointFacts
from healthmon.core.belief.evidence import (
    CHECKED_AGAIN,
    DEMAND_MARGIN,
    LATER_THAN_ASTERISK_WAITS,
    NEVER_ANSWERED_ASTERISK,
    NO_ANSWER,
    RESTARTED,
    has_unchecked_name,
    loss_of_last_contact,
    outlasting_a_cycle,
    remark_for,
    why_down,
)
from healthmon.core.belief.machine import ONE_FALL
from healthmon.core.belief.qualified_check import QualifiedCheck
from healthmon.model import LIVING, Check, ContactChange, ContactStatus, Health, Loss, Observation, Transition

#: A second check has its result so soon after the hold (seconds).
CHECKED_AGAIN_WITHIN = 5.0

#: What stands between Asterisk's word and ours.
OWN_OPTIONS = "; our own OPTIONS: "


class Reachability(QualifiedCheck):
    """The reachability of one endpoint. Owned by the engine thread."""

    __slots__ = ("checked_again_by", "loss_said", "planned_for")

    def __init__(self, endpoint: EndpointFacts, watched_since: float) -> None:
        super().__init__(endpoint, Check.REACHABILITY, watched_since)
        #: Asterisk's word for how the last of its contacts was lost.
        self.loss_said = ""
        #: The outage, by when it was first seen, for which Asterisk is, or was, to be asked to check it; and when the
        #: result of the check can be read that counts, if Asterisk took it up; 0.0: neither.
        self.planned_for = self.checked_again_by = 0.0

    def plain_hold(self) -> Hold:
        """What is in use must last a cycle of checks at least."""
        endpoint = self.endpoint
        # Nearly always the device tells that it is not in use, and no more needs to be asked.
        if endpoint.device is Health.UP and endpoint.is_offline_in_use:
            return outlasting_a_cycle(self.hold, endpoint.settings)
        if self.checked_again_by and self.is_checked_again:
            # As it is configured, or until the result of the second check can be read.
            configured = endpoint.policy.hold
            wanted = max(configured.down_after, self.checked_again_by - self.down_clock)
            return replace(configured, down_after=min(self.hold.down_after, wanted))
        return self.hold

    def why_held(self, pending: Health) -> str:
        """Say why its hold is another than is configured; "": it is as configured."""
        why = super().why_held(pending)
        if why and self.is_checked_again:
            return CHECKED_AGAIN
        return why

    # ------------------------------------------------------------ a check that was asked for (rule 9)

    def wants_second_check(self) -> bool:
        """Whether it is about to be believed down, and waits only for the next of Asterisk's own checks.

        What has no contact left would be asked no question. Devices are told with their site, which is believed down
        before they are: two of Asterisk's own checks are a part of that (rule 14b).
        """
        endpoint = self.endpoint
        is_falling = self.pending is Health.DOWN and not self.unknown_because and not self.kind.is_device
        if not is_falling or self.hold.down_after <= endpoint.policy.hold.down_after:
            return False
        has_contact = endpoint.settings is not None and endpoint.settings.has_static_contact
        is_pjsip = endpoint.target.technology == "PJSIP"
        return is_pjsip and (has_contact or self.loss is Loss.NO_ANSWER) and not has_unchecked_name(endpoint.target)

    def plan_second_check(self) -> bool:
        """Have it checked at once; return whether that is news."""
        if self.planned_for == self.pending_since:
            return False
        self.planned_for, self.checked_again_by = self.pending_since, 0.0
        return True

    def begin_second_check(self, at: float) -> float | None:
        """Asterisk checks it again since then. If that fails, it says nothing: offline stays offline.

        Return when the check must begin that counts; None: it has begun, or there is none. One that ends long before
        the hold finds only that a packet was lost: what is away for a moment must not be believed down.
        """
        settings = self.endpoint.settings
        if settings is None or self.pending is not Health.DOWN or at < self.pending_since:
            return None
        lasts = settings.qualify_timeout + DEMAND_MARGIN
        counts_from = self.down_clock + self.endpoint.policy.hold.down_after - lasts
        if at < counts_from:
            return counts_from
        self.planned_for, self.checked_again_by = self.pending_since, at + lasts
        return None

    @property
    def is_checked_again(self) -> bool:
        """Whether Asterisk has taken up a second check of this outage that counts."""
        return self.checked_again_by > 0.0 and self.planned_for == self.pending_since

    def may_fall_at(self) -> float | None:
        """When it may be believed down: once Asterisk has checked it again, where it is to be asked for that."""
        at = self.deadline()
        is_planned = self.pending is Health.DOWN and self.planned_for == self.pending_since
        if at is None or not is_planned or self.is_checked_again:
            return at
        return min(at, self.down_clock + self.endpoint.policy.hold.down_after + CHECKED_AGAIN_WITHIN)

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
        """How it is as far as the witnesses go. None: nothing heard yet.

        Offline, and yet in use, is down like any other offline; it must only last for longer, see ``hold_in_force()``.
        """
        return self.endpoint.word

    def believe(self, health: Health, at: float, now: float, words: str) -> Transition:
        """Believe it now. What our own OPTIONS had found wrong before Asterisk checked it has been so since then."""
        found_wrong_at = self.endpoint.found_wrong_at
        if health is Health.DOWN and self.belief is None and found_wrong_at is not None:
            at = min(at, found_wrong_at)
        return super().believe(health, at, now, words)

    def is_reason_outdated(self, at: float) -> bool:
        """Whether it is unknown for a reason that is over: it is listed, or has its driver. A grace ends by itself."""
        if not self.unknown_because or self.unknown_because == self.endpoint.grace_why:
            return False
        return self.unknown_because != self.why_unknown(at)

    def why(self) -> str:
        """Say why it is as it reads, in words for people, with Asterisk's own behind."""
        if self.reading() is not Health.DOWN:
            return self.words
        why = why_down(self.loss, self.loss_said or self.words, self.endpoint.settings)
        if self.endpoint.renewed_at > self.endpoint.offline_since:
            # The line lives, and calls come in: it may be one that answers no OPTIONS.
            why = f"{why}; {self.endpoint.registered_as}, renewed since then"
        elif self.is_registered_and_silent:
            why = f"{why}; {self.endpoint.registered_as}, {NEVER_ANSWERED_ASTERISK}"
        return self._with_own_view(why)

    @property
    def is_registered_and_silent(self) -> bool:
        """Whether it is registered, so that it lives, and no OPTIONS was ever answered, neither Asterisk's nor ours."""
        endpoint = self.endpoint
        is_trunk = endpoint.settings is not None and endpoint.settings.has_static_contact
        return is_trunk and bool(endpoint.registered_as) and not self.ever_up and endpoint.own_view in ("", NO_ANSWER)

    def _with_own_view(self, why: str) -> str:
        """Put beside Asterisk's word what our own OPTIONS find: it may not be dead."""
        if self.endpoint.own_view and self.endpoint.own_view_at >= self.endpoint.offline_since:
            return f"{why}{OWN_OPTIONS}{self.endpoint.own_view}"
        return why

    def correct_own_view(self) -> bool:
        """What it answers to us is known better by now than when it was believed down; return whether that is so."""
        before = self.reason
        is_late_as_before = LATER_THAN_ASTERISK_WAITS in before and LATER_THAN_ASTERISK_WAITS in self.endpoint.own_view
        if self.belief is Health.DOWN and not is_late_as_before:
            self.reason = self._with_own_view(before.partition(OWN_OPTIONS)[0])
        return self.reason != before

    def correct_reason(self) -> None:
        """What had logged out logged in again, and was lost before it could be believed up.

        That what never answered is registered, or answers us, may be heard later than that it is down.
        """
        if self.belief is not Health.DOWN:
            return
        is_lost = self.loss not in (Loss.NONE, Loss.LOGGED_OUT)
        if is_lost and self.reason.startswith(Loss.LOGGED_OUT):
            self.reason = self.why()
        is_said = NEVER_ANSWERED_ASTERISK in self.reason
        if self.reading() is Health.DOWN and self.is_registered_and_silent is not is_said:
            self.reason = self.why()

    def remark_beside(self) -> str:
        """What is not said by what is believed and why."""
        if self.unknown_because or self.reading() is not Health.UP:
            return ""
        return remark_for(self.endpoint.settings, is_check_seen=self.endpoint.is_check_seen)

    def may_be_believed(self) -> bool:
        """Whether the second witness was heard, as far as that is needed (rule 3)."""
        return self.endpoint.device is not None or self.reading() is not Health.DOWN

    @property
    def is_seen_to_work(self) -> bool:
        """Whether Asterisk reaches it, as far as that can be seen, and nothing is pending that says otherwise."""
        return not self.unknown_because and self.belief in self.works and self.pending is not Health.DOWN

    def begin_with(self, found_at: float | None, unseen_since: float) -> None:
        """It is seen down, and was not seen since ``unseen_since``: its outage may be the one that we found ourselves.

        ``found_at``: since when our own OPTIONS are not answered; None: they are. Its hold begins now all the same.
        """
        if found_at is not None and unseen_since <= found_at < self.pending_since:
            self.pending_since = found_at

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
