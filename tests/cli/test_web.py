"""``healthmon web`` says in one sentence why it does not answer."""

from __future__ import annotations

import socket
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from healthmon.cli import web
from healthmon.cli.main import cli
from healthmon.config.credentials import hash_of_token, password_hash
from healthmon.config.loading import checks


def written(folder: Path, web: str) -> str:
    """A configuration with this section."""
    file = folder / "config.ini"
    file.write_text(f"[healthmon]\ndatabase = {folder}/h.db\n{web}")
    return str(file)


@pytest.mark.parametrize(
    ("web", "code", "said"),
    [
        ("", 2, "[web] has no listen = 127.0.0.1:8089, so nothing is answered"),
        ("[web]\nlisten = 0.0.0.0:80\n", 78, "whoever gets to this address could see everything"),
    ],
)
def test_without_an_address_that_will_do_it_says_so(web: str, code: int, said: str, tmp_path: Path) -> None:
    result = CliRunner().invoke(cli, ["-c", written(tmp_path, web), "web"], catch_exceptions=False)

    assert result.exit_code == code
    assert said in result.stderr


def test_a_port_that_is_taken_is_one_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        config = written(tmp_path, f"[web]\nlisten = 127.0.0.1:{port}\n")
        result = CliRunner().invoke(cli, ["-c", config, "web"], catch_exceptions=False)

    assert result.exit_code == 1
    assert f"healthmon: cannot answer on http://127.0.0.1:{port}: Address already in use\n" in result.stderr


def test_without_its_libraries_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "find_spec", lambda _: None)

    result = CliRunner().invoke(cli, ["-c", written(tmp_path, ""), "web"], catch_exceptions=False)

    assert result.exit_code == 2
    assert "pip install 'healthmon[web]'" in result.stderr


# ---------------------------------------------------------------- who may ask


def test_a_password_that_is_piped_in_becomes_the_line_for_the_configuration() -> None:
    results = [CliRunner().invoke(cli, ["web", "password"], "correct horse battery\n") for _ in range(2)]

    option, _, text = results[0].stdout.strip().partition(" = ")
    assert option == "password_hash"
    assert password_hash(text).is_of("correct horse battery")
    assert not password_hash(text).is_of("correct horse batterz")
    # Each has a salt of its own.
    assert results[0].stdout != results[1].stdout


def test_a_password_is_asked_for_twice_at_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "sys", SimpleNamespace(stdin=SimpleNamespace(isatty=lambda: True)))

    same = CliRunner().invoke(cli, ["web", "password"], "correct horse\ncorrect horse\n")
    other = CliRunner().invoke(cli, ["web", "password"], "correct horse\ncorrect house\n")

    assert password_hash(same.stdout.strip().partition(" = ")[2]).is_of("correct horse")
    assert "horse" not in same.output
    assert (other.exit_code, other.stdout) == (2, "")
    assert "not the same twice" in other.stderr


@pytest.mark.parametrize("typed", ["", "\n", "short\n", "123456789\n"])
def test_a_password_that_is_too_short_is_refused(typed: str) -> None:
    result = CliRunner().invoke(cli, ["web", "password"], typed)

    assert (result.exit_code, result.stdout) == (2, "")
    assert "at least 10 characters" in result.stderr


def test_a_token_is_printed_once_with_the_line_for_the_configuration() -> None:
    first, second = (CliRunner().invoke(cli, ["web", "token"]).stdout.splitlines() for _ in range(2))

    assert len(first) == 2
    assert first[1] == f"token_hash = {hash_of_token(first[0])}"
    assert first[0].startswith("hm_")
    assert len(first[0]) > 40
    assert first[0] != second[0]
