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
from tests.bench.watched import HOLD, Watched
from tests.sinks import WebhookSink
from tests.waiting import wait_for


def latency(scale: Scale) -> Iterator[Figure]:
    """Storms over a real loopback WebSocket, each change of an endpoint three events."""
    trunks = scale.trunks * scale.rounds * len(scale.storms)
    with (
        TemporaryDirectory(prefix="healthmon-bench-") as folder,
        WebhookSink() as sink,
        Peer(scale.many, trunks) as peer,
        Watched(Path(folder), peer, sink.url) as daemon,
    ):
        for rate, seconds in scale.storms:
            command = {"rate": rate, "seconds": seconds, "trunks": scale.trunks}
            storms = [_storm(peer.ask(do="storm", **command), daemon, sink) for _ in range(scale.rounds)]
            yield from _figures(rate, storms)
        yield Figure(f"memory after these storms, {scale.many:,} endpoints", daemon.memory(), "MB")


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


def _wait_told(sink: WebhookSink, lost: Mapping[str, float]) -> list[float]:
    """How long after the loss of each of these trunks a message that names it arrived (seconds)."""

    def arrivals() -> dict[str, float]:
        messages = [(message.at, message.text) for message in sink.messages]
        return {name: at for name in lost for at, text in reversed(messages) if name in text}

    wait_for(lambda: len(arrivals()) == len(lost), 30, lambda: f"told only about {sorted(arrivals())}")
    wall_clock = time.time() - time.monotonic()
    return [at - wall_clock - lost[name] for name, at in arrivals().items()]


def _figures(rate: int, storms: list[Storm]) -> Iterator[Figure]:
    at = f"at {rate:,} events/s"
    for number, what, aims in ((0, "commit", (None, 10.0)), (1, f"webhook, less the hold of {HOLD:g} s", (50.0, None))):
        for part, name, aim in ((0.5, "p50", aims[0]), (0.99, "p99", aims[1])):
            value = median([percentile(storm[number], part) for storm in storms])  # type: ignore[arg-type]
            yield Figure(f"event to {what} {at}, {name}", value, "ms", at_most=aim)
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
    yield Figure("events/s from socket to commit", median(ours), "/s", bare=median(bare), ratio_at_least=0.25)


def _bare_rate(peer: Peer, events: int) -> float:
    """Events a second that websocket-client receives and json decodes, in a process that does nothing else."""
    reader = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.bare", peer.url], stdout=subprocess.PIPE, cwd=ROOT, text=True
    )
    assert reader.stdout is not None
    reader.stdout.readline()
    answer = peer.ask(do="burst", events=events)
    ended = float(reader.communicate()[0])
    return float(answer["events"] / (ended - answer["begun"]))
