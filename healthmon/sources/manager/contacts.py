"""The contacts of one PBX, their round trips, and how they are checked, as its manager interface tells them."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from math import ceil, inf
from sys import intern

from msgspec import Struct
from msgspec.structs import replace

from healthmon.ami.client import AmiClient
from healthmon.ami.endpoints import STATIC, ListedContact, aor_in
from healthmon.ami.frames import Frame
from healthmon.ari.messages import LONGEST_USER_AGENT
from healthmon.model import (
    LOST,
    ContactList,
    ContactReading,
    ContactStatus,
    Place,
    PlaceDetails,
    Question,
    SettingsList,
    Target,
)
from healthmon.sources.manager.endpoint_lists import (
    AT_ONCE,
    Directory,
    ask_directory,
    asked_contacts,
    contact_names,
    in_portions,
    list_directory,
    listed_contacts,
    may_ask_variables,
    may_list,
)
from healthmon.sources.manager.endpoint_settings import settings_of
from healthmon.sources.manager.link import ManagerLink
from healthmon.text.sipuri import host_of

#: So many round trips of phones are kept a second; of more contacts each has its turn. (Of a PBX 10 a second are booked
#: in the long run, those of events among them.)
SAMPLES_A_SECOND = 5.0
#: The rest after a round is no longer than that (seconds).
LONGEST_REST = 300.0
#: Of so many endpoints settings or places are offered at once; then so long nothing (seconds): the engine needs as long
#: for them, and has events to take in, too.
OFFERED_AT_ONCE, OFFERED_EVERY = 100, 0.005
#: Settings are read so often, though no event told of a reload (seconds).
SETTINGS_EVERY = 3600.0
#: No more contacts are remembered: somebody is playing with us.
MOST_KNOWN = 200_000
#: Asterisk's words for a contact that are words of ours, too.
_STATUS = {str(status): status for status in ContactStatus}


class KnownContact(Struct):
    """What was read of a contact last."""

    contact: ListedContact
    targets: tuple[Target, ...]
    place: Place
    #: The number of the round that had it.
    round: int
    #: Its address behind NAT, and when its registration expires, as it was offered last.
    told: tuple[str, float] = ("", 0.0)


class ContactPart:
    """Offers round trips, places and settings of endpoints. Owned by the thread of the source."""

    events: tuple[str, ...] = ()

    def __init__(self, link: ManagerLink) -> None:
        self._link = link
        self._targets: dict[str, Target] = {}
        #: Each alone: what belongs to one endpoint shares it.
        self._alone: dict[str, tuple[Target, ...]] = {}
        #: All AORs, and the names of the contacts that stand in the configuration.
        self._aors: list[str] = []
        self._static: list[str] = []
        #: The endpoints of each AOR.
        self._users: dict[str, tuple[Target, ...]] = {}
        #: By the names that Asterisk gives them.
        self._known: dict[str, KnownContact] = {}
        #: Those that another one has replaced, until a whole round has shown that they are gone.
        self._replaced: list[KnownContact] = []
        #: Where the contacts of each endpoint are, as it was offered.
        self._places: dict[Target, tuple[Place, ...]] = {}
        self._has_moved = False
        #: What is to be offered of places besides.
        self._details: list[PlaceDetails] = []
        self._round = 0
        #: How many contacts this round has had so far.
        self._number = 0
        # By the steady clock.
        self.due_at = inf
        self._rests_until = self._settings_due = 0.0

    def begin(self, now: float) -> None:
        """There is a new connection."""
        self._ask_all_soon()

    def hear(self, event: Frame) -> None:
        """Take a boot or a reload."""
        self._ask_all_soon()

    def miss_events(self) -> None:
        """Events were dropped: there may have been a reload."""
        self._ask_all_soon()

    def take(self, question: Question) -> None:
        """Nobody asks about this."""

    def learn(self) -> None:
        """More endpoints are known, or they are watched in another way."""
        self._targets = {target.resource: target for target in self._link.endpoints if target.technology == "PJSIP"}
        self._alone = {name: (target,) for name, target in self._targets.items()}
        # Whoever watches them anew does not know where they are.
        self._places.clear()
        self._forget_strangers()
        self._has_moved = True
        self._ask_all_soon()

    def _ask_all_soon(self) -> None:
        self._settings_due = 0.0
        if self._targets:
            self.due_at = self._rests_until

    # ---------------------------------------------------------------- a round

    def work(self, client: AmiClient) -> Iterable[None]:
        """Read how all contacts stand; and settings, if they may have changed."""
        begun = time.monotonic()
        with_settings = begun >= self._settings_due
        if with_settings:
            # A reload that comes from now on has them read once more.
            self._settings_due = begun + SETTINGS_EVERY
        self._round += 1
        self._number = 0
        try:
            if with_settings and may_ask_variables(client):
                yield from self._read_settings(client)
            # Of what happens from now on events are newer.
            at = self._link.clock.now()
            yield from self._read_all_contacts(client, at)
        finally:
            # Also after one that Asterisk was too busy to answer: it is not asked again at once.
            self._rest(begun)
        if not client.take_lost_rows():
            yield from self._end_round(at)

    def _rest(self, begun: float) -> None:
        now = time.monotonic()
        rest = min(self._link.times.rest * (now - begun), LONGEST_REST)
        self._rests_until = now + max(self._link.times.apart, rest)
        self.due_at = self._rests_until
        if now < self._settings_due:
            self.due_at = max(now + self._link.pbx.poll_every, self._rests_until)

    def _read_all_contacts(self, client: AmiClient, at: float) -> Iterator[None]:
        if may_list(client):
            for contacts in listed_contacts(client):
                self._take(contacts, at)
                yield
            # No list tells how those stand that are in the configuration.
            yield from self._read_contacts(client, self._static, at)
        elif may_ask_variables(client):
            for aors in in_portions(self._aors[: client.most_variables // 2]):
                names = contact_names(client, aors)
                yield from self._read_contacts(client, [name for found in names.values() for name in found], at)

    def _read_contacts(self, client: AmiClient, names: Sequence[str], at: float) -> Iterator[None]:
        for portion in in_portions(names):
            known = {name: self._known[name].contact for name in portion if name in self._known}
            self._take(asked_contacts(client, portion, known, at), at)
            yield

    # ---------------------------------------------------------------- settings

    def _read_settings(self, client: AmiClient) -> Iterator[None]:
        """Read how all are configured: first of the first ones, which are those of the small watch sections."""
        directory, at, names = Directory(), self._link.clock.now(), list(self._targets)
        if not may_list(client):
            # Six or seven variables of each.
            for portion in in_portions(names[: client.most_variables // 6]):
                yield from self._read_and_offer(client, directory, portion, at)
            if client.has_lost_rows:
                self._settings_due = 0.0
            else:
                self._use(directory)
            return
        first = names[: min(AT_ONCE, client.most_variables // 20)]
        if len(names) > len(first):
            yield from self._read_and_offer(client, Directory(), first, at)
        registered = {(aor_in(name), known.contact.uri) for name, known in self._known.items() if STATIC not in name}
        yield from list_directory(client, directory, self._targets, registered)
        if client.has_lost_rows:
            self._settings_due = 0.0
        else:
            self._use(directory)
            yield from self._offer_settings(directory, directory.endpoints, at)

    def _read_and_offer(
        self, client: AmiClient, directory: Directory, names: Sequence[str], at: float
    ) -> Iterator[None]:
        yield from ask_directory(client, directory, names)
        yield from self._offer_settings(directory, names, at)

    def _use(self, directory: Directory) -> None:
        """Take whose contacts are whose."""
        self._aors = list(directory.aors)
        self._static = [name for contacts in directory.static.values() for name in contacts]
        users: dict[str, tuple[Target, ...]] = {}
        for endpoint in directory.endpoints.values():
            for aor in endpoint.aors:
                users[aor] = users.get(aor, ()) + self._alone[endpoint.name]
        self._users = users
        self._forget_strangers()

    def _offer_settings(self, directory: Directory, names: Iterable[str], at: float) -> Iterator[None]:
        """Offer how these endpoints are configured, as far as it is known."""
        watched = [directory.endpoints[name] for name in names if name in directory.endpoints]
        for begin in range(0, len(watched), OFFERED_AT_ONCE):
            portion = watched[begin : begin + OFFERED_AT_ONCE]
            found = (settings_of(self._targets[endpoint.name], at, endpoint, directory) for endpoint in portion)
            settings = tuple(settings for settings in found if settings is not None)
            self._link.inbox.offer(SettingsList(self._link.pbx.name, settings))
            time.sleep(OFFERED_EVERY)
            yield

    # ---------------------------------------------------------------- contacts

    def _forget_strangers(self) -> None:
        """Forget contacts that are no longer those of the same endpoints."""
        for name, known in list(self._known.items()):
            if known.targets != self._owners_of(known.contact):
                self._replaced.append(self._known.pop(name))

    def _owners_of(self, contact: ListedContact) -> tuple[Target, ...]:
        """The endpoints that a contact belongs to; none: nobody watches it."""
        if contact.endpoint in self._alone:
            return self._alone[contact.endpoint]
        if contact.endpoint:
            return ()
        return self._users.get(aor_in(contact.name), ())

    def _take(self, contacts: Sequence[ListedContact], at: float) -> None:
        """Take how some contacts stand, and offer what is new of them."""
        readings: list[ContactReading] = []
        for contact in contacts:
            readings += self._read(contact)
        self._offer_readings(readings, at)

    def _offer_readings(self, readings: list[ContactReading], at: float) -> None:
        if readings:
            self._link.inbox.offer(ContactList(self._link.pbx.name, at, tuple(readings)))

    def _read(self, contact: ListedContact) -> list[ContactReading]:
        """Compare a contact with how it was before; nobody's is not remembered."""
        self._number += 1
        known = self._known.get(contact.name)
        if known is None or known.contact.user_agent != contact.user_agent or known.contact.uri != contact.uri:
            before, known = None, self._meet(contact)
        else:
            before, known.contact, known.round = known.contact, contact, self._round
        # Those of providers each time, of very many phones each in its turn.
        turns = max(1, ceil(len(self._known) / (SAMPLES_A_SECOND * self._link.pbx.poll_every)))
        is_sample = STATIC in contact.name or self._number % turns == self._round % turns
        if is_sample:
            self._details += _details(known)
        if contact.status not in _STATUS:
            # That is no word of Asterisk's, and changes nothing.
            known.contact = before or contact
            return []
        status, rtt_ms = _STATUS[contact.status], contact.rtt_ms
        if before is None or before.status in LOST or before.rtt_ms == contact.rtt_ms:
            # It is no other than was read before; or, as after an outage, the time until Asterisk asked once more. So
            # it may be, too, if nothing is known from before.
            rtt_ms = None
        if rtt_ms is None and status not in LOST and (before is None or before.status == contact.status):
            return []
        return [ContactReading(target, contact.uri, status, rtt_ms, is_sample) for target in known.targets]

    def _meet(self, contact: ListedContact) -> KnownContact:
        place = Place(host_of(contact.uri), intern(contact.user_agent[:LONGEST_USER_AGENT]))
        known = KnownContact(contact, self._owners_of(contact), place, self._round)
        if not known.targets or len(self._known) + len(self._replaced) >= MOST_KNOWN:
            # Nothing is offered of what nobody would miss.
            return replace(known, targets=())
        if contact.name in self._known:
            self._replaced.append(self._known[contact.name])
        self._known[contact.name] = known
        self._has_moved = True
        return known

    def _end_round(self, at: float) -> Iterator[None]:
        """Offer what is gone, and where all contacts are now."""
        if not self._link.knows_all:
            return
        gone = [known for known in self._known.values() if known.round != self._round]
        for known in gone:
            del self._known[known.contact.name]
            self._has_moved = True
        gone += self._replaced
        self._replaced = []
        self._offer_readings([*self._removed(gone)], at)
        if self._has_moved:
            self._has_moved = False
            yield from self._offer_places(at)
        details, self._details = self._details, []
        for begin in range(0, len(details), OFFERED_AT_ONCE):
            portion = tuple(details[begin : begin + OFFERED_AT_ONCE])
            self._link.inbox.offer(ContactList(self._link.pbx.name, at, details=portion))
            time.sleep(OFFERED_EVERY)
            yield

    def _removed(self, gone: Sequence[KnownContact]) -> Iterator[ContactReading]:
        """Those of them that no other contact has taken the place of: with the same URI, of the same endpoint."""
        if not gone:
            return
        living = {(target, known.contact.uri) for known in self._known.values() for target in known.targets}
        for known in gone:
            for target in known.targets:
                if (target, known.contact.uri) not in living:
                    yield ContactReading(target, known.contact.uri, ContactStatus.REMOVED)

    def _offer_places(self, at: float) -> Iterator[None]:
        """Offer where the contacts of endpoints are, of which that is new."""
        places: dict[Target, dict[Place, None]] = {}
        for known in self._known.values():
            if known.place.address:
                for target in known.targets:
                    places.setdefault(target, {})[known.place] = None
        found = {target: tuple(its_places) for target, its_places in places.items()}
        news = [(target, its_places) for target, its_places in found.items() if self._places.get(target) != its_places]
        self._places = found
        for begin in range(0, len(news), OFFERED_AT_ONCE):
            part = tuple(news[begin : begin + OFFERED_AT_ONCE])
            if not self._link.inbox.offer(ContactList(self._link.pbx.name, at, places=part)):
                # It was dropped, and is offered anew after the next round.
                self._places.update((target, ()) for target, _ in part)
                self._has_moved = True
            time.sleep(OFFERED_EVERY)
            yield


def _details(known: KnownContact) -> list[PlaceDetails]:
    """What is new of the contact at its place; one in the configuration has no such thing."""
    place, own_address = known.place, known.contact.own_address
    if own_address == place.address:
        own_address = ""
    told = (own_address, known.contact.expires_at)
    if told == known.told or not place.address:
        return []
    known.told = told
    return [PlaceDetails(target, place, *told) for target in known.targets]
