"""A daemon that sends OPTIONS of its own, beside a played Asterisk that knows nothing of what they find."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from healthmon.demo.fakepbx import FakeEndpoint, FakePbx
from tests.lab.sippeer import Peer
from tests.sinks import WebhookSink
from tests.system.daemon import Daemon
from tests.system.fake_scene import fake_section
from tests.system.scene import receiver_section

TRUNK = "PJSIP/trunk-a"
PROBED = """
[watch providers]
endpoints = PJSIP/trunk-*
down_after = 5s
up_after = 500ms
degraded_after = 1s
{probe}
"""
ASKING = "probe = auto\nprobe_every = 1s"


class ProbeScene:
    """A trunk that Asterisk does not check, the real SIP peer behind it, a daemon, and who is told."""

    def __init__(self, folder: Path, peer: Peer, pbx: FakePbx, sink: WebhookSink) -> None:
        self.peer = peer
        self.pbx = pbx
        self.sink = sink
        self.daemon = Daemon(folder, self.config(ASKING))

    def config(self, probe: str) -> str:
        """What healthmon is told."""
        return fake_section(self.pbx) + PROBED.format(probe=probe) + receiver_section(self.sink)

    @property
    def subjects(self) -> list[str]:
        """The subjects of all messages that arrived so far."""
        return [message.subject for message in self.sink.messages]

    def check(self) -> dict[str, str | None]:
        """How ``status`` shows the check of our own OPTIONS; empty: it is not there."""
        checks = self.daemon.target(TRUNK).get("checks", [])
        return next((check for check in checks if check["check"] == "options"), {})

    def wait_told(self, beginning: str) -> None:
        """Wait until a message that begins so is the last one."""
        self.daemon.wait(lambda: bool(self.subjects) and self.subjects[-1].startswith(beginning), beginning)


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[ProbeScene]:
    with Peer() as peer, WebhookSink() as sink:
        trunk = FakeEndpoint("PJSIP", "trunk-a", static_contact=peer.uri, qualify_frequency=0, max_contacts=0)
        with FakePbx(trunk) as pbx:
            scene = ProbeScene(tmp_path, peer, pbx, sink)
            with scene.daemon:
                yield scene


def test_an_unqualified_provider_is_seen_by_our_own_options_while_it_lives_answers_503_and_dies(
    scene: ProbeScene,
) -> None:
    scene.daemon.start()
    scene.daemon.wait_for_state(TRUNK, "up")
    row = scene.daemon.target(TRUNK)
    assert row["remark"] == "not qualified: Asterisk does not check it; options: answers 200 OK"

    scene.peer.answer("OPTIONS", 503)
    scene.wait_told("DEGRADED OPTIONS of provider trunk-a (office)")
    assert "answers 503 Service Unavailable; Asterisk: not checked" in scene.sink.messages[-1].body

    scene.peer.answer("OPTIONS", 200)
    scene.wait_told("UP OPTIONS of provider trunk-a (office)")

    scene.peer.vanish()
    scene.wait_told("DOWN OPTIONS of provider trunk-a (office)")
    assert scene.daemon.state(TRUNK) == "down"

    scene.peer.come_back()
    scene.wait_told("UP OPTIONS of provider trunk-a (office)")
    assert len(scene.subjects) == 4
    # Round trips of our own are kept, too.
    [line] = [line for line in scene.daemon.report("--since", "1h")["targets"] if line["endpoint"] == TRUNK]
    assert line["outages"] == 1


def test_one_that_never_answers_raises_nothing(scene: ProbeScene) -> None:
    scene.peer.vanish()

    scene.daemon.start()
    scene.daemon.wait(lambda: "it never has" in (scene.check().get("remark") or ""), "the remark is there")

    assert scene.check()["state"] == "unknown"
    assert scene.subjects == []


def test_a_reload_switches_it_on_and_off(scene: ProbeScene) -> None:
    scene.daemon.configure(scene.config(""))
    scene.daemon.start()
    scene.daemon.wait_for_state(TRUNK, "unknown")
    assert scene.peer.seen["OPTIONS"] == 0
    assert scene.check() == {}

    scene.daemon.configure(scene.config(ASKING))
    scene.daemon.reload()
    scene.daemon.wait_for_state(TRUNK, "up")

    scene.daemon.configure(scene.config(""))
    scene.daemon.reload()
    scene.daemon.wait(lambda: scene.check() == {}, "the check is gone")
    scene.daemon.wait_for_state(TRUNK, "unknown")
    assert scene.daemon.stop() == 0


def test_what_was_found_goes_on_after_a_kill(scene: ProbeScene) -> None:
    scene.daemon.start()
    scene.daemon.wait_for_state(TRUNK, "up")

    scene.daemon.kill()
    scene.peer.vanish()
    scene.daemon.start()

    # It has answered before: that is known from before the kill.
    scene.wait_told("DOWN OPTIONS of provider trunk-a (office)")


def test_without_probes_nothing_of_it_is_imported() -> None:
    code = (
        "import sys, healthmon.app.daemon, healthmon.cli.main;"
        "print([name for name in sys.modules if name.partition('.')[0] in ('dns', 'sipmessage')"
        " or name.startswith(('healthmon.sip', 'healthmon.sources.probes'))])"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
