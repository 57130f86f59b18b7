"""A copy of the database with ``cp``, put back beside the log of a killed daemon: SQLite would mix the two."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from healthmon.errors import DatabaseLoss, DatabaseLost, ForeignDatabase
from healthmon.store.read.queries import open_reader
from healthmon.store.sqlite.mark import is_log_of_another
from healthmon.store.write.writer import open_writer
from tests.store.scene import START, Store, by_key, incident, state
from tests.store.sqlite.test_guard import incidents, write_log_back
from tests.store.test_migrations import unpack


def left_by_a_kill(path: Path, folder: Path, file: Path | None = None) -> Path:
    """What stands on the disk at this moment; ``file``: with this in the place of the database."""
    folder.mkdir()
    after = folder / path.name
    shutil.copyfile(file or path, after)
    shutil.copyfile(f"{path}-wal", f"{after}-wal")
    return after


def begin_a_new_log(store: Store) -> None:
    """Have SQLite write the whole log back, and begin it anew at the next commit."""
    with closing(sqlite3.connect(store.path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(RESTART)")


def with_an_older_copy(store: Store, folder: Path) -> Path:
    """A killed daemon's files, with a copy that is older than the log in the place of the database.

    Nothing but signs of life was booked between: no page came or went.
    """
    store.book(states=by_key(state()), incidents={1: incident(1)})
    begin_a_new_log(store)
    shutil.copyfile(store.path, folder / "last-night.db")
    store.writer.alive(START + 10, [])
    begin_a_new_log(store)
    store.book(incidents={2: incident(2)})
    return left_by_a_kill(store.path, folder / "killed", folder / "last-night.db")


def test_older_raw_copy_beside_a_killed_daemons_log_is_not_mixed_with_it(store: Store, folder: Path) -> None:
    path, said = with_an_older_copy(store, folder), list[str]()
    log = Path(f"{path}-wal").read_bytes()

    writer = open_writer(path, now=START + 60, on_migrating=said.append)
    writer.close()

    assert incidents(path) == [1]
    assert [kept.read_bytes() for kept in path.parent.glob("healthmon.db-wal.*.leftover")] == [log]
    sentence = f"{path}: a copy has been put back; the log of the file before it is set aside"
    assert said == [sentence]
    assert writer.set_right == (sentence,)


def test_raw_copy_of_an_earlier_run_beside_a_killed_daemons_log_is_not_mixed_with_it(
    store: Store, folder: Path
) -> None:
    store.stop()
    shutil.copyfile(store.path, folder / "earlier.db")
    store.now = START + 600
    store.start()
    store.book(incidents={1: incident(1)})
    path = left_by_a_kill(store.path, folder / "killed", folder / "earlier.db")

    open_writer(path, now=START + 700).close()

    assert incidents(path) == []


def test_raw_copy_of_before_the_upgrade_beside_a_killed_daemons_log_is_not_mixed_with_it(
    store: Store, folder: Path
) -> None:
    (folder / "old").mkdir()
    store.book(incidents={1: incident(1)})
    begin_a_new_log(store)
    store.book(incidents={9: incident(9)})
    path = left_by_a_kill(store.path, folder / "killed", unpack(23, folder / "old"))

    writer = open_writer(path, now=START + 700)
    writer.close()

    assert len(writer.set_right) == 1
    assert 9 not in incidents(path)


def test_commands_refuse_a_copy_beside_the_log_of_another_until_the_daemon_was_started(
    store: Store, folder: Path
) -> None:
    path = with_an_older_copy(store, folder)

    with pytest.raises(ForeignDatabase, match="is the log of another file; the daemon takes it away when it starts"):
        open_reader(path).__enter__()

    open_writer(path, now=START + 60).close()
    with open_reader(path) as reader:
        assert [one.id for one in reader.incidents(START, START + 1000)] == [1]


def test_daemon_that_is_killed_while_the_database_is_upgraded_goes_on_with_its_own_log(folder: Path) -> None:
    (folder / "old").mkdir()
    old = unpack(23, folder / "old")
    writer = open_writer(old, now=START)
    path = left_by_a_kill(old, folder / "killed", unpack(23, folder))
    writer.close()

    assert not is_log_of_another(path)


@pytest.mark.parametrize("seed", range(6))
def test_log_is_taken_for_another_files_only_where_mixing_them_would_be_wrong(folder: Path, seed: int) -> None:
    """Kills at any moment, with the file of that moment and with copies of all earlier ones."""
    dice, store, copies, set_aside = Random(seed), Store(folder / "healthmon.db"), list[Path](), 0
    for step in range(60):
        _do_something(store, dice, step)
        now = left_by_a_kill(store.path, folder / f"now-{step}")
        assert not is_log_of_another(now), "the log of the file itself"
        held = _whole(now)
        for copy in dice.sample(copies, min(3, len(copies))):
            killed = left_by_a_kill(store.path, folder / f"{copy.name}-{step}", copy)
            if is_log_of_another(killed):
                set_aside += 1
            else:
                assert _whole(killed) == held, "what is mixed is right"
            shutil.rmtree(killed.parent)
        copies.append(folder / f"copy-{step}")
        shutil.copyfile(store.path, copies[-1])
    store.stop()
    assert set_aside > 20


def _do_something(store: Store, dice: Random, step: int) -> None:
    number = step + 1
    match dice.randrange(6):
        case 0:
            store.writer.alive(START + step, [])
        case 1:
            write_log_back(store.path)
        case 2:
            begin_a_new_log(store)
            store.writer.alive(START + step, [])
        case 3:
            store.restart(START + step)
            store.book(incidents={number: incident(number)})
        case 4:
            with closing(sqlite3.connect(store.path)) as reader:
                # The log cannot be written back to its end.
                reader.execute("BEGIN")
                reader.execute("SELECT mark FROM daemon").fetchone()
                store.book(incidents={number: incident(number)})
                write_log_back(store.path)
        case _:
            store.book(incidents={number: incident(number)})


def _whole(path: Path) -> list[str]:
    """All that a database holds together with its log, as somebody reads it who opens a copy of both."""
    folder = path.parent / "read"
    read = left_by_a_kill(path, folder)
    with closing(sqlite3.connect(read)) as connection:
        held = list(connection.iterdump())
    shutil.rmtree(folder)
    return held


def test_copy_of_a_quiet_hour_that_is_copied_over_the_file_in_use_is_noticed(store: Store, folder: Path) -> None:
    """Nobody but the engine writes, so that SQLite's own number of changes stays as it is."""
    for second in range(3):
        store.writer.alive(START + second, [])
        write_log_back(store.path)
    shutil.copyfile(store.path, folder / "last-night.db")
    store.writer.alive(START + 10, [])
    write_log_back(store.path)
    store.writer.look_at_files()
    store.writer.look_at_files()

    shutil.copyfile(folder / "last-night.db", store.path)

    with pytest.raises(DatabaseLost, match="an older copy was written over it while healthmon used it") as noticed:
        # At the first look: with the next commits its mark may be new again, and what else is in it stays old.
        store.writer.look_at_files()
    assert noticed.value.loss is DatabaseLoss.OVERWRITTEN
