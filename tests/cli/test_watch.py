"""``healthmon watch`` in a terminal of its own."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner
from msgspec.structs import replace

from healthmon.cli.main import cli
from healthmon.model import Changes, Freshness, Health
from healthmon.store.write.writer import open_writer
from tests.report.builder import connection, phone
from tests.waiting import wait_for


class Terminal:
    """A terminal of 80 columns and 24 lines, in which a command runs."""

    def __init__(self, *command: str) -> None:
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        self._before = termios.tcgetattr(slave)
        self._slave = slave
        self.process = subprocess.Popen(
            command,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env={**os.environ, "TERM": "xterm"},
            start_new_session=True,
        )
        os.set_blocking(self._master, False)
        self._written = ""

    def type(self, keys: str) -> None:
        """Press keys."""
        os.write(self._master, keys.encode())

    def shows(self, words: str) -> bool:
        """Whether these words were written, whatever colours were between them."""
        try:
            self._written += os.read(self._master, 65536).decode("utf-8", "replace")
        except BlockingIOError:
            return words in re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", self._written)
        return self.shows(words)

    def forget(self) -> None:
        """Look only at what is written from now on."""
        self._written = ""

    @property
    def is_as_before(self) -> bool:
        """Whether keys are shown and lines are edited again."""
        return termios.tcgetattr(self._slave) == self._before

    def close(self) -> None:
        """End what runs in it."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self._master)
        os.close(self._slave)


@contextmanager
def watching(database: Path) -> Iterator[Terminal]:
    """``healthmon watch`` on this database."""
    with closing(
        Terminal(str(Path(sys.executable).with_name("healthmon")), "watch", "--database", str(database))
    ) as it:
        yield it


def test_a_change_comes_to_the_screen_and_q_leaves_the_terminal_as_it_was(tmp_path: Path) -> None:
    path, now = tmp_path / "h.db", time.time()
    with closing(open_writer(path, now=now)) as writer:
        states = [replace(connection(), since=now), replace(phone("101"), since=now)]
        writer.commit(Changes(states={(state.target, state.check): state for state in states}))
        writer.alive(now, [Freshness("office", now, now, now)])
        with watching(path) as terminal:
            wait_for(lambda: terminal.shows("1 endpoint: 1 up"), 30)
            lost = replace(states[1], belief=Health.DOWN, since=time.time(), reason="contact removed")
            writer.commit(Changes(states={(lost.target, lost.check): lost}))
            wait_for(lambda: terminal.shows("1 endpoint: 1 down"), 30)
            assert terminal.shows("contact removed")
            terminal.forget()
            terminal.type("p")
            wait_for(lambda: terminal.shows("0-0 of 0"), 30)
            terminal.type("q")

            assert terminal.process.wait(10) == 0
            assert terminal.is_as_before


def test_without_a_database_it_says_so_and_draws_nothing(tmp_path: Path) -> None:
    with watching(tmp_path / "none.db") as terminal:
        assert terminal.process.wait(30) == 73
        assert terminal.shows("there is no database here yet")
        assert terminal.is_as_before


@pytest.mark.parametrize("arguments", [[], ["--database", "x.db"]])
def test_a_pipe_is_told_which_commands_are_for_it(arguments: list[str]) -> None:
    result = CliRunner().invoke(cli, ["watch", *arguments], catch_exceptions=False)

    assert result.exit_code == 2
    assert "watch needs a terminal" in result.stderr
