"""What a receiver answers apprise is bounded: how much, how long, how slowly; and it sends us nowhere else."""

from __future__ import annotations

import gzip
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic

import pytest
import requests

from healthmon.config.sections.shared import Secret
from healthmon.errors import DeliveryError, DeliveryUnsure
from healthmon.notify.channels.apprise import AppriseSender
from healthmon.notify.channels.by_scheme import remark, sender_for
from healthmon.notify.compose.message import Attachment, Message
from healthmon.wire.pace import PeerLimits
from tests.waiting import wait_for
from tests.wire.bombs import gzip_bomb
from tests.wire.dripping import DrippingServer
from tests.wire.raw import RawPeer

MESSAGE = Message("DOWN phone 101 (office)", "contact unreachable")
QUICK = PeerLimits(largest=1_000_000, whole_within=1.0, share_within=0.25)
#: Other tests run beside this one (seconds).
SPARE = 5.0
OK = b"HTTP/1.1 200 OK\r\n"
MEGABYTE = bytes(1_000_000)


#: What is sent at once, and then again and again, as fast as somebody takes it.
FLOODS = {
    "900 MB": (OK + b"Content-Length: 900000000\r\n\r\n", MEGABYTE),
    "no length and no end": (OK + b"Connection: close\r\n\r\n", MEGABYTE),
    "a header without end": (OK + b"X: ", MEGABYTE),
    "a gzip bomb": (OK + b"Content-Encoding: gzip\r\nConnection: close\r\n\r\n", gzip_bomb(b"\0", 200)),
}


def failure(url: str) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        sender_for("oncall/test", Secret(url)).send(MESSAGE)
    return caught.value


def url_of(server: DrippingServer, scheme: str = "form", path: str = "") -> str:
    return f"{scheme}://127.0.0.1:{server.port}{path}"


# ---------------------------------------------------------------- how much


@pytest.mark.parametrize(
    ("scheme", "flood"), [*(("form", flood) for flood in FLOODS), ("xml", "900 MB"), ("apprise", "900 MB")]
)
def test_a_receivers_answer_of_900_mb_does_not_fill_the_memory(scheme: str, flood: str) -> None:
    """It was 1.9 GB; now it is the answer's first megabyte, a few times over."""
    with DrippingServer(*FLOODS[flood], 0.0) as server:
        url = url_of(server, scheme, "/0123456789abcdef" if scheme == "apprise" else "")
        code = (
            "import resource; from healthmon.notify.channels.apprise import *; "
            f"one = AppriseSender('oncall/test', Secret({url!r})); one.most_characters\n"
            "peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
            "before = peak()\n"
            "try: one.send(Message('DOWN', 'x'))\n"
            "except DeliveryError as error: pass\n"
            "print((peak() - before) // 1000)"
        )

        said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)

    assert int(said.stdout) < 30


def test_what_was_accepted_is_delivered_however_long_the_rest_of_the_answer_is() -> None:
    with DrippingServer(OK + b"Content-Length: 900000000\r\n\r\n", MEGABYTE, 0.0) as server:
        sender_for("oncall/test", Secret(url_of(server))).send(MESSAGE)


def test_a_service_that_packs_its_answer_though_nobody_asked_for_that_is_understood(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    packed = gzip.compress(b'{"ok": true, "message": {}}')
    head = OK + f"Content-Encoding: gzip\r\nContent-Length: {len(packed)}\r\n\r\n".encode()
    with DrippingServer(head + packed) as server:
        _leads_to(server.port, monkeypatch)

        sender_for("oncall/test", Secret("slack://xoxb-1234-1234-4ddbc191d40ee098cbaae6f3523ada2d/#general")).send(
            MESSAGE
        )


# ---------------------------------------------------------------- how slowly


@pytest.mark.parametrize(
    ("at_once", "drop"),
    [
        pytest.param(b"HTTP/1.1 200", b"K", id="status line"),
        pytest.param(OK + b"X: ", b"x", id="header"),
        pytest.param(OK, b"X: x\r\n", id="header lines"),
        pytest.param(b"", b"HTTP/1.1 100 Continue\r\n\r\n", id="100-continue without end"),
    ],
)
def test_a_dripping_answer_means_perhaps_sent_in_time(
    at_once: bytes, drop: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("healthmon.notify.channels.apprise_http.LIMITS", QUICK)
    began = monotonic()
    with DrippingServer(at_once, drop) as server:
        error = failure(url_of(server))

        assert monotonic() - began < QUICK.whole_within + SPARE
    assert isinstance(error, DeliveryUnsure)


@pytest.mark.parametrize(
    ("status", "is_accepted"), [(b"200 OK", True), (b"500 Internal Server Error", False), (b"413 Too Large", False)]
)
def test_a_dripping_body_counts_by_the_status_before_it(
    status: bytes, is_accepted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("healthmon.notify.channels.apprise_http.LIMITS", QUICK)
    began = monotonic()
    with DrippingServer(b"HTTP/1.1 " + status + b"\r\nContent-Length: 65000\r\n\r\n", b"x") as server:
        if is_accepted:
            sender_for("oncall/test", Secret(url_of(server))).send(MESSAGE)
        else:
            error = failure(url_of(server))
            assert not isinstance(error, DeliveryUnsure)
            assert error.why.startswith("Failed to send Form POST notification")

        assert monotonic() - began < QUICK.whole_within + SPARE


def test_a_body_that_cannot_be_read_counts_by_the_status_before_it() -> None:
    with DrippingServer(OK + b"Transfer-Encoding: chunked\r\n\r\n-5\r\n\r\n") as server:
        sender_for("oncall/test", Secret(url_of(server))).send(MESSAGE)


def test_who_gives_a_slow_channel_more_time_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("healthmon.notify.channels.apprise.MESSAGE_WITHIN", 0.1)
    with DrippingServer(b"", OK + b"Content-Length: 0\r\n\r\n", 1.0) as server:
        assert isinstance(failure(url_of(server, path="?rto=0.1&cto=0.1")), DeliveryUnsure)

        sender_for("oncall/test", Secret(url_of(server, path="?rto=20"))).send(MESSAGE)


def test_a_channel_that_looks_into_its_answer_is_unsure_when_that_drips(monkeypatch: pytest.MonkeyPatch) -> None:
    """Slack says 200 to what it does not want, and why in the body."""
    monkeypatch.setattr("healthmon.notify.channels.apprise_http.LIMITS", QUICK)
    with DrippingServer(OK + b"Content-Length: 65000\r\n\r\n", b" ") as server:
        _leads_to(server.port, monkeypatch)

        error = failure("slack://xoxb-1234-1234-4ddbc191d40ee098cbaae6f3523ada2d/#general")

    assert isinstance(error, DeliveryUnsure)


def _leads_to(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have every https address lead to a server of ours, which speaks plain HTTP."""
    send = requests.adapters.HTTPAdapter.send

    def plainly(self: object, request: requests.PreparedRequest, *arguments: object, **options: object) -> object:
        request.url = f"http://127.0.0.1:{port}/"
        return send(self, request, *arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr("requests.adapters.HTTPAdapter.send", plainly)


def test_all_requests_of_a_message_end_in_the_same_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A channel that logs in first, joins a room, and then sends does not begin anew with each of them."""
    monkeypatch.setattr("healthmon.notify.channels.apprise.MESSAGE_WITHIN", 1.0)
    began = monotonic()
    with DrippingServer(OK + b"Content-Length: 65000\r\n\r\n", b" ") as server:
        error = failure(f"matrix://user:pass@127.0.0.1:{server.port}/#room?rto=0.5&cto=0.5")

        assert monotonic() - began < 1.0 + SPARE
    assert isinstance(error, DeliveryUnsure)


# ---------------------------------------------------------------- to where


@contextmanager
def another_host() -> Iterator[tuple[str, list[bytes]]]:
    """A server that takes what comes: its address, and what it was sent."""
    listener, heard = socket.create_server(("127.0.0.2", 0)), list[bytes]()

    def listen() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                with connection:
                    heard.append(connection.recv(65536))
                    connection.sendall(OK + b"Content-Length: 0\r\n\r\n")

    thread = threading.Thread(target=listen)
    thread.start()
    yield f"127.0.0.2:{listener.getsockname()[1]}", heard
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    "rest", ["?+X-Token=hunter2", "?+Authorization=Bearer%20hunter2", "?:token=hunter2&redirect=yes", "?redirect=yes"]
)
def test_a_redirect_never_carries_the_token_to_another_host(status: int, rest: str) -> None:
    with another_host() as (address, heard):
        answer = f"HTTP/1.1 {status} Moved\r\nLocation: http://{address}/\r\nContent-Length: 0\r\n\r\n"
        with DrippingServer(answer.encode()) as server:
            error = failure(url_of(server, path=f"/hook{rest}"))

    assert heard == []
    assert not isinstance(error, DeliveryUnsure)
    assert f"error={status}" in error.why
    assert error.why.endswith("it says that it has moved; write its new address")


@pytest.mark.parametrize("where", [b"http://[::", b"http://h\xff/", b"//", b"file:///etc/passwd", b"\xe2\x82"])
def test_a_broken_address_in_a_redirect_is_a_failure_like_others(where: bytes) -> None:
    with DrippingServer(b"HTTP/1.1 307 Moved\r\nLocation: " + where + b"\r\nContent-Length: 0\r\n\r\n") as server:
        assert "error=307" in failure(url_of(server)).why


def test_whoever_wants_a_redirect_is_told_that_none_is_followed() -> None:
    assert remark("form://127.0.0.1/?redirect=no") is None
    assert remark("form://127.0.0.1/?redirect=yes") == "redirect=yes: not obeyed; healthmon follows no redirect"


# ---------------------------------------------------------------- what does not speak HTTP


@pytest.fixture
def apart_for_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    """Such a channel may take a second."""
    monkeypatch.setattr("healthmon.notify.channels.apprise.APART_WITHIN", 1.0)


@pytest.mark.usefixtures("apart_for_a_second")
def test_a_channel_that_does_not_speak_http_is_killed_when_it_hangs_and_perhaps_sent() -> None:
    with DrippingServer(b":server NOTICE * :wait\r\n", b"x", waits=False) as server:
        began = monotonic()

        error = failure(f"irc://nick:pass@127.0.0.1:{server.port}/#channel")

        assert monotonic() - began < 30 + SPARE
    assert isinstance(error, DeliveryUnsure)
    assert error.why == "sending takes longer than 1 s"
    assert _children() == []


def test_what_a_channel_that_does_not_speak_http_says_is_told_like_others() -> None:
    error = failure("irc://nick:hunter2@127.0.0.1:9/#channel")

    assert not isinstance(error, DeliveryUnsure)
    assert "refused" in error.why
    assert "hunter2" not in error.why
    assert _children() == []


def test_a_channel_that_does_not_speak_http_delivers() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind(("127.0.0.1", 0))
        url = f"rsyslog://127.0.0.1:{listener.getsockname()[1]}"
        message = Message("DOWN phone 101", "zweite ü", attachment=Attachment("a.txt", "text/plain", b"x"))

        sender_for("oncall/test", Secret(url)).send(message)

        assert "DOWN phone 101: zweite ü".encode() in listener.recv(65536)
    assert isinstance(sender_for("oncall/test", Secret(url)), AppriseSender)


def _children(pid: int | None = None) -> list[str]:
    """The processes that this one, or another, has started and that still are there."""
    tasks = Path(f"/proc/{pid or os.getpid()}/task")
    return [child for task in tasks.glob("*/children") for child in task.read_text().split()]


def test_a_channel_that_does_not_speak_http_sends_no_longer_than_its_daemon_lives() -> None:
    """What goes on alone would send beside the daemon that is started next."""
    with DrippingServer(b":server NOTICE * :wait\r\n", b"x", 0.5) as server:
        url = f"irc://nick:pass@127.0.0.1:{server.port}/#channel"
        code = (
            "from healthmon.notify.channels.apprise import *; "
            f"AppriseSender('oncall/test', Secret({url!r})).send(Message('DOWN', 'x'))"
        )
        with subprocess.Popen([sys.executable, "-c", code]) as sending:
            wait_for(lambda: server.dripped > 0, timeout=60)
            children = _children(sending.pid)
            sending.kill()

        assert len(children) == 1
        wait_for(lambda: not _is_alive(children[0]))


def _is_alive(pid: str) -> bool:
    """Whether a process is there and no corpse."""
    with suppress(OSError):
        return "zombie" not in Path(f"/proc/{pid}/status").read_text()
    return False


@pytest.mark.parametrize("before", [262, 280])
def test_a_token_is_hidden_where_what_apprise_says_of_an_answer_is_cut(before: int) -> None:
    token = "s3cretT0ken" * 4
    with RawPeer() as peer:
        said = f"{'x' * before} {token} and more {'x' * 100}".encode()
        peer.says(b"HTTP/1.1 400 No\r\nContent-Length: %d\r\n\r\n%b" % (len(said), said))
        why = failure(f"form://127.0.0.1:{peer.port}/{token}").why

    assert why.endswith("xxx ***…")
