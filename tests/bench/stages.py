"""(h) Where an event's time goes, stage by stage. All phones stand at one site, the worst case.

All in one process and in processor time. How long an event takes is measured without a watch; then the same is played
again under Python's profiler, which tells the part of each stage: its functions, and what of Python's own they call.
"""

from __future__ import annotations

import cProfile
import gc
import json
import pstats
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

from healthmon.ari.messages import Replaced, UnknownType, UserEvent, decode_event
from healthmon.core.monitor import Monitor
from healthmon.demo.fakepbx import FakeEndpoint
from healthmon.demo.fakepbx.storm import EVENTS_PER_CHANGE
from healthmon.model import Changes
from healthmon.store.write.writer import Writer
from tests.bench.figures import Figure, median
from tests.bench.scale import Scale
from tests.bench.snapshots import NOW, body_of, look, settle, started, step
from tests.bench.timing import milliseconds
from tests.bench.watched import PBX

#: Where the functions of each stage are, the first that fits counts; and what is said of it.
STAGES = {
    "/healthmon/ari/": "decoding",
    "/healthmon/core/belief/": "belief",
    "/healthmon/core/grouping/": "grouping",
    "/healthmon/core/incidents/": "incidents",
    "/healthmon/core/alerting/": "alerting",
    "/healthmon/core/": "from stage to stage",
    "/healthmon/store/": "the store",
}
REST = "the rest"
#: What the engine finds waiting at once at 10,000 events/s, if a batch takes 10 ms (changes of endpoints).
AT_ONCE = 33
#: So many of the phones fall one after the other.
FALLING = 0.25
#: When their hold of an hour is over.
BELIEVED_AT = NOW + 3600 + 120

#: Where the time of a function counts, as the profiler names it: file, line, name.
Function = tuple[str, int, str]

Seen = TypeVar("Seen")


def stages(scale: Scale) -> Iterator[Figure]:
    """Microseconds in each stage, of an event, and of a phone that is believed down. Bare is ``json.loads``."""
    gc.disable()
    rounds = [_round(scale.many, max(AT_ONCE, int(scale.many * FALLING))) for _ in range(max(3, scale.rounds))]
    gc.enable()
    bare = median([bare for *_, bare in rounds])
    of = f"{scale.many:,} phones at one site"
    yield from _figures(f"an event ({of}), bytes to commit", [event for event, _, _ in rounds], bare)
    yield from _figures(f"a phone believed down ({of}), list to commit", [phone for _, phone, _ in rounds], bare)


def _figures(what: str, rounds: Sequence[Mapping[str, float]], bare: float) -> Iterator[Figure]:
    parts = {stage: median([parts[stage] for parts in rounds]) for stage in (*STAGES.values(), REST)}
    yield Figure(what, sum(parts.values()), "us", bare=bare)
    for stage, part in parts.items():
        yield Figure(f"… of it {stage}", part, "us", bare=bare)


def _round(endpoints: int, fallen: int) -> tuple[Mapping[str, float], Mapping[str, float], float]:
    """Microseconds in each stage of an event, of a phone, and of json.loads of an event."""
    batches = batches_of(fallen)
    events = fallen * EVENTS_PER_CHANGE
    bare = milliseconds(lambda: [json.loads(raw) for batch in batches for raw in batch])
    took = _play(endpoints, fallen, batches, milliseconds)
    parts = _play(endpoints, fallen, batches, _watched)
    in_stages = [{stage: part * whole for stage, part in of.items()} for whole, of in zip(took, parts, strict=True)]
    of_event, of_phone = (
        {stage: ms * 1000 / number for stage, ms in each.items()}
        for each, number in zip(in_stages, (events, fallen), strict=True)
    )
    return of_event, of_phone, bare * 1000 / events


def _watched(do: Callable[[], object]) -> Mapping[str, float]:
    """The part (0..1) of each stage."""
    profile = cProfile.Profile()
    profile.runcall(do)
    return _parts(pstats.Stats(profile))


def batches_of(fallen: int) -> Sequence[Sequence[bytes]]:
    """The events of so many phones that are lost, as they are found waiting."""
    raw = [json.dumps(event).encode() for number in range(fallen) for event in _events(number)]
    size = AT_ONCE * EVENTS_PER_CHANGE
    return [raw[first : first + size] for first in range(0, len(raw), size)]


def _events(number: int) -> Iterator[dict[str, object]]:
    phone = FakeEndpoint("PJSIP", str(10_000 + number), is_up=False)
    for event in (phone.device_event(), phone.peer_event(), phone.contact_event("Unreachable", 0)):
        yield {**event, "timestamp": "2026-05-14T12:00:00.000+0000", "asterisk_id": "02:fc:00:00:00:01"}


def _play(
    endpoints: int, fallen: int, batches: Sequence[Sequence[bytes]], watch: Callable[[Callable[[], object]], Seen]
) -> tuple[Seen, Seen]:
    """Have phones lost, and later believed down; return what was seen of each."""
    with started() as (_, monitor, writer):
        look(monitor, writer, body_of(endpoints, lost=0), NOW + 1)
        step(monitor, writer, lambda changes: settle(monitor, endpoints, endpoints, changes))
        of_events = watch(lambda: _take(monitor, writer, batches))
        body = body_of(endpoints, lost=fallen)
        step(monitor, writer, lambda changes: monitor.tick(BELIEVED_AT, changes))
        of_phones = watch(lambda: _believe(monitor, writer, body))
    return of_events, of_phones


def _believe(monitor: Monitor, writer: Writer, body: bytes) -> None:
    """Take the list that confirms what is due, and look at what fell together."""
    look(monitor, writer, body, BELIEVED_AT + 1)
    step(monitor, writer, lambda changes: monitor.tick(BELIEVED_AT + 1, changes))


def _take(monitor: Monitor, writer: Writer, batches: Iterable[Sequence[bytes]]) -> None:
    """All that is done with events once they have arrived, batch by batch, as the engine does it."""
    now = NOW + 60
    for batch in batches:
        now += 0.01
        changes = Changes()
        for raw in batch:
            event = decode_event(raw, PBX, now)
            if event is not None and not isinstance(event, Replaced | UnknownType | UserEvent):
                monitor.see(event, now, changes)
        monitor.tick(now, changes)
        writer.commit(changes)


def _parts(stats: pstats.Stats) -> Mapping[str, float]:
    """The part (0..1) of each stage. What Python's own functions take is that of their callers."""
    took = dict.fromkeys((*STAGES.values(), REST), 0.0)
    functions: Mapping[Function, tuple[int, int, float, float, Mapping[Function, tuple[int, int, float, float]]]]
    functions = stats.stats  # type: ignore[attr-defined]
    for function, (_, _, itself, _, callers) in functions.items():
        stage = _stage_of(function)
        if stage != REST or not callers:
            took[stage] += itself
            continue
        for caller, (_, _, for_it, _) in callers.items():
            took[_stage_of(caller)] += for_it
    whole = sum(took.values())
    return {stage: itself / whole for stage, itself in took.items()}


def _stage_of(function: Function) -> str:
    return next((stage for folder, stage in STAGES.items() if folder in function[0]), REST)
