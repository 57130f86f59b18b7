"""Waiting for a condition, with a deadline; Ctrl-C ends the wait, and never anything in the middle of a step."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from types import FrameType
from typing import Any, TypeVar

from healthmon.demo.trouble import DemoFailed, DemoStopped

T = TypeVar("T")

#: Everything that is waited for takes a few seconds; so long on a machine that is busy with other things.
PATIENCE = 25.0
#: How often a condition is looked at (seconds).
LOOK_EVERY = 0.05
_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Patience:
    """Takes the signals that ask for an end, within a with block of the main thread.

    A signal is only noted, and raised as DemoStopped by the next wait: so nothing is left half made, and a second
    Ctrl-C does not disturb the tidying up.
    """

    def __init__(self, within: float = PATIENCE) -> None:
        self._within = within
        self._stopped_by = 0
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Patience:
        """Take the signals."""
        self._before = {signum: signal.signal(signum, self._note) for signum in _ENDING}
        return self

    def __exit__(self, *_: object) -> None:
        """Give them back."""
        for signum, handler in self._before.items():
            signal.signal(signum, handler)

    def _note(self, signum: int, _frame: FrameType | None) -> None:
        self._stopped_by = self._stopped_by or signum

    def check(self) -> None:
        """Raise DemoStopped if somebody has asked for an end."""
        if self._stopped_by:
            raise DemoStopped(self._stopped_by)

    def rest(self, seconds: float) -> None:
        """Do nothing for so long, or until somebody asks for an end: it is a good one then."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and not self._stopped_by:
            time.sleep(LOOK_EVERY)
        self._stopped_by = 0

    def wait(self, look: Callable[[], T | None], what: str) -> T:
        """Return the first thing that ``look()`` gives; raise DemoFailed when that takes too long."""
        deadline = time.monotonic() + self._within
        while True:
            # Before the look: Ctrl-C ends the daemon, too, and that is then no failure.
            self.check()
            if seen := look():
                return seen
            if time.monotonic() > deadline:
                raise DemoFailed(f"not within {self._within:g} s: {what}")
            time.sleep(LOOK_EVERY)
