"""What is booked of thousands at once is written together."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Mapping
from contextlib import closing

import pytest

from healthmon.model import CheckState, Health, Target
from healthmon.store.rows import OF_CHECK, OF_STATE, STATES, state_values
from healthmon.store.session import Session
from healthmon.store.timeline import Timeline
from tests.store.scene import START, Store, by_key, state

MANY = [Target("office", "PJSIP", str(number)) for number in range(300)]


def states_of(targets: list[Target], belief: Health = Health.UP) -> Mapping[tuple[Target, str], CheckState]:
    states = [state(target, belief) for target in targets]
    return {(each.target, each.check): each for each in states}


def test_the_checks_of_a_first_snapshot_are_added_together(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: Counter[str] = Counter()
    rows, many = Session.rows, Session.write_values

    def counted(session: Session, sql: str, parameters: object = ()) -> object:
        asked["one by one"] += 1
        return rows(session, sql, parameters)  # type: ignore[arg-type]

    def counted_many(session: Session, sql: str, given: object) -> None:
        asked["together"] += 1
        many(session, sql, given)  # type: ignore[arg-type]

    monkeypatch.setattr(Session, "rows", counted)
    monkeypatch.setattr(Session, "write_values", counted_many)

    store.book(states=states_of(MANY))

    assert asked["one by one"] == 0
    assert asked["together"] <= 4
    with store.reading() as reader:
        assert len(list(reader.states())) == len(MANY)


@pytest.mark.parametrize("forgotten", [0, 1])
def test_each_of_many_that_are_added_together_has_its_own_state(store: Store, forgotten: int) -> None:
    store.book(states=states_of(MANY[:forgotten]))
    store.book(forgotten=MANY[:forgotten])
    states = [state(target, reason=f"reason of {target.resource}") for target in reversed(MANY)]

    store.book(states=by_key(*states))

    with store.reading() as reader:
        assert {each.target: each.reason for each in reader.states()} == {each.target: each.reason for each in states}


def test_what_was_forgotten_and_is_seen_again_among_many_keeps_its_history(store: Store) -> None:
    store.book(states=states_of(MANY[:1]))
    before = key_of(store, MANY[0])
    store.book(forgotten=[MANY[0]])

    store.book(states=states_of(MANY, Health.DOWN))

    assert key_of(store, MANY[0]) == before
    with store.reading() as reader:
        assert {each.belief for each in reader.states()} == {Health.DOWN}


def key_of(store: Store, target: Target) -> int:
    with closing(sqlite3.connect(store.path)) as connection:
        [(key,)] = connection.execute("SELECT id FROM checks WHERE resource = ?", [target.resource])
    return int(key)


@pytest.mark.parametrize("timeline", [Timeline(), Timeline(3600.0)])
def test_values_in_their_order_are_those_by_their_names(timeline: Timeline) -> None:
    given = state(MANY[0], Health.DOWN, pending=Health.UP, ever_up=True, flap_changes=(START, START + 5))

    values = state_values(given, 7, timeline)

    by_name = STATES.row(given, timeline)
    assert values == [7, *(by_name[column] for column in OF_STATE)]
    assert (*OF_CHECK, *OF_STATE) == STATES.columns
    # What SQLite's module need not be asked about.
    assert {type(value) for value in values} <= {int, float, str, type(None)}
