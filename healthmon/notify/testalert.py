"""``healthmon test-alert``: one clearly marked message through each URL of a receiver."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from healthmon.config.types import ReceiverConfig, ReceiverUrl, Secret
from healthmon.errors import DeliveryError
from healthmon.notify.apprise_sender import AppriseSender
from healthmon.notify.message import Message, Mood, Sender
from healthmon.notify.words import cut, dated_time, visible


@dataclass(frozen=True, slots=True)
class TestResult:
    """What became of the test message at one URL; ``why`` is apprise's own reason, without secrets."""

    # Its name makes pytest look for tests in it.
    __test__ = False

    url_id: str
    ok: bool
    why: str = ""


def test_alert(
    receiver: ReceiverConfig,
    *,
    zone: ZoneInfo | None = None,
    now: float | None = None,
    sender: Callable[[str, Secret], Sender] = AppriseSender,
) -> list[TestResult]:
    """Send a test message through every URL at the same time; the results are in the order of the configuration."""
    message = _message(receiver.name, zone or ZoneInfo("UTC"), time.time() if now is None else now)
    if not receiver.urls:
        return []
    with ThreadPoolExecutor(len(receiver.urls), "test-alert") as threads:
        return list(threads.map(lambda url: _try(url, message, sender), receiver.urls))


test_alert.__test__ = False  # type: ignore[attr-defined]  # not a test, whatever its name


def _try(url: ReceiverUrl, message: Message, sender: Callable[[str, Secret], Sender]) -> TestResult:
    try:
        sender(url.url_id, url.url).send(message)
    except DeliveryError as error:
        return TestResult(url.url_id, ok=False, why=error.why)
    return TestResult(url.url_id, ok=True)


def _message(receiver: str, zone: ZoneInfo, now: float) -> Message:
    body = (
        f"This is a test of receiver {visible(receiver)} on {socket.gethostname()}. Nothing is down.\n"
        "Alerts of healthmon will arrive like this one.\n"
        f"Written {dated_time(now, zone)}."
    )
    return Message(cut(f"TEST of healthmon, receiver {visible(receiver)}", 60), body, Mood.INFO)
