"""Several PBXs in one daemon: the same names on two of them, and fifty at once."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from healthmon.demo.fakepbx import FakePbx
from healthmon.demo.fakepbx.pbx import Phase
from tests.lab.asterisk import Asterisk
from tests.lab.endpoints import phone
from tests.lab.fixtures import Lab
from tests.lab.phones import Phone
from tests.sinks import WebhookSink
from tests.system.daemon import Daemon
from tests.system.fake_scene import fake_section, phones
from tests.system.scene import CHECKED_OFTEN, WATCHES, assert_told, pbx_section, receiver_section

NAMES = [f"branch{number:02}" for number in range(1, 51)]


@pytest.mark.lab
def test_a_phone_that_is_lost_on_one_of_two_pbxs_is_up_on_the_other(lab22: Lab) -> None:
    def pbx_with_phone(version: int) -> tuple[Asterisk, Phone]:
        pbx = lab22.asterisk(phone("101", **CHECKED_OFTEN), version=version)  # type: ignore[arg-type]
        one = lab22.add(Phone(pbx.sip, "101"))
        assert one.register() == 200
        return pbx, one

    (new, _), (old, lost) = pbx_with_phone(22), pbx_with_phone(16)
    sink = lab22.add(WebhookSink())
    text = pbx_section(new, "new") + pbx_section(old, "old") + WATCHES + receiver_section(sink)
    daemon = lab22.add(Daemon(lab22.folder("daemon"), text)).start()
    for name in ("new", "old"):
        daemon.wait_for_state("PJSIP/101", "up", name)

    lost.vanish()
    daemon.wait_for_state("PJSIP/101", "down", "old")

    sink.wait_for(1)
    assert daemon.state("PJSIP/101", "new") == "up"
    assert_told([message.subject for message in sink.messages], "DOWN phone 101 (old) since ")
    assert {daemon.pbx(name)["version"].partition(".")[0] for name in ("new", "old")} == {"22", "16"}


@pytest.fixture
def branches() -> Iterator[dict[str, FakePbx]]:
    with ExitStack() as ends:
        yield {name: ends.enter_context(FakePbx(*phones(10))) for name in NAMES}


def test_fifty_pbxs_of_which_one_dies_are_one_message(tmp_path: Path, branches: dict[str, FakePbx]) -> None:
    with ExitStack() as ends:
        sink = ends.enter_context(WebhookSink())
        sections = "".join(fake_section(branches[name], name, poll_every="60s") for name in NAMES)
        daemon = ends.enter_context(Daemon(tmp_path, sections + WATCHES + receiver_section(sink))).start()
        daemon.wait(lambda: all(pbx.streams_opened for pbx in branches.values()), "all streams are open")
        began, used = time.monotonic(), cpu_seconds(daemon.pid)

        branches["branch07"].go_to(Phase.REFUSING)
        sink.wait_for(1)
        seen = daemon.status()
        branches["branch07"].go_to(Phase.RUNNING)
        sink.wait_for(2)

        assert_told([one.subject for one in sink.messages], "DOWN PBX branch07 since ", "UP PBX branch07 after ")
        assert {row["name"] for row in seen["pbxs"] if row["state"] != "up"} == {"branch07"}
        assert {row["pbx"] for row in seen["targets"] if row["state"] != "up"} == {"branch07"}
        assert {row["state"] for row in seen["targets"] if row["pbx"] == "branch07"} == {"unknown"}
        # Two threads for each PBX; main, engine and one deliverer.
        assert len(list(Path(f"/proc/{daemon.pid}/task").iterdir())) == 2 * len(NAMES) + 3
        # No thread runs in circles: that would be a whole processor.
        assert cpu_seconds(daemon.pid) - used < 0.5 * (time.monotonic() - began)


def cpu_seconds(pid: int) -> float:
    """How much of a processor a process has used so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
