"""The registrations of one PBX at its providers, as its manager interface tells of them."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Sequence
from itertools import islice

from msgspec.structs import replace

from healthmon.ami.client import AmiClient
from healthmon.ami.frames import Frame
from healthmon.ami.registrations import (
    EVENT,
    MODULE,
    REGISTERED,
    REJECTED,
    UNDER_WAY,
    OutboundRegistration,
    attempt_of,
    heard_of_chan_sip,
    unlisted,
)
from healthmon.model import (
    REGISTRATION,
    Check,
    EndpointIdentity,
    Health,
    Observation,
    Question,
    RegistrationList,
    Source,
    Target,
    Witness,
)
from healthmon.sources.manager.identities_through_ari import IdentitiesThroughAri
from healthmon.sources.manager.link import MOST_BY_EVENTS, ManagerLink
from healthmon.sources.manager.registration_owners import named_by_sections, owners_of, peer_of, slips, unsure
from healthmon.sources.manager.registration_settings import identities
from healthmon.sources.manager.registration_tries import Tries, health_of, in_words

log = logging.getLogger(__name__)

#: The technology whose registrations are asked for.
PJSIP = "PJSIP"
#: No more endpoints are looked at to find out whose a registration is.
MOST_ENDPOINTS = 20_000
#: Why the registrations of PJSIP are not known.
NOT_LOADED = f"Asterisk's module {MODULE} is not loaded"
#: No attempt is under way for longer: chan_iax2 waits for 64 s, chan_sip for less (seconds).
ANSWERED_WITHIN = 70.0


class RegistrationPart:
    """Says how the registrations of each endpoint stand. Owned by the thread of the source.

    ``may_be_provider``: whether the configuration leaves it open that an endpoint is one. ``registrations_of``: which
    registrations it gives to an endpoint.
    """

    events = (EVENT,)

    def __init__(
        self,
        link: ManagerLink,
        *,
        may_be_provider: Callable[[Target], bool] = lambda _: True,
        registrations_of: Callable[[Target], Sequence[str]] = lambda _: (),
    ) -> None:
        self._link = link
        self._may_be_provider = may_be_provider
        self._registrations_of = registrations_of
        #: The endpoints that may have registrations; what of them a registration may have, too, as it was found last,
        #: and whether that is to be asked anew.
        self._endpoints: dict[str, Target] = {}
        self._identities: Sequence[EndpointIdentity] = ()
        self._are_identities_due = True
        self._through_ari = IdentitiesThroughAri(link.pbx)
        #: Where nobody may ask for the list: what events told before it was known whose it is, and when they came.
        self._unsaid: dict[str, float] = {}
        #: The peers of the older drivers that may have registrations.
        self._peers: dict[tuple[str, str], Target] = {}
        #: The registrations that there were when that was asked.
        self._identified: set[str] = set()
        #: The endpoints to which the watch sections give registrations, by the names of these.
        self._named: dict[str, Target] = {}
        #: The registrations by their names, what is known of their attempts, and whose they are.
        self._rows: dict[str, OutboundRegistration] = {}
        self._tries: dict[str, Tries] = {}
        #: What the last list said, by what an event has of a registration.
        self._listed: dict[tuple[str, str], OutboundRegistration] = {}
        #: Why the last attempts of the older drivers were rejected, by technology and what an event has.
        self._causes: dict[tuple[str, tuple[str, str]], str] = {}
        #: Since when attempts of the older drivers are under way.
        self._under_way_since: dict[str, float] = {}
        self._owners: dict[str, Target] = {}
        #: The names of the endpoints to which they belong, as far as is known, and as the last list told.
        self._endpoint_of: dict[str, str] = {}
        self._as_listed: dict[str, str] = {}
        #: The names of those of each endpoint.
        self._names_of: dict[Target, list[str]] = {}
        #: The endpoints to which sections give any, and what was said to be wrong with that.
        self._given: list[Target] = []
        self._slips: list[str] = []
        # By the steady clock.
        self.due_at = self._listed_at = self._waits_until = 0.0
        #: ARI has listed which endpoints there are, or there was time enough for that: what is nobody's is nobody's.
        self._knows_endpoints = False

    def begin(self, now: float) -> None:
        """There is a new connection."""
        # Whose registrations they are nobody can tell before it is known which endpoints there are.
        self.due_at = self._waits_until = now + self._link.times.learned_within
        self._list_soon()
        self._forget_identities()
        # What was tried while nobody listened is not known, nor how it went.
        self._tries.clear()
        self._rows.clear()
        self._names_of.clear()
        self._unsaid.clear()
        self._causes.clear()
        self._under_way_since.clear()

    def _list_soon(self) -> None:
        """Have the list asked for before anything else, though not again and again: it may be long."""
        if self._knows_endpoints or self._link.endpoints:
            self.due_at = self._listed_at + self._link.times.apart

    def miss_events(self) -> None:
        """Events were dropped."""
        self._list_soon()

    def take(self, question: Question) -> None:
        """Whoever asks how the manager interface stands is answered by the list, too."""
        if question.check in (Check.REGISTRATION, Check.MANAGER):
            self._list_soon()

    def learn(self) -> None:
        """Find among all endpoints those that may have registrations; the watch sections may have changed."""
        known = self._link.endpoints
        found = (target for target in known if target.technology == PJSIP and self._may_be_provider(target))
        self._endpoints = {target.resource: target for target in islice(found, MOST_ENDPOINTS)}
        of_older = (target for target in known if target.technology != PJSIP and self._may_be_provider(target))
        self._peers = {(target.technology, target.resource): target for target in of_older}
        self._through_ari.want(self._endpoints)
        self._given = [target for target in known if self._registrations_of(target)]
        self._named = named_by_sections(self._given, self._registrations_of)
        self._are_identities_due = True
        self._knows_endpoints = self._knows_endpoints or self._link.are_listed
        self._list_soon()

    # ---------------------------------------------------------------- events

    def hear(self, event: Frame) -> None:
        """Take an event of an attempt to register; or of a boot or a reload."""
        if event.get("Event") == EVENT:
            self._hear_attempt(event, self._link.clock.now())
            return
        # After a reload a registration may belong to somebody else.
        self._forget_identities()
        self._list_soon()

    def _hear_attempt(self, event: Frame, at: float) -> None:
        """An attempt to register has ended. The event has the URIs of the registration, and not its name."""
        attempt = attempt_of(event)
        if attempt is None:
            # Nothing is believed of it; the list tells whether something has changed.
            self._list_soon()
            return
        self._link.has_events = True
        if attempt.technology != PJSIP:
            if self._link.may_list:
                # A list does not tell why one was rejected.
                self._causes[attempt.technology, attempt.key] = attempt.cause
            self._hear_older(event, at)
            return
        status, key = attempt.status, attempt.key
        found = [row for row in self._rows.values() if row.key == key]
        if not found and not self._link.may_list:
            # What a list said before, when that was allowed, still tells how it is called, and whose it is.
            row = self._listed.get(key) or unlisted(*key)
            if not self._takes_in(row):
                return
            found = [row]
        if len(found) != 1:
            # It is new; or several have the same, and the list tells which it was.
            self._list_soon()
            return
        [row] = found
        self._tries_of(row, at).hear(status, at, row.max_retries)
        self._rows[row.name] = replace(row, status=status)
        self._offer_as_heard(row.name, at)

    def _hear_older(self, event: Frame, at: float) -> None:
        """An older driver tells of an attempt. A list tells more than its events, where we may ask for one."""
        row = heard_of_chan_sip(event)
        if self._link.may_list:
            self._list_soon()
        elif row is not None and row.status not in UNDER_WAY and self._takes_in(row):
            self._tries_of(row, at)
            self._offer_as_heard(row.name, at)

    def _offer_as_heard(self, name: str, at: float) -> None:
        """Offer what an event told, as soon as it is known whose registration it is."""
        owner = self._owners.get(name)
        if owner is None:
            return
        if self._is_looking_for_owners:
            self._unsaid[name] = at
            return
        self._offer(owner, at, Source.EVENT)

    @property
    def _is_looking_for_owners(self) -> bool:
        """Whether it is known in a moment whose the registrations are, where nobody may ask for the list."""
        if self._link.may_list:
            return False
        return not self._knows_endpoints or self._are_identities_due or self._through_ari.is_under_way

    def _forget_identities(self) -> None:
        self._are_identities_due = True
        self._through_ari.forget()

    def _takes_in(self, row: OutboundRegistration) -> bool:
        """Take in a registration as an event tells of it, where nobody may ask for the list. False: there are too many.

        Those that a list or a watch section has named are always taken in: nobody can make them up.
        """
        name = row.name
        is_new = name not in self._rows
        if is_new and len(self._rows) >= MOST_BY_EVENTS and row.key not in self._listed and name not in self._named:
            if not self._link.has_too_many:
                self._link.has_too_many = True
                self._list_soon()
            return False
        self._rows[name] = row
        if is_new:
            # Of the others it is known: all of them anew for each would take the longer, the more there are.
            found = owners_of([row], self._identities)
            self._endpoint_of[name] = found.get(name, self._as_listed.get(name, ""))
            self._owners[name] = self._target_of(name)
            self._names_of.setdefault(self._owners[name], []).append(name)
        return True

    def _tries_of(self, row: OutboundRegistration, at: float) -> Tries:
        return self._tries.setdefault(row.name, Tries(at))

    # ---------------------------------------------------------------- the list

    def work(self, client: AmiClient) -> Iterable[None]:
        """Ask for all registrations, and offer what is seen. They are few: nothing has to be heard in between."""
        self._knows_endpoints = self._knows_endpoints or time.monotonic() >= self._waits_until
        if client.may_list:
            self._list(client)
        else:
            self._go_by_events(client)
        self._listed_at = time.monotonic()
        self.due_at = self._listed_at + self._link.pbx.poll_every
        if not self._knows_endpoints:
            self.due_at = min(self.due_at, self._waits_until)
        if not client.may_list and self._through_ari.due_within is not None:
            self.due_at = min(self.due_at, self._listed_at + self._through_ari.due_within)
        return ()

    def _go_by_events(self, client: AmiClient) -> None:
        """Offer again what events have told in this connection: where the list may not be asked nobody tells more."""
        at = self._link.clock.now()
        client.ping()
        if not self._link.has_events:
            self._link.may_nothing()
            return
        self._link.works(at)
        self._through_ari.ask()
        # The sections may have changed.
        self._identities, self._are_identities_due = self._through_ari.found, False
        self._find_owners()
        if self._is_looking_for_owners:
            return
        for name, heard_at in self._unsaid.items():
            self._offer(self._owners[name], heard_at, Source.EVENT)
        self._unsaid.clear()
        for owner in self._names_of:
            self._offer(owner, at, Source.SNAPSHOT)
        owned = frozenset(owner for owner in self._names_of if not owner.is_registration)
        if owned:
            # What was nobody's before is theirs.
            self._link.inbox.offer(
                RegistrationList(
                    self._link.pbx.name, at, frozenset(self._names_of), frozenset(self._rows), is_whole=False
                )
            )
        self._warn_of(self._unsure())

    def _list(self, client: AmiClient) -> None:
        at = self._link.clock.now()
        of_pjsip = client.registrations()
        rows = of_pjsip or []
        if self._are_identities_due or not self._identified.issuperset(row.name for row in rows):
            # Of what is new the settings of the endpoints may tell whose it is; a module that is loaded makes no event.
            before, self._identities = self._identities, identities(client, list(self._endpoints), rows)
            self._are_identities_due, self._identified = False, {row.name for row in rows}
            if client.take_lost_rows():
                # Nobody loses a registration to that.
                self._identities, self._identified = before or self._identities, set()
        self._as_listed = owners_of(rows, self._identities)
        older = client.older_registrations()
        causes = {(row.technology, row.key): self._causes.get((row.technology, row.key), "") for row in older}
        rows += [self._as_before(replace(row, cause=causes[row.technology, row.key]), at) for row in older]
        self._causes = causes
        # Of two names that differ only in what is no UTF-8, the worse one is shown.
        self._rows = {row.name: row for row in sorted(rows, key=lambda row: row.status != REGISTERED)}
        self._listed = {row.key: row for row in rows}
        self._find_owners()
        if of_pjsip is None and self._link.knows_all:
            # Before it is said that the manager interface works: what was known is unknown.
            self._say_all(at, lacks=NOT_LOADED)
        self._link.works(at)
        for row in self._rows.values():
            tries = self._tries_of(row, at)
            if self._link.has_events:
                tries.look(row, at)
        self._see_next_tries(client, at)
        for owner in self._names_of:
            self._offer(owner, at, Source.SNAPSHOT)
        # Not while Asterisk boots, and has not read its configuration yet.
        if self._link.knows_all and self._knows_endpoints:
            if of_pjsip is not None:
                self._say_all(at)
            self._say_slips()

    def _see_next_tries(self, client: AmiClient, at: float) -> None:
        """See of those that are rejected whether they are tried again, where we may: neither list nor event tells."""
        of_pjsip = [row for row in self._rows.values() if row.technology == PJSIP]
        rejected = [row for row in of_pjsip if row.status == REJECTED]
        # What is over stays over until an event tells of another attempt.
        is_open = [row for row in rejected if not (self._link.has_events and self._tries_of(row, at).is_over)]
        if not is_open:
            return
        dues = client.next_tries(of_pjsip)
        for row in is_open:
            self._tries_of(row, at).see_next(row, dues.get(row.name), at)

    def _say_slips(self) -> None:
        """Say in the log, once, what is wrong with those that watch sections give to endpoints."""
        self._warn_of([*slips(self._given, self._registrations_of, self._rows), *self._unsure()])

    def _unsure(self) -> list[str]:
        """Say which are nobody's because several endpoints fit them equally well."""
        return unsure((row for row in self._rows.values() if row.name not in self._named), self._identities)

    def _warn_of(self, found: list[str]) -> None:
        for words in found:
            if words not in self._slips:
                log.warning("pbx %s: %s", self._link.pbx.name, words)
        self._slips = found

    def _as_before(self, row: OutboundRegistration, at: float) -> OutboundRegistration:
        """While an attempt is under way, a registration is what it was before; not for longer than one can take."""
        before = self._rows.get(row.name)
        if before is None or row.status not in UNDER_WAY:
            self._under_way_since.pop(row.name, None)
            return row
        since = self._under_way_since.setdefault(row.name, at)
        if at - since > ANSWERED_WITHIN:
            return row
        return before

    def _find_owners(self) -> None:
        """Say whose each of the registrations is."""
        self._endpoint_of = self._as_listed | owners_of(self._rows.values(), self._identities)
        self._owners = {name: self._target_of(name) for name in self._rows}
        self._names_of = {}
        for name, owner in self._owners.items():
            self._names_of.setdefault(owner, []).append(name)

    def _target_of(self, name: str) -> Target:
        """The endpoint that a registration belongs to; that of nobody is a target of its own."""
        if name in self._named:
            return self._named[name]
        endpoint = self._endpoint_of.get(name, "")
        if endpoint in self._endpoints:
            return self._endpoints[endpoint]
        peer = self._peers.get(peer_of(self._rows[name]))
        if peer is not None:
            return peer
        return Target(self._link.pbx.name, REGISTRATION, name)

    def _offer(self, owner: Target, at: float, source: Source) -> None:
        """Offer how the registrations of an endpoint stand: as the worst of them.

        Those of nobody are offered only once it is certain that they are: an endpoint may be new.
        """
        if owner.is_registration and not self._knows_endpoints:
            return
        rows = [self._rows[name] for name in self._names_of[owner]]
        failing = [row for row in rows if health_of(row) is Health.DOWN]
        unclear = [row for row in rows if health_of(row) is Health.UNKNOWN]
        worst = next(iter(failing or unclear or rows))
        words = in_words(worst, self._tries_of(worst, at))
        if len(rows) > 1 and failing:
            words = f"{len(failing)} of {len(rows)} registrations, {worst.name}: {words}"
        health = health_of(worst)
        self._link.inbox.offer(Observation(owner, health, at, source, Witness.MANAGER, words, check=Check.REGISTRATION))

    def _say_all(self, at: float, lacks: str = "") -> None:
        """Say whose registrations these are all, or why some are not known."""
        self._tries = {name: tries for name, tries in self._tries.items() if name in self._rows}
        waits = {owner: max(self._rows[name].waits[0] for name in names) for owner, names in self._names_of.items()}
        listed = RegistrationList(
            self._link.pbx.name, at, frozenset(self._names_of), frozenset(self._rows), waits, lacks
        )
        self._link.inbox.offer(listed)
