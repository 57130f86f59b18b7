"""The system lets the daemon have no further thread: what runs goes on, and a start says why it cannot be."""

from __future__ import annotations

import os
import resource
from pathlib import Path
from threading import Thread

import pytest

from healthmon.app import threads
from healthmon.demo.fakepbx import FakePbx
from healthmon.errors import NoThread
from tests.security.hands import GROUP, USER, in_a_child, needs_root
from tests.system.fake_scene import fake_scene, fake_section, phones


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


def test_a_thread_that_cannot_be_started_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_thread: Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(Thread, "start", refuse)

    with pytest.raises(NoThread, match="no further thread can be started: see the limit of tasks"):
        threads.started(lambda: None, "engine")
