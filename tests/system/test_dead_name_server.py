"""PBX and webhook are given by name, and the name server dies: what happens is told as soon as with one that lives."""

from __future__ import annotations

import os
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from healthmon.demo.fakepbx import FakePbx
from tests.security.hands import needs_root
from tests.sinks import WebhookSink
from tests.system.daemon import HEALTHMON, Daemon
from tests.system.fake_scene import fake_section, phones
from tests.system.scene import WATCHES, receiver_section

pytestmark = needs_root

#: It is ours alone, also while other tests run.
ADDRESS = "127.53.77.1"
PBX, HOOK = "pbx.example.org", "hook.example.org"
#: The resolver alone takes 30 s where each of three name servers is dead (seconds).
TOLD_WITHIN, FIRST_TOLD_WITHIN = 9.0, 18.0


class NameServer:
    """Leads every name to 127.0.0.1 until it is dead; then it takes what comes, and says nothing."""

    def __init__(self) -> None:
        self.is_dead = False
        self.asked = 0
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((ADDRESS, 53))
        self._socket.settimeout(0.1)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="name server")

    def __enter__(self) -> NameServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        self._socket.close()

    def _serve(self) -> None:
        while not self._over.is_set():
            try:
                question, peer = self._socket.recvfrom(4096)
            except TimeoutError:
                continue
            self.asked += 1
            if not self.is_dead:
                self._socket.sendto(_answer(question), peer)


def _answer(question: bytes) -> bytes:
    """An answer of RFC 1035: one address, and nothing where another kind is asked for."""
    end = question.index(b"\0", 12) + 5
    (kind,) = struct.unpack("!H", question[end - 4 : end - 2])
    addresses = [struct.pack("!HHHIH", 0xC00C, 1, 1, 0, 4) + socket.inet_aton("127.0.0.1")] if kind == 1 else []
    header = question[:2] + struct.pack("!HHHHH", 0x8180, 1, len(addresses), 0, 0)
    return header + question[12:end] + b"".join(addresses)


def with_its_name_server(folder: Path) -> Sequence[str]:
    """What to put before a command: it asks this name server and nobody else. Skips where that is not allowed."""
    (folder / "resolv.conf").write_text(f"nameserver {ADDRESS}\n" * 3, encoding="utf-8")
    (folder / "nsswitch.conf").write_text("hosts: files dns\n", encoding="utf-8")
    mounts = " && ".join(f"mount --bind {folder}/{name} /etc/{name}" for name in ("resolv.conf", "nsswitch.conf"))
    words = ["unshare", "--mount", "sh", "-c", f'{mounts} && exec "$@"', "sh"]
    done = subprocess.run([*words, "true"], capture_output=True, text=True, check=False)
    if done.returncode:
        refuse = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        refuse(f"needs the right to make a mount namespace: {done.stderr.strip()}")
    return [*words, *HEALTHMON]


@contextmanager
def by_name(folder: Path) -> Iterator[tuple[NameServer, FakePbx, WebhookSink, Daemon]]:
    """A PBX and a webhook that the daemon knows by their names."""
    with ExitStack() as ends:
        server = ends.enter_context(NameServer())
        pbx = ends.enter_context(FakePbx(*phones(2)))
        sink = ends.enter_context(WebhookSink())
        receiver = receiver_section(sink).replace("127.0.0.1", HOOK)
        config = fake_section(pbx, url=pbx.url.replace("127.0.0.1", PBX)) + WATCHES + receiver
        daemon = ends.enter_context(Daemon(folder, config, program=with_its_name_server(folder)))
        yield server, pbx, sink, daemon


def test_while_the_name_server_is_dead_all_is_seen_and_told_as_before(tmp_path: Path) -> None:
    with by_name(tmp_path) as (server, pbx, sink, daemon):
        daemon.start()
        pbx.phone_down("PJSIP/102")
        sink.wait_for_text("DOWN phone 102")
        server.is_dead = True
        before = server.asked
        pbx.phone_down("PJSIP/101")
        begun = time.monotonic()

        sink.wait_for_text("DOWN phone 101")

        assert time.monotonic() - begun < TOLD_WITHIN
        assert server.asked > before, "it was asked, and did not answer"


def test_a_pbx_whose_name_was_never_found_is_told_in_time(tmp_path: Path) -> None:
    with by_name(tmp_path) as (server, _, sink, daemon):
        server.is_dead = True
        daemon.configure(daemon.config_path.read_text(encoding="utf-8").partition("\n\n")[2].replace(HOOK, "127.0.0.1"))
        daemon.start(until_seen=False)
        begun = time.monotonic()

        message = sink.wait_for_text("CANNOT SEE PBX office: name not found")

        assert PBX in message.body
        assert time.monotonic() - begun < FIRST_TOLD_WITHIN
