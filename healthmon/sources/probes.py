"""Asks endpoints by OPTIONS of our own, those of all PBXs: what they answer, past Asterisk."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import datetime
from queue import SimpleQueue
from threading import Event

from msgspec import Struct

from healthmon.config.configuration import Config
from healthmon.history.metrics import ROUND_TRIP
from healthmon.model import Check, Health, Observation, ProbePlan, Question, Source, Target, Witness
from healthmon.sip.destinations import Destination, Hop, destination_of
from healthmon.sip.names import Found, Names
from healthmon.sip.prober import Conclusion, Prober, Times
from healthmon.sip.sockets import Sockets
from healthmon.sip.verdicts import over_ways
from healthmon.sources.inbox import Inbox
from healthmon.sources.queues import taken_from
from healthmon.times.clock import Clock

log = logging.getLogger(__name__)

#: What was ignored is said this often (seconds).
SAY_EVERY = 3600.0


class ProbedEndpoint(Struct):
    """What the last rounds have found of one endpoint, by the servers that are asked about it."""

    plan: ProbePlan
    destinations: tuple[Destination, ...]
    conclusions: dict[Destination, Conclusion]


class ProbeSource:
    """The work of the thread ``probes``, which owns everything here; others, ``probe-names``, look up names for it.

    Any thread may call ``ask()``, ``learn()``, ``plan()`` and ``stop()``.
    """

    def __init__(self, config: Config, inbox: Inbox, clock: Clock, names: Names | None = None) -> None:
        self._inbox = inbox
        self._clock = clock
        self._names = names or Names()
        self._from = config.probe_from
        self._zone = config.timezone
        self.stopped = Event()
        self._asked: SimpleQueue[Question] = SimpleQueue()
        self._plans: SimpleQueue[Mapping[Target, ProbePlan | None]] = SimpleQueue()
        self._to_look_up: SimpleQueue[Hop | None] = SimpleQueue()
        self._found: SimpleQueue[tuple[Hop, Found]] = SimpleQueue()
        self._endpoints: dict[Target, ProbedEndpoint] = {}
        #: Who is asked about by each server.
        self._targets: dict[Destination, set[Target]] = {}
        self._sockets: Sockets | None = None
        self._ignored = 0
        self._say_ignored_at = 0.0

    # ------------------------------------------------------------ for any thread

    def plan(self, plans: Mapping[Target, ProbePlan | None]) -> None:
        """Ask these endpoints so from now on; None: no longer."""
        self._plans.put(plans)
        self._wake()

    def ask(self, question: Question) -> None:
        """Ask these again now; the answers come through the inbox."""
        self._asked.put(question)
        self._wake()

    def learn(self, targets: Sequence[Target]) -> None:
        """There is nothing to be learnt: who is to be asked, and where, comes as a plan."""

    def stop(self) -> None:
        """End all threads."""
        self.stopped.set()
        self._to_look_up.put(None)
        self._wake()

    def _wake(self) -> None:
        sockets = self._sockets
        if sockets is not None:
            sockets.wake()

    # ------------------------------------------------------------ the threads ``probe-names``

    def look_up_names(self) -> None:
        """Look up what is asked for until told to stop: name servers may take seconds, and nobody waits for them.

        Several threads may do so: a name that takes long keeps only one of them.
        """
        while (hop := self._to_look_up.get()) is not None:
            self._found.put((hop, self._names.look_up(hop)))
            self._wake()
        # The end is for all of them.
        self._to_look_up.put(None)

    # ------------------------------------------------------------ the thread ``probes``

    def run(self) -> None:
        """Ask whoever is due until told to stop. Only a defect raises."""
        with closing(Sockets(self._from, self._clock.wall)) as sockets:
            self._sockets = sockets
            prober = Prober(sockets, self._to_look_up.put, Times(time.monotonic, self._clock.now, self._in_words))
            # After a defect: those that were asked before it.
            for destination in self._targets:
                self._ask(prober, destination)
            while not self.stopped.is_set():
                self._take_in(prober)
                for conclusion in prober.turn():
                    self._tell(conclusion)
                self._say_what_was_ignored(prober)
            self._sockets = None

    def note_defect(self, what: str) -> None:
        """A defect of ours has ended ``run()``, which will be called again: till then nobody knows how they are."""
        now = self._clock.now()
        for target in self._endpoints:
            unknown = Observation(target, Health.UNKNOWN, now, Source.ANSWER, Witness.PROBE, what, check=Check.OPTIONS)
            self._inbox.offer(unknown)

    def _in_words(self, seconds: float) -> str:
        return f"{datetime.fromtimestamp(self._clock.wall() + seconds, self._zone):%H:%M}"

    def _take_in(self, prober: Prober) -> None:
        for plans in taken_from(self._plans):
            for target, plan in plans.items():
                self._use(prober, target, plan)
        for hop, found in taken_from(self._found):
            prober.found(hop, found)
        for question in taken_from(self._asked):
            for target in question.targets:
                endpoint = self._endpoints.get(target)
                for destination in endpoint.destinations if endpoint else ():
                    prober.ask_again(destination)

    def _use(self, prober: Prober, target: Target, plan: ProbePlan | None) -> None:
        before = self._endpoints.pop(target, None)
        destinations: tuple[Destination, ...] = ()
        if plan is not None:
            # Those that cannot be asked (over a WebSocket) are left out.
            found = (destination_of(way) for way in plan.ways)
            destinations = tuple(dict.fromkeys(destination for destination in found if destination is not None))
        for gone in set(before.destinations if before else ()) - set(destinations):
            self._leave(prober, gone, target)
        if plan is None or not destinations:
            return
        conclusions = before.conclusions if before else {}
        conclusions = {known: found for known, found in conclusions.items() if known in destinations}
        self._endpoints[target] = ProbedEndpoint(plan, destinations, conclusions)
        for destination in destinations:
            is_asked = destination in self._targets
            self._targets.setdefault(destination, set()).add(target)
            self._ask(prober, destination)
            if is_asked and destination not in conclusions:
                # Others are asked about there: this one need not wait for their next round.
                prober.ask_again(destination)

    def _leave(self, prober: Prober, destination: Destination, target: Target) -> None:
        targets = self._targets[destination]
        targets.discard(target)
        if not targets:
            del self._targets[destination]
            prober.leave(destination)

    def _ask(self, prober: Prober, destination: Destination) -> None:
        """Ask a server as often as the most demanding of those that are asked about there."""
        prober.ask(destination, min(self._endpoints[target].plan.every for target in self._targets[destination]))

    # ------------------------------------------------------------ what is told

    def _tell(self, conclusion: Conclusion) -> None:
        for target in self._targets.get(conclusion.destination, ()):
            endpoint = self._endpoints[target]
            endpoint.conclusions[conclusion.destination] = conclusion
            if len(endpoint.conclusions) < len(endpoint.destinations):
                # The others are being asked for the first time.
                continue
            found = endpoint.conclusions.values()
            verdict = over_ways([each.verdict for each in found])
            # As old as the oldest of them.
            at = min(each.found_at for each in found)
            delays = [each.answered_after for each in found if each.answered_after is not None]
            self._inbox.offer(
                Observation(
                    target,
                    verdict.health,
                    at,
                    Source.ANSWER,
                    Witness.PROBE,
                    verdict.words,
                    check=Check.OPTIONS,
                    answered_after=min(delays, default=None),
                    settled_after=max(each.settled_after for each in found),
                )
            )
            for rtt_ms in conclusion.round_trips:
                measured = ROUND_TRIP.measured(target, Check.OPTIONS, rtt_ms, conclusion.begun_at)
                if measured is not None:
                    self._inbox.offer(measured)

    def _say_what_was_ignored(self, prober: Prober) -> None:
        """Log, now and then, what came and was no answer to anything."""
        ignored = prober.transactions.ignored
        if ignored.total() == self._ignored or time.monotonic() < self._say_ignored_at:
            return
        self._ignored, self._say_ignored_at = ignored.total(), time.monotonic() + SAY_EVERY
        counts = ", ".join(f"{number:,} {oddity}" for oddity, number in sorted(ignored.items()))
        log.info("our own OPTIONS: answers that were ignored since the start: %s", counts)
