"""Runs one program of the lab: its output in a file, its end certain, its signals by pid only."""

import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from .errors import LabError, StartFailed

_PR_SET_PDEATHSIG = 1
# Loaded before any fork: the child may not import or allocate much between fork and exec.
_LIBC = ctypes.CDLL(None, use_errno=True)


def wait_until(condition: Callable[[], bool], timeout: float, what: str, every: float = 0.01) -> float:
    """Wait for a condition, at most `timeout` seconds; returns how long it took, raises LabError naming `what`."""
    began = time.monotonic()
    while not condition():
        if time.monotonic() - began > timeout:
            raise LabError(f"{what}: not within {timeout:g} s")
        time.sleep(every)
    return time.monotonic() - began


class Process:
    """One running program. It dies with the thread that started it, so start it from a thread that lives on."""

    def __init__(
        self,
        words: Sequence[str],
        log: Path,
        environment: Mapping[str, str] | None = None,
        folder: Path | None = None,
        *,
        left_alone: signal.Signals = signal.SIGKILL,
    ) -> None:
        """Start it. ``left_alone``: what it is sent when the thread that started it is gone."""
        self.log = log
        parent = os.getpid()
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                list(words),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=folder,
                env={**os.environ, "LC_ALL": "C", **(environment or {})},
                preexec_fn=lambda: _die_with(parent, left_alone),  # noqa: PLW1509 - one C call, loaded beforehand
            )

    @property
    def pid(self) -> int:
        """The process id; the same before and after a `core restart now`."""
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """False as soon as it has ended."""
        return self._process.poll() is None

    def wait_ready(self, is_ready: Callable[[], bool], timeout: float, what: str) -> float:
        """Wait until the program answers; StartFailed with the end of its log when it ends or takes too long."""
        try:
            # A score of programs that start at once must not be kept from it by those who ask whether they have.
            return wait_until(lambda: not self.is_running or is_ready(), timeout, what, every=0.05)
        except LabError as error:
            raise StartFailed(f"{error}\n{self.last_words()}") from error
        finally:
            if not self.is_running:
                raise StartFailed(f"{what}: it ended with code {self._process.returncode}\n{self.last_words()}")

    def last_words(self, lines: int = 40) -> str:
        """The end of what the program printed."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def send(self, number: signal.Signals) -> None:
        """Send a signal, if the program still runs."""
        if self.is_running:
            self._process.send_signal(number)

    def stop(self, timeout: float = 5) -> None:
        """Ask it to end (SIGTERM), thawing it first; SIGKILL when it does not within `timeout` seconds."""
        self.send(signal.SIGTERM)
        self.send(signal.SIGCONT)
        try:
            self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()

    def close(self) -> None:
        """The same as `stop`: what a test calls at its end."""
        self.stop()

    def wait(self, timeout: float) -> int:
        """Wait until it ends by itself; returns its exit code."""
        return self._process.wait(timeout)

    def kill(self) -> None:
        """End it at once (SIGKILL), as a power cut would, and wait until it is gone."""
        self.send(signal.SIGKILL)
        self._process.wait()


class Family(Process):
    """A program that has children of its own, which it may leave behind when it ends."""

    def stop(self, timeout: float = 5) -> None:
        """End it, and whoever of its children is still there then."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children")
        pids = children.read_text().split() if self.is_running else []
        super().stop(timeout)
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)


def _die_with(parent: int, number: signal.Signals) -> None:
    """In the child: have the kernel end us when our parent's thread ends; end now if it already has."""
    _LIBC.prctl(_PR_SET_PDEATHSIG, number)
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)
