"""The check-up finds damage of the file, and rows that contradict each other."""

from __future__ import annotations

import os
import random
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner

from healthmon.cli.main import cli
from healthmon.errors import ExitCode, ForeignDatabase, StoreError
from healthmon.model import Health
from healthmon.store.read.buckets import BUCKETS
from healthmon.store.schema import MIGRATIONS
from healthmon.store.sqlite.checkup import INVARIANTS, check_up
from healthmon.store.sqlite.connect import connect
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
        "measurements: of a check that is not there (1)",
        *(f"{table}: of a check that is not there (1)" for table in BUCKETS),
    },
    "DELETE FROM words": {"transitions: their cause has no words (2)", "veils: their reason has no words (2)"},
    "DELETE FROM incidents WHERE id = 3": {
        "incident_notes: of an incident that is not there (1)",
        "acknowledgements: of an incident that is not there (1)",
    },
    "DELETE FROM reports": {"report_deliveries: of a report that is not there (2)"},
    "DELETE FROM incidents WHERE id = 2": {"notifications: of an incident that is not there (1)"},
    "DELETE FROM notifications": {"missed: of a message that is not there (1)"},
    "UPDATE incidents SET telling = FALSE WHERE id = 2": {
        "incidents: they last, and nobody would be told of their end (1)"
    },
    "INSERT INTO veils (check_id, since, until, why) VALUES (1, 5, 1e15, 1), (1, 6, 1e15, 1)": {
        "veils: a check is veiled twice at once (1)"
    },
    "UPDATE daemon SET instance = 'another'": {"daemon: its row is not there (1)"},
    "UPDATE incidents SET opened_at = x'00', ending = 'odd' WHERE id = 2": {
        "incidents: values of another kind than they should be (1)"
    },
}


@pytest.mark.parametrize(("sql", "said"), BREAKS.items(), ids=lambda each: each if isinstance(each, str) else "")
def test_rows_that_contradict_each_other_are_found(store: Store, sql: str, said: set[str]) -> None:
    fill(store, len(MIGRATIONS))
    with closing(connect(store.path)) as connection:
        connection.execute(sql)

    assert set(findings(store.path)) == said


def test_a_table_of_somebody_else_is_nothing_to_stumble_over(store: Store) -> None:
    with closing(connect(store.path)) as connection:
        connection.execute('CREATE TABLE "my notes" (id INTEGER PRIMARY KEY, words VARCHAR(80), "group" TEXT)')
        connection.execute("""INSERT INTO "my notes" VALUES (1, 'call them', 'yes')""")
    assert findings(store.path) == ()


def test_every_rule_is_broken_once() -> None:
    said = [finding for all_of_it in BREAKS.values() for finding in all_of_it]

    assert all(any(finding.startswith(rule.broken) for finding in said) for rule in INVARIANTS)


def test_a_damaged_page_is_found_and_named(store: Store) -> None:
    store.book(states=by_key(state()), transitions=[transition(START + at, Health.UP) for at in range(20_000)])
    store.stop()
    with store.path.open("r+b") as file:
        file.seek(100 * 4096)
        file.write(b"\xa5" * 4096)

    found = findings(store.path)

    assert found and all(one.startswith("the file") for one in found)


@pytest.fixture
def sound(folder: Path) -> Path:
    """A database of some dozens of pages that holds all that there can be; its daemon has ended."""
    store = Store(folder / "healthmon.db")
    fill(store, len(MIGRATIONS))
    store.book(transitions=[transition(START + 1000 + at, Health.UP) for at in range(2000)])
    store.stop()
    return store.path


def test_what_is_not_there_or_of_another_program_or_version_is_refused(folder: Path) -> None:
    path = folder / "healthmon.db"
    with pytest.raises(StoreError, match="there is no database here yet"):
        findings(path)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE theirs (one)")
    with pytest.raises(ForeignDatabase, match="of another program"):
        findings(path)
    path.unlink()
    Store(path).stop()
    for version, said in ((1, "written by an older healthmon"), (len(MIGRATIONS) + 1, "written by a newer healthmon")):
        with closing(sqlite3.connect(path)) as connection:
            connection.execute(f"PRAGMA user_version = {version}")
        with pytest.raises(StoreError, match=said):
            findings(path)


@pytest.mark.parametrize(
    ("left", "said"),
    [
        (0, "the file: it is empty"),
        (5, "the file: it does not begin as a database does"),
        (60, "the file: its end is missing: 60 of "),
        (100, "the file: its end is missing: 100 of "),
        (4096, "the file: its end is missing: 4,096 of "),
        (-1, "the file: its end is missing: "),
    ],
)
def test_a_file_that_was_cut_off_is_damaged(sound: Path, left: int, said: str) -> None:
    os.truncate(sound, left if left >= 0 else sound.stat().st_size + left)

    (found,) = findings(sound)

    assert found.startswith(said)


@pytest.mark.parametrize(
    ("at", "written", "said"),
    [
        (0, b"\0" * 4096, "the file: it does not begin as a database does"),
        (0, b"hello", "the file: it does not begin as a database does"),
        (16, b"\x12\x34", "the file: its beginning was overwritten"),
        (44, b"\0\0\0\x63", "the file: "),
        (56, b"\xff\xff\xff\xff", "the file: "),
        (60, b"\x7f\xff\xff\xff", "the file: its beginning was overwritten"),
        (68, b"\0\0\0\0", "the file: its beginning was overwritten"),
        (100, b"\xa5" * 3996, "the file: "),
    ],
)
def test_a_beginning_that_was_overwritten_is_damage(sound: Path, at: int, written: bytes, said: str) -> None:
    overwrite(sound, at, written)

    assert all(one.startswith(said) for one in findings(sound))
    assert findings(sound)


def test_words_that_are_none_are_damage_and_no_surprise(sound: Path) -> None:
    with closing(connect(sound)) as connection:
        connection.execute("UPDATE daemon SET version = CAST(x'30ff31' AS TEXT)")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    done = CliRunner().invoke(cli, ["status", "--database", str(sound)])

    assert (done.exit_code, done.stderr.count("\n")) == (ExitCode.DATABASE, 1)
    assert "the file is damaged" in done.stderr


def overwrite(path: Path, at: int, written: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(at)
        file.write(written)


# What each kind of corruption makes of the bytes, and whether it must be found.


def cut_off(chance: random.Random, whole: bytes) -> tuple[bytes, bool]:
    return whole[: chance.choice([chance.randrange(len(whole)), chance.randrange(len(whole) // 4096) * 4096])], True


def overwritten_page(chance: random.Random, whole: bytes) -> tuple[bytes, bool]:
    at = chance.randrange(len(whole) // 4096) * 4096
    return whole[:at] + chance.choice([chance.randbytes(4096), bytes(4096)]) + whole[at + 4096 :], at == 0


def swapped_pages(chance: random.Random, whole: bytes) -> tuple[bytes, bool]:
    pages = [whole[at : at + 4096] for at in range(0, len(whole), 4096)]
    one, other = chance.sample(range(len(pages)), 2)
    pages[one], pages[other] = pages[other], pages[one]
    return b"".join(pages), False


def flipped(first: int, last: int | None) -> Callable[[random.Random, bytes], tuple[bytes, bool]]:
    def corrupt(chance: random.Random, whole: bytes) -> tuple[bytes, bool]:
        broken = bytearray(whole)
        for _ in range(chance.choice([1, 1, 3, 30])):
            broken[chance.randrange(first, last or len(whole))] ^= chance.randrange(1, 256)
        return bytes(broken), False

    return corrupt


KINDS = {
    "cut off": cut_off,
    "a page overwritten": overwritten_page,
    "two pages swapped": swapped_pages,
    "bytes flipped in the head": flipped(0, 100),
    "bytes flipped in the schema": flipped(100, 3 * 4096),
    "bytes flipped anywhere": flipped(0, None),
}


@pytest.mark.parametrize("kind", KINDS)
def test_any_corruption_is_found_or_harmless_and_never_a_surprise(sound: Path, kind: str) -> None:
    whole = sound.read_bytes()
    harmless = 0

    for seed in range(60):
        broken, must_be_found = KINDS[kind](random.Random(f"{kind} {seed}"), whole)
        sound.write_bytes(broken)
        done = CliRunner().invoke(cli, ["db", "check", "--database", str(sound)])

        assert done.exception is None or isinstance(done.exception, SystemExit), (seed, done.exception)
        assert "Traceback" not in done.output, seed
        if done.exit_code == ExitCode.PROBLEM:
            first, finding, *_ = done.stdout.splitlines()
            assert first.startswith(f"{sound}: ") and first.endswith(": damaged.") and finding.startswith("  "), seed
        else:
            assert not must_be_found, (seed, done.output)
            harmless += 1
        if done.exit_code == ExitCode.DATABASE:
            assert done.stderr.count("\n") == 1 and ("er healthmon" in done.stderr or "another" in done.stderr), seed
        else:
            assert done.exit_code in (ExitCode.OK, ExitCode.PROBLEM), seed
    assert harmless < 60
