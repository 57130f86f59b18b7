"""When somebody can rely on healthmon: it commits, and sees every PBX or knows that it is down."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from healthmon.model import Freshness, PbxState
from healthmon.watchdog.pulse import Pulse, why_old, why_unwell

NOW = 1_000_000.0
FRESH = Freshness("office", NOW - 300, NOW - 40, NOW - 8)
WELL = Pulse(NOW - 9, {"office": FRESH}, {"office": PbxState("office", was_seen=True)})


def unwell(pulse: Pulse) -> str:
    return why_unwell(pulse, ["office"], NOW)


def test_well_is_who_commits_and_sees() -> None:
    assert unwell(WELL) == ""


@pytest.mark.parametrize(("seconds", "why"), [(30.0, ""), (31.0, "nothing was committed for 31 s")])
def test_an_engine_that_does_not_commit_is_unwell_though_all_else_is_fresh(seconds: float, why: str) -> None:
    assert unwell(replace(WELL, alive_at=NOW - seconds)) == why


def test_a_database_that_no_engine_ever_wrote_to_is_unwell() -> None:
    assert unwell(Pulse()) == "nothing was committed yet"


def test_a_pbx_that_is_not_seen_is_unwell_until_people_are_told() -> None:
    blind = {"office": PbxState("office", blind_why="connection refused", blind_since=NOW - 3)}

    assert unwell(replace(WELL, pbx_states=blind)) == (
        "pbx office is not seen, and nobody was told: connection refused"
    )
    assert unwell(replace(WELL, pbx_states=blind, accounted_for=frozenset({"office"}))) == ""


def test_that_one_pbx_is_down_says_nothing_of_another() -> None:
    pulse = replace(WELL, accounted_for=frozenset({"branch"}), freshness={})

    assert why_unwell(pulse, ["branch", "office"], NOW).startswith("pbx office is not seen")


def test_a_pbx_of_the_configuration_that_the_database_does_not_know_is_unwell() -> None:
    assert why_unwell(WELL, ["office", "new"], NOW) == (
        "pbx new is not seen, and nobody was told: not seen since the start"
    )


@pytest.mark.parametrize(
    ("fresh", "why"),
    [
        (FRESH, ""),
        (Freshness("office"), "not seen since the start"),
        (replace(FRESH, last_snapshot_at=None), "not seen since the start"),
        (replace(FRESH, alive_at=NOW - 61), "no sign of life for 61 s"),
        # Events come, and nobody takes snapshots any more.
        (replace(FRESH, last_snapshot_at=NOW - 181), "no snapshot for 181 s"),
        (replace(FRESH, last_snapshot_at=NOW - 181, poll_every=300.0), ""),
        (replace(FRESH, last_snapshot_at=NOW - 661, poll_every=300.0), "no snapshot for 661 s"),
    ],
)
def test_what_is_known_of_a_pbx_grows_old(fresh: Freshness, why: str) -> None:
    assert why_old(fresh, NOW) == why
