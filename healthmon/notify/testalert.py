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
from healthmon.languages import language
from healthmon.notify.facts import facts_without_incidents
from healthmon.notify.message import SUBJECT_CHARACTERS, Message, Mood, Sender
from healthmon.notify.senders import sender_for
from healthmon.notify.voice import Voice
from healthmon.notify.words import cut, visible


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
    sender: Callable[[str, Secret], Sender] = sender_for,
) -> list[TestResult]:
    """Send a test message through every URL at the same time; the results are in the order of the configuration."""
    now = time.time() if now is None else now
    message = _message(receiver.name, Voice(language(receiver.language), zone or ZoneInfo("UTC"), now))
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


def _message(receiver: str, voice: Voice) -> Message:
    receiver = visible(receiver)
    where = voice.text(
        "This is a test of receiver {receiver} on {host}. Nothing is down.",
        receiver=receiver,
        host=socket.gethostname(),
    )
    like_this = voice.text("Alerts of healthmon will arrive like this one.")
    written = voice.text("Written {time}.", time=voice.dated_time(voice.now))
    subject = voice.text("TEST of healthmon, receiver {receiver}", receiver=receiver)
    body = f"{where}\n{like_this}\n{written}"
    return Message(cut(subject, SUBJECT_CHARACTERS), body, Mood.INFO, facts_without_incidents("test", voice.now))
