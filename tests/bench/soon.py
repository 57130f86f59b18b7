"""`python -m tests.bench.soon [VERSION]`: how soon people are told of outages and recoveries, on a real Asterisk.

Row by row: a provider dies and returns, a site of forty phones does, Asterisk is killed and started, Asterisk is frozen
and goes on. Each row has a new Asterisk (of the lab, `make lab`), a new `healthmon run` with a configuration that
says little, and a webhook. A row takes about a minute, nearly all of it waiting.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

from healthmon.model import Incident
from healthmon.sources.polls import PollTimes
from healthmon.store.read.queries import open_reader
from tests.bench.figures import Figure, table
from tests.lab.fixtures import Lab
from tests.lab.packages import available
from tests.system.kills import Plan
from tests.system.world import Setting, World

#: How long something must stay down, or up (seconds).
HOLD = 10.0
#: Asterisk asks the phones so often, and waits so long for an answer (seconds).
QUALIFY, TIMEOUT = 5, 1.0
#: From the moment in which a message is due to its arrival (seconds).
MOMENT = 0.3
#: Of a single thing: how soon it should be told after it was known to be down, or up.
SINGLE = HOLD + MOMENT, HOLD + MOMENT
#: Of many phones Asterisk is asked at once, once a second (seconds).
SITE_MOMENT = 1.0
#: The PBX's section.
PBX = f"down_after = {HOLD:g}s\nup_after = {HOLD:g}s"
#: How long an Asterisk is away after that was told (seconds).
AWAY = 20.0

Row = Callable[[World], Iterator[Figure]]


def a_provider_dies_and_returns(world: World) -> Iterator[Figure]:
    """Asterisk asks it every 2 s."""
    provider = world.providers["trunk-telekom"]
    yield from _told(world, "a provider", provider.vanish, provider.come_back, SINGLE)


def a_site_dies_and_returns(world: World) -> Iterator[Figure]:
    """Forty phones, which Asterisk asks one after the other."""
    farm, cycle = world.warehouse, QUALIFY + TIMEOUT
    aims = HOLD + cycle + SITE_MOMENT, HOLD + SITE_MOMENT
    yield from _told(world, "a site of 40 phones", farm.vanish, farm.come_back, aims)


def the_pbx_is_killed_and_started(world: World) -> Iterator[Figure]:
    """Connections to it are refused at once."""
    yield from _told(world, "a PBX that is killed", world.pbx.kill, world.pbx.start, SINGLE, stays=AWAY)


def the_pbx_freezes_and_goes_on(world: World) -> Iterator[Figure]:
    """It does not answer: what is asked of it at the end of the hold takes one time-out."""
    aims = HOLD + PollTimes().timeout + MOMENT, HOLD + MOMENT
    yield from _told(world, "a PBX that is frozen", world.pbx.freeze, world.pbx.thaw, aims, stays=AWAY)


ROWS: tuple[Row, ...] = (
    a_provider_dies_and_returns,
    a_site_dies_and_returns,
    the_pbx_is_killed_and_started,
    the_pbx_freezes_and_goes_on,
)


def _told(
    world: World,
    whom: str,
    dies: Callable[[], object],
    returns: Callable[[], object],
    aims: tuple[float, float],
    *,
    stays: float = 0.0,
) -> Iterator[Figure]:
    """Have it die and return; measure when each was told, from when it happened and from when it was known.

    ``aims``: how soon after it was known that it died, and that it is back, people should be told (seconds).
    ``stays``: how long it is away after that was told.
    """
    died_at = time.time()
    dies()
    told_at = world.told.wait("DOWN ")
    incident = _incident(world)
    yield Figure(f"{whom}: told down, since it happened", told_at - died_at, "s")
    yield Figure(f"{whom}: told down, since it was first known", told_at - incident.opened_at, "s", aims[0])
    world.pass_time_until(world.now + stays)
    returned_at = time.time()
    returns()
    told_at = world.told.wait("UP ")
    incident = _incident(world)
    assert incident.closed_at is not None
    yield Figure(f"{whom}: told up, since it was known to be back", told_at - incident.closed_at, "s", aims[1])
    yield Figure(f"{whom}: told up, since it began to return", told_at - returned_at, "s")
    yield Figure(f"{whom}: messages", len(world.told.sinks["boss"].messages), "", 2.0)


def _incident(world: World) -> Incident:
    """The incident that was told: the biggest that is or was open."""
    with closing(open_reader(world.daemon.database)) as reader:
        return min(
            reader.incidents(0.0, time.time()),
            key=lambda incident: (incident.explained_by is not None, incident.opened_at),
        )


def main(version: int) -> int:
    """Measure all rows."""
    kit = available(f"asterisk-{version}")
    if kit is None:
        print(f"no Asterisk {version} in the lab cache: run `make lab`")
        return 1
    figures: list[Figure] = []
    for row in ROWS:
        with tempfile.TemporaryDirectory() as folder:
            lab = Lab(lambda _version: kit, Path(folder))
            try:
                world = World(lab, Plan(), Setting(hold=HOLD, qualify=QUALIFY, pbx=PBX))
                world.begin()
                for figure in row(world):
                    figures.append(figure)
                    print("  ".join(cell for cell in figure.cells if cell), flush=True)
            finally:
                lab.close()
    print(f"\n{table(figures)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 22))
