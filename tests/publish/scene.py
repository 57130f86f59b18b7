"""The web process' application, over a database as a daemon would leave it, without a port."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient

from healthmon.model import CheckState
from healthmon.publish.web.application import application
from healthmon.publish.web.live import Live
from healthmon.store.read.follower import Watcher
from tests.report.builder import NOW, running


class Site:
    """An application, whoever asks it, and the clock by which it reads the database."""

    def __init__(self, path: Path, *, has_phones: bool) -> None:
        self.now = NOW
        self._watcher = Watcher(path)
        self.live = Live(self._watcher, {}, lambda: self.now)
        self.client: FlaskClient = application(self.live, has_phones=has_phones).test_client()

    def get(self, path: str, **headers: str) -> tuple[int, str]:
        """Ask, and return the status and the text."""
        named = {"Host": "127.0.0.1:8089", **{name.replace("_", "-"): value for name, value in headers.items()}}
        answer = self.client.get(path, headers=named)
        return answer.status_code, answer.text


@contextmanager
def site(path: Path, states: Iterable[CheckState], *, has_phones: bool = False, **facts: Any) -> Iterator[Site]:
    """An application that has looked at a database with these in it, while a daemon runs."""
    with running(path, states, **facts):
        opened = Site(path, has_phones=has_phones)
        opened.live.look()
        with opened._watcher:
            yield opened
