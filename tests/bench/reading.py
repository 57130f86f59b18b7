"""(i) What the thread that reads events takes for one, from the socket to the inbox.

A process of its own could save no more than that. In the thread's processor time; bare is ``json.loads`` of an event.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread

from healthmon.config.loading.load import load
from healthmon.config.sections.pbx import PbxConfig
from healthmon.sources.events import EventSource
from healthmon.sources.inbox import Inbox
from healthmon.sources.signals import Signals
from healthmon.times.clock import Clock
from tests.bench.figures import Figure, median
from tests.bench.peer import Peer
from tests.bench.scale import Scale
from tests.bench.stages import batches_of
from tests.bench.timing import milliseconds
from tests.bench.watched import CONFIG, HOLD
from tests.waiting import wait_for


def reading(scale: Scale) -> Iterator[Figure]:
    """Microseconds for an event, of a burst that is read while nobody takes anything out of the inbox."""
    sample = [raw for batch in batches_of(scale.burst // 100) for raw in batch]
    with Peer(scale.many) as peer:
        read = [_read(peer, scale.burst) for _ in range(scale.rounds)]
    bare = [milliseconds(lambda: [json.loads(raw) for raw in sample]) * 1000 / len(sample) for _ in range(scale.rounds)]
    yield Figure("an event, from the socket to the inbox", median(read), "us", bare=median(bare))


def _read(peer: Peer, events: int) -> float:
    inbox, signals = Inbox(events * 2, events * 2), Signals()
    source = EventSource(_pbx_of(peer), inbox, Clock(), signals)
    reader = Thread(target=source.run, name="events:bench")
    reader.start()
    try:
        wait_for(lambda: source.connects > 0, 30, lambda: "the stream was not opened")
        clock = time.pthread_getcpuclockid(reader.ident or 0)
        before = time.clock_gettime(clock)
        sent = peer.ask(do="burst", events=events)["events"]
        wait_for(lambda: source.events >= sent, 120, lambda: f"{source.events} of {sent} events came")
        return float((time.clock_gettime(clock) - before) * 1e6 / sent)
    finally:
        signals.shut_down()
        reader.join()


def _pbx_of(peer: Peer) -> PbxConfig:
    with TemporaryDirectory(prefix="healthmon-bench-") as folder:
        path = Path(folder) / "config.ini"
        path.write_text(
            CONFIG.format(database=path, url=peer.url, hold=HOLD, hook="json://127.0.0.1:9/nobody", manager="")
        )
        return load(path).pbxs[0]
