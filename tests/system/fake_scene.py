"""A scene without Asterisk: a fake PBX in the test's own process, a daemon that watches it, and who is told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from healthmon.demo.fakepbx import FakeEndpoint, FakePbx
from tests.sinks import WebhookSink
from tests.system.daemon import HEALTHMON, Daemon
from tests.system.scene import WATCHES, receiver_section


def phones(number: int, first: int = 101) -> list[FakeEndpoint]:
    """So many phones that are up, and are checked often: 101, 102, …."""
    names = (str(first + index) for index in range(number))
    return [FakeEndpoint("PJSIP", name, qualify_frequency=1, qualify_timeout=0.5) for name in names]


def fake_section(pbx: FakePbx, name: str = "office", **options: str) -> str:
    """Write the section of a fake PBX; ``options`` replace or add to the short times used here."""
    given = {
        "url": pbx.url,
        "username": "healthmon",
        "password": "secret",
        "application": "healthmon-test",
        "poll_every": "5s",
        "down_after": "2s",
        "restart_grace": "4s",
        **options,
    }
    return f"[pbx {name}]\n" + "".join(f"{key} = {value}\n" for key, value in given.items())


@dataclass
class FakeScene:
    """One daemon that watches one fake PBX, and the webhook that it tells."""

    pbx: FakePbx
    daemon: Daemon
    sink: WebhookSink

    @property
    def subjects(self) -> list[str]:
        """The subjects of all messages that arrived so far."""
        return [message.subject for message in self.sink.messages]

    def down(self, name: str) -> None:
        """Lose a phone, and wait until that is believed."""
        self.pbx.phone_down(f"PJSIP/{name}")
        self.daemon.wait_for_state(f"PJSIP/{name}", "down")

    def up(self, name: str) -> None:
        """Have a phone come back, and wait until that is believed."""
        self.pbx.phone_up(f"PJSIP/{name}")
        self.daemon.wait_for_state(f"PJSIP/{name}", "up")


@contextmanager
def fake_scene(
    folder: Path,
    endpoints: Sequence[FakeEndpoint] = (),
    *,
    config: str = "",
    environ: Mapping[str, str] | None = None,
    program: Sequence[str] = HEALTHMON,
    database: Path | None = None,
    start: bool = True,
) -> Iterator[FakeScene]:
    """Start a fake PBX, a sink and a daemon; ``config`` is added to the usual watch sections and receiver."""
    with ExitStack() as ends:
        pbx = ends.enter_context(FakePbx(*(endpoints or phones(3))))
        sink = ends.enter_context(WebhookSink())
        text = fake_section(pbx) + WATCHES + receiver_section(sink) + config
        daemon = ends.enter_context(Daemon(folder, text, environ, program, database))
        if start:
            daemon.start()
        yield FakeScene(pbx, daemon, sink)
