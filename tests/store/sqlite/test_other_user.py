"""Another user of the daemon's group asks: while the daemon runs, after it stopped, after it was killed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from healthmon.model import Health
from healthmon.report.status.query import read_status
from healthmon.store.read.queries import open_reader
from healthmon.store.sqlite.beside import lock_path
from healthmon.store.sqlite.hindrance import Hindrance
from tests.store.scene import START, Store, by_key, state, transition

#: Of nobody.
GROUP, USER = 54321, 54322

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become another user")


@pytest.fixture
def library() -> Iterator[Path]:
    """Like /var/lib/healthmon: the group may look, nobody else may."""
    folder = Path(tempfile.mkdtemp(prefix="healthmon-"))
    os.chown(folder, 0, GROUP)
    # New files belong to the group, as they do where the daemon itself is of it.
    folder.chmod(0o2750)
    yield folder
    shutil.rmtree(folder)


def as_other_user(ask: Callable[[], str], group: int = GROUP) -> str:
    """Run something in a child process of another user; return what it said, or how it failed."""
    answers, answer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setgid(group)
            os.setuid(USER)
            said = ask()
        except Exception:  # noqa: BLE001 (whatever it is, the parent must hear of it)
            said = traceback.format_exc()
        os.write(answer, said.encode())
        os._exit(0)
    os.close(answer)
    with os.fdopen(answers) as file:
        said = file.read()
    os.waitpid(child, 0)
    return said


def what_is_believed(path: Path) -> Callable[[], str]:
    """Ask for the states and the last transition, and for the daemon."""

    def ask() -> str:
        with open_reader(path) as reader:
            beliefs = [each.belief for each in reader.states()]
            transitions = sum(len(each.transitions) for each in reader.history(START, START + 1000))
            return f"{beliefs} {transitions} running: {reader.daemon().is_running}"

    return ask


def how_it_stands(path: Path, now: float) -> Callable[[], str]:
    """Ask whether what is known is stale, and why."""

    def ask() -> str:
        with open_reader(path) as reader:
            found = read_status(reader, now)
        return f"stale: {found.is_stale}, {found.why_stale}"

    return ask


def test_while_the_daemon_runs(library: Path) -> None:
    store = Store(library / "healthmon.db")
    store.book(states=by_key(state()), transitions=[transition(START + 1, Health.UP)])
    files = sorted(library.iterdir())

    assert as_other_user(what_is_believed(store.path)) == "[<Health.UP: 'up'>] 1 running: True"

    store.book(states=by_key(state(belief=Health.DOWN)), transitions=[transition(START + 2, Health.DOWN)])
    assert as_other_user(what_is_believed(store.path)) == "[<Health.DOWN: 'down'>] 2 running: True"
    assert sorted(library.iterdir()) == files
    store.stop()


def test_while_the_daemon_runs_and_has_just_written_its_log_back(library: Path) -> None:
    store = Store(library / "healthmon.db")
    store.book(states=by_key(state()), transitions=[transition(START + 1, Health.UP)])
    store.writer._session.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    assert as_other_user(what_is_believed(store.path)) == "[<Health.UP: 'up'>] 1 running: True"
    store.stop()


def test_after_the_daemon_has_stopped(library: Path) -> None:
    store = Store(library / "healthmon.db")
    store.book(states=by_key(state()), transitions=[transition(START + 1, Health.UP)])
    store.stop()

    assert as_other_user(what_is_believed(store.path)) == "[<Health.UP: 'up'>] 1 running: False"
    assert sorted(each.name for each in library.iterdir()) == ["healthmon.db", "healthmon.db.lock"]


def test_after_the_daemon_was_killed(library: Path) -> None:
    path = _killed(library)
    files = sorted(library.iterdir())

    assert as_other_user(what_is_believed(path)).startswith("[<Health.UP: 'up'>] 0")
    assert as_other_user(how_it_stands(path, START + 20)) == "stale: False, "
    assert as_other_user(how_it_stands(path, START + 40)) == f"stale: True, {Hindrance.UNSEEN}"
    assert sorted(library.iterdir()) == files


def test_after_the_daemon_was_killed_just_after_it_had_written_its_log_back(library: Path) -> None:
    path = _killed(library)
    os.truncate(path.with_name("healthmon.db-wal"), 0)

    assert as_other_user(what_is_believed(path)).startswith("[] 0 running:")


def test_a_member_of_the_group_cannot_open_the_lock_and_status_judges_by_alive_at(library: Path) -> None:
    store = Store(library / "healthmon.db")
    store.writer.alive(START, [])

    opened = as_other_user(lambda: str(os.open(lock_path(store.path), os.O_RDONLY)))
    assert "PermissionError" in opened
    assert as_other_user(how_it_stands(store.path, START + 20)) == "stale: False, "
    assert as_other_user(how_it_stands(store.path, START + 40)) == f"stale: True, {Hindrance.UNSEEN}"

    store.stop()
    assert as_other_user(how_it_stands(store.path, START + 20)) == "stale: True, no daemon is running"


def test_after_a_power_cut_that_took_the_index_of_the_log(library: Path) -> None:
    path = _killed(library)
    (library / "healthmon.db-shm").unlink()

    assert "start it once" in as_other_user(what_is_believed(path)).splitlines()[-1]

    Store(path).stop()
    assert as_other_user(what_is_believed(path)) == "[<Health.UP: 'up'>] 0 running: False"


def _killed(library: Path) -> Path:
    path = library / "healthmon.db"
    program = "import os, sys; from tests.store.scene import *; from pathlib import Path\n"
    program += "store = Store(Path(sys.argv[1])); store.book(states=by_key(state())); store.writer.alive(START, [])\n"
    program += "os.kill(os.getpid(), 9)"
    subprocess.run([sys.executable, "-c", program, str(path)], check=False)
    assert path.with_name("healthmon.db-wal").stat().st_size > 0
    return path


def test_root_asking_first_leaves_nothing_behind_that_is_in_the_daemons_way(library: Path) -> None:
    store = Store(library / "healthmon.db")
    store.stop()

    with open_reader(store.path):
        assert sorted(each.name for each in library.iterdir()) == ["healthmon.db", "healthmon.db.lock"]


def test_somebody_outside_the_group_is_told_so_in_one_sentence(library: Path) -> None:
    store = Store(library / "healthmon.db")
    store.stop()

    assert "Permission denied" in as_other_user(what_is_believed(store.path), group=USER).splitlines()[-1]
