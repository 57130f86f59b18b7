"""One endpoint and its checks: what its witnesses say, and whether anything can follow from it."""

from __future__ import annotations

from math import inf

from healthmon.config.sections.watch import WatchConfig
from healthmon.core.belief.endpoint_check import EndpointCheck
from healthmon.core.belief.endpoint_facts import EndpointFacts
from healthmon.core.belief.reachability import Reachability
from healthmon.model import (
    ENDPOINT_CHECKS,
    Check,
    ContactChange,
    ContactStatus,
    EndpointSettings,
    Health,
    Loss,
    Observation,
    Source,
    Target,
    Witness,
)


class Endpoint(EndpointFacts):
    """What is known of an endpoint, and a machine for each of its checks. Owned by the engine thread."""

    __slots__ = ("calm", "calm_until", "checks", "reachability")

    def __init__(
        self, target: Target, policy: WatchConfig, settings: EndpointSettings | None, watched_since: float
    ) -> None:
        super().__init__(target, policy, settings)
        self.reachability = Reachability(self, watched_since)
        self.checks: dict[str, EndpointCheck] = {Check.REACHABILITY: self.reachability}
        #: An observation of this health changes nothing at all: most of them need no more than this look.
        self.calm: Health | None = None
        #: That holds for what was asked for before then; where it is not for ever, for polls only: an event may be of
        #: the second witness.
        self.calm_until = inf

    def use(self, policy: WatchConfig, settings: EndpointSettings | None) -> None:
        """Take a new watch section, or new settings: kind and holds follow."""
        if self.reachability.is_loss_unjudged and settings is not None and settings.known and settings.is_qualified:
            self.reachability.loss = Loss.LOGGED_OUT
        super().use(policy, settings)
        for check in self.checks.values():
            check.configure()

    def check(self, name: str, watched_since: float) -> EndpointCheck | None:
        """Return one of its checks; it begins with what is first heard of it. None: there is no such check."""
        if name not in self.checks and name in ENDPOINT_CHECKS:
            self.checks[name] = EndpointCheck(self, name, watched_since)
        return self.checks.get(name)

    # ------------------------------------------------------------ what was said

    def hear(self, observation: Observation, *, confirms: bool) -> bool:
        """Take a witness's word; return whether anything can follow from it."""
        reachability = self.reachability
        before, was_listed = reachability.reading(), self.is_listed
        is_first_check = observation.is_of_check and not self.is_check_seen
        self.is_check_seen = self.is_check_seen or observation.is_of_check
        was_offline, was_in_use = self.word is Health.DOWN, self.is_offline_in_use
        if observation.witness is not Witness.DEVICE:
            is_news_by_poll = self.word is Health.DOWN and observation.source is not Source.EVENT
            if is_news_by_poll and observation.health is Health.UP and self.has_lost_all_contacts():
                # The event that should have told which of them is back was missed.
                self.forget_contacts()
            self._hear_endpoint(observation.health)
            reachability.hear_loss(observation)
        elif not self.hear_device(observation):
            return False
        self.is_listed = True
        if self.word is Health.DOWN and not was_offline:
            self.offline_since, self.fell_by_event = observation.at, observation.source is Source.EVENT
            self.is_looked_into = False
        reading = reachability.reading()
        if reading is not before:
            # The first words for it are kept: what comes after says the same in other words.
            reachability.say(reachability.why_degraded() if reading is Health.DEGRADED else observation.words)
            return True
        # What is in use must last longer.
        is_news = not was_listed or is_first_check or self.is_offline_in_use is not was_in_use
        return confirms or is_news or reachability.is_reason_outdated(observation.at)

    def hear_up(self, words: str) -> None:
        """Take the first word of it: that it is up, and nothing else is to be weighed. Once more it is no news."""
        check = self.reachability
        self.word = self.calm = check.seen = check.words_for = Health.UP
        self.is_back = True
        check.words = words
        check.forget_loss()

    def _hear_endpoint(self, health: Health) -> None:
        if health is not Health.DOWN:
            self.device = None
        self.is_back = self.is_back or health is Health.UP
        self.word = health

    def hear_contact(self, change: ContactChange) -> bool:
        """Take a word about one contact; return whether anything can follow from it."""
        reachability = self.reachability
        before, had, loss = reachability.reading(), self.has_evidence, reachability.loss
        self.note_contact(change)
        if change.status is ContactStatus.REACHABLE:
            self._hear_endpoint(Health.UP)
            self.has_evidence = False
            reachability.forget_loss()
        elif change.status is ContactStatus.UNREACHABLE and self.has_lost_all_contacts():
            self.has_evidence = True
        reading = reachability.reading()
        if reading is Health.DEGRADED:
            reachability.say(reachability.why_degraded())
        elif reading is Health.UP and before is not Health.UP:
            is_back = change.status is ContactStatus.REACHABLE
            reachability.say("contact reachable" if is_back else "the contact that was lost is no longer registered")
        # With one contact there is nothing to remark; the endpoint's own events tell.
        is_of_several = len(self.contacts or ()) > 1
        is_news = reading is not before or self.has_evidence is not had or reachability.loss is not loss
        return is_news or is_of_several or bool(reachability.remark)

    def note_contact(self, change: ContactChange) -> None:
        """Keep in mind how a contact is, and draw no conclusion."""
        before = self.status_of(change.uri)
        super().note_contact(change)
        self.reachability.note_loss(change, before)
        if self.reachability.reading() is Health.DEGRADED:
            self.reachability.say(self.reachability.why_degraded())

    def forget_contacts(self) -> None:
        """What is known of its contacts is worth nothing any more."""
        super().forget_contacts()
        self.calm = None

    # ------------------------------------------------------------ whether the same once more would change anything

    def refresh(self) -> None:
        """Work out whether the same word once more would change anything."""
        check = self.reachability
        # The first word that only a check can tell is heard, though it changes nothing else.
        is_steady = check.pending is None and self.is_listed and self.is_check_seen
        self.calm = self.word if is_steady and (check.unknown_because or check.belief is check.reading()) else None
        self.calm_until = inf
        if self.word is Health.DOWN is check.pending and self.is_listed and self.is_check_seen:
            self._expect_the_same_until_due()

    def _expect_the_same_until_due(self) -> None:
        """What is about to be believed down is listed as offline again and again: that matters once it is due."""
        due = self.reachability.deadline()
        if due is not None:
            self.calm, self.calm_until = Health.DOWN, due
