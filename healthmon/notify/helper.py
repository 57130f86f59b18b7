"""A process of its own for work that may hang or grow: it is asked, it answers, and it is killed when it is late."""

from __future__ import annotations

import logging
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock
from time import monotonic

from healthmon.notify.helper_process import LENGTH_BYTES, READY

log = logging.getLogger(__name__)

#: A fresh Python that imports what it needs takes 0.2 s; on a machine that swaps much longer (seconds).
STARTS_WITHIN = 30.0
#: What a helper says is no longer than this (bytes): it may be in the hands of what it works on.
LARGEST_ANSWER = 1_000_000
#: A process whose end of the connection is closed is dead after so long (seconds).
_DYING_TAKES = 0.2
#: What of our environment it gets, beside the places of Python's modules: nothing that could be a secret.
_ENVIRONMENT = ("LD_LIBRARY_PATH", "PYTHONHOME")


class HelperFailed(Exception):
    """No answer came. ``str()`` says why, as the end of a sentence: "takes longer than 2 s"."""


class HelperLate(HelperFailed):
    """It did not answer in time, and was killed."""


class HelperMissing(HelperFailed):
    """It could not even be started: nothing was asked."""


class Helper:
    """A child process that runs ``module`` (see ``helper_process.serve``). Threads may share it: one asks at a time.

    It is a fresh interpreter: no copy of our memory, no descriptor of ours but one end of a pair of sockets, nothing of
    our environment but where Python's modules are. Its limits are ``most_memory`` (bytes),
    ``most_cpu`` (seconds of processor time for an answer: what else the machine does is not its fault) and ``within``
    (seconds by the clock). It ends by itself when we do.
    """

    def __init__(self, module: str, *, most_memory: int, most_cpu: float, within: float) -> None:
        self._module = module
        self._most_memory = most_memory
        self._most_cpu = most_cpu
        self._within = within
        # The one lock of ours: two templates that are slow wait for each other, and nobody else does.
        self._lock = Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._socket: socket.socket | None = None
        self._is_ready = False

    @property
    def pid(self) -> int | None:
        """The process, if there is one."""
        if self._process:
            return self._process.pid
        return None

    def start(self) -> None:
        """Have it started beforehand; does not wait for it. A failure is found out by who asks first."""
        with self._lock:
            self._start_if_possible()

    def close(self) -> None:
        """End it, at once: whoever waits for its answer gets none."""
        if self._process is not None:
            self._process.kill()
        with self._lock:
            self._end()

    def ask(self, question: bytes) -> bytes:
        """Return its answer. Raises HelperFailed; the process is another one then."""
        with self._lock, self._replaced_if_it_fails():
            connection = self._started()
            deadline = monotonic() + self._within
            connection.settimeout(_left(deadline))
            connection.sendall(len(question).to_bytes(LENGTH_BYTES) + question)
            return _receive(connection, deadline)

    @contextmanager
    def _replaced_if_it_fails(self) -> Iterator[None]:
        try:
            yield
        except HelperMissing:
            self._end()
            raise
        except (OSError, EOFError) as error:
            code = self._end()
            self._start_if_possible()
            if isinstance(error, TimeoutError):
                raise HelperLate(f"takes longer than {self._within:g} s") from None
            if code == -signal.SIGPROF:
                raise HelperLate(f"takes longer than {self._most_cpu:g} s") from None
            how = f"signal {-code}" if code < 0 else f"exit code {code}"
            raise HelperFailed(f"ends the process that does it ({how})") from None

    def _started(self) -> socket.socket:
        """Return the connection to a process that is ready."""
        try:
            connection = self._socket or self._start()
            if not self._is_ready:
                self._is_ready = _receive(connection, monotonic() + STARTS_WITHIN) == READY
        except (OSError, EOFError) as error:
            raise HelperMissing(f"no process could be started for it: {error or type(error).__name__}") from None
        return connection

    def _start_if_possible(self) -> None:
        try:
            if self._socket is None:
                self._start()
        except OSError as error:
            log.warning("a helper process could not be started, tried again when it is needed: %s", error)

    def _start(self) -> socket.socket:
        ours, its = socket.socketpair()
        with its:
            try:
                self._process = subprocess.Popen(  # noqa: S603 (our own program, no shell)
                    # -P: nothing of the directory that we happen to be in.
                    [sys.executable, "-P", "-m", self._module, str(self._most_memory), f"{self._most_cpu:g}"],
                    stdin=its.fileno(),
                    stdout=its.fileno(),
                    stderr=subprocess.DEVNULL,
                    env=_environment(),
                    cwd="/",
                    # Ctrl-C in a terminal is for us.
                    start_new_session=True,
                )
            except OSError:
                ours.close()
                raise
        self._socket, self._is_ready = ours, False
        return ours

    def _end(self) -> int:
        """End it, if it has not ended by itself; return its exit code, or the number of the signal below zero."""
        process, connection = self._process, self._socket
        self._process = self._socket = None
        if connection is not None:
            connection.close()
        if process is None:
            return 0
        # Its end of the connection may be closed a moment before it is dead of the reason that we want to know.
        with suppress(subprocess.TimeoutExpired):
            process.wait(_DYING_TAKES)
        process.kill()
        return process.wait()


def _environment() -> dict[str, str]:
    """It finds the modules that we find."""
    kept = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
    paths = [str(Path(path).absolute()) for path in sys.path if path]
    # An arena for each thread would reserve 64 MB of its address space.
    return {**kept, "PYTHONPATH": os.pathsep.join(paths), "PYTHONUTF8": "1", "MALLOC_ARENA_MAX": "1"}


def _receive(connection: socket.socket, deadline: float) -> bytes:
    length = int.from_bytes(_read(connection, LENGTH_BYTES, deadline))
    if length > LARGEST_ANSWER:
        raise EOFError
    return _read(connection, length, deadline)


def _read(connection: socket.socket, length: int, deadline: float) -> bytes:
    """Read exactly so many bytes. Raises EOFError when the process ends before, TimeoutError when it is late."""
    read = b""
    while len(read) < length:
        connection.settimeout(_left(deadline))
        piece = connection.recv(length - len(read))
        if not piece:
            raise EOFError
        read += piece
    return read


def _left(deadline: float) -> float:
    """So many seconds are left. Raises TimeoutError when there are none."""
    left = deadline - monotonic()
    if left <= 0:
        raise TimeoutError
    return left
