"""The database is truncated, replaced, deleted or renamed while healthmon runs, or cannot be used at the start."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.system.accounts import booked
from tests.system.daemon import Daemon
from tests.system.disks import small_tmpfs
from tests.system.fake_scene import FakeScene, fake_scene

ROOT = Path(__file__).parents[2]

LOST = "DOWN healthmon: its database cannot be used any more"
REFUSED = "DOWN healthmon: it does not start, nothing is watched"
AGAIN = "UP healthmon: it runs again"
ANEW = "healthmon: its database was gone, a new one begins"
SET_RIGHT = "healthmon: its database was not in order, and was set right"

#: What is promised (seconds).
NOTICED_WITHIN = 10.0


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[FakeScene]:
    """A daemon whose database is in a folder of its own; phone 101 is down, and that was told."""
    folder = tmp_path / "data"
    folder.mkdir()
    with fake_scene(tmp_path, database=folder / "healthmon.db") as built:
        built.down("101")
        built.sink.wait_for_text("DOWN phone 101")
        yield built


def ended(daemon: Daemon) -> str:
    """Wait until it has ended for its database, in the time that is promised; return its log."""
    began_at, before = time.monotonic(), len(daemon.log())
    code = daemon.process.wait(NOTICED_WITHIN + 10)
    log = daemon.log()[before:]
    assert code == 74, log
    assert log.count("healthmon stops") <= 1
    # It is noticed at once; then what runs is stopped, and everybody is told.
    assert time.monotonic() - began_at < NOTICED_WITHIN, log
    assert "Traceback" not in log
    return log


# --------------------------------------------------------- while it runs (every kind: tests/store/sqlite/test_guard.py)


def test_database_that_is_truncated_while_running_is_noticed_and_told_directly(scene: FakeScene) -> None:
    database = scene.daemon.database
    os.truncate(database, 0)

    log = ended(scene.daemon)

    assert "it was emptied while healthmon used it" in scene.sink.wait_for_text(LOST, timeout=1).body
    assert "it was emptied while healthmon used it" in log
    # The next start begins a new history, says so, and the old log is not written into it.
    assert database.read_bytes() == b""
    scene.daemon.start()
    assert "healthmon.db.told-directly tells of one before" in scene.sink.wait_for_text(ANEW).body
    assert booked(database) == []


def backed_up(scene: FakeScene, folder: Path) -> Path:
    """A backup of what is booked so far."""
    backup = folder / "backup.db"
    done = scene.daemon.command("db", "backup", str(backup))
    assert done.returncode == 0, done.stderr
    return backup


def test_backup_that_is_copied_over_it_while_running_is_noticed_and_used_at_the_next_start(
    scene: FakeScene, tmp_path: Path
) -> None:
    database = scene.daemon.database
    backup = backed_up(scene, tmp_path)
    scene.down("102")
    shutil.copyfile(backup, database)

    ended(scene.daemon)

    assert "something else was written over it" in scene.sink.wait_for_text(LOST, timeout=1).body
    assert database.read_bytes() == backup.read_bytes()
    scene.daemon.start()
    assert [one.target.resource for one in booked(database)] == ["101"]
    assert scene.daemon.command("db", "check").returncode == 0


def test_database_that_is_replaced_while_running_is_noticed_and_the_start_uses_the_other(
    scene: FakeScene, tmp_path: Path
) -> None:
    database = scene.daemon.database
    backup = backed_up(scene, tmp_path)
    scene.down("102")
    backup.replace(database)
    there = database.read_bytes()

    ended(scene.daemon)

    assert "another file was put in its place" in scene.sink.wait_for_text(LOST, timeout=1).body
    assert database.read_bytes() == there
    assert not Path(f"{database}-wal").exists()
    [former] = database.parent.glob("*.replaced")
    assert [one.target.resource for one in booked(former)] == ["101", "102"]
    scene.daemon.start()
    assert scene.daemon.state("PJSIP/101") == "down"
    assert ANEW not in scene.subjects


def test_database_that_is_deleted_while_running_is_put_back_and_said(scene: FakeScene) -> None:
    database = scene.daemon.database
    database.unlink()

    log = ended(scene.daemon)

    told = scene.sink.wait_for_text(LOST, timeout=1)
    assert "it was deleted or renamed while healthmon used it; it was put back" in told.body
    assert "it was put back" in log
    scene.daemon.start()
    assert scene.daemon.state("PJSIP/101") == "down"
    assert [one.target.resource for one in booked(database)] == ["101"]
    scene.up("101")
    scene.sink.wait_for_text("UP phone 101")
    assert [subject for subject in scene.subjects if subject.startswith("DOWN phone")] == [scene.subjects[0]]


def test_log_beside_it_that_is_replaced_while_running_is_written_back_and_said(
    scene: FakeScene, tmp_path: Path
) -> None:
    log = Path(f"{scene.daemon.database}-wal")
    shutil.copyfile(log, tmp_path / "of-another")
    (tmp_path / "of-another").replace(log)

    ended(scene.daemon)

    told = scene.sink.wait_for_text(LOST, timeout=1)
    assert "its healthmon.db-wal was deleted or replaced while healthmon used it" in told.body
    assert not log.exists()
    scene.daemon.start()
    assert scene.daemon.state("PJSIP/101") == "down"
    assert scene.daemon.command("db", "check").returncode == 0


def test_index_beside_it_that_is_emptied_while_running_ends_it_and_the_next_start_says_so(scene: FakeScene) -> None:
    os.truncate(f"{scene.daemon.database}-shm", 0)

    assert scene.daemon.process.wait(NOTICED_WITHIN) == -signal.SIGBUS

    before = len(scene.daemon.log())
    scene.daemon.start()
    assert scene.daemon.log()[before:].count("the last healthmon ended without a farewell") == 1
    assert scene.daemon.state("PJSIP/101") == "down"
    assert [subject for subject in scene.subjects if "healthmon" in subject] == [], "no alarm for what is over"
    scene.daemon.stop()
    before = len(scene.daemon.log())
    scene.daemon.start()
    assert "without a farewell" not in scene.daemon.log()[before:]


def test_directory_that_is_replaced_while_running_gets_the_database_again(scene: FakeScene) -> None:
    folder = scene.daemon.database.parent
    folder.rename(folder.with_name("old"))
    folder.mkdir()

    ended(scene.daemon)

    assert "it was put back" in scene.sink.wait_for_text(LOST, timeout=1).body
    scene.daemon.start()
    assert scene.daemon.state("PJSIP/101") == "down"


def test_database_that_is_lost_again_within_the_hour_is_told_once_and_that_it_runs_again_too(tmp_path: Path) -> None:
    program = (sys.executable, "-m", "tests.system.hasty", str(tmp_path / "stuck"))
    with fake_scene(tmp_path, program=program, environ={"PYTHONPATH": str(ROOT)}) as scene:
        scene.daemon.database.unlink()
        ended(scene.daemon)
        scene.daemon.start()
        scene.sink.wait_for_text(AGAIN)
        scene.daemon.database.unlink()

        log = ended(scene.daemon)

        assert scene.subjects == [LOST, AGAIN]
        assert "nobody is told of it again" in log


# ---------------------------------------------------------------- at the start


def test_start_that_finds_no_database_though_there_was_one_says_so_and_watches_on(scene: FakeScene) -> None:
    scene.daemon.stop()
    scene.daemon.database.unlink()

    scene.daemon.start()

    assert "healthmon.db.told-directly tells of one before" in scene.sink.wait_for_text(ANEW).body
    assert "it was missing or empty" in scene.daemon.log()
    scene.down("102")
    scene.sink.wait_for_text("DOWN phone 102")


def test_start_without_a_database_after_a_kill_does_not_write_the_old_log_into_the_new_one(scene: FakeScene) -> None:
    scene.daemon.kill()
    scene.daemon.database.unlink()

    scene.daemon.start()

    assert scene.sink.wait_for_text(ANEW)
    assert len(list(scene.daemon.database.parent.glob("healthmon.db-wal.*.leftover"))) == 1
    assert booked(scene.daemon.database) == []
    assert scene.daemon.command("db", "check").returncode == 0


def test_start_with_an_older_raw_copy_after_a_kill_sets_the_log_aside_and_says_so(
    scene: FakeScene, tmp_path: Path
) -> None:
    scene.daemon.stop()
    shutil.copyfile(scene.daemon.database, tmp_path / "last-night.db")
    scene.daemon.start()
    scene.down("102")
    scene.sink.wait_for_text("DOWN phone 102")
    scene.daemon.kill()
    shutil.copyfile(tmp_path / "last-night.db", scene.daemon.database)

    refused = scene.daemon.command("status")
    scene.daemon.start()

    assert (refused.returncode, "is the log of another file" in refused.stderr) == (73, True)
    told = scene.sink.wait_for_text(SET_RIGHT)
    assert "a copy has been put back; the log of the file before it is set aside" in told.body
    assert len(list(scene.daemon.database.parent.glob("healthmon.db-wal.*.leftover"))) == 1
    assert scene.daemon.command("db", "check").returncode == 0


def test_first_start_says_nothing_of_a_former_database(tmp_path: Path) -> None:
    with fake_scene(tmp_path) as scene:
        scene.down("101")
        scene.sink.wait_for_text("DOWN phone 101")

        assert ANEW not in scene.subjects


def damage(database: Path) -> None:
    """Overwrite pages in its middle."""
    with database.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xa5" * 4096 * 5)


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_start_on_a_damaged_file_is_told_directly_once_an_hour_and_exits_73(scene: FakeScene, end: str) -> None:
    getattr(scene.daemon, end)()
    damage(scene.daemon.database)

    first, second = (scene.daemon.command("run") for _ in range(2))

    assert (first.returncode, second.returncode) == (73, 73), first.stderr
    assert "the file is damaged" in scene.sink.wait_for_text(REFUSED, timeout=1).body
    assert scene.subjects.count(REFUSED) == 1
    assert "nobody is told of it again" in second.stderr
    assert "Traceback" not in first.stderr


def test_start_with_a_value_that_cannot_be_is_told_directly_and_exits_73(scene: FakeScene) -> None:
    scene.daemon.stop()
    with closing(sqlite3.connect(scene.daemon.database)) as connection, connection:
        connection.execute("UPDATE states SET since = 'garbage'")

    done = scene.daemon.command("run")

    assert done.returncode == 73, done.stderr
    assert "states: values of another kind than they should be" in scene.sink.wait_for_text(REFUSED, timeout=1).body
    assert "Traceback" not in done.stderr


def test_start_on_a_full_disk_is_told_directly_once_an_hour_and_exits_73(tmp_path: Path) -> None:
    with small_tmpfs(tmp_path) as disk, fake_scene(tmp_path, database=disk.folder / "healthmon.db") as scene:
        scene.daemon.stop()
        disk.fail(0)

        first, second = (scene.daemon.command("run") for _ in range(2))

        assert (first.returncode, second.returncode) == (73, 73), first.stderr
        assert str(scene.daemon.database) in scene.sink.wait_for_text(REFUSED, timeout=1).body
        assert scene.subjects.count(REFUSED) == 1
        disk.recover(0)
        scene.daemon.start()
        assert scene.daemon.command("db", "check").returncode == 0


def test_start_that_nobody_could_be_told_of_is_told_by_the_next(scene: FakeScene) -> None:
    scene.daemon.stop()
    damage(scene.daemon.database)
    scene.sink.mode = "500"
    scene.daemon.command("run")
    scene.sink.mode = "ok"

    scene.daemon.command("run")

    assert scene.subjects.count(REFUSED) == 1


def test_second_daemon_tells_nobody_that_healthmon_does_not_start(scene: FakeScene) -> None:
    assert scene.daemon.command("run").returncode == 73

    assert REFUSED not in scene.subjects
