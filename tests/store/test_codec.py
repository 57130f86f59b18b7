"""Structs go into their tables and back by their own fields."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from itertools import chain
from typing import Any

import pytest
from msgspec import Struct

from healthmon.model import CheckState, Health, Incident, Kind, Matcher, SipWay, Target
from healthmon.store import rows
from healthmon.store.codec import Codec, insert, upsert
from healthmon.store.schema import MIGRATIONS
from healthmon.store.timeline import Timeline
from tests.store.scene import PHONE, START, incident, state

HOUR_LATER = Timeline(3600.0)


@pytest.fixture
def tables() -> Iterator[sqlite3.Connection]:
    """An empty database of the present schema."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.row_factory = sqlite3.Row
        for statement in chain.from_iterable(MIGRATIONS):
            connection.execute(statement)
        yield connection


class LaterState(CheckState, frozen=True):
    """A state as a later healthmon has it."""

    mood: str = "calm"
    cheered_at: float | None = None
    jitter_ms: float = 0.0


def test_a_new_field_of_a_state_needs_its_column_and_no_other_edit(tables: sqlite3.Connection) -> None:
    for column in ("mood TEXT NOT NULL DEFAULT 'calm'", "cheered_at DOUBLE PRECISION", "jitter_ms DOUBLE PRECISION"):
        tables.execute(f"ALTER TABLE states ADD COLUMN {column}")
    later = Codec(LaterState, renamed=rows.STATE_NAMES)
    given = LaterState(PHONE, "reachability", Kind.PHONE, "phones", START, mood="merry", cheered_at=START + 9)

    columns = [column for column in later.columns if column not in rows.OF_CHECK]
    tables.execute(upsert("states", ["check_id"], columns), {**later.row(given, HOUR_LATER), "check_id": 7})
    [row] = tables.execute(
        """SELECT 'office' AS pbx, 'PJSIP' AS technology, '101' AS resource, 'reachability' AS name, 'phone' AS kind,
        'phones' AS watch, states.* FROM states"""
    )

    assert later.of(row, HOUR_LATER) == given
    assert (row["mood"], row["cheered_at"], row["jitter_ms"]) == ("merry", START + 9 - 3600, 0.0)


def test_a_new_field_of_an_incident_too(tables: sqlite3.Connection) -> None:
    class LaterIncident(Incident, frozen=True):
        tags: tuple[str, ...] = ()

    given = LaterIncident(**_fields(incident(7, acked_at=START)), tags=("gold", "night"))
    tables.execute("ALTER TABLE incidents ADD COLUMN tags TEXT")
    later: Codec[Any] = Codec(
        LaterIncident,
        renamed={"check": "check_name", "of": "down_of"},
        left_out=["unseen_s", "left_out_s", "degraded_since"],
    )

    tables.execute(insert("incidents", [*later.columns, "telling"]), {**later.row(given, HOUR_LATER), "telling": True})
    [row] = tables.execute("SELECT * FROM incidents")

    assert row["tags"] == '["gold","night"]'
    assert _fields(later.of(row, HOUR_LATER)) == _fields(given)


@pytest.mark.parametrize(
    ("codec", "table", "others"),
    [
        (rows.STATES, "states", {*rows.OF_CHECK}),
        (rows.INCIDENTS, "incidents", set()),
        (rows.PBX_STATES, "pbx_states", set()),
        (rows.SETTINGS, "settings", set()),
        (rows.FRESHNESS, "freshness", set()),
        (rows.RESTARTS, "restarts", set()),
        (rows.SILENCES, "silences", set()),
        (rows.NOTES, "incident_notes", set()),
        (rows.ACKNOWLEDGEMENTS, "acknowledgements", set()),
        (rows.URLS, "urls", {"sending_since"}),
    ],
)
def test_each_field_has_a_column(tables: sqlite3.Connection, codec: Codec[Any], table: str, others: set[str]) -> None:
    columns = {row["name"] for row in tables.execute(f"SELECT name FROM pragma_table_info('{table}')")}

    assert set(codec.columns) - columns == others


def test_times_are_moved_by_the_shift_of_the_clock_and_durations_are_not() -> None:
    given = state(down_after=30.0, pending_hold=5.0, flap_changes=(START, START + 1), down_since=None)

    row = rows.STATES.row(given, HOUR_LATER)

    assert (row["since"], row["down_since"]) == (given.since - 3600, None)
    assert (row["down_after"], row["pending_hold"], row["pending_since"]) == (30.0, 5.0, 0.0)
    assert row["flap_changes"] == f"[{START - 3600},{START - 3599}]"


def test_what_is_no_single_value_is_json_also_that_of_an_older_version() -> None:
    class Order(Struct, frozen=True):
        what: Matcher
        health: Health | None = None
        is_done: bool = False

    codec = Codec(Order)
    given = Order(Matcher(pbxs=("office",), kinds=(Kind.PHONE,)), Health.DOWN, is_done=True)
    row = codec.row(given, HOUR_LATER)

    assert codec.of_values([row["what"], "down", 1], HOUR_LATER) == given
    older = '{"pbxs": ["office"], "kinds": ["phone"], "watches": [], "endpoints": []}'
    assert codec.of_values([older, None, 0], HOUR_LATER) == Order(given.what)


def test_none_of_what_is_json_is_not_the_same_as_nothing() -> None:
    class Plan(Struct, frozen=True):
        ways: tuple[SipWay, ...] | None = None

    codec = Codec(Plan)
    found = {given: codec.row(given, HOUR_LATER)["ways"] for given in (Plan(), Plan(()), Plan((SipWay("sip:a"),)))}

    assert list(found.values()) == ["null", "[]", '[["sip:a",""]]']
    assert [codec.of_values([text], HOUR_LATER) for text in found.values()] == list(found)


def test_a_field_of_an_unknown_type_is_named_at_once() -> None:
    class Odd(Struct, frozen=True):
        target: Target
        shape: complex

    with pytest.raises(TypeError, match="shape: no column is known that holds <class 'complex'>"):
        Codec(Odd)


def _fields(struct: Struct) -> dict[str, Any]:
    return {name: getattr(struct, name) for name in struct.__struct_fields__}
