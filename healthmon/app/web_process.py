"""Starts the web process where one is configured, and starts it again when it has ended."""

from __future__ import annotations

import logging
import os
import subprocess
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from threading import Event

from healthmon.app.own_program import own_program
from healthmon.app.supervision import Defects, OwnThread
from healthmon.config.configuration import Config
from healthmon.config.reload import Difference

log = logging.getLogger(__name__)

#: The variable of the environment by which it knows which process it ends with.
ENDS_WITH = "HEALTHMON_WEB_OF"
#: How often we look whether it has ended (seconds).
LOOK_EVERY = 0.5
#: It ends by itself within so long (seconds).
ENDS_WITHIN = 3.0


class WebProcess:
    """The process that answers over HTTP. Owned by the main thread; a thread of its own waits for its end."""

    def __init__(self) -> None:
        self._thread = OwnThread("web", stop_within=ENDS_WITHIN + 1)

    def start(self, config: Config) -> None:
        """Start it, if one is configured."""
        if config.web.listen is not None:
            command = command_of(config.path)
            self._thread.begin(lambda stop: partial(keep_answering, command, stop))

    def stop(self) -> None:
        """End it, if it runs."""
        self._thread.stop()

    def reload(self, new: Config, changed: Difference) -> None:
        """Go on as another configuration says."""
        if changed.web_changed:
            self.stop()
            self.start(new)


def command_of(config: Path) -> Sequence[str]:
    """Say what is started."""
    return [*own_program(config), "web"]


def keep_answering(command: Sequence[str], stop: Event) -> None:
    """Run a process until told to stop; when it has ended, start it again, after pauses that grow."""
    ends = Defects()
    while not stop.is_set():
        began_at = time.monotonic()
        why = _run(command, stop)
        if not why:
            return
        pause = ends.pause(time.monotonic() - began_at)
        log.error("the web process %s; it is started again in %g s", why, pause)
        stop.wait(pause)


def _run(command: Sequence[str], stop: Event) -> str:
    """Run it once; return how it ended, "" where that was wanted."""
    try:
        # An arena for each of its threads would keep what large pages leave behind.
        environ = {"MALLOC_ARENA_MAX": "2", **os.environ, ENDS_WITH: str(os.getpid())}
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, env=environ)  # noqa: S603 (our own program)
    except OSError as error:
        return f"cannot be started: {error.strerror}"
    while process.poll() is None:
        if stop.wait(LOOK_EVERY):
            _end(process)
            return ""
    return f"has ended (exit code {process.returncode})"


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(ENDS_WITHIN)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
