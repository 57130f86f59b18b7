"""The registrations of one PBX at its providers, as its manager interface tells of them."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from itertools import islice
from queue import Empty, SimpleQueue
from threading import Event

from msgspec import Struct
from msgspec.structs import replace

from healthmon.ami.client import BOOTED, AmiClient
from healthmon.ami.frames import Frame
from healthmon.ami.registrations import EVENT, UNDER_WAY, OutboundRegistration, key_of, readable
from healthmon.config.sections.pbx import PbxConfig
from healthmon.errors import AmiError, Trouble
from healthmon.model import (
    REGISTRATION,
    Channel,
    Check,
    ConnectionReport,
    Health,
    Observation,
    Question,
    RegistrationList,
    Source,
    Target,
    Witness,
)
from healthmon.sources.inbox import Inbox
from healthmon.sources.registration_owners import EndpointIdentity, named_by_sections, owners_of
from healthmon.sources.registration_settings import identities
from healthmon.sources.registration_tries import Tries, health_of, in_words
from healthmon.sources.repeats import Repeats
from healthmon.times.clock import Clock

log = logging.getLogger(__name__)

#: The technology whose registrations are asked for.
PJSIP = "PJSIP"
#: No more endpoints are looked at to find out whose a registration is.
MOST_ENDPOINTS = 20_000
#: No attempt is under way for longer: chan_iax2 waits for 64 s, chan_sip for less (seconds).
ANSWERED_WITHIN = 70.0
NO_EVENTS = "no events; the user {user} may not read them: manager.conf needs read = system. Asked every {every:g} s"


class RegistrationTimes(Struct, frozen=True):
    """How patient this source is, seconds."""

    timeout: float = 5.0
    ping_every: float = 10.0
    #: It looks so often whether there is something to do besides waiting for events.
    patience: float = 0.25
    #: Waits after the first, second, … failure.
    retries: tuple[float, ...] = (1.0, 2.0, 5.0, 10.0)
    #: A refused login is a security event at Asterisk, which fail2ban counts.
    denied: float = 300.0
    #: Asterisk tells so soon after a login that it has booted, and has all of its configuration.
    booted_within: float = 60.0
    #: The endpoints of a PBX are known so soon after healthmon has started, or it has none that are watched.
    learned_within: float = 20.0
    #: Two lists are at least so far apart.
    apart: float = 1.0


class RegistrationSource:
    """The work of the thread ``registrations:<pbx>``, which owns everything here.

    Any thread may call ``ask()``, ``learn()`` and ``adjust()``. ``may_be_provider``: whether the configuration leaves
    it open that an endpoint is one. ``registrations_of``: which registrations it gives to an endpoint.
    """

    def __init__(
        self,
        pbx: PbxConfig,
        inbox: Inbox,
        clock: Clock,
        stop: Event,
        *,
        times: RegistrationTimes | None = None,
        may_be_provider: Callable[[Target], bool] = lambda _: True,
        registrations_of: Callable[[Target], Sequence[str]] = lambda _: (),
    ) -> None:
        self._pbx = pbx
        self._inbox = inbox
        self._clock = clock
        self._stop = stop
        self._times = times or RegistrationTimes()
        self._may_be_provider = may_be_provider
        self._registrations_of = registrations_of
        self._repeats = Repeats(log, f"pbx {pbx.name}: manager interface")
        self._asked = Event()
        self._to_learn: SimpleQueue[Sequence[Target]] = SimpleQueue()
        #: All endpoints that are watched.
        self._learned: dict[Target, None] = {}
        #: The endpoints that may have registrations; what of them a registration may have, too; None: to be asked.
        self._endpoints: dict[str, Target] = {}
        self._identities: list[EndpointIdentity] | None = None
        #: The endpoints to which the watch sections give registrations, by the names of these.
        self._named: dict[str, Target] = {}
        #: The registrations by their names, what is known of their attempts, and whose they are.
        self._rows: dict[str, OutboundRegistration] = {}
        self._tries: dict[str, Tries] = {}
        #: Since when attempts of the older drivers are under way.
        self._under_way_since: dict[str, float] = {}
        self._owners: dict[str, Target] = {}
        #: The names of those of each endpoint.
        self._names_of: dict[Target, list[str]] = {}
        #: How the manager interface stands, as it was reported last; None: not yet.
        self._report: ConnectionReport | None = None
        # All by the steady clock.
        self._connected_at = self._list_due = self._ping_due = self._listed_at = 0.0
        #: It is known which endpoints there are, or there was time enough for that.
        self._knows_endpoints = False
        #: Events come: Asterisk has said that it has booted, which it does after each login.
        self._has_events = False

    def ask(self, question: Question) -> None:
        """Look again; the answers come through the inbox."""
        del question
        self._asked.set()

    def learn(self, targets: Sequence[Target]) -> None:
        """Find out which registrations belong to these endpoints."""
        self._to_learn.put(targets)

    def adjust(self, pbx: PbxConfig) -> None:
        """Go on with another ``poll_every``, without a new connection."""
        self._pbx = pbx

    def run(self) -> None:
        """Listen, and ask what is due, until told to stop. Only a defect raises."""
        while not self._stop.is_set():
            try:
                with closing(AmiClient(self._pbx, timeout=self._times.timeout)) as client:
                    self._begin()
                    self._listen(client)
            except AmiError as error:
                self._rest(self._failed(error.what, error.trouble))

    def note_defect(self, what: str) -> None:
        """A defect of ours has ended ``run()``, which will be called again."""
        self._failed(what, Trouble.DEFECT)

    def _begin(self) -> None:
        self._connected_at = now = time.monotonic()
        self._has_events = False
        # Whose registrations they are nobody can tell before it is known which endpoints there are.
        self._list_due = now + self._times.learned_within
        self._list_soon()
        self._identities = None
        # What was tried while nobody listened is not known, nor how it went.
        self._tries.clear()
        self._rows.clear()
        self._under_way_since.clear()

    def _listen(self, client: AmiClient) -> None:
        while not self._stop.is_set():
            self._take_in()
            now = time.monotonic()
            if now >= self._list_due:
                self._list(client)
            elif now >= self._ping_due:
                client.ping()
                self._ping_due = now + self._times.ping_every
            for event in client.events(self._times.patience):
                self._hear(event)
            if client.take_loss():
                self._list_soon()

    def _list_soon(self) -> None:
        """Have the list asked for before anything else, though not again and again: it may be long."""
        if self._knows_endpoints:
            self._list_due = self._listed_at + self._times.apart

    def _take_in(self) -> None:
        """Take what other threads want."""
        if self._asked.is_set():
            self._asked.clear()
            self._list_soon()
        for targets in _all_of(self._to_learn):
            self._learned.update(dict.fromkeys(targets))
            self._sort_out()

    def _sort_out(self) -> None:
        """Find among all endpoints those that may have registrations; the watch sections may have changed."""
        found = (target for target in self._learned if target.technology == PJSIP and self._may_be_provider(target))
        self._endpoints = {target.resource: target for target in islice(found, MOST_ENDPOINTS)}
        self._named = named_by_sections(self._learned, self._registrations_of)
        self._identities = None
        self._knows_endpoints = True
        self._list_soon()

    # ---------------------------------------------------------------- events

    def _hear(self, event: Frame) -> None:
        if event.get("Event") == EVENT:
            self._hear_attempt(event, self._clock.now())
            return
        if event.get("Event") == BOOTED:
            self._has_events = True
        # After a reload a registration may belong to somebody else.
        self._identities = None
        self._list_soon()

    def _hear_attempt(self, event: Frame, at: float) -> None:
        """An attempt to register has ended. The event has the URIs of the registration, and not its name."""
        self._has_events = True
        if event.get("ChannelType") != PJSIP:
            # The list tells more than the events of the older drivers.
            self._list_soon()
            return
        status, key = readable(event.get("Status", "")), key_of(event)
        found = [row for row in self._rows.values() if row.key == key]
        if len(found) != 1:
            # It is new; or several have the same, and the list tells which it was.
            self._list_soon()
            return
        [row] = found
        self._tries_of(row, at).hear(status, at, row.max_retries)
        self._rows[row.name] = replace(row, status=status)
        owner = self._owners.get(row.name)
        if owner is not None:
            self._offer(owner, at, Source.EVENT)

    def _tries_of(self, row: OutboundRegistration, at: float) -> Tries:
        return self._tries.setdefault(row.name, Tries(at))

    # ---------------------------------------------------------------- the list

    def _list(self, client: AmiClient) -> None:
        """Ask for all registrations, and offer what is seen."""
        at, self._knows_endpoints = self._clock.now(), True
        rows = client.registrations()
        if self._identities is None:
            self._identities = identities(client, list(self._endpoints), rows)
        owners = owners_of(rows, self._identities)
        rows += [self._as_before(row, at) for row in client.older_registrations()]
        self._rows = {row.name: row for row in rows}
        self._owners = {name: self._target_of(name, owners.get(name, "")) for name in self._rows}
        self._names_of = {}
        for name, owner in self._owners.items():
            self._names_of.setdefault(owner, []).append(name)
        self._works(client, at)
        for row in self._rows.values():
            tries = self._tries_of(row, at)
            if self._has_events:
                tries.look(row, at)
        for owner in self._names_of:
            self._offer(owner, at, Source.SNAPSHOT)
        self._forget_gone(at)
        self._listed_at = now = time.monotonic()
        self._list_due, self._ping_due = now + self._pbx.poll_every, now + self._times.ping_every

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

    def _target_of(self, name: str, owner: str) -> Target:
        """The endpoint that a registration belongs to; that of nobody is a target of its own."""
        if name in self._named:
            return self._named[name]
        if owner:
            return self._endpoints[owner]
        return Target(self._pbx.name, REGISTRATION, name)

    def _offer(self, owner: Target, at: float, source: Source) -> None:
        """Offer how the registrations of an endpoint stand: as the worst of them."""
        rows = [self._rows[name] for name in self._names_of[owner]]
        failing = [row for row in rows if health_of(row) is Health.DOWN]
        worst = next(iter(failing or rows))
        words = in_words(worst, self._tries_of(worst, at))
        if len(rows) > 1 and failing:
            words = f"{len(failing)} of {len(rows)} registrations, {worst.name}: {words}"
        health = health_of(worst)
        self._inbox.offer(Observation(owner, health, at, source, Witness.MANAGER, words, check=Check.REGISTRATION))

    def _forget_gone(self, at: float) -> None:
        """Say whose registrations these are all; not while Asterisk boots, and has not read its configuration yet."""
        self._tries = {name: tries for name, tries in self._tries.items() if name in self._rows}
        if self._has_events or self._has_had_time:
            self._inbox.offer(RegistrationList(self._pbx.name, at, frozenset(self._names_of)))

    @property
    def _has_had_time(self) -> bool:
        return time.monotonic() - self._connected_at > self._times.booted_within

    # ---------------------------------------------------------------- how the manager interface stands

    def _works(self, client: AmiClient, at: float) -> None:
        self._repeats.worked()
        remark = ""
        if not self._has_events and self._has_had_time and client.tells_boot:
            remark = NO_EVENTS.format(user=self._pbx.ami_username, every=self._pbx.poll_every)
        self._tell(ConnectionReport(self._pbx.name, Channel.MANAGER, at, remark=remark, alive_at=at))

    def _failed(self, what: str, trouble: Trouble) -> float:
        """Report what ended the connection, and return how long to wait before the next, seconds."""
        self._repeats.failed(what)
        self._tell(ConnectionReport(self._pbx.name, Channel.MANAGER, self._clock.now(), trouble, what))
        if trouble is Trouble.DENIED:
            return self._times.denied
        waits = self._times.retries
        return waits[min(self._repeats.failures, len(waits)) - 1]

    def _tell(self, report: ConnectionReport) -> None:
        self._report = report
        self._inbox.offer(report)

    def _rest(self, seconds: float) -> None:
        """Wait before the next attempt; whoever asks meanwhile is told how it stands."""
        until = time.monotonic() + seconds
        while time.monotonic() < until and not self._stop.wait(self._times.patience):
            if self._asked.is_set() and self._report is not None:
                self._asked.clear()
                self._tell(replace(self._report, at=self._clock.now()))


def _all_of(queue: SimpleQueue[Sequence[Target]]) -> Iterable[Sequence[Target]]:
    """Take everything that waits."""
    while True:
        try:
            yield queue.get_nowait()
        except Empty:
            return
