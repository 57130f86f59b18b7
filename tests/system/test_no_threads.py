"""The system lets the daemon have no further thread: what runs goes on, and a start says why it cannot be."""

from __future__ import annotations

import os
import re
import resource
from collections.abc import Callable
from pathlib import Path
from threading import Thread

import pytest

from healthmon.app import daemon as app_daemon
from healthmon.app import farewell, threads
from healthmon.demo.fakepbx import FakePbx
from healthmon.errors import ExitCode, NoThread
from tests.security.hands import GROUP, USER, in_a_child, needs_root
from tests.sinks import WebhookSink
from tests.system.daemon import HEALTHMON
from tests.system.fake_scene import fake_scene, fake_section, phones
from tests.system.scene import WATCHES, receiver_section


@needs_root
def test_a_reload_that_has_no_threads_is_refused_and_the_daemon_watches_on(tmp_path: Path) -> None:
    # As the service meets with TasksMax=. Nothing limits root, but the user whom it becomes.
    with fake_scene(tmp_path, start=False) as scene, FakePbx(*phones(1, first=201)) as another:
        os.chown(tmp_path, USER, GROUP)
        scene.daemon.start()
        config = scene.daemon.config_path.read_text(encoding="utf-8")
        forbid_threads(scene.daemon.pid)

        scene.daemon.config_path.write_text(config + fake_section(another, "another"), encoding="utf-8")
        scene.daemon.reload()
        scene.daemon.wait(lambda: "no further thread can be started" in scene.daemon.log(), "the reload is refused")
        scene.down("101")

        scene.daemon.wait(lambda: scene.subjects, "the outage is told")
        assert "the running configuration stays" in scene.daemon.log()
        assert scene.daemon.stop() == 0


def forbid_threads(pid: int) -> None:
    """Have the user of a process have no more threads than he has."""
    done = in_a_child(lambda: resource.prlimit(pid, resource.RLIMIT_NPROC, (1, 1)), uid=USER, gid=GROUP)
    assert done.code == 0, done.said


@needs_root
def test_a_start_that_has_no_threads_is_told_directly_once(tmp_path: Path) -> None:
    program = ["prlimit", "--nproc=1:1", *HEALTHMON]
    with fake_scene(tmp_path, start=False, program=program) as scene:
        os.chown(tmp_path, USER, GROUP)
        for _ in range(2):
            scene.daemon.start(until_seen=False)
            assert scene.daemon.process.wait(60) == ExitCode.PROBLEM
        log = scene.daemon.log()

        assert scene.subjects == ["DOWN healthmon: it does not start, nothing is watched"]
        [message] = scene.sink.messages
        assert message.body.startswith("no further thread can be started: see the limit of tasks")
        assert "free space" not in message.body
        assert log.count("healthmon: no further thread can be started") == 2
        assert "Traceback" not in log


@pytest.mark.parametrize("number", farewell.USED_UP)
def test_a_start_that_has_no_files_or_memory_is_told_directly(
    tmp_path: Path, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with WebhookSink() as sink:
        config = configured(tmp_path, sink)
        monkeypatch.setattr(app_daemon, "_watch", refusing(OSError(number, os.strerror(number))))
        monkeypatch.setattr("sys.stderr.isatty", lambda: False)

        with pytest.raises(OSError, match=re.escape(os.strerror(number))):
            app_daemon.run(config)

        assert sink.messages[0].body.startswith(f"{os.strerror(number)}: see the limits of open files and of memory")


def test_a_defect_at_the_start_is_no_want_of_anything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with WebhookSink() as sink:
        config = configured(tmp_path, sink)
        monkeypatch.setattr(app_daemon, "_watch", refusing(IsADirectoryError(21, "Is a directory")))

        with pytest.raises(IsADirectoryError):
            app_daemon.run(config)

        assert sink.messages == []


def configured(folder: Path, sink: WebhookSink) -> Path:
    """A configuration that tells this sink."""
    path = folder / "config.ini"
    pbx = "[pbx office]\nurl = http://127.0.0.1:9\nusername = u\npassword = p\n"
    path.write_text(f"[healthmon]\ndatabase = {folder}/hm.db\n{pbx}{WATCHES}{receiver_section(sink)}", encoding="utf-8")
    return path


def refusing(error: Exception) -> Callable[..., int]:
    """What cannot begin."""

    def refuse(*_: object) -> int:
        raise error

    return refuse


def test_a_thread_that_cannot_be_started_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_thread: Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(Thread, "start", refuse)

    with pytest.raises(NoThread, match="no further thread can be started: see the limit of tasks"):
        threads.started(lambda: None, "engine")
