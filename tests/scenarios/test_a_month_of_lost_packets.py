"""A month in which packets are lost, undisturbed and with a hundred kills.

It takes the longest, and is named so that it is collected first: else one process of tests would play it alone at the
end.
"""

from __future__ import annotations

from tests.scenarios.kills import Kills
from tests.scenarios.playing import check, kills_among, played
from tests.scenarios.rows import PACKET_LOSS

KILLS = 100


def test_a_month_of_lost_packets_alarms_nobody_also_with_a_hundred_kills_in_it() -> None:
    with played(PACKET_LOSS) as world:
        assert world.pbx.missed > 50
        check(PACKET_LOSS, world)

    kills = Kills(kills_among(world.kills.passed, KILLS))
    with played(PACKET_LOSS, kills=kills) as world:
        assert len(kills.struck) == KILLS
        check(PACKET_LOSS, world)
