"""The web process asks for as many files as it may have, and takes no more connections than leaves it some."""

from __future__ import annotations

import resource
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing
from http.client import HTTPConnection

import pytest
from flask import Flask

from healthmon.app import serving
from healthmon.app.serving import THREADS, most_connections, server_of
from healthmon.publish.web.access import access


@pytest.mark.parametrize(("hard", "most"), [(1024, 960), (64, 1), (524_288, 2000), (resource.RLIM_INFINITY, 2000)])
def test_connections_leave_room_for_other_files(hard: int, most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    asked_for: list[tuple[int, int]] = []
    monkeypatch.setattr(resource, "getrlimit", lambda _: (64, hard))
    monkeypatch.setattr(resource, "setrlimit", lambda _, limits: asked_for.append(limits))

    assert most_connections() == most
    assert asked_for == [(hard, hard)]


def test_the_daemon_itself_loads_nothing_of_what_answers_over_http() -> None:
    program = "import sys, healthmon.app.daemon\nprint(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()

    assert "healthmon.app.daemon" in loaded
    assert [name for name in loaded if name.startswith(("flask", "waitress", "prometheus_", "healthmon.publish"))] == []


@pytest.fixture
def port() -> Iterator[int]:
    """Where something answers: a word at /livez, and more than a socket takes everywhere else."""
    app = Flask(__name__)
    app.add_url_rule("/livez", view_func=lambda: "alive", endpoint="livez")
    app.add_url_rule("/large", view_func=lambda: b"x" * 20_000_000, endpoint="large")
    server = server_of(app, "127.0.0.1", 0)
    answering = threading.Thread(target=server.run, daemon=True)
    answering.start()
    assert server.socket is not None
    yield server.socket.getsockname()[1]
    server.close()
    answering.join(30)


def asked(port: int, *paths: str) -> socket.socket:
    """A connection that has asked for these at once."""
    connection = socket.create_connection(("127.0.0.1", port), timeout=30)
    connection.sendall(b"".join(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode() for path in paths))
    return connection


def test_who_asks_for_much_and_reads_nothing_keeps_nobody_waiting(port: int) -> None:
    with ExitStack() as stack:
        for _ in range(2 * THREADS):
            stack.enter_context(asked(port, *["/large"] * 100))

        with asked(port, "/livez") as connection:
            assert connection.recv(1000).startswith(b"HTTP/1.1 200 OK")


def test_however_many_log_in_two_threads_are_free() -> None:
    anywhere = access.MOST_TRIED + access.MOST_WAITING
    at_known = access.MOST_TRIED_AT_KNOWN + access.MOST_WAITING_AT_KNOWN

    assert THREADS - anywhere - at_known >= 2


def test_of_several_questions_at_once_the_first_is_answered_and_the_connection_closed(port: int) -> None:
    with asked(port, "/livez", "/livez", "/livez") as connection, connection.makefile("rb") as answer:
        whole = answer.read()

    assert (whole.count(b"HTTP/1.1 200 OK"), whole.count(b"alive")) == (1, 1)
    assert b"\r\nConnection: close\r\n" in whole


def test_one_question_after_another_is_answered_on_a_connection(port: int) -> None:
    with closing(HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
        connection.request("GET", "/livez")
        assert connection.getresponse().read() == b"alive"
        first = connection.sock
        connection.request("GET", "/livez")

        assert connection.getresponse().read() == b"alive"
        assert connection.sock is first


def test_one_turn_takes_every_connection_that_waits_and_no_more_than_may_be_open(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(serving, "CONNECTIONS", 40)
    server = server_of(Flask("nothing"), "127.0.0.1", 0)
    assert server.socket is not None
    address = server.socket.getsockname()
    with closing(server), ExitStack() as waiting:
        for number, taken in ((30, 30), (20, 40)):
            for _ in range(number):
                waiting.enter_context(closing(socket.create_connection(address)))
            server.handle_accept()
            assert len(list(server.active_channels)) == taken  # type: ignore[call-overload]
