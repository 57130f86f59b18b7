"""The life of one target is found by indexes, and nothing of others is read."""

from __future__ import annotations

from contextlib import closing

from healthmon.model import Check, Health, Kind, Target
from healthmon.store.read.histories import CHECKS_NAMED, TRANSITIONS_NAMED, UNKNOWN_NAMED
from healthmon.store.read.known_targets import KnownTarget
from healthmon.store.read.queries import INCIDENTS_OF_TARGET
from healthmon.store.sqlite.connect import open_connection
from tests.store.scene import OFFICE, OTHER_PHONE, PHONE, START, Store, by_key, closed, incident, state, transition

SITE = Target("office", "site", "203.0.113.7")


def test_the_life_of_a_target_is_that_of_all_its_checks(store: Store) -> None:
    checks = [state(OFFICE, check=check, kind=Kind.PBX) for check in (Check.CONNECTION, Check.INVENTORY)]
    store.book(
        states=by_key(*checks, state(PHONE)),
        transitions=[transition(START + 5, Health.UP, target=each.target, check=each.check) for each in checks]
        + [transition(START + 5, Health.DOWN)],
    )

    with store.reading() as reader:
        histories = reader.life(OFFICE, START, START + 100)
        assert [(one.check, len(one.transitions)) for one in histories] == [("connection", 1), ("inventory", 1)]
        assert reader.life(OTHER_PHONE, START, START + 100) == []
        assert (
            reader.history_of(PHONE, Check.REACHABILITY, START, START + 100) == reader.life(PHONE, START, START + 9)[0]
        )
        assert reader.history_of(PHONE, Check.CONNECTION, START, START + 100) is None
        assert [one.check for one in reader.states_of(OFFICE)] == ["connection", "inventory"]
        assert reader.states_of(OTHER_PHONE) == []


def test_the_incidents_of_a_target_are_those_that_reach_into_the_window(store: Store) -> None:
    over, open_ = closed(1, START + 300), incident(2, opened_at=START + 400)
    store.book(incidents={1: over, 2: open_, 3: incident(3, OTHER_PHONE)})

    with store.reading() as reader:
        assert reader.incidents_of(PHONE, START, START + 1000) == [over, open_]
        assert reader.incidents_of(PHONE, START + 301, START + 1000) == [open_]
        assert reader.incidents_of(PHONE, START, START + 400) == [over]
        assert reader.incidents_of(PHONE, float("inf"), float("inf")) == [open_]


def test_everything_that_has_a_history_is_known(store: Store) -> None:
    store.book(
        states=by_key(state(OFFICE, check=Check.CONNECTION, kind=Kind.PBX, watch=""), state(), state(OTHER_PHONE)),
        incidents={1: incident(1, SITE, kind=Kind.SITE), 2: incident(2)},
    )
    store.book(forgotten=[PHONE], transitions=[transition(START + 500, None, Health.UP)])

    with store.reading() as reader:
        assert reader.known_targets() == [
            KnownTarget(OFFICE, Kind.PBX, "", START),
            KnownTarget(PHONE, Kind.PHONE, "phones", START, forgotten_at=START + 500),
            KnownTarget(OTHER_PHONE, Kind.PHONE, "phones", START),
            KnownTarget(SITE, Kind.SITE),
        ]


def test_no_table_that_grows_is_read_from_one_end_to_the_other(store: Store) -> None:
    wanted = {"pbx": "office", "technology": "PJSIP", "resource": "101", "since": START, "until": START + 100}
    questions = (CHECKS_NAMED, TRANSITIONS_NAMED, UNKNOWN_NAMED, INCIDENTS_OF_TARGET)
    with closing(open_connection(store.path, "mode=ro")) as connection:
        plans = [
            [row["detail"] for row in connection.execute(f"EXPLAIN QUERY PLAN {question}", wanted)]
            for question in questions
        ]

    assert all(not line.startswith("SCAN") for plan in plans for line in plan)
    assert any("SEARCH t USING INDEX transitions_of_check (check_id=? AND at>? AND at<?)" in line for line in plans[1])
    assert any(
        "incidents_of_target (pbx=? AND technology=? AND resource=? AND opened_at<?)" in line for line in plans[3]
    )
