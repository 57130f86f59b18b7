"""Folders that everybody may write to: SQLite's temporary files, and the folder of the demo."""

from __future__ import annotations

import ctypes
import os
import shutil
import sqlite3
import stat
import struct
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from healthmon.cli.demo import command as demo
from healthmon.demo.daemon import DemoDaemon
from healthmon.demo.day import Day
from tests.security.hands import GROUP, USER, Scene, in_a_child, needs_root

pytestmark = needs_root

#: What ``db prune`` does with a file of an older healthmon.
REWRITE = """
import sys
from pathlib import Path
from healthmon.store.sqlite.connect import connect
from healthmon.store.sqlite.space import rewrite
path = Path(sys.argv[1])
rewrite(connect(path), path)
"""
#: SQLite takes the names of its temporary files from there; with this they can be foretold.
FORETOLD = 'mount --bind /dev/zero /dev/urandom && exec "$@"'

_IN_CREATE = 0x100
_EVENT = struct.Struct("iIII")


@pytest.fixture
def everybodys(scene: Scene) -> Path:
    """A folder like /var/tmp."""
    folder = scene.folder / "tmp"
    folder.mkdir()
    folder.chmod(0o1777)
    return folder


def created_in(folder: Path, work: Callable[[], object]) -> list[str]:
    """The names of all that is made in a folder meanwhile, also of what is removed at once."""
    libc = ctypes.CDLL(None, use_errno=True)
    watch = libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
    assert libc.inotify_add_watch(watch, os.fsencode(folder), _IN_CREATE) >= 0
    work()
    said = os.read(watch, 65536)
    os.close(watch)
    return list(_names(said))


def _names(said: bytes) -> Iterator[str]:
    while said:
        *_, length = _EVENT.unpack_from(said)
        yield said[_EVENT.size : _EVENT.size + length].rstrip(b"\0").decode()
        said = said[_EVENT.size + length :]


def rewrite(database: Path, temporary: Path) -> subprocess.CompletedProcess[str]:
    """Write a database anew, as root, with temporary files in a folder and with names that can be foretold."""
    words = ["unshare", "--mount", "sh", "-c", FORETOLD, "sh", sys.executable, "-c", REWRITE, str(database)]
    environ = {**os.environ, "SQLITE_TMPDIR": str(temporary)}
    return subprocess.run(words, capture_output=True, text=True, check=False, env=environ)


def large_database(path: Path) -> Path:
    """One that is not written anew in memory."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE filler (words TEXT)")
        connection.executemany("INSERT INTO filler VALUES (?)", [("x" * 1000,)] * 8000)
        connection.commit()
    return path


def copy_of(database: Path) -> Path:
    """A copy that may be written anew."""
    return Path(shutil.copy(database, database.with_name("copy.db")))


@pytest.mark.parametrize("kind", ["a link to what is there", "a link to what is not there", "a second name"])
def test_a_link_under_the_name_of_a_temporary_file_of_sqlite_harms_nothing(
    scene: Scene, everybodys: Path, kind: str
) -> None:
    database = large_database(scene.roots / "large.db")
    names, again = (created_in(everybodys, lambda: rewrite(copy_of(database), everybodys)) for _ in range(2))
    assert names == again and all(name.startswith("etilqs_") for name in names)
    missing = scene.roots / "missing"
    for name in names:
        link = everybodys / name
        if kind == "a second name":
            link.hardlink_to(scene.victim)
        else:
            link.symlink_to(scene.victim if kind == "a link to what is there" else missing)
            os.chown(link, USER, GROUP, follow_symlinks=False)
    facts = scene.victim.read_bytes(), scene.victim.stat()

    done = rewrite(database, everybodys)

    assert (scene.victim.read_bytes(), scene.victim.stat()) == facts
    assert not missing.exists()
    # SQLite takes another name where it sees one, and gives up where it does not.
    assert done.returncode == 0 or "unable to open database file" in done.stderr
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("SELECT count(*) FROM filler").fetchone() == (8000,)


@pytest.mark.parametrize("kind", ["a link", "a folder"])
def test_a_link_in_the_place_of_the_folder_of_the_demo_harms_nothing(scene: Scene, everybodys: Path, kind: str) -> None:
    target = scene.roots / "target"
    target.mkdir()
    planted = everybodys / "healthmon-demo-planted"
    if kind == "a link":
        planted.symlink_to(target)
        os.chown(planted, USER, GROUP, follow_symlinks=False)
    else:
        planted.mkdir(0o777)
        os.chown(planted, USER, GROUP)

    def look(daemon: DemoDaemon) -> None:
        folder = daemon.config.parent
        facts = folder.stat()
        mode = f"{stat.S_IMODE(facts.st_mode):o} {stat.S_IMODE(daemon.config.stat().st_mode):o}"
        os.write(2, f"{folder.name} {facts.st_uid} {mode}\n".encode())

    def work() -> None:
        names = iter(["planted", "ours"])
        tempfile._get_candidate_names = lambda: names  # type: ignore[attr-defined]
        tempfile.tempdir = str(everybodys)
        Day.play = lambda day: look(day._daemon)  # type: ignore[method-assign, assignment]
        demo.callback(open_for=None)  # type: ignore[misc]

    done = in_a_child(work)

    assert done.code == 0, done.said
    assert "healthmon-demo-ours 0 700 600" in done.said
    assert list(target.iterdir()) == []
    assert [each.name for each in everybodys.iterdir()] == ["healthmon-demo-planted"]
