"""What we told a peer in confidence is found in what it says, however it is written; and nothing else is."""

from __future__ import annotations

import json
from base64 import b64encode
from html import escape
from urllib.parse import quote, quote_plus, urlencode

import pytest

from healthmon.text.passwords import OwnSecrets

PASSWORD = 's3 cr/et&ü"of%the=PBX'
LOGIN = f"healthmon:{PASSWORD}"
WAYS = {
    "clear": PASSWORD,
    "percent": quote(PASSWORD, safe=""),
    "path": quote(PASSWORD),
    "plus": quote_plus(PASSWORD),
    "small hex": quote(PASSWORD, safe="").replace("%C3%BC", "%c3%bc").replace("%2F", "%2f"),
    "JavaScript": quote(PASSWORD, safe="!'()*"),
    "only plus": PASSWORD.replace(" ", "+"),
    "form": urlencode({"action": "Login", "Secret": PASSWORD, "Events": "system"}),
    "JSON": json.dumps(PASSWORD),
    "JSON of UTF-8": json.dumps(PASSWORD, ensure_ascii=False),
    "JSON of PHP": json.dumps(PASSWORD).replace("/", "\\/"),
    "HTML": escape(PASSWORD),
    "header": "Basic " + b64encode(LOGIN.encode()).decode(),
    "header for a URL": quote("Basic " + b64encode(LOGIN.encode()).decode(), safe=""),
    "base64": b64encode(PASSWORD.encode()).decode(),
    "bytes": repr(PASSWORD.encode())[2:-1],
}
SECRETS = OwnSecrets([PASSWORD], [("healthmon", PASSWORD)])
#: Pieces of the password, and of base64, that nothing else here has.
PIECES = ("s3", "PBX", "of%", "aGVhbHRo", b64encode(PASSWORD.encode()).decode()[:8])


@pytest.mark.parametrize("way", WAYS)
def test_a_secret_is_found_however_it_is_written(way: str) -> None:
    said = f"cannot <{WAYS[way]}> now"

    for freed in (SECRETS.free_sentence(said), SECRETS.free_value(said), SECRETS.free_answer(said.encode()).decode()):
        assert not [piece for piece in PIECES if piece in freed]
        assert freed.startswith("cannot <") and "***" in freed
        assert freed.endswith("> now")


def test_two_secrets_of_which_one_holds_the_other_leave_nothing() -> None:
    assert OwnSecrets(["password-1", "password-1-of-ami"]).free_sentence("is password-1-of-ami") == "is ***"


def test_what_cannot_be_told_from_a_name_is_hidden_in_sentences_only() -> None:
    secrets = OwnSecrets(["1234", "Reachable"])

    assert secrets.free_sentence("1234 is wrong, and Reachable, too") == "*** is wrong, and ***, too"
    assert secrets.free_value("1234") == "1234"
    assert secrets.free_answer(b'{"resource":"1234","state":"Reachable"}') == b'{"resource":"1234","state":"Reachable"}'


def test_a_short_one_is_hidden_where_it_is_the_whole_of_a_value_and_can_be_no_number_and_no_word_of_asterisks() -> None:
    secrets = OwnSecrets(["s3cr", "päss&1", "1234567", "abc", "Online"])

    assert [secrets.free_value(value) for value in ("s3cr", "p%C3%A4ss%261", "p&auml;s", "s3cret", "x s3cr")] == [
        *("***", "***", "p&auml;s", "s3cret", "x s3cr"),
    ]
    assert [secrets.free_value(value) for value in ("1234567", "abc", "online", "Online")] == [
        *("1234567", "abc", "online", "Online"),
    ]
    answer = {"resource": "s3cr", "s3cr": "x s3cr", "state": "online", "more": ["päss&1", 'a "s3cr" b', 1234567]}
    freed = json.loads(secrets.free_answer(json.dumps(answer).encode()))
    assert freed == {"resource": "***", "s3cr": "x s3cr", "state": "online", "more": ["***", 'a "s3cr" b', 1234567]}


def test_json_stays_json() -> None:
    answer = json.dumps({"message": f"no {PASSWORD} {PASSWORD}", "state": "online"}).encode()

    assert json.loads(SECRETS.free_answer(answer)) == {"message": "no *** ***", "state": "online"}


@pytest.mark.parametrize("said", ["", "sip:+49301234@h;a=%41", 'a "b" & c\\d', "s3 cr"])
def test_what_is_no_secret_stays_as_it_is(said: str) -> None:
    assert SECRETS.free_sentence(said) == said
    assert SECRETS.free_answer(said.encode()) == said.encode()


def test_whoever_was_told_nothing_is_not_changed() -> None:
    secrets = OwnSecrets([""], [("healthmon", "")])

    assert secrets.free_sentence("healthmon: & %20 ") == "healthmon: & %20 "
    assert secrets.free_value("a\\b") == "a\\b"


def test_a_proof_that_is_made_of_a_password_is_one_more() -> None:
    secrets = SECRETS.and_also("0123456789abcdef")

    assert secrets.free_value(f"0123456789abcdef {PASSWORD}") == "*** ***"
