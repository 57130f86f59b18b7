"""``healthmon`` as a process: what it imports, how it fails, and how it looks on a terminal of 80 columns."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from healthmon.cli import main
from healthmon.cli.main import COMMANDS, LazyGroup, cli
from healthmon.errors import HealthmonError
from healthmon.model import Health
from tests.report.builder import NOW, connection, phone, provider, running, steps, stopped

ENVIRONMENT = {"PATH": os.environ["PATH"], "TZ": "Europe/Berlin", "LANG": "C.UTF-8"}

#: What takes long to import, or belongs to the daemon.
HEAVY = {"apprise", "requests", "websocket", "flask", "urllib3", "cryptography", "yaml"}


def healthmon(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command line as a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "healthmon", *map(str, arguments)],
        env=ENVIRONMENT | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def modules_of(*arguments: str | Path) -> set[str]:
    """Run the command line, and say which modules it imported."""
    program = "import sys; from healthmon.cli import main\ntry: main()\nfinally: print(*sys.modules, file=sys.stderr)"
    done = subprocess.run(
        [sys.executable, "-c", program, *map(str, arguments)],
        env=ENVIRONMENT, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    return set(done.stderr.split())


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A database of a small system without a daemon."""
    states = [connection(), provider("trunk"), phone("101", Health.DOWN)]
    history = [change for state in states for change in steps(state, (NOW - 86400, Health.UP))]
    stopped(tmp_path / "healthmon.db", states, history=history)
    return tmp_path / "healthmon.db"


@pytest.fixture
def config(small: Path) -> Path:
    """A configuration whose secret this user cannot read, and that has a problem elsewhere."""
    file = small.with_name("config.ini")
    file.write_text(
        "[healthmon]\ndatabase = healthmon.db\ntimezone = Asia/Tokyo\n"
        "[pbx office]\nurl = http://127.0.0.1:8088\npassword_file = /nonexistent\ncolour = blue\n"
    )
    return file


# ---------------------------------------------------------------- imports


@pytest.mark.parametrize("command", [["--help"], ["status"], ["status", "--json"], ["report", "--since", "7d"]])
def test_the_quick_commands_import_nothing_heavy(small: Path, command: list[str]) -> None:
    database: list[str | Path] = [] if command == ["--help"] else ["--database", small]

    modules = modules_of(*command, *database)

    assert "healthmon.cli.main" in modules
    assert not modules & HEAVY


def test_help_imports_no_command_and_not_even_the_database(small: Path) -> None:
    modules = modules_of("--help")

    assert not modules & {"sqlite3", "rich", "healthmon.cli.status", "healthmon.cli.report"}


#: What only some people need: colours and tables for a terminal, a page, a proposal for a word that nobody knows.
SELDOM = {"rich", "jinja2", "drawsvg", "csv", "difflib", "secrets", "hashlib", "shutil", "getpass"}


@pytest.mark.parametrize(
    "command", [["status"], ["status", "--json"], ["report", "--since", "7d"], ["report", "--format", "json"]]
)
def test_a_quick_command_imports_nothing_that_only_some_need(small: Path, command: list[str]) -> None:
    modules = modules_of(*command, "--database", small)

    assert "healthmon.store.read.queries" in modules
    assert modules & SELDOM == set()


# ---------------------------------------------------------------- the table of commands


@pytest.mark.parametrize("name", list(COMMANDS))
def test_each_line_of_the_table_leads_to_a_command_with_a_help(name: str) -> None:
    module, _, attribute = COMMANDS[name].place.partition(":")

    command = getattr(import_module(module), attribute)

    assert isinstance(command, click.Command)
    assert command.name == name
    assert command.help
    assert name in CliRunner().invoke(cli, ["--help"]).stdout


def test_an_unknown_command_is_a_usage_error() -> None:
    done = healthmon("statsu")

    assert done.returncode == 2
    assert "No such command 'statsu'" in done.stderr


# ---------------------------------------------------------------- how it fails


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> Callable[[BaseException], click.testing.Result]:
    """Run a command that ends with an exception."""

    def run(error: BaseException) -> click.testing.Result:
        @click.command("status")
        def command() -> None:
            raise error

        monkeypatch.setattr(LazyGroup, "get_command", lambda *_: command)
        return CliRunner().invoke(cli, ["status"])

    return run


def test_what_healthmon_can_explain_is_one_sentence(failing: Callable[[BaseException], click.testing.Result]) -> None:
    result = failing(HealthmonError("The sun is down."))

    assert (result.exit_code, result.stderr, result.stdout) == (1, "healthmon: The sun is down.\n", "")


def test_ctrl_c_ends_with_130_and_no_traceback(failing: Callable[[BaseException], click.testing.Result]) -> None:
    result = failing(KeyboardInterrupt())

    assert (result.exit_code, result.stderr) == (130, "")


def test_a_defect_is_not_hidden(failing: Callable[[BaseException], click.testing.Result]) -> None:
    result = failing(ZeroDivisionError())

    assert isinstance(result.exception, ZeroDivisionError)


def test_a_reader_that_has_seen_enough_gets_no_traceback(tmp_path: Path) -> None:
    database = tmp_path / "healthmon.db"
    stopped(database, [connection(), *(phone(str(10_000 + number)) for number in range(5_000))])
    with subprocess.Popen(
        [sys.executable, "-m", "healthmon", "status", "--all", "--database", str(database)],
        env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().startswith(b"NO DAEMON IS RUNNING")
        process.stdout.close()

        assert process.stderr.read() == b""
        assert process.wait(timeout=60) == 128 + signal.SIGPIPE


@pytest.mark.parametrize("command", ["status", "report"])
def test_a_database_that_is_not_there_or_no_database_is_one_sentence(tmp_path: Path, command: str) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("not a database\n" * 100)

    missing, foreign = healthmon(command, "--database", tmp_path / "x.db"), healthmon(command, "--database", text)

    assert (missing.returncode, foreign.returncode) == (73, 73)
    assert "there is no database here yet" in missing.stderr
    assert "this is not a database" in foreign.stderr
    assert missing.stderr.count("\n") == foreign.stderr.count("\n") == 1
    assert text.read_text() == "not a database\n" * 100
    assert not (tmp_path / "x.db").exists()


def test_a_missing_configuration_is_one_sentence(tmp_path: Path) -> None:
    done = healthmon("-c", tmp_path / "no.ini", "status")

    assert done.returncode == 78
    assert done.stderr == f"healthmon: {tmp_path}/no.ini: cannot be read: there is no such file\n"


def test_only_database_and_time_zone_are_read_from_the_configuration(config: Path) -> None:
    done = healthmon("-c", config, "status")

    assert done.returncode == 3
    assert done.stdout.startswith("NO DAEMON IS RUNNING. Known as of Fri 2026-05-01 20:59 JST")


def test_the_environment_names_the_configuration(config: Path) -> None:
    assert "20:59 JST" in healthmon("status", HEALTHMON_CONFIG=str(config)).stdout


def test_a_wrong_time_zone_is_told_with_its_line(config: Path) -> None:
    config.write_text("[healthmon]\ntimezone = Europe/Berlni\n")

    done = healthmon("-c", config, "report")

    assert done.returncode == 78
    assert f"{config}:2 [healthmon] timezone: Europe/Berlni: this system knows no such time zone" in done.stderr
    assert "did you mean Europe/Berlin?" in done.stderr


# ---------------------------------------------------------------- on a terminal


def on_a_terminal(*arguments: str | Path, columns: int = 80, **environment: str) -> str:
    """Run the command line on a terminal of that width, and say what it wrote there."""
    child, terminal = pty.fork()
    if child == 0:
        # How far a report is, it says there on a slow machine, and that is no part of what it prints.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        os.execve(
            sys.executable,
            [sys.executable, "-m", "healthmon", *map(str, arguments)],
            ENVIRONMENT | {"TERM": "xterm"} | environment,
        )
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    written = b""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            part = os.read(terminal, 65536)
        except OSError:  # Linux: the other end was closed
            break
        written += part
    os.close(terminal)
    os.waitpid(child, 0)
    return written.decode().replace("\r\n", "\n")


def without_colours(text: str) -> str:
    """Take the colours away."""
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


@pytest.mark.parametrize("command", ["status", "report"])
@pytest.mark.parametrize("columns", [80, 60, 132])
def test_a_table_fits_the_terminal_and_loses_no_letter(tmp_path: Path, command: str, columns: int) -> None:
    names = ["101", "n" * 200, "[red]x[/]", "a\x1b[2Jb", "📞" * 30]
    states = [connection("a-pbx-with-quite-a-long-name"), connection("branch")]
    states += [phone(name, Health.DOWN, "a-pbx-with-quite-a-long-name", reason="why " * 20) for name in names]
    history = [change for state in states for change in steps(state, (NOW - 9, Health.UP), (NOW - 5, Health.DOWN))]
    stopped(tmp_path / "healthmon.db", states, history=history)

    text = without_colours(on_a_terminal(command, "--database", tmp_path / "healthmon.db", columns=columns))

    assert max(len(line.replace("📞", "xx")) for line in text.splitlines()) <= columns
    assert text.count("n") >= 200
    assert text.count("📞") == 30
    assert all(text.count(letter) for letter in r"[red]x[/]a\x1b[2Jb")


def test_names_of_usual_length_stay_whole_on_80_columns(tmp_path: Path) -> None:
    names = ["1042", "trunk-telekom", "[red]x[/]", "a\x1b[2Jb"]
    states = [
        connection("office-berlin"),
        connection("branch"),
        *(phone(name, Health.DOWN, "office-berlin") for name in names),
    ]
    stopped(tmp_path / "healthmon.db", states)

    text = without_colours(on_a_terminal("status", "--database", tmp_path / "healthmon.db"))

    for name in (*names[:3], r"a\x1b[2Jb"):
        assert f"PJSIP/{name} " in text
    assert "office-berlin " in text


def test_colours_are_for_terminals_that_have_them_and_people_who_want_them(small: Path) -> None:
    coloured = on_a_terminal("status", "--database", small)

    assert "\x1b[1;31mdown" in coloured
    assert "\x1b" not in on_a_terminal("status", "--database", small, NO_COLOR="1")
    assert "\x1b" not in on_a_terminal("status", "--database", small, TERM="dumb")
    assert "\x1b" not in healthmon("status", "--database", small).stdout


def test_a_running_daemon_is_not_disturbed(tmp_path: Path) -> None:
    with running(tmp_path / "healthmon.db", [connection(), phone("101")]):
        before = sorted(file.name for file in tmp_path.iterdir())

        done = healthmon("status", "--database", tmp_path / "healthmon.db")

        assert sorted(file.name for file in tmp_path.iterdir()) == before
    assert "STALE: the daemon hangs" in done.stdout


def test_the_package_runs_as_a_module_and_as_a_script() -> None:
    assert callable(main)
    assert healthmon("--version").stdout.startswith("healthmon ")


@pytest.mark.parametrize(("command", "modesty"), [("report", [10]), ("export", [10]), ("db", [10]), ("status", [])])
def test_what_reads_years_of_history_lets_others_go_first(
    command: str, modesty: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    monkeypatch.setattr(os, "nice", asked.append)
    monkeypatch.setattr(sys, "argv", ["healthmon", command, "--help"])

    with pytest.raises(SystemExit):
        main()

    assert asked == modesty


@pytest.mark.parametrize(
    ("words", "guess"),
    [
        (["staus"], "No such command 'staus'; did you mean status?"),
        (["incidnets"], "No such command 'incidnets'; did you mean incidents?"),
        (["silence", "ad"], "No such command 'ad'; did you mean add?"),
        (["db", "chekc"], "No such command 'chekc'; did you mean check?"),
        (["schedule", "lst"], "No such command 'lst'; did you mean list?"),
        (["xyzzy"], "No such command 'xyzzy'"),
    ],
)
def test_a_misspelt_command_is_met_with_the_right_one(words: list[str], guess: str) -> None:
    result = CliRunner().invoke(cli, words)

    assert result.exit_code == 2
    assert guess in result.stderr
    assert ("did you mean" in result.stderr) == ("did you mean" in guess)
