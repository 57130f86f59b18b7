"""No secret of the configuration is readable in anything that passes the redactor."""

from __future__ import annotations

import base64
import json
from html import escape
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from healthmon.config.sections.general import HeartbeatConfig
from healthmon.config.sections.shared import Secret
from healthmon.notify.channels.redact import ORDINARY_WORDS, Redactor
from tests.notify.configs import config
from tests.notify.urls import EXAMPLES


@pytest.mark.parametrize("kind", sorted(EXAMPLES))
def test_each_secret_of_each_kind_of_url_is_hidden_however_it_is_written(kind: str) -> None:
    example = EXAMPLES[kind]
    redact = Redactor([example.url])

    for secret in example.secrets:
        spellings = [
            secret,
            quote(secret, safe=""),
            quote_plus(secret),
            escape(secret),
            json.dumps(secret),
            repr(secret),
        ]
        text = redact(f"POST {' and '.join(spellings)} failed; url {example.url}")
        assert secret not in text, text
        assert text.startswith("POST ***")


def test_all_urls_together_hide_all_secrets() -> None:
    redact = Redactor(example.url for example in EXAMPLES.values())
    secrets = [secret for example in EXAMPLES.values() for secret in example.secrets]

    text = redact(" ".join(secrets) + " " + " ".join(example.url for example in EXAMPLES.values()))

    assert [secret for secret in secrets if secret in text] == []


def test_a_login_is_hidden_in_its_base64_form_too() -> None:
    redact = Redactor(["json://robot:zaubertrank@host.example/"])

    assert (
        redact(f"Authorization: Basic {base64.b64encode(b'robot:zaubertrank').decode()}") == "Authorization: Basic ***"
    )


def test_a_secret_is_hidden_whatever_its_case() -> None:
    assert Redactor(["ntfy://MyTopic"])("no such topic: mytopic") == "no such topic: ***"


def test_a_short_password_is_hidden_as_a_word_and_does_not_eat_into_others() -> None:
    redact = Redactor(["json://robot:at@host.example/v1/"])

    assert (
        redact("login robot/at failed at the gate; password 'at'")
        == "login ***/*** failed *** the gate; password '***'"
    )
    assert redact("what a pattern, v1") == "what a pattern, v1"


def test_the_longest_secret_is_hidden_whole() -> None:
    redact = Redactor(["json://user9:pass@host.example/passport/pass"])

    assert redact("passport pass") == "*** ***"


def test_a_servers_name_its_port_and_plain_options_stay_readable() -> None:
    redact = Redactor(["json://robot:geheim@mail.example.org:8443/hook99?rto=15&format=text"])

    words = "mail.example.org:8443 timed out after 15 s (format text)"
    assert redact(words) == words


def test_our_own_name_stays_readable_though_it_is_the_user() -> None:
    redact = Redactor(["mailto://healthmon:geheim@mail.example.org"])

    assert redact("healthmon stops; password geheim") == "healthmon stops; password ***"


def test_the_login_in_any_url_is_hidden_though_nobody_configured_it() -> None:
    assert Redactor([])("see https://somebody:something@pbx.example/ari") == "see https://***@pbx.example/ari"


def test_passwords_of_pbxs_are_hidden_and_both_configurations_of_a_reload(two_configs: tuple[object, object]) -> None:
    redact = Redactor.of(*two_configs)  # type: ignore[arg-type]

    assert redact("old-ari-pw new-ari-pw one-topic99 other-topic99") == "*** *** *** ***"
    login = base64.b64encode(b"healthmon:old-ari-pw").decode()
    assert redact(f"Basic {login}") == "Basic ***"


def test_the_token_of_a_heartbeat_is_hidden_and_its_server_and_short_words_stay_readable() -> None:
    url = "https://robot:pw@kuma.example.org/api/push/Dkd8fd8sd1?status=up&msg=all%20is%20well&ping="
    one = config("ntfy://one-topic99", "old-ari-pw")
    redact = Redactor.of(replace(one, heartbeat=HeartbeatConfig(Secret(url))))

    assert redact("GET /api/push/dkd8fd8sd1 answers 404") == "GET /api/push/*** answers 404"
    assert redact(url) == "https://***@kuma.example.org***"
    assert redact("robot, pw") == "***, ***"
    readable = "pushed up, stopping, all is well; kuma.example.org"
    assert redact(readable) == readable


@pytest.mark.parametrize("slug", ["head-office", "healthmon"])
def test_a_check_that_is_called_like_a_pbx_or_like_us_hides_neither(slug: str) -> None:
    one = config("ntfy://one-topic99", "old-ari-pw")
    named = replace(one, pbxs=(replace(one.pbxs[0], name="head-office"),))
    heartbeat = HeartbeatConfig(Secret(f"https://hc-ping.com/k3yk3yk3y/{slug}"))
    redact = Redactor.of(replace(named, heartbeat=heartbeat))

    assert redact("healthmon: pbx head-office: k3yk3yk3y") == "healthmon: pbx head-office: ***"


@pytest.fixture
def two_configs() -> tuple[object, object]:
    one = config("ntfy://one-topic99", "old-ari-pw")
    return one, replace(config("ntfy://other-topic99", "new-ari-pw"), log_level="debug")


OUR_WORDS = {"apprise", "asterisk", "healthmon", "json", "host.example"}
WORDS = st.text(st.characters(min_codepoint=33, max_codepoint=0x2FF, exclude_characters="/?#@:&;,=<>%+"), min_size=1)


def is_no_word_of_ours(text: str) -> bool:
    return text.lower() not in OUR_WORDS


# Our own words (a path /healthmon, a scheme) tell nobody anything, and a log without them tells nothing.
@settings(deadline=None)
@given(
    password=WORDS.filter(is_no_word_of_ours),
    segment=WORDS.filter(lambda text: len(text) >= 4).filter(
        lambda text: is_no_word_of_ours(text) and text.lower() not in ORDINARY_WORDS
    ),
)
def test_any_password_and_any_path_is_hidden(password: str, segment: str) -> None:
    redact = Redactor([f"json://robot:{quote(password, safe='')}@host.example/{quote(segment, safe='')}"])

    assert redact(f" {segment} ") == " *** "
    assert redact(f" {password} ") == " *** "


def test_of_a_url_each_secret_is_hidden_however_short_and_nothing_else() -> None:
    redact = Redactor(["json://robot:ab@host.example:80/hook99?+X-Token=t&rto=5"])

    assert redact("robot ab hook99 t") == "*** *** *** ***"
    assert redact("host.example 80 5") == "host.example 80 5"


def test_a_receivers_own_name_stays_readable_though_it_is_a_part_of_its_url() -> None:
    redact = Redactor(["json://robot:helpdesk1@host.example/demo-helpdesk"], names=["helpdesk", "helpdesk1"])

    assert redact("helpdesk/webhook: delivered to demo-helpdesk") == "helpdesk/webhook: delivered to ***"
    # As a password it is hidden all the same.
    assert redact("login with helpdesk1") == "login with ***"


def test_a_short_secret_is_not_blotted_inside_of_words_where_what_is_left_would_betray_it() -> None:
    redact = Redactor(["json://user:test@host.example/hold"], ["30"])

    words = "this latest attempt holds 300 s; contested by testers, unhold"
    assert redact(words) == words


@pytest.mark.parametrize(
    "text",
    [
        "https://host.example/7days/x",
        "GET /7days HTTP/1.1",
        "https://7days@host.example",
        "https://u:7days@host.example",
        "?token=7days&x=1",
        "https%3A%2F%2Fhost.example%2F7days%2F",
        r'{"why": "no\n7days"}',
        "7days",
        "'7days'",
        "token_7days_x",
        "7DAYS",
    ],
)
def test_a_short_secret_is_hidden_as_a_whole_part_of_a_url_and_as_a_word(text: str) -> None:
    redact = Redactor(["json://host.example/7days"], ["7days"])

    assert "7days" not in redact(text).lower()


def test_a_short_secret_that_begins_or_ends_with_a_sign_is_hidden_beside_a_letter_too() -> None:
    redact = Redactor([], ["$ab1", "cd2="])

    assert redact("login robot$ab1, x=cd2=y") == "login robot***, x=***y"


@pytest.mark.parametrize("shown", range(4, len("s3cretT0ken")))
def test_the_half_of_a_secret_that_a_cut_leaves_is_hidden(shown: int) -> None:
    redact = Redactor(["form://127.0.0.1/s3cretT0ken"])

    assert redact(f"it answered: xx {'s3CRETT0KEN'[:shown]}…; tried again") == "it answered: xx ***…; tried again"
    assert redact("s3c… and the other words stay as they are…") == "s3c… and the other words stay as they are…"


@pytest.mark.parametrize("word", sorted(ORDINARY_WORDS))
def test_a_word_of_ours_in_a_path_is_hidden_in_urls_and_stays_readable_in_sentences(word: str) -> None:
    redact = Redactor([f"json://hooks.example/{word}/f00b4r?x={word}"])

    for said in (f"{word.upper()} x (office)", f"1 {word}, at 3", f'"{word}"', f"x is {word}"):
        assert redact(said) == said
    for url in (f"url: /{word}", f"http://hooks.example/{word}/2", f"%2F{word}", f"?x={word}&y"):
        assert word not in redact(url)


def test_a_word_of_ours_that_is_a_secret_is_hidden_everywhere() -> None:
    for url in (
        "json://robot:down@hooks.example/",
        "json://hooks.example/?+X-Token=down",
        "ntfy://down",
        "tgram://down/1",
    ):
        assert "down" not in Redactor([url])("it is down")
    assert "down" not in Redactor([], ["down"])("it is down")
