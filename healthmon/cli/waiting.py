"""What somebody sees who waits for a report: what is being done, and how far it is."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from threading import Lock, Timer
from typing import TYPE_CHECKING

from healthmon.report.availability.query import Item, Progress

if TYPE_CHECKING:
    from rich.live import Live
    from rich.table import Table

#: What takes longer is shown (seconds).
SHOWN_AFTER = 0.5


class ShownProgress(Progress):
    """Shows on stderr what is being done, once that has taken a while, if stderr is a terminal; at the end it is gone.

    A thread of its own begins to show: nobody else looks at the clock in a stage that is one long step.
    """

    def __init__(self) -> None:
        self._words = ""
        #: None: nobody knows how far the stage is.
        self._total: int | None = None
        self._done = 0
        self._shown: Live | None = None
        self._is_over = False
        #: Held while it begins or ends to be shown.
        self._lock = Lock()
        self._timer = Timer(SHOWN_AFTER, self.show)
        self._timer.daemon = True

    def __enter__(self) -> ShownProgress:
        """Begin to wait."""
        if sys.stderr.isatty():
            self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Show nothing any more, whatever happened."""
        self.end()

    def stage(self, words: str) -> None:
        """Say what is done from now on."""
        self._words, self._total, self._done = words, None, 0
        if self._shown is not None:
            self._shown.refresh()

    def each(self, words: str, items: Sequence[Item]) -> Iterator[Item]:
        """Say what is done with each of these, while they are gone through."""
        self.stage(words)
        self._total = len(items)
        # The thread that shows it looks at ``_done``.
        for self._done, item in enumerate(items):
            yield item

    def show(self) -> None:
        """Show it from now on."""
        from rich.console import Console  # noqa: PLC0415  (only for a person who waits)
        from rich.live import Live  # noqa: PLC0415

        with self._lock:
            if not self._is_over:
                self._shown = Live(get_renderable=self._bar, console=Console(stderr=True), transient=True)
                self._shown.start(refresh=True)

    def end(self) -> None:
        """Take away what is shown, before something else is written to the terminal; nothing is shown from then on."""
        self._timer.cancel()
        with self._lock:
            self._is_over = True
            if self._shown is not None:
                self._shown.stop()

    def _bar(self) -> Table:
        """Draw how it stands; where nobody knows how far it is, the bar pulses."""
        from rich.progress_bar import ProgressBar  # noqa: PLC0415
        from rich.table import Table  # noqa: PLC0415

        bar = ProgressBar(self._total, self._done, width=40, pulse=self._total is None)
        drawn = Table.grid(padding=(0, 1))
        drawn.add_row(self._words, bar, f"{self._done / self._total:.0%}" if self._total else "")
        return drawn
