"""``healthmon history --follow`` as somebody uses it: beside a daemon that works, stops and starts again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.system.daemon import HEALTHMON, wait_until
from tests.system.fake_scene import FakeScene, fake_scene


class Follower:
    """A ``healthmon history … --follow`` that runs."""

    def __init__(self, scene: FakeScene, *arguments: str) -> None:
        self._out = scene.daemon.folder / "followed"
        command = [*HEALTHMON, "-c", str(scene.daemon.config_path), "history", *arguments, "--follow"]
        with self._out.open("w") as out:
            self.process = subprocess.Popen(command, stdout=out, stderr=subprocess.PIPE, text=True)

    @property
    def lines(self) -> list[str]:
        """What it has printed so far."""
        return self._out.read_text().splitlines()

    def wait_for(self, *words: str) -> None:
        """Wait until one line holds all these words."""
        wait_until(
            lambda: any(all(word in line for word in words) for line in self.lines),
            f"a line with {words}",
            explain=lambda: "\n".join(self.lines),
        )

    def interrupt(self) -> tuple[int, str]:
        """Press Ctrl-C; return the exit code and what was written to stderr."""
        self.process.send_signal(signal.SIGINT)
        _, errors = self.process.communicate(timeout=20)
        return self.process.returncode, errors


@contextmanager
def following(scene: FakeScene, *arguments: str) -> Iterator[Follower]:
    follower = Follower(scene, *arguments)
    try:
        yield follower
    finally:
        if follower.process.poll() is None:
            follower.process.kill()
            follower.process.communicate()


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[FakeScene]:
    with fake_scene(tmp_path) as scene:
        yield scene


def test_what_happens_is_printed_as_it_is_booked_also_after_a_restart(scene: FakeScene) -> None:
    with following(scene, "101") as follower:
        follower.wait_for("transition", "up")
        scene.down("101")
        follower.wait_for("transition", "down")
        follower.wait_for("message", "told oncall/hook")

        assert scene.daemon.stop() == 0
        scene.daemon.start()
        scene.up("101")
        follower.wait_for("transition", "up after")
        follower.wait_for("incident", "is over after")
        follower.wait_for("veil", "its PBX can be seen again, after")
        code, errors = follower.interrupt()

    assert code == 130
    assert "Traceback" not in errors
    # Two times of not seeing may begin within one second.
    told = Counter(line for line in follower.lines if "  veil  " not in line)
    assert [line for line, times in told.items() if times > 1] == [], "printed twice"
    assert sum("transition" in line for line in follower.lines) == 3


def test_a_daemon_that_dies_is_waited_for(scene: FakeScene) -> None:
    with following(scene, "office") as follower:
        follower.wait_for("connection: up")
        scene.daemon.kill()
        scene.daemon.start()
        follower.wait_for("veil", "what is behind it cannot be seen", "healthmon")
        code, _ = follower.interrupt()

    assert code == 130


def test_events_for_programs_are_one_line_each(scene: FakeScene) -> None:
    with following(scene, "101", "--json") as follower:
        follower.wait_for('"transition"')
        scene.down("101")
        follower.wait_for('"believed": "down"')
        follower.interrupt()

    events = [json.loads(line) for line in follower.lines]
    assert {"transition", "incident"} <= {event["what"] for event in events}


def test_a_reader_that_has_seen_enough_ends_it_without_a_word(scene: FakeScene) -> None:
    reading, writing = os.pipe()
    command = [*HEALTHMON, "-c", str(scene.daemon.config_path), "history", "101", "--follow"]
    with subprocess.Popen(command, stdout=writing, stderr=subprocess.PIPE, text=True) as process:
        os.close(writing)
        os.read(reading, 1000)
        os.close(reading)
        scene.down("101")
        _, errors = process.communicate(timeout=30)

    assert (process.returncode, errors) == (141, "")
