"""``healthmon test-alert``: each URL says for itself whether it works."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from healthmon.config.sections.receiver import TemplateFile
from healthmon.notify.delivery.trial import TestResult, test_alert
from tests.notify.configs import receiver
from tests.notify.rows import BERLIN, NOW
from tests.notify.urls import NOBODY
from tests.sinks import SmtpSink, WebhookSink


def test_each_url_is_tried_and_reported_in_its_order() -> None:
    with WebhookSink() as webhook, SmtpSink() as mail:
        results = test_alert(receiver(webhook.url, f"json://{NOBODY}/hook77", mail.url), zone=BERLIN, now=NOW)

        [posted], [mailed] = webhook.messages, mail.messages
    assert [(one.url_id, one.ok) for one in results] == [("oncall/0", True), ("oncall/1", False), ("oncall/2", True)]
    assert "Connection refused" in results[1].why
    assert "hook77" not in results[1].why
    assert posted.subject == mailed.subject == "TEST of healthmon, receiver oncall"
    assert ": it tells of no outage.\n" in posted.body
    assert "Nothing is down" not in posted.body
    assert posted.mood == "info"


@pytest.mark.parametrize(
    ("down", "said"),
    [(0, "Nothing is down."), (3, "Down at present: 3, see healthmon status --down"), (None, "it tells of no outage.")],
)
def test_a_test_does_not_say_that_nothing_is_down_while_something_is(down: int | None, said: str) -> None:
    with WebhookSink() as webhook:
        test_alert(receiver(webhook.url), zone=BERLIN, now=NOW, down=down)

        [posted] = webhook.messages
    assert posted.body.splitlines()[0].endswith(said)


def test_a_test_speaks_the_language_of_its_receiver() -> None:
    with WebhookSink() as webhook:
        test_alert(replace(receiver(webhook.url), language="ru"), zone=BERLIN, now=NOW)

        [posted] = webhook.messages
    assert posted.subject == "ПРОВЕРКА healthmon, получатель oncall"
    assert posted.body.endswith("Составлено пт 1 мая 2026 14:05:00 CEST (UTC+2).")
    assert posted.sent["healthmon"]["event"] == "test"


def test_an_example_shows_a_real_alert_by_the_receivers_templates_marked_as_a_test() -> None:
    with WebhookSink() as webhook:
        template = TemplateFile(Path("b.j2"), "{{ incidents[0].headline }} seit {{ incidents[0].lasted }}")
        chosen = replace(receiver(webhook.url), language="ru", body_template=template)

        test_alert(chosen, zone=BERLIN, now=NOW, as_example=True)

        [posted] = webhook.messages
    assert posted.subject == "ПРОВЕРКА: НЕДОСТУПЕН провайдер 101 (office) с 13:53"
    assert posted.body.startswith("Это проверка получателя oncall на ")
    assert posted.body.endswith("\n\nНЕДОСТУПЕН провайдер 101 (office) seit 12 мин")
    assert (posted.sent["healthmon"]["event"], posted.sent["healthmon"]["incidents"]) == ("test", [])


def test_a_url_that_hangs_does_not_hold_up_the_others() -> None:
    with WebhookSink() as good, WebhookSink() as bad:
        bad.mode = "hang"

        slow, quick = test_alert(receiver(f"{bad.url}?rto=0.5", good.url))

    assert (slow.ok, quick) == (False, TestResult("oncall/1", ok=True))
    assert "timed out" in slow.why


def test_a_receiver_without_urls_has_no_results() -> None:
    assert test_alert(receiver()) == []
