"""Everything that healthmon writes is searched for every secret that it was given."""

from __future__ import annotations

import json
import re
import threading
from base64 import b64decode, b64encode
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote, quote_plus, unquote, unquote_plus

import pytest

from healthmon.demo.fakepbx import FakePbx
from tests.notify.urls import EXAMPLES, NOBODY
from tests.sinks import WebhookSink
from tests.system.daemon import HEALTHMON, Daemon
from tests.system.fake_scene import fake_scene, fake_section, phones
from tests.system.scene import WATCHES

#: By how it is given to healthmon. The last is that of a PBX that tells everybody what it was told.
PASSWORDS = {
    "config": "in;the#file%41 of-config",
    "file": "in-a-file-of-its-own-77",
    "environment": "from-the-environment-88",
    "denied": "refused-by-asterisk-99",
    "echo": "shown-by-a-proxy-66",
}
#: That of the manager interface behind the same server.
MANAGER_PASSWORD = "posted as/a&form-55"
#: apprise does not accept the one that is left out.
URLS = {kind: example.url for kind, example in EXAMPLES.items() if kind != "msteams"}
#: The dead man's switch, at the service that tells everybody what it was asked.
HEARTBEAT = "http://beater:h3art-pass@{}/ping/5e1f-beat-t0ken?key=k3y-of-the-heart"
#: Nobody listens at this proxy: no message leaves the machine.
NO_WAY_OUT = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), f"http://{NOBODY}")


class Echo(ThreadingHTTPServer):
    """A server that refuses everything, and says what it was asked, headers and all, in several ways."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), EchoHandler)
        self.address = f"127.0.0.1:{self.server_port}"
        self._thread = threading.Thread(target=self.serve_forever, args=(0.05,))
        self._thread.start()

    def close(self) -> None:
        """End it."""
        self.shutdown()
        self.server_close()
        self._thread.join()


class EchoHandler(BaseHTTPRequestHandler):
    """Answers 500 to whatever it is; who waits for a greeting, as mail does, is hung up on.

    Whoever takes it for a PBX is refused as Asterisk does, by ARI and by its manager interface.
    """

    timeout = 1

    def do_POST(self) -> None:
        """Tell all."""
        form = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode("utf-8", "replace")
        asked = f"{self.command} {self.path} {unquote(self.path)} {' '.join(self.headers.values())} {self._login()}"
        body = f"<html>500 {asked} {escape(asked)} {quote(asked)}</html>".encode()
        status = 500
        if self.path.startswith("/ari/"):
            status, body = 401, json.dumps({"message": f"you sent {asked} {quote(asked)}"}).encode()
        elif self.path.startswith("/rawman"):
            status, body = 200, f"Response: Error\r\nMessage: cannot {form} {unquote_plus(form)}\r\n\r\n".encode()
        self.send_response(status, f"cannot {self.path} {self._login()}")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_PUT = do_POST  # noqa: N815 - names of the standard library

    def _login(self) -> str:
        kind, _, value = self.headers.get("Authorization", "").partition(" ")
        return b64decode(value).decode() if kind == "Basic" else value

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@dataclass
class Place:
    """A daemon with every secret there is, and a channel that works."""

    daemon: Daemon
    pbxs: dict[str, FakePbx]
    sink: WebhookSink
    folder: Path

    def written(self) -> Iterator[tuple[str, bytes]]:
        """All that the daemon has written so far: a name for people, and the bytes."""
        yield "log", self.daemon.log_path.read_bytes()
        for path in self.daemon.folder.glob("healthmon.db*"):
            yield path.name, path.read_bytes()
        for message in self.sink.messages:
            yield "message", message.text.encode()
        yield "arguments", Path(f"/proc/{self.daemon.pid}/cmdline").read_bytes()

    def said(self, *arguments: str) -> tuple[str, bytes]:
        """What a command prints."""
        done = self.daemon.command(*arguments)
        return " ".join(arguments), (done.stdout + done.stderr).encode()


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with ExitStack() as ends:
        pbxs = {name: ends.enter_context(FakePbx(*phones(2), password=words)) for name, words in PASSWORDS.items()}
        pbxs["denied"].is_denying = True
        sink = ends.enter_context(WebhookSink())
        echo = Echo()
        ends.callback(echo.close)
        (tmp_path / "password").write_text(PASSWORDS["file"] + "\n", encoding="utf-8")
        (tmp_path / "password").chmod(0o600)
        text = configuration(pbxs, sink, echo, tmp_path / "password")
        environ = {"ARI_PASSWORD": PASSWORDS["environment"], **NO_WAY_OUT, "no_proxy": "127.0.0.0/8"}
        daemon = ends.enter_context(Daemon(tmp_path, text, environ)).start()
        yield Place(daemon, pbxs, sink, tmp_path)


def configuration(pbxs: dict[str, FakePbx], sink: WebhookSink, echo: Echo, file: Path) -> str:
    """Write the PBXs, each with its password in another way, and all URLs twice: nobody listens; all is echoed."""
    given = {name: f"password = {words}" for name, words in PASSWORDS.items()}
    given |= {"file": f"password_file = {file}", "environment": "password = ${ARI_PASSWORD}"}
    sections = [fake_section(pbx, name).replace("password = secret", given[name]) for name, pbx in pbxs.items()]
    # Its manager interface is told the password as a form.
    sections[list(pbxs).index("echo")] += f"\nami = http\nami_username = monitor\nami_password = {MANAGER_PASSWORD}\n"
    text = "\n".join(sections).replace(pbxs["echo"].url, f"http://{echo.address}")
    urls = list(URLS.values())
    urls += [url.replace(NOBODY, echo.address) for url in urls if NOBODY in url]
    lines = [f"    works = {sink.url}", *(f"    u{number} = {url}" for number, url in enumerate(urls, 1))]
    beat = f"heartbeat_url = {HEARTBEAT.format(echo.address)}\nheartbeat_every = 1s\n"
    return beat + text + WATCHES + "\n[receiver oncall]\ngroup_wait = 0s\nurls =\n" + "\n".join(lines) + "\n"


def spellings(secret: str) -> set[bytes]:
    """How a secret may be written."""
    raw = secret.encode()
    plain = {secret, quote(secret, safe=""), quote(secret), quote_plus(secret), unquote(secret), escape(secret)}
    return {one.encode().lower() for one in plain} | {b64encode(raw).rstrip(b"=").lower()}


SECRETS = {secret for example in EXAMPLES.values() for secret in example.secrets} | set(PASSWORDS.values())
# A path of this name is part of the name of a public server, too: hooks.slack.com.
SECRETS -= {"hook"}
SECRETS |= {
    MANAGER_PASSWORD,
    "h3art-pass",
    "5e1f-beat-t0ken",
    "k3y-of-the-heart",
    b64encode(b"beater:h3art-pass").decode(),
}
SECRETS |= {b64encode(f"healthmon:{words}".encode()).decode() for words in PASSWORDS.values()}


def leaks(name: str, content: bytes) -> list[str]:
    """Say which secrets this holds, and where."""
    found = []
    lower = content.lower()
    for secret in SECRETS:
        for spelling in spellings(secret):
            if (at := lower.find(spelling)) >= 0:
                found.append(f"{name} holds {secret!r}: {content[max(0, at - 60) : at + 60]!r}")
    return found


def all_tried(place: Place) -> bool:
    """Whether every URL but the one that works has failed."""
    failed = set(re.findall(r"oncall/(u\d+): not delivered: ", place.daemon.log()))
    return len(failed) == len(URLS) + sum(NOBODY in url for url in URLS.values())


def test_no_secret_is_written_anywhere(place: Place) -> None:
    place.pbxs["config"].phone_down("PJSIP/101")
    place.sink.wait_for_text("DOWN phone 101")
    place.daemon.wait(lambda: all_tried(place), "every URL was tried", timeout=60)
    place.daemon.wait(lambda: "pbx echo: GET" in place.daemon.log(), "the PBX that tells all was asked")
    place.daemon.wait(lambda: "pbx echo: manager interface: login refused" in place.daemon.log(), "so was its manager")
    place.daemon.wait(lambda: "heartbeat: http://127.0.0.1:" in place.daemon.log(), "the heartbeat is refused")

    shown = [
        place.said("status"),
        place.said("status", "--json"),
        place.said("report", "--incidents"),
        place.said("report", "--format", "json"),
        place.said("report", "--format", "csv"),
        place.said("check-config", "--connect"),
        place.said("discover"),
        place.said("test-alert", "oncall"),
    ]
    place.daemon.reload()
    place.daemon.wait(lambda: "reloaded: " in place.daemon.log(), "it is reloaded")

    found = [leak for name, content in [*place.written(), *shown] for leak in leaks(name, content)]
    assert found == []
    # They came by: what the echo said is in the log and in the status, blotted out.
    assert place.daemon.log().count("it answered: ") >= 5
    assert "***" in place.daemon.log()
    assert b"u1" in dict(shown)["test-alert oncall"]
    assert b"401 (you sent GET /ari/" in dict(shown)["status --json"]
    assert "login refused" in place.daemon.log() and "Secret=***" in place.daemon.log()
    assert "Traceback" not in place.daemon.log()


def test_no_secret_of_a_configuration_with_mistakes_is_shown(place: Place) -> None:
    text = place.daemon.config_path.read_text(encoding="utf-8")
    broken = [
        text.replace("://", "s://"),
        text.replace("urls =\n", f"urls =\n    bad = {EXAMPLES['msteams'].url}\n"),
        text.replace("password = ", "passwort = ").replace("urls =", "urIs ="),
        text.replace("[receiver oncall]\n", "[receiver oncall]\nnonsense\n"),
        "\n".join(line.partition(" = ")[2] or line for line in text.splitlines()),
        text.replace("password = ", "password\n = "),
    ]

    for words in broken:
        place.daemon.config_path.write_text(words, encoding="utf-8")
        shown = [place.said(command) for command in ("check-config", "status", "run")]
        assert [leak for name, content in shown for leak in leaks(name, content)] == []
    place.daemon.reload()
    place.daemon.wait(lambda: "the running one stays" in place.daemon.log(), "the reload is refused")

    assert [leak for name, content in place.written() for leak in leaks(name, content)] == []


def test_a_daemon_that_nobody_limited_leaves_no_core_dump(tmp_path: Path) -> None:
    # A container runtime allows them; of the service, the unit says that there are none.
    allowing = ("bash", "-c", 'ulimit -S -c "$(ulimit -H -c)" && exec "$@"', "bash", *HEALTHMON)
    with fake_scene(tmp_path, program=allowing) as scene:
        limits = Path(f"/proc/{scene.daemon.pid}/limits").read_text(encoding="utf-8")

        assert re.search(r"^Max core file size +0 ", limits, re.MULTILINE)
