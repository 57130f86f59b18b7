"""Whatever is wrong between us and a PBX is said in one clear sentence, the same by REST and by events."""

import errno
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from healthmon.ari.client import AriClient
from healthmon.ari.events import open_events
from healthmon.ari.failures import refusal
from healthmon.config.sections.pbx import PbxConfig
from healthmon.demo.fakepbx import FakeEndpoint, FakePbx
from healthmon.demo.fakepbx.pbx import Phase
from healthmon.errors import (
    AriBooting,
    AriDenied,
    AriError,
    AriNotFound,
    AriStarting,
    AriUnexpected,
    AriUnreachable,
    Trouble,
)
from tests.waiting import wait_for

from .captures import VERSIONS, exchange
from .certificates import Authority
from .peers import config

Look = Callable[..., object]


def by_rest(pbx: PbxConfig, connect_timeout: float = 0.3) -> object:
    return AriClient(pbx, timeout=0.3, connect_timeout=connect_timeout).endpoints()


def by_events(pbx: PbxConfig, connect_timeout: float = 0.3) -> object:
    return open_events(pbx, subscribe_all=False, timeout=0.3, connect_timeout=connect_timeout)


both_ways = pytest.mark.parametrize("look", [by_rest, by_events])


def failure(look: Look, pbx: PbxConfig) -> AriError:
    with pytest.raises(AriError) as caught:
        look(pbx)
    assert str(caught.value).startswith("pbx office: GET /")
    assert "secret" not in str(caught.value)
    return caught.value


@pytest.fixture
def fake() -> Iterator[FakePbx]:
    with FakePbx(FakeEndpoint("PJSIP", "101")) as one:
        yield one
        assert one.failures == []


def of(fake: FakePbx) -> PbxConfig:
    return config(fake.url, "healthmon", "secret")


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


# ---------------------------------------------------------------- no answer


@both_ways
def test_refused(look: Look, fake: FakePbx) -> None:
    fake.go_to(Phase.REFUSING)

    error = failure(look, of(fake))

    assert (type(error), error.trouble) == (AriUnreachable, Trouble.REFUSED)
    assert "nothing listens on 127.0.0.1:" in error.what


@both_ways
def test_frozen_although_tcp_is_up(look: Look, fake: FakePbx) -> None:
    fake.freeze()

    error = failure(look, of(fake))

    assert error.trouble is Trouble.TIMED_OUT
    assert "no answer within 0.3 s although 127.0.0.1" in error.what


@both_ways
def test_nobody_takes_the_connection(look: Look) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        # The queue of a server that accepts nothing is full after one connection or two.
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(full.getsockname())

        error = failure(look, config(f"http://127.0.0.1:{full.getsockname()[1]}", "healthmon", "secret"))

        for one in waiting:
            one.close()
    assert error.trouble is Trouble.TIMED_OUT
    assert "the host is off, or a firewall" in error.what


@both_ways
def test_a_name_that_is_not_found(look: Look) -> None:
    error = failure(look, config("http://no-such-host.invalid:8088", "healthmon", "secret"))

    assert (error.trouble, error.what) == (
        Trouble.DNS,
        "name not found; the name no-such-host.invalid cannot be resolved",
    )
    assert error.trouble.is_ours


@both_ways
@pytest.mark.parametrize(
    ("number", "trouble"),
    [
        (errno.ENETUNREACH, Trouble.NO_NETWORK),
        (errno.ENETDOWN, Trouble.NO_NETWORK),
        (errno.EADDRNOTAVAIL, Trouble.NO_NETWORK),
        (errno.EPERM, Trouble.NO_NETWORK),
        (errno.EMFILE, Trouble.NO_NETWORK),
        (errno.EHOSTUNREACH, Trouble.REFUSED),
        (errno.EHOSTDOWN, Trouble.REFUSED),
    ],
)
def test_our_own_network_gone_is_told_apart_from_a_host_that_is_not_there(
    look: Look, monkeypatch: pytest.MonkeyPatch, number: int, trouble: Trouble
) -> None:
    def connect(self: socket.socket, address: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(socket.socket, "connect", connect)
    error = failure(look, config("http://192.0.2.7:8088", "healthmon", "secret"))

    assert (error.trouble, error.trouble.is_ours) == (trouble, trouble is Trouble.NO_NETWORK)
    assert f"192.0.2.7:8088 cannot be reached ({os.strerror(number)})" in error.what
    assert error.what.startswith("no network here; ") is error.trouble.is_ours


@both_ways
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_closed_without_an_answer(look: Look, scheme: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        stop = threading.Event()

        def hang_up() -> None:
            server.settimeout(0.05)
            while not stop.is_set():
                try:
                    server.accept()[0].close()
                except TimeoutError:
                    continue

        thread = threading.Thread(target=hang_up)
        thread.start()
        error = failure(look, config(f"{scheme}://127.0.0.1:{server.getsockname()[1]}", "healthmon", "secret"))
        stop.set()
        thread.join()

    # Whoever dies in the middle of a handshake says nothing of TLS.
    assert error.trouble is Trouble.CLOSED
    assert not error.trouble.is_ours


# ---------------------------------------------------------------- TLS


@both_ways
def test_frozen_before_the_handshake_is_no_trouble_with_tls(look: Look) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        error = failure(look, config(f"https://127.0.0.1:{silent.getsockname()[1]}", "healthmon", "secret"))

    assert (error.trouble, error.trouble.is_ours) == (Trouble.TIMED_OUT, False)


def tls_failure(look: Look, authority: Authority, signed_for: str, days: float = 10, *, trust: bool = True) -> AriError:
    """Ask a PBX at 127.0.0.1 that shows a certificate for that name."""
    with FakePbx(tls=authority.sign(signed_for, days=days).server_context()) as fake:
        error = failure(look, replace(of(fake), verify_tls=authority.file if trust else True))
    assert (error.trouble, error.trouble.is_ours) == (Trouble.TLS, True)
    assert error.what.startswith("certificate refused; ")
    return error


@both_ways
def test_tls_of_a_ca_that_is_not_trusted(look: Look, authority: Authority) -> None:
    error = tls_failure(look, authority, "127.0.0.1", trust=False)

    assert "not signed by a CA that we trust: verify_tls can name" in error.what


@both_ways
def test_tls_for_another_host(look: Look, authority: Authority) -> None:
    assert "is not for the name 127.0.0.1" in tls_failure(look, authority, "pbx.example").what


@both_ways
def test_tls_that_has_expired(look: Look, authority: Authority) -> None:
    assert "has expired" in tls_failure(look, authority, "127.0.0.1", days=-1).what


@both_ways
def test_tls_on_a_port_that_speaks_plain_http(look: Look) -> None:
    error = odd_failure(look, b"HTTP/1.1 400 Bad Request\r\n\r\n", scheme="https")

    assert error.trouble is Trouble.TLS
    assert "speak https?" in error.what


@both_ways
def test_a_ca_file_that_is_not_there(look: Look, fake: FakePbx) -> None:
    pbx = config(fake.url.replace("http:", "https:"), "healthmon", "secret")

    error = failure(look, replace(pbx, verify_tls=Path("/no/such/ca.pem")))

    assert (error.trouble, "CA file" in error.what) == (Trouble.TLS, True)


@both_ways
@pytest.mark.parametrize("verify", ["own CA", False])
def test_tls_with_an_own_ca_or_unverified_works(look: Look, authority: Authority, verify: str | bool) -> None:
    with FakePbx(tls=authority.sign("127.0.0.1").server_context()) as fake:
        look(replace(of(fake), verify_tls=authority.file if verify else False))


def test_the_end_of_the_certificate_is_seen(authority: Authority) -> None:
    with FakePbx(tls=authority.sign("127.0.0.1", days=9).server_context()) as fake:
        client = AriClient(replace(of(fake), verify_tls=authority.file))
        assert client.certificate_ends_at() is None

        client.endpoints()

        ends_at = client.certificate_ends_at()
        client.close()

    assert ends_at is not None
    assert 8.9 < (ends_at - time.time()) / 86400 < 9.1


# ---------------------------------------------------------------- answers that say no


@both_ways
def test_starting_in_both_phases(look: Look, fake: FakePbx) -> None:
    fake.go_to(Phase.NO_ARI)
    without_ari = failure(look, of(fake))
    fake.go_to(Phase.BOOTING)
    booting = failure(look, of(fake))

    assert (type(without_ari), type(booting)) == (AriStarting, AriBooting)
    assert "Asterisk is starting, ARI is off, or the path of url is wrong" in without_ari.what
    assert "Asterisk not booted" in booting.what


@both_ways
@pytest.mark.parametrize(
    ("status", "trouble"), [(502, Trouble.REFUSED), (503, Trouble.REFUSED), (504, Trouble.TIMED_OUT)]
)
def test_a_reverse_proxy_that_cannot_reach_asterisk(look: Look, fake: FakePbx, status: int, trouble: Trouble) -> None:
    fake.version = ""
    fake.gateway_error = status

    error = failure(look, of(fake))

    assert (type(error), error.trouble) == (AriUnreachable, trouble)
    assert f"says {status}" in error.what


def test_a_proxy_that_drops_the_upgrade_is_named(fake: FakePbx) -> None:
    fake.gateway_error = 426

    assert "does a proxy drop the Upgrade header?" in failure(by_events, of(fake)).what


@both_ways
def test_redirects_are_not_followed(look: Look, fake: FakePbx) -> None:
    fake.gateway_error = 302

    error = failure(look, of(fake))

    assert isinstance(error, AriUnexpected)
    assert "sends us elsewhere, which is not followed" in error.what
    assert len(fake.requests) == 1


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("error_401_badpass", AriDenied),
        ("error_403_readonly", AriDenied),
        ("endpoint_unknown_404", AriNotFound),
        ("unknown_path_404", AriNotFound),
        ("dyn_unknown", AriNotFound),
        ("user_event_noapp", AriNotFound),
        ("error_405", AriUnexpected),
        ("events_plain_http", AriUnexpected),
        ("info", type(None)),
    ],
)
def test_recorded_refusals(version: str, name: str, kind: type) -> None:
    recorded = exchange(version, name)

    found = refusal(config("http://x", "u", "p"), "GET /x", recorded.status, recorded.server, recorded.body)

    assert type(found) is kind


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(("name", "short"), [("error_401_badpass", "password"), ("error_403_readonly", "access")])
def test_what_asterisk_refuses_to_us_alone_is_ours(version: str, name: str, short: str) -> None:
    recorded = exchange(version, name)

    found = refusal(config("http://x", "u", "p"), "GET /x", recorded.status, recorded.server, recorded.body)

    assert isinstance(found, AriDenied)
    assert found.trouble.is_ours
    assert found.what.startswith(f"ARI {short} refused; ")


# ---------------------------------------------------------------- answers that are not what they should be


class Odd:
    """A server that gives one prepared answer to everything."""

    def __init__(self, answer: bytes) -> None:
        self.server = socket.create_server(("127.0.0.1", 0))
        self.pbx = config(f"http://127.0.0.1:{self.server.getsockname()[1]}", "healthmon", "secret")
        self._answer = answer
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        try:
            while True:
                connection, _ = self.server.accept()
                connection.recv(65536)
                connection.sendall(self._answer)
                connection.close()
        except OSError:
            return

    def close(self) -> None:
        self.server.shutdown(socket.SHUT_RDWR)
        self.server.close()


def odd_failure(look: Look, answer: bytes, scheme: str = "http") -> AriError:
    odd = Odd(answer)
    try:
        return failure(look, replace(odd.pbx, url=odd.pbx.url.replace("http", scheme)))
    finally:
        odd.close()


@pytest.mark.parametrize("body", [b"<html>hello</html>", b"{}", b'[{"technology": ""}]', b"[" * 50_000, b"\xff"])
def test_an_answer_that_is_no_endpoint_list_is_unexpected(body: bytes) -> None:
    error = odd_failure(by_rest, b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)

    assert isinstance(error, AriUnexpected)
    assert len(error.excerpt) <= 200


@both_ways
def test_what_is_no_http_at_all(look: Look) -> None:
    error = odd_failure(look, b"SSH-2.0-OpenSSH_9.2\r\n")

    assert (error.trouble, error.trouble.is_ours) == (Trouble.UNEXPECTED, True)


def test_what_cannot_be_unpacked() -> None:
    error = odd_failure(by_rest, b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\nno")

    assert (error.trouble, error.what) == (Trouble.UNEXPECTED, "an answer that cannot be unpacked")


def test_an_answer_that_is_too_large_is_refused_before_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("healthmon.ari.client.LARGEST_ANSWER", 1 << 20)

    error = odd_failure(by_rest, b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * (2 << 20))

    assert "more than 1 MB" in error.what


def test_an_upgrade_that_does_not_end_is_given_up() -> None:
    error = odd_failure(by_events, b"HTTP/1.1 101 OK\r\n" + b"X: " + b"y" * (1 << 20))

    assert (error.trouble, error.what) == (Trouble.UNEXPECTED, "the answer is longer than 256 kB")


# ---------------------------------------------------------------- the way there


@both_ways
def test_proxies_of_the_environment_are_ignored(look: Look, fake: FakePbx, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")

    look(of(fake))

    assert fake.requests


@both_ways
def test_a_path_prefix_is_kept(look: Look) -> None:
    with FakePbx(prefix="/asterisk") as fake:
        look(of(fake))

        assert fake.requests[0].split()[1].startswith("/asterisk/ari/")


def test_name_and_password_are_in_no_url_and_may_hold_anything(fake: FakePbx) -> None:
    with FakePbx(username="jürgen", password="pä:ss&w%rd") as other:
        pbx = config(other.url, "jürgen", "pä:ss&w%rd")
        by_rest(pbx)
        by_events(pbx)

        assert not [line for line in other.requests if "rd" in line or "api_key" in line]


def test_names_that_are_no_part_of_a_url_are_not_asked_for(fake: FakePbx) -> None:
    with pytest.raises(AriNotFound):
        AriClient(of(fake)).endpoint("PJSIP", "..")

    assert fake.requests == []


def test_a_connection_that_was_closed_while_idle_is_opened_again_unnoticed(fake: FakePbx) -> None:
    client = AriClient(of(fake))
    client.endpoints()
    fake._server.drop_connections()

    assert client.endpoints()
    client.close()


# ---------------------------------------------------------------- frames


def test_a_frame_of_50_mb_is_refused_at_its_header(fake: FakePbx) -> None:
    stream = open_events(of(fake), subscribe_all=False)
    wait_for(lambda: fake.streams_opened == 1)

    fake.send_oversize()

    with pytest.raises(AriUnexpected, match="a frame of 52428800 bytes"):
        while True:
            stream.receive()


def test_a_message_of_endless_pieces_is_refused(fake: FakePbx, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("healthmon.ari.events.LARGEST_FRAME", 1000)
    stream = open_events(of(fake), subscribe_all=False)
    wait_for(lambda: fake.streams_opened == 1)

    fake.send_raw(b"\x01\x7e\x02\x58" + b"x" * 600 + b"\x00\x7e\x02\x58" + b"x" * 600)

    with pytest.raises(AriUnexpected, match="in pieces"):
        while True:
            stream.receive()


@pytest.mark.parametrize(
    "raw", [b"\xf1\x01x", b"\x83\x01x", b"\x00\x01x", b"\x88\x01x", b"\x89\x7e\x01\x00" + b"x" * 256]
)
def test_frames_that_break_the_rules_end_the_stream_with_an_error(fake: FakePbx, raw: bytes) -> None:
    stream = open_events(of(fake), subscribe_all=False)
    wait_for(lambda: fake.streams_opened == 1)

    fake.send_raw(raw)

    with pytest.raises(AriError):
        while True:
            stream.receive()


def test_a_time_out_in_the_middle_of_a_frame_loses_nothing(fake: FakePbx, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("healthmon.ari.events.PATIENCE", 0.02)
    stream = open_events(of(fake), subscribe_all=False)
    wait_for(lambda: fake.streams_opened == 1)

    fake.send_raw(b"\x81\x05he")
    assert stream.receive() is None
    fake.send_raw(b"llo")

    assert stream.receive() == b"hello"


def test_a_close_frame_ends_the_stream_with_its_code(fake: FakePbx) -> None:
    stream = open_events(of(fake), subscribe_all=False)
    wait_for(lambda: fake.streams_opened == 1)

    fake.send_raw(b"\x88\x02\x03\xe8")

    with pytest.raises(AriUnreachable, match="code 1000"):
        while True:
            stream.receive()
