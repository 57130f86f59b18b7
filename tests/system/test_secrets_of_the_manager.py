"""Everything that is written of a PBX with a manager interface is searched for every password that there is."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import requests

from healthmon.ami.endpoints import LIST_CONTACTS
from healthmon.demo.fakepbx import FakeEndpoint, FakePbx
from healthmon.report.availability.forms import FORMS
from healthmon.store.read.export_pages import EXPORTS
from tests.ami.played import PlayedManager, in_lines, row
from tests.ami.played_endpoints import PlayedEndpoints
from tests.sinks import WebhookSink
from tests.system.daemon import Daemon
from tests.system.fake_scene import fake_section
from tests.system.test_secrets import Echo, spellings
from tests.system.test_web import free_port

#: It is part of each password, and of nothing else.
WORD = "pa55w0rd"
WORDS = [
    f"{WORD}-{of}"
    for of in ("ari", "ami", "denied", "echo", "trunk", "uri", "contact", "receiver", "file", "token", "heartbeat")
]
ARI, AMI, DENIED, ECHO, TRUNK, URI, CONTACT, RECEIVER, FILE, TOKEN, HEARTBEAT = WORDS
TRUNK_NAME, PHONE = "PJSIP/trunk-a", "PJSIP/101"
WATCHES = """
[watch providers]
endpoints = PJSIP/trunk-*
down_after = 1s
up_after = 500ms
down_after_exact = yes
rtt_warn = 1ms

[watch phones]
endpoints = PJSIP/*
down_after = 1s
up_after = 500ms
"""
#: A target, an incident and a PBX that there are.
PAGES = (
    "/", "/wall", "/targets", f"/targets/office:{TRUNK_NAME}", f"/targets/office:{PHONE}", "/incidents", "/incidents/1",
    "/silences", "/report", "/report/document", "/metrics", "/healthz", "/api/v1/status", "/api/v1/targets",
    f"/api/v1/state/office/{PHONE}", f"/api/v1/targets/office:{TRUNK_NAME}", f"/api/v1/history/office:{TRUNK_NAME}",
    "/api/v1/changes", "/api/v1/incidents", "/api/v1/incidents/1", "/api/v1/silences", "/api/v1/report",
)  # fmt: skip
COMMANDS = [
    ["status"],
    ["status", "--json"],
    *(["report", "--incidents", "--format", form] for form in FORMS),
    *(["export", "--what", what, "--format", "jsonl"] for what in EXPORTS),
    ["doctor"],
    ["doctor", "--json"],
    ["check-config"],
    ["check-config", "--connect"],
    ["discover"],
    ["discover", "--json"],
    ["check"],
    ["incidents"],
    ["incidents", "--json"],
    ["incident", "1"],
    ["incident", "1", "--json"],
    ["history", f"office:{TRUNK_NAME}"],
    ["history", f"office:{TRUNK_NAME}", "--json"],
    ["test-alert", "oncall"],
]
#: The commands as they would be called one by one, in one process: each by itself takes a second to begin.
ONE_AFTER_THE_OTHER = """
import json, sys
from healthmon.cli.main import cli
config, commands = sys.argv[1], json.loads(sys.argv[2])
for command in commands:
    print("$", *command, flush=True)
    try:
        cli(["-c", config, *command], prog_name="healthmon")
    except SystemExit:
        pass
    sys.stdout.flush()
"""


class TellingAri(ThreadingHTTPServer):
    """An ARI that refuses everybody, and says in its own JSON with which password."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), TellingHandler)

    @contextmanager
    def run(self) -> Iterator[None]:
        """Answer, until the block ends."""
        thread = threading.Thread(target=self.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield
        finally:
            self.shutdown()
            self.server_close()
            thread.join()


class TellingHandler(BaseHTTPRequestHandler):
    """Answers 401 to whatever it is."""

    def do_GET(self) -> None:
        """Tell all."""
        body = f'{{"message": "the password {ECHO} is wrong for sip:me:{URI}@192.0.2.1"}}'.encode()
        self.send_response(401, "Unauthorized")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_PUT = do_GET  # noqa: N815 - names of the standard library

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


class Place:
    """A daemon that watches a PBX which has all these passwords, one that refuses it, and one that tells its own."""

    def __init__(self, folder: Path, ends: ExitStack) -> None:
        self.pbx = ends.enter_context(FakePbx(trunk(), phone(), password=ARI))
        self.manager = ends.enter_context(PlayedManager(*registrations()))
        self.manager.password = AMI
        self.endpoints = endpoints()
        self.endpoints.play_on(self.manager)
        self.manager.actions += ("PJSIPShowMaintenance", "IAXregistry")
        self.manager.older["IAXregistry"] = [("192.0.2.9:4569", "me", "Rejected")]
        self.answer = self.manager.instead
        self.refusing = ends.enter_context(PlayedManager())
        self.refusing.instead = refusal
        self.sink = ends.enter_context(WebhookSink())
        self.port = free_port()
        echo, telling = Echo(), TellingAri()
        ends.callback(echo.close)
        ends.enter_context(telling.run())
        urls = folder / "oncall-urls"
        urls.write_text(f"file = json://robot:{FILE}@{echo.address}/{TOKEN}\n", encoding="utf-8")
        urls.chmod(0o600)
        text = self._config(echo.address, telling.server_port, urls)
        self.daemon = ends.enter_context(Daemon(folder, text)).start()

    def _config(self, echo: str, telling: int, urls: Path) -> str:
        asking = {"ami": self.manager.address, "ami_username": "monitor", "ami_password": AMI}
        often = {"poll_every": "1s", "degraded_after": "1s", "up_after": "500ms"}
        refused = {"ami": self.refusing.address, "ami_username": "monitor", "ami_password": DENIED}
        office = fake_section(self.pbx, "office", password=ARI, **asking, **often)
        denied = fake_section(self.pbx, "denied", password=ARI, application="healthmon-two", **refused, **often)
        telling_section = fake_section(self.pbx, "telling", password=ECHO, url=f"http://127.0.0.1:{telling}/ari")
        beat = f"heartbeat_url = http://{echo}/ping/{HEARTBEAT}\nheartbeat_every = 1s\n"
        receiver = f"""
[receiver oncall]
group_wait = 0s
urls =
    works = {self.sink.url}
    told = json://robot:{RECEIVER}@{echo}/
urls_file = {urls}
"""
        web = f"\n[web]\nlisten = 127.0.0.1:{self.port}\nmetrics_of_phones = yes\n"
        return beat + office + denied + telling_section + WATCHES + receiver + web

    def fails(self, action: str) -> None:
        """Answer this action by an error that tells passwords, and everything else as before."""

        def answer(headers: dict[str, str]) -> bytes | None:
            if headers["Action"] != action:
                return self.answer(headers)
            error = {"Response": "Error", "ActionID": headers["ActionID"]}
            return in_lines({**error, "Message": f"user monitor ({AMI}): auth-a has password={TRUNK}"}).encode()

        self.manager.instead = answer

    def works(self) -> None:
        """Answer everything as before."""
        self.manager.instead = self.answer

    def check(self, name: str) -> dict[str, str | None]:
        """How ``status`` shows a check of the trunk; empty: it is not there."""
        checks = self.daemon.target(TRUNK_NAME).get("checks", [])
        return next((check for check in checks if check["check"] == name), {})

    def wait_shown(self, pbx: str, words: str) -> None:
        """Wait until the row of a PBX says this."""
        self.daemon.wait(lambda: words in str(self.daemon.pbx(pbx)), f"{pbx}: {words}")

    def written(self) -> Iterator[tuple[str, bytes]]:
        """All files of the daemon but those that hold the passwords, what was sent, and what it was started with."""
        for path in self.daemon.folder.rglob("*"):
            if path.is_file() and path.name not in ("config.ini", "oncall-urls"):
                yield path.name, path.read_bytes()
        for message in self.sink.messages:
            yield "message", message.text.encode()
        yield "arguments", Path(f"/proc/{self.daemon.pid}/cmdline").read_bytes()

    def said(self) -> str:
        """What all commands print."""
        done = subprocess.run(
            [sys.executable, "-c", ONE_AFTER_THE_OTHER, str(self.daemon.config_path), json.dumps(COMMANDS)],
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return done.stdout + done.stderr

    def page(self, path: str) -> tuple[str, bytes]:
        """What the web process answers."""
        answer = requests.get(f"http://127.0.0.1:{self.port}{path}", timeout=30)
        assert answer.status_code in (200, 503), path
        return path, answer.content


def trunk() -> FakeEndpoint:
    """A trunk as ARI has it."""
    return FakeEndpoint(
        "PJSIP",
        "trunk-a",
        static_contact=f"sip:me:{CONTACT}@192.0.2.11;password={CONTACT}?X-Token={CONTACT}",
        outbound_proxy=f"sip:me:{URI}@192.0.2.77;lr",
        outbound_auth="auth-a",
        qualify_frequency=1,
        qualify_timeout=0.5,
        max_contacts=0,
    )


def phone() -> FakeEndpoint:
    """A phone as ARI has it."""
    contact = f"sip:101:{CONTACT}@203.0.113.7:40001;ob;token={CONTACT}"
    return FakeEndpoint("PJSIP", "101", contact=contact, qualify_frequency=1, qualify_timeout=0.5)


def registrations() -> list[dict[str, str]]:
    """Registrations of the trunk, and of nobody; each row is followed by the password of its auth object."""
    uri, server = f"sip:me:{URI}@sip.example.net", f"sip:sip.example.net;x-password={URI}"
    return [
        row("reg-a", Endpoint="trunk-a", server=server, ClientUri=uri, OutboundAuth="auth-a", OutboundProxy=uri),
        row("reg-old", "Rejected", server=f"sip:old:{URI}@elsewhere.example", ClientUri=f"sip:old:{URI}@old.example"),
    ]


def endpoints() -> PlayedEndpoints:
    """The same endpoints as the manager interface has them."""
    played = PlayedEndpoints(has_lists=True)
    played.aor("101", qualify_frequency=1, max_contacts=2)
    played.aor("trunk-a", qualify_frequency=1, max_contacts=0)
    played.endpoint("101", "101")
    played.endpoint("trunk-a", "trunk-a", outbound_auth="auth-a")
    played.contact("101;@aa", f"sip:101:{CONTACT}@203.0.113.7:40001;ob", 20_000, "Yealink SIP-T46U")
    played.contact("trunk-a@@bb", f"sip:me:{CONTACT}@192.0.2.11?X={CONTACT}", 35_000)
    return played


def refusal(headers: dict[str, str]) -> bytes | None:
    """Refuse a login, and say with which password."""
    if headers["Action"] != "Login":
        return None
    words = f"Authentication failed for monitor:{DENIED} (secret: {TRUNK})"
    return in_lines({"Response": "Error", "ActionID": headers["ActionID"], "Message": words}).encode()


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with ExitStack() as ends:
        yield Place(tmp_path, ends)


def leaks(name: str, content: bytes) -> list[str]:
    """Where this holds a password, or the word that all have."""
    found, lower = [], content.lower()
    for secret in [WORD, *WORDS]:
        for spelling in spellings(secret):
            if (at := lower.find(spelling)) >= 0:
                found.append(f"{name}: {content[max(0, at - 80) : at + 60]!r}")
    return found


def happen(place: Place) -> None:
    """Have everything be told that is told of such a PBX: events, lists, errors, outages and their ends."""
    daemon, manager = place.daemon, place.manager
    daemon.wait(lambda: place.check("registration").get("state") == "up", "it is registered")
    daemon.wait(lambda: place.endpoints.rounds > 1, "contacts are read")
    manager.sends(in_lines({"Event": "Registry", "ChannelType": "PJSIP", "Username": f"sip:x:{URI}@h"}).encode())
    cause = {"Status": "Rejected", "Cause": f"password={TRUNK}"}
    iax2 = {"Event": "Registry", "ChannelType": "IAX2", "Username": "me", "Domain": "192.0.2.9:4569"}
    manager.sends(in_lines({**iax2, **cause}).encode())
    manager.tries("reg-a", "Rejected")
    place.sink.wait_for_text("DOWN registration of provider trunk-a")
    place.pbx.phone_down(PHONE)
    place.pbx.phone_down(TRUNK_NAME)
    place.sink.wait_for_text("DOWN provider trunk-a")
    place.pbx.phone_up(TRUNK_NAME)
    place.pbx.phone_up(PHONE)
    place.pbx.send_text(f'{{"type": "ContactStatusChange", "contact_info": {{"uri": "sip:101:{CONTACT}@h"}}}}')
    daemon.wait_for_state(PHONE, "up")

    for action in ("PJSIPShowRegistrationsOutbound", LIST_CONTACTS):
        place.fails(action)
        place.wait_shown("office", f"does not answer {action}")
    place.works()
    daemon.wait(lambda: place.check("registration").get("state") == "down", "the list is read again")
    place.wait_shown("denied", "login refused")
    place.wait_shown("telling", "ARI password refused")
    daemon.wait(lambda: daemon.log().count("not delivered: ") > 1, "what is told to those who echo all failed")


def test_no_password_of_a_pbx_with_a_manager_interface_is_written(place: Place) -> None:
    happen(place)

    said = place.said()
    shown = [("commands", said.encode()), *(place.page(path) for path in PAGES)]
    # The log of transactions has what was overwritten, too.
    files = [*place.written()]

    assert {"healthmon.db", "healthmon.db-wal", "healthmon.log"} <= {name for name, _ in files}
    assert [leak for name, content in [*files, *shown] for leak in leaks(name, content)] == []
    assert "nothing of this name" not in said
    # They came by: what was said about them is there, without them.
    assert all(f"$ {' '.join(command)}\n" in said for command in COMMANDS)
    assert "Authentication failed for monitor:*** (secret: ***)" in said
    assert "auth-a has password=***" in place.daemon.log()
    assert "the password *** is wrong for sip:me@192.0.2.1" in said
    assert "Rejected: password=***" in said
