"""``healthmon watch``: how things stand, live."""

from __future__ import annotations

import os
import select
import sys
import termios
import time
import tty
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from healthmon.cli.common import database_option, database_settings
from healthmon.config.loading.database_settings import DatabaseSettings
from healthmon.errors import ExitCode, HealthmonError
from healthmon.owners import become_owner
from healthmon.publish.rereading import Rereading
from healthmon.publish.terminal.events import StateChange, changes_between
from healthmon.publish.terminal.frame import ScreenLine, View, frame, rows_of
from healthmon.publish.terminal.keys import QUIT, after_key, keys_in
from healthmon.report.status.query import read_status
from healthmon.report.status.rows import Status
from healthmon.store.read.follower import Watcher
from healthmon.store.read.queries import Reader

if TYPE_CHECKING:
    from rich.text import Text

#: How often we look whether somebody has written, and whether a key was pressed (seconds).
LOOK_EVERY = 0.25
#: What grows old is read anew so often (seconds).
READ_AT_LEAST_EVERY = 2.0
#: Reading may take this part of the time, however many endpoints there are.
READING_PART = 0.25
#: So many changes are kept.
KEPT = 200
#: Less than this shows nothing.
SMALLEST = (40, 8)


class NoTerminal(HealthmonError):
    """There is nobody to show it to."""

    exit_code = ExitCode.USAGE


@click.command("watch")
@database_option
@click.pass_obj
def command(config: Path, *, database: Path | None) -> None:
    """Show how things stand, live: the worst first, changes as they come.

    Keys: a all, n not up, d down, p providers, f phones; / searches; arrows, PgUp, PgDn, Home, End move; q ends it.
    """
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise NoTerminal("watch needs a terminal; for a pipe there are: healthmon status, healthmon history --follow")
    where = database_settings(config, database)
    become_owner(where.database)
    with Watcher(where.database) as watcher:
        screen = LiveScreen(watcher, where)
        with _single_keys():
            screen.run()


class LiveScreen:
    """Reads, draws, and listens to keys, in one thread."""

    def __init__(self, watcher: Watcher, where: DatabaseSettings) -> None:
        self._where = where
        self._view = View()
        self._events: deque[StateChange] = deque(maxlen=KEPT)
        self._anew = Rereading(watcher, self._read, time.monotonic)
        # Raises a StoreError, before anything is drawn.
        watcher.has_changed()
        with watcher.reading() as reader:
            self._status = self._read(reader)

    def run(self) -> None:
        """Go on until somebody has seen enough."""
        from rich.console import Console, Group  # noqa: PLC0415  (only for a person who looks)
        from rich.live import Live  # noqa: PLC0415

        console = Console(highlight=False)
        drawn: list[ScreenLine] = []
        with Live(console=console, screen=True, auto_refresh=False) as live:
            while self._listen(console.size.height, console.size.width):
                self._look()
                size = (max(console.size.width, SMALLEST[0]), max(console.size.height, SMALLEST[1]))
                events, zone = list(self._events), self._where.timezone
                lines = frame(self._status, events, self._view, zone, size, trouble=self._anew.trouble)
                if lines != drawn:
                    drawn = lines
                    live.update(Group(*map(_drawn, lines)), refresh=True)

    def _look(self) -> None:
        """Read anew if somebody has written, or some time has passed."""
        begun = time.monotonic()
        status = self._anew.look(after_change=LOOK_EVERY)
        if status is None:
            return
        self._events.extend(changes_between(self._status, status))
        self._status = status
        self._anew.wait(max(READ_AT_LEAST_EVERY, (time.monotonic() - begun) / READING_PART))

    def _read(self, reader: Reader) -> Status:
        return read_status(reader, time.time(), self._where.names)

    def _listen(self, height: int, width: int) -> bool:
        """Wait a moment for keys, and do what they say; return whether to go on."""
        readable, _, _ = select.select([sys.stdin], [], [], LOOK_EVERY)
        if not readable:
            return True
        typed = os.read(sys.stdin.fileno(), 1024).decode("utf-8", "replace")
        for key in keys_in(typed):
            if key in QUIT and not self._view.is_typing:
                return False
            self._view = after_key(self._view, key, max(height - 6, 1), len(rows_of(self._status, self._view)))
        # Nothing to read, though it is ready: the terminal is gone.
        return bool(typed)


def _drawn(line: ScreenLine) -> Text:
    from rich.text import Text  # noqa: PLC0415

    text = Text(no_wrap=True, overflow="crop")
    for piece in line:
        text.append(piece.text, piece.style)
    return text


@contextmanager
def _single_keys() -> Iterator[None]:
    """Have each key come at once, and none be shown; afterwards the terminal is as it was."""
    before = termios.tcgetattr(sys.stdin)
    try:
        tty.setcbreak(sys.stdin)
        yield
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)
