"""``healthmon db``: what it prints, and how it exits."""

from __future__ import annotations

import json
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from healthmon.cli.main import cli
from healthmon.demo.fakepbx import FakePbx
from healthmon.errors import ExitCode
from healthmon.model import Health, Target
from healthmon.store.sqlite.connect import connect
from healthmon.store.write.writer import open_writer
from tests.cli.conftest import Run
from tests.cli.test_json_document import check, examples
from tests.report.builder import NOW
from tests.store.scene import Store, by_key, closed, state, transition
from tests.system.fake_scene import fake_section

DAY = 86400.0
OTHER_SECTIONS = "[watch all]\nendpoints = *\nreceivers = oncall\n[receiver oncall]\nurls = json://127.0.0.1:1\n"
HEALTHS = (Health.DOWN, Health.UP)


@pytest.fixture
def db(database: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run ``healthmon db COMMAND ARGUMENTS`` on the test's database, at noon of the tests' day in Berlin."""
    monkeypatch.setenv("TZ", "Europe/Berlin")
    monkeypatch.setattr("time.time", lambda: NOW)

    def run(name: str, *arguments: str) -> Result:
        return CliRunner().invoke(cli, ["db", name, "--database", str(database), *arguments], catch_exceptions=False)

    return run


def make(database: Path, days: int = 40) -> None:
    """A database in which 100 things happened each day until now; its daemon has ended."""
    store = Store(database, now=NOW - days * DAY)
    first = NOW - days * DAY
    store.book(states=by_key(state(watched_since=first)))
    for day in range(days):
        at = first + day * DAY
        store.book(
            transitions=[
                transition(at + number, HEALTHS[number % 2], HEALTHS[1 - number % 2]) for number in range(100)
            ],
            incidents={day + 1: closed(day + 1, at=at + 50, opened_at=at)},
        )
    store.writer.alive(NOW, [])
    store.stop()


def test_a_sound_database_has_no_damage(db: Run, database: Path) -> None:
    make(database)

    done = db("check")

    assert done.exit_code == ExitCode.OK
    assert done.stdout.startswith(f"{database}: ") and done.stdout.endswith(": no damage found.\n")
    told = json.loads(db("check", "--json").stdout)
    assert (told["ok"], told["findings"], told["path"]) == (True, [], str(database))
    check(told, next(each for each in examples() if "findings" in each and "schema" in each))


def test_damage_is_listed_and_exits_with_1(db: Run, database: Path) -> None:
    make(database)
    connection = connect(database)
    connection.execute("DELETE FROM checks")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()

    done = db("check")

    assert done.exit_code == ExitCode.PROBLEM
    assert "transitions: of a check that is not there (4,000)" in done.stdout
    assert "put a backup in its place" in done.stdout
    as_json = db("check", "--json")
    assert as_json.exit_code == ExitCode.PROBLEM
    assert json.loads(as_json.stdout)["ok"] is False


def test_where_there_is_no_database_a_sentence_says_so(db: Run, database: Path) -> None:
    done = db("check")

    assert done.exit_code == ExitCode.DATABASE
    assert done.stderr == (
        f"healthmon: {database}: there is no database here yet; the daemon makes it when it first runs\n"
    )


def test_a_copy_is_made_once_unless_it_is_to_be_overwritten(db: Run, database: Path) -> None:
    make(database)
    copy = database.with_name("copy.db")

    done = db("backup", str(copy))

    assert done.exit_code == ExitCode.OK
    assert done.stdout.startswith(f"{copy}: ") and done.stdout.endswith("; looked through, no damage.\n")
    again = db("backup", str(copy))
    assert (again.exit_code, again.stdout) == (ExitCode.USAGE, "")
    assert again.stderr == f"healthmon: {copy}: this file exists; --overwrite replaces it\n"
    assert db("backup", str(copy), "--overwrite").exit_code == ExitCode.OK


def test_a_copy_is_made_beside_a_daemon(db: Run, database: Path) -> None:
    make(database)
    writer = open_writer(database, now=NOW)

    assert db("backup", str(database.with_name("copy.db"))).exit_code == ExitCode.OK
    writer.close()


def test_stats_say_where_the_size_is_heading(db: Run, database: Path) -> None:
    make(database)

    done = db("stats")

    assert done.exit_code == ExitCode.OK
    lines = done.stdout.splitlines()
    assert lines[0].startswith(f"{database}: ") and "of it 0 bytes free" in lines[0]
    assert lines[2].split() == ["TABLE", "ROWS", "SIZE", "A", "ROW", "ROWS", "A", "DAY", "SINCE"]
    changes = next(line for line in lines if line.startswith("transitions")).split()
    assert (changes[1], changes[-3]) == ("4,000", "100")
    assert lines[-2].endswith(" are free on the disk.")
    assert "a day, up to about" in lines[-1] and lines[-1].endswith("then as much goes as comes.")


def test_stats_for_programs(db: Run, database: Path) -> None:
    make(database)

    told = json.loads(db("stats", "--json").stdout)

    changes = next(table for table in told["tables"] if table["name"] == "transitions")
    assert (changes["rows"], changes["rows_per_day"]) == (4000, 100.0)
    assert changes["oldest_at"].endswith("Z")
    assert told["growth_bytes_per_day"] == told["added_bytes_per_day"] > 0
    assert told["disk_full_at"] is None
    check(told, next(each for each in examples() if "tables" in each))


def test_how_long_what_is_kept_comes_from_the_configuration(db: Run, database: Path, tmp_path: Path) -> None:
    make(database)
    config = tmp_path / "config.ini"
    config.write_text(f"[healthmon]\ndatabase = {database}\n[history]\ntransitions = 10d\ndaily = 20d\n")

    done = CliRunner().invoke(cli, ["-c", str(config), "db", "stats"], catch_exceptions=False)

    assert "come each day, and as much goes: it does not grow any more." in done.stdout


def test_a_database_of_today_tells_nothing_of_growth(db: Run, database: Path) -> None:
    store = Store(database, now=NOW)
    store.book(states=by_key(state()), transitions=[transition(NOW - 3600, Health.UP)])
    store.stop()

    assert db("stats").stdout.endswith("It is too young to tell how it grows; ask again in a day.\n")


def test_what_is_older_than_wanted_is_pruned(db: Run, database: Path) -> None:
    make(database)

    assert "Removed 0 changes and 0 incidents; " in db("prune").stdout
    done = db("prune", "--keep", "10d")

    assert done.exit_code == ExitCode.OK
    assert done.stdout.startswith("Removed 2,999 changes and 30 incidents; ")


def test_a_word_that_is_no_duration(db: Run, database: Path) -> None:
    done = db("prune", "--keep", "10")

    assert done.exit_code == ExitCode.USAGE
    assert "10: say which unit, 10s or 10m" in done.stderr


def test_after_a_renaming_the_history_is_found_under_the_new_name(db: Run, database: Path) -> None:
    make(database)

    done = db("rename-pbx", "office", "headquarters")

    assert done.exit_code == ExitCode.OK
    assert done.stdout == (
        "office is called headquarters now, with 1 check and all that happened to them.\n"
        "Before you start the daemon: write [pbx headquarters] instead of [pbx office] in its configuration.\n"
    )
    writer = open_writer(database, now=NOW)
    assert [one.target for one in writer.load().states] == [Target("headquarters", "PJSIP", "101")]
    writer.close()


def test_a_name_that_no_configuration_can_have(db: Run, database: Path) -> None:
    make(database)

    done = db("rename-pbx", "office", "a/b")

    assert done.exit_code == ExitCode.USAGE
    assert "a name is made of up to 64 letters" in done.stderr


def test_a_pbx_that_is_not_there_is_not_renamed(db: Run, database: Path) -> None:
    make(database)

    done = db("rename-pbx", "shop", "store")

    assert (done.exit_code, done.stdout) == (ExitCode.USAGE, "")
    assert done.stderr == "healthmon: there is no PBX shop in the database; there is office\n"


COMMANDS = {
    "check": (),
    "backup": ("copy.db",),
    "stats": (),
    "prune": (),
    "rename-pbx": ("office", "hq"),
}


def foreign(database: Path) -> None:
    sqlite3.connect(database).execute("CREATE TABLE calls (id INTEGER)").connection.close()


def newer(database: Path) -> None:
    make(database, days=1)
    connection = sqlite3.connect(database)
    connection.execute("PRAGMA user_version = 9999")
    connection.close()


def torn(database: Path) -> None:
    make(database, days=1)
    with database.open("r+b") as file:
        file.write(b"\0" * 100)


def missing(database: Path) -> None:
    assert not database.exists()


def text(database: Path) -> None:
    database.write_text("hello")


#: What lies where the database should be -> what is said of it.
OBSTACLES: dict[Callable[[Path], None], str] = {
    missing: "there is no database here yet; the daemon makes it when it first runs",
    text: "this is not a database, or it is damaged; it was left untouched",
    foreign: "this is a database of another program; it was left untouched",
    torn: "this is not a database, or it is damaged; it was left untouched",
    newer: "it was written by a newer healthmon (schema 9999; this one knows up to",
}


@pytest.mark.parametrize(
    ("name", "put", "said"),
    # The check looks for damage, so that it finds some is its answer: see below.
    [(name, *one) for one in OBSTACLES.items() for name in COMMANDS if name != "check" or one[0] not in (text, torn)],
    ids=lambda one: getattr(one, "__name__", str(one)[:10]),
)
def test_what_is_no_database_of_ours_is_one_sentence(
    db: Run, database: Path, name: str, put: Callable[[Path], None], said: str
) -> None:
    put(database)
    before = database.read_bytes() if database.exists() else None
    arguments = [str(database.with_name(one)) if one.endswith(".db") else one for one in COMMANDS[name]]

    done = db(name, *arguments)

    assert (done.exit_code, done.stdout) == (ExitCode.DATABASE, "")
    assert done.stderr.startswith(f"healthmon: {database}: {said}")
    assert len(done.stderr.splitlines()) == 1
    assert (database.read_bytes() if database.exists() else None) == before
    assert not database.with_name("copy.db").exists()


@pytest.mark.parametrize("put", [text, torn], ids=lambda one: one.__name__)
def test_what_is_no_database_at_all_is_damage_for_the_check(
    db: Run, database: Path, put: Callable[[Path], None]
) -> None:
    put(database)

    done = db("check")

    assert (done.exit_code, done.stderr) == (ExitCode.PROBLEM, "")
    assert done.stdout.splitlines()[0].endswith("damaged.")
    assert "the file: it does not begin as a database does: it is none, or its beginning was overwritten" in done.stdout
    told = json.loads(db("check", "--json").stdout)
    assert (told["ok"], told["schema"], len(told["findings"])) == (False, None, 1)


@pytest.mark.parametrize("name", ["prune", "rename-pbx"])
def test_beside_a_daemon_nothing_is_changed_by_hand(db: Run, database: Path, name: str) -> None:
    make(database, days=1)
    writer = open_writer(database, now=NOW)

    done = db(name, *COMMANDS[name])

    writer.close()
    assert done.exit_code == ExitCode.DATABASE
    assert done.stderr == f"healthmon: {database}: the daemon (process {os.getpid()}) is using it; stop it first\n"


@pytest.mark.parametrize("name", ["check", "stats"])
def test_beside_a_daemon_anybody_may_look(db: Run, database: Path, name: str) -> None:
    make(database, days=1)
    writer = open_writer(database, now=NOW)

    done = db(name)

    writer.close()
    assert done.exit_code == ExitCode.OK


def test_what_each_day_amounted_to_is_known_after_its_changes_were_pruned(db: Run, database: Path) -> None:
    make(database)
    config = database.with_name("config.ini")
    config.write_text(f"[healthmon]\ndatabase = {database}\ntimezone = Europe/Berlin\n")

    def figures() -> list[str]:
        day = ["--from", "2026-04-10", "--to", "2026-04-12"]
        done = CliRunner().invoke(cli, ["-c", str(config), "report", "--format", "csv", *day], catch_exceptions=False)
        assert done.exit_code == ExitCode.OK, done.stderr
        return done.stdout.splitlines()

    before = figures()
    assert len(before) == 2 and before[1].startswith("office,PJSIP/101,")

    assert db("prune", "--keep", "5d").exit_code == ExitCode.OK

    assert figures() == before


def test_a_backup_is_not_written_to_standard_output(
    db: Run, database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(database, days=1)
    monkeypatch.chdir(tmp_path)

    done = db("backup", "-")

    assert (done.exit_code, done.stdout) == (ExitCode.USAGE, "")
    assert "A copy of the database needs a name" in done.stderr
    assert not (tmp_path / "-").exists()


def test_clock_is_right_shows_the_time_and_books_the_word(db: Run, database: Path) -> None:
    make(database, days=1)
    writer = open_writer(database, now=NOW)
    assert not writer.is_time_confirmed()

    done = db("clock-is-right")

    assert done.exit_code == 0
    assert done.output.startswith("It is ")
    assert writer.is_time_confirmed()
    writer.close()


@pytest.fixture
def configured(database: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Result]]:
    """Run ``healthmon db clock-is-right`` with a configuration of two PBXs, whose clocks are right."""
    make(database, days=1)
    monkeypatch.setenv("TZ", "UTC")
    with FakePbx() as office, FakePbx() as branch:
        config = database.with_name("config.ini")
        sections = fake_section(office) + fake_section(branch, "branch")
        config.write_text(f"[healthmon]\ndatabase = {database}\n{sections}{OTHER_SECTIONS}", encoding="utf-8")

        def run(*arguments: str) -> Result:
            command = ["--config", str(config), "db", "clock-is-right", *arguments]
            return CliRunner().invoke(cli, command, catch_exceptions=False)

        yield run


def test_clock_is_right_is_not_believed_against_the_clocks_of_all_pbxs_without_yes(
    configured: Callable[..., Result], database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = time.time() + 4 * 365 * DAY + 60
    monkeypatch.setattr("time.time", lambda: now)
    writer = open_writer(database, now=now)

    done = configured()
    assert (done.exit_code, done.stdout) == (ExitCode.PROBLEM, "")
    assert "pbx office: its clock is 1460 days behind ours\npbx branch: its clock is 1460 days" in done.stderr
    assert "nothing is noted" in done.stderr and "healthmon db clock-is-right --yes" in done.stderr
    assert not writer.is_time_confirmed()

    assert configured("--yes").exit_code == ExitCode.OK
    assert writer.is_time_confirmed()
    writer.close()


def test_clock_is_right_needs_no_yes_where_the_pbxs_agree(configured: Callable[..., Result]) -> None:
    done = configured()

    assert (done.exit_code, done.stderr) == (ExitCode.OK, "")
    assert done.stdout.startswith("It is ")
