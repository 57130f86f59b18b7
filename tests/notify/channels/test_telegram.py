"""Telegram through apprise, to a server on loopback that takes what Telegram takes, and refuses what it refuses."""

from __future__ import annotations

import time
from collections.abc import Iterator
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from healthmon.config.sections.shared import Secret
from healthmon.errors import DeliveryError, DeliveryUnsure
from healthmon.notify.channels.apprise import AppriseSender
from healthmon.notify.channels.by_scheme import why_refused
from healthmon.notify.channels.telegram import as_html, retry_after
from healthmon.notify.compose.digest import compose
from healthmon.notify.compose.message import Message
from tests.notify.cases import CASES
from tests.notify.delivery.test_end_to_end import book, delivering
from tests.notify.rows import ENGLISH, incident, phone, row
from tests.sinks import TelegramSink
from tests.store.scene import Store

TOKEN = "123456789:abcdefg_hijklmnop-qrstuvwxyz12345678"
URL = f"tgram://{TOKEN}/12345678"


@pytest.fixture
def telegram(monkeypatch: pytest.MonkeyPatch) -> Iterator[TelegramSink]:
    """Telegram, as apprise finds it."""
    with TelegramSink() as sink:
        monkeypatch.setattr("apprise.plugins.telegram.NotifyTelegram.notify_url", sink.address)
        yield sink


def sender(url: str = URL) -> AppriseSender:
    return AppriseSender("oncall/boss", Secret(url))


def failure() -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        sender().send(Message("DOWN provider Telekom (office)", "cause: contact Unreachable"))
    return caught.value


@pytest.mark.parametrize("name", sorted(CASES))
def test_every_message_arrives_word_by_word(telegram: TelegramSink, name: str) -> None:
    case = CASES[name]()
    message = compose(case.rows, ENGLISH, failing=case.failing)

    sender().send(message)

    [arrived] = telegram.messages
    assert (arrived.subject, arrived.body) == (message.subject, message.body)


@pytest.mark.parametrize("options", ["", "?format=markdown", "?format=html&mdv=2"])
def test_what_looks_like_markup_arrives_as_it_is(telegram: TelegramSink, options: str) -> None:
    body = "contact <sip:101@10.0.0.1;transport=udp> _x_ *y* `z`\n\n[a](http://b) &lt; &amp;amp; </b> <!-- -->\n  # two"

    sender(URL + options).send(Message("DOWN phone Bob & <b>Söhne</b> (office)", body))

    [arrived] = telegram.messages
    assert arrived.subject == "DOWN phone Bob & <b>Söhne</b> (office)"
    assert arrived.body.replace("\u200b ", " ") == body


def test_the_longest_digest_arrives_whole_and_says_what_it_left_out(telegram: TelegramSink) -> None:
    rows = [row(incident(phone(f"desk {number}"), number, opened_at=number * 1e6)) for number in range(900, 1100)]
    channel = sender()
    message = compose(rows, ENGLISH, most_characters=channel.most_characters)

    channel.send(message)

    [arrived] = telegram.messages
    assert len(message.body) > 3200
    assert arrived.body == message.body
    assert "(incidents " in arrived.body
    assert "Written Fri 1 May 2026" in arrived.body


def test_a_text_full_of_markup_is_cut_and_says_so(telegram: TelegramSink) -> None:
    sender().send(Message("<&>" * 20, "<sip:&>\n" * 437))

    [arrived] = telegram.messages
    assert arrived.body.endswith("…")
    assert set(arrived.body[:-1].splitlines()[:-1]) == {"<sip:&>"}
    assert len(arrived.sent["text"]) > 3900


@given(text=st.text(st.sampled_from("<>&\n ab\"'ü"), min_size=2500, max_size=3500))
def test_what_apprise_gets_is_never_longer_than_it_takes(text: str) -> None:
    subject, body = as_html(Message("<&>" * 20, text))

    assert len(f"<b>{subject}</b>\r\n") + len(body) + body.count("\n") <= 4096
    shown = unescape(body).replace("\u200b ", " ")
    assert shown == text or (shown.endswith("…") and text.startswith(shown[:-1]))


def test_too_many_messages_are_a_failure_that_says_how_long_to_wait(telegram: TelegramSink) -> None:
    telegram.mode = "429"

    error = failure()

    assert not isinstance(error, DeliveryUnsure)
    assert (error.refused, error.retry_after) == (False, 35.0)
    assert "Too Many Requests" in error.why
    assert TOKEN not in error.why


def test_a_wrong_chat_is_refused(telegram: TelegramSink) -> None:
    telegram.mode = "400"

    error = failure()

    assert (error.refused, error.retry_after) == (True, None)
    assert "chat not found" in error.why


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ('{"parameters":{"retry_after":35}}', 35.0),
        ("Too Many Requests: retry after 7", 7.0),
        ("b'retry_after': 0.5", 0.0),
        ("try again later", None),
    ],
)
def test_the_wish_to_be_left_alone_is_found_in_what_apprise_logs(said: str, seconds: float | None) -> None:
    assert retry_after(said) == seconds


def test_a_url_with_two_chats_is_refused_by_check_config() -> None:
    assert "one line each" in str(why_refused(f"{URL}/87654321"))
    assert why_refused(URL) is None


def test_a_telegram_that_had_too_many_messages_is_left_alone_for_as_long_as_it_says(
    telegram: TelegramSink, store: Store
) -> None:
    telegram.mode, telegram.retry_after = "429", 2
    with delivering(store, URL) as wake:
        book(store, 1, 1)
        wake()
        telegram.wait_for_attempts(1)
        refused_at = time.monotonic()
        telegram.mode = "ok"

        telegram.wait_for(1)

        # All other waits of this test are a hundredth of the real ones.
        assert time.monotonic() - refused_at >= 1.9
