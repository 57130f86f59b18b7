"""PBXs that drip beside one that is silent and one that is well: told as what they are, as soon as the silent one."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from healthmon.demo.fakepbx import FakePbx
from healthmon.demo.fakepbx.http import Request
from tests.sinks import WebhookSink
from tests.system.daemon import Daemon
from tests.system.fake_scene import fake_section, phones
from tests.system.scene import WATCHES, receiver_section
from tests.wire.test_answers import DRIPS

#: How its answers drip, the real times long; the name is that of the PBX.
PARTS = {"body": "body", "header": "header", "trailers": "trailers", "continue": "100 continue"}
#: A byte, or a line, every two seconds.
EVERY = 2.0
#: A silent PBX is noticed by a sign of life (5 s) that is not answered (5 s), and again (5 s), because it is not
#: believed before the hold (2 s) is over and a look confirms it. What busy machines take is in it (seconds).
SILENT_WITHIN = 25.0
#: Those 5 s begin with the first byte.
LATER = 5.0
#: What is well is told of as always: a hold of 2 s, and half a second to wait for others.
WELL_WITHIN = 10.0


class DrippingPbx(FakePbx):
    """A fake PBX that can begin to answer everything in drops."""

    drips: tuple[bytes, bytes] | None = None

    def __init__(self) -> None:
        self._over = threading.Event()
        super().__init__(*phones(2))

    def _serve(self, request: Request, connection: socket.socket) -> bool:
        if self.drips is None:
            return super()._serve(request, connection)
        at_once, drop = self.drips
        with suppress(OSError):
            connection.sendall(at_once)
            while not self._over.wait(EVERY):
                connection.sendall(drop)
        return False

    def close(self) -> None:
        self._over.set()
        super().close()


@contextmanager
def watched(folder: Path, names: list[str]) -> Iterator[tuple[Daemon, dict[str, DrippingPbx], WebhookSink]]:
    """One daemon that watches these PBXs, all of them well."""
    with ExitStack() as ends:
        pbxs = {name: DrippingPbx() for name in names}
        for pbx in pbxs.values():
            ends.callback(pbx.close)
        sink = ends.enter_context(WebhookSink())
        sections = "\n".join(fake_section(pbx, name) for name, pbx in pbxs.items())
        daemon = ends.enter_context(Daemon(folder, sections + WATCHES + receiver_section(sink)))
        daemon.start()
        daemon.wait(lambda: {row["state"] for row in daemon.status()["pbxs"]} == {"up"}, "every PBX is believed up")
        yield daemon, pbxs, sink


def test_a_pbx_that_drips_is_told_as_what_it_is_as_soon_as_a_silent_one_beside_one_that_is_well(tmp_path: Path) -> None:
    with watched(tmp_path, [*PARTS, "silent", "well"]) as (daemon, pbxs, sink):
        pbxs["silent"].freeze()
        for name, part in PARTS.items():
            pbxs[name].drips = DRIPS[part]
        pbxs["well"].phone_down("PJSIP/101")

        # The one beside them is told as if they were not there.
        sink.wait_for(1, WELL_WITHIN)
        assert sink.messages[0].subject.startswith("DOWN phone 101 (well)")
        daemon.wait(lambda: told_of(sink) == set(pbxs), "all are told", SILENT_WITHIN + LATER)

        reasons = {row["name"]: row["reason"] for row in daemon.status()["pbxs"]}
        assert "no answer within 5 s" in reasons["silent"]
        for name in PARTS:
            assert re.fullmatch(r"the answer comes in drops: \d+ bytes in 5 s: frozen or overloaded", reasons[name])
        assert "Traceback" not in daemon.log()


def told_of(sink: WebhookSink) -> set[str]:
    """The PBXs that are named in the subjects of messages that say "down"."""
    subjects = " ".join(message.subject for message in sink.messages if message.subject.startswith("DOWN "))
    return {name for name in [*PARTS, "silent", "well"] if re.search(rf"\b{name}\b", subjects)}
