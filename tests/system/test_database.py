"""The database is full, cannot be written, is damaged, or is somebody else's."""

from __future__ import annotations

import socket
import sqlite3
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from healthmon.store.sqlite.database import create_database
from tests.sinks import WebhookSink
from tests.system.accounts import booked, nothing_waits, wrong_incidents, wrong_tellings
from tests.system.daemon import Daemon
from tests.system.disks import Disk, quota, small_tmpfs
from tests.system.fake_scene import FakeScene, fake_scene
from tests.system.scene import receiver_section

#: systemd is told half of this often enough even while the database is waited for (seconds).
WATCHDOG = 4.0
DIRECT = "DOWN healthmon: its database cannot be written"


class GateSink(WebhookSink):
    """A webhook that takes a message only when its gate is open, and then all the same."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.gate.set()
        self.asked = threading.Event()
        super().__init__()

    def received(self, raw: bytes) -> int | None:
        """Take one request's body."""
        self.asked.set()
        self.gate.wait(10)
        return super().received(raw)


class ServiceManager:
    """Stands for systemd: counts how often the watchdog is fed."""

    def __init__(self, folder: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(folder / "notify"))
        self._socket.setblocking(False)
        self._fed = 0
        self.environ = {"NOTIFY_SOCKET": str(folder / "notify"), "WATCHDOG_USEC": str(int(WATCHDOG * 1e6))}

    def fed(self) -> int:
        """How often so far."""
        with suppress(BlockingIOError):
            while True:
                self._fed += b"WATCHDOG=1" in self._socket.recv(65536)
        return self._fed

    def close(self) -> None:
        """End it."""
        self._socket.close()


@dataclass
class Place:
    """The scene on such a disk."""

    scene: FakeScene
    disk: Disk
    sink: GateSink
    manager: ServiceManager

    @property
    def daemon(self) -> Daemon:
        """The daemon."""
        return self.scene.daemon

    def fail(self) -> None:
        """The database cannot be written from now on."""
        self.disk.fail(self.daemon.pid)

    def recover(self) -> None:
        """It can again."""
        self.disk.recover(self.daemon.pid)

    def complaints(self) -> list[str]:
        """What is booked or told wrongly."""
        incidents = booked(self.daemon.database)
        return [*wrong_incidents(incidents), *wrong_tellings(incidents, self.sink.messages)]

    def subjects(self) -> list[str]:
        """What arrived."""
        return [message.subject for message in self.sink.messages]


BY_QUOTA = pytest.param(quota, id="quota")
FULL = pytest.param(small_tmpfs, id="full")


@pytest.fixture(params=[BY_QUOTA, FULL])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    with ExitStack() as ends:
        disk = ends.enter_context(request.param(tmp_path))
        manager = ServiceManager(tmp_path)
        ends.callback(manager.close)
        sink = GateSink()
        ends.callback(sink.close)
        scene = ends.enter_context(
            fake_scene(
                tmp_path,
                config=receiver_section(sink, "gate"),
                environ=manager.environ,
                database=disk.folder / "healthmon.db",
                start=False,
            )
        )
        text = scene.daemon.config_path.read_text(encoding="utf-8")
        scene.daemon.config_path.write_text(text.replace("receivers = oncall", "receivers = gate"), encoding="utf-8")
        scene.daemon.start()
        yield Place(scene, disk, sink, manager)


def test_bookkeeping_08_daemon_lives_through_it_and_is_right_afterwards(place: Place) -> None:
    place.sink.gate.clear()
    place.scene.down("101")
    assert place.sink.asked.wait(10)
    place.fail()
    place.sink.gate.set()
    place.scene.pbx.phone_down("PJSIP/102")

    place.daemon.wait(lambda: place.disk.words in place.daemon.log(), "the log says so")
    place.sink.wait_for_text(DIRECT)
    fed = place.manager.fed()
    place.daemon.wait(lambda: place.manager.fed() > fed, "the watchdog is fed meanwhile")
    place.scene.pbx.phone_up("PJSIP/101")
    place.recover()
    place.daemon.wait_for_state("PJSIP/102", "down", timeout=40)
    place.daemon.wait_for_state("PJSIP/101", "up")
    place.daemon.wait(lambda: nothing_waits(place.daemon.database), "everything is told")

    assert place.complaints() == []
    assert sorted(one.target.resource for one in booked(place.daemon.database)) == ["101", "102"]
    assert place.subjects().count(DIRECT) == 1
    log = place.daemon.log()
    assert log.count("what is to be booked is kept and tried again") == 1
    assert "the database can be written again" in log
    assert "Traceback" not in log
    assert place.daemon.process.poll() is None


@pytest.mark.parametrize("place", [BY_QUOTA], indirect=True)
def test_bookkeeping_08_daemon_that_is_stopped_meanwhile_stops_in_time_and_looks_anew(place: Place) -> None:
    place.scene.down("101")
    place.sink.wait_for_text("DOWN phone 101")
    place.fail()
    place.scene.pbx.phone_up("PJSIP/101")
    place.scene.pbx.phone_down("PJSIP/102")
    place.sink.wait_for_text(DIRECT)

    code = place.daemon.stop(timeout=10)
    # The quota ends with the process that had it.
    place.daemon.start()
    place.daemon.wait_for_state("PJSIP/101", "up")
    place.daemon.wait_for_state("PJSIP/102", "down")
    place.daemon.wait(lambda: nothing_waits(place.daemon.database), "everything is told")

    assert code == 0
    assert "stopping with changes that could not be booked" in place.daemon.log()
    assert "Traceback" not in place.daemon.log()
    assert place.complaints() == []


# ---------------------------------------------------------------- at the start


def foreign_database(folder: Path) -> bytes:
    """A healthy database of another program."""
    path = folder / "foreign.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE recipes (name TEXT)")
        connection.execute("INSERT INTO recipes VALUES ('dumplings')")
        connection.commit()
    return path.read_bytes()


def damaged_database(folder: Path) -> bytes:
    """A database of ours with a page overwritten in its middle."""
    path = folder / "damaged.db"
    create_database(path)
    content = bytearray(path.read_bytes())
    content[4096 : 4096 * 6] = b"\xa5" * (4096 * 5)
    return bytes(content)


def cut_database(folder: Path) -> bytes:
    """A database of ours whose end is missing."""
    path = folder / "cut.db"
    create_database(path)
    return path.read_bytes()[:-4096]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda _folder: b"these are not the bytes you are looking for" * 99, "this is not a database"),
        (foreign_database, "a database of another program"),
        (damaged_database, "the file is damaged"),
        (cut_database, "its end is missing"),
    ],
    ids=["garbage", "foreign", "damaged", "cut"],
)
def test_file_that_is_not_ours_is_refused_with_one_sentence_and_left_as_it_is(
    tmp_path: Path, make: Callable[[Path], bytes], words: str
) -> None:
    content = make(tmp_path)
    with fake_scene(tmp_path, start=False) as scene:
        scene.daemon.database.write_bytes(content)

        done = scene.daemon.command("run")

        assert done.returncode == 73
        start, *_, sentence = done.stderr.splitlines()
        assert start.endswith("starts: 1 PBXs, 1 receivers")
        assert sentence.startswith(f"healthmon: {scene.daemon.database}: ")
        assert words in sentence
        assert scene.daemon.database.read_bytes() == content
        assert {path.name for path in tmp_path.glob("healthmon.db*")} <= {
            "healthmon.db",
            "healthmon.db.lock",
            "healthmon.db.told-not-started",
        }


def test_second_daemon_is_refused_and_the_first_goes_on(tmp_path: Path) -> None:
    with fake_scene(tmp_path) as scene:
        done = scene.daemon.command("run")

        assert done.returncode == 73
        assert f"another healthmon (process {scene.daemon.pid}) is using this database" in done.stderr
        assert scene.daemon.process.poll() is None
        assert scene.daemon.state("PJSIP/101") == "up"


def test_disk_that_is_full_or_read_only_at_the_start_is_one_sentence_and_no_damage(tmp_path: Path) -> None:
    with small_tmpfs(tmp_path) as disk, fake_scene(tmp_path, database=disk.folder / "healthmon.db") as scene:
        scene.down("101")
        scene.daemon.kill()
        disk.fail(0)
        full = scene.daemon.command("run")
        disk.recover(0)
        subprocess.run(["mount", "-o", "remount,ro", str(disk.folder)], check=True)
        read_only = scene.daemon.command("run")
        subprocess.run(["mount", "-o", "remount,rw", str(disk.folder)], check=True)
        scene.daemon.start()

        for refused in (full, read_only):
            assert refused.returncode == 73, refused.stderr
            assert str(scene.daemon.database) in refused.stderr.splitlines()[-1]
            assert "Traceback" not in refused.stderr
        assert "read-only" in read_only.stderr.lower()
        assert scene.daemon.state("PJSIP/101") == "down"
        assert [one.target.resource for one in booked(scene.daemon.database)] == ["101"]
