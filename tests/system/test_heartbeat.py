"""Who watches the watcher: heartbeats come while healthmon does its work, and ``status`` knows when it does not."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from healthmon.demo.fakepbx import FakePbx
from healthmon.demo.fakepbx.pbx import Phase
from tests.pings import PingSink
from tests.sinks import WebhookSink
from tests.system.daemon import HEALTHMON, Daemon
from tests.system.disks import Disk, quota, small_tmpfs
from tests.system.fake_scene import fake_section, phones
from tests.system.scene import WATCHES, receiver_section

ROOT = Path(__file__).parents[2]

#: No heartbeat for so long, where one is due each second: they have stopped (seconds).
SILENCE = 3.0


@dataclass
class Watched:
    """A daemon, what it watches, and who watches it."""

    daemon: Daemon
    pbx: FakePbx
    service: PingSink
    sink: WebhookSink

    def configuration(self, service: PingSink, **pbx: str) -> str:
        """A heartbeat each second to this service."""
        return (
            f"heartbeat_url = {service.url}\nheartbeat_every = 1s\n"
            + fake_section(self.pbx, **pbx)
            + WATCHES
            + receiver_section(self.sink)
        )

    def status(self) -> tuple[str, str | None, int]:
        """The first line of ``status``, what its JSON gives as the reason, and its exit code."""
        done = self.daemon.command("status")
        return done.stdout.splitlines()[0], self.daemon.status()["daemon"]["why"], done.returncode


@contextmanager
def watched(
    folder: Path, *, program: Sequence[str] = HEALTHMON, database: Path | None = None, **pbx_options: str
) -> Iterator[Watched]:
    """Start all of it, and see that heartbeats come."""
    with ExitStack() as ends:
        pbx = ends.enter_context(FakePbx(*phones(3)))
        service = ends.enter_context(PingSink())
        sink = ends.enter_context(WebhookSink())
        daemon = ends.enter_context(Daemon(folder, "", {"PYTHONPATH": str(ROOT)}, program, database))
        scene = Watched(daemon, pbx, service, sink)
        daemon.configure(scene.configuration(service, **pbx_options))
        daemon.start()
        service.wait_for_more(3)
        yield scene


# ---------------------------------------------------------------- the PBX


def test_heartbeats_stop_while_a_pbx_is_not_seen_and_go_on_when_it_is_believed_down(tmp_path: Path) -> None:
    with watched(tmp_path, down_after="6s") as scene:
        scene.pbx.go_to(Phase.REFUSING)
        scene.service.wait_for_silence(SILENCE)
        assert scene.daemon.pbx()["state"] != "down"

        scene.service.wait_for_more(3)

        assert scene.daemon.pbx()["state"] == "down"
        scene.sink.wait_for_text("DOWN PBX office")
        scene.pbx.go_to(Phase.RUNNING)
        scene.daemon.wait_for_pbx("up")
        scene.service.wait_for_more(2)
        assert set(scene.service.targets) == {"/ping/5e1f-t0ken"}
        assert "5e1f-t0ken" not in scene.daemon.log()


def test_heartbeats_go_on_once_somebody_was_told_that_only_we_cannot_see(tmp_path: Path) -> None:
    with watched(tmp_path, down_after="2s") as scene:
        scene.sink.mode = "500"
        scene.pbx.is_denying = True
        scene.service.wait_for_silence(SILENCE + 2)
        # It is believed, and nobody could be told yet.
        scene.daemon.wait(lambda: scene.daemon.pbx()["incident"], "it is believed that we cannot see it")
        scene.service.wait_for_silence(SILENCE)

        scene.sink.mode = "ok"

        scene.sink.wait_for_text("CANNOT SEE PBX office: ARI password refused")
        scene.service.wait_for_more(3)
        assert scene.status()[2] == 1


# ---------------------------------------------------------------- healthmon itself


@dataclass
class Hindrance:
    """A way to keep a daemon from its work, and what ``status`` says of it."""

    begin: Callable[[Watched], None]
    end: Callable[[Watched], None]
    words: str


@contextmanager
def stuck_engine(folder: Path) -> Iterator[tuple[Hindrance, Path]]:
    """The engine's loop does not come round any more; everything else does."""
    file = folder / "stuck"
    yield (
        Hindrance(lambda _: file.touch(), lambda _: file.unlink(), "the daemon hangs, or cannot write its database"),
        folder / "healthmon.db",
    )


@contextmanager
def frozen_process(folder: Path) -> Iterator[tuple[Hindrance, Path]]:
    """Nothing of the process runs any more."""
    yield (
        Hindrance(
            lambda scene: os.kill(scene.daemon.pid, signal.SIGSTOP),
            lambda scene: os.kill(scene.daemon.pid, signal.SIGCONT),
            "the daemon is stopped (SIGSTOP); kill -CONT lets it go on",
        ),
        folder / "healthmon.db",
    )


@contextmanager
def grown_quota(folder: Path) -> Iterator[tuple[Hindrance, Path]]:
    """No file may grow any more."""
    with quota(folder) as disk:
        yield _unwritable(disk, "the daemon hangs, or cannot write its database"), disk.folder / "healthmon.db"


@contextmanager
def full_disk(folder: Path) -> Iterator[tuple[Hindrance, Path]]:
    """The disk has no free byte."""
    with small_tmpfs(folder) as disk:
        yield _unwritable(disk, "the disk of the database is full"), disk.folder / "healthmon.db"


def _unwritable(disk: Disk, words: str) -> Hindrance:
    def fail(scene: Watched) -> None:
        disk.fail(scene.daemon.pid)
        # Something is to be booked: a small commit may find room in the log that was written before.
        for name in ("101", "102", "103"):
            scene.pbx.phone_down(f"PJSIP/{name}")

    return Hindrance(fail, lambda scene: disk.recover(scene.daemon.pid), words)


@pytest.mark.parametrize("way", [stuck_engine, frozen_process, grown_quota, full_disk])
def test_heartbeats_stop_and_status_is_stale_in_words_while_the_daemon_cannot_work(tmp_path: Path, way: object) -> None:
    program = (sys.executable, "-m", "tests.system.hasty", str(tmp_path / "stuck"))
    with ExitStack() as ends:
        hindrance, database = ends.enter_context(way(tmp_path))  # type: ignore[operator]
        scene = ends.enter_context(watched(tmp_path, program=program, database=database))

        hindrance.begin(scene)
        scene.service.wait_for_silence(SILENCE)
        scene.daemon.wait(lambda: scene.status()[2] == 3, "status is stale")
        line, why, _ = scene.status()

        assert line.startswith(f"STALE: {hindrance.words}. Known as of ")
        assert why == hindrance.words
        hindrance.end(scene)
        scene.service.wait_for_more(3)
        scene.daemon.wait(lambda: scene.status()[2] != 3, "status is fresh")
        assert "Traceback" not in scene.daemon.log()


def test_after_kill_nine_status_says_that_nobody_watches(tmp_path: Path) -> None:
    with watched(tmp_path) as scene:
        scene.daemon.kill()

        line, why, exit_code = scene.status()

        assert line.startswith("NO DAEMON IS RUNNING. Known as of ")
        assert (why, exit_code) == ("no daemon is running", 3)


# ---------------------------------------------------------------- reload, and a service that does not work


def test_a_reload_takes_another_url_up_and_none_too(tmp_path: Path) -> None:
    with watched(tmp_path) as scene, PingSink() as other:
        scene.daemon.configure(scene.configuration(other))
        scene.daemon.reload()
        other.wait_for_more(2)
        scene.service.wait_for_silence(SILENCE)

        scene.daemon.configure(scene.configuration(other).replace("heartbeat_", "#heartbeat_"))
        scene.daemon.reload()

        other.wait_for_silence(SILENCE)
        assert scene.daemon.log().count("another heartbeat for whoever watches healthmon") == 2


def test_a_service_that_hangs_disturbs_neither_alerts_nor_a_stop(tmp_path: Path) -> None:
    with watched(tmp_path) as scene:
        scene.service.status = None
        scene.service.wait_for_more()

        scene.pbx.phone_down("PJSIP/101")
        scene.sink.wait_for_text("DOWN phone 101")

        assert scene.daemon.stop(timeout=10) == 0
