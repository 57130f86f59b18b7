"""What people set up, over the whole of healthmon in simulated time, and with kill -9 anywhere in it.

All begins on a Wednesday at noon, UTC.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.scenarios.kills import Verdict
from tests.scenarios.playing import check, kills_of, played, verdicts
from tests.scenarios.rows import PHONE, Row, a_provider_dies, exactly
from tests.scenarios.world import MINUTE, World

#: So many kills in each.
KILLS = 40

CHIEF = "chief/pager"


class Setup(Row, frozen=True):
    """A row with more lines in its configuration."""

    #: The header of a section, and lines for it.
    within: tuple[str, str] = ("", "")

    @property
    def config(self) -> str:
        """The configuration file."""
        header, lines = self.within
        return self.plain_config().replace(f"[{header}]\n", f"[{header}]\n{lines}\n")


def a_phone_dies(world: World) -> None:
    world.at(30, world.pbx.dies, PHONE)


def a_phone_dies_and_returns(world: World) -> None:
    a_phone_dies(world)
    world.at(180, world.pbx.returns, PHONE)


def a_phone_dies_and_returns_late(world: World) -> None:
    a_phone_dies(world)
    world.at(420, world.pbx.returns, PHONE)


def first_words(url_id: str, *words: str) -> Callable[[World], None]:
    """What the subjects at a URL must begin with."""

    def so_they_do(world: World) -> None:
        assert [subject.split()[0] for subject in world.channels[url_id].subjects] == list(words)

    return so_they_do


def not_before(minutes: float, *words: str) -> Callable[[World], None]:
    """So many minutes after noon, the first one; and what the subjects must begin with."""

    def so_it_is(world: World) -> None:
        assert minutes * 60 <= world.channel.arrivals[0].at <= minutes * 60 + 31
        first_words("oncall/boss", *words)(world)

    return so_it_is


ROWS = (
    Setup(
        "nobody acknowledges a provider's outage",
        a_provider_dies,
        exactly(2),
        also=first_words(CHIEF, "ESCALATED", "UP"),
        within=("watch providers", "escalate_to = chief after 60s"),
        more="\n[receiver chief]\nlongest_pause = 5s\nurls = pager = json://127.0.0.1:9000/pager",
    ),
    Setup(
        "a phone goes down and up in the receiver's quiet time",
        a_phone_dies_and_returns,
        exactly(1),
        lasts=8 * MINUTE,
        also=not_before(5, "WAS"),
        within=("receiver oncall", "quiet = 11:00-12:05 except critical"),
    ),
    Setup(
        "a phone goes down in the receiver's quiet time, and stays down",
        a_phone_dies,
        exactly(1),
        lasts=8 * MINUTE,
        also=not_before(5, "DOWN"),
        within=("receiver oncall", "quiet = Wed 11:00-12:05 except critical"),
    ),
    Setup(
        "a provider dies in a quiet time that excepts what is critical",
        a_provider_dies,
        exactly(2),
        within=("receiver oncall", "quiet = 11:00-12:05 except critical"),
    ),
    Setup(
        "a phone goes down before the working hours begin",
        a_phone_dies,
        exactly(1),
        lasts=8 * MINUTE,
        also=not_before(5, "DOWN"),
        within=("watch phones", "working_hours = Mon-Fri 12:05-18:00"),
    ),
    Setup(
        "a phone that was told returns after the working hours",
        a_phone_dies_and_returns_late,
        exactly(2),
        lasts=9 * MINUTE,
        also=first_words("oncall/boss", "DOWN", "UP"),
        within=("watch phones", "working_hours = Mon-Fri 08:00-12:05"),
    ),
    Setup(
        "a softphone dies and returns",
        a_phone_dies_and_returns,
        exactly(0),
        within=("watch phones", "kind = softphone"),
    ),
)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.what)
def test_a_policy(row: Setup) -> None:
    with played(row) as world:
        check(row, world)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.what)
def test_a_policy_with_kills(row: Setup) -> None:
    assert verdicts(row, kills_of(row, KILLS)) == [Verdict(1, "")] * KILLS
