"""The real daemon and the real commands, each a process of its own."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TextIO

from healthmon.demo.trouble import DemoFailed
from healthmon.report.status.query import read_status
from healthmon.report.status.rows import Status
from healthmon.store.read.queries import open_reader

#: The daemon promises to stop within ten seconds.
STOPS_WITHIN = 12.0
#: So much of the log is shown when something failed (lines).
LOG_LINES = 40
#: So wide is what other commands write into a pipe.
COLUMNS = 80
_PLAIN = {"TERM": "dumb", "COLUMNS": str(COLUMNS), "PYTHONIOENCODING": "utf-8"}
#: What systemd says to the service in whose shell we perhaps run is not meant for this daemon.
_SYSTEMD = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "JOURNAL_STREAM", "CREDENTIALS_DIRECTORY")


def environment(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment for the demo's processes: without systemd's words, and without proxies.

    A proxy cannot reach the webhook, which listens on this machine's loopback.
    """
    return {
        name: value for name, value in environ.items() if name not in _SYSTEMD and not name.lower().endswith("_proxy")
    }


class DemoDaemon:
    """``healthmon run`` with the configuration file of a folder; it ends with the with block at the latest."""

    def __init__(self, folder: Path) -> None:
        self.config = folder / "config.ini"
        self.database = folder / "healthmon.db"
        self._log = folder / "healthmon.log"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> DemoDaemon:
        """Promise that it ends."""
        return self

    def __exit__(self, *_: object) -> None:
        """End it, however it is."""
        self.stop()

    def start(self) -> None:
        """Start it; its log goes into the folder."""
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603  (our own program, no shell)
                self._call("run"), stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment(os.environ)
            )

    def _call(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "healthmon", "-c", str(self.config), *arguments]

    def stop(self) -> int:
        """Stop it as systemd does, by SIGTERM, and harder if that takes too long. Returns its exit code."""
        if self._process is None:
            return 0
        if self._process.poll() is None:
            self._process.terminate()
        try:
            return self._process.wait(STOPS_WITHIN)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()

    def check(self) -> None:
        """Raise DemoFailed if it has ended by itself."""
        code = self._process.poll() if self._process else None
        if code is not None:
            raise DemoFailed(f"the daemon ended with exit code {code}")

    def read_status(self) -> Status | None:
        """How everything stands, as ``healthmon status`` reads it; None: the daemon has not looked yet."""
        self.check()
        if "ready: every PBX was looked at" not in self._logged():
            return None
        with open_reader(self.database) as reader:
            return read_status(reader, time.time())

    def _logged(self) -> str:
        if self._log.exists():
            return self._log.read_text(encoding="utf-8", errors="replace")
        return ""

    def end_of_log(self) -> str:
        """The end of its log."""
        return "\n".join(self._logged().splitlines()[-LOG_LINES:])

    def command(self, *arguments: str, out: TextIO) -> int:
        """Run another command, whose output goes to ``out``; return its exit code."""
        if out.isatty():
            done = subprocess.run(  # noqa: S603  (our own program, no shell)
                self._call(*arguments), stdin=subprocess.DEVNULL, stdout=out, env=environment(os.environ), check=False
            )
            return done.returncode
        code, text = on_a_terminal(self._call(*arguments), environment(os.environ))
        out.write(text)
        return code


def on_a_terminal(call: list[str], environ: Mapping[str, str]) -> tuple[int, str]:
    """Run a program on a terminal of 80 columns without colours, whatever we run on; return its exit code and output.

    For a pipe the tables are as wide as they come; the reader of a log of the demo sees them as on a terminal. A system
    that has no terminals to give (no /dev/pts) shows them as for a pipe.
    """
    try:
        ours, its = pty.openpty()
    except OSError:
        return through_a_pipe(call, environ)
    try:
        with subprocess.Popen(  # noqa: S603  (our own program, no shell)
            call, stdin=subprocess.DEVNULL, stdout=its, env={**environ, **_PLAIN}
        ) as process:
            os.close(its)
            text = _all_that_comes(ours)
    finally:
        os.close(ours)
    return process.returncode, text.decode().replace("\r\n", "\n")


def through_a_pipe(call: list[str], environ: Mapping[str, str]) -> tuple[int, str]:
    """Run a program without a terminal; return its exit code and output."""
    done = subprocess.run(  # noqa: S603  (our own program, no shell)
        call, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env={**environ, **_PLAIN}, check=False
    )
    return done.returncode, done.stdout.decode()


def _all_that_comes(terminal: int) -> bytes:
    written = b""
    # Linux: a terminal whose other end was closed is an error, not an end.
    with suppress(OSError):
        while part := os.read(terminal, 65536):
            written += part
    return written
