"""The web process' application on a port of this machine, over a database as a daemon would leave it."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from zoneinfo import ZoneInfo

from healthmon.app.own_program import own_program
from healthmon.app.serving import server_of
from healthmon.config.plans import Plans
from healthmon.config.sections.public import PublicConfig
from healthmon.publish.web.access.access import Access, Guests
from healthmon.publish.web.application import application
from healthmon.publish.web.commands import Programs
from healthmon.publish.web.live import Live
from healthmon.store.read.follower import Watcher
from tests.publish.scene import ANYBODY, configuration
from tests.report.builder import NOW

BERLIN = ZoneInfo("Europe/Berlin")


class Served:
    """An application that answers; its clock stands, until somebody sets it. It ends with the with block."""

    def __init__(
        self,
        path: Path,
        *,
        spoken: str = "en",
        plans: Plans | None = None,
        port: int = 0,
        guests: Guests = ANYBODY,
        for_everybody: Sequence[PublicConfig] = (),
    ) -> None:
        self._path = path
        self._spoken, self._plans, self._guests = spoken, plans or Plans(), guests
        self._for_everybody = for_everybody
        self.now = NOW
        self._stop, self._ready = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self.url, self.port = "", port

    def __enter__(self) -> Served:
        """Begin to answer."""
        self._thread.start()
        assert self._ready.wait(60)
        return self

    def __exit__(self, *_: object) -> None:
        """End it."""
        self.end()

    def end(self) -> None:
        """Answer no more."""
        self._stop.set()
        self._thread.join(30)

    def _serve(self) -> None:
        """Be the one thread that reads."""
        with Watcher(self._path) as watcher:
            live = Live(watcher, self._plans.names, lambda: self.now)
            live.look()
            commands = Programs(own_program(configuration(self._path)))
            access = Access(self._guests)
            app = application(
                live,
                self._plans,
                BERLIN,
                commands,
                access,
                has_phones=False,
                spoken=self._spoken,
                for_everybody=self._for_everybody,
            )
            server = server_of(app, "127.0.0.1", self.port)
            answering = threading.Thread(target=server.run, daemon=True)
            answering.start()
            assert server.socket is not None
            self.port = server.socket.getsockname()[1]
            self.url = f"http://127.0.0.1:{self.port}"
            self._ready.set()
            while not self._stop.is_set():
                live.answer(0.25)
                live.look()
            server.close()
            commands.close()
