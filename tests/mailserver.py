"""A mail server that does what a test says at one stage of the conversation: it is slow, refuses, or cuts the line."""

from __future__ import annotations

import socket
import socketserver
import threading
from collections.abc import Mapping
from typing import NamedTuple

#: Stages, by the words of the client; ``TEXT`` is the end of the text.
STAGES = ("GREETING", "EHLO", "MAIL", "RCPT", "DATA", "TEXT")


class Trouble(NamedTuple):
    """What happens at a stage: ``drop`` (the line is cut), ``wait`` (so many seconds), ``trickle`` (a letter at a
    time, without end), ``sip`` (at TEXT: it is taken line by line, with so many seconds between them), or an answer
    ("451 no")."""

    stage: str
    what: str
    seconds: float = 0.0


class Mail(NamedTuple):
    """A mail that was accepted, or whose whole text has arrived when the line was cut."""

    recipients: tuple[str, ...]
    text: str


class MailServer:
    """``with MailServer(Trouble("DATA", "drop")) as server``: ``server.mails`` are those that it has."""

    def __init__(
        self, *troubles: Trouble, recipients: Mapping[str, str] | None = None, troubled: str | None = None
    ) -> None:
        self.troubles = {trouble.stage: trouble for trouble in troubles}
        #: What is answered to RCPT TO, by address; others are taken.
        self.recipients = dict(recipients or {})
        #: The trouble is only with mails to this address; None: with all.
        self.troubled = troubled
        self.mails: list[Mail] = []
        self.asked: list[str] = []
        self.stopped = threading.Event()
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), name="mail server")
        self._thread.start()

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.server_address[1])

    def url(self, to: str, options: str = "") -> str:
        """Its apprise URL."""
        return f"mailto://127.0.0.1:{self.port}?from=healthmon@example.org&to={to}{options}"

    def readers(self) -> list[str]:
        """Name who has got mails, one for each copy, in the order of the alphabet."""
        return sorted(reader for mail in self.mails for reader in mail.recipients)

    def __enter__(self) -> MailServer:
        return self

    def __exit__(self, *_: object) -> None:
        self.stopped.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A line that was cut is no error here."""


def _handler(server: MailServer) -> type[socketserver.BaseRequestHandler]:
    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            """Hold one conversation."""
            self.recipients = recipients = list[str]()
            self.answer("GREETING", "220 mail.example.org")
            while line := self.rfile.readline().decode().strip():
                verb = line.split()[0].upper()
                server.asked.append(line)
                if verb == "QUIT":
                    self.wfile.write(b"221 bye\r\n")
                    return
                if verb in ("MAIL", "RSET"):
                    recipients.clear()
                if verb == "RCPT":
                    self.take(line.partition("<")[2].partition(">")[0], recipients)
                elif verb == "DATA":
                    if self.answer("DATA", "354 go on"):
                        self.text(recipients)
                else:
                    self.answer(verb, "250 ok")

        def trouble(self, stage: str) -> Trouble | None:
            """Say what trouble there is at a stage of this conversation."""
            is_concerned = server.troubled is None or server.troubled in self.recipients
            return server.troubles.get(stage) if is_concerned else None

        def take(self, address: str, recipients: list[str]) -> None:
            said = server.recipients.get(address, "250 ok")
            if self.answer("RCPT", said) and said.startswith("250"):
                recipients.append(address)

        def text(self, recipients: list[str]) -> None:
            lines = []
            trouble = self.trouble("TEXT")
            while (line := self.rfile.readline()) not in (b".\r\n", b""):
                lines.append(line)
                if trouble is not None and trouble.what == "sip":
                    server.stopped.wait(trouble.seconds)
            if trouble is None or trouble.what in ("drop", "wait"):
                server.mails.append(Mail(tuple(recipients), b"".join(lines).decode()))
            self.answer("TEXT", "250 queued")

        def answer(self, stage: str, usual: str) -> bool:
            """Answer as usual, unless there is trouble at this stage; return whether it was as usual."""
            trouble = self.trouble(stage)
            if trouble is not None and trouble.what == "drop":
                self.request.shutdown(socket.SHUT_RDWR)
                raise ConnectionAbortedError
            if trouble is not None and trouble.what == "wait":
                server.stopped.wait(trouble.seconds)
            if trouble is not None and trouble.what == "trickle":
                while not server.stopped.wait(0.1):
                    self.wfile.write(b"2")
            said = usual if trouble is None or trouble.what == "wait" else trouble.what
            self.wfile.write(f"{said}\r\n".encode())
            return said == usual

    return Handler
