"""(a) From an event to its commit and to a webhook, and (b) how many events a second can be taken."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.bench.figures import Figure, median, percentile
from tests.bench.peer import MARK, ROOT, Peer
from tests.bench.scale import Scale
from tests.bench.watched import HOLD, Watched, read_commits
from tests.sinks import WebhookSink
from tests.waiting import wait_for


def latency(scale: Scale) -> Iterator[Figure]:
    """Storms over a real loopback WebSocket, each change of an endpoint three events."""
    trunks = scale.trunks * scale.rounds * len(scale.storms)
    with (
        TemporaryDirectory(prefix="healthmon-bench-") as folder,
        WebhookSink() as sink,
        Peer(scale.many, trunks) as peer,
        Watched(Path(folder), peer, hook=sink.url) as daemon,
    ):
        for rate, seconds in scale.storms:
            command = {"rate": rate, "seconds": seconds, "trunks": scale.trunks}
            storms, bare = [], []
            for _ in range(scale.rounds):
                storms.append(_storm(peer.ask(do="storm", **command), daemon, sink))
                bare.append(_bare_storm(scale.many, rate, seconds))
            yield from _figures(rate, storms, bare)
        yield Figure(f"memory after these storms, {scale.many:,} endpoints", daemon.memory(), "MB")


#: How many times as long as the bare program it may take: the slowest hundredth of all commits at this rate (events a
#: second); and to a webhook, by the half of the bare program's commits.
P99_BY_BARE = {1_000: 2.5, 10_000: 5.0}
WEBHOOK_BY_BARE = {10_000: 50.0}
#: … and so many of the events that a program takes which only decodes them.
EVENTS_BY_BARE = 0.65

#: What one storm showed, in ms: event to commit, event to webhook, and how many changes were never booked.
Storm = tuple[list[float], list[float], int]


def _storm(answer: Mapping[str, Any], daemon: Watched, sink: WebhookSink) -> Storm:
    """Wait for what a storm, which is over, led to."""
    sent: dict[str, float] = answer["sent"]
    booked = daemon.wait_for_commits(sent)
    to_commit = [(booked[name] - at) * 1000 for name, at in sent.items() if name in booked]
    told = _wait_told(sink, {name: sent[name] for name in answer["trunks"]})
    daemon.wait_until_calm()
    return to_commit, [(took - HOLD) * 1000 for took in told], len(sent) - len(booked)


def _bare_storm(endpoints: int, rate: int, seconds: float) -> list[float]:
    """Event to commit in ms, by a program that does nothing else: what this machine has to give at present."""
    with TemporaryDirectory(prefix="healthmon-bench-") as folder, Peer(endpoints) as peer:
        reader = _bare("book", peer.url, folder)
        sent = peer.ask(do="storm", rate=rate, seconds=seconds, trunks=0)["sent"]
        booked = read_commits(Path(folder) / "commits", sent)
        reader.kill()
        reader.communicate()
    return [(booked[name] - at) * 1000 for name, at in sent.items()]


def _bare(*arguments: str) -> subprocess.Popen[str]:
    """Start one of the bare programs, and wait until it listens."""
    command = [sys.executable, "-m", "tests.bench.bare", *arguments]
    reader = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT, text=True)
    assert reader.stdout is not None
    reader.stdout.readline()
    return reader


def _wait_told(sink: WebhookSink, lost: Mapping[str, float]) -> list[float]:
    """How long after the loss of each of these trunks a message that names it arrived (seconds)."""

    def arrivals() -> dict[str, float]:
        messages = [(message.at, message.text) for message in sink.messages]
        return {name: at for name in lost for at, text in reversed(messages) if name in text}

    wait_for(lambda: len(arrivals()) == len(lost), 30, lambda: f"told only about {sorted(arrivals())}")
    wall_clock = time.time() - time.monotonic()
    return [at - wall_clock - lost[name] for name, at in arrivals().items()]


def _figures(rate: int, storms: list[Storm], bare: list[list[float]]) -> Iterator[Figure]:
    at = f"at {rate:,} events/s"
    half_of_bare = median([percentile(times, 0.5) for times in bare])
    for part, name, aim in ((0.5, "p50", None), (0.99, "p99", P99_BY_BARE.get(rate))):
        value, least = (median([percentile(times, part) for times in runs]) for runs in ([s[0] for s in storms], bare))
        yield Figure(f"event to commit {at}, {name}", value, "ms", bare=least, ratio_at_most=aim)
    for part, name, aim in ((0.5, "p50", WEBHOOK_BY_BARE.get(rate)), (0.99, "p99", None)):
        value = median([percentile(storm[1], part) for storm in storms])
        what = f"event to webhook {at}, less the hold, {name}"
        yield Figure(what, value, "ms", bare=half_of_bare, ratio_at_most=aim)
    yield Figure(f"changes lost {at}", sum(storm[2] for storm in storms), "", at_most=0)


def throughput(scale: Scale) -> Iterator[Figure]:
    """Events sent as fast as they are taken, until the last one is booked; and the same with no more than decoding."""
    ours, bare = [], []
    for _ in range(scale.rounds):
        with (
            TemporaryDirectory(prefix="healthmon-bench-") as folder,
            Peer(scale.many) as peer,
            Watched(Path(folder), peer) as daemon,
        ):
            answer = peer.ask(do="burst", events=scale.burst)
            booked = daemon.wait_for_commits({MARK: answer["begun"]}, timeout=120)
            ours.append(answer["events"] / (booked[MARK] - answer["begun"]))
        with Peer(scale.many) as peer:
            bare.append(_bare_rate(peer, scale.burst))
    yield Figure("events/s from socket to commit", median(ours), "/s", bare=median(bare), ratio_at_least=EVENTS_BY_BARE)


def _bare_rate(peer: Peer, events: int) -> float:
    """Events a second that websocket-client receives and json decodes, in a process that does nothing else."""
    reader = _bare("read", peer.url)
    answer = peer.ask(do="burst", events=events)
    ended = float(reader.communicate()[0])
    return float(answer["events"] / (ended - answer["begun"]))
