"""One endpoint: what Asterisk's witnesses last said of it, and what that amounts to."""

from __future__ import annotations

from math import inf

from healthmon.config.sections.shared import Hold
from healthmon.config.sections.watch import WatchConfig
from healthmon.core.belief.evidence import (
    NOT_LISTED,
    RESTARTED,
    contradicts,
    effective_hold,
    kind_of,
    least_round_trip,
    loss_of_last_contact,
    losses_in_words,
    outlasting_a_cycle,
    remark_for,
    unreachable,
    why_down,
    why_unknown,
)
from healthmon.core.belief.flapping import FlapRule
from healthmon.core.belief.machine import ONE_FALL, Machine
from healthmon.model import (
    Check,
    ContactChange,
    ContactStatus,
    EndpointSettings,
    Health,
    Loss,
    Observation,
    Place,
    PlaceChange,
    RoundTrip,
    Source,
    Target,
    Witness,
)
from healthmon.text.sipuri import host_of

#: What Asterisk says of a contact that is there.
LIVING = frozenset({ContactStatus.REACHABLE, ContactStatus.NON_QUALIFIED, ContactStatus.CREATED, ContactStatus.UPDATED})

#: More contacts than this are not remembered one by one: somebody is playing with us.
MOST_CONTACTS = 1000
#: … nor more places where they are.
MOST_PLACES = 32


class Endpoint(Machine):
    """The reachability of one endpoint. Owned by the engine thread."""

    __slots__ = (
        "asked_at",
        "calm",
        "calm_until",
        "contacts",
        "device",
        "doubted_at",
        "fell_by_event",
        "grace_takes_evidence",
        "grace_until",
        "grace_why",
        "has_evidence",
        "is_check_seen",
        "is_listed",
        "is_looked_into",
        "last_at",
        "loss_said",
        "lost",
        "lost_address",
        "not_usable",
        "offline_since",
        "places",
        "policy",
        "presumed",
        "round",
        "settings",
        "slow",
        "was_unlisted_by_accident",
        "word",
        "words",
        "words_for",
    )

    def __init__(
        self, target: Target, policy: WatchConfig, settings: EndpointSettings | None, watched_since: float
    ) -> None:
        super().__init__(
            target,
            Check.REACHABILITY,
            kind_of(target, settings, policy),
            effective_hold(policy.hold, settings),
            watch=policy.name,
            watched_since=watched_since,
        )
        self.policy = policy
        self.flap_rule = FlapRule.of(policy)
        self.settings = settings
        #: The endpoint's own word (PeerStatusChange, /endpoints); None: nothing heard yet.
        self.word: Health | None = None
        #: The second witness's word since the endpoint went down; None: not heard or asked since (rule 3).
        self.device: Health | None = None
        #: The last words, and for which reading they were said.
        self.words = ""
        self.words_for: Health | None = None
        self.contacts: dict[str, ContactStatus] | None = None
        #: How many of them are unreachable.
        self.lost = 0
        #: Of chan_sip and IAX2 ARI shows no settings: whether Asterisk said what only a check can tell.
        self.is_check_seen = target.technology == "PJSIP"
        #: Asterisk's word for how the last of them was lost.
        self.loss_said = ""
        #: The round trips of those that are slower than the watch section likes (milliseconds).
        self.slow: dict[str, float] | None = None
        #: Why it was degraded when healthmon stopped; until an event tells more.
        self.presumed = ""
        #: When what is known of its contacts is too old, for events were missed; 0.0: nothing was missed.
        self.doubted_at = 0.0
        #: Where its contacts were seen last, the newest at the end; and the address of the one that was lost last.
        self.places: tuple[Place, ...] = ()
        self.lost_address = ""
        self.last_at = 0.0
        #: An observation of this health changes nothing at all: most of them need no more than this look.
        self.calm: Health | None = None
        #: That holds for what was asked for before then; where it is not for ever, for polls only: an event may be of
        #: the second witness.
        self.calm_until = inf
        self.is_listed = True
        #: It is not listed because its technology could not be listed, or has no channel driver.
        self.was_unlisted_by_accident = False
        #: Why no call to it is possible, whatever Asterisk says of it: its channel driver is missing; "": it is not.
        self.not_usable = ""
        #: The number of the snapshot that listed it last.
        self.round = 0
        #: When the sources were last asked about it.
        self.asked_at = 0.0
        self.grace_until = 0.0
        self.grace_why = ""
        self.grace_takes_evidence = False
        self.has_evidence = False
        #: When Asterisk first called it offline, and whether an event said so: then none was missed.
        self.offline_since = 0.0
        self.fell_by_event = False
        #: Asterisk has had the time to check it since it went offline, however its settings were changed.
        self.is_looked_into = False

    def use(self, policy: WatchConfig, settings: EndpointSettings | None) -> None:
        """Take a new watch section, or new settings: kind and hold follow."""
        if self.is_loss_unjudged and settings is not None and settings.known and settings.is_qualified:
            self.loss = Loss.LOGGED_OUT
        self.policy, self.settings, self.watch = policy, settings, policy.name
        self.flap_rule = FlapRule.of(policy)
        self.kind = kind_of(self.target, settings, policy)
        self.hold = effective_hold(policy.hold, settings)
        if self.slow is not None:
            limit = policy.rtt_warn_ms or float("inf")
            self.slow = {uri: rtt for uri, rtt in self.slow.items() if rtt > limit}

    def plain_hold(self) -> Hold:
        """What is in use must last a cycle of checks at least."""
        return self.hold if not self.is_offline_in_use else outlasting_a_cycle(self.hold, self.settings)

    def why_held(self, pending: Health) -> str:
        """One lost OPTIONS is an outage to Asterisk until its next check (rule 9)."""
        is_longer = self.plain_hold() != self.policy.hold and pending is not Health.UP
        return f"Asterisk checks it every {self.settings.qualify_frequency:g} s" if is_longer and self.settings else ""

    # ------------------------------------------------------------ what was said

    def hear(self, observation: Observation, *, confirms: bool) -> bool:
        """Take a witness's word; return whether anything can follow from it."""
        before, was_listed = self.reading(), self.is_listed
        is_first_check = observation.is_of_check and not self.is_check_seen
        self.is_check_seen = self.is_check_seen or observation.is_of_check
        was_offline, was_in_use = self.word is Health.DOWN, self.is_offline_in_use
        if observation.witness is not Witness.DEVICE:
            is_news_by_poll = self.word is Health.DOWN and observation.source is not Source.EVENT
            if is_news_by_poll and observation.health is Health.UP and self._has_lost_all_contacts():
                # The event that should have told which of them is back was missed.
                self.forget_contacts()
            self._hear_endpoint(observation.health)
            if observation.loss:
                self.loss, self.loss_said = observation.loss, observation.words
        elif not self._hear_device(observation):
            return False
        self.is_listed = True
        if self.word is Health.DOWN and not was_offline:
            self.offline_since, self.fell_by_event = observation.at, observation.source is Source.EVENT
            self.is_looked_into = False
        reading = self.reading()
        if reading is not before:
            # The first words for it are kept: what comes after says the same in other words.
            self.say(self.why_degraded() if reading is Health.DEGRADED else observation.words)
            return True
        # What is in use must last longer.
        is_news = not was_listed or is_first_check or self.is_offline_in_use is not was_in_use
        return confirms or is_news or self._is_reason_outdated(observation.at)

    def _is_reason_outdated(self, at: float) -> bool:
        """Whether it is unknown for a reason that is over: it is listed, or has its driver. A grace ends by itself."""
        return self.unknown_because not in ("", self.grace_why, self.why_unknown(at))

    def _hear_endpoint(self, health: Health) -> None:
        if health is not Health.DOWN:
            self.device = None
        if health is Health.UP:
            self.loss, self.loss_said = Loss.NONE, ""
        self.word = health

    def _hear_device(self, observation: Observation) -> bool:
        """Return whether the second witness said anything that bears on it."""
        if observation.health is Health.DOWN:
            # Of the two events of one loss this may be the first.
            self.word = self.device = Health.DOWN
            return True
        if self.word is not Health.DOWN:
            return False
        if observation.health is Health.UNKNOWN and observation.source is not Source.ANSWER:
            return False
        # UNKNOWN as an answer: this technology has no such state, and more than asking cannot be done.
        self.device = observation.health
        return True

    def hear_contact(self, change: ContactChange) -> bool:
        """Take a word about one contact; return whether anything can follow from it."""
        before, had, loss = self.reading(), self.has_evidence, self.loss
        self.note_contact(change)
        if change.status is ContactStatus.REACHABLE:
            self._hear_endpoint(Health.UP)
            self.has_evidence = False
        elif change.status is ContactStatus.UNREACHABLE and self._has_lost_all_contacts():
            self.has_evidence = True
        reading = self.reading()
        if reading is Health.DEGRADED:
            self.say(self.why_degraded())
        elif reading is Health.UP and before is not Health.UP:
            is_back = change.status is ContactStatus.REACHABLE
            self.say("contact reachable" if is_back else "the contact that was lost is no longer registered")
        # With one contact there is nothing to remark; the endpoint's own events tell.
        is_of_several = len(self.contacts or ()) > 1
        is_news = reading is not before or self.has_evidence is not had or self.loss is not loss
        return is_news or is_of_several or bool(self.remark)

    def makes_settings_doubtful(self, change: ContactChange) -> bool:
        """Whether a word about a contact that is not heard yet shows that its settings are no longer as they were."""
        return contradicts(self.settings, change, self.contacts or {})

    def note_contact(self, change: ContactChange) -> None:
        """Keep in mind how a contact is, and draw no conclusion."""
        contacts = self.contacts = {} if self.contacts is None else self.contacts
        before = contacts.get(change.uri, ContactStatus.UNKNOWN)
        if change.status is ContactStatus.REMOVED:
            contacts.pop(change.uri, None)
        elif change.uri in contacts or len(contacts) < MOST_CONTACTS:
            contacts[change.uri] = change.status
        self.lost = unreachable(contacts)
        self._note_loss(change, before)
        if change.status in (ContactStatus.REACHABLE, ContactStatus.REMOVED):
            self.presumed = ""
        self._note_round_trip(change)
        if not (self.lost or self.slow or self.presumed):
            self.doubted_at = 0.0
        if self.reading() is Health.DEGRADED:
            self.say(self.why_degraded())

    def _note_loss(self, change: ContactChange, before: ContactStatus) -> None:
        """Keep in mind how the last contact was lost; ``before``: how the contact was that is spoken of."""
        loss = self.loss
        if change.status in LIVING:
            # What logs in again has logged out until it is checked: it did not fall.
            is_back = loss is not Loss.LOGGED_OUT or self.word is not Health.DOWN
            loss = Loss.NONE if is_back else loss
        elif change.status is ContactStatus.UNREACHABLE and self._has_lost_all_contacts():
            loss = Loss.NO_ANSWER
        elif change.status is ContactStatus.REMOVED and not self.contacts:
            if before is ContactStatus.UNKNOWN and not self._was_up_until(change.at):
                return
            loss = loss_of_last_contact(change.uri, before, self.settings)
        if loss is not self.loss:
            self.loss, self.loss_said = loss, f"contact {change.status}"

    def _was_up_until(self, at: float) -> bool:
        """Whether it was not offline before: of the events of one loss that of the contact may be the last."""
        if self.word is not Health.DOWN:
            return True
        # In a grace the clock of what is down does not run; after a restart of healthmon it tells of earlier.
        since = self.offline_since if self.down_since is None else min(self.down_since, self.offline_since)
        return at - since < ONE_FALL

    @property
    def is_loss_unjudged(self) -> bool:
        """Whether its contact was removed, and only its settings will tell whether it logged out."""
        return self.loss is Loss.REGISTRATION_ENDED and self.settings is None

    @property
    def is_logged_out(self) -> bool:
        """Whether this is a phone that took back its registration, and was not lost."""
        return self.loss is Loss.LOGGED_OUT and self.kind.is_device

    def why(self) -> str:
        """Say why it is as it reads, in words for people, with Asterisk's own behind."""
        reading = self.reading()
        if reading is Health.UP and self.words_for is Health.DEGRADED:
            # A restart of Asterisk, or new settings: what was heard of its contacts counts no more.
            return "nothing is known any more that is the matter with its contacts"
        if reading is not Health.DOWN:
            return self.words
        return why_down(self.loss, self.loss_said or self.words, self.settings)

    def say(self, words: str) -> None:
        """Keep the words for what it amounts to now."""
        self.words, self.words_for = words, self.reading()

    def correct_reason(self) -> None:
        """What had logged out logged in again, and was lost before it could be believed up."""
        is_lost = self.belief is Health.DOWN and self.loss not in (Loss.NONE, Loss.LOGGED_OUT)
        if is_lost and self.reason.startswith(Loss.LOGGED_OUT):
            self.reason = self.why()

    def _note_round_trip(self, change: ContactChange) -> None:
        warn, rtt = self.policy.rtt_warn_ms, change.rtt_ms
        if self.slow is not None and change.status is not ContactStatus.UPDATED:
            self.slow.pop(change.uri, None)
        if warn is None or rtt is None or change.status is not ContactStatus.REACHABLE:
            return
        least = least_round_trip(rtt)
        if least > warn and change.uri in (self.contacts or ()):
            self.slow = {**(self.slow or {}), change.uri: least}

    def doubt(self, at: float) -> bool:
        """Events were missed: what they told of contacts counts until a time; return whether they told anything."""
        has_anything = bool(self.lost or self.slow or self.presumed)
        if has_anything and not self.doubted_at:
            self.doubted_at = at
        return has_anything

    def forget_contacts(self) -> None:
        """What is known of its contacts is worth nothing any more."""
        self.lost, self.slow, self.presumed, self.doubted_at, self.calm = 0, None, "", 0.0, None
        if self.contacts:
            self.contacts = dict.fromkeys(self.contacts, ContactStatus.UNKNOWN)
        else:
            self.contacts = None

    def round_trip(self, change: ContactChange) -> RoundTrip | None:
        """Return what a contact that was not heard yet tells of the line, or None.

        After an outage it is the time until Asterisk asked once more; so it may be if nothing is known from before.
        """
        before = (self.contacts or {}).get(change.uri)
        if change.rtt_ms is None or before is None or before is ContactStatus.UNREACHABLE:
            return None
        return RoundTrip(self.target, change.at, change.rtt_ms)

    # ------------------------------------------------------------ where its contacts are

    @property
    def address(self) -> str:
        """Where it is: while it is down, where the contact was whose loss made it down; "": not known."""
        addresses = [place.address for place in self.places]
        if self.lost_address in addresses:
            return self.lost_address
        return addresses[-1] if addresses else ""

    @property
    def proxy(self) -> str:
        """The host of the proxy by which Asterisk reaches it; "": none, or not known."""
        return "" if self.settings is None else self.settings.outbound_proxy

    def follow(self, change: ContactChange) -> list[PlaceChange]:
        """Take the place of a contact from an event, after ``hear_contact()``; return what is new about it."""
        address, at = host_of(change.uri), change.at
        if not address:
            return []
        known = [place for place in self.places if place.address == address]
        if change.status in LIVING:
            left = [place for place in self.places if place.address != address and self._is_gone(place.address)]
            self.lost_address = "" if self.lost_address == address else self.lost_address
            return self._move([] if known else [Place(address)], left, at)
        self.lost_address = address
        # The last place that is known stays: that is where the endpoint was lost.
        has_others = len(known) < len(self.places)
        is_left = change.status is ContactStatus.REMOVED and has_others and self._is_gone(address)
        # Of thousands not all settings are read yet; without a place it would be told apart from its site.
        found = [] if self.places else [Place(address)]
        return self._move(found, known if is_left else [], at)

    def settle_in(self, places: tuple[Place, ...], at: float) -> list[PlaceChange]:
        """Take the places that its settings tell; nothing, where it has no contact: the last places stay."""
        if not places:
            return []
        found = [place for place in places if place not in self.places]
        # That an event told an address without a user agent is no place of its own.
        left = [place for place in self.places if place not in places]
        named = {place.address for place in found}
        silent = [place for place in left if not place.user_agent and place.address in named]
        self.places = tuple(place for place in self.places if place not in silent)
        return self._move(found, [place for place in left if place not in silent], at)

    def _move(self, found: list[Place], left: list[Place], at: float) -> list[PlaceChange]:
        places = [*(place for place in self.places if place not in left), *found]
        # What is not remembered any more is not booked as a present one for ever, either.
        left, found = [*left, *(place for place in places[:-MOST_PLACES] if place in self.places)], found[-MOST_PLACES:]
        self.places = tuple(places[-MOST_PLACES:])
        changes = [PlaceChange(self.target, place, at, is_left=True) for place in left]
        return changes + [PlaceChange(self.target, place, at, is_left=False) for place in found]

    def _is_gone(self, address: str) -> bool:
        """Whether the contact that was lost there was removed, and none is left there."""
        return self.lost_address == address and all(host_of(uri) != address for uri in self.contacts or ())

    def may_be_unchecked(self, configured_at: float) -> bool:
        """Whether it may be offline only because Asterisk checks it otherwise than was read, and has not done so yet.

        When its qualify is switched on, Asterisk calls it offline until the first check. Nothing is said of its
        contacts then; of one that is really lost, or removed, an event tells. ``configured_at``: when Asterisk took its
        configuration; where events were missed, settings that are older are doubtful.
        """
        was_heard_of = self.contacts is not None and self._has_lost_all_contacts()
        if self.word is not Health.DOWN or self.target.technology != "PJSIP" or self.is_looked_into or was_heard_of:
            return False
        if self.settings is None:
            return self.fell_by_event
        read_at = self.settings.read_at
        return read_at < self.offline_since and (self.fell_by_event or read_at < configured_at)

    def needs_settings(self, configured_at: float) -> bool:
        """Whether its settings must be read before it is believed down: they tell whether it is, or how it was lost."""
        return self.is_loss_unjudged or self.may_be_unchecked(configured_at)

    def _has_lost_all_contacts(self) -> bool:
        return all(status is ContactStatus.UNREACHABLE for status in (self.contacts or {}).values())

    @property
    def is_offline_in_use(self) -> bool:
        """Whether Asterisk calls it offline, and its device state says that it is in use all the same.

        A dead call hangs for hours: that never outweighs contacts that were checked and are all unreachable.
        """
        return self.word is Health.DOWN and self.device is Health.UP and not self._is_known_to_be_unreachable()

    def _is_known_to_be_unreachable(self) -> bool:
        return bool(self.contacts) and self._has_lost_all_contacts()

    # ------------------------------------------------------------ what it amounts to

    def reading(self) -> Health | None:
        """Up or down as far as the witnesses go. None: nothing heard yet.

        Online with a contact that is lost, or slow, is degraded. Offline, and yet in use, is down like any other
        offline; it must only last for longer, see ``hold_in_force()``.
        """
        if self.word is Health.UP and (self.lost or self.slow or self.presumed) and self.why_degraded():
            return Health.DEGRADED
        return self.word

    def why_degraded(self) -> str:
        """Say what is the matter with contacts of an endpoint that is online; "": nothing is."""
        known = len(self.contacts or ())
        losses = losses_in_words(self.lost, known, may_have_more=self._may_have_several_contacts())
        if losses or self.presumed or not self.slow:
            return losses or self.presumed
        return f"round trip {max(self.slow.values()):.0f} ms, more than {self.policy.rtt_warn_ms:.0f} ms"

    def _may_have_several_contacts(self) -> bool:
        registered = 0 if self.settings is None else self.settings.max_contacts
        # A trunk's contacts are in the configuration, and nothing may register.
        return registered > 1 or (not registered and len(self.places) > 1)

    def why_unknown(self, now: float) -> str:
        """Why what was heard says nothing at present, or "" if it does."""
        health = self.reading()
        if self.not_usable:
            return self.not_usable
        if not self.is_listed:
            return NOT_LISTED
        if health is None:
            return self.unknown_because
        why = why_unknown(health, self.settings)
        if not why and health is Health.DOWN and self.is_in_grace(now):
            return self.grace_why
        return why

    def is_in_grace(self, now: float) -> bool:
        """Whether "offline" means nothing yet, because Asterisk was restarted or frozen a moment ago (rule 11)."""
        return now < self.grace_until and not (self.has_evidence and self.grace_takes_evidence)

    @property
    def is_awaited(self) -> bool:
        """Whether it was up when Asterisk was restarted, has not come back, and is not believed down yet."""
        return self.belief is Health.UP and (self.is_waited_for_after_restart or bool(self.cohort))

    @property
    def is_waited_for_after_restart(self) -> bool:
        """Whether Asterisk was restarted a moment ago, and it has not come back."""
        return self.unknown_because == self.grace_why and self.grace_why.startswith(RESTARTED)

    def fell_with(self, at: float) -> bool:
        """Whether what was first seen down at ``at`` did not come back from the same restart as this one."""
        return self.is_awaited and (self.unknown_since <= at if self.unknown_because else at <= self.pending_since)

    def was_asked_for_device(self) -> bool:
        """Whether the second witness was heard, as far as that is needed (rule 3)."""
        return self.reading() is not Health.DOWN or self.device is not None

    def begin_grace(self, why: str, until: float, *, takes_evidence: bool) -> None:
        """Asterisk was restarted, or frozen: what it says of its contacts is not worth anything yet."""
        self.grace_why, self.grace_until, self.grace_takes_evidence = why, until, takes_evidence
        self.has_evidence = False
        self.forget_contacts()

    def refresh(self) -> None:
        """Work out the remark, and whether the same word once more would change anything."""
        health = self.reading()
        self.remark = "" if self.unknown_because else self._remark(health)
        # The first word that only a check can tell is heard, though it changes nothing else.
        is_steady = self.pending is None and self.is_listed and self.is_check_seen
        self.calm = self.word if is_steady and (self.unknown_because or self.belief is health) else None
        self.calm_until = inf
        if self.word is Health.DOWN is self.pending and self.is_listed and self.is_check_seen:
            self._expect_the_same_until_due()

    def _expect_the_same_until_due(self) -> None:
        """What is about to be believed down is listed as offline again and again: that matters once it is due."""
        due = self.deadline()
        if due is not None:
            self.calm, self.calm_until = Health.DOWN, due

    def _remark(self, health: Health | None) -> str:
        """What is not said by what is believed and why."""
        if health is Health.DEGRADED:
            why = self.why_degraded()
            return "" if self.belief is Health.DEGRADED and why == self.reason else why
        return remark_for(self.settings, is_check_seen=self.is_check_seen) if health is Health.UP else ""

    def shift(self, by: float) -> None:
        """Move all times by so many seconds: somebody set the clock."""
        super().shift(by)
        self.last_at += by
        self.asked_at += by
        self.grace_until += by
        self.doubted_at += by if self.doubted_at else 0.0
        self.offline_since += by
        self.calm_until += by
