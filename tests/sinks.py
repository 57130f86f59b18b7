"""Servers on loopback that alerts are sent to in tests: a webhook, Telegram's API and a mail server.

All keep what arrives in ``messages`` and behave as ``mode`` says: ``ok``, ``500`` (refused for now; any HTTP status
works for the webhook), ``hang`` (no answer until the mode changes) or, the webhook only, ``drop`` (cut the line). A
webhook may begin with ``refuse``: nothing listens at its port until the mode changes.
"""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from email import message_from_bytes, policy
from email.message import Message
from html.parser import HTMLParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session
from msgspec import Struct, field

#: How long a test waits for something that happens in milliseconds (seconds).
PATIENCE = 30.0


class AttachedFile(NamedTuple):
    """A file that came along with a message."""

    name: str
    media_type: str
    content: bytes


class Arrived(Struct, frozen=True):
    """A message as its receiver sees it."""

    subject: str
    body: str
    at: float
    #: Webhook: apprise's ``type`` (info, success, warning, failure). Mail: empty.
    mood: str = ""
    #: Mail: to whom.
    recipients: tuple[str, ...] = ()
    #: Webhook: all that was sent, and to which path. Both: with which headers.
    sent: Mapping[str, Any] = field(default_factory=dict)
    path: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    #: Mail: the files that came along.
    files: tuple[AttachedFile, ...] = ()

    @property
    def text(self) -> str:
        """Everything that it says."""
        return f"{self.subject}\n{self.body}"


class Sink:
    """What both have in common. Any thread may use it."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._mode = "ok"
        self._messages: list[Arrived] = []
        self._attempts = 0
        self._is_closed = False

    @property
    def mode(self) -> str:
        """How it answers: ``ok``, ``500`` …, ``hang``, ``drop``, ``refuse``."""
        return self._mode

    @mode.setter
    def mode(self, mode: str) -> None:
        with self._changed:
            self._mode = mode
            self._take(mode)
            self._changed.notify_all()

    def _take(self, mode: str) -> None:
        """Do what a new mode needs."""

    @property
    def messages(self) -> list[Arrived]:
        """What was accepted so far, oldest first."""
        with self._changed:
            return list(self._messages)

    @property
    def attempts(self) -> int:
        """How often somebody tried to send, accepted or not."""
        with self._changed:
            return self._attempts

    def wait_for(self, number: int, timeout: float = PATIENCE) -> list[Arrived]:
        """Wait until so many messages were accepted; return all."""
        return self.wait_until(lambda: len(self._messages) >= number, f"{number} messages", timeout)

    def wait_for_attempts(self, number: int, timeout: float = PATIENCE) -> None:
        """Wait until somebody has tried so often."""
        self.wait_until(lambda: self._attempts >= number, f"{number} attempts", timeout)

    def wait_for_text(self, text: str, timeout: float = PATIENCE) -> Arrived:
        """Wait for a message that says this somewhere; return it."""
        found = self.wait_until(lambda: any(text in one.text for one in self._messages), f"{text!r}", timeout)
        return next(one for one in found if text in one.text)

    def wait_until(self, look: Callable[[], bool], what: str, timeout: float = PATIENCE) -> list[Arrived]:
        """Wait for a condition about what arrived; return all messages."""
        with self._changed:
            if not self._changed.wait_for(look, timeout):
                subjects = [one.subject for one in self._messages]
                raise AssertionError(f"waited {timeout:g} s for {what}; {self._attempts} attempts, arrived: {subjects}")
            return list(self._messages)

    def _admit(self) -> str:
        """Count an attempt, and return how to answer it; waits while the mode is ``hang``."""
        with self._changed:
            self._attempts += 1
            self._changed.notify_all()
            hung = self._mode == "hang"
            self._changed.wait_for(lambda: self._mode != "hang" or self._is_closed)
            # Nobody waits any more for an answer that comes late.
            return "drop" if hung else self._mode

    def _keep(self, message: Arrived) -> None:
        with self._changed:
            self._messages.append(message)
            self._changed.notify_all()

    def _let_go(self) -> None:
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()


class WebhookSink(Sink):
    """A webhook: ``with WebhookSink() as sink: … sink.url`` is its apprise URL (``json://127.0.0.1:PORT/alerts``)."""

    def __init__(self, mode: str = "ok", *, certificate: tuple[Path, Path] | None = None) -> None:
        super().__init__()
        #: What it answers with, besides the status.
        self.answer_headers: dict[str, str] = {}
        self.answer_body = b""
        #: Of the request that a thread is answering: its path and headers.
        self.request = threading.local()
        self._server = _Server(("127.0.0.1", 0), _handler(self), bind_and_activate=False)
        self._server.server_bind()
        if certificate:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(*certificate)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="webhook sink")
        self.mode = mode

    def _take(self, mode: str) -> None:
        if mode != "refuse" and self._thread.ident is None:
            self._server.server_activate()
            self._thread.start()

    @property
    def url(self) -> str:
        """The apprise URL; options may follow after ``?``."""
        return f"json://127.0.0.1:{self.port}/alerts"

    def received(self, raw: bytes) -> int | None:
        """Take one request's body; return the HTTP status to answer with, None to cut the line."""
        mode = self._admit()
        if mode == "drop":
            return None
        if mode != "ok":
            return int(mode)
        sent = json.loads(raw)
        self._keep(
            Arrived(
                str(sent.get("title")),
                str(sent.get("message")),
                time.time(),
                mood=str(sent.get("type")),
                sent=sent,
                path=self.request.path,
                headers=self.request.headers,
            )
        )
        return 200

    def close(self) -> None:
        """End it; who still waits for an answer gets none."""
        self._let_go()
        if self._thread.ident is not None:
            self._server.shutdown()
            self._thread.join(PATIENCE)
        self._server.server_close()

    def __enter__(self) -> WebhookSink:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128


def _handler(sink: WebhookSink) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            """Answer as the sink says."""
            raw = self.rfile.read(int(self.headers["Content-Length"]))
            sink.request.path, sink.request.headers = self.path, dict(self.headers)
            status = sink.received(raw)
            if status is None:
                self.close_connection = True
                return
            if "Date" in sink.answer_headers:
                self.send_response_only(status)
            else:
                self.send_response(status)
            for name, value in {**sink.answer_headers, "Content-Length": str(len(sink.answer_body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(sink.answer_body)

        do_PUT = do_POST  # noqa: N815 (the library's name)

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    return Handler


class TelegramSink(Sink):
    """Telegram's API: ``with TelegramSink() as sink``; apprise must be told to call ``sink.address``.

    It takes what Telegram takes, and refuses what Telegram refuses: unknown tags, and more than 4,096 characters.
    ``messages`` hold what a reader sees: ``subject`` is what is bold.
    """

    def __init__(self) -> None:
        super().__init__()
        #: What it says with 429.
        self.retry_after = 35
        self._server = _Server(("127.0.0.1", 0), _telegram(self))
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}/bot"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="telegram sink")
        self._thread.start()

    def received(self, raw: bytes) -> tuple[int, dict[str, Any]] | None:
        """Take one call of sendMessage; return the status and the answer, None to cut the line."""
        mode = self._admit()
        if mode == "drop":
            return None
        if mode != "ok":
            return int(mode), self._refusal(int(mode))
        sent = json.loads(raw)
        seen = _Seen()
        try:
            seen.feed(sent["text"])
            seen.close()
        except ValueError as error:
            return 400, {"ok": False, "error_code": 400, "description": f"Bad Request: can't parse entities: {error}"}
        text = seen.text.replace("\r\n", "\n")
        if len(text) > 4096 or sent["parse_mode"] != "HTML":
            return 400, {"ok": False, "error_code": 400, "description": "Bad Request: message is too long"}
        subject = seen.bold
        body = text.removeprefix(subject).lstrip("\n")
        self._keep(Arrived(subject, body, time.time(), recipients=(str(sent["chat_id"]),), sent=sent))
        return 200, {"ok": True, "result": {"message_id": len(self.messages)}}

    def _refusal(self, status: int) -> dict[str, Any]:
        if status != 429:
            return {"ok": False, "error_code": status, "description": "Bad Request: chat not found"}
        words = f"Too Many Requests: retry after {self.retry_after}"
        parameters = {"retry_after": self.retry_after}
        return {"ok": False, "error_code": 429, "description": words, "parameters": parameters}

    def close(self) -> None:
        """End it."""
        self._let_go()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(PATIENCE)

    def __enter__(self) -> TelegramSink:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Seen(HTMLParser):
    """What a reader sees of Telegram's HTML. Raises ValueError for what Telegram does not take."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.text = self.bold = ""
        self._open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take the few tags that Telegram knows."""
        if tag not in ("b", "i", "u", "s", "code", "pre", "a") or self.get_starttag_text() != f"<{tag}>":
            raise ValueError(f"unsupported start tag {self.get_starttag_text()}")
        self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Take the end of the tag that is open."""
        if not self._open or self._open.pop() != tag:
            raise ValueError(f"unexpected end tag {tag}")

    def handle_data(self, data: str) -> None:
        """Collect the text."""
        self.text += data
        self.bold += data if "b" in self._open else ""

    def close(self) -> None:
        """Insist on an end of all that began."""
        super().close()
        if self._open:
            raise ValueError("can't find end tag")


def _telegram(sink: TelegramSink) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            """Answer as Telegram does."""
            answer = sink.received(self.rfile.read(int(self.headers["Content-Length"])))
            if answer is None:
                self.close_connection = True
                return
            raw = json.dumps(answer[1]).encode()
            self.send_response(answer[0])
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    return Handler


class SmtpSink(Sink):
    """A mail server: ``with SmtpSink() as sink: … sink.url`` is its apprise URL (``mailto://…``)."""

    def __init__(
        self,
        user: str = "alerts",
        password: str = "pass w0rd;#%",
        port: int = 0,
        *,
        tls: ssl.SSLContext | None = None,
        is_tls_from_the_start: bool = False,
    ) -> None:
        super().__init__()
        #: For STARTTLS.
        self.tls = None if is_tls_from_the_start else tls
        self.user, self.password = user, password
        #: Addresses that this server does not know.
        self.refused_recipients: set[str] = set()
        #: Addresses for which it takes nothing at present.
        self.put_off: set[str] = set()
        self.times_put_off = 0
        self._controller = _Controller(
            self, hostname="127.0.0.1", port=port or _free_port(), ssl_context=tls if is_tls_from_the_start else None
        )
        self._controller.start()

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._controller.port)

    @property
    def url(self) -> str:
        """The apprise URL of one recipient; further options may be added with ``&``."""
        return f"mailto://127.0.0.1:{self.port}?from=healthmon@example.org&to=admin@example.org"

    def of(self, address: str) -> list[str]:
        """The first words of the subjects of what one address has got."""
        mails = [mail for mail in self.messages if address in mail.recipients]
        return [mail.subject.partition(" provider")[0].partition(" phone")[0] for mail in mails]

    async def handle_RCPT(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take a recipient, unless it is unknown here."""
        if address in self.refused_recipients:
            return "550 5.1.1 no such user"
        if address in self.put_off:
            self.times_put_off += 1
            return "451 4.7.1 greylisted, try again later"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Take one mail."""
        mode = await asyncio.get_running_loop().run_in_executor(None, self._admit)
        if mode != "ok":
            return "554 5.3.0 no" if mode == "554" else "451 4.3.0 try again later"
        mail = message_from_bytes(envelope.content or b"", policy=policy.default)  # type: ignore[arg-type]
        part = mail.get_body(("plain", "html"))
        assert part is not None, envelope.content
        body = part.get_content().replace("\r\n", "\n").rstrip("\n")
        self._keep(
            Arrived(
                str(mail["Subject"]),
                body,
                time.time(),
                recipients=tuple(envelope.rcpt_tos),
                headers={name: str(value) for name, value in mail.items()},
                files=tuple(_file(part) for part in mail.iter_attachments()),
            )
        )
        return "250 OK"

    def accepts(self, _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, login: Any) -> AuthResult:
        """Check a login."""
        ok = (login.login.decode(), login.password.decode()) == (self.user, self.password)
        return AuthResult(success=ok, handled=ok)

    def close(self) -> None:
        """End it."""
        self._let_go()
        self._controller.stop()

    def __enter__(self) -> SmtpSink:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _file(part: Message) -> AttachedFile:
    content = part.get_payload(decode=True)
    assert isinstance(content, bytes)
    return AttachedFile(str(part.get_filename()), part.get_content_type(), content)


class _Controller(Controller):
    def __init__(self, sink: SmtpSink, **options: Any) -> None:
        self._sink = sink
        super().__init__(sink, **options)

    def factory(self) -> SMTP:
        """Make the server of one connection."""
        return SMTP(
            self.handler,
            authenticator=self._sink.accepts,
            auth_require_tls=False,
            enable_SMTPUTF8=True,
            tls_context=self._sink.tls,
        )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
