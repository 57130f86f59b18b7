"""The dead man's switch: fetched while all is well, never otherwise, and straight."""

from __future__ import annotations

import base64
import logging
import socket
from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread

import pytest

from healthmon.config.sections.general import HeartbeatConfig
from healthmon.config.sections.shared import Secret
from healthmon.times.clock import Clock
from healthmon.watchdog import heartbeat
from healthmon.watchdog.heartbeat import Heartbeat, NotFed, fetch_once
from tests.ari.certificates import Authority
from tests.pings import PingSink

URL = "https://hc-ping.com/5e1f-t0ken"


class Switch:
    """A heartbeat whose time, service and health the test decides."""

    def __init__(self, every: float = 60.0) -> None:
        self.now = 1000.0
        self.why_unwell = ""
        self.refusal = ""
        self.fetched: list[str] = []
        self.heartbeat = Heartbeat(
            HeartbeatConfig(Secret(URL), every),
            lambda: self.why_unwell,
            clock=Clock(lambda: self.now, lambda: self.now),
            stop=Event(),
            fetch=self._fetch,
        )

    def _fetch(self, url: str) -> None:
        self.fetched.append(url)
        if self.refusal:
            raise NotFed(self.refusal)

    def step(self) -> float:
        """Do one step, and let the time pass that it wants to wait; return that."""
        wait = self.heartbeat.step()
        self.now += wait
        return wait


@pytest.fixture
def service() -> Iterator[PingSink]:
    with PingSink() as sink:
        yield sink


def refused(url: str) -> str:
    """Fetch what is not taken; return why."""
    with pytest.raises(NotFed) as caught:
        fetch_once(url)
    return str(caught.value)


# ---------------------------------------------------------------- when


def test_while_all_is_well_the_url_is_fetched_as_often_as_configured() -> None:
    switch = Switch(every=300)

    waits = [switch.step() for _ in range(3)]

    assert switch.fetched == [URL] * 3
    assert waits == [300] * 3


def test_while_something_is_wrong_nothing_is_fetched_and_at_once_when_it_is_over(
    caplog: pytest.LogCaptureFixture,
) -> None:
    switch = Switch()
    switch.why_unwell = "nothing was committed for 31 s"

    with caplog.at_level(logging.INFO):
        for _ in range(90):
            assert switch.step() == heartbeat.LOOK_EVERY
        fetched_meanwhile = list(switch.fetched)
        switch.why_unwell = ""
        switch.step()

    assert fetched_meanwhile == []
    assert switch.fetched == [URL]
    assert [record.message for record in caplog.records] == [
        "heartbeat: held back: nothing was committed for 31 s",
        "heartbeat: goes on after 90 s",
    ]


def test_a_heartbeat_that_is_held_back_for_a_moment_is_not_worth_a_line(caplog: pytest.LogCaptureFixture) -> None:
    switch = Switch()
    switch.why_unwell = "pbx office is not seen, and not believed down: timed out"

    with caplog.at_level(logging.INFO):
        for _ in range(9):
            switch.step()
        switch.why_unwell = ""
        switch.step()

    assert caplog.records == []


def test_a_fetch_that_fails_comes_again_soon_and_is_said_once_then_counted(caplog: pytest.LogCaptureFixture) -> None:
    switch = Switch()
    switch.refusal = "no answer within 10 s"

    with caplog.at_level(logging.INFO):
        waits = [switch.step() for _ in range(5)]
        switch.refusal = ""
        waits.append(switch.step())

    assert waits == [10] * 5 + [60]
    assert [record.message for record in caplog.records] == [
        "heartbeat: https://hc-ping.com: no answer within 10 s",
        "heartbeat: https://hc-ping.com: recovered after 5 failures",
    ]


def test_the_first_comes_after_its_time_and_the_thread_ends_when_told_to(service: PingSink) -> None:
    stop = Event()
    config = HeartbeatConfig(Secret(service.url), every=0.05)
    beating = Heartbeat(config, lambda: "", clock=Clock(), stop=stop, first_in=0.05)
    thread = Thread(target=beating.run)
    thread.start()

    service.wait_for_more(3)
    stop.set()
    thread.join(10)

    assert not thread.is_alive()


# ---------------------------------------------------------------- how


def test_the_url_is_fetched_as_it_stands(service: PingSink) -> None:
    fetch_once(service.url + "?status=up&msg=all%20well&ping=")

    assert service.targets == ["/ping/5e1f-t0ken?status=up&msg=all%20well&ping="]
    assert service.asked_with["Host"] == f"127.0.0.1:{service.port}"
    assert "Authorization" not in service.asked_with


def test_a_url_without_a_path_is_one_too(service: PingSink) -> None:
    fetch_once(f"http://127.0.0.1:{service.port}?token=5e1f")

    assert service.targets == ["/?token=5e1f"]


def test_a_login_in_the_url_is_sent_as_such(service: PingSink) -> None:
    fetch_once(service.url.replace("http://", "http://robot:p%40ss@"))

    login = base64.b64encode(b"robot:p@ss").decode()
    assert service.asked_with["Authorization"] == f"Basic {login}"


@pytest.mark.parametrize(
    ("status", "body", "why"),
    [
        (404, b'{"ok":false,"msg":"Monitor not found or not active."}', 'answers 404: {"ok":false,"msg":"Monitor'),
        (500, b"", "answers 500"),
        (302, b"", "answers 302, which leads elsewhere and is not followed: write that URL"),
        (200, b"OK (not found)", "answers OK (not found)"),
        (200, b"OK (rate limited)", "answers OK (rate limited)"),
        (400, b"\x1b[31m\xff" + b"x" * 9000, r"answers 400: \x1b[31m"),
        (0, b"", "the connection was closed without an answer"),
    ],
)
def test_what_the_service_does_not_take_says_why(service: PingSink, status: int, body: bytes, why: str) -> None:
    service.status, service.body = status, body

    said = refused(service.url)

    assert said.startswith(why)
    assert len(said) < 150


def test_a_redirect_is_not_followed(service: PingSink) -> None:
    with PingSink() as elsewhere:
        service.status, service.headers = 301, {"Location": elsewhere.url}

        refused(service.url)

        assert elsewhere.targets == []


def test_proxies_and_logins_of_the_environment_are_not_used(
    service: PingSink, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password something\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")

    fetch_once(service.url)

    assert len(service.targets) == 1
    assert "Authorization" not in service.asked_with


def test_nobody_there_says_so() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

    assert refused(f"http://127.0.0.1:{port}/5e1f-t0ken") == "cannot be reached (Connection refused)"


def test_a_name_that_does_not_exist_says_so() -> None:
    assert refused("http://no-such-host.invalid/5e1f-t0ken") == "its name cannot be resolved"
    assert refused(f"http://{'x' * 70}.example/5e1f-t0ken") == "its name cannot be resolved"


def test_a_service_that_does_not_answer_is_not_waited_for_for_ever(
    service: PingSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heartbeat, "TIMEOUT", 0.1)
    service.status = None

    assert refused(service.url) == "no answer within 0.1 s"


def test_a_certificate_of_the_systems_authorities_is_taken_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = Authority(tmp_path)
    with PingSink(authority.sign("127.0.0.1").server_context()) as service:
        strange = refused(service.url)
        monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
        fetch_once(service.url)
        as_plain = refused(service.url.replace("https", "http"))

        assert strange.startswith("its certificate is not accepted (")
        assert len(service.targets) == 1
        assert as_plain


def test_a_service_without_tls_says_so(service: PingSink) -> None:
    assert refused(service.url.replace("http", "https")).startswith("TLS failed (")
