"""What takes seconds, and what writes, is done by one of healthmon's commands, in a process of its own.

It shares no lock of SQLite's and no interpreter with what answers, holds nobody up who reads, and can be ended.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Sequence
from tempfile import TemporaryFile
from threading import Semaphore
from typing import IO

from msgspec import Struct

from healthmon.publish.web.live import Busy, Unreadable
from healthmon.wire.failures import failures_of_the_peer, with_its_type

#: So many are run at the same time; who asks for more is to ask again.
MOST_AT_ONCE = 2
#: One that takes longer is given up (seconds).
PATIENCE = 120.0
#: What it prints before that is from click, or says who speaks.
_PREFIXES = ("healthmon: ", "Error: ")


class Printed(Struct, frozen=True):
    """What a command has printed, and how it ended."""

    code: int
    #: Read from its beginning; it is gone when it is closed.
    output: IO[bytes]
    errors: tuple[str, ...]

    @property
    def why(self) -> str:
        """The sentence in which it says why nothing came of it."""
        said = self.errors[-1:] or (f"it ended with exit code {self.code} and said nothing",)
        return said[0]


class OwnCommands:
    """Runs commands for all threads that answer. Whoever owns it ends them."""

    def __init__(self, healthmon: Sequence[str], busy: str) -> None:
        """``busy``: what is said to who is the third."""
        self._healthmon = healthmon
        self._busy = busy
        self._free = Semaphore(MOST_AT_ONCE)
        self._running: set[subprocess.Popen[bytes]] = set()

    def run(self, arguments: Iterable[str]) -> Printed:
        """Run one to its end. Raises Busy, and Unreadable: it cannot be started, or takes too long."""
        if not self._free.acquire(blocking=False):
            raise Busy(f"{self._busy}; ask again in a moment")
        try:
            return self._run([*self._healthmon, *arguments])
        finally:
            self._free.release()

    def _run(self, command: Sequence[str]) -> Printed:
        # It cannot be started where no process, file or memory is left for it.
        with failures_of_the_peer(lambda error: Unreadable(f"its process cannot be started ({with_its_type(error)})")):
            # Of years it is long: it is not kept in memory.
            output = TemporaryFile()  # noqa: SIM115  (whoever is answered reads it)
            process = subprocess.Popen(  # noqa: S603  (our own program, no shell)
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.PIPE,
                env={**os.environ, "PYTHONUTF8": "1"},
            )
        self._running.add(process)
        try:
            _, errors = process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            _end(process)
            raise Unreadable(f"that takes longer than {PATIENCE:.0f} s; ask for less, or on the command line") from None
        finally:
            self._running.discard(process)
        output.seek(0)
        return Printed(process.returncode, output, tuple(map(_plain, errors.decode(errors="replace").splitlines())))

    def close(self) -> None:
        """End what still runs: nobody waits for it any more."""
        for process in list(self._running):
            process.kill()


class Programs:
    """The commands that are run: nobody who acknowledges waits for reports. Whoever owns it ends them."""

    def __init__(self, healthmon: Sequence[str]) -> None:
        self.reports = OwnCommands(healthmon, f"{MOST_AT_ONCE} reports are being made already")
        self.orders = OwnCommands(healthmon, f"{MOST_AT_ONCE} orders are being carried out already")

    def close(self) -> None:
        """End what still runs."""
        self.reports.close()
        self.orders.close()


def _end(process: subprocess.Popen[bytes]) -> None:
    # It has inherited that signals are held back.
    process.kill()
    process.communicate()


def _plain(line: str) -> str:
    for prefix in _PREFIXES:
        line = line.removeprefix(prefix)
    return line
