"""Messages that somebody tries: a clearly marked one through each URL of a receiver, or a report through its URLs."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from secrets import token_hex
from zoneinfo import ZoneInfo

from msgspec import Struct
from msgspec.structs import replace

from healthmon.config.sections.receiver import ReceiverConfig, ReceiverUrl
from healthmon.config.sections.shared import Secret
from healthmon.errors import DeliveredInPart, DeliveryError
from healthmon.languages import language
from healthmon.model import Severity
from healthmon.notify.channels.by_scheme import sender_for
from healthmon.notify.channels.sender import Sender
from healthmon.notify.compose.message import SUBJECT_CHARACTERS, Message, Mood
from healthmon.notify.compose.message_facts import facts_without_incidents
from healthmon.notify.compose.report_message import compose_report
from healthmon.notify.compose.ticket import Action, Ticket, passing_ticket
from healthmon.notify.compose.voice import Voice
from healthmon.notify.templates.rendering import Rendering
from healthmon.notify.templates.samples import example
from healthmon.notify.templates.user_words import Templates
from healthmon.store.outbox.report_book import MadeReport
from healthmon.text.longtext import cut
from healthmon.text.visible import visible


class TestResult(Struct, frozen=True):
    """What became of the message at one URL; ``why`` is the channel's own reason, without secrets."""

    # Its name makes pytest look for tests in it.
    __test__ = False

    url_id: str
    ok: bool
    why: str = ""
    #: Some addresses of the URL have it.
    in_part: bool = False

    @property
    def words(self) -> str:
        """Say what became of it, in a line: ``ops/mail: delivered``."""
        if self.ok:
            return f"{self.url_id}: delivered"
        return f"{self.url_id}: {'DELIVERED IN PART,' if self.in_part else 'FAILED:'} {self.why}"


def test_alert(
    receiver: ReceiverConfig,
    *,
    zone: ZoneInfo | None = None,
    now: float | None = None,
    as_example: bool = False,
    down: int | None = None,
    sender: Callable[[str, Secret], Sender] = sender_for,
) -> list[TestResult]:
    """Send a test message through every URL at the same time; the results are in the order of the configuration.

    ``as_example``: with an outage that is made up, as the receiver would be told of it. ``down``: how many things
    really are down at present; None: nobody knows.
    """
    voice = Voice(language(receiver.language), zone or ZoneInfo("UTC"), time.time() if now is None else now)
    message = _example(receiver, down, voice) if as_example else _message(receiver.name, down, voice)
    return _at_the_same_time([partial(_try, url, lambda _sender: message, sender) for url in receiver.urls])


test_alert.__test__ = False  # type: ignore[attr-defined]  # not a test, whatever its name


def try_report(
    report: MadeReport,
    receivers: Iterable[ReceiverConfig],
    url_ids: Collection[str],
    *,
    zone: ZoneInfo,
    now: float,
    sender: Callable[[str, Secret], Sender] = sender_for,
) -> list[TestResult]:
    """Send a report through these URLs at the same time; the results are in the order of the configuration."""

    def composer(receiver: ReceiverConfig) -> Callable[[Sender], Message]:
        voice = Voice(language(receiver.language), zone, now)
        return lambda carrier: compose_report(
            report, voice, most_characters=carrier.most_characters, attaches=carrier.takes_attachments
        )

    return _at_the_same_time(
        [
            partial(_try, url, composer(receiver), sender)
            for receiver in receivers
            for url in receiver.urls
            if url.url_id in url_ids
        ]
    )


def _at_the_same_time(tries: Sequence[Callable[[], TestResult]]) -> list[TestResult]:
    if not tries:
        return []
    with ThreadPoolExecutor(len(tries), "try") as threads:
        return list(threads.map(lambda attempt: attempt(), tries))


def _try(url: ReceiverUrl, compose: Callable[[Sender], Message], sender: Callable[[str, Secret], Sender]) -> TestResult:
    try:
        carrier = sender(url.url_id, url.url)
        carrier.send(compose(carrier))
    except DeliveredInPart as part:
        return TestResult(url.url_id, ok=False, why=part.why, in_part=True)
    except DeliveryError as error:
        return TestResult(url.url_id, ok=False, why=error.why)
    return TestResult(url.url_id, ok=True)


def _test_ticket(voice: Voice, severity: Severity) -> Ticket:
    """A ticket that is opened, and resolved at once."""
    key = f"healthmon-test-{token_hex(8)}"
    return passing_ticket(key, voice.now, severity, (Action.TRIGGER, Action.RESOLVE), name="test of healthmon")


def _message(receiver: str, down: int | None, voice: Voice) -> Message:
    like_this = voice.text("Alerts of healthmon will arrive like this one.")
    written = voice.text("Written {time}.", time=voice.dated_time(voice.now))
    subject = voice.text("TEST of healthmon, receiver {receiver}", receiver=visible(receiver))
    message = _marked(subject, f"{_where(receiver, down, voice)}\n{like_this}\n{written}", Mood.INFO, voice)
    return replace(message, ticket=_test_ticket(voice, Severity.INFO))


def _example(receiver: ReceiverConfig, down: int | None, voice: Voice) -> Message:
    with closing(Rendering()) as rendering:
        alert = Templates(receiver, rendering).compose(example(voice.now), voice)
    subject = voice.text("TEST: {subject}", subject=alert.subject)
    message = _marked(subject, f"{_where(receiver.name, down, voice)}\n\n{alert.body}", alert.mood, voice)
    return replace(message, ticket=_test_ticket(voice, Severity.CRITICAL))


def _where(receiver: str, down: int | None, voice: Voice) -> str:
    """Say that this is a test, and how things really stand, as far as is known."""
    test = voice.text(
        "This is a test of receiver {receiver} on {host}: it tells of no outage.",
        receiver=visible(receiver),
        host=socket.gethostname(),
    )
    if down is None:
        return test
    if not down:
        return f"{test} {voice.text('Nothing is down.')}"
    really = voice.text("Down at present: {n}, see {command}", n=down, command="healthmon status --down")
    return f"{test} {really}"


def _marked(subject: str, body: str, mood: Mood, voice: Voice) -> Message:
    """A message that tells no incident."""
    return Message(cut(subject, SUBJECT_CHARACTERS), body, mood, facts_without_incidents("test", voice.now))
