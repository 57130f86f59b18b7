"""Does an endpoint answer our own OPTIONS, past Asterisk, and how? Also: who is to be asked so."""

from __future__ import annotations

import math
from typing import ClassVar

from msgspec.structs import replace

from healthmon.config.sections.shared import Hold
from healthmon.core.belief.endpoint_check import EndpointCheck
from healthmon.core.belief.endpoint_facts import EndpointFacts
from healthmon.core.belief.evidence import (
    LATER_THAN_ASTERISK_WAITS,
    NEVER_ANSWERED,
    NO_ANSWER,
    effective_hold,
    known_cycle,
)
from healthmon.core.belief.reachability import Reachability
from healthmon.model import (
    OPTIONS_ANSWERED_WITHIN,
    Check,
    EndpointSettings,
    Health,
    Kind,
    Observation,
    Probe,
    ProbePlan,
    says_not_sent,
)

#: How often an endpoint is asked that Asterisk does not check (seconds).
USUAL_EVERY = 60.0

#: By so much, at most, a time-out may seem shorter than it is where two clocks measure it (seconds).
TWO_CLOCKS = 0.1

#: So the words of a plain answer begin; of another answer the code is a remark.
PLAIN = "answers 2"
#: What stands between our view and that of Asterisk; and for that while ARI cannot see the PBX.
ASTERISK, NOT_KNOWN = "; Asterisk: ", "not known (the PBX cannot be seen)"


def probe_plan(endpoint: EndpointFacts) -> ProbePlan | None:
    """Say how an endpoint is to be asked by OPTIONS of our own; None: it is not, or it is not known where."""
    policy, settings = endpoint.policy, endpoint.settings
    if policy.probe is Probe.NO or settings is None:
        return None
    is_wanted = policy.probe is Probe.YES or (endpoint.kind is Kind.PROVIDER and is_checked_less_well(settings))
    if not is_wanted:
        return None
    return plan_for(endpoint)


def plan_why_offline(endpoint: EndpointFacts) -> ProbePlan | None:
    """Say how a provider is asked while it is offline to an Asterisk that takes only 2xx for an answer; else None.

    It may be dead, or answer 503 at each time, which Asterisk does not say.
    """
    if not is_asked_while_offline(endpoint) or endpoint.word is not Health.DOWN:
        return None
    return plan_for(endpoint)


def is_asked_while_offline(endpoint: EndpointFacts) -> bool:
    """Whether it is asked only while Asterisk calls it offline, for the reason: it has no check of its own then."""
    settings = endpoint.settings
    if endpoint.policy.probe is not Probe.AUTO or endpoint.kind is not Kind.PROVIDER or settings is None:
        return False
    return settings.has_static_contact and bool(settings.ways) and not is_checked_less_well(settings)


def own_view(endpoint: EndpointFacts, observation: Observation) -> str:
    """What an answer to us says beside an Asterisk that calls the endpoint offline; "": nothing."""
    health, words = observation.health, observation.words
    if health is Health.UP:
        return f"{words}{_too_late(endpoint.settings, observation.answered_after)}"
    if says_not_sent(words):
        return words
    if endpoint.settings is None or not endpoint.settings.takes_2xx_only:
        return ""
    # To such an Asterisk who answers 503 is as dead as who does not answer.
    if health is Health.DEGRADED:
        return words
    if health is Health.DOWN:
        return NO_ANSWER
    return ""


def _too_late(settings: EndpointSettings | None, answered_after: float | None) -> str:
    """Say that Asterisk has given up before such an answer comes; "": it has not, or that is not known (seconds)."""
    if settings is None or answered_after is None or not 0.0 < settings.qualify_timeout < answered_after:
        return ""
    return f" after {answered_after:.1f} s, {LATER_THAN_ASTERISK_WAITS}{settings.qualify_timeout:g})"


def plan_for(endpoint: EndpointFacts) -> ProbePlan | None:
    """Say how an endpoint is asked, if it is; None: it is not known where."""
    settings = endpoint.settings
    if settings is None or not settings.ways:
        return None
    every = endpoint.policy.probe_every or settings.qualify_frequency or USUAL_EVERY
    return ProbePlan(endpoint.target, settings.ways, every)


def is_checked_less_well(settings: EndpointSettings) -> bool:
    """Whether Asterisk does not check a static contact, or takes a 503 from it for an answer like any other."""
    if not settings.has_static_contact:
        return False
    return is_partly_unchecked(settings) or not settings.takes_2xx_only


def is_partly_unchecked(settings: EndpointSettings | None) -> bool:
    """Whether a contact that is in the configuration is never checked by Asterisk."""
    return settings is None or not settings.is_qualified or settings.has_unqualified_static_contact


class Options(EndpointCheck):
    """What our own OPTIONS find. Owned by the engine thread.

    That no answer comes counts only after one has come before: many carriers answer nobody but their customers' PBXs.
    """

    __slots__ = ("handed_over_at", "is_asterisk_unseen", "reachability", "waited")

    #: Whether it was ever better than "answers 503": until then that is shown, and not told.
    works: ClassVar[tuple[Health, ...]] = (Health.UP,)

    def __init__(self, endpoint: EndpointFacts, reachability: Reachability, watched_since: float) -> None:
        super().__init__(endpoint, Check.OPTIONS, watched_since)
        #: What Asterisk says of the same endpoint.
        self.reachability = reachability
        #: Since when Asterisk checks it as well as we do, so that it is asked only until it is known how it is; None:
        #: Asterisk does not.
        self.handed_over_at: float | None = None
        #: ARI cannot see the PBX: what Asterisk said before is no fact now.
        self.is_asterisk_unseen = False
        #: How long the last request has waited for an answer that did not come, whole seconds.
        self.waited = 0

    def plan_until_handed_over(self, now: float) -> ProbePlan | None:
        """Say how it is asked although Asterisk checks it as well by now; None: there is no reason to ask it any more.

        What people were told of, or are about to be, lasts until Asterisk has found how it is.
        """
        endpoint, settings = self.endpoint, self.endpoint.settings
        is_checked = endpoint.kind is Kind.PROVIDER and settings is not None and settings.has_static_contact
        if endpoint.policy.probe is not Probe.AUTO or not is_checked or not self.is_wrong:
            return None
        if self.handed_over_at is None:
            self.handed_over_at, endpoint.found_wrong_at = now, self.since
        return plan_for(endpoint)

    @property
    def is_wrong(self) -> bool:
        """Whether it is believed to be so that people are told."""
        return self.belief is Health.DOWN or (self.belief is Health.DEGRADED and self.degraded_counts)

    @property
    def may_explain(self) -> bool:
        """Whether nobody but us can tell at present that it can be reached: only then we speak for that (rule 2c).

        Where Asterisk reaches it, whoever does not answer us may be registered all the same, or be rejected for another
        reason.
        """
        return self.is_asterisk_unseen or not self.reachability.is_seen_to_work

    @property
    def found_down_at(self) -> float | None:
        """Since when no answer comes, believed or not yet; None: one comes."""
        if self.belief is Health.DOWN:
            return self.since
        if self.pending is Health.DOWN:
            return self.pending_since
        return None

    def may_fall_at(self) -> float | None:
        """When it is known whether it is down: the last question waits for its answer."""
        at = self.deadline()
        if at is None:
            return None
        return at + OPTIONS_ANSWERED_WITHIN

    def usual_hold(self) -> Hold:
        """Where Asterisk checks as well, it has the time to find out by itself.

        Its word explains ours (rule 2c), and people are told once.
        """
        endpoint, hold = self.endpoint, self.endpoint.policy.hold
        cycle = known_cycle(endpoint.settings)
        if cycle is None or is_partly_unchecked(endpoint.settings):
            return hold
        return replace(hold, down_after=effective_hold(hold, endpoint.settings).down_after + cycle)

    def plain_hold(self) -> Hold:
        """The last question waits for its answer, too: that time is a part of the hold.

        Who refuses the connection, or closes it, keeps nobody waiting. Where Asterisk checks as well the hold is long
        enough by itself.
        """
        if self.hold.down_after > self.endpoint.policy.hold.down_after:
            return self.hold
        return replace(self.hold, down_after=max(0.0, self.hold.down_after - self.waited))

    def settles_within(self) -> float:
        """The next request, and its answer."""
        plan = probe_plan(self.endpoint)
        every = USUAL_EVERY
        if plan is not None:
            every = plan.every
        return every + OPTIONS_ANSWERED_WITHIN

    def has_settled(self, since: float) -> bool:
        """Whether it was asked since then, and is not well."""
        return self.heard_at > since and self.heard is not Health.UP

    def is_outdated(self, since: float) -> bool:
        """Whether what was found last is bad, and older than that time."""
        return self.heard in (Health.DEGRADED, Health.DOWN) and self.heard_at <= since

    @property
    def degraded_counts(self) -> bool:
        """Of a provider that has answered better before."""
        return self.kind is Kind.PROVIDER and self.ever_up

    def take(self, observation: Observation) -> bool:
        """Take what was found. What it answers, although Asterisk calls it offline, is worth saying there."""
        is_taken = super().take(observation)
        if is_taken:
            waited = min(observation.settled_after, OPTIONS_ANSWERED_WITHIN)
            # Whole seconds, so that the hold is the same each time.
            self.waited = math.floor(waited + TWO_CLOCKS)
            self.endpoint.note_own_view(own_view(self.endpoint, observation), observation.at)
        return is_taken

    def reading(self) -> Health | None:
        """How it is. None: it does not answer, and never has."""
        if self.heard is Health.DOWN and not self._has_answered:
            return None
        return self.heard

    @property
    def _has_answered(self) -> bool:
        # Nothing is pending before its first answer: until then it reads as nothing.
        return self.belief is not None or self.pending is not None

    def why(self) -> str:
        """Our view, and beside it that of Asterisk, where it is another."""
        if self.heard is Health.UP:
            return self.words
        return f"{self.words}{self._view_of_asterisk()}"

    def _view_of_asterisk(self) -> str:
        if is_partly_unchecked(self.endpoint.settings):
            return f"{ASTERISK}not checked"
        if self.is_asterisk_unseen:
            return f"{ASTERISK}{NOT_KNOWN}"
        if self.endpoint.word is Health.UP:
            return f"{ASTERISK}reachable"
        return ""

    def correct_reason(self) -> None:
        """Asterisk's view is known no longer, or again, since it was believed."""
        words, beside, view = self.reason.partition(ASTERISK)
        is_known = view != NOT_KNOWN
        if self.is_wrong and beside and is_known is self.is_asterisk_unseen:
            self.reason = f"{words}{self._view_of_asterisk()}"

    def remark_beside(self) -> str:
        """What it answers, where that is not simply "yes"; that it has never answered."""
        if self.unknown_because or self.heard is None:
            return ""
        if self.reading() is None:
            return f"{self.words}; {NEVER_ANSWERED}"
        is_plain = self.heard is Health.UP and self.words.startswith(PLAIN)
        is_said = self.heard is self.belief is not Health.UP and self.reason.startswith(self.words)
        if is_plain or is_said:
            return ""
        return self.words
