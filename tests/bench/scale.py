"""How much is measured."""

from __future__ import annotations

from msgspec import Struct


class Scale(Struct, frozen=True):
    """How large and how long everything is."""

    #: What a large PBX has, and a small one.
    many: int = 20_000
    few: int = 50
    #: Each measurement is made so often; the median counts.
    rounds: int = 3
    #: Events a second, and for how many seconds.
    storms: tuple[tuple[int, float], ...] = ((1_000, 5.0), (10_000, 6.0))
    #: In each storm so many trunks are lost, about which a webhook is told.
    trunks: int = 20
    #: Events sent as fast as they are taken.
    burst: int = 180_000
    #: How long an idle daemon is looked at (seconds).
    idle: float = 20.0
    #: So many servers of providers are asked by OPTIONS of our own.
    probed: int = 1_000
    #: So many pages are open, and for so long it is asked for pages while much changes (seconds).
    readers: int = 200
    looked: float = 15.0
    commits: int = 200
    start_ups: int = 11
    #: Years of history: of so many targets, so many transitions, in so many days.
    targets: int = 5_000
    transitions: int = 10_000_000
    days: int = 730
    #: Commits with, and as many without pruning.
    prunings: int = 2_000


FULL = Scale()
#: Enough to see that everything runs; the figures mean nothing.
QUICK = Scale(
    many=150,
    few=10,
    rounds=1,
    storms=((1_000, 0.3),),
    trunks=2,
    burst=600,
    idle=0.2,
    probed=10,
    readers=3,
    looked=0.5,
    commits=5,
    start_ups=1,
    targets=100,
    transitions=20_000,
    days=40,
    prunings=50,
)
