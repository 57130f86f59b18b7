"""A receiver's URL is named without any of its secrets (bookkeeping 3)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from healthmon.config import urls
from healthmon.notify.channels.by_scheme import why_refused
from tests.config.files import PBX, RECEIVER, WATCH, Files

#: A URL, where S3CR marks what must not be seen -> what is shown of it.
SHOWN = {
    "mailto://user:S3CRx@mail.example.org?to=x@example.org": "mailto:mail.example.org",
    "mailtos://user:S3CRx@mail.example.org:587/to@example.org": "mailtos",
    "MAILTO://user:S3CRx@Mail.Example.org": "mailto:mail.example.org",
    "json://127.0.0.1:8080/S3CRx?+X-Token=S3CRy": "json:127.0.0.1",
    "jsons://user:S3CRx@[2001:db8::1]:8443/": "jsons:2001:db8::1",
    "jsons://S3CRx/path": "jsons",
    "xml://localhost/S3CRx": "xml:localhost",
    "form://hook.example.org/S3CRx": "form:hook.example.org",
    "gotifys://gotify.example.org/S3CRx": "gotifys:gotify.example.org",
    "ntfy://S3CRx": "ntfy",
    "ntfys://ntfy.example.org/S3CRx": "ntfys:ntfy.example.org",
    "ntfy://S3CRx/S3CRy": "ntfy",
    "matrixs://user:S3CRx@matrix.example.org/#room": "matrixs:matrix.example.org",
    "matrix://S3CRx": "matrix",
    "tgram://123456:S3CRx/987": "tgram",
    "slack://S3CRa/S3CRb/S3CRc/#channel": "slack",
    "discord://S3CRa/S3CRb": "discord",
    "msteams://S3CRa@S3CRb/c/d/": "msteams",
    "pover://user@S3CRx": "pover",
    "twilio://S3CRa:S3CRb@15551234567/15557654321": "twilio",
    "mailgun://user@mail.example.org/S3CRx": "mailgun",
    "signals://signal.example.org/S3CRx": "signals:signal.example.org",
    "mmosts://chat.example.org/S3CRx": "mmosts:chat.example.org",
    "unheardof://S3CR.example.org/x": "unheardof",
}

#: Passwords that should have been written with %40, %2F, %3F or %23: no piece of them may pass for a server.
BADLY_WRITTEN = [
    "mailto://user:pa@S3CR.x/y@mail.example.org",
    "mailto://user:S3CR.x/y@mail.example.org",
    "mailto://user:pa@S3CR.x?y@mail.example.org",
    "mailto://user:pa@S3CR.x#y@mail.example.org",
    "mailto://user:pa@S3CR.x@mail.example.org",
    "mailto://user:pa@S3CR.x:y@mail.example.org",
]


@pytest.mark.parametrize(("url", "shown"), SHOWN.items())
def test_the_host_is_shown_only_where_it_is_a_server(url: str, shown: str) -> None:
    assert urls.showable(url) == shown


@pytest.mark.parametrize("url", BADLY_WRITTEN)
def test_a_piece_of_a_badly_written_password_is_never_taken_for_the_server(url: str) -> None:
    assert "s3cr" not in urls.showable(url).lower()


@given(st.text(max_size=60))
def test_whatever_follows_the_scheme_something_is_shown(rest: str) -> None:
    assert urls.showable(f"mailto://x{rest}").startswith("mailto")


def test_an_id_is_the_name_of_the_line_or_scheme_and_server_with_an_ordinal() -> None:
    lines = [
        ("", "mailto://a:1@mail.example.org"),
        ("boss", "tgram://1:x/2"),
        ("", "mailto://b:2@mail.example.org"),
        ("", "tgram://3:y/4"),
        ("tgram", "tgram://5:z/6"),
    ]

    assert urls.url_ids("oncall", lines) == [
        "oncall/mailto:mail.example.org",
        "oncall/boss",
        "oncall/mailto:mail.example.org#2",
        "oncall/tgram#2",
        "oncall/tgram",
    ]


def test_an_id_survives_a_change_of_password() -> None:
    before = urls.url_ids("r", [("", "mailto://u:old@mail.example.org"), ("", "tgram://1:old/2")])
    after = urls.url_ids("r", [("", "mailto://u:new@mail.example.org"), ("", "tgram://1:new/2")])

    assert before == after


@given(st.lists(st.tuples(st.sampled_from(["", "a", "b", "json"]), st.sampled_from(["json://x", "tgram://y"]))))
def test_ids_are_never_the_same_twice_while_names_are_not(lines: list[tuple[str, str]]) -> None:
    named = [name for name, _ in lines if name]
    if len(set(named)) == len(named):
        assert len(set(urls.url_ids("r", lines))) == len(lines)


@pytest.mark.parametrize(
    ("line", "parts"),
    [
        ("boss = tgram://x", ("boss", "tgram://x")),
        ("boss=tgram://x?a=b", ("boss", "tgram://x?a=b")),
        ("tgram://x?a = b", ("", "tgram://x?a = b")),
        ("mailto://u:p@h?to=x", ("", "mailto://u:p@h?to=x")),
    ],
)
def test_a_name_ends_before_the_url_with_its_own_equals_signs(line: str, parts: tuple[str, str]) -> None:
    assert urls.name_and_url(line) == parts


def test_a_url_that_apprise_refuses_is_a_problem_in_its_line_without_its_secret(files: Files) -> None:
    text = PBX + WATCH + "[receiver oncall]\nurls =\n  json://h.example.org\n  boss = tgram://12:hunter22/345\n"

    problems = files.problems(
        text, why_refused=lambda url: f"no such bot 12:hunter22 in {url}" if url.startswith("tgram") else None
    )

    assert problems == ["config.ini:10 [receiver oncall] urls: oncall/boss: no such bot 12:*** in ***"]


LINES = {
    "hunter22": "this line is no apprise URL; one looks like mailto://… or name = mailto://…",
    "mailto:x@example.org": "this line is no apprise URL; one looks like mailto://… or name = mailto://…",
    "hunter22 = hunter22": "this line is no apprise URL; one looks like mailto://… or name = mailto://…",
    "tgram://hunter22 x": "this URL holds a space or a control character; one URL on each line, a space is %20",
    "boss = tgram://${TOKEN}/1": "boss: the environment variable TOKEN is not set",
}


@pytest.mark.parametrize(("line", "sentence"), LINES.items())
def test_a_line_that_is_no_url_is_explained_without_showing_it(files: Files, line: str, sentence: str) -> None:
    text = PBX + WATCH + f"[receiver oncall]\nurls =\n    json://h\n    {line}\n"

    assert files.problems(text) == [f"config.ini:10 [receiver oncall] urls: {sentence}"]


@pytest.mark.parametrize(
    ("line", "webhook"),
    [
        ("https://hooks.example.org/a/S3CRx", "jsons://hooks.example.org/…"),
        ("hook = http://user:S3CRx@10.0.0.1:8080/S3CRx?a=S3CRx", "json://10.0.0.1/…"),
        ("https://S3CRx/path", "jsons://…/…"),
    ],
)
def test_a_webhook_url_that_begins_with_https_is_met_with_the_jsons_line_to_write(
    files: Files, line: str, webhook: str
) -> None:
    text = f"{PBX}{WATCH}[receiver oncall]\nurls = {line}\n"

    [said] = files.problems(text, why_refused=why_refused)

    assert f"for a webhook that takes JSON write {webhook}, the rest as it is" in said
    assert "S3CR" not in said


def test_two_lines_with_one_name_are_a_problem(files: Files) -> None:
    text = PBX + WATCH + "[receiver oncall]\nurls =\n    a = json://h\n    a = json://i\n"

    assert files.problems(text) == [
        "config.ini:10 [receiver oncall] urls: a: another URL has this name; the first is in line 9"
    ]


def test_urls_may_stand_in_a_file_of_their_own(files: Files) -> None:
    (files.folder / "more").write_text("# ours\nboss = tgram://1:x/2\n\njson://h.example.org\n")
    (files.folder / "more").chmod(0o600)

    config = files.load(PBX + WATCH + RECEIVER + "urls_file = more\n")

    assert [url.url_id for url in config.receivers[0].urls] == [
        "oncall/json:127.0.0.1",
        "oncall/boss",
        "oncall/json:h.example.org",
    ]


@pytest.mark.parametrize("option", ["urls =", "urls_file = more\nurls =\n  json://h.example.org"])
def test_a_recipient_that_would_be_lost_is_a_problem_wherever_the_url_stands(files: Files, option: str) -> None:
    url = "mailto://mail.example.org?from=h@example.org&to=a@example.org;hunter22@example.org"
    (files.folder / "more").write_text(f"{url}\n")
    (files.folder / "more").chmod(0o600)
    text = PBX + WATCH + f"[receiver r]\n{option}\n" + ("" if "file" in option else f"  {url}\n")

    [problem] = files.problems(text, why_refused=why_refused)

    where = "more:1 [receiver r] urls_file" if "file" in option else "[receiver r] urls"
    assert f"{where}: r/mailto:mail.example.org: holds a ; that would cut it short" in problem
    assert "a comma, a ; in a value is %3B" in problem
    assert "hunter22" not in problem


def test_a_file_of_urls_that_is_missing_is_a_problem(files: Files) -> None:
    assert files.problems(PBX + WATCH + "[receiver r]\nurls_file = none\n") == [
        "config.ini:8 [receiver r] urls_file: none cannot be read: there is no such file"
    ]


def test_what_a_library_says_about_a_url_is_blotted_out_except_scheme_and_server() -> None:
    url = "mailto://user:p%40ss@mail.example.org?to=boss@corp.example"

    blotted = urls.without_parts_of(url, "mailto: user with p@ss (p%40ss) at mail.example.org, boss: refused")

    assert blotted == "mailto: *** with *** (***) at mail.example.org, ***: refused"


TWICE = "json://127.0.0.1:9000/alerts"


def doubled(files: Files, *receivers: str, tells: str = "all") -> list[str]:
    """The warnings of a file with these receivers about URLs that are there twice."""
    text = f"{PBX}receivers = {tells}\n{WATCH}receivers = {tells}\n{''.join(receivers)}"
    return [warning for warning in files.load(text).warnings if "same URL" in warning]


def test_the_same_url_twice_in_a_receiver_is_a_warning(files: Files) -> None:
    receiver = f"[receiver oncall]\nurls =\n    {TWICE}?cto=5&rto=9\n    second = {TWICE}/?rto=9&cto=5\n"

    (warning,) = doubled(files, receiver)

    assert warning.endswith("oncall/second is the same URL as oncall/json:127.0.0.1: every message comes twice")
    assert "alerts" not in warning


def test_the_same_url_in_two_receivers_that_are_told_together_is_a_warning(files: Files) -> None:
    receivers = [f"[receiver {name}]\nurls = {TWICE}\n" for name in ("day", "night")]

    (warning,) = doubled(files, *receivers)

    assert "[receiver night] urls: night/json:127.0.0.1 is the same URL as day/json:127.0.0.1" in warning
    assert "[pbx office] tells both, so every message comes twice" in warning


def test_the_same_url_in_two_receivers_that_are_never_told_together_is_none(files: Files) -> None:
    receivers = [f"[receiver {name}]\nurls = {TWICE}\n" for name in ("day", "night")]

    assert doubled(files, *receivers, tells="day") == []


def test_two_urls_that_differ_are_no_doubles(files: Files) -> None:
    receiver = f"[receiver oncall]\nurls =\n    {TWICE}\n    {TWICE}2\n    {TWICE}?:team=voip\n"

    assert doubled(files, receiver) == []
