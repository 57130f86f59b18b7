"""JSON webhooks, to servers on loopback that accept, refuse, hang, or are not there."""

from __future__ import annotations

import base64
import json
import socket
from pathlib import Path
from unittest.mock import patch
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from healthmon.config.sections.shared import Secret
from healthmon.errors import DeliveryError, DeliveryUnsure
from healthmon.notify.channels.by_scheme import sender_for, why_refused
from healthmon.notify.channels.http_calls import retry_after
from healthmon.notify.channels.webhook import WebhookSender
from healthmon.notify.compose.digest import compose
from healthmon.notify.compose.message import Message, Mood
from tests.lab.certs import Authority
from tests.notify.rows import ENGLISH, TELEKOM, incident, phone, row
from tests.notify.urls import NOBODY
from tests.sinks import WebhookSink
from tests.wire.raw import RawPeer

MESSAGE = Message("DOWN phone Bob & <b>Söhne</b> (office)", "contact <sip:101@10.0.0.1> ü", Mood.FAILURE, {"schema": 1})


def sender(url: str) -> WebhookSender:
    chosen = sender_for("oncall/test", Secret(url))
    assert isinstance(chosen, WebhookSender)
    return chosen


def failure(url: str) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        sender(url).send(MESSAGE)
    return caught.value


def test_the_body_is_that_of_apprise_and_has_the_facts_beside_it() -> None:
    with WebhookSink() as sink:
        sender(sink.url).send(MESSAGE)

        [arrived] = sink.messages
    assert arrived.sent == {
        "version": "1.0",
        "title": MESSAGE.subject,
        "message": MESSAGE.body,
        "attachments": [],
        "type": "failure",
        "healthmon": {"schema": 1, "url_id": "oncall/test"},
    }
    assert arrived.headers["Content-Type"] == "application/json"


def test_names_of_strangers_arrive_as_they_are_and_break_nothing() -> None:
    hostile = 'evil\u202e\n\x00\ud800"}]'
    with WebhookSink() as sink:
        sender(sink.url).send(compose([row(incident(phone(hostile)))], ENGLISH))

        [arrived] = sink.messages
    assert arrived.sent["healthmon"]["incidents"][0]["name"] == hostile


def test_a_url_may_log_in_and_add_headers_parameters_and_fields() -> None:
    with WebhookSink() as sink:
        login = f"robot:{quote('пароль:/', safe='')}"
        sender(
            f"json://{login}@127.0.0.1:{sink.port}/a%20b/hook?method=put&+X-Token=t%20k&-key=v&:team=voip"
            "&:title=subject&:attachments="
        ).send(MESSAGE)

        [arrived] = sink.messages
    assert arrived.headers["Authorization"] == f"Basic {base64.b64encode('robot:пароль:/'.encode()).decode()}"
    assert arrived.headers["X-Token"] == "t k"
    assert arrived.path == "/a%20b/hook?key=v"
    assert arrived.sent["team"] == "voip"
    assert arrived.sent["subject"] == MESSAGE.subject
    assert {"title", "attachments"}.isdisjoint(arrived.sent)


@pytest.mark.parametrize(
    ("mode", "refused"),
    [("500", False), ("503", False), ("400", True), ("413", True), ("422", True), ("401", False), ("404", False)],
)
def test_what_a_webhook_answers_is_told_and_classified(mode: str, refused: bool) -> None:
    with WebhookSink() as sink:
        sink.mode, sink.answer_body = mode, b"no\n such\x1b thing"

        error = failure(sink.url)

    assert not isinstance(error, DeliveryUnsure)
    assert error.why.startswith(f"error={mode} ")
    assert r"it answered: no such\x1b thing" in error.why
    assert (error.refused, error.retry_after) == (refused, None)


def refusal_that_echoes(said: str, token: str) -> DeliveryError:
    """The failure where a webhook refuses, and says something in which the token of its own URL stands."""
    body = said.encode()
    with RawPeer() as peer:
        peer.says(b"HTTP/1.1 400 No\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
        return failure(f"json://127.0.0.1:{peer.port}/{token}")


def test_a_token_that_is_echoed_where_the_answer_is_cut_is_hidden_to_its_last_letter() -> None:
    token = "s3cretT0ken" * 5
    refused = refusal_that_echoes(f"{'x' * 180} {token}", token)

    assert "it answered: xxx" in str(refused)
    assert "s3cret" not in str(refused)


@pytest.mark.parametrize("before", [0, 5, 9])
def test_a_token_that_an_answer_repeats_is_hidden_wherever_that_is_cut(before: int) -> None:
    token = "s3cretT0ken" * 4
    refused = refusal_that_echoes(f"{'x' * before} {f'{token} ' * 70}", token)

    assert "it answered: " in str(refused)
    assert "s3c" not in str(refused)


def test_a_webhook_that_wants_to_be_left_alone_says_for_how_long() -> None:
    with WebhookSink() as sink:
        sink.mode, sink.answer_headers = "429", {"Retry-After": "40"}

        assert failure(sink.url).retry_after == 40


@pytest.mark.parametrize("status", ["429", "503"])
def test_retry_after_as_a_date_is_understood_too_by_the_clock_of_the_one_who_says_it(status: str) -> None:
    with WebhookSink() as sink:
        sink.mode = status
        sink.answer_headers = {"Date": "Mon, 01 Jan 2001 12:00:00 GMT", "Retry-After": "Mon, 01 Jan 2001 12:02:30 GMT"}

        assert failure(sink.url).retry_after == 150


@pytest.mark.parametrize(
    "words",
    [
        "Mon, 01 Jan 2001 11:00:00 GMT",
        "soon",
        "99999999999",
        "-5",
        "Mon, 99 Foo 2001",
        "Mon, 01 Jan 99999999999 12:00:00 GMT",
        "Mon, 01 Jan 2001 12:00:00 +99999999999999",
    ],
)
def test_retry_after_that_says_nothing_keeps_nobody_waiting(words: str) -> None:
    assert not retry_after({"Date": "Mon, 01 Jan 2001 12:00:00 GMT", "Retry-After": words})


def test_a_redirect_is_no_delivery() -> None:
    with WebhookSink() as sink, WebhookSink() as other:
        sink.mode, sink.answer_headers = "302", {"Location": f"http://127.0.0.1:{other.port}/secret77"}

        error = failure(sink.url)

        assert other.attempts == 0
    assert "moved" in error.why
    assert "secret77" not in error.why


@pytest.mark.parametrize("mode", ["hang", "drop"])
def test_no_answer_means_perhaps_sent(mode: str) -> None:
    with WebhookSink() as sink:
        sink.mode = mode

        error = failure(f"{sink.url}?rto=0.3")

    assert isinstance(error, DeliveryUnsure)
    assert "timed out" in error.why or "aborted" in error.why


def test_a_closed_port_was_certainly_not_sent() -> None:
    error = failure(f"json://{NOBODY}/hook77")

    assert not isinstance(error, DeliveryUnsure)
    assert error.why == f"{NOBODY}: [Errno 111] Connection refused"


def test_a_name_that_does_not_exist_was_certainly_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(*_arguments: object, **_options: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr("socket.getaddrinfo", nobody)

    error = failure("jsons://hooks.example.org/hook77")

    assert not isinstance(error, DeliveryUnsure)
    assert "Name or service not known" in error.why
    assert "hook77" not in error.why


def test_the_environments_proxies_are_not_used_and_one_that_is_configured_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://{NOBODY}")
    monkeypatch.delenv("NO_PROXY", raising=False)
    with WebhookSink() as sink, WebhookSink() as proxy:
        sender(sink.url).send(MESSAGE)
        assert len(sink.messages) == 1

        sender(f"json://hooks.example.org/alerts?proxy=http%3A%2F%2F127.0.0.1%3A{proxy.port}").send(MESSAGE)

        [arrived] = proxy.messages
    assert arrived.path == "http://hooks.example.org/alerts"


def test_the_certificate_is_checked_by_the_authority_that_the_url_names(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    with WebhookSink(certificate=authority.valid("127.0.0.1").files) as sink:
        url = sink.url.replace("json:", "jsons:")
        error = failure(url)
        assert not isinstance(error, DeliveryUnsure)
        assert "CERTIFICATE_VERIFY_FAILED" in error.why

        sender(f"{url}?verify={authority.ca_file}").send(MESSAGE)
        sender(f"{url}?verify=no").send(MESSAGE)

        assert len(sink.messages) == 2


def test_a_file_of_certificates_that_has_gone_is_a_failure_that_says_so(tmp_path: Path) -> None:
    assert "gone.pem" in failure(f"jsons://127.0.0.1/?verify={tmp_path}/gone.pem").why


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("json:///alerts", "names no host"),
        ("json://host:99999/", "this is no URL"),
        ("json://host/?method=GET", "method must be one of POST, PUT, PATCH"),
        ("json://host/?rto=soon", "rto must be a number of seconds"),
        ("json://host/?cto=0", "cto must be a number of seconds"),
        ("json://host/?verify=maybe", "verify must be yes, no, or the path"),
        ("json://host/?verify=/no/such/file.pem", "no such file of certificates"),
        ("json://host/?proxy=socks", "proxy must begin with http"),
        ("json://host/?tokn=geheim77", "one of its options is unknown"),
        ("json://host/?+X-Token=a%0d%0ab", "no HTTP header may hold"),
        ("json://127.0.0.1/alpha, json://127.0.0.1/bravo", "one line each"),
    ],
)
def test_check_config_is_told_what_is_wrong(url: str, words: str) -> None:
    why = why_refused(url)

    assert why is not None
    assert words in why
    assert "geheim77" not in why


def test_options_that_mean_something_to_apprise_only_are_no_mistake() -> None:
    assert why_refused("jsons://robot:geheim@host/?format=text&overflow=split&retry=2&wait=1") is None


def test_a_wrong_url_is_a_failed_delivery_not_a_dead_thread() -> None:
    assert "unknown" in failure("json://127.0.0.1/?tokn=geheim77").why


def test_ten_thousand_incidents_name_the_worst_and_say_how_many_are_left_out() -> None:
    rows = [row(incident(phone(str(number)), number)) for number in range(1, 3001)]
    rows.append(row(incident(TELEKOM, 5000)))

    facts = compose(rows, ENGLISH).facts

    assert facts["incidents"][0]["endpoint"] == "PJSIP/Telekom"
    assert (len(facts["incidents"]), facts["incidents_left_out"]) == (1000, 2001)
    assert len(json.dumps(facts)) < 1_000_000


#: Where every name leads to: a port on loopback where nobody listens.
NOWHERE = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 9))]
ANYTHING = st.text(st.characters(exclude_categories=["Z", "C"]), max_size=40)


@settings(max_examples=150, deadline=None)
@given(text=ANYTHING, prefix=st.sampled_from(["", "u:p@", "["]))
def test_whatever_check_config_accepts_can_be_sent_to_or_fails_as_a_delivery(text: str, prefix: str) -> None:
    with patch("socket.getaddrinfo", lambda *_arguments, **_options: NOWHERE):
        for url in (f"json://{prefix}{NOBODY}/{text}", f"jsons://{prefix}host/?{text}", f"json://host{text}:9/"):
            if why_refused(url) is None:
                assert failure(url).why
