"""[web] takes a loopback address and a port, and nothing that others could get to."""

from __future__ import annotations

import sys

import pytest

from healthmon.config.loading import checks
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
        ("0.0.0.0:8089", "must be a loopback address"),
        ("192.0.2.7:8089", "must be a loopback address"),
        ("[::]:8089", "must be a loopback address"),
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
