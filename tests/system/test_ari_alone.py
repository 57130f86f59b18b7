"""Without `ami` and with `probe = no` a daemon works by ARI alone: nothing more is started, imported or sent."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from healthmon.demo.fakepbx import FakeEndpoint
from tests.lab.sippeer import Peer
from tests.system.fake_scene import fake_scene

ROOT = Path(__file__).parents[2]
#: What a daemon starts that watches one PBX, and tells one receiver.
THREADS = {"engine", "events:office", "polls:office", "deliver:oncall/hook"}
#: What only the manager interface, and OPTIONS of our own, need.
OF_OTHERS = ("healthmon.ami", "healthmon.sources.manager", "healthmon.sip", "healthmon.sources.probes")
LIBRARIES_OF_OTHERS = ("sipmessage", "dns")


def test_without_ami_and_probes_there_is_no_thread_no_import_and_no_message_more(tmp_path: Path) -> None:
    counts = tmp_path / "counts.json"
    program = (sys.executable, "-m", "tests.system.counting", str(counts))
    with Peer() as provider:
        trunk = FakeEndpoint("PJSIP", "trunk-a", static_contact=provider.uri, qualify_frequency=1, qualify_timeout=0.5)
        with fake_scene(tmp_path, [trunk], program=program, environ={"PYTHONPATH": str(ROOT)}) as scene:
            scene.down("trunk-a")
            scene.up("trunk-a")
            scene.sink.wait_for(2)
            assert scene.daemon.stop() == 0

            told = [subject.partition(" since")[0].partition(" after")[0] for subject in scene.subjects]
            assert told == ["DOWN provider trunk-a (office)", "UP provider trunk-a (office)"]
            assert not provider.seen, "it was asked by SIP"

    count = json.loads(counts.read_text())
    assert set(count["threads"]) == THREADS
    assert not [name for name in count["modules"] if name.startswith(OF_OTHERS)]
    assert not [name for name in count["modules"] if name.partition(".")[0] in LIBRARIES_OF_OTHERS]
