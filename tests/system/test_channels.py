"""A channel that is dead for a while: told after it returns, and meanwhile nobody else notices."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from healthmon.demo.fakepbx import FakePbx
from tests.sinks import Sink, SmtpSink, WebhookSink
from tests.system.daemon import Daemon
from tests.system.fake_scene import FakeScene, fake_section, phones
from tests.system.scene import WATCHES

MARK = "possibly repeated"


@dataclass
class Channels:
    """Two channels that work all the time, and some that are dead, each in its way."""

    good: WebhookSink
    mail: SmtpSink
    #: By what is wrong with it: the mode of the sink.
    dead: dict[str, WebhookSink] = field(default_factory=dict)
    #: When the daemon stops to wait for an answer (seconds).
    read_timeout: int = 1

    def section(self) -> str:
        """Write the receiver."""
        lines = [f"good = {self.good.url}", f"mail = {self.mail.url}"]
        lines += [
            f"{how if how.isalpha() else 'error'} = {sink.url}?rto={self.read_timeout}"
            for how, sink in self.dead.items()
        ]
        return "\n[receiver oncall]\ngroup_wait = 500ms\nurls =\n" + "".join(f"    {line}\n" for line in lines)

    def close_dead(self) -> None:
        """End those that are dead, or were."""
        for sink in self.dead.values():
            sink.close()

    def return_to_life(self) -> None:
        """All work again."""
        for sink in self.dead.values():
            sink.mode = "ok"


@contextmanager
def watched(folder: Path, *dead: str, read_timeout: int = 1) -> Iterator[tuple[FakeScene, Channels]]:
    """A daemon that tells two good channels, and dead ones."""
    with ExitStack() as ends:
        channels = Channels(
            ends.enter_context(WebhookSink()), ends.enter_context(SmtpSink()), read_timeout=read_timeout
        )
        for how in dead:
            channels.dead[how] = WebhookSink(how)
        ends.callback(channels.close_dead)
        pbx = ends.enter_context(FakePbx(*phones(3)))
        text = fake_section(pbx) + WATCHES + channels.section()
        daemon = ends.enter_context(Daemon(folder, text)).start()
        yield FakeScene(pbx, daemon, channels.good), channels


def words(sink: Sink) -> list[str]:
    """What the subjects say, without their times."""
    return [one.subject.partition(" (office)")[0] for one in sink.messages]


def lose_and_find(scene: FakeScene, channels: Channels) -> None:
    """A phone goes and comes back while channels are dead; the others hear of both, each in its time."""
    scene.down("101")
    for sink in (channels.good, channels.mail):
        sink.wait_for(1)
        assert words(sink) == ["DOWN phone 101"]
    scene.daemon.wait(lambda: all_failing(scene.daemon, channels), "every dead channel was tried")
    scene.up("101")
    for sink in (channels.good, channels.mail):
        sink.wait_for(2)
        assert words(sink) == ["DOWN phone 101", "UP phone 101"]


def all_failing(daemon: Daemon, channels: Channels) -> bool:
    """Whether the daemon has said of every dead channel that it failed."""
    return daemon.log().count(": not delivered: ") >= len(channels.dead)


def test_dead_channel_is_told_the_whole_outage_in_one_message_when_it_returns(tmp_path: Path) -> None:
    with watched(tmp_path, "refuse", "500") as (scene, channels):
        lose_and_find(scene, channels)

        channels.return_to_life()
        for sink in channels.dead.values():
            sink.wait_for(1)
        scene.down("102")
        for sink in channels.dead.values():
            sink.wait_for(2)
        for good in (channels.good, channels.mail):
            good.wait_for(3)

        for sink in channels.dead.values():
            assert words(sink) == ["WAS DOWN phone 101", "DOWN phone 102"]
            assert MARK not in sink.messages[0].body
        assert words(channels.good) == words(channels.mail) == ["DOWN phone 101", "UP phone 101", "DOWN phone 102"]
        assert "recovered after" in scene.daemon.log()


def test_dead_channel_is_told_after_a_restart_too_and_what_may_have_arrived_is_marked(tmp_path: Path) -> None:
    with watched(tmp_path, "refuse", "503", "hang", "drop") as (scene, channels):
        lose_and_find(scene, channels)

        assert scene.daemon.stop() == 0
        channels.return_to_life()
        scene.daemon.start()
        for sink in channels.dead.values():
            sink.wait_for(1)

        for how, sink in channels.dead.items():
            assert words(sink) == ["WAS DOWN phone 101"]
            assert (MARK in sink.messages[0].body) == (how in ("hang", "drop")), how
        assert words(channels.good) == words(channels.mail) == ["DOWN phone 101", "UP phone 101"]


def test_daemon_stops_in_time_while_a_channel_hangs(tmp_path: Path) -> None:
    with watched(tmp_path, "hang", read_timeout=60) as (scene, channels):
        scene.down("101")
        channels.dead["hang"].wait_for_attempts(1)
        channels.good.wait_for(1)

        code = scene.daemon.stop(timeout=10)
        channels.return_to_life()
        scene.daemon.start()
        channels.dead["hang"].wait_for(1)

        assert code == 0
        assert words(channels.dead["hang"]) == words(channels.good) == ["DOWN phone 101"]
        assert MARK in channels.dead["hang"].messages[0].body


@pytest.mark.soak
def test_soak_channel_that_hangs_and_drops_returns_without_a_restart(tmp_path: Path) -> None:
    with watched(tmp_path, "hang", "drop") as (scene, channels):
        lose_and_find(scene, channels)

        channels.return_to_life()
        for sink in channels.dead.values():
            sink.wait_for(1, timeout=90)

        for sink in channels.dead.values():
            assert words(sink) == ["WAS DOWN phone 101"]
            assert MARK in sink.messages[0].body
