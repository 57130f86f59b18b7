"""Since when an endpoint stands as it is shown, in ``status`` and in ``history``, where several checks count."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import pytest
from msgspec.structs import replace

from healthmon.model import Check, CheckState, Health, Transition
from healthmon.times.clock import rfc3339
from tests.cli.conftest import Run, database, run
from tests.report.builder import MINUTE, NOW, Step, connection, outage, provider, running, steps

__all__ = ["database", "run"]

UP, DEGRADED, DOWN = Health.UP, Health.DEGRADED, Health.DOWN


def at(minutes_ago: float, health: Health) -> Step:
    return NOW - minutes_ago * MINUTE, health


FIRST = at(900, UP)

#: What happened to the two checks, the state that is shown, and how many minutes ago that began.
LIVES = {
    "both are up since the last of them is back": (
        [FIRST],
        [at(899, UP), at(60, DOWN), at(20, UP)],
        (UP, 20),
    ),
    "what was known later than reachability changes nothing": ([FIRST], [at(700, UP)], (UP, 900)),
    "down since the first of both was down": ([FIRST, at(10, DOWN)], [at(899, UP), at(40, DOWN)], (DOWN, 40)),
    "down without a gap, by one and then by the other": (
        [FIRST, at(50, DOWN), at(15, UP)],
        [at(899, UP), at(30, DOWN)],
        (DOWN, 50),
    ),
    "degraded since it is no longer down": (
        [FIRST, at(50, DOWN), at(15, UP)],
        [at(899, UP), at(80, DEGRADED)],
        (DEGRADED, 15),
    ),
    "both changed at once": ([FIRST, at(50, DOWN), at(9, UP)], [at(899, UP), at(50, DOWN), at(9, UP)], (UP, 9)),
    "one check alone": ([FIRST, at(50, DOWN)], [at(899, UP)], (DOWN, 50)),
}


def check_of(name: str, life: Iterable[Step]) -> tuple[CheckState, list[Transition]]:
    """A check of a provider that has lived so."""
    *_, (since, belief) = life
    state = replace(provider("trunk", belief, since=since), check=name)
    return state, steps(state, *life)


@pytest.mark.parametrize("life", LIVES)
def test_a_provider_stands_so_since_that_is_so(life: str, database: Path, run: Run) -> None:
    reachability, registration, (state, minutes) = LIVES[life]
    (first, changes), (second, more) = check_of("reachability", reachability), check_of("registration", registration)

    with running(database, [connection(), first, second], history=[*changes, *more]):
        [shown] = json.loads(run("status", "--json").stdout)["targets"]
        story = json.loads(run("history", "PJSIP/trunk", "--since", "1h", "--json").stdout)

    begin = _text(NOW - minutes * MINUTE)
    assert (shown["state"], shown["since"]) == (state, begin)
    assert (story["state"], story["since"]) == (state, begin)
    # Each check says its own.
    assert [check["since"] for check in shown["checks"]] == [
        _text(life[-1][0]) for life in (reachability, registration)
    ]


@pytest.mark.parametrize(
    ("reachability", "registration", "said"),
    [
        ([FIRST], [at(899, UP), at(60, DOWN), at(20, UP)], "for 20 min: registration: Registered"),
        ([FIRST, at(60, DOWN), at(20, UP)], [at(899, UP)], "for 20 min: peer status Reachable"),
        ([FIRST, at(10, DOWN)], [at(899, UP), at(40, DOWN)], "for 40 min: registration: rejected"),
    ],
)
def test_the_head_of_a_history_has_the_reason_of_what_made_it_so(
    reachability: list[Step], registration: list[Step], said: str, database: Path, run: Run
) -> None:
    (first, changes), (second, more) = check_of("reachability", reachability), check_of("registration", registration)
    word = {UP: "Registered", DOWN: "rejected"}[second.belief or UP]
    states = [connection(), first, replace(second, reason=word)]

    with running(database, states, history=[*changes, *more]):
        told = run("history", "PJSIP/trunk", "--since", "1h").stdout

    assert said in told


def test_the_incident_in_the_head_of_a_history_is_that_of_what_is_shown(database: Path, run: Run) -> None:
    first, changes = check_of(Check.REACHABILITY, [FIRST, at(30, DOWN)])
    second, more = check_of(Check.REGISTRATION, [at(899, UP), at(20, DOWN)])
    incidents = [outage(1, first, NOW - 30 * MINUTE), outage(2, second, NOW - 20 * MINUTE, explained_by=1)]

    with running(database, [connection(), first, second], history=[*changes, *more], incidents=incidents):
        told = run("history", "PJSIP/trunk", "--since", "1h").stdout

    assert "for 30 min (incident 1)" in told


def _text(moment: float) -> str:
    return rfc3339(moment) or ""
