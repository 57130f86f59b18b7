"""(c) Memory and idle CPU of a daemon that has nothing to do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench.figures import Figure
from tests.bench.peer import Peer
from tests.bench.scale import Scale
from tests.bench.watched import Watched
from tests.sinks import WebhookSink
from tests.waiting import wait_for


def footprint(scale: Scale) -> Iterator[Figure]:
    """A daemon that has sent one alert, so that apprise and all it needs is loaded."""
    for endpoints, most, idle in ((scale.few, 70.0, scale.idle), (scale.many, 120.0, 0.0)):
        with (
            TemporaryDirectory(prefix="healthmon-bench-") as folder,
            WebhookSink() as sink,
            Peer(endpoints, trunks=1) as peer,
            Watched(Path(folder), peer, hook=sink.url) as daemon,
        ):
            peer.ask(do="storm", rate=300, seconds=0.02, trunks=1)
            wait_for(lambda sink=sink: bool(sink.messages), 30, lambda: "no alert came")  # type: ignore[misc]
            daemon.wait_until_calm()
            yield Figure(f"memory, {endpoints:,} endpoints", daemon.memory(), "MB", at_most=most)
            yield Figure(f"memory at most so far, {endpoints:,} endpoints", daemon.memory("VmHWM"), "MB")
            if idle:
                share = daemon.cpu_over(idle) / idle * 100
                yield Figure(f"idle CPU, {endpoints:,} endpoints", share, "%", at_most=0.5)
