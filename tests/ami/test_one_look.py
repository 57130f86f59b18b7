"""Whoever gives a wrong port is told so, also where what listens there says nothing by itself."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest
from msgspec.structs import replace

from healthmon.ami.one_look import client_for_one_look
from healthmon.errors import AmiError, AmiForeign, AmiUnreachable, Trouble
from tests.core.scene import pbx_config
from tests.waiting import wait_for

from .played import PlayedManager
from .test_client import config_of

#: What a busy machine may add to a time-out (seconds); a look of its own for each question would add more.
BUSY_MACHINE = 1.5


@contextmanager
def listening(answer: bytes) -> Iterator[int]:
    """Something that says nothing until it is sent a request; it answers, if it has an answer. Gives its port."""
    server = socket.create_server(("127.0.0.1", 0))
    server.settimeout(20)

    def serve() -> None:
        with suppress(OSError):
            while True:
                connection, _ = server.accept()
                with connection:
                    if connection.recv(1000) and answer:
                        connection.sendall(answer)
                    connection.recv(1000)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield server.getsockname()[1]
    finally:
        server.shutdown(socket.SHUT_RDWR)
        server.close()
        thread.join(5)
    assert not thread.is_alive()


def failure_at(port: int) -> AmiError:
    with pytest.raises(AmiError) as caught:
        client_for_one_look(replace(pbx_config(), ami=f"tcp://127.0.0.1:{port}", ami_username="me"), timeout=0.3)
    return caught.value


def test_the_port_of_a_web_server_is_no_manager_interface() -> None:
    with listening(b"HTTP/1.1 404 Not Found\r\nServer: Asterisk/22.10.1\r\n\r\n") as port:
        error = failure_at(port)

    assert isinstance(error, AmiForeign)
    assert error.what == f"what answers on 127.0.0.1:{port} is no manager interface: 'HTTP/1.1 404 Not Found'"


def test_what_says_nothing_at_all_may_be_frozen_or_something_else() -> None:
    with listening(b"") as port:
        error = failure_at(port)

    assert isinstance(error, AmiUnreachable)
    assert error.trouble is Trouble.TIMED_OUT
    assert error.what.endswith("frozen or overloaded; or what listens there is no manager interface")


def test_who_answers_is_sent_nothing_else() -> None:
    with PlayedManager() as manager:
        client_for_one_look(config_of(manager)).close()
        # It reads what was sent before the connection was closed.
        wait_for(lambda: "Logoff" in {asked["Action"] for asked in manager.asked}, 5)
    assert [asked["Action"] for asked in manager.asked] == ["Challenge", "Login", "ListCommands", "Logoff"]


def test_a_person_waits_for_the_time_out_once_where_somebody_accepts_and_never_says_a_word() -> None:
    with listening(b"") as port:
        pbx = replace(pbx_config(), ami=f"tcp://127.0.0.1:{port}", ami_username="me")
        begun = time.monotonic()

        with pytest.raises(AmiError):
            client_for_one_look(pbx, timeout=3.0)

        assert time.monotonic() - begun < 3.0 + BUSY_MACHINE
