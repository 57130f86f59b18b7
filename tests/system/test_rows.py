"""What is promised about alerts, on a real Asterisk: one cause, one message; the numbers count for each URL.

The rows are those of ``tests/scenarios/rows.py``. Each runs on both versions: on one of them undisturbed, on the other
while healthmon is killed twice. The long tests (``make soak``) run every row both ways on both, with many seeds.
"""

from __future__ import annotations

import os
import re
import zlib
from collections.abc import Callable, Iterator

import pytest
from msgspec import Struct

from tests.lab.fixtures import Lab, need
from tests.scenarios.rows import ROWS, Row
from tests.system.kills import Plan
from tests.system.stage import Stage, plot_of, setting_of
from tests.system.world import LASTS_AT_MOST, Setting, World

pytestmark = pytest.mark.lab

Begin = Callable[[Setting], World]
RecordProperty = Callable[[str, object], None]

#: What happens is told after its hold, and what waits for it (seconds).
TOLD_AFTER = 20.0

PLAYED = [row for row in ROWS if not row.only_simulated]


class How(Struct, frozen=True):
    """How a row is run: on which Asterisk; and with which kills, by the seed of the dice (None: none)."""

    version: int
    seed: int | None = None

    @property
    def id(self) -> str:
        """Its name in a report."""
        return f"asterisk{self.version}" + ("" if self.seed is None else f"-killed-{self.seed}")


def ways(name: str, turn: int) -> Iterator[tuple[str, How, tuple[pytest.MarkDecorator, ...]]]:
    """In which ways a row runs; which version is the one with the kills alternates from row to row."""
    whole, killed = (22, 16) if turn % 2 else (16, 22)
    for how in (How(whole), How(killed, zlib.crc32(name.encode()) % 1000)):
        yield how.id, how, ()
    first = int(os.environ.get("HEALTHMON_SEED", "0"))
    seeds = range(first, first + int(os.environ.get("HEALTHMON_SEEDS", "5")))
    for version in (22, 16):
        for how in (How(version), *(How(version, seed) for seed in seeds)):
            yield f"soak-{how.id}", how, (pytest.mark.soak,)


def length_of(row: Row) -> float:
    """From the first thing that happens in a row until the last one may have been told (seconds)."""
    times = plot_of(row).times
    return max(times) - min(times) + TOLD_AFTER


def played() -> Iterator[object]:
    """Each row in each way: first the longer half, the longest first, then the shorter half, the shortest first.

    Of no more than two for each process pytest-xdist gives each process one of either half.
    """
    by_length = sorted(PLAYED, key=length_of, reverse=True)
    half = len(by_length) // 2
    for turn, row in enumerate([*by_length[:half], *reversed(by_length[half:])]):
        name = re.sub(r"[^a-z0-9]+", "_", row.what.lower()).strip("_")
        marker = pytest.mark.rows(lasts=length_of(row), messages=len(row.told_elsewhere or row.told))
        for way, how, marks in ways(name, turn):
            yield pytest.param(row, how, id=f"{name}-{way}", marks=(marker, *marks))


@pytest.fixture
def asterisk_version(how: How) -> int:
    """The version that this run of the row is for."""
    need(f"asterisk-{how.version}")
    return how.version


@pytest.fixture
def begin(how: How, lab: Lab, request: pytest.FixtureRequest, record_property: RecordProperty) -> Iterator[Begin]:
    """Make a row's world; its figures go into the report, for docs/soak.md."""
    row = request.node.get_closest_marker("rows")
    worlds: list[World] = []

    def made(setting: Setting) -> World:
        plan = Plan() if how.seed is None else Plan.drawn(how.seed, **row.kwargs)
        worlds.append(World(lab, plan, setting))
        worlds[-1].begin()
        return worlds[-1]

    yield made
    for world in worlds:
        for name, figure in world.figures().items():
            record_property(name, figure)


@pytest.mark.parametrize(("row", "how"), list(played()))
def test_a_row(row: Row, begin: Begin) -> None:
    stage = Stage(begin(setting_of(row)), row)

    stage.play()

    stage.check()


# Only on a real Asterisk: a reload. Simulated peers are checked, or not, from one moment to the next.
@pytest.mark.rows(lasts=50, messages=0)
@pytest.mark.parametrize("how", [pytest.param(how, id=way, marks=marks) for way, how, marks in ways("qualify", 0)])
def test_qualify_is_switched_off_and_on_again_for_all(begin: Begin) -> None:
    world = begin(Setting())

    world.have_all_checked_every(0)
    world.wait_unchecked()
    world.have_all_checked_every(25)
    world.pass_time_until(world.now + 20)
    world.settle(timeout=LASTS_AT_MOST)

    world.told.check()
