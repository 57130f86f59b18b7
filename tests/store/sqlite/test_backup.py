"""A copy of the database: of one moment, whole, looked through, and never in the way of anything."""

from __future__ import annotations

import os
import sqlite3
import stat
from contextlib import closing
from pathlib import Path
from threading import Event, Thread
from types import SimpleNamespace

import pytest

from healthmon.errors import ForeignDatabase, SchemaTooNew, StoreError
from healthmon.model import Health
from healthmon.store.read.queries import open_reader
from healthmon.store.schema import MIGRATIONS
from healthmon.store.sqlite.backup import Backup, BackupRefused, back_up
from healthmon.store.sqlite.connect import connect
from healthmon.store.write.writer import open_writer
from tests.store.make_fixture import fill
from tests.store.scene import START, Store, by_key, state, transition

LATER = START + 1000


def copy(store: Store, name: str = "copy.db", *, overwrite: bool = False) -> Backup:
    return back_up(store.path, store.path.parent / name, overwrite=overwrite, on_progress=lambda done, total: None)


def changes(path: Path) -> int:
    with open_reader(path) as reader:
        return sum(len(history.transitions) for history in reader.history(START, START + 1e6))


def test_a_copy_is_one_plain_file_that_a_daemon_goes_on_with(store: Store) -> None:
    fill(store, len(MIGRATIONS))
    store.restart(LATER)
    remembered = store.writer.load()

    made = copy(store)

    assert made == Backup(made.path, made.path.stat().st_size, len(MIGRATIONS))
    assert stat.S_IMODE(made.path.stat().st_mode) == 0o640
    assert {each.name for each in made.path.parent.iterdir() if each.name.startswith("copy")} == {"copy.db"}
    writer = open_writer(made.path, now=LATER)
    assert writer.load() == remembered
    writer.close()


def test_a_copy_of_a_database_without_a_daemon(store: Store) -> None:
    fill(store, len(MIGRATIONS))
    store.stop()

    assert changes(copy(store).path) == changes(store.path) > 0


def test_a_copy_is_of_one_moment_however_busy_the_daemon_is(store: Store) -> None:
    many = [transition(START + number, Health.UP) for number in range(60_000)]
    store.book(states=by_key(state()), transitions=many)
    began, done = Event(), Event()

    def work() -> None:
        began.wait(10)
        number = 60_000
        while not done.is_set():
            store.book(transitions=[transition(START + number, Health.UP)])
            number += 1

    daemon = Thread(target=work)
    daemon.start()
    steps = []

    def on_progress(done_pages: int, total: int) -> None:
        began.set()
        steps.append((done_pages, total))

    made = back_up(store.path, store.path.with_name("copy.db"), overwrite=False, on_progress=on_progress)
    done.set()
    daemon.join()

    assert changes(made.path) == 60_000
    assert steps[-1][0] == steps[-1][1], "it has said that it is done"


def test_a_file_that_exists_is_replaced_only_if_that_is_wanted(store: Store) -> None:
    store.book(states=by_key(state()))
    copy(store)
    store.book(transitions=[transition(START + 5, Health.UP)])

    with pytest.raises(BackupRefused, match=r"copy\.db: this file exists; --overwrite replaces it"):
        copy(store)
    assert changes(store.path.with_name("copy.db")) == 0
    assert changes(copy(store, overwrite=True).path) == 1


def test_what_cannot_be_written_is_said_in_a_sentence(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    (store.path.parent / "folder").mkdir()

    for name, why in {
        "nowhere/copy.db": r"the directory .*nowhere does not exist",
        "folder": "this is a directory; name the file",
        store.path.name: "this is the database itself",
        f"{store.path.name}-wal": "this belongs to the database itself",
        f"{store.path.name}.lock": "this belongs to the database itself",
    }.items():
        with pytest.raises(BackupRefused, match=why):
            copy(store, name, overwrite=True)
    monkeypatch.setattr(os, "statvfs", lambda _folder: SimpleNamespace(f_bavail=1000, f_frsize=1))
    with pytest.raises(BackupRefused, match=r"the copy needs 0 MB, and 0 MB are free in"):
        copy(store)
    assert not list(store.path.parent.glob("copy*"))


def test_what_is_no_database_of_ours_is_not_copied(folder: Path) -> None:
    path = folder / "healthmon.db"

    def refused(why: str) -> None:
        with pytest.raises(StoreError, match=why):
            back_up(path, folder / "copy.db", overwrite=False, on_progress=lambda done, total: None)
        assert not list(folder.glob("copy*"))

    refused("there is no database here yet")
    path.write_text("hello")
    refused("not a database, or it is damaged")
    path.unlink()
    Store(path).stop()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    with pytest.raises(SchemaTooNew):
        back_up(path, folder / "copy.db", overwrite=False, on_progress=lambda done, total: None)


def test_damage_shows_in_the_copy_which_is_not_kept(store: Store) -> None:
    store.book(states=by_key(state()), transitions=[transition(START + at, Health.UP) for at in range(20_000)])
    with closing(connect(store.path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with store.path.open("r+b") as file:
        file.seek(100 * 4096)
        file.write(b"\xa5" * 4096)

    # The daemon's log is not empty, so that nobody looks through the file before.
    store.book(transitions=[transition(START + 30_000, Health.UP)])
    with pytest.raises(ForeignDatabase, match="the copy is damaged, and so may be the database"):
        copy(store)
    assert not list(store.path.parent.glob("copy*"))
