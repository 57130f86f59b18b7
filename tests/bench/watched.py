"""``healthmon run`` with one addition: a line in a file for each commit, with its time and the endpoints it booked.

This is the only way to see the moment of a commit without asking the database a thousand times a second. Written
after the commit; costs some 20 µs for a batch, which are part of what is measured.
"""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from healthmon.cli import main as healthmon
from healthmon.model import Changes, EndpointSettings, PbxState, Target
from healthmon.store.write.writer import Writer, open_writer
from tests.ami.played import PASSWORD
from tests.bench.peer import ROOT, Peer
from tests.waiting import wait_for

PBX = "bench"
CONFIG = """[healthmon]
database = {database}
timezone = Europe/Berlin

[pbx bench]
url = {url}
username = healthmon
password = secret
application = healthmon-bench
poll_every = 10m
receivers = hook
{manager}

[watch trunks]
endpoints = PJSIP/trunk-*
kind = provider
down_after = {hold}s
down_after_exact = yes
receivers = hook

[watch phones]
endpoints = PJSIP/*
down_after = 1h
up_after = 1h
receivers = hook

[receiver hook]
group_wait = 0s
urls = {hook}
"""
TRUNKS = "[watch trunks]"
#: How long a lost trunk must stay lost before somebody is told (seconds).
HOLD = 1.0


#: A daemon that uses less of a processor than this has nothing to do (seconds of CPU in a second).
CALM = 0.1


class Watched:
    """A daemon in a process of its own that watches a peer whose endpoints it has known for long."""

    def __init__(
        self,
        folder: Path,
        peer: Peer,
        *,
        hook: str = "json://127.0.0.1:9/nobody",
        ami: str = "",
        trunks: str = "",
        more: str = "",
    ) -> None:
        """Start it. ``trunks``: further options of the section of providers; ``more``: further sections."""
        manager = ""
        if ami:
            manager = f"ami = {ami}\nami_username = monitor\nami_password = {PASSWORD}"
        self._commits = folder / "commits"
        self._log = folder / "log"
        self.database = folder / "healthmon.db"
        config = folder / "config.ini"
        options = {"database": self.database, "url": peer.url, "hold": HOLD, "hook": hook, "manager": manager}
        config.write_text(CONFIG.format(**options).replace(TRUNKS, f"{TRUNKS}\n{trunks}") + more)
        _remember(self.database, peer)
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.bench.watched", str(config), str(self._commits)],
                stdout=log,
                stderr=log,
                cwd=ROOT,
            )

    def __enter__(self) -> Watched:
        try:
            wait_for(lambda: "ready: every PBX" in self._log.read_text(), 60, self._log.read_text)
            # The event stream, once it is open, has everything looked at once more.
            self.wait_until_calm()
        except BaseException:
            self.process.kill()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        # An orderly stop would take a second of everybody's time.
        self.process.kill()
        self.process.wait()

    def wait_until_calm(self) -> None:
        """Wait until it has nothing to do. Adding up the round trips of a storm takes it a minute."""
        wait_for(lambda: self.cpu_over(0.3) < CALM * 0.3, 300, lambda: "the daemon always has something to do")

    def cpu_over(self, seconds: float) -> float:
        """How many seconds of CPU it uses in so many seconds, from now on."""
        before = self.cpu()
        time.sleep(seconds)
        return self.cpu() - before

    def cpu(self) -> float:
        """How many seconds of CPU all its threads have used so far."""
        files = Path(f"/proc/{self.process.pid}/task").glob("*/schedstat")
        return sum(int(file.read_text().split()[0]) for file in files) / 1e9

    def memory(self, what: str = "VmRSS") -> float:
        """How much memory is resident now (VmRSS), or was at most so far (VmHWM); in MB (of 1,000,000 bytes)."""
        return memory_of(self.process.pid, what)

    def wait_for_commits(self, sent: Mapping[str, float], timeout: float = 30.0) -> dict[str, float]:
        """When each of these changes was booked; see ``read_commits``."""
        return read_commits(self._commits, sent, timeout)


def memory_of(process: int, what: str = "VmRSS") -> float:
    """How much memory of a process is resident now (VmRSS), or was at most so far (VmHWM); in MB."""
    found = re.search(rf"^{what}:\s+(\d+) kB", Path(f"/proc/{process}/status").read_text(), re.MULTILINE)
    assert found is not None
    return int(found[1]) * 1024 / 1e6


def read_commits(path: Path, sent: Mapping[str, float], timeout: float = 30.0) -> dict[str, float]:
    """When each of these changes was booked first after it was sent; those that never were are missing."""
    booked: dict[str, float] = {}
    deadline = time.monotonic() + timeout
    with path.open() as commits:
        while len(booked) < len(sent) and time.monotonic() < deadline:
            line = commits.readline()
            if not line.endswith("\n"):
                commits.seek(commits.tell() - len(line))
                time.sleep(0.02)
                continue
            at, *names = line.split()
            for name in names:
                if name not in booked and sent.get(name, float("inf")) < float(at):
                    booked[name] = float(at)
    return booked


def _remember(database: Path, peer: Peer) -> None:
    """Have the settings of all endpoints in the database, as they are when a daemon has run for an hour."""
    now = time.time()
    targets = [Target(PBX, "PJSIP", name) for name in peer.info["names"]]
    settings = {
        target: EndpointSettings(target, now, known=True, qualify_frequency=60.0, qualify_timeout=3.0, max_contacts=1)
        for target in targets
    }
    pbx = PbxState(PBX, peer.info["startup_time"], peer.info["last_reload_time"], was_seen=True)
    writer = open_writer(database, now=now)
    writer.commit(Changes(settings=settings, pbx_states={PBX: pbx}))
    writer.close()


def main(config: str, commits: str) -> None:
    """Run the daemon, and note its commits."""
    with Path(commits).open("w", buffering=1) as file:
        commit = Writer.commit

        def noted(writer: Writer, changes: Changes) -> None:
            commit(writer, changes)
            file.write(" ".join([str(time.monotonic()), *(target.resource for target, _ in changes.states)]) + "\n")

        Writer.commit = noted  # type: ignore[assignment, method-assign]
        sys.argv = ["healthmon", "-c", config, "run"]
        healthmon()


if __name__ == "__main__":
    main(*sys.argv[1:])
