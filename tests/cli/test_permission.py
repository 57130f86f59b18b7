"""Whoever may not read a file, or has named the wrong one, gets one sentence and an exit code, never a traceback."""

from __future__ import annotations

import importlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from msgspec.structs import replace

from healthmon.cli.main import cli
from healthmon.config.sections.general import HEALTHMON
from healthmon.store.sqlite.lock import Lock
from tests.report.builder import connection, stopped

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")

#: Every command that uses a database.
COMMANDS = [
    ["status"],
    ["report"],
    ["incidents"],
    ["incident", "1"],
    ["history", "PJSIP/101"],
    ["export"],
    ["ack", "1"],
    ["silence", "list"],
    ["silence", "add", "all", "--for", "1h"],
    ["silence", "end", "1"],
    ["db", "check"],
    ["db", "stats"],
    ["db", "prune"],
    ["db", "backup", "--overwrite", "COPY"],
    ["db", "rename-pbx", "a", "b"],
]
NOBODY = 65534


def with_database(command: list[str], database: Path) -> list[str]:
    subcommands = 2 if command[0] in ("silence", "db") else 1
    given = [*command[:subcommands], "--database", str(database), *command[subcommands:]]
    return [str(database.parent.with_name("copies") / "copy.db") if word == "COPY" else word for word in given]


@contextmanager
def nobody() -> Iterator[None]:
    """Be somebody without rights for a while."""
    groups = os.getgroups()
    os.setgroups([])
    os.setegid(NOBODY)
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)
        os.setgroups(groups)
        # A folder of Python's into which nobody may look is not to count as empty.
        importlib.invalidate_caches()


def as_nobody(*arguments: str) -> Result:
    """Give a command as a user without rights; as root before, for nobody may not import what it needs."""
    run(*arguments)
    with nobody():
        return run(*arguments)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, list(arguments), catch_exceptions=False)


@pytest.fixture
def database() -> Iterator[Path]:
    """A database of root's in a folder into which everybody may look.

    Not below pytest's own folder, which each pytest that starts closes to others again.
    """
    with tempfile.TemporaryDirectory(prefix="healthmon-") as around:
        path = Path(around) / "folder" / "healthmon.db"
        path.parent.mkdir()
        stopped(path, [connection()])
        for folder in path.parent, path.parent.parent:
            folder.chmod(0o755)
        copies = path.parent.with_name("copies")
        copies.mkdir()
        copies.chmod(0o777)
        yield path


@needs_root
@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_command_without_permission_says_so_in_one_sentence(database: Path, command: list[str]) -> None:
    for lock_out in (database, database.parent):
        lock_out.chmod(0o600)
        result = as_nobody(*with_database(command, database))
        lock_out.chmod(0o755)

        assert result.exit_code == 73, result.output
        assert result.stderr.startswith(f"healthmon: {database}: ")
        assert "ermission" in result.stderr
        assert len(result.stderr.splitlines()) == 1


@needs_root
@pytest.mark.parametrize(
    "command", [["ack", "1"], ["db", "prune"], ["db", "rename-pbx", "office", "hq"]], ids=lambda command: command[-1]
)
def test_an_order_of_who_may_only_read_says_who_may_give_it(database: Path, command: list[str]) -> None:
    database.chmod(0o644)

    result = as_nobody(*with_database(command, database))

    assert result.exit_code == 73
    assert "this user may only read it; give this order as root, or as the user that the daemon" in result.stderr


@needs_root
@pytest.mark.parametrize("command", [["status"], ["silence", "list"], ["run"]], ids=" ".join)
def test_a_database_left_by_run_as_root_is_met_with_the_chown_to_type(database: Path, command: list[str]) -> None:
    config = database.parent / "config.ini"
    config.write_text(
        f"[healthmon]\ndatabase = {database}\n[pbx office]\nurl = http://127.0.0.1:9\nusername = u\npassword = p\n"
        "[watch all]\nendpoints = *\n"
    )
    config.chmod(0o644)

    held = Lock(database)
    run("-c", str(config), *command)
    held.release()
    os.chown(database.parent, NOBODY, NOBODY)
    with nobody():
        result = run("-c", str(config), *command)

    assert result.exit_code == 73, result.output
    last = result.stderr.splitlines()[-1]
    found = f"find {database.parent} -maxdepth 1 -name '{database.name}*' -type f -links 1"
    assert last.endswith(f"; as root: {found} -exec chown -h nobody:nogroup {{}} +")
    assert "healthmon.db belongs to root, and its folder to nobody" in last


@needs_root
def test_a_database_that_belongs_to_the_right_user_is_met_without_a_chown(database: Path) -> None:
    result = as_nobody("status", "--database", str(database))

    assert (result.exit_code, "chown" in result.stderr) == (73, False)


def test_a_folder_is_no_database(tmp_path: Path) -> None:
    result = run("status", "--database", str(tmp_path))

    assert (result.exit_code, result.stderr) == (73, f"healthmon: {tmp_path}: this is a directory\n")


# ---------------------------------------------------------------- the wrong file


@pytest.fixture
def default_database(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Where commands go when no file says otherwise."""
    path = tmp_path / "default.db"
    stopped(path, [connection()])
    elsewhere = {option.name: option for option in HEALTHMON.options}
    elsewhere["database"] = replace(elsewhere["database"], default=str(path))
    replaced = replace(HEALTHMON)
    replaced.__dict__["options"] = tuple(elsewhere.values())
    monkeypatch.setattr("healthmon.config.loading.database_settings.HEALTHMON", replaced)
    return path


@pytest.mark.parametrize("text", ["", "\0", "what is this", "[watch all]\nendpoints = *\n"])
@pytest.mark.parametrize("command", [*COMMANDS, ["schedule", "run", "monthly"]], ids=" ".join)
def test_an_empty_or_broken_file_is_refused_and_the_default_database_left_alone(
    default_database: Path, tmp_path: Path, command: list[str], text: str
) -> None:
    config = tmp_path / "config.ini"
    config.write_text(text)
    before = default_database.read_bytes()

    result = run("-c", str(config), *command)

    assert result.exit_code == 78, result.output
    assert str(config) in result.stderr
    assert default_database.read_bytes() == before
