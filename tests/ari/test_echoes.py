"""A PBX, or a proxy before it, that repeats what it was told in confidence: nothing of it gets past the clients."""

from __future__ import annotations

import json
import socket
import threading
from base64 import b64encode
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import quote, quote_plus, unquote_plus

import pytest
from msgspec.structs import replace

from healthmon.ami.client import AmiClient
from healthmon.ari.client import AriClient
from healthmon.ari.events import open_events
from healthmon.config.sections.pbx import PbxConfig
from healthmon.config.sections.shared import Secret
from healthmon.errors import AmiError, AriError
from tests.ami.played import PlayedManager, in_lines, row
from tests.core.scene import pbx_config

PASSWORD = "gr8 sw/ord&fish"
LOGIN = b64encode(f"healthmon:{PASSWORD}".encode()).decode()
SPELLINGS = (PASSWORD, quote(PASSWORD, safe=""), quote_plus(PASSWORD), PASSWORD.replace(" ", "+"), f"Basic {LOGIN}")
#: No piece of a secret is left over, either.
PIECES = ("gr8", "ord", "fish", LOGIN[-8:])


def hides(said: str) -> bool:
    """Whether it was told that there was something, and not what."""
    return "***" in said and not [
        piece for piece in PIECES if piece in said.replace("password", "").replace("record", "")
    ]


@contextmanager
def echo(status: int, reason: str = "No", body: str = "{}") -> Iterator[PbxConfig]:
    """A PBX of which all is behind a web server that answers so; ``{asked}`` is what it was asked with."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            form = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            asked = f"{form} {unquote_plus(form)} {self.headers.get('Authorization', '')}"
            content = body.replace("{asked}", json.dumps(asked)[1:-1]).encode()
            self.send_response(status, reason)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_PUT = do_POST  # noqa: N815 - names of the standard library

        def log_message(self, format: str, *args: object) -> None:
            """Nobody reads it."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield trusting(f"http://127.0.0.1:{server.server_port}", "http")
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def trusting(url: str, ami: str) -> PbxConfig:
    """A PBX that is told the password."""
    secret = Secret(PASSWORD)
    user = {"username": "healthmon", "ami_username": "healthmon"}
    return replace(pbx_config(), url=url, ami=ami, password=secret, ami_password=secret, **user)


def ari_says(pbx: PbxConfig) -> str:
    """What is said of ARI."""
    with pytest.raises(AriError) as caught, closing(AriClient(pbx)) as client:
        client.info()
    return f"{caught.value} {getattr(caught.value, 'excerpt', '')}"


@pytest.mark.parametrize("status", [401, 403, 404, 418, 500, 503])
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_what_ari_repeats_in_its_json(status: int, spelling: str) -> None:
    with echo(status, body=json.dumps({"message": f"cannot {spelling}"})) as pbx:
        assert hides(ari_says(pbx))


@pytest.mark.parametrize("body", ['{"message": "you sent {asked}"}', '{"error": "you sent {asked}"}', "no {asked}"])
def test_what_ari_repeats_of_the_header(body: str) -> None:
    with echo(500, reason=f"cannot {LOGIN}", body=body) as pbx:
        assert hides(ari_says(pbx))


def test_what_the_event_stream_repeats_instead_of_an_upgrade() -> None:
    with echo(401, body='{"message": "you sent {asked}"}') as pbx, pytest.raises(AriError) as caught:
        open_events(pbx, subscribe_all=False)

    assert hides(str(caught.value))


def test_what_ari_repeats_in_an_answer_that_it_seems_to_give() -> None:
    times = '"startup_time": "2026-01-01T00:00:00.000+0000", "last_reload_time": "{asked}"'
    body = f'{{"status": {{{times}}}, "system": {{"version": "{{asked}}"}}}}'
    with echo(200, body=body) as pbx, closing(AriClient(pbx)) as client:
        info = client.info()

    assert hides(info.version)
    assert hides(info.last_reload_time)


def test_a_status_line_that_is_none_and_has_the_password_in_it() -> None:
    def answer() -> None:
        for _ in range(2):
            connection, _ = listening.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(f"HTTP/1.1 {PASSWORD} {LOGIN}\r\n\r\n".encode())

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        said = ari_says(trusting(f"http://127.0.0.1:{listening.getsockname()[1]}", ""))

    assert not [piece for piece in PIECES if piece in said]


def test_what_a_manager_interface_repeats_of_the_form() -> None:
    with (
        echo(200, body="Response: Error\r\nMessage: you sent {asked}\r\n\r\n") as pbx,
        pytest.raises(AmiError) as caught,
        closing(AmiClient(pbx)),
    ):
        pass

    assert hides(str(caught.value))


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_what_a_manager_interface_repeats_anywhere(spelling: str) -> None:
    with PlayedManager(row(f"reg {spelling}", f"Rejected {spelling}", Endpoint=spelling)) as manager:
        manager.password = PASSWORD
        with closing(AmiClient(trusting("http://127.0.0.1:1", manager.address))) as client:
            [registration] = client.registrations() or []
            manager.instead = lambda asked: in_lines(
                {"Response": "Error", "ActionID": asked["ActionID"], "Message": f"cannot {spelling}"}
            ).encode()
            with pytest.raises(AmiError) as caught:
                client.registrations()

    assert hides(repr(registration))
    assert "cannot ***" in str(caught.value) or "cannot Basic ***" in str(caught.value)


def test_the_proof_of_a_login_is_repeated_by_nobody() -> None:
    proofs: list[str] = []

    def refused(asked: dict[str, str]) -> bytes | None:
        if "Key" not in asked:
            return None
        proofs.append(asked["Key"])
        return in_lines({"Response": "Error", "ActionID": asked["ActionID"], "Message": f"no {asked['Key']}"}).encode()

    with PlayedManager() as manager, pytest.raises(AmiError) as caught:
        manager.instead = refused
        AmiClient(trusting("http://127.0.0.1:1", manager.address))

    assert proofs
    assert proofs[0] not in str(caught.value)
    assert "(no ***)" in str(caught.value)


def test_a_line_that_is_no_banner_and_has_the_password_in_it() -> None:
    with PlayedManager() as manager, pytest.raises(AmiError) as caught:
        manager.banner = f"SSH-2.0 {PASSWORD}\r\n".encode()
        AmiClient(trusting("http://127.0.0.1:1", manager.address))

    assert "'SSH-2.0 ***'" in str(caught.value)


def test_a_password_that_is_a_word_of_ours_leaves_our_sentence_as_it_is() -> None:
    with echo(401, body='{"message": "wrong refused"}') as pbx:
        said = ari_says(replace(pbx, password=Secret("refused")))

    assert "ARI password refused; the user name or password is wrong: 401 (wrong ***)" in said
