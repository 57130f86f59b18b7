"""A dead name server costs nobody more than his own time: the lookup of a name is a part of the connection."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from healthmon.ari.client import AriClient
from healthmon.ari.events import open_events
from healthmon.config.sections.shared import Secret
from healthmon.errors import AriError, AriUnreachable, DeliveryError, DeliveryUnsure, NoConnection, Trouble
from healthmon.notify.channels.by_scheme import sender_for
from healthmon.notify.delivery.lookout import opens
from healthmon.watchdog.heartbeat import NotFed, fetch_once
from healthmon.wire import names
from healthmon.wire.connecting import connect, leads_to_ourselves
from healthmon.wire.names import Resolver
from tests.ari.certificates import Authority
from tests.ari.peers import config
from tests.pings import PingSink
from tests.waiting import wait_for

from .clients import MESSAGE
from .raw import RawPeer

#: A name that only the tests' own name server knows.
HOST = "peer.example.org"
#: What a busy machine may take longer (seconds).
SPARE = 3.0
REAL = socket.getaddrinfo
LOOPBACK = ("127.0.0.1",)


class NameServer:
    """What the system's resolver says of HOST; dead unless told otherwise. Addresses are read as always."""

    def __init__(self) -> None:
        self.addresses: tuple[str, ...] = ()
        self.error: Exception | None = None
        self.asked = 0
        self.has_died = False
        self._revived = threading.Event()

    def dies(self) -> None:
        """From now on nobody gets an answer before ``comes_back``."""
        self.has_died = True

    def comes_back(self) -> None:
        """Everybody who waits gets the answer now."""
        self.has_died = False
        self._revived.set()

    def getaddrinfo(self, host: str, port: Any, *_: Any, flags: int = 0, **options: Any) -> Any:
        if flags & socket.AI_NUMERICHOST or host != HOST:
            return REAL(host, port, flags=flags, **options)
        self.asked += 1
        if self.has_died:
            self._revived.wait(60)
        if self.error is not None:
            raise self.error
        return [REAL(address, port, **options)[0] for address in self.addresses]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[NameServer]:
    """A name server, and a process that has asked nothing yet."""
    server = NameServer()
    monkeypatch.setattr(names, "RESOLVER", Resolver())
    monkeypatch.setattr("socket.getaddrinfo", server.getaddrinfo)
    yield server
    server.comes_back()
    wait_for(lambda: not lookups())


def lookups() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "lookup"]


def took(work: Callable[[], object]) -> float:
    begun = time.monotonic()
    work()
    return time.monotonic() - begun


# ---------------------------------------------------------------- one deadline


def test_a_dead_name_server_costs_no_more_than_the_time_of_the_connection(server: NameServer) -> None:
    server.dies()

    def fails() -> None:
        with pytest.raises(socket.gaierror, match=r"no answer of a name server within 0.2 s"):
            connect(HOST, 80, 0.2)

    assert took(fails) < 0.2 + SPARE


def test_however_often_a_name_is_asked_for_one_lookup_hangs(server: NameServer) -> None:
    server.dies()

    for _ in range(5):
        with pytest.raises(socket.gaierror):
            connect(HOST, 80, 0.01)

    assert (server.asked, len(lookups())) == (1, 1)


def test_threads_that_ask_at_once_share_a_lookup(server: NameServer) -> None:
    server.dies()
    server.addresses = LOOPBACK
    found: list[object] = []

    def ask() -> None:
        found.append(names.RESOLVER.addresses(HOST, 30))

    threads = [threading.Thread(target=ask) for _ in range(10)]
    for thread in threads:
        thread.start()
    server.comes_back()
    for thread in threads:
        thread.join(10)

    assert len(found) == 10
    assert server.asked <= 10
    assert {str(addresses) for addresses in found} == {str(found[0])}


def test_an_address_needs_neither_a_name_server_nor_a_thread(
    server: NameServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr("healthmon.wire.names.Thread")

    for written in ("127.0.0.1", "::1", "[::1]"):
        with pytest.raises(ConnectionRefusedError):
            connect(written, 9, 2.0)
    assert server.asked == 0


def test_where_no_thread_can_be_had_the_name_is_looked_up_all_the_same(
    server: NameServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.addresses = LOOPBACK

    def refuse(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)

    assert [address.at(80) for address in names.RESOLVER.addresses(HOST, 1.0)] == [("127.0.0.1", 80)]


def test_whatever_a_resolver_raises_comes_out_where_it_was_asked(server: NameServer) -> None:
    server.error = ValueError("embedded null character")

    with pytest.raises(ValueError, match="null"):
        connect(HOST, 80, 5.0)


def test_each_address_has_its_share_of_the_time(server: NameServer, monkeypatch: pytest.MonkeyPatch) -> None:
    server.addresses = ("192.0.2.1", "192.0.2.2", "127.0.0.1")
    waited: list[float] = []
    really = socket.socket.connect

    def one_is_alive(connection: socket.socket, place: Any) -> None:
        waited.append(connection.gettimeout() or 0.0)
        if place[0].startswith("192"):
            time.sleep(waited[-1])
            raise TimeoutError("timed out")
        really(connection, place)

    monkeypatch.setattr(socket.socket, "connect", one_is_alive)
    with RawPeer() as peer, connect(HOST, peer.port, 0.9) as connection:
        assert connection.gettimeout() == 0.9

    assert len(waited) == 3
    assert sum(waited) <= 0.9 + 0.01


def test_that_we_have_no_way_to_one_kind_of_addresses_says_nothing_of_the_host(
    server: NameServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.addresses = ("127.0.0.1", "::1")
    really = socket.socket.connect

    def connect_without_ipv6(connection: socket.socket, place: Any) -> None:
        if ":" in place[0]:
            raise OSError(101, "Network is unreachable")
        really(connection, place)

    monkeypatch.setattr(socket.socket, "connect", connect_without_ipv6)

    with pytest.raises(ConnectionRefusedError):
        connect(HOST, 9, 2.0)


# ---------------------------------------------------------------- what the name led to before


def test_what_a_name_led_to_is_used_while_the_name_server_is_dead(
    server: NameServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(names, "KNOWN_AFTER", 0.2)
    server.addresses = LOOPBACK
    with RawPeer() as peer:
        connect(HOST, peer.port, 3.0).close()
        server.dies()

        first = took(lambda: connect(HOST, peer.port, 3.0).close())
        others = [took(lambda: connect(HOST, peer.port, 3.0).close()) for _ in range(20)]

    assert first >= 0.2
    # It is known to hang: nobody waits for it again.
    assert sum(others) < 20 * 0.2
    assert (server.asked, len(lookups())) == (2, 1)


def test_what_a_name_led_to_is_used_where_nobody_could_be_asked(server: NameServer) -> None:
    server.addresses = LOOPBACK
    with RawPeer() as peer:
        connect(HOST, peer.port, 3.0).close()
        server.error = socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

        connect(HOST, peer.port, 3.0).close()


def test_a_name_that_is_gone_is_gone(server: NameServer) -> None:
    server.addresses = LOOPBACK
    names.RESOLVER.addresses(HOST, 3.0)
    server.error = socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    with pytest.raises(socket.gaierror, match="not known"):
        connect(HOST, 80, 3.0)
    server.error = socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    with pytest.raises(socket.gaierror, match="Temporary"):
        connect(HOST, 80, 3.0)


def test_what_a_name_led_to_is_not_used_for_ever(server: NameServer, monkeypatch: pytest.MonkeyPatch) -> None:
    server.addresses = LOOPBACK
    names.RESOLVER.addresses(HOST, 3.0)
    monkeypatch.setattr(names, "KEPT_FOR", -1.0)
    server.dies()

    with pytest.raises(socket.gaierror):
        connect(HOST, 80, 0.1)


def test_a_new_address_is_taken_as_soon_as_it_is_told(server: NameServer) -> None:
    server.addresses = LOOPBACK
    names.RESOLVER.addresses(HOST, 3.0)
    server.addresses = ("127.0.0.2",)

    assert [address.at(80) for address in names.RESOLVER.addresses(HOST, 3.0)] == [("127.0.0.2", 80)]


# ---------------------------------------------------------------- everybody who calls somebody


def test_a_pbx_given_by_name_is_not_seen_in_time(server: NameServer) -> None:
    server.dies()
    pbx = config(f"http://{HOST}:8088", "healthmon", "secret")
    client = AriClient(pbx, connect_timeout=0.2)

    for ask in (client.info, lambda: open_events(pbx, subscribe_all=False, connect_timeout=0.2)):
        begun = time.monotonic()
        with pytest.raises(AriUnreachable, match=f"name not found; the name {HOST} cannot be resolved") as caught:
            ask()

        assert caught.value.trouble is Trouble.DNS
        assert time.monotonic() - begun < 0.2 + SPARE


@pytest.mark.parametrize(
    ("url", "port"),
    [
        (f"json://{HOST}:8081/hook77?cto=1", 8081),
        (f"form://{HOST}:8082/hook77?cto=1", 8082),
        (f"mailto://{HOST}/?from=a@example.org&to=b@example.org&cto=1", 25),
    ],
)
def test_a_message_was_certainly_not_sent_and_the_channel_is_looked_for(
    server: NameServer, url: str, port: int
) -> None:
    server.dies()
    sender = sender_for("oncall/test", Secret(url))
    begun = time.monotonic()

    with pytest.raises(DeliveryError, match="no answer of a name server within 1 s") as caught:
        sender.send(MESSAGE)

    assert time.monotonic() - begun < 1.0 + SPARE
    assert not isinstance(caught.value, DeliveryUnsure)
    assert caught.value.no_connection == NoConnection(HOST, port)


def test_a_heartbeat_is_not_fed(server: NameServer, monkeypatch: pytest.MonkeyPatch) -> None:
    server.dies()
    monkeypatch.setattr("healthmon.watchdog.heartbeat.TIMEOUT", 0.2)

    def fails() -> None:
        with pytest.raises(NotFed, match="its name cannot be resolved"):
            fetch_once(f"http://{HOST}/ping/t0ken77")

    assert took(fails) < 0.2 + SPARE


def test_a_look_whether_a_channel_has_come_back_takes_no_longer_than_it_may(
    server: NameServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.dies()
    monkeypatch.setattr("healthmon.notify.delivery.lookout.PATIENCE", 0.2)

    assert took(lambda: opens(NoConnection(HOST, 443))) < 0.2 + SPARE


def test_the_name_stays_what_is_asked_for_and_what_a_certificate_is_compared_with(
    server: NameServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = Authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    server.addresses = LOOPBACK
    names.RESOLVER.addresses(HOST, 3.0)
    monkeypatch.setattr(names, "KNOWN_AFTER", 0.0)
    server.dies()

    with PingSink(authority.sign(HOST).server_context()) as sink:
        fetch_once(f"https://{HOST}:{sink.port}/ping")
        assert sink.asked_with["Host"] == f"{HOST}:{sink.port}"
    with (
        PingSink(authority.sign("127.0.0.1").server_context()) as other,
        pytest.raises(NotFed, match="its certificate is not accepted"),
    ):
        fetch_once(f"https://{HOST}:{other.port}/ping")


def test_the_same_holds_for_a_pbx(server: NameServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority = Authority(tmp_path)
    server.addresses = LOOPBACK
    names.RESOLVER.addresses(HOST, 3.0)
    monkeypatch.setattr(names, "KNOWN_AFTER", 0.0)
    server.dies()

    for signed_for, trouble in ((HOST, Trouble.UNEXPECTED), ("127.0.0.1", Trouble.TLS)):
        with PingSink(authority.sign(signed_for).server_context()) as sink:
            pbx = replace(config(f"https://{HOST}:{sink.port}", "healthmon", "secret"), verify_tls=authority.file)
            client = AriClient(pbx)
            for ask in (client.info, partial(open_events, pbx, subscribe_all=False)):
                with pytest.raises(AriError) as caught:
                    ask()
                assert caught.value.trouble is trouble
            client.close()


@pytest.mark.parametrize(
    ("ours", "theirs", "is_so"),
    [
        ("127.0.0.1", "127.0.12.7", True),
        ("192.0.2.5", "192.0.2.5", True),
        ("192.0.2.5", "192.0.2.6", False),
        ("::1", "::1", True),
        ("fe80::1%eth0", "fe80::2%eth0", False),
    ],
)
def test_a_peer_on_our_own_machine_is_known_by_its_address(ours: str, theirs: str, is_so: bool) -> None:
    assert leads_to_ourselves(ours, theirs) is is_so
