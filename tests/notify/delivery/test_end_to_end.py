"""The deliverers' threads with the real store, apprise and real servers on loopback."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from threading import Event, Thread

from msgspec.structs import replace

from healthmon.config.sections.shared import Secret
from healthmon.model import Incident, Notification, Reason, Target
from healthmon.notify.channels.by_scheme import sender_for
from healthmon.notify.delivery.deliverer import Deliverer
from healthmon.store.outbox.outbox import open_outbox
from healthmon.times.clock import Clock
from tests.notify.configs import receiver
from tests.notify.rows import BERLIN
from tests.sinks import Sink, SmtpSink, WebhookSink
from tests.store.scene import Store, closed, incident
from tests.waiting import wait_for

#: Waits are a hundredth of the real ones.
HURRY = 0.01


@contextmanager
def delivering(
    store: Store, *urls: str, languages: Sequence[str] = ("en", "en"), hurry: float = HURRY
) -> Iterator[Callable[[], None]]:
    """Deliverers for these URLs; the value wakes them all. ``hurry``: by how much their waits are longer."""
    clock = Clock()
    wakes: list[Event] = []

    def start(url_id: str, url: Secret, code: str, stack: ExitStack) -> None:
        wake, stop = Event(), Event()
        deliverer = Deliverer(
            url_id,
            replace(receiver(), language=code),
            sender=sender_for(url_id, url),
            open_outbox=lambda: open_outbox(store.path),
            zone=BERLIN,
            clock=clock,
            wake=wake,
            stop=stop,
            jitter=lambda low, high: random.uniform(low, high) * hurry,
        )
        thread = Thread(target=deliverer.run, name=f"deliver:{url_id}")
        stack.callback(thread.join, 60)
        stack.callback(wake.set)
        stack.callback(stop.set)
        wakes.append(wake)
        thread.start()

    with ExitStack() as stack:
        for one, code in zip(receiver(*urls).urls, languages, strict=False):
            start(one.url_id, one.url, code, stack)
        yield lambda: _set_all(wakes)


def _set_all(events: list[Event]) -> None:
    for event in events:
        event.set()


def book(store: Store, number: int, urls: int) -> Incident:
    now = Clock().now()
    about = incident(number, Target("office", "PJSIP", str(100 + number)), opened_at=now - 40, believed_at=now - 1)
    told = [Notification(number, f"oncall/{one}", Reason.OPENED, 0, now, now) for one in range(urls)]
    store.book(incidents={number: about}, notifications=told)
    return about


def resolve(store: Store, number: int, urls: int, *, opened_at: float | None = None) -> None:
    now = Clock().now()
    began = now - 60 if opened_at is None else opened_at
    about = closed(number, now, target=Target("office", "PJSIP", str(100 + number)), opened_at=began)
    told = [Notification(number, f"oncall/{one}", Reason.RESOLVED, 0, now, now) for one in range(urls)]
    store.book(incidents={number: about}, notifications=told)


def states(store: Store, number: int) -> set[str]:
    with store.reading() as reader:
        return {each.state for each in reader.tellings(number)}


def why(store: Store, number: int) -> str:
    with store.reading() as reader:
        return " ".join(each.why for each in reader.tellings(number))


def words(sink: Sink) -> list[str]:
    return [one.subject.partition(" since")[0].partition(" after")[0] for one in sink.messages]


def test_down_and_up_arrive_at_a_webhook_and_by_mail(store: Store) -> None:
    with WebhookSink() as webhook, SmtpSink() as mail:
        with delivering(store, webhook.url, mail.url) as wake:
            book(store, 1, 2)
            wake()
            webhook.wait_for(1)
            mail.wait_for(1)

            resolve(store, 1, 2)
            wake()
            webhook.wait_for(2)
            mail.wait_for(2)

        assert words(webhook) == words(mail) == ["DOWN phone 101 (office)", "UP phone 101 (office)"]
    assert states(store, 1) == {"delivered"}


def test_each_receiver_reads_its_own_language(store: Store) -> None:
    with (
        WebhookSink() as boss,
        SmtpSink() as noc,
        delivering(store, boss.url, noc.url, languages=("ru", "en")) as wake,
    ):
        book(store, 1, 2)
        wake()
        [russian], [english] = boss.wait_for(1), noc.wait_for(1)

    assert russian.subject.startswith("НЕДОСТУПЕН телефон 101 (office) с ")
    assert "причина: " in russian.body
    assert english.subject.startswith("DOWN phone 101 (office) since ")
    # Programs read one language.
    assert russian.sent["healthmon"]["word"] == "DOWN"


def test_one_refused_recipient_and_the_others_get_the_alert_once(store: Store) -> None:
    with SmtpSink() as mail:
        mail.refused_recipients, mail.put_off = {"cleo@example.org"}, {"bob@example.org"}
        url = f"mailto://127.0.0.1:{mail.port}?from=h@example.org&to=anna@example.org,bob@example.org&bcc=cleo@example.org"
        with delivering(store, url) as wake:
            book(store, 1, 1)
            wake()
            mail.wait_for(1)
            wait_for(lambda: mail.times_put_off >= 4)
            assert len(mail.messages) == 1
            mail.put_off.clear()
            mail.wait_for(2)

        assert (mail.of("anna@example.org"), mail.of("bob@example.org")) == (["DOWN"], ["DOWN"])
        assert mail.of("cleo@example.org") == []
    assert states(store, 1) == {"delivered"}


def test_a_channel_that_refuses_for_a_while_gets_everything_and_the_others_notice_nothing(store: Store) -> None:
    with WebhookSink() as bad, WebhookSink() as good:
        bad.mode = "500"
        with delivering(store, bad.url, good.url) as wake:
            book(store, 1, 2)
            wake()
            good.wait_for(1)
            bad.wait_for_attempts(2)

            bad.mode = "ok"
            bad.wait_for(1)

        assert words(bad) == words(good) == ["DOWN phone 101 (office)"]


def test_a_channel_that_hangs_for_a_while_gets_everything_marked(store: Store) -> None:
    with WebhookSink() as bad, WebhookSink() as good:
        bad.mode = "hang"
        with delivering(store, f"{bad.url}?rto=0.3", good.url) as wake:
            book(store, 1, 2)
            wake()
            good.wait_for(1)
            bad.wait_for_attempts(2)

            bad.mode = "ok"
            [arrived] = bad.wait_for(1)

        assert "possibly repeated" in arrived.body
        assert "possibly repeated" not in good.messages[0].body


def test_a_channel_that_comes_back_is_noticed_on_a_real_socket_within_5_s(store: Store) -> None:
    with WebhookSink("refuse") as sink, delivering(store, sink.url, hurry=1000) as wake:
        book(store, 1, urls=1)
        wake()
        wait_for(lambda: states(store, 1) == {"waiting"} and bool(why(store, 1)))

        sink.mode = "ok"
        returned = time.time()
        [arrived] = sink.wait_for(1)

    assert arrived.at - returned < 5
