"""A thousand servers, asked by one thread: in simulated time, with sockets that are played."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator

from healthmon.config.values import OwnAddress
from healthmon.model import Health, SipWay
from healthmon.sip.destinations import Remote, Transport, destination_of
from healthmon.sip.names import Found
from healthmon.sip.prober import Prober, Times
from healthmon.sip.sockets import Came, Failed, Sockets
from tests.lab.sipmessages import parse, response

SERVERS = 1000
MINUTE = 60.0


class PlayedSockets(Sockets):
    """Every server answers at once, but for those that are dead; waiting takes simulated time."""

    def __init__(self) -> None:
        super().__init__(OwnAddress(), time.time)
        self.now = 1000.0
        self.dead: set[str] = set()
        #: New requests, by address; and all packets.
        self.begun: Counter[str] = Counter()
        self.packets = 0
        self._branches: set[str] = set()
        self._came: list[Came] = []

    def local_address(self, remote: Remote) -> tuple[str, int]:
        """Ours."""
        return "192.0.2.10", 5066

    def send(self, remote: Remote, packet: bytes) -> None:
        """Take a request; the answer comes with the next wait."""
        message = parse(packet)
        assert message is not None
        self.packets += 1
        if message.first("via") not in self._branches:
            self._branches.add(message.first("via"))
            self.begun[remote.address] += 1
        if remote.address not in self.dead:
            self._came.append(Came(response(message, 200), remote))

    def wait(self, seconds: float) -> Iterator[Came | Failed]:
        """What waits comes; else time passes."""
        came, self._came = self._came, []
        if not came:
            self.now += max(seconds, 0.0005)
        yield from came

    @property
    def behind(self) -> float:
        """Everything that came has been read."""
        return 0.0


def test_a_question_does_not_wait_behind_sixty_others_at_one_proxy() -> None:
    sockets = PlayedSockets()
    prober = Prober(sockets, lambda _: None, Times(lambda: sockets.now, lambda: sockets.now, str))
    ways = (SipWay(f"sip:{number}.example.net", "sip:192.0.2.1") for number in range(60))
    hosts = [asked for way in ways if (asked := destination_of(way)) is not None]
    for host in hosts:
        prober.ask(host, MINUTE)
    asked = hosts[-1]
    prober.found(asked.hop, Found((Remote(Transport.UDP, "192.0.2.1", 5060),), 3600))
    begun = sockets.now
    while sockets.now < begun + 5:
        list(prober.turn())

    question_at = sockets.now
    prober.ask_again(asked)
    found = [conclusion for _ in range(100) for conclusion in prober.turn() if conclusion.destination == asked]
    sockets.close()

    # It was still to be asked for the first time: that answers, and it is not asked twice.
    [answer] = found
    assert question_at <= answer.begun_at <= question_at + 2


def test_a_thousand_servers_cost_one_thread_little_and_none_waits_for_another() -> None:
    sockets = PlayedSockets()
    times = Times(lambda: sockets.now, lambda: sockets.now, str)
    prober = Prober(sockets, lambda _: None, times)
    sockets.dead = {f"10.0.0.{number}" for number in range(100)}
    for number in range(SERVERS):
        address = f"10.0.{number // 250}.{number % 250}"
        asked = destination_of(SipWay(f"sip:{address}"))
        assert asked is not None
        prober.ask(asked, MINUTE)
        prober.found(asked.hop, Found((Remote(Transport.UDP, address, 5060),), 3600))
    found: Counter[Health] = Counter()
    first_round_over = 0.0

    worked, end = time.thread_time(), sockets.now + 3 * MINUTE - 10
    while sockets.now < end:
        found += Counter(conclusion.verdict.health for conclusion in prober.turn())
        if found.total() >= SERVERS and not first_round_over:
            first_round_over = sockets.now
    worked = time.thread_time() - worked
    sockets.close()

    # Three rounds; a hundred that are silent keep nobody waiting.
    assert found == {Health.UP: 3 * 900, Health.DOWN: 3 * 100}
    assert first_round_over <= 1000 + SERVERS * 0.002 + 4 + 1
    assert max(sockets.begun.values()) == 3
    assert sockets.packets == 3 * (900 + 4 * 100)
    # Seconds of a processor for three minutes of a thousand servers; the parser of this test is a part of it.
    assert worked < 10
    print(f"{worked:.2f} s of a processor for {sockets.packets} packets")
