"""The daemon as systemd runs it: a notify socket, a watchdog, and the unit's system call limits around it."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from queue import Queue
from threading import Thread

import pytest

from .unit import ROOT, settings

#: How long something may take on a busy machine (seconds).
PATIENCE = 30.0

#: Threads that are there whatever is watched: main, the engine, the reports, the heartbeat, and some to spare; and
#: those of processes that healthmon starts.
ITS_OWN, OF_HELPERS = 10, 32


class Webhook:
    """Where an alert goes: keeps the JSON of every POST."""

    def __init__(self) -> None:
        self.messages: Queue[dict[str, str]] = Queue()
        webhook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                webhook.messages.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(200)
                self.end_headers()

            def log_message(self, format: str, *arguments: object) -> None:
                """Say nothing."""

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"127.0.0.1:{self._server.server_port}"
        Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class Service:
    """healthmon as the unit runs it, as far as that is possible without systemd."""

    def __init__(self, folder: Path, webhook: Webhook, *, watchdog_seconds: float = 60.0, options: str = "") -> None:
        self.config = folder / "config.ini"
        self.database = folder / "healthmon.db"
        self.log = folder / "log"
        self._told = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._told.settimeout(0.5)
        self._told.bind(str(folder / "notify"))
        self.config.write_text(
            f"""[healthmon]
database = {self.database}
timezone = UTC

[pbx office]
url = http://127.0.0.1:{port_that_refuses()}
username = healthmon
password = secret
down_after = 1s

[watch all]
endpoints = PJSIP/*

[receiver oncall]
urls = json://{webhook.address}/
group_wait = 0s
{options}"""
        )
        environ = {
            **os.environ,
            "NOTIFY_SOCKET": str(folder / "notify"),
            "WATCHDOG_USEC": str(int(watchdog_seconds * 1e6)),
        }
        run = [sys.executable, "-m", "tests.service.sandbox", sys.executable, "-m", "healthmon"]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [*run, "-c", str(self.config), "run"], cwd=ROOT, env=environ, stdout=log, stderr=log
            )

    def hears(self, wanted: str) -> list[str]:
        """Wait for the datagram that begins so, and return its lines."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            has_ended = self.process.poll() is not None
            try:
                lines = self._told.recv(65536).decode().split("\n")
            except TimeoutError:
                if has_ended:
                    break
                continue
            if lines[0].startswith(wanted):
                return lines
        raise AssertionError(f"systemd was not told {wanted}; log:\n{self.log.read_text()}")

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(PATIENCE)
        self._told.close()


def port_that_refuses() -> int:
    """A port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    with closing(Webhook()) as listening:
        yield listening


def test_under_the_units_limits_it_starts_tells_and_stops(tmp_path: Path, webhook: Webhook) -> None:
    with closing(Service(tmp_path, webhook)) as service:
        service.hears("READY=1")
        message = webhook.messages.get(timeout=PATIENCE)
        service.process.send_signal(signal.SIGTERM)
        service.hears("STOPPING=1")
        code = service.process.wait(PATIENCE)

    assert message["title"].startswith("DOWN PBX office")
    assert code == 0, service.log.read_text()
    assert "Traceback" not in service.log.read_text()
    # The group may read it, others may not.
    assert service.database.stat().st_mode & 0o777 == 0o640


def test_under_the_units_limits_messages_are_written_by_templates(tmp_path: Path, webhook: Webhook) -> None:
    (tmp_path / "subject.j2").write_text("mine: {{ subject }}")
    (tmp_path / "body.j2").write_text("{{ body.ljust(3000000000) }}")
    options = "subject_template = subject.j2\nbody_template = body.j2\n"
    with closing(Service(tmp_path, webhook, options=options)) as service:
        service.hears("READY=1")
        message = webhook.messages.get(timeout=PATIENCE)

    assert message["title"].startswith("mine: DOWN PBX office")
    assert "body.j2:1: needs too much memory" in service.log.read_text()


def test_the_tasks_of_the_unit_are_enough_for_300_pbxs_and_300_urls_twice_and_it_leaves_no_core(
    tmp_path: Path, webhook: Webhook
) -> None:
    with closing(Service(tmp_path, webhook)) as service:
        service.hears("READY=1")
        tasks = len(list(Path(f"/proc/{service.process.pid}/task").iterdir()))
        limits = Path(f"/proc/{service.process.pid}/limits").read_text()

    of_one_pbx, of_one_url = 2, 1
    its_own = tasks - of_one_pbx - of_one_url
    assert its_own <= ITS_OWN
    # Twice, for while a new configuration is taken the threads of the old one end.
    most = 2 * (300 * of_one_pbx + 300 * of_one_url + ITS_OWN + OF_HELPERS)
    assert most <= int(settings()["TasksMax"][0]) < 2 * most
    assert re.search(r"^Max core file size +0 +0 ", limits, re.MULTILINE)


def test_the_watchdog_hears_from_the_engine_again_and_again(tmp_path: Path, webhook: Webhook) -> None:
    with closing(Service(tmp_path, webhook, watchdog_seconds=2.0)) as service:
        service.hears("READY=1")

        for _ in range(5):
            assert service.hears("WATCHDOG=1") == ["WATCHDOG=1"]


def test_a_bad_reload_keeps_the_service_and_shows_in_its_status(tmp_path: Path, webhook: Webhook) -> None:
    with closing(Service(tmp_path, webhook)) as service:
        service.hears("READY=1")
        service.config.write_text("[pbx office]\nno_such_option = 1\n")

        service.process.send_signal(signal.SIGHUP)

        service.hears("RELOADING=1")
        ready = service.hears("READY=1")
        assert "the configuration has problems" in ready[1]
        assert service.process.poll() is None


def test_a_good_reload_is_reported_too(tmp_path: Path, webhook: Webhook) -> None:
    with closing(Service(tmp_path, webhook)) as service:
        service.hears("READY=1")

        service.process.send_signal(signal.SIGHUP)

        service.hears("RELOADING=1")
        assert service.hears("READY=1")[1].startswith("STATUS=watching")
        log = service.log.read_text()
        assert " starts: " in log.splitlines()[0]
        # The file is what its author should know of, at the start and after each reload.
        assert log.count("every user of this machine can read it") == 2


def test_a_configuration_with_mistakes_ends_with_the_code_that_stops_systemd_from_trying(tmp_path: Path) -> None:
    config = tmp_path / "config.ini"
    config.write_text("[pbx office]\n")

    run = [sys.executable, "-m", "healthmon", "-c", str(config), "run"]
    ended = subprocess.run(run, check=False, capture_output=True, text=True, timeout=PATIENCE)

    assert str(ended.returncode) in settings()["RestartPreventExitStatus"][0].split()
    assert "Traceback" not in ended.stderr
