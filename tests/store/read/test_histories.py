"""History in a window: what a report is made from."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

import pytest

from healthmon.model import Check, ClockJump, Health, Kind, Target
from healthmon.store.read.histories import CHECKS_WANTED, TRANSITIONS_WANTED, UNKNOWN_OF_PBXS_WANTED, UNKNOWN_WANTED
from healthmon.store.read.queries import INCIDENTS_IN_WINDOW, TargetHistory
from healthmon.store.sqlite.connect import open_connection
from tests.store.scene import (
    OFFICE,
    OTHER_PHONE,
    PHONE,
    START,
    Store,
    by_key,
    state,
    transition,
    unknown,
    unknown_by_key,
)

UP_DOWN_UP = [
    transition(START + 1, Health.UP),
    transition(START + 100, Health.DOWN, Health.UP, cause="peer status Unreachable"),
    transition(START + 200, Health.UP, Health.DOWN),
]


def histories(store: Store, since: float, until: float, **filters: object) -> list[TargetHistory]:
    with store.reading() as reader:
        return list(reader.history(since, until, **filters))  # type: ignore[arg-type]


def test_a_window_holds_the_last_transition_before_it_and_those_within(store: Store) -> None:
    store.book(states=by_key(state()), transitions=UP_DOWN_UP)

    def within(since: float, until: float) -> list[float]:
        (history,) = histories(store, START + since, START + until)
        return [each.at - START for each in history.transitions]

    assert within(0, 1000) == [1, 100, 200]
    assert within(50, 150) == [1, 100]
    assert within(100, 200) == [1, 100], "what begins with the window belongs to it, what begins at its end does not"
    assert within(150, 160) == [100]
    assert within(500, 600) == [200]


def test_a_history_says_what_it_is_about(store: Store) -> None:
    store.book(
        states=by_key(state()), transitions=UP_DOWN_UP, unknown_periods=unknown_by_key(unknown(START + 10, START + 20))
    )

    assert histories(store, START, START + 1000) == [
        TargetHistory(
            target=PHONE,
            check=Check.REACHABILITY,
            kind=Kind.PHONE,
            watch="phones",
            watched_since=START,
            forgotten_at=None,
            transitions=tuple(UP_DOWN_UP),
            unknown_periods=(unknown(START + 10, START + 20),),
        )
    ]


def test_several_transitions_of_one_moment_keep_the_order_of_booking(store: Store) -> None:
    at_once = [transition(START, Health.UP), transition(START, Health.DOWN), transition(START, Health.DEGRADED)]
    store.book(states=by_key(state(watched_since=START - 1)), transitions=at_once)

    assert histories(store, START, START + 1)[0].transitions == tuple(at_once)
    assert histories(store, START + 1, START + 2)[0].transitions == (at_once[-1],)


def test_what_was_not_watched_in_the_window_is_not_in_it(store: Store) -> None:
    early, late = state(PHONE), state(OTHER_PHONE, watched_since=START + 5000)
    store.book(states=by_key(early, late), transitions=UP_DOWN_UP)
    store.book(forgotten=[PHONE], transitions=[transition(START + 1000, None, Health.UP)])

    assert [each.target for each in histories(store, START, START + 900)] == [PHONE]
    assert [each.target for each in histories(store, START + 1001, START + 4000)] == []
    assert [each.target for each in histories(store, START + 1001, START + 6000)] == [OTHER_PHONE]


def test_a_target_of_which_nothing_is_known_is_listed_without_transitions(store: Store) -> None:
    store.book(states=by_key(state(belief=None)))

    (history,) = histories(store, START, START + 10)

    assert (history.transitions, history.unknown_periods) == ((), ())


@pytest.fixture
def crowd(store: Store) -> Store:
    """Two PBXs with phones and a trunk, each with its own transition and veil."""
    targets = [Target(pbx, "PJSIP", name) for pbx in ("shop", "office") for name in ("trunk", "101", "102")]
    checks = [
        state(each, kind=Kind.PROVIDER, watch="trunks") if each.resource == "trunk" else state(each) for each in targets
    ]
    checks.append(state(OFFICE, check=Check.CONNECTION, kind=Kind.PBX, watch=""))
    store.book(
        states=by_key(*checks),
        transitions=[transition(START + 5, Health.UP, target=each.target, check=each.check) for each in checks],
        unknown_periods=unknown_by_key(
            *(unknown(START + 7, target=each) for each in targets), unknown(START + 8, START + 9, OFFICE, "blind")
        ),
    )
    return store


def test_histories_come_in_the_order_of_targets_each_with_its_own(crowd: Store) -> None:
    found = histories(crowd, START, START + 100)

    assert [str(each.target) for each in found] == [
        "pbx office",
        *(f"PJSIP/{name} on {pbx}" for pbx in ("office", "shop") for name in ("101", "102", "trunk")),
    ]
    assert all(one.target == each.target for each in found for one in each.transitions)
    assert all(one.target == each.target for each in found for one in each.unknown_periods)
    assert all(len(each.transitions) == 1 for each in found)
    assert [len(each.unknown_periods) for each in found] == [0, 1, 1, 1, 1, 1, 1]


@pytest.mark.parametrize(
    ("filters", "names"),
    [
        ({"pbx": "shop"}, ["PJSIP/101", "PJSIP/102", "PJSIP/trunk"]),
        ({"watch": "trunks"}, ["PJSIP/trunk", "PJSIP/trunk"]),
        ({"kind": Kind.PBX}, [""]),
        ({"kind": Kind.PROVIDER, "pbx": "office"}, ["PJSIP/trunk"]),
        ({"endpoint": "PJSIP/101"}, ["PJSIP/101", "PJSIP/101"]),
        ({"endpoint": "PJSIP/10*", "pbx": "office"}, ["PJSIP/101", "PJSIP/102"]),
        ({"pbx": "nowhere"}, []),
    ],
)
def test_histories_can_be_asked_for_a_part(crowd: Store, filters: dict[str, object], names: list[str]) -> None:
    found = histories(crowd, START, START + 100, **filters)

    assert [each.target.endpoint for each in found] == names
    assert all(len(each.transitions) == 1 for each in found)


def test_the_blindness_of_a_pbx_is_told_apart_from_the_veils_of_its_endpoints(crowd: Store) -> None:
    with crowd.reading() as reader:
        assert reader.unknown_of_pbxs(START, START + 100) == {
            "office": (unknown(START + 8, START + 9, OFFICE, "blind"),)
        }
        assert reader.unknown_of_pbxs(START + 9, START + 100) == {}


def test_a_veil_is_closed_by_booking_it_again_with_its_end(store: Store) -> None:
    store.book(states=by_key(state()), unknown_periods=unknown_by_key(unknown(START + 10)))
    assert histories(store, START, START + 100)[0].unknown_periods == (unknown(START + 10),)

    store.book(unknown_periods=unknown_by_key(unknown(START + 10, START + 50), unknown(START + 60)))

    assert histories(store, START, START + 100)[0].unknown_periods == (
        unknown(START + 10, START + 50),
        unknown(START + 60),
    )
    assert histories(store, START + 55, START + 59)[0].unknown_periods == ()


def test_veils_are_in_the_order_of_time_however_they_were_booked(store: Store) -> None:
    hidden = unknown_by_key(unknown(START + 60, START + 70), unknown(START + 10, START + 90))
    store.book(states=by_key(state()), unknown_periods=hidden)

    assert [each.since - START for each in histories(store, START, START + 100)[0].unknown_periods] == [10, 60]


# The jumps of a machine that is put right by NTP are no round numbers.
@pytest.mark.parametrize("by", [3600.0, 2.123456789, -3600.0, -86400.7654321])
def test_a_clock_that_is_set_leaves_what_is_booked_and_one_set_back_moves_it_before_what_comes(
    store: Store, by: float
) -> None:
    store.book(states=by_key(state()), transitions=UP_DOWN_UP, unknown_periods=unknown_by_key(unknown(START + 300)))

    store.book(clock_jumps=[ClockJump(START + 400, by)])
    # The period's key is a time of the timeline.
    store.book(
        transitions=[transition(START + 500, Health.DOWN, Health.UP)],
        unknown_periods=unknown_by_key(unknown(START + 300, START + 450)),
    )

    before = min(by, 0.0)
    (history,) = histories(store, START + before, START + 90000)
    assert [each.at for each in history.transitions] == pytest.approx(
        [START + before + 1, START + before + 100, START + before + 200, START + by + 500], abs=1e-5
    )
    assert [(each.since, each.until) for each in history.unknown_periods] == [
        pytest.approx((START + before + 300, START + by + 450), abs=1e-5)
    ]


def test_a_hundred_jumps_do_not_blur_the_times(store: Store) -> None:
    store.book(states=by_key(state()), transitions=UP_DOWN_UP)

    for number in range(100):
        store.book(clock_jumps=[ClockJump(START, by=3.3 if number % 2 else -3.3)])

    assert histories(store, START, START + 1000)[0].transitions == tuple(UP_DOWN_UP)


def test_a_window_is_found_by_the_indexes(store: Store) -> None:
    window = {"since": START, "until": START + 100, "pbx": None, "watch": None, "kind": None}
    connection = open_connection(store.path, "mode=ro")

    plans = {
        sql: _plan(connection, sql, window) for sql in (TRANSITIONS_WANTED, UNKNOWN_WANTED, UNKNOWN_OF_PBXS_WANTED)
    }
    connection.close()

    assert "SEARCH t USING INDEX transitions_of_check (check_id=? AND at>? AND at<?)" in plans[TRANSITIONS_WANTED]
    assert "SEARCH v USING INDEX veils_until (check_id=? AND until>?)" in plans[UNKNOWN_WANTED]
    assert not any(line.startswith(("SCAN t", "SCAN v")) for plan in plans.values() for line in plan)


def test_checks_and_incidents_need_no_sorting_of_everything(store: Store) -> None:
    window = {"since": START, "until": START + 100, "pbx": None, "watch": None, "kind": None}
    connection = open_connection(store.path, "mode=ro")

    assert not any("TEMP B-TREE" in line for line in _plan(connection, CHECKS_WANTED, window))
    incidents = _plan(connection, INCIDENTS_IN_WINDOW, window)
    connection.close()

    assert any("incidents_open (opened_at<?)" in line for line in incidents)
    assert any("incidents_closed (closed_at>?)" in line for line in incidents)


def _plan(connection: sqlite3.Connection, sql: str, parameters: Mapping[str, object]) -> list[str]:
    return [row["detail"] for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}", parameters)]
