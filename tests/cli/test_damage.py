"""A value in the database that cannot be there: a sentence that names its table, and no traceback."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from healthmon.cli.main import cli
from healthmon.errors import ExitCode
from healthmon.store.schema import MIGRATIONS
from tests.store.make_fixture import fill
from tests.store.scene import Store

SINCE = ("--since", "2026-05-01")
COMMANDS = (
    ("status",),
    ("status", "--json"),
    ("report", *SINCE),
    ("report", "--format", "json", *SINCE),
    ("incidents",),
    ("incident", "2"),
    ("history", "101", *SINCE),
    ("export", "--what", "transitions"),
    ("export", "--what", "incidents"),
    ("export", "--what", "notifications"),
    ("export", "--what", "veils"),
    ("silence", "list"),
    ("db", "stats"),
    ("check",),
)
#: A text, bytes, a time that no calendar has, and one without end.
VALUES = ("'garbage'", "x'ff00fe'", "9223372036854775807", "9e999")
#: Of the tables that commands read, times and numbers.
COLUMNS = (
    ("daemon", "alive_at"),
    ("freshness", "alive_at"),
    ("states", "since"),
    ("states", "pending_since"),
    ("states", "down_after"),
    ("transitions", "at"),
    ("veils", "until"),
    ("incidents", "opened_at"),
    ("incidents", "closed_at"),
    ("incidents", "down"),
    ("notifications", "booked_at"),
    ("silences", "until"),
    ("contacts", "since"),
    ("daily", "up_s"),
)


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with something in each table."""
    store = Store(tmp_path_factory.mktemp("sound") / "healthmon.db")
    fill(store, len(MIGRATIONS))
    store.stop()
    return store.path


def run(database: Path, *arguments: str) -> Result:
    return CliRunner().invoke(cli, [*arguments, "--database", str(database)], catch_exceptions=False)


def overwritten(sound: Path, folder: Path, overwrites: tuple[str, str, str]) -> Path:
    """A copy in which one column of a table holds this."""
    table, column, value = overwrites
    database = folder / "healthmon.db"
    shutil.copy(sound, database)
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("PRAGMA ignore_check_constraints = 1")
        connection.execute(f"UPDATE {table} SET {column} = {value}")
    return database


def two_of(turn: int) -> Iterator[tuple[str, ...]]:
    """Some commands for each case: all of them for all cases take minutes."""
    yield COMMANDS[turn % len(COMMANDS)]
    yield COMMANDS[(7 * turn + 3) % len(COMMANDS)]


@pytest.mark.parametrize("column", range(len(COLUMNS)), ids=[".".join(column) for column in COLUMNS])
def test_no_command_ends_with_a_traceback(sound: Path, tmp_path: Path, column: int) -> None:
    table, name = COLUMNS[column]
    for turn, value in enumerate(VALUES):
        database = overwritten(sound, tmp_path, (table, name, value))
        for arguments in two_of(len(VALUES) * column + turn):
            result = run(database, *arguments)
            assert result.exit_code != ExitCode.USAGE, result.output
            if result.exit_code == ExitCode.DATABASE:
                assert "the file is damaged" in result.stderr, (value, arguments, result.output)


@pytest.mark.parametrize(
    ("overwrites", "arguments"),
    [
        (("states", "since", "'garbage'"), ("status",)),
        (("transitions", "at", "x'ff'"), ("report", *SINCE)),
        (("incidents", "closed_at", "'garbage'"), ("incidents",)),
        (("daemon", "alive_at", "9223372036854775807"), ("status", "--json")),
    ],
)
def test_the_table_is_named_and_what_to_do(
    sound: Path, tmp_path: Path, overwrites: tuple[str, str, str], arguments: tuple[str, ...]
) -> None:
    table = overwrites[0]
    database = overwritten(sound, tmp_path, overwrites)

    result = run(database, *arguments)

    assert result.exit_code == ExitCode.DATABASE, result.output
    assert f"the file is damaged: {table}: values of another kind than they should be" in result.stderr
    assert "healthmon db check" in result.stderr
    assert run(database, "db", "check").exit_code == ExitCode.PROBLEM
    # Whoever runs it for Nagios is told that nothing is known.
    assert run(database, "check").exit_code in (ExitCode.STALE, ExitCode.DATABASE)


def test_what_a_row_should_say_and_does_not_is_named_too(sound: Path, tmp_path: Path) -> None:
    database = overwritten(sound, tmp_path, ("daemon", "instance", "'another'"))

    result = run(database, "status")

    assert (result.exit_code, "daemon: its row is not there" in result.stderr) == (ExitCode.DATABASE, True)


def test_a_list_that_is_none_is_damage(sound: Path, tmp_path: Path) -> None:
    database = overwritten(sound, tmp_path, ("states", "flap_changes", "'-1'"))

    assert run(database, "status").exit_code == ExitCode.DATABASE


def test_checks_that_nobody_knows_are_left_out(sound: Path, tmp_path: Path) -> None:
    database = overwritten(sound, tmp_path, ("checks", "name", "'odd' || id"))

    assert run(database, "history", "101", *SINCE).exit_code == ExitCode.OK


def test_a_number_that_is_the_last_that_there_can_be_ends_the_looking_for_the_newest(
    sound: Path, tmp_path: Path
) -> None:
    database = overwritten(sound, tmp_path, ("incident_notes", "id", "9223372036854775807"))

    assert run(database, "db", "stats").exit_code == ExitCode.OK


def test_a_defect_of_ours_stays_what_it_is(sound: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def defect(*_arguments: object, **_more: object) -> None:
        raise TypeError("a defect")

    monkeypatch.setattr("healthmon.cli.status.read_status", defect)

    with pytest.raises(TypeError, match="a defect"):
        run(sound, "status")
