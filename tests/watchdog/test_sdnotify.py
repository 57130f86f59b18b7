"""The notify protocol, spoken to a real datagram socket as systemd's is."""

import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from healthmon.watchdog.sdnotify import ServiceManager


class Systemd:
    """The receiving end of the notify socket."""

    def __init__(self, address: str) -> None:
        self.environ = {"NOTIFY_SOCKET": address.replace("\0", "@")}
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.settimeout(5)
        self._socket.bind(address)

    def heard(self) -> list[str]:
        """The lines of the next datagram."""
        return self._socket.recv(65536).decode().split("\n")

    def heard_nothing(self) -> bool:
        """Whether no datagram waits (they arrive at once, or not at all)."""
        self._socket.setblocking(False)
        try:
            self._socket.recv(65536)
        except BlockingIOError:
            return True
        return False

    def close(self) -> None:
        self._socket.close()


@pytest.fixture(params=["path", "abstract"])
def systemd(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Systemd]:
    address = str(tmp_path / "notify") if request.param == "path" else f"\0healthmon-test-{os.getpid()}"
    listener = Systemd(address)
    yield listener
    listener.close()


def test_each_message_is_one_datagram_in_the_words_of_sd_notify(systemd: Systemd) -> None:
    manager = ServiceManager(systemd.environ)

    manager.ready("watching 12 phones")
    manager.status("2 things are down")
    manager.stopping()
    manager.extend(30.5)

    assert systemd.heard() == ["READY=1", "STATUS=watching 12 phones"]
    assert systemd.heard() == ["STATUS=2 things are down"]
    assert systemd.heard() == ["STOPPING=1"]
    assert systemd.heard() == ["EXTEND_TIMEOUT_USEC=30500000"]


def test_a_reload_says_when_it_began_by_the_monotonic_clock(systemd: Systemd) -> None:
    before = time.monotonic_ns() // 1000

    ServiceManager(systemd.environ).reloading()

    reloading, began = systemd.heard()
    assert reloading == "RELOADING=1"
    assert before <= int(began.removeprefix("MONOTONIC_USEC=")) <= time.monotonic_ns() // 1000


def test_a_status_cannot_smuggle_in_another_message(systemd: Systemd) -> None:
    manager = ServiceManager(systemd.environ)

    manager.status("phone\nSTOPPING=1\nis down")

    assert systemd.heard() == ["STATUS=phone STOPPING=1 is down"]


def test_the_watchdog_is_fed_at_half_of_its_time(systemd: Systemd) -> None:
    environ = {**systemd.environ, "WATCHDOG_USEC": "60000000", "WATCHDOG_PID": str(os.getpid())}
    manager = ServiceManager(environ)

    manager.watchdog()

    assert manager.watchdog_interval == 30.0
    assert systemd.heard() == ["WATCHDOG=1"]


def test_a_loop_that_goes_round_a_thousand_times_a_second_does_not_flood_systemd(systemd: Systemd) -> None:
    now = 1000.0
    manager = ServiceManager({**systemd.environ, "WATCHDOG_USEC": "60000000"}, monotonic=lambda: now)

    for milliseconds in range(15_001):
        now = 1000.0 + milliseconds / 1000
        manager.watchdog()

    assert [systemd.heard(), systemd.heard()] == [["WATCHDOG=1"], ["WATCHDOG=1"]]
    assert systemd.heard_nothing()


@pytest.mark.parametrize(
    "environ",
    [
        pytest.param({}, id="no watchdog"),
        pytest.param({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "1"}, id="another process's"),
        pytest.param({"WATCHDOG_USEC": "soon"}, id="not a number"),
        pytest.param({"WATCHDOG_USEC": "0"}, id="switched off"),
    ],
)
def test_a_watchdog_that_is_not_ours_is_not_fed(systemd: Systemd, environ: dict[str, str]) -> None:
    manager = ServiceManager({**systemd.environ, **environ})

    manager.watchdog()

    assert manager.watchdog_interval is None
    assert systemd.heard_nothing()


@pytest.mark.parametrize("address", ["", "vsock:2:1234", "relative/path"])
def test_outside_systemd_nothing_happens(address: str) -> None:
    manager = ServiceManager({"NOTIFY_SOCKET": address} if address else {})

    manager.ready()
    manager.watchdog()
    manager.stopping()

    assert manager.watchdog_interval is None


def test_a_socket_that_vanished_is_survived(systemd: Systemd) -> None:
    manager = ServiceManager({**systemd.environ, "WATCHDOG_USEC": "1000000"})
    systemd.close()

    manager.watchdog()
    manager.status("still here")

    with pytest.raises(OSError):
        systemd.heard()


def test_a_systemd_that_reads_nothing_does_not_block_us(systemd: Systemd) -> None:
    manager = ServiceManager(systemd.environ)

    for number in range(5000):
        manager.status(str(number))

    assert systemd.heard() == ["STATUS=0"]
