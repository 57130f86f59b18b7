"""``healthmon ari`` and what may go wrong: what is typed, and what a PBX lacks. The rest is tried on Asterisk."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from healthmon.ari.shown import in_words, readable
from healthmon.cli.main import cli
from healthmon.demo.fakepbx import FakeEndpoint, FakePbx
from healthmon.wire.sessions import PlainSession
from tests.ari.captures import all_events


@pytest.fixture
def pbx() -> Iterator[FakePbx]:
    """A PBX that has no documents."""
    with FakePbx(FakeEndpoint("PJSIP", "101")) as fake:
        yield fake


@pytest.fixture(autouse=True)
def _no_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def ari(pbx: FakePbx, folder: Path, *arguments: str, names: tuple[str, ...] = ("office",), answers: str = "") -> Result:
    urls = [pbx.url, pbx.url.replace("127.0.0.1", "localhost")]
    sections = [
        f"[pbx {name}]\nurl = {url}\nusername = healthmon\npassword = secret\n"
        for name, url in zip(names, urls, strict=False)
    ]
    path = folder / "config.ini"
    path.write_text(f"[healthmon]\ndatabase = {folder}/healthmon.db\n{''.join(sections)}[watch all]\nendpoints = *\n")
    path.chmod(0o600)
    return CliRunner().invoke(cli, ["-c", str(path), "ari", *arguments], input=answers, catch_exceptions=False)


def test_a_pbx_without_documents_is_said_and_calls_work_all_the_same(pbx: FakePbx, tmp_path: Path) -> None:
    without = ari(pbx, tmp_path)
    assert without.exit_code == 1
    assert without.output.startswith("healthmon: pbx office: GET /api-docs/resources.json: an answer 501")

    assert json.loads(ari(pbx, tmp_path, "get", "/endpoints/PJSIP/101").output)["resource"] == "101"
    assert json.loads(ari(pbx, tmp_path, "get", "/ari/endpoints/PJSIP/101").output)["resource"] == "101"
    posted = ari(pbx, tmp_path, "post", "/events/user/hello", "-d", "application=nobody", "--yes")
    assert (posted.exit_code, "404" in posted.output) == (1, True)


def test_of_several_pbxs_one_is_named_before_or_behind_the_command(pbx: FakePbx, tmp_path: Path) -> None:
    names = ("office", "branch")
    unnamed = ari(pbx, tmp_path, "get", "/endpoints", names=names)
    assert (unnamed.exit_code, "--pbx says which: office, branch" in unnamed.output) == (2, True)
    assert ari(pbx, tmp_path, "get", "/endpoints", "--pbx", "branch", names=names).exit_code == 0
    assert ari(pbx, tmp_path, "--pbx", "branch", "get", "/endpoints", names=names).exit_code == 0
    wrong = ari(pbx, tmp_path, "get", "/endpoints", "--pbx", "ofice", names=names)
    assert (wrong.exit_code, "there are office, branch" in wrong.output) == (2, True)


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("get", "/"), 1, "'/' names nothing of ARI"),
        (("get", "/endpoints/.."), 1, "a name that cannot be part of a URL"),
        (("put", "/deviceStates/Stasis:x", "-d", "INUSE", "--yes"), 1, "-d INUSE: is no NAME=VALUE"),
        (("events", "--for", "long"), 2, "--for: "),
        (("get", "/endpoints/PJSIP/nobody"), 1, "GET /endpoints/PJSIP/nobody: Asterisk does not know it: 404"),
    ],
)
def test_what_cannot_be_asked_is_met_with_a_sentence(
    pbx: FakePbx, tmp_path: Path, words: tuple[str, ...], code: int, says: str
) -> None:
    done = ari(pbx, tmp_path, *words)
    assert (done.exit_code, says in done.output) == (code, True), done.output
    assert "Traceback" not in done.output


def test_nothing_is_sent_unless_somebody_says_yes_or_when_a_line_for_curl_is_wanted(
    pbx: FakePbx, tmp_path: Path
) -> None:
    for answers in ("n\n", "\n", ""):
        assert ari(pbx, tmp_path, "delete", "/channels/1", answers=answers).exit_code == 1
    shown = ari(pbx, tmp_path, "delete", "/channels/a b%2Fc", "-d", "reason=no answer", "--curl")
    assert shown.output == f"curl -u healthmon -X DELETE '{pbx.url}/ari/channels/a%20b%2Fc?reason=no+answer'\n"
    assert not [request for request in pbx.requests if request.startswith("DELETE")]


def test_what_may_write_is_sent_once_also_if_the_connection_breaks_off(
    pbx: FakePbx, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def breaks_off(_: object, method: str, *_args: object, **_options: object) -> None:
        asked.append(method)
        raise requests.ConnectionError(ConnectionResetError("gone"))

    monkeypatch.setattr(PlainSession, "request", breaks_off)
    for method in ("post", "put", "delete", "get"):
        done = ari(pbx, tmp_path, method, "/channels/1", *(["--yes"] if method != "get" else []))
        assert (done.exit_code, "closed it without an answer" in done.output) == (1, True), done.output
    assert asked == ["POST", "PUT", "DELETE", "GET", "GET"]


SECRET = "hunter2-of-101"


@pytest.mark.parametrize(
    "said",
    [
        [{"attribute": "password", "value": SECRET}, {"attribute": "md5_cred", "value": SECRET}],
        [{"value": SECRET, "attribute": "oauth_secret"}],
        {"auth": {"password": SECRET}, "list": [{"refresh_token": SECRET}]},
        {"contact": f"sip:101:{SECRET}@192.0.2.1:5060"},
        f"text with sip:101:{SECRET}@192.0.2.1",
    ],
)
def test_passwords_are_hidden_wherever_they_stand(said: object) -> None:
    assert SECRET in json.dumps(said)
    assert SECRET not in json.dumps(readable(json.dumps(said).encode()))


def test_names_of_options_are_kept_and_so_is_all_that_is_no_secret() -> None:
    said = [{"attribute": "username", "value": "101"}, {"attribute": "password", "value": ""}]
    assert readable(json.dumps(said).encode()) == said


def test_every_recorded_event_is_told_in_words() -> None:
    told = {event["type"]: in_words(event) for event in map(json.loads, all_events())}
    assert {kind for kind, words in told.items() if not words} <= {"ApplicationReplaced", "RESTResponse"}
    assert told["DeviceStateChanged"].startswith(("PJSIP/", "SIP/", "IAX2/"))


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: (
            st.lists(inner) | st.dictionaries(st.sampled_from(["channel", "endpoint", "bridge", "name"]), inner)
        ),
    )
)
def test_any_json_is_read_and_told(said: object) -> None:
    shown = readable(json.dumps(said).encode())
    if isinstance(shown, dict):
        in_words(shown)
