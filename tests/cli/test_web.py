"""``healthmon web`` says in one sentence why it does not answer."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from click.testing import CliRunner

from healthmon.cli.main import cli
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
        ("[web]\nlisten = 0.0.0.0:80\n", 78, "must be a loopback address"),
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
