"""What is known of one endpoint, whichever of its checks asks: how Asterisk has it, and what was last said of it."""

from __future__ import annotations

from healthmon.config.sections.watch import WatchConfig
from healthmon.core.belief.evidence import contradicts, kind_of, least_round_trip, unreachable
from healthmon.history.metrics import ROUND_TRIP
from healthmon.model import (
    ENDPOINT_CHECKS,
    LIVING,
    LOST,
    Check,
    ContactChange,
    ContactReading,
    ContactStatus,
    EndpointSettings,
    Health,
    Means,
    Measurement,
    Observation,
    Place,
    PlaceChange,
    Probe,
    ProbePlan,
    Target,
)
from healthmon.text.sipuri import host_of

#: More contacts than this are not remembered one by one: somebody is playing with us.
MOST_CONTACTS = 1000
#: … nor more places where they are.
MOST_PLACES = 32
#: What was slower than ``rtt_warn`` is so until it takes no longer than this part of it.
QUICK_AGAIN = 0.8


class EndpointFacts:
    """The thing itself: its settings, its contacts, what its witnesses last said. Owned by the engine thread."""

    __slots__ = (
        "contacts",
        "contacts_heard_at",
        "device",
        "doubted_at",
        "fell_by_event",
        "first_check_by",
        "found_wrong_at",
        "grace_takes_evidence",
        "grace_until",
        "grace_why",
        "has_evidence",
        "is_back",
        "is_check_seen",
        "is_listed",
        "is_looked_into",
        "kind",
        "last_at",
        "lost",
        "lost_address",
        "maintenance_mode",
        "not_usable",
        "offline_since",
        "own_view",
        "own_view_at",
        "places",
        "policy",
        "presumed",
        "probe_plan",
        "registered_as",
        "renewed_at",
        "round",
        "settings",
        "slow",
        "target",
        "told_round_trips",
        "was_unlisted_by_accident",
        "word",
    )

    def __init__(self, target: Target, policy: WatchConfig, settings: EndpointSettings | None) -> None:
        self.target = target
        self.policy = policy
        self.settings = settings
        self.kind = kind_of(target, settings, policy)
        #: The endpoint's own word (PeerStatusChange, /endpoints); None: nothing heard yet.
        self.word: Health | None = None
        #: The second witness's word since the endpoint went down; None: not heard or asked since (rule 3).
        self.device: Health | None = None
        self.contacts: dict[str, ContactStatus] | None = None
        #: When an event last spoke of one of them.
        self.contacts_heard_at = 0.0
        #: The round trips in those events, where the list of contacts has them, too (milliseconds).
        self.told_round_trips: dict[str, float] | None = None
        #: How many of them are unreachable.
        self.lost = 0
        #: Of chan_sip and IAX2 ARI shows no settings: whether Asterisk said what only a check can tell.
        self.is_check_seen = target.technology == "PJSIP"
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
        self.is_listed = True
        #: It is not listed because its technology could not be listed, or has no channel driver.
        self.was_unlisted_by_accident = False
        #: Why no call to it is possible, whatever Asterisk says of it: its channel driver is missing; "": it is not.
        self.not_usable = ""
        #: Since when it is in Asterisk's maintenance mode, in words: every call is refused; "": it is not.
        self.maintenance_mode = ""
        #: The number of the snapshot that listed it last.
        self.round = 0
        self.grace_until = 0.0
        self.grace_why = ""
        self.grace_takes_evidence = False
        self.has_evidence = False
        #: Qualify was switched on while our own OPTIONS find it wrong: until then Asterisk has surely checked it. 0.0:
        #: it has, or nothing is waited for.
        self.first_check_by = 0.0
        #: Since when our own OPTIONS found it wrong, where Asterisk checks it only since then; None: they did not.
        self.found_wrong_at: float | None = None
        #: It was seen up since Asterisk was restarted.
        self.is_back = False
        #: When Asterisk first called it offline, and whether an event said so: then none was missed.
        self.offline_since = 0.0
        self.fell_by_event = False
        #: How it is asked by OPTIONS of our own; None: it is not.
        self.probe_plan: ProbePlan | None = None
        #: What it answered to the last of them, if it does; "": it does not, or is not asked. And when that one left.
        self.own_view = ""
        self.own_view_at = 0.0
        #: At which server Asterisk is registered, and when that was renewed last; 0.0: it is not known to be.
        self.registered_as = ""
        self.renewed_at = 0.0
        #: Asterisk has had the time to check it since it went offline, however its settings were changed.
        self.is_looked_into = False

    def use(self, policy: WatchConfig, settings: EndpointSettings | None) -> None:
        """Take a new watch section, or new settings."""
        self.policy, self.settings = policy, settings
        self.kind = kind_of(self.target, settings, policy)
        if self.slow is not None:
            limit = policy.rtt_warn_ms or float("inf")
            self.slow = {uri: rtt for uri, rtt in self.slow.items() if rtt > limit}

    @property
    def hidden_because(self) -> str:
        """Why what Asterisk says of it is worth nothing, whatever that is; "": it is worth something."""
        return self.maintenance_mode or self.not_usable

    # ------------------------------------------------------------ what was said

    def hear_device(self, observation: Observation) -> bool:
        """Take the second witness's word; return whether it said anything that bears on the endpoint."""
        rules = ENDPOINT_CHECKS[Check.REACHABILITY]
        means = rules.meaning(observation.witness, observation.source, observation.health)
        if means is Means.DOWN:
            # Of the two events of one loss this may be the first.
            self.word = self.device = Health.DOWN
            return True
        if means is Means.NOTHING or self.word is not Health.DOWN:
            return False
        self.device = observation.health
        return True

    @property
    def is_offline_in_use(self) -> bool:
        """Whether Asterisk calls it offline, and its device state says that it is in use all the same.

        A dead call hangs for hours: that never outweighs contacts that were checked and are all unreachable.
        """
        if self.word is not Health.DOWN or self.device is not Health.UP:
            return False
        return not (self.contacts and self.has_lost_all_contacts())

    # ------------------------------------------------------------ its contacts

    def note_contact(self, change: ContactChange) -> None:
        """Keep in mind how a contact is, and draw no conclusion."""
        self.contacts_heard_at = change.at
        contacts = self.contacts = {} if self.contacts is None else self.contacts
        if change.status is ContactStatus.REMOVED:
            contacts.pop(change.uri, None)
        elif change.uri in contacts or len(contacts) < MOST_CONTACTS:
            contacts[change.uri] = change.status
        self.lost = unreachable(contacts)
        if change.status in (ContactStatus.REACHABLE, ContactStatus.REMOVED):
            self.presumed = ""
        is_gone = change.status is ContactStatus.REMOVED or change.status in LOST
        if self.slow is not None and is_gone:
            # After a reload Asterisk knows nothing of a contact for a moment, which makes none quicker.
            self.slow.pop(change.uri, None)
        if change.rtt_ms is not None and change.status is ContactStatus.REACHABLE and change.uri in contacts:
            self.note_round_trip(change.uri, change.rtt_ms)
        if not (self.lost or self.slow or self.presumed):
            self.doubted_at = 0.0

    def status_of(self, uri: str) -> ContactStatus:
        """What an event last said of this contact."""
        return (self.contacts or {}).get(uri, ContactStatus.UNKNOWN)

    def has_lost_all_contacts(self) -> bool:
        """Whether each contact of which an event has spoken is unreachable."""
        return self.lost == len(self.contacts or ())

    def may_have_several_contacts(self) -> bool:
        """Whether there may be more contacts than the one of which an event has spoken."""
        registered = 0 if self.settings is None else self.settings.max_contacts
        # A trunk's contacts are in the configuration, and nothing may register.
        return registered > 1 or (not registered and len(self.places) > 1)

    def makes_settings_doubtful(self, change: ContactChange) -> bool:
        """Whether a word about a contact that is not heard yet shows that its settings are no longer as they were."""
        return contradicts(self.settings, change, self.contacts or {})

    def makes_ways_doubtful(self, change: ContactChange) -> bool:
        """Whether our own OPTIONS may have to go elsewhere: a phone registers from another port, say."""
        if self.policy.probe is Probe.NO or self.settings is None:
            return False
        is_known = any(way.uri == change.uri for way in self.settings.ways or ())
        return is_known is (change.status is ContactStatus.REMOVED)

    def note_round_trip(self, uri: str, rtt_ms: float | None) -> None:
        """Keep in mind whether a contact is slow: one that was must be quicker by a fifth than what makes one slow."""
        limit, slow = self.policy.rtt_warn_ms, self.slow or {}
        if limit is None or rtt_ms is None:
            return
        if uri in slow:
            limit *= QUICK_AGAIN
        least = least_round_trip(rtt_ms)
        if least > limit and len(slow) < MOST_CONTACTS:
            self.slow = {**slow, uri: least}
        elif uri in slow:
            self.slow = {other: rtt for other, rtt in slow.items() if other != uri}

    # ------------------------------------------------------------ what our own OPTIONS find

    def note_own_view(self, view: str, at: float) -> None:
        """Keep in mind what it answered to a request of ours that left then; "": nothing worth saying."""
        self.own_view, self.own_view_at = view, at

    # ------------------------------------------------------------ what a list of contacts tells

    def missed_change(self, reading: ContactReading, at: float) -> ContactChange | None:
        """What an event should have told of a contact that a list has otherwise; None: nothing."""
        known = self.status_of(reading.uri)
        if reading.status is ContactStatus.REMOVED:
            is_news = reading.uri in (self.contacts or ())
        elif reading.status in LOST:
            is_news = known not in LOST
        else:
            is_news = known in LOST
        if at < self.last_at or not is_news:
            return None
        return ContactChange(self.target, reading.uri, reading.status, at)

    def keep_round_trip(self, change: ContactChange) -> None:
        """An event told this round trip: a list that has the same tells nothing more."""
        told = self.told_round_trips or {}
        if change.rtt_ms is not None and (change.uri in told or len(told) < MOST_CONTACTS):
            self.told_round_trips = {**told, change.uri: change.rtt_ms}

    def is_told(self, reading: ContactReading) -> bool:
        """Whether an event has told this round trip before."""
        return (self.told_round_trips or {}).get(reading.uri) == reading.rtt_ms

    def round_trip(self, change: ContactChange) -> Measurement | None:
        """Return what a contact that was not heard yet tells of the line, or None.

        After an outage it is the time until Asterisk asked once more; so it may be if nothing is known from before.
        """
        before = (self.contacts or {}).get(change.uri)
        if before is None or before is ContactStatus.UNREACHABLE:
            return None
        return ROUND_TRIP.measured(self.target, Check.REACHABILITY, change.rtt_ms, change.at)

    def doubt(self, at: float) -> bool:
        """Events were missed: what they told of contacts counts until a time; return whether they told anything."""
        has_anything = bool(self.lost or self.slow or self.presumed)
        if has_anything and not self.doubted_at:
            self.doubted_at = at
        return has_anything

    def forget_contacts(self) -> None:
        """What is known of its contacts is worth nothing any more."""
        self.lost, self.slow, self.presumed, self.doubted_at = 0, None, "", 0.0
        if self.contacts:
            self.contacts = dict.fromkeys(self.contacts, ContactStatus.UNKNOWN)
        else:
            self.contacts = None

    # ------------------------------------------------------------ where its contacts are

    @property
    def address(self) -> str:
        """Where it is: while it is down, where the contact was whose loss made it down; "": not known."""
        if not self.places:
            return ""
        newest = self.places[-1].address
        # Nearly all have one place.
        if len(self.places) > 1 and any(place.address == self.lost_address for place in self.places):
            return self.lost_address
        return newest

    @property
    def proxy(self) -> str:
        """The host of the proxy by which Asterisk reaches it; "": none, or not known."""
        return "" if self.settings is None else self.settings.outbound_proxy

    def follow(self, change: ContactChange) -> list[PlaceChange]:
        """Take the place of a contact from an event, after it was heard; return what is new about it."""
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
        if not found and not left:
            return []
        places = [*(place for place in self.places if place not in left), *found]
        # What is not remembered any more is not booked as a present one for ever, either.
        left, found = [*left, *(place for place in places[:-MOST_PLACES] if place in self.places)], found[-MOST_PLACES:]
        self.places = tuple(places[-MOST_PLACES:])
        changes = [PlaceChange(self.target, place, at, is_left=True) for place in left]
        return changes + [PlaceChange(self.target, place, at, is_left=False) for place in found]

    def _is_gone(self, address: str) -> bool:
        """Whether the contact that was lost there was removed, and none is left there."""
        return self.lost_address == address and all(host_of(uri) != address for uri in self.contacts or ())

    # ------------------------------------------------------------ whether Asterisk has had the time to check it

    def may_be_unchecked(self, configured_at: float) -> bool:
        """Whether it may be offline only because Asterisk checks it otherwise than was read, and has not done so yet.

        When its qualify is switched on, Asterisk calls it offline until the first check. Nothing is said of its
        contacts then; of one that is really lost, or removed, an event tells. ``configured_at``: when Asterisk took its
        configuration; where events were missed, settings that are older are doubtful.
        """
        was_heard_of = self.contacts is not None and self.has_lost_all_contacts()
        if self.word is not Health.DOWN or self.target.technology != "PJSIP" or self.is_looked_into or was_heard_of:
            return False
        if self.settings is None:
            return self.fell_by_event
        read_at = self.settings.read_at
        return read_at < self.offline_since and (self.fell_by_event or read_at < configured_at)

    def is_in_grace(self, now: float) -> bool:
        """Whether "offline" means nothing yet, because Asterisk was restarted or frozen a moment ago (rule 11)."""
        return now < self.grace_until and not (self.has_evidence and self.grace_takes_evidence)

    def begin_grace(self, why: str, until: float, *, takes_evidence: bool) -> None:
        """Asterisk was restarted, or frozen: what it says of its contacts is not worth anything yet."""
        self.grace_why, self.grace_until, self.grace_takes_evidence = why, until, takes_evidence
        self.has_evidence = self.is_back = False
        self.forget_contacts()
