"""The thread that asks by OPTIONS of our own: plans come, observations go; a thousand servers cost one thread."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from healthmon.app.probing import NAME_THREADS
from healthmon.history.metrics import ROUND_TRIP
from healthmon.model import (
    Channel,
    Check,
    Health,
    Measurement,
    Observation,
    ProbePlan,
    Question,
    Sighting,
    SipWay,
    Target,
)
from healthmon.sip.names import Names
from healthmon.sources.inbox import Inbox
from healthmon.sources.probes import ProbeSource
from healthmon.times.clock import Clock
from tests.core.scene import config
from tests.lab.sippeer import Peer
from tests.sip.peers import CountingPeer, name_server
from tests.waiting import wait_for

UP, DEGRADED, DOWN, UNKNOWN = Health.UP, Health.DEGRADED, Health.DOWN, Health.UNKNOWN


class ProbeRig:
    """The source with its threads, and what it offers. Owned by the test's thread."""

    def __init__(self, names: Names | None = None) -> None:
        self.inbox = Inbox()
        self.source = ProbeSource(config(), self.inbox, Clock(), names)
        self.seen: list[Sighting] = []
        work = (self.source.run, *[self.source.look_up_names] * NAME_THREADS)
        self._threads = [threading.Thread(target=each, daemon=True) for each in work]
        for thread in self._threads:
            thread.start()

    def plan(self, target: Target, *uris: str, every: float = 60.0) -> None:
        """Have an endpoint asked."""
        self.source.plan({target: ProbePlan(target, tuple(map(SipWay, uris)), every)})

    def found(self, target: Target) -> list[Observation]:
        """What was found of it so far."""
        self.seen += self.inbox.drain(0.0)
        return [seen for seen in self.seen if isinstance(seen, Observation) and seen.target == target]

    def wait(self, target: Target, health: Health, number: int = 1) -> Observation:
        """Wait for so many that say this of it; return the last one."""
        wait_for(lambda: len(self._saying(target, health)) >= number, 20, lambda: str(self.seen))
        return self._saying(target, health)[-1]

    def _saying(self, target: Target, health: Health) -> list[Observation]:
        return [seen for seen in self.found(target) if seen.health is health]

    def stop(self) -> None:
        """All threads must end."""
        self.source.stop()
        for thread in self._threads:
            thread.join(10)
        assert not any(thread.is_alive() for thread in self._threads)


@pytest.fixture
def rig() -> Iterator[ProbeRig]:
    rig = ProbeRig()
    yield rig
    rig.stop()


@pytest.fixture
def peer() -> Iterator[Peer]:
    with Peer() as peer:
        yield peer


def trunk(number: int) -> Target:
    """``PJSIP/trunk-1``."""
    return Target("office", "PJSIP", f"trunk-{number}")


def test_what_a_server_answers_is_offered_with_its_round_trip(rig: ProbeRig, peer: Peer) -> None:
    rig.plan(trunk(1), peer.uri, every=1.0)

    seen = rig.wait(trunk(1), UP)

    assert (seen.check, seen.words) == (Check.OPTIONS, "answers 200 OK")
    wait_for(lambda: bool(rig.found(trunk(1))) and any(isinstance(each, Measurement) for each in rig.seen))
    measured = next(each for each in rig.seen if isinstance(each, Measurement))
    assert (measured.target, measured.check, measured.metric) == (trunk(1), Check.OPTIONS, ROUND_TRIP.key)


def test_providers_that_share_a_server_are_asked_by_one_request(rig: ProbeRig) -> None:
    with CountingPeer() as peer:
        for number in range(50):
            rig.plan(trunk(number), f"sip:{number}@{peer.address}:{peer.port}")

        for number in range(50):
            rig.wait(trunk(number), UP)

    # More rounds only for those who came while one was on.
    assert peer.asked <= 5


def test_who_comes_later_to_a_server_that_is_asked_need_not_wait_for_its_next_round(rig: ProbeRig, peer: Peer) -> None:
    rig.plan(trunk(1), peer.uri, every=3600.0)
    rig.wait(trunk(1), UP)

    rig.plan(trunk(2), peer.uri, every=3600.0)

    rig.wait(trunk(2), UP)


def test_a_question_is_answered_at_once(rig: ProbeRig, peer: Peer) -> None:
    rig.plan(trunk(1), peer.uri)
    first = rig.wait(trunk(1), UP)

    rig.source.ask(Question("office", (trunk(1),), check=Check.OPTIONS, asked_by=Channel.PROBES))

    assert rig.wait(trunk(1), UP, 2).at > first.at


def test_a_provider_with_two_contacts_is_degraded_when_one_is_silent(rig: ProbeRig, peer: Peer) -> None:
    with Peer() as silent:
        silent.ignore("OPTIONS")
        rig.plan(trunk(1), peer.uri, silent.uri)

        seen = rig.wait(trunk(1), DEGRADED)

    assert seen.words.startswith("1 of 2 contacts answer well; does not answer our OPTIONS")


def test_who_is_no_longer_planned_is_asked_no_more(rig: ProbeRig, peer: Peer) -> None:
    rig.plan(trunk(1), peer.uri, every=1.0)
    rig.wait(trunk(1), UP)

    rig.source.plan({trunk(1): None})
    with Peer() as other:
        # One that is planned later is asked: so the first was left before.
        rig.plan(trunk(2), other.uri, every=1.0)
        rig.wait(trunk(2), UP)
        before = len(rig.found(trunk(1)))
        rig.wait(trunk(2), UP, 3)

    assert len(rig.found(trunk(1))) == before


def test_names_that_no_name_server_answers_keep_no_other_name_waiting(peer: Peer) -> None:
    here = {("sip.example.net", "A"): [peer.address]}
    with name_server(here) as server:
        server.silent = {"silent-1.example", "silent-2.example"}
        rig = ProbeRig(Names(server.resolver()))
        for number in (1, 2):
            rig.plan(trunk(number), f"sip:silent-{number}.example:5060")
        wait_for(lambda: {name for name, _ in server.asked} >= server.silent, 20, lambda: str(server.asked))

        rig.plan(trunk(3), f"sip:sip.example.net:{peer.port}")

        rig.wait(trunk(3), UP)
        assert rig.found(trunk(1)) == rig.found(trunk(2)) == []
        server.silent = set()
        rig.stop()


def test_a_contact_that_cannot_be_asked_is_no_outage(rig: ProbeRig, peer: Peer) -> None:
    rig.plan(trunk(1), "sip:192.0.2.1:5060;transport=ws")
    rig.plan(trunk(2), peer.uri)

    rig.wait(trunk(2), UP)

    assert rig.found(trunk(1)) == []


def test_after_a_defect_nobody_knows_how_they_are_and_all_are_asked_again(rig: ProbeRig, peer: Peer) -> None:
    rig.plan(trunk(1), peer.uri)
    rig.wait(trunk(1), UP)

    rig.source.note_defect("a defect of healthmon (KeyError): its log says where")

    assert rig.wait(trunk(1), UNKNOWN).words.startswith("a defect of healthmon")
