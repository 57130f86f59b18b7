"""A defect of ours in a source or a deliverer ends only its PBX, or its URL; everything beside it goes on."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from healthmon.app.watching import TOLD_WITHIN
from healthmon.demo.fakepbx import FakePbx
from healthmon.store.read.queries import open_reader
from tests.sinks import WebhookSink
from tests.system.daemon import Daemon
from tests.system.fake_scene import fake_section, phones
from tests.system.scene import WATCHES, receiver_section


@dataclass
class Scene:
    """A daemon with a healthy PBX and receiver, and beside them those that a defect hits."""

    folder: Path
    healthy: FakePbx
    broken: FakePbx
    daemon: Daemon
    sink: WebhookSink
    broken_sink: WebhookSink

    def plant(self, what: str) -> None:
        """From now on there is a defect."""
        (self.folder / what).touch()

    def mend(self, what: str) -> None:
        """The defect is gone."""
        (self.folder / what).unlink()

    def wait_for_told(self, sink: WebhookSink, *words: str) -> None:
        """Wait until a message arrives whose subject holds all these words."""
        self.daemon.wait(
            lambda: any(all(word in message.subject for word in words) for message in sink.messages),
            f"told: {words}",
        )


def whom_it_cannot_tell(daemon: Daemon) -> str:
    """What status says of a URL that takes no messages; "": nothing."""
    return next((line for line in daemon.command("status").stdout.splitlines() if "CANNOT TELL" in line), "")


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with ExitStack() as ends:
        healthy, broken = (ends.enter_context(FakePbx(*phones(3))) for _ in range(2))
        sink, broken_sink = (ends.enter_context(WebhookSink()) for _ in range(2))
        config = fake_section(healthy) + fake_section(broken, "broken")
        config += WATCHES.replace("receivers = oncall", "receivers = oncall, second")
        config += receiver_section(sink) + receiver_section(broken_sink, "second").replace(
            broken_sink.url, f"{broken_sink.url.rstrip('/')}/broken"
        )
        program = (sys.executable, "-m", "tests.system.defective", str(tmp_path))
        environ = {"PYTHONPATH": str(Path(__file__).parents[2])}
        daemon = ends.enter_context(Daemon(tmp_path, config, environ, program))
        daemon.start()
        yield Scene(tmp_path, healthy, broken, daemon, sink, broken_sink)


def test_a_poller_with_a_defect_is_told_as_cannot_see_while_the_other_pbx_is_watched(scene: Scene) -> None:
    scene.plant("polls")
    scene.wait_for_told(scene.sink, "CANNOT SEE", "broken")
    with open_reader(scene.daemon.database) as reader:
        [unseen] = reader.open_incidents()
    assert unseen.believed_at - unseen.opened_at < TOLD_WITHIN, "not only once it is looked at again"
    scene.healthy.phone_down("PJSIP/101")
    scene.wait_for_told(scene.sink, "DOWN", "101")

    scene.mend("polls")
    scene.wait_for_told(scene.sink, "SEEN AGAIN", "broken")
    message = next(message for message in scene.sink.messages if "CANNOT SEE" in message.subject)
    assert "a defect of healthmon (PlantedError): its log says where" in message.body
    assert "PlantedError" in scene.daemon.log()
    assert "hunter2" not in scene.daemon.log() + "".join(message.body for message in scene.sink.messages)
    assert scene.daemon.stop() == 0


def test_an_event_that_hits_a_defect_costs_events_and_polls_still_see(scene: Scene) -> None:
    scene.plant("events")
    scene.broken.phone_down("PJSIP/102")
    scene.daemon.wait(lambda: "events:broken: defect 1 of healthmon" in scene.daemon.log(), "the defect")
    scene.daemon.wait_for_state("PJSIP/102", "down", "broken")
    scene.healthy.phone_down("PJSIP/102")
    scene.daemon.wait_for_state("PJSIP/102", "down")

    scene.mend("events")
    scene.daemon.wait_for_pbx("up", "broken")
    assert "hunter2" not in scene.daemon.log()
    assert scene.daemon.stop() == 0


def test_a_message_that_hits_a_defect_costs_its_receiver_alone_and_is_sent_in_the_end(scene: Scene) -> None:
    scene.plant("send")
    scene.healthy.phone_down("PJSIP/103")
    scene.wait_for_told(scene.sink, "DOWN", "103")
    told = scene.daemon.wait(
        lambda: next(
            (line for line in scene.daemon.command("status").stdout.splitlines() if "CANNOT TELL" in line), ""
        ),
        "status says whom it cannot tell",
    )
    assert "second/hook" in told
    assert "a defect of healthmon (PlantedError): its log says where" in told

    scene.mend("send")
    scene.wait_for_told(scene.broken_sink, "DOWN", "103")
    assert "possibly repeated" in scene.broken_sink.messages[-1].body
    assert "hunter2" not in scene.daemon.log() + told
    assert scene.daemon.stop() == 0


def test_a_defect_of_the_engine_ends_the_process(scene: Scene) -> None:
    scene.plant("engine")

    assert scene.daemon.process.wait(20) == 1
    assert "thread engine died of a defect; healthmon stops" in scene.daemon.log()
    assert "engine stopped: it died; what it was about to book is lost" in scene.daemon.log()
    assert "everything that was seen is booked" not in scene.daemon.log()
    assert "hunter2" not in scene.daemon.log()
