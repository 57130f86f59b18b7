"""A played Asterisk: it checks its peers by OPTIONS, each at its own pace, and says what it finds as the real one does.

What it does when is taken from recordings of real ones: one unanswered check makes a peer unreachable until the next
one; after a start everything is offline until its first check; while it is frozen nothing happens, and afterwards
checks are late. Only checks that change something are played, so that a quiet month costs nothing.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import Protocol

from healthmon.ari.messages import PbxInfo
from healthmon.demo.fakepbx.endpoints import FakeEndpoint
from healthmon.demo.fakepbx.pbx import Phase
from tests.scenarios.agenda import Agenda

#: From an OPTIONS to its answer (seconds).
ROUND_TRIP = 0.03
#: A request that is not answered is sent again after so long since the first (RFC 3261, timer E with T1 = 500 ms).
SENT_AGAIN_AFTER = (0.0, 0.5, 1.5, 3.5, 7.5)
#: The steps of a start, and how long after the start each begins (seconds).
BOOT = ((0.0, Phase.NO_ARI), (0.1, Phase.BOOTING), (0.3, Phase.RUNNING))
#: From the end of one Asterisk to the start of the next (seconds).
RESTART_TAKES = 1.0
#: This share of all peers is called unreachable after a freeze, until the next check.
LATE_AFTER_FREEZE = 0.3


#: After a start it registers at its providers (seconds).
REGISTERS_AFTER = 0.9


class ManagerSession(Protocol):
    """Somebody who is logged in at the manager interface."""

    def hears(self, name: str) -> None:
        """An attempt to register at this provider has ended."""

    def hears_of_maintenance(self) -> None:
        """An endpoint was put into maintenance mode, or taken out of it."""

    def break_off(self) -> None:
        """Asterisk is gone, or its manager interface."""


class Stream(Protocol):
    """An open event stream."""

    def receive(self, raw: bytes) -> None:
        """An event comes."""

    def break_off(self) -> None:
        """Asterisk is gone."""


@dataclass(eq=False)
class Peer:
    """A phone or a provider as it really is, and what Asterisk holds of it."""

    endpoint: FakeEndpoint
    #: The truth: whether it answers at present.
    answers: bool = True
    #: Asterisk knows where it is; a phone whose registration was forgotten is not checked.
    has_contact: bool = True
    #: So large a share of all packets is lost, each way.
    loss: float = 0.0
    #: How its last check ended; None: not checked since Asterisk's start.
    is_reachable: bool | None = None
    checked_first_at: float = 0.0
    #: The code with which it answers our own OPTIONS; and whether it answers nobody but its customer's PBX.
    answers_strangers: int = 200
    ignores_strangers: bool = False
    #: A planned check with another number was overtaken by events.
    plan: int = 0

    @property
    def name(self) -> str:
        """``PJSIP/101``."""
        return self.endpoint.name

    @property
    def miss(self) -> float:
        """How probable it is that a check fails though the peer lives: every repetition is lost, or its answer."""
        tries = sum(again < self.endpoint.qualify_timeout for again in SENT_AGAIN_AFTER)
        return (1 - (1 - self.loss) ** 2) ** tries


class Asterisk:
    """One Asterisk, whose peers die and come back by the script."""

    def __init__(self, agenda: Agenda, dice: Random, peers: Iterable[Peer]) -> None:
        self._agenda = agenda
        self._dice = dice
        self.peers = {peer.name: peer for peer in peers}
        self.phase = Phase.RUNNING
        self.is_frozen = False
        #: Our user or password is another one in its configuration.
        self.denies_us = False
        #: chan_pjsip is not loaded: nothing tells, and no call is possible.
        self.lacks_driver = False
        #: Others have all its HTTP sessions: a new connection is taken, and closed.
        self.is_used_up = False
        #: What it says of its peers does not arrive.
        self.loses_events = False
        #: It has, or had since its start, an endpoint whose name is not UTF-8: it cannot list all at once.
        self.has_odd_name = False
        self.streams: list[Stream] = []
        #: Which providers accept its registration; the others reject it. What it says of each.
        self.accepted = {peer.name: True for peer in peers if peer.endpoint.static_contact}
        self.registrations = dict.fromkeys(self.accepted, "Registered")
        #: Its manager interface is switched off.
        self.lacks_manager = False
        self.managers: list[ManagerSession] = []
        #: Its maintenance mode.
        self.in_maintenance: set[str] = set()
        self._boots = self._reloads = 1
        # It has been running for a day.
        self._started_at = self._configured_at = agenda.now - 86400.0
        #: How many checks were missed only because packets were lost.
        self.missed = 0
        #: … and how many were asked for.
        self.checked_at_once = 0
        for peer in self.peers.values():
            # It has been running for long, and has checked everybody.
            peer.is_reachable = peer.endpoint.is_up = peer.answers
            self._check_anew(peer)

    # ---------------------------------------------------------------- what its peers do

    def dies(self, *names: str) -> None:
        """These peers no longer answer."""
        for name in names:
            self.peers[name].answers = False
            self._plan(self.peers[name])

    def returns(self, *names: str) -> None:
        """These peers answer again; their next check shows it."""
        for name in names:
            self.peers[name].answers = True
            self._plan(self.peers[name])

    def answers_with(self, code: int, *names: str) -> None:
        """These peers answer each OPTIONS with this code; to Asterisk that is as good as any other."""
        for name in names:
            self.peers[name].answers_strangers = code

    def is_called(self, *names: str) -> None:
        """A call to each of these peers is up, and stays so, whatever becomes of them."""
        for endpoint in (self.peers[name].endpoint for name in names):
            endpoint.is_in_use = True
            self._emit(endpoint.device_event())

    def hangs_up(self, *names: str) -> None:
        """The calls to these peers are over."""
        for endpoint in (self.peers[name].endpoint for name in names):
            endpoint.is_in_use = False
            self._emit(endpoint.device_event())

    def registers(self, *names: str) -> None:
        """These phones register, each from a new port, and are checked at once; the script sees to it that it runs."""
        for peer in (self.peers[name] for name in names):
            old = [peer.endpoint.contact_event("Removed")] if peer.has_contact else []
            address, _, port = peer.endpoint.contact.rpartition(":")
            peer.endpoint.contact = f"{address}:{int(port) + 1}"
            peer.answers = peer.has_contact = True
            self._emit(peer.endpoint.contact_event("NonQualified"))
            self._found(peer, is_reachable=True)
            self._emit(*old)
            self._check_anew(peer)

    def logs_out(self, *names: str) -> None:
        """These phones take back their registrations (REGISTER with Expires: 0)."""
        for peer in (self.peers[name] for name in names):
            removed = peer.endpoint.contact_event("Removed")
            peer.has_contact = peer.endpoint.is_up = False
            peer.is_reachable = None
            events = [removed, peer.endpoint.peer_event(), peer.endpoint.device_event()]
            self._dice.shuffle(events)
            self._emit(*events)
            self._plan(peer)

    def rejects(self, *names: str) -> None:
        """These providers reject its registration from now on, with the next refresh."""
        for name in names:
            self.accepted[name] = False
            self._tries(name)

    def accepts(self, *names: str) -> None:
        """These providers accept it again, with the next attempt."""
        for name in names:
            self.accepted[name] = True
            self._tries(name)

    def _tries(self, name: str) -> None:
        """It tries to register, which an event tells; while it does not run it will do so after its start."""
        if self.phase is Phase.RUNNING:
            self.registrations[name] = "Registered" if self.accepted[name] else "Rejected"
            for manager in self.managers:
                manager.hears(name)

    def switches_its_manager_off(self) -> None:
        """``enabled = no`` and a reload; whoever is logged in is thrown out here."""
        self.lacks_manager = True
        self._cut_managers()

    def switches_its_manager_on(self) -> None:
        """``enabled = yes``."""
        self.lacks_manager = False

    def begins_maintenance(self, *names: str) -> None:
        """``pjsip set maintenance on``: it calls them online all the same."""
        self._set_maintenance(self.in_maintenance | set(names))

    def ends_maintenance(self, *names: str) -> None:
        """``pjsip set maintenance off``."""
        self._set_maintenance(self.in_maintenance - set(names))

    def _set_maintenance(self, names: set[str]) -> None:
        self.in_maintenance = names
        for manager in self.managers:
            manager.hears_of_maintenance()

    def _cut_managers(self) -> None:
        managers, self.managers = self.managers, []
        for manager in managers:
            manager.break_off()

    # ---------------------------------------------------------------- what happens to itself

    @property
    def startup_time(self) -> str:
        """When it started, in its own words: compared for equality only."""
        return f"boot {self._boots}"

    @property
    def last_reload_time(self) -> str:
        """When it took its configuration, in its own words."""
        return f"reload {self._reloads}"

    @property
    def configured_for(self) -> float:
        """For how long it has had this configuration, by its own clock (seconds)."""
        return self._agenda.now - self._configured_at

    def info(self) -> PbxInfo:
        """What it says of itself."""
        running_for = self._agenda.now - self._started_at
        return PbxInfo(self.startup_time, self.last_reload_time, "22.10.1", running_for, self.configured_for)

    @property
    def is_running(self) -> bool:
        """Whether it does its work."""
        return self.phase is Phase.RUNNING and not self.is_frozen

    def is_killed(self) -> None:
        """``kill -9``: connections break off, new ones are refused."""
        self.phase = Phase.REFUSING
        self.in_maintenance = set()
        self._stop_checking()
        self._cut_managers()
        streams, self.streams = self.streams, []
        for stream in streams:
            stream.break_off()

    def starts(self) -> None:
        """It boots; nobody has been checked yet."""
        for after, phase in BOOT:
            self._agenda.after(after, partial(self._enters, phase))

    def restarts(self, *forgotten: str) -> None:
        """``core restart now``; in a container that forgets registrations, or some of them."""
        self.is_killed()
        for name in forgotten:
            self.peers[name].has_contact = False
        self._agenda.after(RESTART_TAKES, self.starts)

    def loses_its_driver(self) -> None:
        """``module unload chan_pjsip.so``: no event tells, and the endpoints stay as they are."""
        self.lacks_driver = True

    def gets_its_driver_back(self) -> None:
        """``module load chan_pjsip.so``."""
        self.lacks_driver = False

    def is_used_up_by_others(self) -> None:
        """Other clients take all HTTP sessions; the streams that are open stay so."""
        self.is_used_up = True

    def is_let_go_by_others(self) -> None:
        """There are HTTP sessions again."""
        self.is_used_up = False

    def loses_what_it_says(self) -> None:
        """A queue is full: what events tell of peers is lost."""
        self.loses_events = True

    def is_heard_again(self) -> None:
        """Events come through again."""
        self.loses_events = False

    def gets_an_odd_name(self) -> None:
        """A reload brings an endpoint whose name is not UTF-8."""
        self.has_odd_name = True

    def freezes(self) -> None:
        """SIGSTOP: connections stay open, and nothing comes."""
        self.is_frozen = True
        self._stop_checking()

    def thaws(self) -> None:
        """SIGCONT: some checks that were under way count as not answered."""
        self.is_frozen = False
        for peer in self.peers.values():
            if peer.is_reachable and self._dice.random() < LATE_AFTER_FREEZE:
                self._found(peer, is_reachable=False)
            self._check_anew(peer)

    def refuses_our_password(self) -> None:
        """``ari.conf`` was edited. Calls go on; so does the event stream that is open."""
        self.denies_us = True

    def takes_our_password(self) -> None:
        """``ari.conf`` was edited back."""
        self.denies_us = False

    def _enters(self, phase: Phase) -> None:
        self.phase = phase
        if phase is Phase.RUNNING:
            self._boots += 1
            self._reloads += 1
            self._started_at = self._configured_at = self._agenda.now
            self.registrations = dict.fromkeys(self.accepted, "Unregistered")
            for name in self.accepted:
                self._agenda.after(REGISTERS_AFTER, partial(self._tries, name))
            # Somebody has taken it out of pjsip.conf.
            self.has_odd_name = False
            for peer in self.peers.values():
                peer.is_reachable, peer.endpoint.is_up = None, False
                self._check_anew(peer)

    def has_just_booted(self) -> None:
        """It did so before anybody looked."""
        self._enters(Phase.RUNNING)

    def switches_qualify_on(self, qualify: int, *names: str) -> None:
        """A reload, after which it checks these peers: offline until then, and nothing is said of their contacts."""
        self._reloads += 1
        self._configured_at = self._agenda.now
        for peer in (self.peers[name] for name in names):
            peer.is_reachable, peer.endpoint.is_up = None, False
            peer.endpoint.qualify_frequency = qualify
            self._emit(peer.endpoint.peer_event(), peer.endpoint.device_event())
            self._check_anew(peer)

    def loses_qualify(self, *names: str) -> None:
        """Their AORs are written anew without qualify (ARI, realtime), no reload: it says so, and checks no more."""
        for peer in (self.peers[name] for name in names):
            peer.endpoint.qualify_frequency = 0
            self._emit(peer.endpoint.contact_event("NonQualified"))
            self._plan(peer)

    def gets_qualify_back(self, qualify: int, *names: str) -> None:
        """Their AORs are written anew with qualify; the first check says what it finds."""
        for peer in (self.peers[name] for name in names):
            peer.endpoint.qualify_frequency = qualify
            peer.is_reachable = None
            self._check_anew(peer)

    # ---------------------------------------------------------------- checks

    def _check_anew(self, peer: Peer) -> None:
        """Begin with the checks of a peer at a moment of its own."""
        peer.checked_first_at = self._agenda.now + self._dice.uniform(0, peer.endpoint.qualify_frequency)
        self._plan(peer)

    def checks_next(self, name: str) -> float:
        """When it checks a peer next."""
        return self._next_check(self.peers[name])

    def checks_at_once(self, name: str) -> None:
        """PJSIPQualify: one check more than those that are planned. The same result once more makes no event."""
        peer = self.peers[name]
        plan, is_missed = peer.plan, not peer.answers or self._dice.random() < peer.miss
        self.checked_at_once += 1
        lasts = peer.endpoint.qualify_timeout if is_missed else ROUND_TRIP
        self._agenda.after(lasts, lambda: self._checked(peer, plan, is_reachable=not is_missed))

    def _stop_checking(self) -> None:
        for peer in self.peers.values():
            peer.plan += 1

    def _plan(self, peer: Peer) -> None:
        """Enter the next check of a peer that can change anything."""
        peer.plan += 1
        if (
            not self.is_running
            or not peer.has_contact
            or not peer.endpoint.qualify_frequency
            or (peer.is_reachable is peer.answers and not (peer.answers and peer.loss))
        ):
            return
        at, is_missed = self._next_check(peer), not peer.answers
        if peer.answers and peer.loss:
            if peer.is_reachable:
                # That is the first of the coming checks that fails.
                skipped = int(math.log(self._dice.random()) / math.log(1 - peer.miss))
                at, is_missed = at + skipped * peer.endpoint.qualify_frequency, True
            else:
                is_missed = self._dice.random() < peer.miss
        plan = peer.plan
        lasts = peer.endpoint.qualify_timeout if is_missed else ROUND_TRIP
        self._agenda.at(at + lasts, lambda: self._checked(peer, plan, is_reachable=not is_missed))

    def _next_check(self, peer: Peer) -> float:
        """When it is checked next."""
        every = peer.endpoint.qualify_frequency
        done = math.floor((self._agenda.now - peer.checked_first_at) / every) + 1
        return peer.checked_first_at + max(done, 0) * every

    def _checked(self, peer: Peer, plan: int, *, is_reachable: bool) -> None:
        if plan == peer.plan:
            self.missed += peer.answers and not is_reachable
            self._found(peer, is_reachable=is_reachable)
            self._plan(peer)

    def _found(self, peer: Peer, *, is_reachable: bool) -> None:
        """A check has ended. Events tell what has changed, in an order that varies."""
        before, peer.is_reachable = peer.is_reachable, is_reachable
        endpoint, was_up = peer.endpoint, peer.endpoint.is_up
        endpoint.is_up = is_reachable
        events = []
        if before is not is_reachable:
            events.append(endpoint.contact_event("Reachable" if is_reachable else "Unreachable", 596))
        if was_up is not is_reachable:
            # While a channel is up, the device stays in use.
            events += (
                [endpoint.peer_event()] if endpoint.is_in_use else [endpoint.peer_event(), endpoint.device_event()]
            )
        self._dice.shuffle(events)
        self._emit(*events)

    def _emit(self, *events: dict[str, object]) -> None:
        for event in () if self.loses_events else events:
            raw = json.dumps(event).encode()
            for stream in self.streams:
                stream.receive(raw)
