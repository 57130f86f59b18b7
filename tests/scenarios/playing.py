"""Plays a row, with or without kills, and checks what arrived."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from functools import lru_cache
from random import Random

from healthmon.model import Reason, Said
from tests.scenarios.asterisk import Peer
from tests.scenarios.channel import Channel
from tests.scenarios.rows import Row
from tests.scenarios.world import DOWNTIME, MINUTE, START, World, configured, folder

#: The daemon has known the PBX for so long when a row begins (seconds).
QUIET = 2 * MINUTE

#: Boundaries between steps of the engine; all others are steps of a delivery.
OF_THE_ENGINE = ("before commit", "after commit", "before alive", "after alive")


@contextmanager
def played(row: Row, *, kill_at: Collection[int] = (), seed: int = 0) -> Iterator[World]:
    """Play a row to its end. The daemon knows the PBX already: it was stopped in peace a moment ago."""
    with folder() as somewhere:
        world = World(somewhere, configured(row.config), row.peers(), seed=seed, kill_at=kill_at, pace=row.pace)
        world.config.database.write_bytes(_after_a_quiet_time(row.config, row.peers))
        row.script(world)
        try:
            world.play(row.lasts)
            yield world
        finally:
            world.stop_daemon()


@lru_cache
def _after_a_quiet_time(config: str, peers: Callable[[], list[Peer]]) -> bytes:
    with folder() as somewhere:
        world = World(somewhere, configured(config), peers(), begins=START - QUIET)
        world.play(QUIET - DOWNTIME)
        world.stop_daemon()
        assert all(not channel.arrivals for channel in world.channels.values())
        return world.config.database.read_bytes()


def boundaries(row: Row, how_many: int, *, seed: int = 0) -> list[int]:
    """Choose boundaries for kills: every step of a delivery, and the others spread over the whole row."""
    with played(row) as world:
        passed = world.kills.passed
    delivering = [number for number, name in enumerate(passed) if name not in OF_THE_ENGINE][: how_many // 2]
    others = [number for number in range(len(passed)) if number not in set(delivering)]
    spread = Random(seed).sample(others, min(how_many - len(delivering), len(others)))
    return sorted([*delivering, *spread])


def check(row: Row, world: World) -> None:
    """What must be true of every run, killed or not."""
    kills, (least, most) = len(world.killed_at), row.messages
    for url_id, channel in world.channels.items():
        arrived = len(channel.arrivals)
        story = f"{url_id}, killed {world.kills.struck} {world.killed_at}: {channel.subjects}"
        marked = sum(arrival.is_marked for arrival in channel.arrivals)
        assert least <= arrived <= most + min(kills, marked), story
        check_story(channel, story)
        assert channel.believed_down() == world.down(), story
    if not kills and row.also:
        row.also(world)


def check_story(channel: Channel, story: str) -> None:
    """No end without a beginning, no beginning twice, unless it is marked."""
    said: dict[int, Said] = {}
    booked: Counter[tuple[int, Reason]] = Counter()
    for arrival in channel.arrivals:
        for row in arrival.rows:
            number, before = row.incident.id, said.get(row.incident.id)
            said[number] = row.says
            if row.possibly_repeated:
                continue
            booked[number, row.reason] += 1
            assert row.says is not Said.UP or before is Said.DOWN, f"a lone end of {number}: {story}"
            if row.reason in (Reason.OPENED, Reason.RESOLVED):
                assert booked[number, row.reason] == 1, f"{row.reason} of {number} again: {story}"
