"""An index that lacks what its table holds: quick_check passes over it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from healthmon.errors import ForeignDatabase
from healthmon.store.sqlite.indexes import mend_indexes
from healthmon.store.write.writer import open_writer
from tests.store.scene import START, Store, by_key, incident, state, transition


def lose_an_entry(path: Path, index: str = "transitions_of_check") -> None:
    """Have one row be missing in an index, as after a write that the disk has lost."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        before = connection.execute("SELECT sql FROM sqlite_master WHERE name = :name", {"name": index}).fetchone()[0]
        connection.execute("PRAGMA writable_schema = ON")
        spoilt = {"name": index, "sql": f"{before} WHERE rev > 3"}
        connection.execute("UPDATE sqlite_master SET sql = :sql WHERE name = :name", spoilt)
        connection.execute("PRAGMA writable_schema = RESET")
        connection.execute(f"REINDEX {index}")
        connection.execute("PRAGMA writable_schema = ON")
        whole = {"name": index, "sql": before}
        connection.execute("UPDATE sqlite_master SET sql = :sql WHERE name = :name", whole)


@pytest.fixture
def spoilt(store: Store) -> Path:
    """A database whose index of changes lacks some."""
    store.book(
        states=by_key(state()),
        transitions=[transition(START + second, None) for second in range(10)],
        incidents={1: incident(1)},
    )
    store.stop()
    lose_an_entry(store.path)
    return store.path


def found(path: Path, check: str) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        return [line for (line,) in connection.execute(f"PRAGMA {check}")]


def test_index_that_lacks_rows_is_written_anew_at_the_start_and_said(spoilt: Path) -> None:
    assert found(spoilt, "quick_check") == ["ok"]
    assert found(spoilt, "integrity_check") != ["ok"]
    said: list[str] = []

    writer = open_writer(spoilt, now=START + 60, on_migrating=said.append)
    writer.close()

    sentence = f"{spoilt}: the index transitions_of_check did not hold what its table holds, and was written anew"
    assert said == [sentence]
    assert writer.set_right == (sentence,)
    assert found(spoilt, "integrity_check") == ["ok"]


def test_looking_for_broken_indexes_ends_in_its_time(spoilt: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("healthmon.store.sqlite.indexes._STEPS", 1)

    with closing(sqlite3.connect(spoilt, isolation_level=None)) as connection:
        assert mend_indexes(connection, spoilt, within=0.0) == ()
        # The connection can be used as before.
        assert connection.execute("SELECT COUNT(*) FROM checks").fetchone() == (1,)


def test_table_that_holds_twice_what_may_be_there_once_is_refused(store: Store) -> None:
    store.stop()
    with closing(sqlite3.connect(store.path, isolation_level=None)) as connection:
        connection.execute("CREATE TABLE extra (name TEXT)")
        connection.execute("CREATE INDEX extra_name ON extra (name)")
        connection.execute("INSERT INTO extra VALUES ('a'), ('a')")
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute(
            "UPDATE sqlite_master SET sql = 'CREATE UNIQUE INDEX extra_name ON extra (name)' WHERE name = 'extra_name'"
        )

    with pytest.raises(ForeignDatabase, match="the table extra holds rows twice"):
        open_writer(store.path, now=START + 60)
