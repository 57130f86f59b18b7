"""A member of the group, who may only read, keeps no daemon from starting; which lock of SQLite he holds, is told."""

from __future__ import annotations

import fcntl
import os
import sqlite3
import subprocess
from pathlib import Path

import pytest

from healthmon.errors import DatabaseBusy, DatabaseLocked
from healthmon.store.read.queries import open_reader
from healthmon.store.sqlite import connect
from healthmon.store.sqlite.beside import lock_path
from healthmon.store.sqlite.connect import errors_named
from healthmon.store.sqlite.lock import Lock, look_at_lock
from healthmon.store.write.writer import open_writer
from tests.security.hands import GROUP, MEMBER, USER, held, in_a_child, needs_root
from tests.store.scene import START, Store

#: Bytes of -shm that a writer locks: to write, to checkpoint, to recover (sqlite.org/walformat.html).
WRITE, CHECKPOINT, RECOVER = 120, 121, 122


def old_lock(store: Path, pid: int) -> Path:
    """The lock that an older healthmon left, with the number of its process."""
    path = lock_path(store)
    path.write_text(f"{pid}\n")
    path.chmod(0o640)
    return path


def no_process() -> int:
    """The number of a process that is over."""
    with subprocess.Popen(["true"]) as process:
        process.wait()
    return process.pid


def test_a_new_lock_can_be_opened_by_the_daemons_user_alone(folder: Path) -> None:
    lock = Lock(folder / "healthmon.db")

    assert lock_path(folder / "healthmon.db").stat().st_mode & 0o777 == 0o600
    lock.release()


def test_the_lock_of_an_older_healthmon_is_replaced_in_an_upgrade(folder: Path) -> None:
    database = folder / "healthmon.db"
    path = old_lock(database, no_process())
    with path.open("rb") as opened_before:
        lock = Lock(database)

        fcntl.flock(opened_before, fcntl.LOCK_SH | fcntl.LOCK_NB)
        assert path.stat().st_mode & 0o777 == 0o600
        assert look_at_lock(database).pid == os.getpid()
        lock.release()
        Lock(database).release()
    assert [each.name for each in folder.iterdir()] == ["healthmon.db.lock"]


def test_a_reader_that_holds_the_lock_of_an_older_healthmon_does_not_keep_a_daemon_from_starting(folder: Path) -> None:
    database = folder / "healthmon.db"
    with held(old_lock(database, no_process())):
        lock = Lock(database)
        assert look_at_lock(database).pid == os.getpid()
        lock.release()


def test_an_older_daemon_that_still_runs_is_respected_in_an_upgrade(folder: Path) -> None:
    database = folder / "healthmon.db"
    path = old_lock(database, 0)
    with held(path) as pid:
        path.write_text(f"{pid}\n")
        with pytest.raises(DatabaseLocked, match=rf"another healthmon \(process {pid}\) is using this database"):
            Lock(database)


def test_an_older_daemon_that_is_started_later_is_refused_by_the_new_lock(folder: Path) -> None:
    database = folder / "healthmon.db"
    lock = Lock(database)

    # What it did: it made the lock its group's as well, and took it.
    lock_path(database).chmod(0o640)
    with lock_path(database).open("rb") as opened, pytest.raises(BlockingIOError):
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
    lock.release()


@needs_root
def test_a_member_of_the_group_cannot_hold_the_lock(folder: Path) -> None:
    store = Store(folder / "healthmon.db")
    store.stop()

    def hold() -> None:
        fcntl.flock(os.open(lock_path(store.path), os.O_RDONLY), fcntl.LOCK_SH)

    os.chown(folder, USER, GROUP)
    folder.chmod(0o755)
    for each in folder.iterdir():
        os.chown(each, USER, GROUP)
    assert "PermissionError" in in_a_child(hold, uid=MEMBER, gid=GROUP).said


# ---------------------------------------------------------------- what remains: SQLite's own locks


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for a lock."""
    monkeypatch.setattr(connect, "BUSY_TIMEOUT", 0.01)


@needs_root
def test_a_shared_lock_of_a_member_of_the_group_on_byte_120_is_met_with_who_holds_it(
    quick: None, library: Path
) -> None:
    store = Store(library / "healthmon.db")

    with held(library / "healthmon.db-shm", WRITE, uid=MEMBER, gid=GROUP) as pid:
        with pytest.raises(DatabaseBusy) as busy:
            store.writer.alive(START + 10, [])
        program = Path(f"/proc/{pid}/comm").read_text().strip()

    assert f"another process has kept it locked for more than 5 s: process {pid} ({program}) holds the lock" in str(
        busy.value
    )
    store.writer.alive(START + 20, [])
    store.stop()


@needs_root
def test_asking_who_holds_a_lock_frees_none_of_our_own(quick: None, library: Path) -> None:
    store = Store(library / "healthmon.db")
    with held(library / "healthmon.db-shm", WRITE, uid=MEMBER, gid=GROUP), pytest.raises(DatabaseBusy):
        store.writer.alive(START + 10, [])

    # SQLite's sign that somebody uses the log; who could take it would begin the log anew under us.
    taken = in_a_child(lambda: _take(library / "healthmon.db-shm", 128))

    assert "BlockingIOError" in taken.said
    store.stop()


def _take(path: Path, byte: int) -> None:
    fcntl.lockf(os.open(path, os.O_RDWR), fcntl.LOCK_EX | fcntl.LOCK_NB, 1, byte)


@needs_root
def test_a_lock_that_keeps_a_daemon_from_starting_is_met_with_who_holds_it(quick: None, library: Path) -> None:
    store = Store(library / "healthmon.db")
    store.writer.alive(START + 10, [])

    with held(library / "healthmon.db-shm", WRITE, uid=MEMBER, gid=GROUP) as pid:
        # As a daemon that was killed leaves it.
        store.writer._let_others_in()
        with pytest.raises(DatabaseBusy, match=rf"process {pid} "):
            open_writer(store.path, now=START + 20)


@needs_root
@pytest.mark.parametrize("byte", [WRITE, CHECKPOINT, RECOVER])
@pytest.mark.soak
def test_a_lock_of_a_reader_keeps_the_next_daemon_from_starting_with_a_sentence(byte: int, library: Path) -> None:
    database = library / "healthmon.db"

    def die() -> None:
        Store(database).writer.alive(START + 10, [])
        os._exit(0)

    assert not in_a_child(die).said

    # The first connection after a kill makes the index of the log anew; SQLite tries that for ten seconds.
    index = library / "healthmon.db-shm"
    with held(index, byte, uid=MEMBER, gid=GROUP) as pid, pytest.raises(DatabaseBusy, match=rf"process {pid} "):
        open_writer(database, now=START + 20)


def test_what_sqlite_calls_a_locking_protocol_is_a_lock_of_somebody_else(tmp_path: Path) -> None:
    error = sqlite3.OperationalError("locking protocol")
    error.sqlite_errorcode = sqlite3.SQLITE_PROTOCOL

    with pytest.raises(DatabaseBusy, match="another process has kept it locked"), errors_named(tmp_path / "hm.db"):
        raise error


@needs_root
def test_readers_go_on_while_somebody_holds_the_write_lock(quick: None, library: Path) -> None:
    store = Store(library / "healthmon.db")

    with held(library / "healthmon.db-shm", WRITE, uid=MEMBER, gid=GROUP), open_reader(store.path) as reader:
        assert reader.states() == []
    store.stop()
