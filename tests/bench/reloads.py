"""(g) A reload (SIGHUP) of a daemon with a large PBX: how long it keeps the engine from the next event."""

from __future__ import annotations

import gc
import json
from collections.abc import Iterator

from msgspec.structs import replace

from healthmon.config.configuration import Config
from healthmon.config.sections.shared import Hold
from healthmon.config.sections.site import SiteConfig
from healthmon.core.monitor import Monitor
from healthmon.store.write.writer import Writer
from tests.bench.figures import Figure, median
from tests.bench.scale import Scale
from tests.bench.snapshots import NOW, body_of, look, settle, started, step
from tests.bench.timing import milliseconds

#: Phones at one address.
AT_A_SITE = 100
#: A step of the engine takes no more than so many times as long as json.loads of the PBX's list.
AIM = 20.0


def reloads(scale: Scale) -> Iterator[Figure]:
    """Reloads of what has not changed, of another hold, and of other sites: each step as long as an event waits."""
    gc.disable()
    rounds = [_round(scale.many) for _ in range(max(3, scale.rounds))]
    gc.enable()
    same, *changed, bare = (median(values) for values in zip(*rounds, strict=True))
    of = f"reload with {scale.many:,} endpoints"
    yield Figure(f"{of}, nothing changed", same, "ms", bare=bare, ratio_at_most=AIM)
    for what, longest, whole in zip(("another hold", "other sites"), changed[::2], changed[1::2], strict=True):
        yield Figure(f"{of}, {what}: the longest step", longest, "ms", bare=bare, ratio_at_most=AIM)
        yield Figure(f"{of}, {what}: until all is taken up", whole, "ms", bare=bare)


def _round(endpoints: int) -> tuple[float, ...]:
    """Milliseconds; of what is taken up in several steps the longest and all. Bare is json.loads of the list."""
    body = body_of(endpoints, lost=0)
    with started() as (config, monitor, writer):
        look(monitor, writer, body, NOW + 1)
        step(monitor, writer, lambda changes: settle(monitor, endpoints, AT_A_SITE, changes))
        took = [_reload(monitor, writer, _anew(config))[0]]
        slower = tuple(replace(watch, hold=Hold(40.0, 40.0, 40.0)) for watch in config.watches)
        for changed in (replace(config, watches=slower), replace(config, watches=slower, sites=_sites())):
            took += _reload(monitor, writer, _anew(changed))
    return *took, milliseconds(lambda: json.loads(body))


def _anew(config: Config) -> Config:
    """The same, read once more: no value of it is the one that it was."""
    watches = tuple(replace(watch, hold=replace(watch.hold)) for watch in config.watches)
    return replace(config, watches=watches, sites=tuple(map(replace, config.sites)))


def _sites() -> tuple[SiteConfig, ...]:
    """Some networks by name."""
    return tuple(SiteConfig(f"branch {third}", addresses=(f"203.0.{third}.0/24",)) for third in range(0, 100, 2))


def _reload(monitor: Monitor, writer: Writer, config: Config) -> tuple[float, float]:
    """Milliseconds of the longest step, and of all, until nothing is left to be taken up."""
    now = NOW + 3
    steps = [milliseconds(lambda: step(monitor, writer, lambda changes: monitor.reconfigure(config, now, changes)))]
    while (due := monitor.next_deadline()) is not None and due <= now:
        steps.append(milliseconds(lambda: step(monitor, writer, lambda changes: monitor.tick(now, changes))))
    return max(steps), sum(steps)
