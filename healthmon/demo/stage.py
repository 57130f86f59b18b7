"""What the demo writes on the terminal, or into a pipe: 80 columns at most."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from textwrap import wrap
from typing import TextIO
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.text import Text

from healthmon.demo.webhook import Alert
from healthmon.report.formatting import visible

WIDTH = 80
#: Of the alert about many phones, which says the same of each, so much is shown (lines).
BODY_LINES = 16
#: The colours of apprise's moods.
_MOODS = {"failure": "bold red", "warning": "bold yellow", "success": "bold green"}


class Stage:
    """Writes what happens, with the time of day. ``clock``: seconds UTC."""

    def __init__(self, out: TextIO, zone: ZoneInfo, clock: Callable[[], float], *, has_colour: bool = False) -> None:
        #: Where it writes to.
        self.out = out
        self._zone = zone
        self._clock = clock
        self._console = Console(
            width=WIDTH,
            force_terminal=has_colour,
            color_system="standard" if has_colour else None,
            markup=False,
            emoji=False,
            highlight=False,
        )

    def act(self, title: str) -> None:
        """Begin a new part."""
        self._write(Text(f"\n── {title} {'─' * (WIDTH - len(title) - 4)}", "bold cyan"))

    def say(self, words: str) -> None:
        """Explain something, in a paragraph."""
        for line in wrap(words, WIDTH):
            self.line(line)

    def line(self, words: str) -> None:
        """Write a line as it is."""
        self._write(Text(words))

    def happens(self, words: str) -> None:
        """Say what happens now, with its time."""
        self._timed(words, "bold")

    def healthmon(self, words: str) -> None:
        """Say what healthmon thinks of it."""
        self._timed(words, "")

    def _timed(self, words: str, style: str) -> None:
        now = f"{datetime.fromtimestamp(self._clock(), self._zone):%H:%M:%S}"
        first, *others = wrap(words, WIDTH - 10)
        self._write(Text(f"{now}  ", "dim") + Text(first, style))
        for line in others:
            self._write(Text(f"{'':10}") + Text(line, style))

    def alert(self, alert: Alert) -> None:
        """Show an alert as its receiver sees it."""
        style = _MOODS.get(alert.mood, "bold")
        self._timed(f"✉ to {alert.receiver}", "")
        self._quoted(alert.subject, style, style)
        self._quoted("", style, "")
        lines = alert.body.splitlines()
        shown = beginning(lines, BODY_LINES)
        for line in shown:
            self._quoted(line, style, "")
        if len(shown) < len(lines):
            self._quoted(f"… and {len(lines) - len(shown)} lines more", style, "dim")

    def _quoted(self, words: str, bar: str, style: str) -> None:
        for line in wrap(visible(words), WIDTH - 12, subsequent_indent="  ", drop_whitespace=True) or [""]:
            self._write(Text(f"{'':10}") + Text("│ " if line else "│", bar) + Text(line, style))

    def command(self, words: str) -> None:
        """Show a command that is about to write by itself."""
        self._write(Text(f"\n$ {words}", "bold"))

    def _write(self, text: Text) -> None:
        # Not straight from rich, which makes of a reader that has seen enough an exit of its own.
        with self._console.capture() as written:
            self._console.print(text, soft_wrap=True)
        self.out.write(written.get())
        self.out.flush()


def beginning(lines: list[str], most: int) -> list[str]:
    """The first paragraphs of a text that is longer than so many lines; a shorter one is left whole."""
    if len(lines) <= most:
        return lines
    ends = [number for number in range(1, most + 1) if not lines[number - 1]]
    return lines[: ends[-1] if ends else most]
