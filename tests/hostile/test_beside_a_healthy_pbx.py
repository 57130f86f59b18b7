"""Hostile PBXs beside a healthy one: its outage is told in time, each of them is told as what it is, nothing breaks."""

from __future__ import annotations

import fnmatch
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hostile.catalogue import MISBEHAVIOURS
from tests.hostile.rest import ELSEWHERE
from tests.hostile.siege import Siege, is_seen, is_told_as, lay_siege, words_told

#: The hold of a second, what a message waits for others, and what two busy cores add (seconds).
TOLD_WITHIN = 6.0
MOST_MEMORY_MORE = 64
#: So many daemons share the misbehaviours; neighbours of a kind are spread over them.
SIEGES = 8
#: What the log says where events were dropped.
DROPPED = "observations were dropped"
TOGETHER = [name for name, how in MISBEHAVIOURS.items() if not how.is_heavy]
ALONE = [name for name, how in MISBEHAVIOURS.items() if how.is_heavy]


@pytest.mark.parametrize("number", range(SIEGES))
def test_outage_of_a_healthy_pbx_is_told_in_time_and_each_hostile_one_as_what_it_is(
    tmp_path: Path, number: int
) -> None:
    """Many misbehaviours at once; HEALTHMON_MISBEHAVIOURS is a pattern of those that are wanted."""
    wanted = os.environ.get("HEALTHMON_MISBEHAVIOURS", "*")
    names = fnmatch.filter(TOGETHER[number::SIEGES], wanted)
    if not names:
        pytest.skip("none of these misbehaviours is wanted")

    siege = lay_siege(tmp_path, names)

    assert [*what_is_wrong(siege)] == []


@pytest.mark.soak
@pytest.mark.parametrize("name", ALONE)
def test_soak_outage_of_a_healthy_pbx_is_told_in_time_beside_a_flood_of_events(tmp_path: Path, name: str) -> None:
    assert [*what_is_wrong(lay_siege(tmp_path, [name]))] == []


def what_is_wrong(siege: Siege) -> Iterator[str]:
    """Say in sentences what should not be so."""
    if max(siege.delays) > TOLD_WITHIN:
        yield f"the outage of the healthy PBX was told after {siege.delays} s"
    yield from _of_the_hostile(siege)
    if siege.exit_code or "Traceback" in siege.log:
        yield f"the daemon ended with {siege.exit_code}: {siege.log}"
    if siege.memory_after > siege.memory_before + MOST_MEMORY_MORE:
        yield f"{siege.memory_before:.0f} MB at rest, {siege.memory_after:.0f} MB after all"
    for words, (code, printed) in siege.commands.items():
        if code not in (0, 1) or "Traceback" in printed or "healthy" not in printed:
            yield f"healthmon {words} ended with {code}: {printed}"


def _of_the_hostile(siege: Siege) -> Iterator[str]:
    told = words_told(siege.messages)
    for name, calls in siege.requests.items():
        during, after = siege.during[name], siege.after[name]
        is_noticed = is_seen(name, during) and is_told_as(name, told)
        if not (is_noticed or is_taken_in(name, siege)):
            yield f"{name} is seen as {during['state']}: {during['reason']}; {during['remark']}; of it was told {told}"
        if after["state"] != "up":
            yield f"{name} behaves again and is {after['state']}: {after['reason']}"
        if not calls:
            yield f"{name} was never asked"
        if any(ELSEWHERE in call for call in calls):
            yield f"{name} was followed elsewhere"


def is_taken_in(name: str, siege: Siege) -> bool:
    """Whether all that this flood sent was taken in, as it may be: none of it was dropped, and its PBX is up."""
    is_all_well = siege.during[name]["state"] == "up" and DROPPED not in siege.log
    return MISBEHAVIOURS[name].may_be_taken_in and is_all_well
