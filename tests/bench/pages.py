"""(n) How quickly the web process answers about 20,000 targets, and whether 200 open pages slow the engine."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread

from tests.bench.contacts import RATE, storm
from tests.bench.figures import Figure, median, percentile
from tests.bench.peer import ROOT, Peer
from tests.bench.scale import Scale
from tests.bench.watched import Watched, memory_of
from tests.waiting import wait_for

#: Events a second while pages are asked for, so that each is another one than before.
CHANGES = 30
#: The aims: milliseconds, ratios, MB.
PAGE_P95, METRICS_P95, UNCHANGED_BY_BARE, P99_BESIDE, MEMORY = 150.0, 300.0, 2.0, 1.5, 90.0
#: What answers 304 and does nothing else.
BARE = """
import sys
from waitress import serve
def application(environ, start_response):
    start_response("304 Not Modified", [("ETag", '"1"')])
    return []
serve(application, host="127.0.0.1", port=int(sys.argv[1]), threads=4, _quiet=True)
"""


def pages(scale: Scale) -> Iterator[Figure]:
    """Over a daemon with a web process: pages while much changes, and that stay the same; storms beside readers."""
    port = free_port()
    with (
        TemporaryDirectory(prefix="healthmon-bench-") as folder,
        Peer(scale.many) as peer,
        Watched(Path(folder), peer, more=f"[web]\nlisten = 127.0.0.1:{port}\n") as daemon,
    ):
        _wait_until_answered(port)
        yield from _while_much_changes(port, peer, scale)
        daemon.wait_until_calm()
        yield _unchanged(port, scale)
        yield from _beside_readers(port, peer, daemon, scale)
        of_web = memory_of(web_process_of(daemon.process.pid))
        yield Figure(f"memory of the web process after that, {scale.many:,} endpoints", of_web, "MB", at_most=MEMORY)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def web_process_of(daemon: int) -> int:
    """The number of the process that a daemon has started for answering."""
    children = [child for file in Path(f"/proc/{daemon}/task").glob("*/children") for child in file.read_text().split()]
    [found] = [child for child in children if Path(f"/proc/{child}/cmdline").read_bytes().endswith(b"\0web\0")]
    return int(found)


def _wait_until_answered(port: int) -> None:
    def is_answered() -> bool:
        try:
            return _asked(HTTPConnection("127.0.0.1", port, timeout=60), "/livez")[0] == 200
        except OSError:
            return False

    wait_for(is_answered, 60)


def _asked(connection: HTTPConnection, path: str, tag: str = "") -> tuple[int, str]:
    """Ask, read all of the answer, and return its status and its tag."""
    connection.request("GET", path, headers={"If-None-Match": tag})
    answer = connection.getresponse()
    answer.read()
    return answer.status, answer.headers.get("ETag", "")


def _while_much_changes(port: int, peer: Peer, scale: Scale) -> Iterator[Figure]:
    """Each page that is asked for is another one than the last; what is asked for at first is made anew."""
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    # Availability of 30 days and strips of 24 hours are found out while somebody looks.
    _asked(connection, "/")
    for path, aim in (("/", PAGE_P95), ("/metrics", METRICS_P95)):
        command = {"do": "storm", "rate": CHANGES, "seconds": scale.looked, "trunks": 0}
        changing = Thread(target=peer.ask, kwargs=command)
        changing.start()
        took = []
        while changing.is_alive():
            begun = time.monotonic()
            status, _ = _asked(connection, path)
            took.append((time.monotonic() - begun) * 1000)
            assert status == 200
            # As often as a page of one reader asks, or nearly so: what is asked sooner is the same page.
            changing.join(0.25)
        for part, name, most in ((0.5, "p50", None), (0.95, "p95", aim)):
            what = f"{path} of {scale.many:,} targets while {CHANGES} events/s come, {name}"
            yield Figure(what, percentile(took, part), "ms", at_most=most)


def _unchanged(port: int, scale: Scale) -> Figure:
    """A page that is the same as before: 304; bare is a program that answers nothing else."""
    ours = _times_of_304(port, scale)
    bare_port = free_port()
    with subprocess.Popen([sys.executable, "-c", BARE, str(bare_port)]) as bare:
        try:
            _wait_until_listened(bare_port)
            least = _times_of_304(bare_port, scale)
        finally:
            bare.kill()
    return Figure("/ that has not changed (304), p50", ours, "ms", bare=least, ratio_at_most=UNCHANGED_BY_BARE)


def _wait_until_listened(port: int) -> None:
    def listens() -> bool:
        with socket.socket() as asking:
            return asking.connect_ex(("127.0.0.1", port)) == 0

    wait_for(listens, 30)


def _times_of_304(port: int, scale: Scale) -> float:
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    took: list[float] = []
    _, tag = _asked(connection, "/")
    while len(took) < scale.commits:
        begun = time.monotonic()
        status, tag = _asked(connection, "/", tag)
        if status == 304:
            took.append((time.monotonic() - begun) * 1000)
    connection.close()
    return median(took)


@contextmanager
def _read_by(port: int, readers: int) -> Iterator[None]:
    """While so many pages are open."""
    command = [sys.executable, "-m", "tests.bench.readers", str(port), str(readers)]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "open\n"
    yield
    answered, _ = process.communicate()
    assert set(json.loads(answered)) <= {"200", "304"}


def _beside_readers(port: int, peer: Peer, daemon: Watched, scale: Scale) -> Iterator[Figure]:
    alone, beside = [], []
    for _ in range(scale.rounds):
        alone.append(storm(peer, daemon))
        with _read_by(port, scale.readers):
            beside.append(storm(peer, daemon))
    for part, name, most in ((0.5, "p50", None), (0.99, "p99", P99_BESIDE)):
        value, bare = (median([percentile(times, part) for times in storms]) for storms in (beside, alone))
        what = f"event to commit at {RATE:,} events/s with {scale.readers} open pages, {name}"
        yield Figure(what, value, "ms", bare=bare, ratio_at_most=most)
