"""Speaks SMTP to one mail server: each recipient gets an answer of its own, each stage its time (RFC 5321).

A mail server may need minutes before it answers the end of a text, for it looks into blocklists and at attachments.
Whoever hangs up earlier gets the mail delivered and sends it again (RFC 5321, 4.5.3.2.6).
"""

from __future__ import annotations

import re
import smtplib
import socket
import ssl
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from enum import StrEnum
from functools import partial

from msgspec import Struct
from msgspec.structs import replace

from healthmon.errors import HealthmonError
from healthmon.notify.channels.network_errors import short
from healthmon.wire.connecting import connect
from healthmon.wire.failures import failures_of_the_peer, with_its_type

CONNECT_TIMEOUT = 10.0

#: How long each stage may take (seconds; RFC 5321, 4.5.3.2).
GREETING, COMMAND, DATA, BLOCK, END_OF_TEXT = 300.0, 300.0, 120.0, 180.0, 600.0
#: A server that takes a text in drops has BLOCK, and a second for so many bytes of it.
_TEXT_RATE = 16_000
#: After this time no further mail is begun: a server that uses up the time of each stage would keep us for days.
ALL_WITHIN = 1800.0
#: To say goodbye; the mail is delivered by then.
_QUIT = 5.0

#: Stages for whose time the URL's ``rto`` does not speak.
_OF_THEIR_OWN = ("connecting", "QUIT")

#: So much of the text is one block.
_BLOCK_BYTES = 65_536
#: An answer that is longer is none (bytes).
_MOST_LINES, _LONGEST_LINE = 200, 8192

#: A server that died is noticed within a minute, however long its answer may take.
_KEEPALIVE = {"TCP_KEEPIDLE": 15, "TCP_KEEPINTVL": 15, "TCP_KEEPCNT": 3}


class Mode(StrEnum):
    """How the conversation is encrypted (apprise's words)."""

    INSECURE = "insecure"
    STARTTLS = "starttls"
    SSL = "ssl"


class MailServer(Struct, frozen=True):
    """Where mails are handed over, and as whom."""

    host: str
    port: int
    mode: Mode
    user: str = ""
    password: str = ""
    verifies: bool = True
    connect_timeout: float = CONNECT_TIMEOUT
    #: How long each answer may take; None: what RFC 5321 says.
    answer_timeout: float | None = None


class Letter(Struct, frozen=True):
    """One mail with its envelope; its lines end with CRLF."""

    sender: str
    recipients: tuple[str, ...]
    text: bytes


class Verdict(StrEnum):
    """What became of a mail for one recipient."""

    ACCEPTED = "accepted"
    #: 5xx: it will not be accepted.
    REFUSED = "refused"
    #: 4xx, or no conversation: it may be accepted later.
    LATER = "later"
    #: The whole text was handed over, and no answer came.
    UNSURE = "unsure"


class SmtpAnswer(Struct, frozen=True):
    """What the server said, at which stage. ``about_text``: to the text itself, not to the recipient."""

    verdict: Verdict
    why: str = ""
    about_text: bool = False
    #: No connection could be opened.
    no_connection: bool = False


class ConversationEnded(HealthmonError):
    """The conversation cannot go on; ``str()`` names the stage and the reason."""

    def __init__(self, stage: str, why: str) -> None:
        super().__init__(f"{stage}: {why}")
        self.stage = stage
        self.why = why


class CannotBegin(ConversationEnded):
    """No mail can be handed over at present."""


def hand_over(server: MailServer, letters: Sequence[Letter]) -> dict[str, SmtpAnswer]:
    """Hand over these mails; return what became of them for each recipient.

    One conversation is enough, unless it ends in the middle of a mail: the others are not to suffer from that.
    """
    answers: dict[str, SmtpAnswer] = {}
    left = list(letters)
    why_not = SmtpAnswer(Verdict.LATER, f"the mails before took more than {ALL_WITHIN / 60:g} minutes")
    ends_at = time.monotonic() + ALL_WITHIN
    while left and time.monotonic() < ends_at:
        try:
            with _conversation(server) as conversation:
                while left and time.monotonic() < ends_at:
                    conversation.hand_over(left.pop(0), answers)
        except CannotBegin as error:
            why_not = SmtpAnswer(Verdict.LATER, str(error), no_connection=error.stage == "connecting")
            break
        except ConversationEnded:
            continue
    for letter in left:
        _note(answers, letter.recipients, why_not)
    return answers


def _note(answers: dict[str, SmtpAnswer], recipients: Iterable[str], answer: SmtpAnswer) -> None:
    """Note an answer for these recipients, unless they have one already."""
    for recipient in recipients:
        answers.setdefault(recipient, answer)


@contextmanager
def _conversation(server: MailServer) -> Iterator[Conversation]:
    """Open a conversation, log in, and say goodbye at the end."""
    # smtplib asks for our own name, which needs a file at least.
    with failures_of_the_peer(lambda error: CannotBegin("EHLO", short(with_its_type(error)))):
        conversation = Conversation(server)
    try:
        conversation.begin()
        yield conversation
        conversation.say_goodbye()
    finally:
        conversation.close()


class Conversation(smtplib.SMTP):
    """A conversation with a mail server. Each answer has one deadline for the whole of it, and a size."""

    def __init__(self, server: MailServer) -> None:
        super().__init__()
        self._server = server
        self._patience = COMMAND
        self._received = b""

    def begin(self) -> None:
        """Connect, encrypt and log in. Raises CannotBegin."""
        try:
            self._open()
        except ConversationEnded as ended:
            raise CannotBegin(ended.stage, ended.why) from None

    def _open(self) -> None:
        with self._stage("connecting", self._server.connect_timeout):
            self.sock = self._connected()
        if self._server.mode is Mode.SSL:
            with self._stage("the TLS handshake", COMMAND):
                self._encrypt()
        with self._stage("the greeting", GREETING):
            self._expect(*self.getreply())
        with self._stage("EHLO", COMMAND):
            self.ehlo_or_helo_if_needed()
        if self._server.mode is Mode.STARTTLS:
            self._start_tls()
        if self._server.user and self._server.password:
            with self._stage("the login", COMMAND):
                self.login(self._server.user, self._server.password)

    def hand_over(self, letter: Letter, answers: dict[str, SmtpAnswer]) -> None:
        """Hand over one mail, and note what became of it for each recipient. Raises ConversationEnded."""
        try:
            self._hand_over(letter, answers)
        except ConversationEnded as ended:
            _note(answers, letter.recipients, SmtpAnswer(Verdict.LATER, str(ended)))
            raise

    def _hand_over(self, letter: Letter, answers: dict[str, SmtpAnswer]) -> None:
        size = [f"SIZE={len(letter.text)}"] if self.has_extn("size") else []
        with self._stage("MAIL FROM", COMMAND):
            answer = _answer("MAIL FROM", *self.mail(letter.sender, size))
        if answer.verdict is not Verdict.ACCEPTED:
            _note(answers, letter.recipients, _not_about_them(answer))
        elif accepted := list(self._accepted(letter.recipients, answers)):
            self._hand_over_text(letter.text, accepted, answers)
        if any(answers[recipient].verdict is not Verdict.ACCEPTED for recipient in letter.recipients):
            with self._stage("RSET", COMMAND):
                self.rset()

    def say_goodbye(self) -> None:
        """Say it, and do not care about the answer."""
        with suppress(ConversationEnded), self._stage("QUIT", _QUIT):
            self.quit()

    def _accepted(self, recipients: Iterable[str], answers: dict[str, SmtpAnswer]) -> Iterator[str]:
        """Name the recipients that the server takes, and note the answer to the others."""
        for recipient in recipients:
            with self._stage("RCPT TO", COMMAND):
                answer = _answer("RCPT TO", *self.rcpt(recipient))
            if answer.verdict is Verdict.ACCEPTED:
                yield recipient
            else:
                _note(answers, [recipient], answer)

    def _hand_over_text(self, text: bytes, accepted: list[str], answers: dict[str, SmtpAnswer]) -> None:
        with self._stage("DATA", DATA):
            code, words = self.docmd("DATA")
        if code != 354:
            _note(answers, accepted, _not_about_them(_refusal("DATA", code, words)))
            return
        with self._stage("the text", BLOCK):
            self._send_text(text)
        # From here on the server may have it.
        try:
            with self._stage("the end of the text", END_OF_TEXT):
                code, words = self.getreply()
        except ConversationEnded as ended:
            _note(answers, accepted, SmtpAnswer(Verdict.UNSURE, f"{ended}; it may have arrived"))
            raise
        answer = _answer("the end of the text", code, words)
        _note(answers, accepted, replace(answer, about_text=True))

    def _send_text(self, text: bytes) -> None:
        """Send it block by block, each in its time, and all of it at a rate that is none of drops.

        A line that begins with a dot gets another one (RFC 5321, 4.5.2).
        """
        stuffed = re.sub(rb"(?m)^\.", b"..", text)
        end = b"\r\n.\r\n"
        if stuffed.endswith(b"\r\n"):
            end = b".\r\n"
        whole = stuffed + end
        ends_at = time.monotonic() + self._patience + len(whole) / _TEXT_RATE
        for start in range(0, len(whole), _BLOCK_BYTES):
            left = ends_at - time.monotonic()
            if left <= 0:
                raise TimeoutError
            self._socket().settimeout(min(left, self._patience))
            self._socket().sendall(whole[start : start + _BLOCK_BYTES])

    # ---------------------------------------------------------------- the connection

    def _connected(self) -> socket.socket:
        connection = connect(self._server.host, self._server.port, self._server.connect_timeout)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in _KEEPALIVE.items():
            if hasattr(socket, name):
                connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
        return connection

    def _start_tls(self) -> None:
        with self._stage("STARTTLS", COMMAND):
            if not self.has_extn("starttls"):
                raise smtplib.SMTPNotSupportedError("the server does not offer it")
            self._expect(*self.docmd("STARTTLS"))
        with self._stage("the TLS handshake", COMMAND):
            self._encrypt()
        # What the server said before was not encrypted, and counts no longer (RFC 3207, 4.2).
        self.ehlo_resp = self.helo_resp = None
        self.esmtp_features = {}
        with self._stage("EHLO", COMMAND):
            self.ehlo_or_helo_if_needed()

    def _encrypt(self) -> None:
        context = ssl.create_default_context()
        if not self._server.verifies:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        self._received = b""
        self.sock = context.wrap_socket(self._socket(), server_hostname=self._server.host.strip("[]"))

    def _socket(self) -> socket.socket:
        if self.sock is None:
            raise smtplib.SMTPServerDisconnected("the connection was closed")
        return self.sock

    def getreply(self) -> tuple[int, bytes]:
        """Read one answer, of several lines perhaps, within the time of this stage."""
        deadline = time.monotonic() + self._patience
        lines = [self._read_line(deadline)]
        while lines[-1][3:4] == b"-":
            if len(lines) >= _MOST_LINES:
                raise smtplib.SMTPServerDisconnected("the answer has no end")
            lines.append(self._read_line(deadline))
        code = int(lines[-1][:3]) if lines[-1][:3].isdigit() else -1
        return code, b"\n".join(line[4:].strip() for line in lines)

    def _read_line(self, deadline: float) -> bytes:
        while b"\n" not in self._received:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError
            connection = self._socket()
            connection.settimeout(left)
            received = connection.recv(4096)
            if not received:
                raise smtplib.SMTPServerDisconnected("the connection was closed")
            self._received += received
            if len(self._received) > _LONGEST_LINE:
                raise smtplib.SMTPServerDisconnected("the answer has no end")
        line, _, self._received = self._received.partition(b"\n")
        return line

    def _expect(self, code: int, words: bytes) -> None:
        if not 200 <= code < 300:
            raise smtplib.SMTPResponseException(code, words)

    @contextmanager
    def _stage(self, name: str, seconds: float) -> Iterator[None]:
        """Give one stage its time, and its name to what goes wrong in it."""
        self._patience = seconds
        if self._server.answer_timeout is not None and name not in _OF_THEIR_OWN:
            self._patience = self._server.answer_timeout
        if self.sock is not None:
            self.sock.settimeout(self._patience)
        with failures_of_the_peer(partial(self._ended, name)):
            yield

    def _ended(self, stage: str, error: Exception) -> ConversationEnded:
        self.close()
        return ConversationEnded(stage, self._why(error))

    def _why(self, error: Exception) -> str:
        match error:
            case TimeoutError():
                return f"no answer within {self._patience:g} s"
            case smtplib.SMTPResponseException():
                return _said(error.smtp_code, error.smtp_error)
            case ssl.SSLCertVerificationError():
                return f"the certificate is not accepted ({error.verify_message})"
            case UnicodeEncodeError():
                return "holds letters that this server does not take"
            case smtplib.SMTPServerDisconnected() | ConnectionResetError() | BrokenPipeError():
                return _closed(error)
        said = with_its_type(error)
        is_expected = isinstance(error, OSError | smtplib.SMTPException)
        if is_expected and str(error):
            said = str(error)
        return short(said)


def _closed(error: Exception) -> str:
    if str(error).startswith(("[", "Server")):
        return "the connection was closed"
    return str(error)


def _answer(stage: str, code: int, words: bytes) -> SmtpAnswer:
    """Say what an answer means."""
    if 200 <= code < 300:
        return SmtpAnswer(Verdict.ACCEPTED)
    return _refusal(stage, code, words)


def _refusal(stage: str, code: int, words: bytes) -> SmtpAnswer:
    verdict = Verdict.LATER
    if 500 <= code < 600:
        verdict = Verdict.REFUSED
    return SmtpAnswer(verdict, f"{stage}: {_said(code, words)}")


def _not_about_them(answer: SmtpAnswer) -> SmtpAnswer:
    """What is refused before the text, but not to a recipient, says nothing of the recipients: a quota, a login."""
    return replace(answer, verdict=Verdict.LATER)


def _said(code: int, words: bytes | str) -> str:
    if isinstance(words, bytes):
        words = words.decode("utf-8", errors="replace")
    if code > 0:
        return short(f"{code} {words}")
    return short(f"what is no SMTP: {words}")
