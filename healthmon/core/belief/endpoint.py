"""One endpoint and its checks: what its witnesses say, and whether anything can follow from it."""

from __future__ import annotations

from math import inf

from healthmon.config.sections.watch import WatchConfig
from healthmon.core.belief.contacts import QUICK_ENOUGH, SLOW, Contacts
from healthmon.core.belief.endpoint_check import EndpointCheck
from healthmon.core.belief.endpoint_facts import EndpointFacts
from healthmon.core.belief.evidence import CONTACT_IS_BACK
from healthmon.core.belief.options import Options
from healthmon.core.belief.qualified_check import QualifiedCheck
from healthmon.core.belief.reachability import Reachability
from healthmon.core.belief.registration import Registration
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

    __slots__ = ("calm", "calm_until", "checks", "contacts_check", "reachability")

    def __init__(
        self, target: Target, policy: WatchConfig, settings: EndpointSettings | None, watched_since: float
    ) -> None:
        super().__init__(target, policy, settings)
        self.reachability = Reachability(self, watched_since)
        self.checks: dict[str, EndpointCheck] = {Check.REACHABILITY: self.reachability}
        #: None: of several contacts none was ever lost, and none was ever slow.
        self.contacts_check: Contacts | None = None
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
            self.checks[name] = self._new_check(name, watched_since)
            for check in self.checks.values():
                names = ENDPOINT_CHECKS[check.check].inhibited_by
                check.earlier = tuple(self.checks[earlier] for earlier in names if earlier in self.checks)
        return self.checks.get(name)

    def _new_check(self, name: str, watched_since: float) -> EndpointCheck:
        if name == Check.REGISTRATION:
            return Registration(self, name, watched_since)
        if name == Check.OPTIONS:
            return Options(self, self.reachability, watched_since)
        if name != Check.CONTACTS:
            return EndpointCheck(self, name, watched_since)
        self.contacts_check = Contacts(self, watched_since)
        return self.contacts_check

    @property
    def qualified_checks(self) -> list[QualifiedCheck]:
        """Those of which Asterisk knows nothing where it does not check its contacts."""
        return [check for check in (self.reachability, self.contacts_check) if check is not None]

    @property
    def options(self) -> Options | None:
        """What our own OPTIONS find of it; None: it was never asked, or is asked no longer."""
        check = self.checks.get(Check.OPTIONS)
        if isinstance(check, Options):
            return check
        return None

    def earlier_falls_at(self, name: str) -> float | None:
        """When it is known whether earlier checks are down that would explain this one; None: none is about to be."""
        earlier = (check for check in self.checks[name].earlier if check.may_explain)
        falling = (check.may_fall_at() for check in earlier if check.pending is Health.DOWN)
        return max((at for at in falling if at is not None), default=None)

    def settles_at(self, name: str, now: float) -> float:
        """Until when it may turn out that a check is well, too, as an earlier one that explained it is; 0.0: it has.

        A check that is there no longer has nothing to turn out.
        """
        check = self.checks.get(name)
        if check is None:
            return 0.0
        # What works in part explains it no longer.
        back = (other.since for other in check.earlier if other.belief in (Health.UP, Health.DEGRADED))
        back_at = max(back, default=0.0)
        at = back_at + check.settles_within()
        if now >= at or check.has_settled(back_at):
            return 0.0
        return at

    def begin_contacts(self, at: float, *, is_looked_at: bool) -> Contacts | None:
        """Return the check of its contacts if this is the moment in which it begins; else None.

        ``is_looked_at``: Asterisk was asked, and said how the endpoint is.
        """
        if self.contacts_check is not None or not (self.lost or self.slow):
            return None
        if not self.slow and len(self.contacts or ()) < 2 and not (is_looked_at and self._must_have_another):
            return None
        self.check(Check.CONTACTS, at)
        return self.contacts_check

    @property
    def _must_have_another(self) -> bool:
        """Whether all contacts that were heard of are lost, and yet it is online: that is known once it is asked."""
        return bool(self.lost) and self.word is Health.UP and self.may_have_several_contacts()

    # ------------------------------------------------------------ what was said

    def hear(self, observation: Observation, *, confirms: bool) -> bool:
        """Take a witness's word; return whether anything can follow from it."""
        reachability = self.reachability
        before, was_listed = self.word, self.is_listed
        is_first_check = observation.is_of_check and not self.is_check_seen
        self.is_check_seen = self.is_check_seen or observation.is_of_check
        was_offline, was_in_use = before is Health.DOWN, self.is_offline_in_use
        if observation.witness is not Witness.DEVICE:
            was_lost = (self.word or reachability.belief) is Health.DOWN
            is_news_by_poll = was_lost and observation.source is not Source.EVENT
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
        if self.word is not before:
            # The first words for it are kept: what comes after says the same in other words.
            reachability.words = observation.words
            return True
        # What is in use must last longer.
        is_news = not was_listed or is_first_check or self.is_offline_in_use is not was_in_use
        return confirms or is_news or reachability.is_reason_outdated(observation.at)

    def hear_up(self, words: str) -> None:
        """Take the first word of it: that it is up, and nothing else is to be weighed. Once more it is no news."""
        check = self.reachability
        self.word = self.calm = check.seen = Health.UP
        self.is_back = True
        check.words = words
        check.forget_loss()

    def _hear_endpoint(self, health: Health) -> None:
        if health is not Health.DOWN:
            self.device = None
        else:
            # So Asterisk calls it until its first check: what is online after that was checked.
            self.first_check_by = 0.0
        self.is_back = self.is_back or health is Health.UP
        self.word = health

    def hear_contact(self, change: ContactChange) -> bool:
        """Take a word about one contact; return whether anything can follow from it."""
        reachability, contacts = self.reachability, self.contacts_check
        before, had, loss = self.word, self.has_evidence, reachability.loss
        was_degraded = contacts is not None and contacts.reading() is Health.DEGRADED
        was_unchecked = self.first_check_by > 0.0
        self.note_contact(change)
        if change.status is ContactStatus.REACHABLE:
            self.first_check_by = 0.0
            self._hear_endpoint(Health.UP)
            self.has_evidence = False
            reachability.forget_loss()
            if before is not Health.UP:
                reachability.words = CONTACT_IS_BACK
        elif change.status is ContactStatus.UNREACHABLE and self.has_lost_all_contacts():
            self.has_evidence = True
        if contacts is not None:
            contacts.note(change, was_degraded=was_degraded)
        # Of one contact the endpoint's own events tell.
        is_of_several = len(self.contacts or ()) > 1 or contacts is not None or bool(self.slow)
        is_news = before is not self.word or (was_unchecked and not self.first_check_by)
        if self.has_evidence is not had or reachability.loss is not loss:
            is_news |= not self._falls_however_it_was_lost(change.at)
        return is_news or is_of_several or bool(reachability.remark)

    def _falls_however_it_was_lost(self, at: float) -> bool:
        """Whether it is about to be believed down, and how its contact was lost changes neither when nor why not.

        So it is with the last of the three events of each loss: a device that is not due yet, is far from flapping, and
        of which the second witness does not say that it is in use. What is in a grace, or unknown, is due at no time.
        """
        is_awaited = self.calm is Health.DOWN and at < self.calm_until < inf
        is_plain = self.kind.is_device and len(self.checks) == 1 and self.device is not Health.UP
        return is_awaited and is_plain and self.reachability.is_far_from_flapping(at)

    def hear_round_trip(self, uri: str, rtt_ms: float) -> bool:
        """Take a round trip that a list of contacts has; return whether anything can follow from it."""
        contacts, was_slow = self.contacts_check, bool(self.slow)
        self.note_round_trip(uri, rtt_ms)
        if self.presumed.startswith(SLOW):
            self.presumed = ""
        if contacts is not None and was_slow and not self.slow:
            contacts.words = QUICK_ENOUGH
        return was_slow or contacts is not None or bool(self.slow)

    def note_contact(self, change: ContactChange) -> None:
        """Keep in mind how a contact is, and draw no conclusion."""
        before = self.status_of(change.uri)
        super().note_contact(change)
        self.reachability.note_loss(change, before)
        if self._must_have_another:
            self.calm = None

    def forget_contacts(self) -> None:
        """What is known of its contacts is worth nothing any more."""
        super().forget_contacts()
        self.calm = None

    # ------------------------------------------------------------ whether the same once more would change anything

    def refresh(self) -> None:
        """Work out whether the same word once more would change anything."""
        check = self.reachability
        # The first word that only a check can tell is heard, though it changes nothing else.
        is_heard = self.is_listed and self.is_check_seen
        is_pending = check.pending is not None
        if len(self.checks) > 1:
            is_pending = any(other.pending is not None for other in self.checks.values())
        is_as_believed = bool(check.unknown_because) or check.belief is check.reading()
        has_begun = self.contacts_check is not None or not self._must_have_another
        self.calm, self.calm_until = None, inf
        if is_heard and not is_pending and is_as_believed and has_begun:
            self.calm = self.word
        if self.word is Health.DOWN is check.pending and is_heard:
            self._expect_the_same_until_due()

    def _expect_the_same_until_due(self) -> None:
        """What is about to be believed down is listed as offline again and again: that matters once it is due."""
        due = self.reachability.deadline()
        if due is None:
            return
        if len(self.checks) > 1:
            deadlines = (check.deadline() for check in self.checks.values())
            due = min(deadline for deadline in deadlines if deadline is not None)
        self.calm, self.calm_until = Health.DOWN, due
