"""Where the manager interface of a PBX is, and who we are there."""

from __future__ import annotations

import pytest

from healthmon.config.describe import describe
from healthmon.errors import ConfigError
from tests.config.files import RECEIVER, WATCH, Files, pbx

USER = ("ami_username = monitor", "ami_password = ami-hunter22")


def load_error(files: Files, *options: str) -> str:
    with pytest.raises(ConfigError) as caught:
        files.load(pbx(*options) + WATCH + RECEIVER)
    return str(caught.value)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("tcp://127.0.0.1", "tcp://127.0.0.1:5038"),
        ("tls://PBX.example.org", "tls://pbx.example.org:5039"),
        ("tls://pbx.example.org:7000/", "tls://pbx.example.org:7000"),
        ("tcp://[::1]:5038", "tcp://[::1]:5038"),
        ("http", "http"),
        ("HTTP", "http"),
        ("tcp://pbx.example.org.", "tcp://pbx.example.org.:5038"),
    ],
)
def test_the_port_is_the_usual_one_unless_it_is_given(files: Files, written: str, read: str) -> None:
    config = files.load(pbx(f"ami = {written}", *USER) + WATCH + RECEIVER)

    assert (config.pbxs[0].ami, config.pbxs[0].ami_username) == (read, "monitor")
    assert config.pbxs[0].ami_password == "ami-hunter22"
    where = read if read != "http" else config.pbxs[0].url
    assert any(f"registrations from the manager interface at {where} as monitor" in line for line in describe(config))
    assert "hunter22" not in "\n".join(describe(config))


def test_the_password_may_come_from_a_file(files: Files) -> None:
    (files.folder / "office-ami").write_text("from-the-file-22\n")

    config = files.load(pbx("ami = tcp://h", USER[0], "ami_password_file = office-ami") + WATCH + RECEIVER)

    assert config.pbxs[0].ami_password == "from-the-file-22"


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (
            ("ami = 127.0.0.1:5038", *USER),
            "ami: 127.0.0.1:5038: must begin with tcp:// or tls://, or be http (through url); did you mean tcp://1",
        ),
        (("ami = http://h", *USER), "ami: http://h: must begin with tcp:// or tls://, or be http (through url)"),
        (("ami = tcp://a:b@h", *USER), "ami: holds a user or a password; these have options of their own"),
        (("ami = tcp://h/path", *USER), "ami: tcp://h/path: this is no address of a manager interface; it looks like"),
        (("ami = tcp://h:0", *USER), "ami: tcp://h:0: there is no port 0; it looks like tcp://127.0.0.1:5038"),
        (
            ("ami = tcp://a..b:5038", *USER),
            "ami: tcp://a..b:5038: a name has no two dots in a row, and begins with none",
        ),
        ((f"ami = tcp://{'a' * 64}.b", *USER), "a part of a name has 63 characters at most; it looks like tcp://"),
        (("ami = tcp://h:99999", *USER), "ami: this is no address of a manager interface; it looks like"),
        (("ami = tcp://h", USER[1]), "ami_username: is missing; the manager interface needs a user"),
        (("ami = tcp://h", USER[0]), "ami_password: is missing; give ami_password or ami_password_file"),
        (("ami = tcp://h", *USER, "ami_password_file = x"), "ami_password_file: ami_password is given as well"),
        (("ami = tcp://h", USER[0], "ami_password = change-me"), "fill in the one of the user in manager.conf"),
        ((USER[0],), "ami_username: means nothing without ami"),
        ((USER[1],), "ami_password: means nothing without ami"),
    ],
)
def test_what_is_wrong_is_one_sentence(files: Files, options: tuple[str, ...], sentence: str) -> None:
    said = load_error(files, *options)

    assert sentence in said
    assert len(said.splitlines()) == 1
    assert "hunter22" not in said


@pytest.mark.parametrize("address", ["tcp://h:5038/path?secret=hunter22", "tcp://h#hunter22", "h?secret=hunter22"])
def test_what_is_behind_an_address_may_be_a_password_and_is_not_shown(files: Files, address: str) -> None:
    assert "hunter22" not in load_error(files, f"ami = {address}", *USER)


def test_control_characters_of_a_user_are_shown_as_what_they_are(files: Files) -> None:
    config = files.load(pbx("ami = tcp://h", "ami_username = mo\x1b[31mnitor", USER[1]) + WATCH + RECEIVER)

    assert "as mo\\x1b[31mnitor" in "\n".join(describe(config))
    assert "\x1b" not in "\n".join(describe(config))
