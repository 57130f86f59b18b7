"""(d) A snapshot of a large PBX: decoded, compared with what is believed, booked."""

from __future__ import annotations

import gc
import json
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from healthmon.ari.messages import EndpointList, EndpointState, PbxInfo, decode, snapshot
from healthmon.config.configuration import Config
from healthmon.config.loading.load import load
from healthmon.core.monitor import Monitor
from healthmon.demo.fakepbx import FakeEndpoint
from healthmon.model import Changes, EndpointSettings, Place, Remembered, Target
from healthmon.store.write.writer import Writer, open_writer
from tests.bench.figures import Figure, median
from tests.bench.scale import Scale
from tests.bench.watched import CONFIG, HOLD, PBX

NOW = 1_800_000_000.0
#: After a change of the PBX's configuration, or a site that lost its power: so many endpoints are lost at once.
PART_LOST = 0.1


def snapshots(scale: Scale) -> Iterator[Figure]:
    """The first ones, one that changes nothing, and one after a tenth of the phones was lost."""
    # The daemon's collector does not look while it starts, and later leaves out what is known.
    gc.disable()
    rounds = [_round(scale.many) for _ in range(max(3, scale.rounds))]
    gc.enable()
    first, same, lost, restarted, bare = (median(values) for values in zip(*rounds, strict=True))
    of = f"of {scale.many:,} endpoints, decoded to booked"
    yield Figure(f"first snapshot ever {of}", first, "ms", bare=bare, ratio_at_most=40.0)
    yield Figure(f"snapshot {of}, nothing new", same, "ms", at_most=200.0, bare=bare)
    yield Figure(f"first snapshot after a restart {of}", restarted, "ms", bare=bare, ratio_at_most=10.0)
    yield Figure(f"snapshot {of}, a tenth is down", lost, "ms", bare=bare)


def _round(endpoints: int) -> tuple[float, ...]:
    """Milliseconds of each of the four; bare is json.loads of the same body."""
    body = body_of(endpoints, lost=0)
    with started() as (config, monitor, writer):
        first = _timed(lambda: look(monitor, writer, body, NOW + 1))
        same = _timed(lambda: look(monitor, writer, body, NOW + 61))
        fewer = body_of(endpoints, lost=int(endpoints * PART_LOST))
        lost = _timed(lambda: look(monitor, writer, fewer, NOW + 121))
        anew = Monitor(config, writer.load(), NOW + 131)
        step(anew, writer, lambda changes: anew.start(NOW + 131, changes))
        restarted = _timed(lambda: look(anew, writer, fewer, NOW + 132))
    return first, same, lost, restarted, _timed(lambda: json.loads(body))


def body_of(endpoints: int, *, lost: int) -> bytes:
    """Asterisk's answer to GET /endpoints."""
    phones = (FakeEndpoint("PJSIP", str(10_000 + number), is_up=number >= lost) for number in range(endpoints))
    return json.dumps([phone.listed() for phone in phones]).encode()


def config_in(folder: Path) -> Config:
    """The daemon's configuration, with a database in this folder."""
    path = folder / "config.ini"
    hook = "json://127.0.0.1:9/nobody"
    path.write_text(
        CONFIG.format(database=folder / "db", url="http://127.0.0.1:8088", hold=HOLD, hook=hook, manager="")
    )
    return load(path)


@contextmanager
def started() -> Iterator[tuple[Config, Monitor, Writer]]:
    """What the engine has to do with, just started with a database of its own that is empty."""
    with TemporaryDirectory(prefix="healthmon-bench-") as folder:
        config = config_in(Path(folder))
        with closing(open_writer(config.database, now=NOW)) as writer:
            monitor = Monitor(config, Remembered(), NOW)
            step(monitor, writer, lambda changes: monitor.start(NOW, changes))
            yield config, monitor, writer


def look(monitor: Monitor, writer: Writer, body: bytes, at: float) -> None:
    """All that is done with an answer once it has arrived."""
    listed = decode(body, list[EndpointState], PBX, "GET /endpoints")
    seen = snapshot(PBX, at, EndpointList(listed), PbxInfo("started", "reloaded"))
    step(monitor, writer, lambda changes: monitor.see(seen, at, changes))


def settle(monitor: Monitor, endpoints: int, at_a_site: int, changes: Changes) -> None:
    """Every phone is checked, and so many stand at one address."""
    for number in range(endpoints):
        target, place = Target(PBX, "PJSIP", str(10_000 + number)), Place(f"203.0.{number // at_a_site}.7")
        settings = EndpointSettings(
            target, NOW + 1, known=True, qualify_frequency=60.0, max_contacts=1, places=(place,)
        )
        monitor.see(settings, NOW + 2, changes)


def step(monitor: Monitor, writer: Writer, do: Callable[[Changes], None]) -> None:
    """Something that the engine does, and its commit."""
    changes = Changes()
    do(changes)
    writer.commit(changes)


def _timed(do: Callable[[], object]) -> float:
    begun = time.perf_counter()
    do()
    return (time.perf_counter() - begun) * 1000
