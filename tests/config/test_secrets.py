"""Secrets come from the file, from variables, files and systemd's credentials, and are never shown."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import Struct

from healthmon.config.describe import describe
from healthmon.config.kinds import KINDS
from healthmon.config.reload import difference
from healthmon.config.sections.shared import Secret
from healthmon.config.url_signs import ESCAPES
from healthmon.errors import ConfigError
from healthmon.notify.channels.redact import Redactor
from tests.config.files import RECEIVER, WATCH, Files, pbx


def test_a_password_may_come_from_an_environment_variable(files: Files) -> None:
    config = files.load(pbx(password="password = ${ARI}") + WATCH, environ={"ARI": "hunter22"})

    assert str(config.pbxs[0].password) == "hunter22"


def test_a_variable_in_the_middle_of_a_password_is_part_of_the_password(files: Files) -> None:
    config = files.load(pbx(password="password = a${ARI}") + WATCH, environ={"ARI": "hunter22"})

    assert str(config.pbxs[0].password) == "a${ARI}"


def test_variables_are_filled_in_anywhere_in_a_url(files: Files) -> None:
    text = pbx() + WATCH + "[receiver r]\nurls =\n  ${ALL}\n  b = tgram://${BOT}/${CHAT}\n"

    config = files.load(text, environ={"ALL": "json://h/?a=b", "BOT": "1:x", "CHAT": "7"})

    assert [str(url.url) for url in config.receivers[0].urls] == ["json://h/?a=b", "tgram://1:x/7"]


def test_a_password_file_may_end_with_a_newline(files: Files) -> None:
    (files.folder / "secret").write_bytes(b"hunter22\r\n")

    config = files.load(pbx(password="password_file = secret") + WATCH)

    assert str(config.pbxs[0].password) == "hunter22"


@pytest.mark.parametrize("written", ["office-ari", "${CREDENTIALS_DIRECTORY}/office-ari"])
def test_a_systemd_credential_is_found_by_its_name(files: Files, written: str) -> None:
    credentials = files.folder / "credentials"
    credentials.mkdir()
    (credentials / "office-ari").write_text("hunter22")

    config = files.load(
        pbx(password=f"password_file = {written}") + WATCH, environ={"CREDENTIALS_DIRECTORY": str(credentials)}
    )

    assert str(config.pbxs[0].password) == "hunter22"


def test_a_password_file_that_everybody_can_read_is_a_warning(files: Files) -> None:
    secret = files.folder / "secret"
    secret.write_text("hunter22")
    secret.chmod(0o644)

    config = files.load(pbx(password="password_file = secret") + WATCH + RECEIVER)

    assert config.warnings == (
        f"{files.path}:4 [pbx office] password_file: every user of this machine can read {secret}; chmod o-r",
    )


def test_a_password_that_cannot_be_had_is_a_problem(files: Files) -> None:
    (files.folder / "sub").mkdir()
    (files.folder / "empty").write_text("\n")
    (files.folder / "two").write_text("hunter22\nhunter3\n")
    (files.folder / "latin1").write_bytes(b"m\xfcller")
    (files.folder / "long").write_text("x" * 70000)
    cases = {
        "password = ${NONE}": "password: the environment variable NONE is not set",
        "password = ${EMPTY}": "password: the environment variable EMPTY is empty",
        "password = ${BAD}": "password: the environment variable BAD is not UTF-8",
        "password_file = none": "password_file: none cannot be read: there is no such file",
        "password_file = sub": "password_file: sub cannot be read: this is a directory",
        "password_file = empty": "password_file: empty is empty",
        "password_file = two": "password_file: two holds more than one line",
        "password_file = latin1": "password_file: latin1 is not UTF-8",
        "password_file = long": "password_file: long holds no secret that healthmon can use",
        "password_file = ${CREDENTIALS_DIRECTORY}/x": "password_file: the environment variable CREDENTIALS_DIRECTORY"
        " is not set; systemd sets it for the service alone",
        "password = a\npassword_file = b": "password_file: password is given as well; one of the two is enough",
    }
    for password, sentence in cases.items():
        problems = files.problems(pbx(password=password) + WATCH, environ={"EMPTY": "", "BAD": "\udcfc"})

        line = 5 if "\n" in password else 4
        assert problems == [f"config.ini:{line} [pbx office] {sentence}"], password


HEARTBEAT = "https://hc-ping.com/5e1f-hunter22"


@pytest.mark.parametrize(
    "option",
    [
        f"heartbeat_url = {HEARTBEAT}",
        "heartbeat_url = https://hc-ping.com/${TOKEN}",
        "heartbeat_url = ${URL}#fragment",
        "heartbeat_url_file = beat",
    ],
)
def test_the_heartbeats_url_may_stand_in_the_file_in_variables_or_in_a_credential(files: Files, option: str) -> None:
    (files.folder / "beat").write_text(f"{HEARTBEAT}\n")
    (files.folder / "beat").chmod(0o600)
    environ = {"TOKEN": "5e1f-hunter22", "URL": HEARTBEAT, "CREDENTIALS_DIRECTORY": str(files.folder)}

    heartbeat = files.load(f"[healthmon]\n{option}\n" + pbx() + WATCH + RECEIVER, environ=environ).heartbeat

    assert heartbeat is not None
    assert (str(heartbeat.url), heartbeat.every) == (HEARTBEAT, 60.0)
    assert "hunter22" not in repr(heartbeat)


def test_a_heartbeats_url_that_cannot_be_used_is_a_problem_that_does_not_show_it(files: Files) -> None:
    (files.folder / "two").write_text("https://h/hunter22\nhttps://h/hunter3\n")
    no_url = "this is no URL; it looks like https://hc-ping.com/… or https://kuma.example.org/api/push/…"
    escapes = f"behind the : of its host; in a user or password {ESCAPES}"
    cut = "holds a ; that would cut it short; several addresses are divided by a comma, a ; in a value is %3B"
    twice = "holds its option 2 twice, and only one would count; several addresses are divided by a comma: to=…,…"
    strange = "this URL holds a space or another character that must be written with %"
    cases = {
        "heartbeat_url = hunter22": f"heartbeat_url: {no_url}",
        "heartbeat_url = ftp://hc-ping.com/hunter22": f"heartbeat_url: {no_url}",
        "heartbeat_url = https:///hunter22": f"heartbeat_url: {no_url}",
        "heartbeat_url = https://hc-ping.com:hunter22/": f"heartbeat_url: this URL names no port {escapes}",
        "heartbeat_url = https://u:hun/ter2@hc-ping.com/": f"heartbeat_url: this URL names no port {escapes}",
        "heartbeat_url = https://kuma/push?token=hun;ter2": f"heartbeat_url: this URL {cut}",
        "heartbeat_url = https://kuma/push?msg=a&hunter22=1&hunter22=2": f"heartbeat_url: this URL {twice}",
        "heartbeat_url = https://hc-ping.com/hunter 2": f"heartbeat_url: {strange}",
        "heartbeat_url = https://hc-ping.com/hünter2": f"heartbeat_url: {strange}",
        "heartbeat_url = https://h/${NONE}": "heartbeat_url: the environment variable NONE is not set",
        "heartbeat_url_file = none": "heartbeat_url_file: none cannot be read: there is no such file",
        "heartbeat_url_file = two": "heartbeat_url_file: two holds more than one line",
        "heartbeat_url_file = two\nheartbeat_url = x": "heartbeat_url_file: heartbeat_url is given as well; one of the"
        " two is enough",
    }
    for option, sentence in cases.items():
        problems = files.problems(pbx() + WATCH + f"[healthmon]\n{option}\n", environ={"TZ": "UTC"})

        assert problems == [f"config.ini:8 [healthmon] {sentence}"], option


#: A secret with letters that have a meaning somewhere.
SECRETS = st.from_regex(r"S3CR[A-Za-z0-9;#%=:/@?&+.]{0,12}S3CR", fullmatch=True)

#: Where a secret stands, and where it may stand by mistake.
PLACES = [
    "password = {}",
    "pasword = {}",
    "password: {}",
    "password {}",
    "password = x\n  {}",
    "password = x\npassword = {}",
    "url = http://u:{}@h",
    "url = http://h/?api_key=u:{}",
    "urls = tgram://{}",
    "[healthmon]\nheartbeat_url = {}",
    "[healthmon]\nheartbeat_url = https://h.example.org/{}",
    "[healthmon]\nheartbeat_url = https://u:{}@h.example.org/?token={}",
    "{}",
    "tgram://{}",
    "boss = tgram://{}",
    "[receiver r]\nurls = {}",
    "[receiver r]\nurls =\n  json://h.example.org/{}\n  a = tgram://{}/1\n  mailto://u:{}@h.example.org",
    "[receiver r]\nurls =\ntgram://{}/1",
    "[receiver r]\ntgram://{}",
    "[receiver r]\ntgram://{} = x",
    "[receiver r]\nurls = x y {}",
]


@given(st.sampled_from(PLACES), SECRETS)
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_secret_is_never_shown_wherever_it_stands(files: Files, place: str, secret: str) -> None:
    text = "[watch w]\nendpoints = PJSIP/*\n[pbx p]\nurl = http://h\nusername = u\n" + place.format(*[secret] * 3)
    if not place.startswith("password ="):
        text = text.replace("username = u", "username = u\npassword = x")

    try:
        config = files.load(text, why_refused=lambda url: f"{url} of {secret} is bad" if "bad" in secret else None)
        said = repr(config) + "\n".join(describe(config)) + repr(config.warnings)
        said += repr(difference(config, files.load(text.replace("S3CR", "Y3CR"))))
    except ConfigError as error:
        said = str(error) + repr(error.problems)

    assert "S3CR" not in said
    assert "s3cr" not in said.lower()


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (pbx(password="password = 1234567"), "[pbx office] password: "),
        (pbx() + "[healthmon]\nheartbeat_url = https://u:1234567@h.example.org/long-enough-token\n", "heartbeat_url: "),
        (pbx() + "[receiver r]\nurls = json://u:1234567@h.example.org/\n", "urls: r/json:h.example.org: "),
        (pbx() + "[receiver r]\nurls = jsons://h.example.org/?+X-Token=1234567\n", "urls: r/jsons:h.example.org: "),
        (pbx() + "[receiver r]\nurls = tgram://1234567/1\n", "urls: r/tgram: "),
    ],
)
def test_a_secret_of_fewer_than_8_characters_is_warned_about_and_not_named(files: Files, text: str, place: str) -> None:
    warnings = [line for line in files.load(text + WATCH).warnings if "fewer than 8 characters" in line]

    assert len(warnings) == 1
    assert place in warnings[0]
    assert "1234567" not in warnings[0]


def test_a_long_secret_and_a_short_path_are_no_reason_to_warn(files: Files) -> None:
    text = pbx(password="password = 12345678") + "[receiver r]\nurls = json://u:12345678@nas/v1?rto=5\n" + WATCH

    assert not [line for line in files.load(text).warnings if "fewer than 8" in line]


def _secrets_in(value: object) -> Iterator[Secret]:
    """Find every secret in a configuration, wherever a record keeps it."""
    if isinstance(value, Secret):
        yield value
    elif isinstance(value, Struct):
        for name in value.__struct_fields__:
            yield from _secrets_in(getattr(value, name))
    elif isinstance(value, tuple):
        for item in value:
            yield from _secrets_in(item)


MANAGER = "ami = tcp://127.0.0.1\nami_username = monitor\n"


def test_every_option_that_is_secret_becomes_a_secret_that_logs_do_not_show(files: Files) -> None:
    given = {
        "password": "pbx-s3cret",
        "ami_password": "ami-s3cret",
        "urls": "tgram://1:url-s3cret/7",
        "heartbeat_url": "https://hc-ping.com/k-s3cret",
        "password_hash": f"scrypt:14:8:5:{'s3cret':-<22}:{'s3cret':-<43}",
        "token_hash": f"sha256:{'5ec3e7':0<64}",
    }
    text = (
        f"[healthmon]\nheartbeat_url = {given['heartbeat_url']}\n"
        + pbx(password=f"password = {given['password']}\n{MANAGER}ami_password = {given['ami_password']}")
        + WATCH
        + f"[receiver r]\nurls = {given['urls']}\n"
        + f"[user anna]\npassword_hash = {given['password_hash']}\n"
        + f"[token grafana]\ntoken_hash = {given['token_hash']}\n"
    )

    config = files.load(text)

    assert {option.name for kind in KINDS.values() for option in kind.options if option.is_secret} == given.keys()
    assert set(_secrets_in(config)) == set(given.values())
    assert "s3cret" not in repr(config)
    assert "5ec3e7" not in repr(config)
    redact = Redactor.of(config)
    assert all("s3cret" not in redact(f"it said {secret} twice") for secret in given.values())
    assert "5ec3e7" not in redact(f"it said {given['token_hash']} twice")
