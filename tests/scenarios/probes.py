"""OPTIONS of our own in simulated time: each server at its own pace, its answers as the real source makes them.

The real one (``healthmon/sources/probes.py``) waits for sockets; the verdicts are made by the same functions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from healthmon.model import (
    OPTIONS_ANSWERED_WITHIN,
    Check,
    Health,
    Observation,
    ProbePlan,
    Question,
    Sighting,
    Source,
    Target,
    Witness,
)
from healthmon.sip.verdicts import ProbeVerdict, verdict_on
from tests.scenarios.agenda import Agenda, Life, Process
from tests.scenarios.asterisk import ROUND_TRIP, Asterisk, Peer

SILENT = ProbeVerdict(Health.DOWN, "does not answer our OPTIONS (UDP 192.0.2.11:5060)")


class Probes:
    """Asks the peers of a PBX past Asterisk. It ends with the daemon."""

    def __init__(self, agenda: Agenda, asterisk: Asterisk, offer: Callable[[Sighting], None]) -> None:
        self._agenda = agenda
        self._asterisk = asterisk
        self._offer = offer
        self._plans: dict[Target, ProbePlan] = {}
        self._asking: dict[Target, Process] = {}

    def plan(self, plans: Mapping[Target, ProbePlan | None]) -> None:
        """Ask these so from now on; None: no longer."""
        for target, plan in plans.items():
            self._stop(target)
            if plan is not None:
                self._plans[target] = plan
                self._asking[target] = Process(self._agenda, self._asks(target))

    def ask(self, question: Question) -> None:
        """Ask these again now."""
        for target in question.targets:
            if target in self._asking:
                self._asking[target].wake()

    def learn(self, targets: Sequence[Target]) -> None:
        """There is nothing to be learnt."""

    def end(self) -> None:
        """The daemon is gone."""
        for target in list(self._asking):
            self._stop(target)

    def _stop(self, target: Target) -> None:
        self._plans.pop(target, None)
        asking = self._asking.pop(target, None)
        if asking is not None:
            asking.end()

    def _asks(self, target: Target) -> Life:
        while True:
            at, peer = self._agenda.now, self._asterisk.peers[target.endpoint]
            code = answer_of(peer)
            wait_until = at + (OPTIONS_ANSWERED_WITHIN if code is None else ROUND_TRIP)
            while self._agenda.now < wait_until:
                # A question that comes meanwhile does not make the answer come sooner.
                yield wait_until - self._agenda.now
            verdict = SILENT if code is None else verdict_on(code)
            self._offer(
                Observation(
                    target,
                    verdict.health,
                    at,
                    Source.ANSWER,
                    Witness.PROBE,
                    verdict.words,
                    check=Check.OPTIONS,
                    settled_after=self._agenda.now - at,
                )
            )
            yield max(0.0, at + self._plans[target].every - self._agenda.now)


def answer_of(peer: Peer) -> int | None:
    """What a peer answers to us; None: nothing."""
    if not peer.answers or peer.ignores_strangers:
        return None
    return peer.answers_strangers
