"""The same with other dice, many times: what takes too long for every change. The seeds are printed."""

from __future__ import annotations

import random
import secrets

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.scenarios.kills import Kills
from tests.scenarios.playing import check, kills_of, played, verdicts
from tests.scenarios.rows import PACKET_LOSS, ROWS, Row
from tests.scenarios.test_histories import Happening, kills, play, scripts

pytestmark = pytest.mark.soak

#: Each row with so many dice, and each of these with so many kills.
DICE, KILLS = 10, 100
MONTHS = 120
HISTORIES = 3000


def drawn(what: str) -> int:
    """A seed, which is shown."""
    number = secrets.randbits(31)
    print(f"{what}: seed {number}")
    return number


@pytest.mark.parametrize("row", [pytest.param(row, id=row.what) for row in ROWS])
def test_soak_a_row_with_other_dice_and_kills_elsewhere(row: Row) -> None:
    dice = random.Random(drawn(row.what))
    told = []
    for _ in range(DICE):
        number = dice.getrandbits(31)
        told += verdicts(row, kills_of(row, KILLS, seed=number), seed=number)

    went_wrong = [one.error for one in told if one.error]
    print(f"{len(told)} kills, {len(went_wrong)} went wrong")
    assert went_wrong == []


def test_soak_ten_years_of_lost_packets() -> None:
    """With the hold times that a configuration has if it says nothing of them: 30 s for providers, 3 min for phones."""
    dice = random.Random(drawn("packet loss"))
    row = replace(PACKET_LOSS, hold=30.0, phone_hold=180.0)
    missed, alarms = 0, []
    for _ in range(MONTHS):
        with played(row, seed=dice.getrandbits(31)) as world:
            missed += world.pbx.missed
            alarms += [subject for subject in world.channel.subjects if subject.startswith(("DOWN", "WAS DOWN"))]

    print(f"{missed} checks missed in {MONTHS} months of a phone and of a provider; told: {alarms or 'nothing'}")
    assert not [subject for subject in alarms if "phone" in subject]
    # Two checks in a row get lost once in 27 months.
    assert len(alarms) <= 15


def test_soak_histories() -> None:
    number = drawn("histories")

    @seed(number)
    @settings(max_examples=HISTORIES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(scripts, kills, st.integers(0, 1000))
    def whatever_happens(script: list[tuple[float, Happening]], kill_at: list[int], dice: int) -> None:
        play(script, kill_at, dice)

    whatever_happens()


def test_soak_a_year_of_lost_packets_with_a_thousand_kills() -> None:
    dice = random.Random(drawn("packet loss with kills"))
    for _ in range(10):
        number = dice.getrandbits(31)
        kills_of_month = Kills(kills_of(PACKET_LOSS, KILLS, seed=number))
        with played(PACKET_LOSS, kills=kills_of_month, seed=number) as world:
            check(replace(PACKET_LOSS, messages=(0, 2)), world)
