"""The check-up finds damage of the file, and rows that contradict each other."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from healthmon.errors import ForeignDatabase, StoreError
from healthmon.model import Health
from healthmon.store.checkup import RULES, check_up
from healthmon.store.connect import connect
from healthmon.store.roundtrips import BUCKETS
from healthmon.store.schema import MIGRATIONS
from tests.store.make_fixture import fill
from tests.store.scene import START, Store, by_key, state, transition


def findings(path: Path) -> tuple[str, ...]:
    return check_up(path, lambda what: None).findings


def test_a_sound_database_has_no_findings_with_and_without_a_daemon(store: Store) -> None:
    fill(store, len(MIGRATIONS))
    seen: list[str] = []

    found = check_up(store.path, seen.append)

    assert (found.findings, found.schema) == ((), len(MIGRATIONS))
    assert seen[0] == "the file" and "transitions" in seen
    store.stop()
    assert findings(store.path) == ()


#: How to break each rule -> what is said of it.
BREAKS = {
    "DELETE FROM checks": {
        "states: of a check that is not there (1)",
        "transitions: of a check that is not there (2)",
        "veils: of a check that is not there (2)",
        "daily: of a check that is not there (1)",
        "round_trips: of a check that is not there (1)",
        *(f"{table}: of a check that is not there (1)" for table in BUCKETS),
    },
    "DELETE FROM words": {"transitions: their cause has no words (2)", "veils: their reason has no words (2)"},
    "DELETE FROM incidents WHERE id = 3": {
        "incident_notes: of an incident that is not there (1)",
        "acknowledgements: of an incident that is not there (1)",
    },
    "DELETE FROM reports": {"report_deliveries: of a report that is not there (2)"},
    "DELETE FROM incidents WHERE id = 2": {"notifications: of an incident that is not there (1)"},
    "UPDATE incidents SET telling = FALSE WHERE id = 2": {
        "incidents: they last, and nobody would be told of their end (1)"
    },
    "INSERT INTO veils (check_id, since, until, why) VALUES (1, 5, 1e15, 1), (1, 6, 1e15, 1)": {
        "veils: a check is veiled twice at once (1)"
    },
}


@pytest.mark.parametrize(("sql", "said"), BREAKS.items(), ids=lambda each: each if isinstance(each, str) else "")
def test_rows_that_contradict_each_other_are_found(store: Store, sql: str, said: set[str]) -> None:
    fill(store, len(MIGRATIONS))
    with closing(connect(store.path)) as connection:
        connection.execute(sql)

    assert set(findings(store.path)) == said


def test_every_rule_is_broken_once() -> None:
    said = [finding for all_of_it in BREAKS.values() for finding in all_of_it]

    assert all(any(finding.startswith(rule.broken) for finding in said) for rule in RULES)


def test_a_damaged_page_is_found_and_named(store: Store) -> None:
    store.book(states=by_key(state()), transitions=[transition(START + at, Health.UP) for at in range(20_000)])
    store.stop()
    with store.path.open("r+b") as file:
        file.seek(100 * 4096)
        file.write(b"\xa5" * 4096)

    found = findings(store.path)

    assert found and all(one.startswith("the file") for one in found)


def test_what_is_none_of_ours_or_older_is_refused(folder: Path) -> None:
    path = folder / "healthmon.db"
    with pytest.raises(StoreError, match="there is no database here yet"):
        findings(path)
    path.write_text("hello")
    with pytest.raises(ForeignDatabase, match="not a database"):
        findings(path)
    path.unlink()
    Store(path).stop()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 1")
    with pytest.raises(StoreError, match="written by an older healthmon"):
        findings(path)
