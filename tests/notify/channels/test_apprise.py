"""Messages through apprise, to servers on loopback that accept, refuse, hang, or are not there."""

from __future__ import annotations

import io
import logging
import socket
import subprocess
import sys
import traceback
from collections.abc import Iterator
from urllib.parse import quote

import pytest

from healthmon.config.sections.shared import Secret
from healthmon.errors import DeliveryError, DeliveryUnsure
from healthmon.notify.channels.apprise import AppriseSender
from healthmon.notify.channels.by_scheme import sender_for, why_refused
from healthmon.notify.channels.network_errors import short
from healthmon.notify.compose.message import Message, Mood
from tests.notify.urls import EXAMPLES, NOBODY
from tests.sinks import SmtpSink, WebhookSink

MESSAGE = Message(
    "DOWN phone Bob & <b>Söhne</b> (office)", "contact <sip:101@10.0.0.1> _x_\nzweite Zeile ü", Mood.FAILURE
)


def sender(url: str) -> AppriseSender:
    return AppriseSender("oncall/test", Secret(url))


def failure(url: str) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        sender(url).send(MESSAGE)
    return caught.value


def test_notify_can_be_imported_without_apprise() -> None:
    code = (
        "import sys, healthmon.notify.delivery.deliverer, healthmon.notify.delivery.trial; "
        "import healthmon.notify.delivery.past_outbox; "
        "sys.exit('apprise' in sys.modules or 'requests' in sys.modules)"
    )

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_webhook_gets_the_text_as_it_is() -> None:
    with WebhookSink() as sink:
        sender(sink.url).send(MESSAGE)

        [arrived] = sink.messages
    assert (arrived.subject, arrived.body, arrived.mood) == (MESSAGE.subject, MESSAGE.body, "failure")


@pytest.mark.parametrize(
    ("mode", "refused"), [("500", False), ("400", True), ("413", True), ("401", False), ("429", False)]
)
def test_what_a_webhook_answers_is_told_and_classified(mode: str, refused: bool) -> None:
    with WebhookSink() as sink:
        sink.mode = mode

        error = failure(sink.url)

    assert not isinstance(error, DeliveryUnsure)
    assert f"error={mode}" in error.why
    assert error.refused is refused


@pytest.mark.parametrize("mode", ["hang", "drop"])
def test_no_answer_from_a_webhook_means_perhaps_sent(mode: str) -> None:
    with WebhookSink() as sink:
        sink.mode = mode

        error = failure(f"{sink.url}?rto=0.3")

    assert isinstance(error, DeliveryUnsure)
    assert "timed out" in error.why or "aborted" in error.why


def test_a_closed_port_was_certainly_not_sent() -> None:
    error = failure(f"json://{NOBODY}/hook77")

    assert not isinstance(error, DeliveryUnsure)
    assert error.why.endswith(f"{NOBODY}: [Errno 111] Connection refused")


@pytest.mark.parametrize(
    ("said", "core"),
    [
        (
            "HTTPSConnectionPool(host='h.example', port=443): Max retries exceeded with url: /x (Caused by SSLError("
            "SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed')))",
            "h.example:443: [SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed",
        ),
        (
            "HTTPSConnectionPool(host='h.example', port=443): Max retries exceeded with url: /x (Caused by "
            "ConnectTimeoutError(<urllib3.connection.HTTPSConnection object at 0x7f1>, 'Connection to h.example timed "
            "out. (connect timeout=10.0)'))",
            "h.example:443: Connection to h.example timed out. (connect timeout=10.0)",
        ),
        (
            "HTTPConnectionPool(host='h.example', port=80): Max retries exceeded with url: /x (Caused by "
            "NewConnectionError('<urllib3.connection.HTTPConnection object at 0x7f1>: Failed to establish a new "
            "connection: [Errno -2] Name or service not known'))",
            "h.example:80: [Errno -2] Name or service not known",
        ),
        (
            "HTTPSConnectionPool(host='h.example', port=443): Max retries exceeded with url: /x (Caused by "
            "NameResolutionError(\"HTTPSConnection(host='h.example', port=443): Failed to resolve 'h.example' "
            '([Errno -2] Name or service not known)"))',
            "h.example:443: [Errno -2] Name or service not known",
        ),
        (
            "HTTPConnectionPool(host='h.example', port=80): Read timed out. (read timeout=15.0)",
            "h.example:80: Read timed out. (read timeout=15.0)",
        ),
        ("(535, b'5.7.8 no')", "(535, b'5.7.8 no')"),
    ],
)
def test_what_an_exception_says_is_brought_down_to_its_core_and_is_the_same_each_time(said: str, core: str) -> None:
    assert short(said) == core


def test_a_url_that_apprise_does_not_load_is_a_failure_that_says_so() -> None:
    assert "does not load" in failure("nonsense://secret77").why


@pytest.fixture
def all_log_lines() -> Iterator[io.StringIO]:
    """Everything that reaches the log, at the lowest level, before our handler's own redactor."""
    stream = io.StringIO()
    handler, root = logging.StreamHandler(stream), logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(1)
    yield stream
    root.setLevel(level)
    root.removeHandler(handler)


@pytest.mark.parametrize("kind", sorted(EXAMPLES))
def test_no_secret_of_any_kind_of_url_is_seen_anywhere(
    kind: str, all_log_lines: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    example = EXAMPLES[kind]
    # Nothing in these tests leaves the machine: every name leads to a port where nobody listens.
    nobody = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 9))]
    monkeypatch.setattr("socket.getaddrinfo", lambda *_args, **_options: nobody)

    refused = why_refused(example.url)
    carrier = sender_for("oncall/test", Secret(example.url))
    with pytest.raises(DeliveryError) as caught:
        carrier.send(MESSAGE)
    error = caught.value

    seen = [str(error), repr(error), "".join(traceback.format_exception(error)), refused or ""]
    seen += [all_log_lines.getvalue(), repr(carrier)]
    assert [secret for secret in example.secrets if any(secret in text for text in seen)] == []
    assert error_is_plain(error.why)


def error_is_plain(why: str) -> bool:
    """It says something besides asterisks."""
    return len(why.replace("*", "").strip()) > 10


@pytest.mark.parametrize("kind", sorted(set(EXAMPLES) - {"msteams"}))
def test_every_kind_of_url_is_accepted(kind: str) -> None:
    assert why_refused(EXAMPLES[kind].url) is None


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("nonsense://abcdefgh", "does not load"),
        ("tgram://123456789:abcdefg_hijklmnop-qrstuvwxyz12345678/12345678/87654321", "one line each"),
        ("slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#alpha/#bravo", "one line each"),
        ("ntfy://ntfy.example.org/topic1/topic2", "one line each"),
        ("json://127.0.0.1/alpha, json://127.0.0.1/bravo", "one line each"),
        ("mailto://user:pass@mail.example.org?to=a@example.org,notanaddress", "address 2 in to="),
        ("mailto://user:pass@mail.example.org/a@example.org/notanaddress", "address 2 in the path"),
        ("signal://127.0.0.1:8080/+15551234567/+15557654321/notanumber", "drops a part"),
        ("mailto://user:p@ss@mail.example.org", "%40"),
        ("mailto://user:p/ss@mail.example.org?to=a@example.org", "%2F"),
        ("mailto://user:p?ss@mail.example.org?to=a@example.org", "%3F"),
        ("mailto://user:p#ss@mail.example.org?to=a@example.org", "%23"),
        ("gotify://user:p/ss@gotify.example.org/token", "%2F"),
        ("mailto://mail.example.org/a@example.org,notanaddress?from=h@example.org", "address 2 in the path"),
        ("mailto://mail.example.org?from=h@example.org&to=a@b\u00fccher.example", "address 1 in to= holds letters"),
        (
            "mailto://mail.example.org?from=h@example.org&cc=a+b@example.org",
            "a + in cc=; in an address it is written %2B",
        ),
    ],
)
def test_check_config_is_told_what_is_wrong_without_secrets(url: str, words: str) -> None:
    why = why_refused(url)

    assert why is not None
    assert words in why
    hidden = ("abcdefg", "12345678", "TIiajk", "topic", "alpha", "notanaddress", "notanumber", "p@ss", "ss>")
    assert [secret for secret in hidden if secret in why] == []


def test_a_list_of_mail_addresses_counts_as_one() -> None:
    assert (
        why_refused("mailto://user:pass@mail.example.org?to=Bob <b@example.org>,a@example.org&cc=c@example.org") is None
    )


#: What apprise reads of a URL only in part, and does not say so.
LOST = [
    "mailto://user:pass@mail.example.org?to=a@example.org;b@example.org",
    "mailto://user:pass@mail.example.org?to=a@example.org&to=b@example.org",
    "mailto://user:pass@mail.example.org?to=a@example.org&TO=b@example.org",
    "mailto://user:pass@mail.example.org?to=a@example.org&cc=b@example.org;c@example.org",
    "mailto://user:pass@mail.example.org/a@example.org;b@example.org",
    "mailto://user@mail.example.org?pass=p;w",
    "xml://127.0.0.1/hook?-tok=ab;cd",
    "json://127.0.0.1/hook?-tok=ab;cd",
    "json://127.0.0.1/hook?-tok=ab&-tok=cd",
    "ntfy://ntfy.example.org/topic?tags=a;b",
    "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#alpha;bravo",
    "tgram://123456789:abcdefg_hijklmnop-qrstuvwxyz12345678/12345678?thread=1;2",
]


@pytest.mark.parametrize("url", LOST)
def test_a_recipient_is_not_lost_without_a_word(url: str) -> None:
    why = why_refused(url)

    assert why is not None
    assert "comma" in why
    assert "%3B" in why or "twice" in why


@pytest.mark.parametrize(
    ("list_of_them", "recipients"),
    [
        ("to=a@example.org,b@example.org", {"a@example.org", "b@example.org"}),
        ("to=a@example.org%3Bb@example.org", {"a@example.org", "b@example.org"}),
        ("to=a%2Bhealthmon@example.org", {"a+healthmon@example.org"}),
        ('to="Smith, J" <a@example.org>,b@example.org', {"a@example.org", "b@example.org"}),
    ],
)
def test_what_check_config_lets_pass_reaches_every_recipient(list_of_them: str, recipients: set[str]) -> None:
    with SmtpSink() as sink:
        url = f"mailto://127.0.0.1:{sink.port}?from=h@example.org&{quote(list_of_them, safe='=,%@')}"
        url = url.replace("%25", "%")

        assert why_refused(url) is None
        sender_for("oncall/test", Secret(url)).send(MESSAGE)

        arrived = {address for mail in sink.messages for address in mail.recipients}
    assert arrived == recipients


@pytest.mark.parametrize(
    ("url", "seconds"),
    [
        ("form://127.0.0.1/", 0),
        ("xmls://127.0.0.1/", 0),
        ("gotify://gotify.example.org/token", 1),
        (EXAMPLES["tgram"].url, 3),
        ("tgram://123456789:abcdefg_hijklmnop-qrstuvwxyz12345678/12345678", 1),
    ],
)
def test_each_channel_has_its_pace(url: str, seconds: float) -> None:
    assert sender(url).min_interval == seconds


def test_a_channel_withshort_messages_says_so() -> None:
    sms = "twilio://AC735c307c62944b5aAC735c307c62944b5a:e29dfbcebf390dee9@+15551234567/+15557654321"

    assert sender(sms).most_characters < 160
    assert sender(EXAMPLES["discord"].url).most_characters <= 2000
    assert sender(EXAMPLES["json"].url).most_characters == 3500
