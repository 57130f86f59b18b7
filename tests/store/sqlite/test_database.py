"""The file itself: made with care, refused with one sentence, never harmed."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from healthmon.errors import DatabaseLocked, DatabaseUnwritable, ForeignDatabase, SchemaTooNew, StoreError
from healthmon.model import Freshness
from healthmon.store.read.queries import open_reader
from healthmon.store.schema import MIGRATIONS
from healthmon.store.sqlite import database
from healthmon.store.sqlite.connect import errors_named
from healthmon.store.sqlite.lock import Lock, look_at_lock
from healthmon.store.write.writer import open_writer
from tests.store.scene import START, Store, by_key, state, transition


def foreign_sqlite(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE calls (id INTEGER)")
    connection.close()


def text(path: Path) -> None:
    path.write_text("[healthmon]\ndatabase = /var/lib/healthmon/healthmon.db\n" * 20)


def short_text(path: Path) -> None:
    path.write_text("x")


def corrupt_header(path: Path) -> None:
    _made(path)
    with path.open("r+b") as file:
        file.write(b"\0" * 16)


def end_missing(path: Path) -> None:
    _made(path)
    os.truncate(path, path.stat().st_size - 4096)


def corrupt_page(path: Path) -> None:
    _made(path)
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xa5" * 4096)


def _made(path: Path) -> None:
    store = Store(path)
    store.book(states=by_key(state()))
    store.stop()
    path.with_name(path.name + ".lock").unlink()


@pytest.mark.parametrize("opened", [lambda path: open_writer(path, now=START), open_reader], ids=["daemon", "command"])
@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (foreign_sqlite, "another program"),
        (text, "not a database"),
        (short_text, "not a database"),
        (corrupt_header, "not a database, or it is damaged"),
        (end_missing, "its end is missing"),
        (corrupt_page, "the file is damaged"),
    ],
)
def test_a_damaged_or_foreign_file_is_refused_and_left_untouched(
    folder: Path, spoil: Callable[[Path], None], sentence: str, opened: Callable[[Path], object]
) -> None:
    path = folder / "healthmon.db"
    spoil(path)
    before = path.read_bytes()

    with pytest.raises(ForeignDatabase, match=sentence) as refused:
        opened(path)

    assert "\n" not in str(refused.value)
    assert path.read_bytes() == before
    assert {each.name for each in folder.iterdir()} <= {"healthmon.db", "healthmon.db.lock"}


def test_an_empty_file_holds_nothing_and_is_taken(folder: Path) -> None:
    path = folder / "healthmon.db"
    path.touch()

    Store(path).stop()

    with open_reader(path) as reader:
        assert reader.states() == []


@pytest.mark.parametrize("opened", [lambda path: open_writer(path, now=START), open_reader], ids=["daemon", "command"])
def test_a_directory_is_refused(folder: Path, opened: Callable[[Path], object]) -> None:
    (folder / "healthmon.db").mkdir()

    with pytest.raises(StoreError, match=r"directory|no database"):
        opened(folder / "healthmon.db")


def test_a_missing_directory_is_one_clear_sentence(folder: Path) -> None:
    with pytest.raises(StoreError) as refused:
        open_writer(folder / "lib" / "healthmon.db", now=START)

    assert str(refused.value).startswith(
        f"{folder}/lib/healthmon.db: the directory {folder}/lib does not exist; make it"
    )


def test_a_missing_file_is_one_clear_sentence_for_a_command_and_is_not_made(folder: Path) -> None:
    with pytest.raises(StoreError, match="there is no database here yet"):
        open_reader(folder / "healthmon.db")

    assert list(folder.iterdir()) == []


def test_a_new_database_can_be_read_by_the_group_and_nobody_else(folder: Path) -> None:
    umask = os.umask(0)
    try:
        store = Store(folder / "healthmon.db")
    finally:
        os.umask(umask)
    store.book(states=by_key(state()))

    modes = {each.name: stat.S_IMODE(each.stat().st_mode) for each in folder.iterdir()}
    store.stop()

    readable = dict.fromkeys(["healthmon.db", "healthmon.db-shm", "healthmon.db-wal"], 0o640)
    assert modes == {**readable, "healthmon.db.lock": 0o600}


def test_a_name_with_signs_of_its_own_is_no_trouble(folder: Path) -> None:
    path = folder / "health?mon#1 %41;&x=y.db"

    Store(path).stop()

    with open_reader(path) as reader:
        assert reader.states() == []
    assert path.exists()


def test_a_half_made_database_of_a_daemon_that_died_is_in_nobodys_way(folder: Path) -> None:
    (folder / "healthmon.db.new").write_bytes(b"SQLite format 3\0 half")

    Store(folder / "healthmon.db").stop()

    assert sorted(each.name for each in folder.iterdir()) == ["healthmon.db", "healthmon.db.lock"]


def test_what_a_newer_healthmon_wrote_is_refused(folder: Path) -> None:
    path = folder / "healthmon.db"
    Store(path).stop()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()

    with pytest.raises(
        SchemaTooNew, match=rf"written by a newer healthmon \(schema 99; this one knows up to {len(MIGRATIONS)}\)"
    ):
        open_writer(path, now=START)
    with pytest.raises(SchemaTooNew):
        open_reader(path)


def test_a_second_daemon_is_refused_and_told_which_process_is_first(store: Store) -> None:
    program = "import sys; from pathlib import Path; from healthmon.store.write.writer import open_writer\n"
    program += "try: open_writer(Path(sys.argv[1]), now=1.0)\nexcept Exception as error: print(repr(error))"

    second = subprocess.run(
        [sys.executable, "-c", program, str(store.path)], capture_output=True, text=True, check=True
    )

    assert "DatabaseLocked" in second.stdout
    assert f"another healthmon (process {os.getpid()}) is using this database" in second.stdout


def test_the_next_daemon_may_start_when_the_first_has_stopped(store: Store) -> None:
    with pytest.raises(DatabaseLocked):
        open_writer(store.path, now=START)

    store.restart(START + 10)


def test_a_refused_daemon_leaves_the_lock_to_the_next(folder: Path) -> None:
    path = folder / "healthmon.db"
    text(path)
    with pytest.raises(ForeignDatabase):
        open_writer(path, now=START)
    path.unlink()

    Store(path).stop()


def test_a_command_that_looks_at_the_lock_does_not_keep_a_daemon_from_starting(folder: Path) -> None:
    path = folder / "healthmon.db"
    for _ in range(50):
        assert not look_at_lock(path).is_held
        lock = Lock(path)
        assert look_at_lock(path).pid == os.getpid()
        lock.release()


def test_the_daemon_can_be_seen_to_run_and_to_have_stopped(store: Store) -> None:
    store.writer.alive(START + 10, [])
    with store.reading() as reader:
        running = reader.daemon()
    store.stop()
    with store.reading() as reader:
        stopped = reader.daemon()

    assert (running.is_running, running.pid, running.started_at, running.alive_at) == (
        True,
        os.getpid(),
        START,
        START + 10,
    )
    assert (stopped.is_running, stopped.pid, stopped.alive_at) == (False, None, START + 10)


def test_damage_that_shows_itself_later_is_named_as_such(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # A file too big to be looked through at the start.
    monkeypatch.setattr(database, "CHECKED_UP_TO_BYTES", 0)
    path = folder / "healthmon.db"
    store = Store(path)
    store.book(states=by_key(state()), transitions=[transition(START + each, None) for each in range(500)])
    store.stop()
    with path.open("r+b") as file:
        file.seek(8 * 4096)
        file.write(b"\xa5" * (path.stat().st_size - 8 * 4096))

    with pytest.raises(ForeignDatabase, match="the file is damaged"):
        open_writer(path, now=START + 10).load()


def test_a_file_that_may_not_be_written_is_said_to_be_so(folder: Path) -> None:
    path = folder / "healthmon.db"
    Store(path).stop()
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)

    with pytest.raises(DatabaseUnwritable, match="read-only"), errors_named(path):
        connection.execute("UPDATE daemon SET alive_at = 1")
    connection.close()


def test_value_that_was_overwritten_is_damage_and_no_traceback(store: Store) -> None:
    store.book(states=by_key(state(flap_changes=(START, START + 1))))
    with closing(sqlite3.connect(store.path)) as connection, connection:
        connection.execute("UPDATE states SET flap_changes = char(0, 0, 0, 0)")

    with pytest.raises(ForeignDatabase, match="the file is damaged"), open_reader(store.path) as reader:
        reader.states()


@pytest.mark.parametrize(
    ("overwrite", "said"),
    [
        ("UPDATE checks SET kind = 'garbage'", "'garbage' is none of those"),
        ("UPDATE transitions SET new_health = 99", "99 is none of those"),
        ("UPDATE transitions SET new_health = x'ff00'", "is none of those"),
    ],
)
def test_a_word_or_number_that_means_nothing_is_damage_and_no_traceback(
    store: Store, overwrite: str, said: str
) -> None:
    store.book(states=by_key(state()), transitions=[transition(START, None)])
    with closing(sqlite3.connect(store.path)) as connection, connection:
        connection.execute("PRAGMA ignore_check_constraints = 1")
        connection.execute(overwrite)

    with pytest.raises(ForeignDatabase, match=said), open_reader(store.path) as reader:
        for watched in reader.meters().watched(0, START + 100):
            reader.meters().changes(watched.id, 0, START + 100)


def test_a_time_of_freshness_that_is_a_text_is_damage_and_no_traceback(store: Store) -> None:
    store.writer.alive(START, (Freshness(pbx="office", alive_at=START),))
    with closing(sqlite3.connect(store.path)) as connection, connection:
        connection.execute("UPDATE freshness SET alive_at = 'garbage'")

    with pytest.raises(ForeignDatabase, match="the file is damaged"), open_reader(store.path) as reader:
        list(reader.freshness())
