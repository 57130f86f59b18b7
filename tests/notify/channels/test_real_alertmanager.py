"""A real Alertmanager takes what we send it: one alert for each incident, which it tells once, and its end."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest
import requests

from healthmon.config.sections.shared import Secret
from healthmon.errors import DeliveryError
from healthmon.model import Severity
from healthmon.notify.channels.by_scheme import sender_for
from healthmon.notify.channels.tickets.alertmanager import Alertmanager
from healthmon.notify.compose.message import Message
from healthmon.notify.compose.ticket import Action, Ticket
from tests.lab.fixtures import need
from tests.lab.others import alertmanager
from tests.lab.process import Process
from tests.notify.delivery.test_end_to_end import book, delivering, resolve
from tests.sinks import WebhookSink
from tests.store.scene import BOSS, Store
from tests.waiting import wait_for

pytestmark = pytest.mark.lab


class Running:
    """An Alertmanager on loopback that passes on what it tells."""

    def __init__(self, folder: Path, sink: WebhookSink) -> None:
        folder.mkdir()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self._folder = folder
        self._webhook = f"http://127.0.0.1:{sink.port}/alerts"
        self._process: Process | None = None

    def start(self) -> None:
        """Start it, and wait until it answers."""
        kit = need("alertmanager")
        self._process = alertmanager(kit, self._folder, ("127.0.0.1", self.port), self._webhook)
        self._process.wait_ready(self._is_ready, 20, "Alertmanager answers")

    def _is_ready(self) -> bool:
        try:
            return bool(requests.get(f"http://127.0.0.1:{self.port}/-/ready", timeout=2).ok)
        except requests.ConnectionError:
            return False

    def stop(self) -> None:
        """Stop it in peace; what it has told it remembers, its alerts it does not."""
        if self._process is not None:
            self._process.close()

    def has_noted(self, number: int) -> bool:
        """Whether it knows of so many answers to what it told; what it does not know of it tells again."""
        said = requests.get(f"http://127.0.0.1:{self.port}/metrics", timeout=5).text
        return f'alertmanager_notification_latency_seconds_count{{integration="webhook"}} {number}\n' in said

    def active(self) -> list[dict[str, Any]]:
        """The alerts that last."""
        return list(requests.get(f"http://127.0.0.1:{self.port}/api/v2/alerts", timeout=5).json())


def test_a_real_alertmanager_tells_an_outage_once_also_after_its_restart_and_then_its_end(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Alertmanager, "refresh_every", 1.0)
    with WebhookSink() as sink:
        manager = Running(tmp_path / "alertmanager", sink)
        manager.start()
        try:
            with delivering(store, f"alertmanager://127.0.0.1:{manager.port}?:team=voip") as wake:
                first_outage = book(store, 1, urls=1)
                book(store, 2, urls=1)
                wake()
                sink.wait_for(2)
                wait_for(lambda: manager.has_noted(2))
                wait_for(lambda: len(manager.active()) == 2)

                manager.stop()
                manager.start()
                wait_for(lambda: len(manager.active()) == 2)
                resolve(store, 1, urls=1, opened_at=first_outage.opened_at)
                wake()
                told = sink.wait_for(3)
                wait_for(lambda: len(manager.active()) == 1)
        finally:
            manager.stop()

    first = told[0].sent["alerts"][0]
    assert [message.sent["status"] for message in told] == ["firing", "firing", "resolved"]
    assert first["labels"]["team"] == "voip"
    assert first["annotations"]["summary"].startswith("DOWN phone")
    assert told[-1].sent["alerts"][0]["labels"] in [message.sent["alerts"][0]["labels"] for message in told[:2]]


def test_what_a_real_alertmanager_refuses_is_said(tmp_path: Path) -> None:
    # Its end before its beginning: nothing that we send, and so a proof that it looks.
    ticket = Ticket("key", (Action.RESOLVE,), Severity.INFO, Severity.INFO, 100.0, 90.0, 95.0, kind="phone")
    with WebhookSink() as sink:
        manager = Running(tmp_path / "alertmanager", sink)
        manager.start()
        try:
            sender = sender_for(BOSS, Secret(f"alertmanager://127.0.0.1:{manager.port}"))
            sender.send(Message("UP phone", "text", ticket=ticket))
            answered = requests.post(f"http://127.0.0.1:{manager.port}/api/v2/alerts", json=[{"labels": {}}], timeout=5)
            wrong = sender_for(BOSS, Secret(f"alertmanager://127.0.0.1:{manager.port}/wrong"))
            with pytest.raises(DeliveryError, match="404"):
                wrong.send(Message("UP phone", "text", ticket=ticket))
        finally:
            manager.stop()
    assert answered.status_code == 400
