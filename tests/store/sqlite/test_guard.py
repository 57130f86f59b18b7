"""Each way in which the database's files may be lost while they are used: noticed, and what is kept of it."""

from __future__ import annotations

import os
import shutil
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from healthmon.errors import DatabaseLoss, DatabaseLost, ForeignDatabase, StoreError
from healthmon.store.outbox.outbox import open_outbox
from healthmon.store.sqlite.backup import back_up
from healthmon.store.sqlite.connect import connect
from healthmon.store.sqlite.database import create_database, recognise
from healthmon.store.sqlite.former import trace_of_former
from healthmon.store.write.writer import Writer, open_writer
from tests.store.scene import START, Store, by_key, incident, state


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A database in a folder of its own, with its daemon."""
    (tmp_path / "data").mkdir()
    store = Store(tmp_path / "data" / "healthmon.db")
    yield store
    # What was lost cannot be closed as it should be.
    with suppress(StoreError, OSError):
        store.outbox.close()
        store.writer.close()


@pytest.fixture
def path(store: Store) -> Path:
    """A database in use, with an incident in it that stands in the log alone."""
    store.book(states=by_key(state()), incidents={1: incident(1)})
    return store.path


def lost(writer: Writer) -> DatabaseLost:
    """What is noticed at the second look, if not at the first."""
    with suppress(DatabaseLost):
        writer.look_at_files()
    with pytest.raises(DatabaseLost) as caught:
        writer.look_at_files()
    return caught.value


def given_up(writer: Writer) -> str:
    """What becomes of it."""
    return writer.give_up(lost(writer), lambda _done, _pages: None)


def incidents(database: Path) -> list[int]:
    """The numbers of the incidents that stand in a database."""
    with closing(sqlite3.connect(f"file:{database}?immutable=1", uri=True)) as connection:
        return [number for (number,) in connection.execute("SELECT id FROM incidents")]


def write_log_back(path: Path) -> None:
    """What SQLite does by itself after some thousand changes."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(PASSIVE)")


def deleted(path: Path, _folder: Path) -> None:
    path.unlink()


def renamed(path: Path, _folder: Path) -> None:
    path.rename(path.with_name("renamed.db"))


def folder_renamed(path: Path, _folder: Path) -> None:
    path.parent.rename(path.parent.with_name(f"{path.parent.name}-renamed"))
    path.parent.mkdir()


def replaced(path: Path, folder: Path) -> None:
    create_database(folder / "another.db")
    (folder / "another.db").replace(path)


def truncated(path: Path, _folder: Path) -> None:
    os.truncate(path, 0)


def cut(path: Path, _folder: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def new_one_copied_over_it(path: Path, folder: Path) -> None:
    create_database(folder / "another.db")
    shutil.copyfile(folder / "another.db", path)


def its_own_backup_copied_over_it(path: Path, folder: Path) -> None:
    with closing(sqlite3.connect(folder / "backup.db")) as backup, closing(sqlite3.connect(path)) as source:
        source.backup(backup)
        backup.execute("PRAGMA journal_mode = DELETE")
    shutil.copyfile(folder / "backup.db", path)


def another_programs_copied_over_it(path: Path, folder: Path) -> None:
    with closing(sqlite3.connect(folder / "recipes.db")) as connection:
        connection.execute("CREATE TABLE recipes (name TEXT)")
    shutil.copyfile(folder / "recipes.db", path)


def log_emptied(path: Path, _folder: Path) -> None:
    os.truncate(f"{path}-wal", 0)


def log_deleted(path: Path, _folder: Path) -> None:
    Path(f"{path}-wal").unlink()


def index_deleted(path: Path, _folder: Path) -> None:
    Path(f"{path}-shm").unlink()


def log_replaced(path: Path, folder: Path) -> None:
    shutil.copyfile(f"{path}-wal", folder / "another-wal")
    (folder / "another-wal").replace(f"{path}-wal")


HARM = {
    deleted: DatabaseLoss.GONE,
    renamed: DatabaseLoss.GONE,
    folder_renamed: DatabaseLoss.GONE,
    replaced: DatabaseLoss.REPLACED,
    truncated: DatabaseLoss.OVERWRITTEN,
    cut: DatabaseLoss.OVERWRITTEN,
    new_one_copied_over_it: DatabaseLoss.OVERWRITTEN,
    its_own_backup_copied_over_it: DatabaseLoss.OVERWRITTEN,
    another_programs_copied_over_it: DatabaseLoss.OVERWRITTEN,
    log_emptied: DatabaseLoss.OVERWRITTEN,
    log_deleted: DatabaseLoss.LOG,
    index_deleted: DatabaseLoss.LOG,
    log_replaced: DatabaseLoss.LOG,
}


@pytest.mark.parametrize(("harm", "loss"), HARM.items(), ids=[harm.__name__ for harm in HARM])
def test_database_that_is_deleted_replaced_or_overwritten_while_it_is_used_is_noticed(
    store: Store, path: Path, tmp_path: Path, harm: Callable[[Path, Path], None], loss: DatabaseLoss
) -> None:
    # Nothing is wrong before.
    store.writer.look_at_files()
    store.writer.look_at_files()

    harm(path, tmp_path)

    assert lost(store.writer).loss is loss


def test_copy_of_the_same_run_that_is_copied_over_it_is_noticed(store: Store, path: Path) -> None:
    """As of a backup with ``cp`` each night, while the daemon runs for weeks: no page was added or freed since."""
    write_log_back(path)
    shutil.copyfile(path, path.with_name("last-night.db"))
    store.writer.alive(START + 10, [])
    write_log_back(path)
    store.writer.look_at_files()
    store.writer.look_at_files()

    shutil.copyfile(path.with_name("last-night.db"), path)

    assert lost(store.writer).loss is DatabaseLoss.OVERWRITTEN


def test_copy_of_an_earlier_run_that_is_copied_over_it_is_noticed(store: Store, path: Path) -> None:
    store.stop()
    shutil.copyfile(path, path.with_name("earlier.db"))
    store.now = START + 600.5
    store.start()

    shutil.copyfile(path.with_name("earlier.db"), path)

    assert lost(store.writer).loss is DatabaseLoss.OVERWRITTEN


@pytest.mark.parametrize("harm", [deleted, renamed, folder_renamed])
def test_what_was_deleted_or_renamed_is_put_back_with_all_that_was_booked(
    store: Store, path: Path, tmp_path: Path, harm: Callable[[Path, Path], None]
) -> None:
    harm(path, tmp_path)

    assert "it was put back" in given_up(store.writer)
    assert incidents(path) == [1]
    assert not Path(f"{path}-wal").exists()


def test_a_strange_log_in_the_new_folder_is_not_written_into_what_is_put_back(
    store: Store, path: Path, tmp_path: Path
) -> None:
    folder_renamed(path, tmp_path)
    Path(f"{path}-wal").write_bytes(b"of another")

    given_up(store.writer)

    assert incidents(path) == [1]
    assert not Path(f"{path}-wal").exists()
    assert [one.read_bytes() for one in path.parent.glob("*.leftover")] == [b"of another"]


def test_what_appeared_in_its_place_meanwhile_is_not_overwritten(store: Store, path: Path) -> None:
    path.unlink()
    error = lost(store.writer)
    path.write_bytes(b"put here by hand")

    assert "it could not be put back" in store.writer.give_up(error, lambda _done, _pages: None)
    assert path.read_bytes() == b"put here by hand"


def test_what_was_replaced_is_kept_beside_and_its_log_is_not_written_into_the_other(
    store: Store, path: Path, tmp_path: Path
) -> None:
    replaced(path, tmp_path)
    there = path.read_bytes()

    given_up(store.writer)

    [former] = path.parent.glob("*.replaced")
    assert incidents(former) == [1]
    assert path.read_bytes() == there
    assert not Path(f"{path}-wal").exists()
    assert incidents(path) == []


@pytest.mark.parametrize("harm", [log_deleted, index_deleted, log_replaced])
def test_log_that_was_deleted_or_replaced_is_written_back_from_what_is_open(
    store: Store, path: Path, tmp_path: Path, harm: Callable[[Path, Path], None]
) -> None:
    harm(path, tmp_path)

    given_up(store.writer)

    # As it is for whom it is opened by next: a copy, for this process still has the old files.
    shutil.copyfile(path, tmp_path / "next.db")
    assert incidents(tmp_path / "next.db") == [1]


def test_all_that_daemons_and_commands_do_is_no_loss(store: Store, path: Path) -> None:
    ended = threading.Event()

    def others_write() -> None:
        with closing(connect(path)) as connection:
            connection.execute("PRAGMA wal_autocheckpoint = 1")
            # Now and then the others get their turn.
            while not ended.wait(0.005):
                connection.execute("INSERT INTO words (text, last_used) VALUES (hex(randomblob(2000)), 0)")
                connection.execute("DELETE FROM words WHERE last_used = 0")
                connection.execute("PRAGMA incremental_vacuum(1)").fetchall()

    thread = threading.Thread(target=others_write)
    thread.start()
    for second in range(100):
        store.writer.alive(START + second, [])
        store.writer.look_at_files()
        with closing(open_outbox(path)) as outbox:
            outbox.next_due("oncall/hook", as_tickets=False)
    ended.set()
    thread.join()


def test_looking_takes_no_lock_away_from_sqlite(store: Store, path: Path) -> None:
    store.writer.look_at_files()

    with closing(sqlite3.connect(path)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(sqlite3.OperationalError, match="locked"), closing(sqlite3.connect(path, 0)) as third:
            third.execute("BEGIN IMMEDIATE")


# ---------------------------------------------------------------- at the start


def test_a_killed_daemons_log_is_not_written_into_a_new_database(store: Store, path: Path, tmp_path: Path) -> None:
    after_kill = tmp_path / "healthmon.db"
    shutil.copyfile(f"{path}-wal", f"{after_kill}-wal")

    writer = open_writer(after_kill, now=START)

    assert writer.trace_of_former == Path(f"{after_kill}-wal")
    assert incidents(after_kill) == []
    assert len(list(tmp_path.glob("healthmon.db-wal.*.leftover"))) == 1
    writer.close()


def test_a_killed_daemons_log_is_not_written_into_a_copy_that_is_put_back(
    store: Store, path: Path, tmp_path: Path
) -> None:
    back_up(path, tmp_path / "backup.db", overwrite=False, on_progress=lambda _done, _pages: None)
    store.book(incidents={2: incident(2)})
    after_kill = tmp_path / "killed" / "healthmon.db"
    after_kill.parent.mkdir()
    shutil.copyfile(f"{path}-wal", f"{after_kill}-wal")
    shutil.copyfile(tmp_path / "backup.db", after_kill)
    said: list[str] = []

    with pytest.raises(ForeignDatabase, match="is the log of another file; the daemon takes it away"):
        recognise(after_kill)
    writer = open_writer(after_kill, now=START + 60, on_migrating=said.append)

    assert len(list(after_kill.parent.glob("healthmon.db-wal.*.leftover"))) == 1
    assert said == [f"{after_kill}: a copy has been put back; the log of the file before it is set aside"]
    writer.close()
    assert incidents(after_kill) == [1]


def test_an_empty_file_where_a_database_was_is_no_first_start(tmp_path: Path) -> None:
    path = tmp_path / "healthmon.db"
    path.touch()
    (tmp_path / "healthmon.db.20260501T120000Z.schema3.backup").touch()

    with closing(open_writer(path, now=START)) as writer:
        assert writer.trace_of_former == tmp_path / "healthmon.db.20260501T120000Z.schema3.backup"


def test_a_start_that_failed_before_there_was_a_database_leaves_no_trace_of_one(tmp_path: Path) -> None:
    (tmp_path / "healthmon.db.lock").touch()

    assert trace_of_former(tmp_path / "healthmon.db") is None


def test_damage_is_found_at_the_start_after_a_kill_too(store: Store, path: Path, tmp_path: Path) -> None:
    store.writer.alive(START, [])
    copy = tmp_path / "healthmon.db"
    for end in ("", "-wal"):
        shutil.copyfile(f"{path}{end}", f"{copy}{end}")
    with copy.open("r+b") as file:
        file.seek(8 * 4096)
        file.write(b"\xa5" * 4096 * 20)

    with pytest.raises(ForeignDatabase, match="the file is damaged"):
        open_writer(copy, now=START)
