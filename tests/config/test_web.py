"""[web] takes a loopback address and a port; one that others could get to only where it is known who may ask."""

from __future__ import annotations

import re
import sys

import pytest

from healthmon.config.describe import describe
from healthmon.config.loading import checks
from healthmon.config.reload import difference
from healthmon.config.sections.user import Role
from healthmon.errors import ConfigError
from tests.config.files import PBX, RECEIVER, WATCH, Files


def test_without_a_section_nothing_is_answered(files: Files) -> None:
    assert files.load(PBX + WATCH + RECEIVER).web.listen is None


@pytest.mark.parametrize("listen", ["127.0.0.1:8089", "127.0.0.2:80", "[::1]:8089"])
def test_loopback_addresses_are_taken(listen: str, files: Files) -> None:
    web = files.load(f"{PBX}{WATCH}{RECEIVER}[web]\nlisten = {listen}\n").web

    assert web.listen is not None
    assert f"{web.listen.address}:{web.listen.port}" == listen.replace("[", "").replace("]", "")


@pytest.mark.parametrize(
    ("listen", "why"),
    [
        ("0.0.0.0:8089", "whoever gets to this address could see everything"),
        ("192.0.2.7:8089", "whoever gets to this address could see everything"),
        ("[::]:8089", "whoever gets to this address could see everything"),
        ("127.0.0.1", "an address and a port are wanted"),
        (":8089", "an address and a port are wanted"),
        ("localhost:8089", "must be an address of this machine"),
        ("127.0.0.1:99999", "there is no such port"),
    ],
)
def test_others_are_refused_with_a_sentence(listen: str, why: str, files: Files) -> None:
    with pytest.raises(ConfigError, match=why):
        files.load(f"{PBX}{WATCH}{RECEIVER}[web]\nlisten = {listen}\n")


def test_without_the_libraries_listen_is_a_problem_that_says_what_to_install(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checks, "find_spec", lambda _: None)

    with pytest.raises(ConfigError) as caught:
        files.load(f"{PBX}{WATCH}{RECEIVER}[web]\nlisten = 127.0.0.1:8089\n")

    [problem] = caught.value.problems
    assert "listen: needs Flask and waitress and prometheus_client: " in str(problem)
    assert str(problem).endswith(f"{sys.executable} -m pip install 'healthmon[web]'")


HASH = f"scrypt:14:8:5:{'c2FsdA':-<22}:{'aGFzaA':-<43}"
USER, TOKEN = f"[user anna]\npassword_hash = {HASH}\n", f"[token grafana]\ntoken_hash = sha256:{'a' * 64}\n"
PROXY = "trusted_proxy = 192.0.2.10, 2001:db8::/64\n"


@pytest.mark.parametrize("known", [PROXY, USER, PROXY + USER])
def test_another_address_is_taken_where_it_is_known_who_may_ask(known: str, files: Files) -> None:
    web = files.load(f"{PBX}{WATCH}{RECEIVER}[web]\nlisten = 0.0.0.0:8089\n{known}").web

    assert web.listen == ("0.0.0.0", 8089)


def test_a_token_alone_does_not_make_it_known_who_may_ask(files: Files) -> None:
    assert len(files.problems(f"{PBX}{WATCH}{RECEIVER}[web]\nlisten = 0.0.0.0:8089\n{TOKEN}")) == 1


def test_users_and_tokens_are_read_with_what_they_may_do(files: Files) -> None:
    config = files.load(f"{PBX}{WATCH}{RECEIVER}{USER}role = operator\n{TOKEN}[user bob]\npassword_hash = {HASH}\n")

    assert [(user.name, user.role) for user in config.users] == [("anna", Role.OPERATOR), ("bob", Role.VIEWER)]
    assert [(token.name, token.role) for token in config.tokens] == [("grafana", Role.VIEWER)]
    assert "a" * 64 not in repr(config)


def test_a_hash_may_stand_in_a_file(files: Files) -> None:
    (files.folder / "anna").write_text(f"{HASH}\n")

    [user] = files.load(f"{PBX}{WATCH}{RECEIVER}[user anna]\npassword_hash_file = anna\n").users

    assert user.password_hash == HASH


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[user anna]\npassword_hash = hunter22\n", "password_hash: is no hash of a password"),
        ("[user anna]\npassword_hash = scrypt:30:8:1:" + HASH[14:] + "\n", "costs too much to try"),
        ("[user anna]\npassword_hash = scrypt:01:8:1:" + HASH[14:] + "\n", "nearly nothing"),
        ("[user anna]\nrole = viewer\n", "password_hash: is missing; healthmon web password makes the line"),
        ("[user anna]\npassword_hash_file = nowhere\n", "nowhere cannot be read"),
        (f"{USER}password_hash_file = anna\n", "password_hash is given as well"),
        (f"{USER}role = boss\n", "boss: must be one of viewer, operator"),
        ("[token t]\ntoken_hash = hm_secret\n", "token_hash: is no hash of a token"),
        ("[token t]\nrole = read\n", "token_hash: is missing"),
        (f"{TOKEN}role = operator\n", "must be one of read, operate"),
        (f"[web]\nremote_user_header = X-Remote-User\n{USER}", "means nothing without trusted_proxy"),
        (f"[web]\nremote_user_header = X-Remote-User\n{PROXY}", "needs a [user NAME]"),
        ("[web]\nremote_user_header = X_Remote_User\n", "has letters, digits and -"),
        ("[web]\nremote_user_header = HOST\n", "HOST: whoever asks sends this header, too"),
        ("[web]\nremote_user_header = Cookie\n", "Cookie: whoever asks sends this header, too"),
        ("[web]\nremote_user_header = Authorization\n", "Authorization: whoever asks sends this header, too"),
        (f"[web]\nremote_user_header = X-User\ntrusted_proxy = ::/0\n{USER}", "::/0: holds addresses of anybody"),
        (f"{TOKEN}{TOKEN.replace('grafana', 'pager')}", "[token pager] token_hash: [token grafana] has the same"),
        ("[web]\nnames = https://monitor.example.org\n", "without https:// and without a port"),
        ("[web]\ntrusted_proxy = proxy\n", "is no address and no network"),
    ],
)
def test_what_is_wrong_with_who_may_ask_is_one_sentence_that_shows_no_secret(text: str, why: str, files: Files) -> None:
    problems = files.problems(f"{PBX}{WATCH}{RECEIVER}{text}")

    assert len(problems) == 1
    assert why in problems[0]
    assert not re.search("hunter22|hm_secret|scrypt:", problems[0])


@pytest.mark.parametrize("network", ["0.0.0.0/0", "::/0", "128.0.0.0/1"])
def test_a_proxy_that_may_be_anybody_is_a_warning(network: str, files: Files) -> None:
    wide = files.load(f"{PBX}{WATCH}{RECEIVER}[web]\nlisten = 127.0.0.1:8089\ntrusted_proxy = {network}\n")
    narrow = files.load(f"{PBX}{WATCH}{RECEIVER}[web]\nlisten = 127.0.0.1:8089\ntrusted_proxy = 10.0.0.0/8\n")

    [warning] = wide.warnings
    assert f"[web] trusted_proxy: {network}: holds addresses of anybody" in warning
    assert not narrow.warnings


def test_one_token_in_two_files_is_refused_with_both_names(files: Files) -> None:
    (files.folder / "pager").write_text(f"sha256:{'a' * 64}\n")

    [problem] = files.problems(f"{PBX}{WATCH}{RECEIVER}{TOKEN}[token pager]\ntoken_hash_file = pager\n")

    assert "[token pager] token_hash_file: [token grafana] has the same" in problem


def test_a_user_whom_the_proxy_names_needs_no_password(files: Files) -> None:
    web = f"[web]\nlisten = 192.0.2.7:8089\nremote_user_header = X-Remote-User\n{PROXY}"

    config = files.load(f"{PBX}{WATCH}{RECEIVER}{web}[user anna]\nrole = operator\n")

    assert config.web.remote_user_header == "X-Remote-User"
    assert config.users[0].password_hash is None


def test_check_config_says_who_may_see_and_change_what_and_no_hash(files: Files) -> None:
    web = f"[web]\nlisten = 192.0.2.7:8089\nnames = Monitor.Example.org\nremote_user_header = X-User\n{PROXY}"
    more = f"{USER}role = operator\n{TOKEN}[user bob]\nrole = viewer\n"

    said = "\n".join(describe(files.load(f"{PBX}{WATCH}{RECEIVER}{web}{more}")))

    assert said.endswith(
        """
web: answers on http://192.0.2.7:8089, called monitor.example.org
    believes the proxy 192.0.2.10/32, 2001:db8::/64, also who has logged in there (X-User)
    user anna: operator
    user bob: viewer, by the proxy alone
    token grafana: viewer"""
    )


def test_a_reload_that_changes_who_may_ask_begins_the_web_process_anew(files: Files) -> None:
    first = files.load(f"{PBX}{WATCH}{RECEIVER}{USER}{TOKEN}")
    other_role = files.load(f"{PBX}{WATCH}{RECEIVER}{USER}role = operator\n{TOKEN}")
    other_token = files.load(f"{PBX}{WATCH}{RECEIVER}{USER}{TOKEN.replace('a' * 64, 'b' * 64)}")

    for new in (other_role, other_token):
        assert difference(first, new).web_changed
        assert "***" not in "".join(difference(first, new).consequences)
