"""healthmon as its own process: started, asked, reloaded, killed, as an administrator or a power cut would."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from click.testing import CliRunner

from healthmon.cli.main import cli

T = TypeVar("T")

#: How long a condition may take on a busy machine before a test gives up (seconds).
PATIENCE = 30.0
HEALTHMON = (sys.executable, "-m", "healthmon")


def wait_until(
    look: Callable[[], T],
    what: str,
    timeout: float = PATIENCE,
    every: float = 0.05,
    explain: Callable[[], str] = lambda: "",
) -> T:
    """Return the first true thing that ``look()`` gives; fail with ``what`` when that takes too long."""
    deadline = time.monotonic() + timeout
    while not (seen := look()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout:g} s: {what}\n{explain()}")
        time.sleep(every)
    return seen


class Daemon:
    """One ``healthmon run`` with its own folder, configuration file and database."""

    def __init__(
        self,
        folder: Path,
        config: str,
        environ: Mapping[str, str] | None = None,
        program: Sequence[str] = HEALTHMON,
        database: Path | None = None,
    ) -> None:
        self.folder = folder
        self._program = program
        self.config_path = folder / "config.ini"
        self.database = database or folder / "healthmon.db"
        self.log_path = folder / "healthmon.log"
        self._environ = {**os.environ, **(environ or {})}
        self._has_own_environment = bool(environ)
        self._process: subprocess.Popen[bytes] | None = None
        self.configure(config)

    def configure(self, config: str) -> None:
        """Write the configuration file; ``[healthmon]`` is added with this daemon's database."""
        head = f"[healthmon]\ndatabase = {self.database}\nlog_level = debug\ntimezone = Europe/Berlin\n"
        # What is alone at its address need not wait for others there; a test of sites says how long.
        head += "" if "site_window" in config else "site_window = 0s\n"
        self.config_path.write_text(f"{head}\n{config}", encoding="utf-8")
        # It holds passwords; anything else is warned about.
        self.config_path.chmod(0o640)

    @property
    def process(self) -> subprocess.Popen[bytes]:
        """The running process."""
        assert self._process is not None, "the daemon was not started"
        return self._process

    @property
    def pid(self) -> int:
        """The process id."""
        return self.process.pid

    def start(self, *, until_seen: bool = True) -> Daemon:
        """Start; with ``until_seen`` wait until a first snapshot of some PBX is booked."""
        before = len(self.log())
        with self.log_path.open("ab") as log:
            self._process = subprocess.Popen(
                [*self._program, "-c", str(self.config_path), "run"],
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                env=self._environ,
                cwd=self.folder,
            )
        if until_seen:
            self.wait(lambda: self._is_ready(before), "the first look at every PBX")
        return self

    def _is_ready(self, before: int) -> bool:
        log = self.log()[before:]
        assert self.process.poll() is None, f"it ended with {self.process.returncode}\n{log}"
        return "ready: every PBX was looked at" in log

    def stop(self, timeout: float = 12.0) -> int:
        """Send SIGTERM and return the exit code; the daemon has ten seconds for it."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout)

    def kill(self) -> None:
        """Let it die without a word (SIGKILL)."""
        self.process.kill()
        self.process.wait(10)

    def reload(self) -> None:
        """Have it read its configuration again (SIGHUP)."""
        self.process.send_signal(signal.SIGHUP)

    def close(self) -> None:
        """End it, however it is."""
        if self._process is not None and self._process.poll() is None:
            self.kill()

    def __enter__(self) -> Daemon:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def log(self) -> str:
        """All that it has written so far."""
        return self.log_path.read_text(encoding="utf-8") if self.log_path.exists() else ""

    def wait(self, look: Callable[[], T], what: str, timeout: float = PATIENCE) -> T:
        """Wait for a condition; a failure shows the end of the log."""

        def explain() -> str:
            return f"status: {self.status()}\n--- log\n{self.log()[-6000:]}"

        return wait_until(look, what, timeout, explain=explain)

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a healthmon command with this daemon's configuration."""
        return subprocess.run(
            [*self._program, "-c", str(self.config_path), *arguments],
            capture_output=True,
            text=True,
            env=self._environ,
            timeout=60,
            check=False,
        )

    def status(self) -> dict[str, Any]:
        """Return what ``status --json`` shows; empty while there is no database.

        The command runs in this process: most ask again and again while they wait, and a process for each look would
        take the processor from what they wait for. A daemon with an environment, perhaps a clock, of its own is asked
        in that; and where the database is another user's, root would become him.
        """
        if self._has_own_environment or self.database.parent.stat().st_uid != os.geteuid():
            done = self.command("status", "--json")
            shown, complaint = done.stdout, done.stderr
        else:
            read = CliRunner().invoke(cli, ["-c", str(self.config_path), "status", "--json"], catch_exceptions=False)
            shown, complaint = read.stdout, read.stderr
        assert "Traceback" not in complaint, complaint
        return dict(json.loads(shown)) if shown.strip() else {}

    def state(self, endpoint: str, pbx: str = "office") -> str:
        """Return what is believed of an endpoint: up, degraded, down, unknown; "" = not watched."""
        return str(self.target(endpoint, pbx).get("state", ""))

    def target(self, endpoint: str, pbx: str = "office") -> dict[str, Any]:
        """Return an endpoint's row of ``status --json``; empty when it is not watched."""
        rows = self.status().get("targets", [])
        return next((row for row in rows if row["endpoint"] == endpoint and row["pbx"] == pbx), {})

    def pbx(self, name: str = "office") -> dict[str, Any]:
        """Return a PBX's row of ``status --json``."""
        return next((row for row in self.status().get("pbxs", []) if row["name"] == name), {})

    def wait_for_state(self, endpoint: str, state: str, pbx: str = "office", timeout: float = PATIENCE) -> None:
        """Wait until this is believed of an endpoint."""
        self.wait(lambda: self.state(endpoint, pbx) == state, f"{endpoint} on {pbx} is {state}", timeout)

    def wait_for_pbx(self, state: str, name: str = "office", timeout: float = PATIENCE) -> None:
        """Wait until this is believed of a PBX."""
        self.wait(lambda: self.pbx(name).get("state") == state, f"pbx {name} is {state}", timeout)

    def report(self, *arguments: str) -> dict[str, Any]:
        """Return what ``report --format json`` says."""
        done = self.command("report", "--format", "json", *arguments)
        assert done.returncode == 0, done.stderr
        return dict(json.loads(done.stdout))
