"""kill -9 of healthmon at random moments during a script of outages: nothing is lost, and nothing is told twice."""

from __future__ import annotations

import os
import random
import threading
import time

import pytest
from msgspec import Struct

from tests.lab.endpoints import phone, trunk
from tests.lab.fixtures import Lab
from tests.lab.phones import Phone
from tests.lab.provider import Provider
from tests.sinks import WebhookSink
from tests.system.accounts import booked, nothing_waits, wrong_incidents, wrong_tellings
from tests.system.daemon import Daemon, wait_until
from tests.system.scene import CHECKED_OFTEN, Scene, pbx_section, receiver_section

PHONES = ("101", "102", "103", "104", "105")
TRUNK = "trunk-a"
#: Phones of other places, more than come and go, that always answer: where most places of a PBX fall within one cycle,
#: that is one incident of the PBX's line, and no single phone is told.
STANDING = ("201", "202", "203", "204", "205", "206", "207")
KILLS_IN_CI = 10
KILLS_IN_SOAK = 50
#: An outage of this length cannot be missed, whatever healthmon goes through meanwhile (seconds).
LONG = 20.0

#: The trunk counts as a phone: a provider and half of the places at once would be one incident of the line as well
#: (the rows have that, on two sites and with kills).
WATCHES = """
[watch all]
endpoints = PJSIP/*
kind = phone
down_after = 1s
up_after = 0s
down_after_exact = yes
flap_start = 1000
receivers = oncall
"""

Peers = dict[str, Phone | Provider]


class SlowSink(WebhookSink):
    """A webhook that takes its time before and after it has taken a message, so that a kill may fall anywhere."""

    def __init__(self, dice: random.Random) -> None:
        self._dice = dice
        super().__init__()

    def received(self, raw: bytes) -> int | None:
        """Take one request's body."""
        time.sleep(self._dice.uniform(0, 0.15))
        status = super().received(raw)
        time.sleep(self._dice.uniform(0, 0.3))
        return status


class Outage(Struct, frozen=True):
    """What the script did to one endpoint; times of the wall clock."""

    name: str
    gone_at: float
    back_at: float


class Script:
    """Phones and a provider that come and go, in a thread of their own, until told to stop."""

    def __init__(self, peers: Peers, dice: random.Random) -> None:
        self._peers = peers
        self._dice = dice
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="script of outages")
        self._gone: dict[str, float] = {}
        #: What is over.
        self.outages: list[Outage] = []

    def _run(self) -> None:
        while not self._stop.wait(self._dice.uniform(0.2, 1.5)):
            name = self._dice.choice(sorted(self._peers))
            if name not in self._gone:
                self._peers[name].vanish()
                self._gone[name] = time.time()
            else:
                self._peers[name].come_back()
                self.outages.append(Outage(name, self._gone.pop(name), time.time()))

    def __enter__(self) -> Script:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()


def scene_of(lab: Lab, dice: random.Random) -> tuple[Scene, Peers]:
    """Five phones and a provider that come and go, and those that stand; all up, and a daemon that believes so."""
    provider = lab.add(Provider())
    endpoints = [phone(name, **CHECKED_OFTEN) for name in (*PHONES, *STANDING)]  # type: ignore[arg-type]
    endpoints.append(trunk(TRUNK, provider.uri, **CHECKED_OFTEN))  # type: ignore[arg-type]
    pbx = lab.asterisk(*endpoints)
    peers: Peers = {TRUNK: provider}
    for name in (*PHONES, *STANDING):
        one = lab.add(Phone(pbx.sip, name))
        assert one.register() == 200
        peers[name] = one
    sink = lab.add(SlowSink(random.Random(dice.random())))
    text = pbx_section(pbx, poll_every="2s") + WATCHES + receiver_section(sink, group_wait="200ms")
    daemon = lab.add(Daemon(lab.folder("daemon"), text)).start()
    for name in peers:
        daemon.wait_for_state(f"PJSIP/{name}", "up")
    return Scene(lab, pbx, daemon, sink), {name: peer for name, peer in peers.items() if name not in STANDING}


def kill_often(daemon: Daemon, dice: random.Random, kills: int) -> None:
    """Kill the daemon so often, each time at another moment of its life, and start it again."""
    for _ in range(kills):
        time.sleep(dice.choice((dice.uniform(0.0, 1.0), dice.uniform(1.0, 4.0))))
        daemon.kill()
        daemon.start(until_seen=False)


def complaints(scene: Scene, script: Script) -> list[str]:
    """Say everything that is not as it must be after the last restart; empty: all is well."""
    incidents = booked(scene.daemon.database)
    found = [*_wrong_beliefs(scene), *wrong_incidents(incidents), *wrong_tellings(incidents, scene.sink.messages)]
    found += [f"{outage} is booked nowhere" for outage in script.outages if _is_missed(outage, scene)]
    return found if nothing_waits(scene.daemon.database) else [*found, "a message waits"]


def _wrong_beliefs(scene: Scene) -> list[str]:
    believed = {row["endpoint"]: row["state"] for row in scene.daemon.status().get("targets", [])}
    said = {name: scene.pbx.endpoint_state(name) for name in believed}
    meaning = {"online": "up", "offline": "down"}
    wrong = [f"{name}: Asterisk says {said[name]}" for name in believed if meaning.get(said[name]) != believed[name]]
    return wrong if len(believed) == len(PHONES) + len(STANDING) + 1 else [*wrong, f"watched: {sorted(believed)}"]


def _is_missed(outage: Outage, scene: Scene) -> bool:
    if outage.back_at - outage.gone_at < LONG:
        return False
    return not any(
        incident.target.resource == outage.name
        and incident.opened_at < outage.back_at
        and (incident.closed_at is None or incident.closed_at > outage.gone_at)
        for incident in booked(scene.daemon.database)
    )


def survive(lab: Lab, kills: int) -> None:
    """Go through it all; the seed repeats the script, though not the scheduling of the machine."""
    seed = int(os.environ.get("HEALTHMON_SEED") or random.SystemRandom().randrange(2**32))
    print(f"seed {seed}")
    dice = random.Random(seed)
    scene, peers = scene_of(lab, dice)

    with Script(peers, random.Random(dice.random())) as script:
        kill_often(scene.daemon, dice, kills)

    wait_until(
        lambda: not complaints(scene, script),
        f"all is well after {kills} kills (seed {seed})",
        explain=lambda: "\n".join([*complaints(scene, script), "--- log", scene.daemon.log()[-20000:]]),
    )
    incidents = booked(scene.daemon.database)
    print(f"{kills} kills, {len(script.outages)} outages, {len(incidents)} incidents, {len(scene.subjects)} messages")
    assert incidents
    assert "Traceback" not in scene.daemon.log()


@pytest.mark.lab
def test_ten_kills_lose_nothing_and_tell_nothing_twice(lab22: Lab) -> None:
    survive(lab22, KILLS_IN_CI)


@pytest.mark.soak
def test_soak_fifty_kills_lose_nothing_and_tell_nothing_twice(lab: Lab) -> None:
    survive(lab, KILLS_IN_SOAK)
