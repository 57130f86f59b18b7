"""The web process' application, over a database as a daemon would leave it, without a port."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from healthmon.app.own_program import own_program
from healthmon.config.plans import Plans
from healthmon.config.sections.public import PublicConfig
from healthmon.config.sections.web import WebConfig
from healthmon.model import CheckState
from healthmon.publish.web.access.access import Access, Guests
from healthmon.publish.web.access.kept import SessionFiles
from healthmon.publish.web.application import application
from healthmon.publish.web.commands import Programs
from healthmon.publish.web.live import Live
from healthmon.store.read.follower import Watcher
from tests.report.builder import NOW, running

NO_PLANS = Plans()
#: Only this machine gets here, and whoever does may look.
ANYBODY = Guests(WebConfig())
NOTHING_ELSE: Mapping[str, Any] = {}


def configuration(database: Path) -> Path:
    """A configuration beside the database, which knows that and no more; another one that is there stays."""
    path = database.with_suffix(".ini")
    if not path.exists():
        path.write_text(f"[healthmon]\ndatabase = {database}\ntimezone = Europe/Berlin\n")
    return path


def sessions_beside(database: Path) -> Path:
    """Where sessions are kept."""
    return database.with_name(f"{database.name}-sessions")


class Site:
    """An application, whoever asks it, and the clock by which it reads the database."""

    def __init__(
        self,
        path: Path,
        *,
        has_phones: bool = False,
        spoken: str = "en",
        plans: Plans = NO_PLANS,
        guests: Guests = ANYBODY,
        for_everybody: Sequence[PublicConfig] = (),
        starts_at: float = NOW,
    ) -> None:
        self.now = starts_at
        self.watcher = Watcher(path)
        self.commands = Programs(own_program(configuration(path)))
        self.live = Live(self.watcher, plans.names, lambda: self.now)
        zone = ZoneInfo("Europe/Berlin")
        self.access = Access(guests, lambda: self.now, SessionFiles(sessions_beside(path), lambda: self.now))
        app = application(
            self.live,
            plans,
            zone,
            self.commands,
            self.access,
            has_phones=has_phones,
            spoken=spoken,
            for_everybody=for_everybody,
        )
        self.client: FlaskClient = app.test_client()

    def get(self, path: str, **headers: str) -> tuple[int, str]:
        """Ask, and return the status and the text."""
        answer = self.ask("GET", path, sent=NOTHING_ELSE, **headers)
        return answer.status_code, answer.text

    def ask(self, method: str, path: str, *, sent: Mapping[str, Any] = NOTHING_ELSE, **headers: str) -> TestResponse:
        """Ask, and return the whole answer. ``sent``: ``data`` or ``json``, ``environ_base`` …."""
        named = {"Host": "127.0.0.1:8089", **{name.replace("_", "-"): value for name, value in headers.items()}}
        # What has to be read is read by the thread that has opened the database.
        with ThreadPoolExecutor(1) as others:
            asked = others.submit(self.client.open, path, method=method, headers=named, **sent)
            while not asked.done():
                self.live.answer(0.01)
                self.live.look()
        return asked.result()


@contextmanager
def opened(path: Path, **shown: Any) -> Iterator[Site]:
    """An application that has looked at a database. ``shown``: how, and what the configuration says."""
    found = Site(path, **shown)
    found.live.look()
    with found.watcher:
        yield found


@contextmanager
def site(
    path: Path, states: Iterable[CheckState], *, shown: Mapping[str, Any] = NOTHING_ELSE, **facts: Any
) -> Iterator[Site]:
    """An application that has looked at a database with these in it, while a daemon runs."""
    with running(path, states, **facts), opened(path, **shown) as found:
        yield found
